"""A user's arrays -> what the core takes. Arrays pass as they lie in memory: the core gathers and converts rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arguments import number, whole_number
from .errors import DataError, ShapeError

Array = NDArray[Any]

_NUMBERS = frozenset("?bhilqBHILQefd")  # dtype.char of bool, (u)int8 ... 64, float16, 32, 64


class Examples(NamedTuple):
    """Inputs, targets and weights of rows, all of equal length; the first arguments of the core's calls."""

    inputs: list[Array]
    targets: list[Array]
    weights: Array | None

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.inputs[0])

    def part(self, rows: slice) -> "Examples":
        """Some of the rows, as views."""
        weights = None if self.weights is None else self.weights[rows]
        return Examples([x[rows] for x in self.inputs], [y[rows] for y in self.targets], weights)


def array(value: Any, argument: str) -> Array:
    """A NumPy array of real numbers in this machine's byte order; one that is such an array already is not copied.

    Raises
    ------
    TypeError
        for any other type of element, with the call that converts it
    """
    if type(value) is np.ndarray and value.dtype.char in _NUMBERS and value.dtype.isnative:
        return value
    if value is None:
        raise TypeError(f"{argument}: expected an array of numbers, got None")
    if hasattr(value, "toarray") and not isinstance(value, np.ndarray):
        kind = type(value).__name__
        raise TypeError(f"{argument}: expected an array, got the sparse {kind}; use {argument}.toarray()")
    if isinstance(value, Iterator) and not hasattr(value, "__array__"):
        kind = type(value).__name__
        raise TypeError(f"{argument}: expected an array, got a {kind} object; use list({argument}) or np.fromiter")
    if isinstance(value, np.ma.MaskedArray) and value.mask.any():
        raise DataError(f"{argument}: expected numbers everywhere, got a masked array; use {argument}.filled(...)")
    try:
        result = np.asarray(_of_frame(value) if hasattr(value, "to_numpy") else value)
    except ValueError:
        raise ShapeError(f"{argument}: expected rows of equal length, got a ragged {type(value).__name__}") from None
    dtype = result.dtype
    if dtype.char not in _NUMBERS:
        raise TypeError(f"{argument}: expected real numbers, got an array of {dtype.name}; {_advice(dtype, argument)}")
    if not dtype.isnative:
        raise TypeError(
            f"{argument}: expected this machine's byte order, got {dtype.str}; "
            f"use {argument}.astype({argument}.dtype.newbyteorder('='))"
        )
    return result


def _of_frame(frame: Any) -> Any:
    """A frame's or a series' array; where columns of numbers differ in type, pandas itself would make objects."""
    dtypes = set(np.ravel(getattr(frame, "dtypes", ())))
    has_numbers = len(dtypes) > 0 and all(getattr(dtype, "kind", "O") in "biuf" for dtype in dtypes)
    if not has_numbers or len(dtypes) == 1:
        plain = frame.to_numpy()
        if not has_numbers or plain.dtype != object:
            return plain
    return frame.to_numpy(dtype="float64")  # what is missing becomes NaN


def _advice(dtype: np.dtype[Any], argument: str) -> str:
    if dtype.kind == "c":
        return f"give {argument}.real and {argument}.imag as columns"
    if dtype.kind in "mM":
        return f"use {argument}.astype('int64') or a difference from a fixed day"
    if dtype.kind in "SU":
        return "turn names into columns of 0 and 1, or into labels by np.unique(..., return_inverse=True)"
    if dtype.kind == "O":
        return f"use {argument}.astype('float32') if all its elements are numbers"
    return f"use {argument}.astype('float64')"


def inputs(value: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """One array for each input, from an array, a list of them or a mapping from the inputs' names."""
    arrays = _arrays(value, names, "x")
    for i, (x, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if x.ndim != len(shape) + 1:
            argument = "x" if len(names) == 1 else f"x[{i}]"
            raise ShapeError(
                f"{argument}: expected {names[i]} (N, {str(shape)[1:].replace(',)', ')')}, got {x.shape}"
                + (f"; for one sample use {argument}[None]" if x.shape == shape and x.ndim > 0 else "")
                + (f"; for one column use {argument}[:, None]" if x.ndim == 1 and shape == (1,) and len(x) != 1 else "")
            )
    return arrays


def targets(value: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """One array for each output. (n,) becomes (n, 1) for an output of one unit, and for no other."""
    arrays = _arrays(value, names, "y")
    return [y[:, None] if y.ndim == 1 and shape == (1,) else y for y, shape in zip(arrays, shapes, strict=True)]


def _arrays(value: Any, names: Sequence[str], argument: str) -> list[Array]:
    if len(names) == 1 and (type(value) is np.ndarray or not isinstance(value, Mapping)):
        return [array(value, argument)]
    if isinstance(value, Mapping):
        if set(value) != set(names):
            raise DataError(f"{argument}: expected the keys {', '.join(names)}, got {', '.join(map(str, value))}")
        return [array(value[name], f"{argument}[{name!r}]") for name in names]
    if not isinstance(value, list | tuple):
        raise TypeError(
            f"{argument}: expected a list of {len(names)} arrays ({', '.join(names)}), got {type(value).__name__}"
        )
    if len(value) != len(names):
        raise DataError(f"{argument}: expected {len(names)} arrays ({', '.join(names)}), got {len(value)}")
    return [array(entry, f"{argument}[{i}]") for i, entry in enumerate(value)]


def sample_weights(value: Any) -> Array | None:
    """Weights of rows, (n,), finite and >= 0 (the core looks), not all 0."""
    if value is None:
        return None
    weights = array(value, "sample_weight")
    if weights.ndim != 1:
        raise ShapeError(f"sample_weight: expected one number for each row, (n,), got {weights.shape}")
    if not weights.any():
        raise DataError("sample_weight: expected at least one weight above 0, got only zeros")
    return weights


def with_class_weights(examples: Examples, class_weight: Mapping[int, float], shape: tuple[int, ...]) -> Examples:
    """The examples with each weight multiplied by that of its label; labels that are not named weigh 1."""
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a mapping from label to weight, got {type(class_weight).__name__}")
    if len(examples.targets) != 1:
        raise DataError("class_weight: expected a model of one output; use sample_weight for several")
    labels = examples.targets[0]
    if labels.dtype.kind not in "biu" or labels.size != len(labels):
        raise DataError(
            "class_weight: expected y to be integer labels (n,), "
            f"got {labels.dtype.name} {labels.shape}; use y.astype('int64') or y.argmax(axis=1)"
        )
    factors = np.ones(max(2, shape[-1]))
    for label, weight in class_weight.items():
        index = whole_number("class_weight", label)
        if index >= len(factors):
            raise DataError(f"class_weight: expected labels 0 ... {len(factors) - 1}, got {index}")
        factors[index] = number(f"class_weight[{index}]", weight, "[0, inf)")
    flat = labels.reshape(-1).astype(np.int64)
    if flat.min() < 0 or flat.max() >= len(factors):
        raise DataError(f"y: expected labels 0 ... {len(factors) - 1}, got {flat.min()} ... {flat.max()}")
    weights = factors[flat]
    if examples.weights is not None:
        weights = weights * examples.weights
    if not weights.any():
        raise DataError("class_weight: expected at least one row of weight above 0, got only zeros")
    return examples._replace(weights=weights)


def split(examples: Examples, fraction: float) -> tuple[Examples, Examples]:
    """The rows but the last ``fraction`` of them, and these: validation data are never shuffled into training."""
    fraction = number("validation_split", fraction, "(0, 1)")
    rows = examples.rows - round(examples.rows * fraction)
    if not 0 < rows < examples.rows:
        raise DataError(f"validation_split: {fraction} of {examples.rows} rows leaves one of the two parts empty")
    parts = examples.part(slice(rows)), examples.part(slice(rows, None))
    if any(part.weights is not None and not part.weights.any() for part in parts):
        raise DataError("validation_split: all rows of one of the two parts have sample_weight 0")
    return parts


def validation_arguments(value: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) from (x, y) or (x, y, sample_weight)."""
    if not isinstance(value, tuple | list) or len(value) not in (2, 3):
        raise TypeError("validation_data: expected (x, y) or (x, y, sample_weight)")
    return value[0], value[1], value[2] if len(value) == 3 else None
