"""Moments of columns: mean, deviation and principal directions, in float64 and a few rows at a time."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .data import Array
from .errors import DataError, ShapeError

WHITENING_METHODS = ("pca", "zca")
_CHUNK = 1 << 18  # elements converted to float64 at a time


class Rows(NamedTuple):
    """Rows (N, D) of an array, times a factor."""

    array: Array
    factor: float = 1.0

    def read(self, rows: slice, dtype: str) -> Array:
        """Some of them, as ``dtype`` reads them, in float64 and row by row in memory."""
        values = self.array[rows]
        if self.factor != 1.0:
            values = np.multiply(values, self.factor, dtype=np.float64)
        return values.astype(dtype, copy=False).astype(np.float64, order="C")


def mean_and_deviation(arrays: Sequence[Rows], dtype: str) -> tuple[Array, Array]:
    """Mean and standard deviation of the columns of all arrays, read in ``dtype`` and kept in it.

    One pass in float64: chunks are joined by Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979. Everything is measured from the first row, so a constant column has deviation 0
    exactly; that becomes 1, and so does what is subnormal in ``dtype``, which the core takes for 0.

    Raises
    ------
    DataError
        for a mean or deviation that is not finite in ``dtype``
    """
    columns = arrays[0].array.shape[1]
    count, mean, squares = 0, np.zeros(columns), np.zeros(columns)
    with np.errstate(over="ignore", invalid="ignore"):  # looked for at the end
        origin = arrays[0].read(slice(1), dtype)[0]
        for rows in _chunks(arrays, dtype, max(1, _CHUNK // columns)):
            chunk = rows - origin
            chunk_mean = chunk.mean(axis=0)
            chunk_squares = np.square(chunk - chunk_mean).sum(axis=0)
            total = count + len(chunk)
            shift = chunk_mean - mean
            mean += shift * (len(chunk) / total)
            squares += chunk_squares + np.square(shift) * (count * len(chunk) / total)
            count = total
        kept_mean, deviation = (mean + origin).astype(dtype), np.sqrt(squares / count).astype(dtype)
    bad = np.flatnonzero(~(np.isfinite(kept_mean) & np.isfinite(deviation)))
    if len(bad):
        raise DataError(
            f"x: expected columns with a finite mean and deviation in {dtype}, got {kept_mean[bad[0]]} and "
            f"{deviation[bad[0]]} in column {bad[0]}; look for NaN, infinity and very large numbers"
        )
    deviation[deviation < np.finfo(dtype).tiny] = 1.0
    return kept_mean, deviation


class Principal(NamedTuple):
    """Principal directions of rows.

    Attributes
    ----------
    mean
        (D,) of the columns
    directions
        (K, D) orthonormal rows, by falling deviation; the largest entry of each is positive
    deviation
        (K,) of the rows along each; 0 for a direction at the floor
    """

    mean: Array
    directions: Array
    deviation: Array

    def whitened(self, centred: Array, method: str) -> Array:
        """Centred rows projected on the directions and divided by the deviations; 0 where there is none.

        "pca" leaves them there, "zca" turns them back to the columns.
        """
        inverse = np.divide(1.0, self.deviation, out=np.zeros_like(self.deviation), where=self.deviation > 0)
        projected: Array = centred @ self.directions.T * inverse
        return projected @ self.directions if method == "zca" else projected

    def coloured(self, whitened: Array, method: str) -> Array:
        """The centred rows that were whitened, without what lies outside the directions."""
        projected: Array = whitened @ self.directions.T if method == "zca" else whitened
        return projected * self.deviation @ self.directions


def principal_directions(arrays: Sequence[Rows], dtype: str, epsilon: float) -> Principal:
    """All D singular vectors of the centred rows of all arrays, read in ``dtype``; the values over sqrt(n - 1).

    Rows pass through a QR decomposition a few at a time: R has the singular vectors and values of the rows above it.
    What is at most ``epsilon`` times the largest value, or subnormal in ``dtype``, is set to 0.

    Raises
    ------
    ShapeError, DataError
        for fewer than 2 rows; as ``mean_and_deviation``
    """
    count, columns = sum(len(rows.array) for rows in arrays), arrays[0].array.shape[1]
    if count < 2:
        raise ShapeError(f"x: expected at least 2 rows for a covariance, got {count}")
    mean, _ = mean_and_deviation(arrays, dtype)
    triangle = np.zeros((0, columns))
    for rows in _chunks(arrays, dtype, max(columns, _CHUNK // columns)):
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, rows - mean]), mode="r"))
    _, values, directions = np.linalg.svd(triangle)
    deviation = np.zeros(columns)
    deviation[: len(values)] = values / np.sqrt(count - 1)
    deviation[deviation <= max(epsilon * deviation[0], np.finfo(dtype).tiny)] = 0.0
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return Principal(mean, directions * np.sign(largest), deviation)


def _chunks(arrays: Sequence[Rows], dtype: str, count: int) -> Iterator[Array]:
    """The rows of all arrays, so many at a time."""
    for rows in arrays:
        for start in range(0, len(rows.array), count):
            yield rows.read(slice(start, start + count), dtype)
