"""Single values that a caller passes: checked, converted, or refused in words."""

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from .errors import DataError, ShapeError

LARGEST = 2**63 - 1  # int64, in which the core counts
MAX_AXES = 5  # of a sample
MAX_ELEMENTS = 2**40  # of a sample, and of a parameter


def shown(value: object) -> str:
    """A value of a wrong type, for a message: as Python writes it where that is short, and its type."""
    text, kind = repr(value), type(value).__name__
    return kind if len(text) > 60 or "\n" in text else f"{text} ({kind})"


def whole_number(argument: str, value: object, at_least: int = 0, at_most: int = LARGEST) -> int:
    """An int, from anything that is one (not from bool or float)."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{argument}: expected a whole number, got {value}")
    try:
        result = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{argument}: expected a whole number, got {shown(value)}") from None
    if result < at_least:
        raise DataError(f"{argument}: expected a whole number >= {at_least}, got {_written(result)}")
    if result > at_most:
        raise DataError(f"{argument}: expected a whole number <= {_written(at_most)}, got {_written(result)}")
    return result


def _written(value: int) -> str:
    """The core's limits as powers of 2; of a number of thousands of digits, which Python does not write, its length."""
    bits = value.bit_length()
    if value == 2**bits - 1 and bits >= 32:
        return f"2**{bits} - 1"
    return str(value) if bits <= 128 else f"a number of {bits} bits"


def number(argument: str, value: Any, interval: str = "(-inf, inf)") -> float:
    """A finite float inside an interval that is written as in a book: "[0, 1)"."""
    if isinstance(value, bool | np.bool_ | str | bytes) or np.ndim(value) != 0:
        raise TypeError(f"{argument}: expected a number, got {shown(value)}")
    try:
        result = float(value)
    except OverflowError:
        raise DataError(f"{argument}: expected a number in {interval}, got one that no float holds") from None
    except (TypeError, ValueError):
        raise TypeError(f"{argument}: expected a number, got {shown(value)}") from None
    low, high = (float(end) for end in interval[1:-1].split(","))
    is_inside = (low <= result if interval[0] == "[" else low < result) and (
        result <= high if interval[-1] == "]" else result < high
    )
    if not (math.isfinite(result) and is_inside):
        raise DataError(f"{argument}: expected a number in {interval}, got {result}")
    return result


def flag(argument: str, value: object) -> bool:
    """True or False, not merely something that counts as one."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{argument}: expected True or False, got {shown(value)}")
    return bool(value)


def one_of(argument: str, value: object, choices: Iterable[str]) -> str:
    """One of the names."""
    names = list(choices)
    if not isinstance(value, str):
        raise TypeError(f"{argument}: expected one of {', '.join(names)}, got {shown(value)}")
    if value not in names:
        raise DataError(f"{argument}: expected one of {', '.join(names)}, got {value!r}")
    return value


def object_name(argument: str, value: object) -> str | None:
    """The name of a layer, an input or a model, or None; "/" is left for "dense/weight"."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{argument}: expected a string, got {shown(value)}")
    if not value or "/" in value:
        raise DataError(f"{argument}: expected a name without '/', got {value!r}")
    return value


def sample_shape(argument: str, value: Any) -> tuple[int, ...]:
    """The shape of one sample, from a whole number or several; ShapeError if the core cannot hold it."""
    axes = value if isinstance(value, tuple | list) else (value,)
    if not axes:
        raise DataError(f"{argument}: expected at least one axis, got (); a single number per sample is shape 1")
    shape = tuple(whole_number(argument, axis, at_least=1) for axis in axes)
    if len(shape) > MAX_AXES:
        raise ShapeError(f"{argument}: expected at most {MAX_AXES} axes, got {len(shape)}; reshape the samples")
    if math.prod(shape) > MAX_ELEMENTS:
        raise ShapeError(f"{argument}: expected at most 2^40 elements a sample, got shape {shape}")
    return shape


def data_type(value: Any) -> str:
    """The name "float32" or "float64", from that name or NumPy's type."""
    try:
        name = np.dtype(value).name
    except TypeError:
        name = repr(value)
    return one_of("dtype", name, ("float32", "float64"))


def random_seed(value: object) -> int:
    """A key for the random numbers: 0 ... 2^64 - 1."""
    return whole_number("seed", value, at_most=2**64 - 1)
