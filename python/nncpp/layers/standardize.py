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
    test data never take part. It stands directly behind an Input. Columns are read in the model's dtype: a column
    whose deviation is 0 there has deviation 1, also where float64 would tell its numbers apart and float32 does not.
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    DataError
        from ``adapt`` and ``fit``: if mean or deviation is not finite, or if it does not stand behind an Input

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


def mean_and_deviation(arrays: Sequence[NDArray[Any]], dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean and standard deviation of the columns of all arrays, read in ``dtype`` and kept in it.

    One pass in float64: chunks are joined by Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979. Everything is measured from the first row, so a constant column has deviation 0
    exactly; that becomes 1, and so does what is subnormal in ``dtype``, which the core takes for 0.

    Raises
    ------
    ShapeError, DataError
        for arrays of different widths; for a mean or deviation that is not finite in ``dtype``
    """
    columns = arrays[0].shape[-1]
    count, mean, squares = 0, np.zeros(columns), np.zeros(columns)
    with np.errstate(over="ignore", invalid="ignore"):  # looked for at the end
        origin = arrays[0][:1].reshape(-1, columns)[:1].astype(dtype).astype(np.float64)
        for array in arrays:
            if array.shape[-1] != columns:
                raise ShapeError(f"x: expected {columns} columns for one Standardize, got {array.shape[-1]}")
            rows = max(1, _CHUNK * len(array) // array.size)
            for start in range(0, len(array), rows):
                read = array[start : start + rows].astype(dtype, copy=False)
                chunk = read.astype(np.float64).reshape(-1, columns) - origin
                chunk_mean = chunk.mean(axis=0)
                chunk_squares = np.square(chunk - chunk_mean).sum(axis=0)
                total = count + len(chunk)
                shift = chunk_mean - mean
                mean += shift * (len(chunk) / total)
                squares += chunk_squares + np.square(shift) * (count * len(chunk) / total)
                count = total
        kept_mean, deviation = (mean + origin[0]).astype(dtype), np.sqrt(squares / count).astype(dtype)
    bad = np.flatnonzero(~(np.isfinite(kept_mean) & np.isfinite(deviation)))
    if len(bad):
        raise DataError(
            f"x: expected columns with a finite mean and deviation in {dtype}, got {kept_mean[bad[0]]} and "
            f"{deviation[bad[0]]} in column {bad[0]}; look for NaN, infinity and very large numbers"
        )
    deviation[deviation < np.finfo(dtype).tiny] = 1.0
    return kept_mean, deviation
