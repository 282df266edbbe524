"""Standardize: raw columns in, columns of mean 0 and deviation 1 out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..errors import DataError, ShapeError
from ._layer import Layer

_CHUNK = 1 << 18  # elements converted to float64 at a time


class Standardize(Layer):
    """v = (u - mean) / deviation;  u, v (N, D); mean and deviation (D) are state, saved with the model.

    They come from the training inputs: ``model.adapt(x)``, or the first ``fit``. So the model takes raw columns, and
    test data never take part. A column that never changes has deviation 1. It stands directly behind an Input.
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3.

    Parameters
    ----------
    name
        unique in a model

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Standardize()])
    >>> model.adapt([[1.0], [3.0]])
    >>> model.predict([[1.0], [3.0], [5.0]]).ravel()
    array([-1.,  1.,  3.], dtype=float32)
    """

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Standardize()


def mean_and_deviation(arrays: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the columns of all arrays, in one pass and in float64; deviation 0 becomes 1.

    Chunks are joined by Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979. Everything is measured from the first row, so a constant column has deviation 0 exactly.
    """
    origin = arrays[0][:1].reshape(-1, arrays[0].shape[-1])[:1].astype(np.float64)
    columns = origin.shape[1]
    count, mean, squares = 0, np.zeros(columns), np.zeros(columns)
    for array in arrays:
        if array.shape[-1] != columns:
            raise ShapeError(f"x: expected {columns} columns for one Standardize, got {array.shape[-1]}")
        rows = max(1, _CHUNK * len(array) // array.size)
        for start in range(0, len(array), rows):
            chunk = array[start : start + rows].astype(np.float64).reshape(-1, columns) - origin
            chunk_mean = chunk.mean(axis=0)
            chunk_squares = np.square(chunk - chunk_mean).sum(axis=0)
            total = count + len(chunk)
            shift = chunk_mean - mean
            mean += shift * (len(chunk) / total)
            squares += chunk_squares + np.square(shift) * (count * len(chunk) / total)
            count = total
    deviation = np.sqrt(squares / count)
    deviation[deviation == 0.0] = 1.0
    mean += origin[0]
    if not (np.isfinite(mean).all() and np.isfinite(deviation).all()):
        raise DataError("x: expected finite numbers whose squares do not overflow; look for NaN, infinity or 1e200")
    return mean, deviation
