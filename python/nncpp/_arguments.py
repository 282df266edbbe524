"""Single values that a caller passes: checked, converted, or refused in words."""

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from .errors import DataError


def shown(value: object) -> str:
    """A value of a wrong type, for a message: as Python writes it where that is short, and its type."""
    text, kind = repr(value), type(value).__name__
    return kind if len(text) > 60 or "\n" in text else f"{text} ({kind})"


def whole_number(argument: str, value: object, at_least: int = 0) -> int:
    """An int, from anything that is one (not from bool or float)."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{argument}: expected a whole number, got {value}")
    try:
        result = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{argument}: expected a whole number, got {shown(value)}") from None
    if result < at_least:
        raise DataError(f"{argument}: expected a whole number >= {at_least}, got {result}")
    return result


def number(argument: str, value: Any, interval: str = "(-inf, inf)") -> float:
    """A finite float inside an interval that is written as in a book: "[0, 1)"."""
    if isinstance(value, bool | np.bool_ | str | bytes) or np.ndim(value) != 0:
        raise TypeError(f"{argument}: expected a number, got {shown(value)}")
    try:
        result = float(value)
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
    """The shape of one sample, from a whole number or several."""
    axes = value if isinstance(value, tuple | list) else (value,)
    if not axes:
        raise DataError(f"{argument}: expected at least one axis, got (); a single number per sample is shape 1")
    return tuple(whole_number(argument, axis, at_least=1) for axis in axes)


def data_type(value: Any) -> str:
    """The name "float32" or "float64", from that name or NumPy's type."""
    try:
        name = np.dtype(value).name
    except TypeError:
        name = repr(value)
    return one_of("dtype", name, ("float32", "float64"))


def random_seed(value: object) -> int:
    """A key for the random numbers: 0 ... 2^64 - 1."""
    seed = whole_number("seed", value)
    if seed >= 2**64:
        raise DataError(f"seed: expected a whole number below 2**64, got {seed}")
    return seed
