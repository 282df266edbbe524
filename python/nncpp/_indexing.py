"""Basic indexing: what ``x[...]`` means, as in NumPy, for an array of which only the shape is known."""

import math
import operator
from types import EllipsisType
from typing import Any

from ._arguments import shown, whole_number
from .errors import DataError, ShapeError


def basic_index(index: Any, shape: tuple[int, ...]) -> tuple[list[tuple[int, int, int]], tuple[int, ...]]:
    """(start, length, step) along each axis of the array, and the shape of the result.

    Raises
    ------
    TypeError
        for anything but whole numbers, slices, ``...`` and None
    ShapeError, DataError
        for too many of them, or an empty result; for a number outside its axis
    """
    keys = list(index) if isinstance(index, tuple) else [index]
    open_at = [i for i, key in enumerate(keys) if isinstance(key, EllipsisType)]
    missing = len(shape) - sum(key is not None and not isinstance(key, EllipsisType) for key in keys)
    if len(open_at) > 1 or missing < 0:
        raise ShapeError(
            f"index: expected at most {len(shape)} entries and one ..., for shape {shape}, got {len(keys)}"
        )
    first = open_at[0] if open_at else len(keys)
    keys[first : first + 1] = [slice(None)] * missing
    axes: list[tuple[int, int, int]] = []
    result: list[int] = []
    for key in keys:
        if key is None:
            result.append(1)
            continue
        length = shape[len(axes)]
        if isinstance(key, slice):
            if key.step is not None and operator.index(key.step) == 0:
                raise DataError("index: expected a slice whose step is not 0")
            places = range(*key.indices(length))
            if not places:
                raise ShapeError(f"index: expected at least 1 element along axis {len(axes)} of {shape}, got none")
            axes.append((places.start, len(places), places.step))
            result.append(len(places))
        elif hasattr(key, "__index__") and not isinstance(key, bool) and not getattr(key, "shape", ()):
            place = whole_number("index", key, at_least=-(2**40))
            if not -length <= place < length:
                raise DataError(f"index: expected {-length} ... {length - 1} along axis {len(axes)}, got {place}")
            axes.append((place % length, 1, 1))
        else:
            raise TypeError(
                f"index: expected whole numbers, slices, ... or None, got {shown(key)}; nn.ops.gather takes arrays"
            )
    assert math.prod(result) == math.prod(axis[1] for axis in axes)
    return axes, tuple(result)
