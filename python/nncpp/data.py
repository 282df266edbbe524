"""A user's arrays -> what the core takes. Arrays pass as they lie in memory: the core gathers and converts rows."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._arguments import number, shown, whole_number
from ._sparse import SparseRows
from .errors import DataError, ShapeError

Array = NDArray[Any]

_NUMBERS = frozenset("?bhilqBHILQefd")  # dtype.char of bool, (u)int8 ... 64, float16, 32, 64


class Examples(NamedTuple):
    """Inputs, targets, weights and lengths of rows, as many of each; the first arguments of the core's calls."""

    inputs: list[Array | SparseRows]
    targets: list[Array]
    weights: Array | None
    lengths: Array | None = None

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.inputs[0])

    def part(self, rows: slice) -> "Examples":
        """Some of the rows, as views."""
        weights, lengths = (None if of is None else of[rows] for of in (self.weights, self.lengths))
        return Examples([x[rows] for x in self.inputs], [y[rows] for y in self.targets], weights, lengths)

    def without_padding(self, kinds: Sequence[str]) -> "Examples":
        """With 0 behind the end of each sequence, in copies: for who looks at numbers that the core never reads.

        Parameters
        ----------
        kinds
            of the inputs: those of tokens have steps from two axes on, those of numbers from three
        """
        if self.lengths is None:
            return self
        inputs = list(self.inputs)
        for i, (x, kind) in enumerate(zip(inputs, kinds, strict=True)):
            if isinstance(x, np.ndarray) and x.ndim > (1 if kind == "tokens" else 2):
                inputs[i] = clean = x.copy()
                clean[np.arange(x.shape[1]) >= self.lengths[:, None]] = 0
        return self._replace(inputs=inputs)


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
    if (hasattr(value, "toarray") or hasattr(value, "indptr")) and not isinstance(value, np.ndarray):
        kind = type(value).__name__
        raise TypeError(
            f"{argument}: expected an array, got the sparse {kind}; use nn.Input(n, sparse=True), or "
            f"{argument}.toarray()"
        )
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


def inputs(
    value: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]], kinds: Sequence[str]
) -> list[Array | SparseRows]:
    """One array, or sparse rows, for each input, from one, a list of them or a mapping from the inputs' names."""
    arrays = [
        SparseRows.of(*entry) if kind == "sparse" else array(*entry)
        for entry, kind in zip(_entries(value, names, "x"), kinds, strict=True)
    ]
    for i, (x, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if x.ndim == len(shape) + 1 and x.shape[1:] == shape:
            continue
        argument = "x" if len(names) == 1 else f"x[{i}]"
        advice = _advice_on_shape(x, shape, argument)
        if x.ndim != len(shape) + 1 or advice:  # the core tells of other lengths
            raise ShapeError(f"{argument}: expected {names[i]} {batch_shape(shape)}, got {x.shape}{advice}")
    return arrays


def _advice_on_shape(x: Array | SparseRows, shape: tuple[int, ...], argument: str) -> str:
    """How x becomes a batch of samples of that shape, where the mistake is a usual one."""
    if x.ndim > 0 and x.shape == shape:
        return f"; for one sample use {argument}[None]"
    if x.ndim == 1 and shape == (1,) and len(x) != 1:
        return f"; for one column use {argument}[:, None]"
    if len(shape) > 1 and shape[-1] == 1 and x.shape[1:] == shape[:-1]:
        return f"; for one channel use {argument}[..., None]"
    if len(shape) > 1 and x.ndim == 2 and x.shape[1] == math.prod(shape):
        return f"; for samples in rows use {argument}.reshape(-1, {', '.join(map(str, shape))})"
    if len(shape) == 3 and x.ndim == 4 and (*x.shape[2:], x.shape[1]) == shape:
        return f"; channels come last: use {argument}.transpose(0, 2, 3, 1)"
    return ""


def batch_shape(shape: tuple[int, ...]) -> str:
    """The shape of a batch of samples, for messages: "(N, 4)" for samples (4,)."""
    return f"({', '.join(['N', *map(str, shape)])})"


def targets(value: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """One array for each output that has targets. (n,) becomes (n, 1) for an output of one unit, and for no other."""
    if not names:
        if value is not None:
            raise DataError(f"y: expected None, for the loss takes no targets, got {shown(value)}; leave y out")
        return []
    arrays = [array(*entry) for entry in _entries(value, names, "y")]
    return [y[:, None] if y.ndim == 1 and shape == (1,) else y for y, shape in zip(arrays, shapes, strict=True)]


def _entries(value: Any, names: Sequence[str], argument: str) -> list[tuple[Any, str]]:
    """What is given for each name, and what to call it in messages."""
    if len(names) == 1 and (type(value) is np.ndarray or not isinstance(value, Mapping)):
        return [(value, argument)]
    if isinstance(value, Mapping):
        if set(value) != set(names):
            raise DataError(f"{argument}: expected the keys {', '.join(names)}, got {', '.join(map(str, value))}")
        return [(value[name], f"{argument}[{name!r}]") for name in names]
    if not isinstance(value, list | tuple):
        raise TypeError(
            f"{argument}: expected a list of {len(names)} arrays ({', '.join(names)}), got {type(value).__name__}"
        )
    if len(value) != len(names):
        raise DataError(f"{argument}: expected {len(names)} arrays ({', '.join(names)}), got {len(value)}")
    return [(entry, f"{argument}[{i}]") for i, entry in enumerate(value)]


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


def lengths(value: Any) -> Array | None:
    """How many steps of each row count, (n,) whole numbers; the core looks whether they are 1 ... T."""
    if value is None:
        return None
    result = array(value, "lengths")
    if result.dtype.kind not in "iu":
        raise TypeError(f"lengths: expected whole numbers, got {result.dtype.name}; use astype('int64')")
    if result.ndim != 1:
        raise ShapeError(f"lengths: expected one number for each row, (n,), got {result.shape}")
    return result


def with_class_weights(
    examples: Examples, class_weight: Mapping[int, float], shape: tuple[int, ...], targets: tuple[int, int]
) -> Examples:
    """The examples with each weight multiplied by that of its class; those that are not named weigh 1.

    A class is called by its label in y: one of the two ``targets`` where the output has one column, else 0, 1, ...; or
    by its place in one-hot rows.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a mapping from label to weight, got {type(class_weight).__name__}")
    if len(examples.targets) != 1 or len(shape) > 1:
        raise DataError(
            "class_weight: expected a model of one output with targets, one for each row; use sample_weight for others"
        )
    labels = list(targets) if shape[-1] == 1 else list(range(shape[-1]))
    factors = np.ones(len(labels))
    for label, weight in class_weight.items():
        value = whole_number("class_weight", label, at_least=min(labels))
        if value not in labels:
            raise DataError(f"class_weight: expected labels {_listed(labels)}, got {value}")
        factors[labels.index(value)] = number(f"class_weight[{value}]", weight, "[0, inf)")
    weights = factors[_places(examples.targets[0], labels, targets)]
    if examples.weights is not None:
        weights = weights * examples.weights
    if not weights.any():
        raise DataError("class_weight: expected at least one row of weight above 0, got only zeros")
    return examples._replace(weights=weights)


def _places(y: Array, labels: list[int], targets: tuple[int, int]) -> NDArray[np.int64]:
    """Index of the class of each row."""
    no, yes = targets
    flat = y.reshape(len(y), -1)
    if flat.shape[1] == 1:
        places = np.searchsorted(labels, flat[:, 0]).clip(max=len(labels) - 1)
        if (np.take(labels, places) == flat[:, 0]).all():
            return places
    elif flat.shape[1] == len(labels):
        is_yes = flat == yes
        if ((flat == no) | is_yes).all() and (is_yes.sum(axis=1) == 1).all():
            return np.asarray(is_yes.argmax(axis=1), np.int64)
    raise DataError(
        f"class_weight: expected y to be labels {_listed(labels)}, or one-hot rows for several classes, "
        f"got {y.dtype.name} {y.shape} with others; use sample_weight"
    )


def _listed(labels: list[int]) -> str:
    return f"{labels[0]} and {labels[1]}" if len(labels) == 2 else f"0 ... {labels[-1]}"


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


def joined(first: Examples, second: Examples) -> Examples:
    """The rows of both, one after the other; where only one has weights, the rows of the other weigh 1."""
    for a, b in zip(first.targets, second.targets, strict=True):
        if a.shape[1:] != b.shape[1:]:
            raise ShapeError(
                f"second_run: expected y of training and validation data in one form, got {a.shape} and {b.shape}"
            )
    weights = None
    if first.weights is not None or second.weights is not None:
        weights = np.concatenate([np.ones(e.rows) if e.weights is None else e.weights for e in (first, second)])
    if (first.lengths is None) != (second.lengths is None):
        raise DataError("second_run: expected lengths of training and validation data, got those of one only")
    return Examples(
        [_concatenated(a, b) for a, b in zip(first.inputs, second.inputs, strict=True)],
        [np.concatenate(pair) for pair in zip(first.targets, second.targets, strict=True)],
        weights,
        None if first.lengths is None else np.concatenate([first.lengths, second.lengths]),
    )


def _concatenated(a: Array | SparseRows, b: Array | SparseRows) -> Array | SparseRows:
    if isinstance(a, SparseRows) and isinstance(b, SparseRows):
        return SparseRows.joined([a, b])
    return np.concatenate([a, b])


def validation_arguments(value: Any) -> tuple[Any, ...]:
    """(x, y, sample_weight, lengths), None for those that are left out at the end."""
    if not isinstance(value, tuple | list) or len(value) not in (2, 3, 4):
        raise TypeError("validation_data: expected (x, y), (x, y, sample_weight) or (x, y, sample_weight, lengths)")
    return (*value, *[None] * (4 - len(value)))
