"""Rows of a sparse matrix as the core reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arguments import shown
from .errors import DataError, ShapeError

Whole = NDArray[np.int64]
FORM = "a SciPy sparse matrix or array, or an object with .indptr, .indices, .data and .shape"


@dataclass(frozen=True)
class SparseRows:
    """Rows (n, D) that are mostly 0, as compressed sparse rows (CSR): row i has ``data[indptr[i]:indptr[i + 1]]``.

    Attributes
    ----------
    data, indices
        value and column of each entry; columns ascend in each row
    indptr
        (n + 1) where each row begins, and the end of the last
    shape
        rows, columns
    """

    data: NDArray[Any]
    indices: Whole
    indptr: Whole
    shape: tuple[int, int]

    @classmethod
    def of(cls, value: Any, argument: str) -> SparseRows:
        """The rows of a sparse matrix; its entries are not copied where they lie as the core reads them.

        Raises
        ------
        DataError, ShapeError, TypeError
            for anything else, and for arrays that do not fit together
        """
        if isinstance(value, cls):
            return value
        if hasattr(value, "tocsr") and getattr(value, "format", "") != "csr":
            value = value.tocsr()
        if any(not hasattr(value, name) for name in ("indptr", "indices", "data", "shape")):
            raise TypeError(f"{argument}: expected {FORM}, got {shown(value)}; use scipy.sparse.csr_array({argument})")
        if not getattr(value, "has_canonical_format", True):
            value = value.copy()
            value.sum_duplicates()
        rows = cls(
            np.ascontiguousarray(value.data),
            _whole(f"{argument}.indices", value.indices),
            _whole(f"{argument}.indptr", value.indptr),
            tuple(map(int, value.shape)),  # type: ignore[arg-type]  # its length is looked at next
        )
        rows._require_form(argument)
        return rows

    def _require_form(self, argument: str) -> None:
        """Sizes that fit together; what the numbers are is looked at in the core."""
        if len(self.shape) != 2:
            raise ShapeError(f"{argument}: expected a sparse matrix (n, D), got {self.shape}")
        if self.data.shape != self.indices.shape or self.data.ndim != 1:
            raise ShapeError(
                f"{argument}: expected a column for each value, got indices {self.indices.shape} and data "
                f"{self.data.shape}"
            )
        rows = self.shape[0]
        if self.indptr.shape != (rows + 1,):
            raise ShapeError(f"{argument}: expected indptr ({rows + 1},) for {rows} rows, got {self.indptr.shape}")
        if self.indptr[0] != 0 or self.indptr[-1] != len(self.data) or (np.diff(self.indptr) < 0).any():
            raise DataError(f"{argument}: expected indptr to rise from 0 to {len(self.data)}, the number of values")

    @property
    def ndim(self) -> int:
        """2: rows and columns."""
        return 2

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the values."""
        return self.data.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | Whole) -> SparseRows:
        """Some of the rows: views for a slice of neighbours, copies for row numbers."""
        if isinstance(rows, slice) and rows.step in (None, 1):
            first, end, _ = rows.indices(len(self))
            begins = self.indptr[first : max(first, end) + 1]
            entries = slice(begins[0], begins[-1])
            return SparseRows(
                self.data[entries], self.indices[entries], begins - begins[0], (len(begins) - 1, self.shape[1])
            )
        picked = np.arange(len(self))[rows]
        sizes = np.diff(self.indptr)[picked]
        begins = np.concatenate([[0], np.cumsum(sizes)])
        places = np.repeat(self.indptr[picked] - begins[:-1], sizes) + np.arange(begins[-1])
        return SparseRows(self.data[places], self.indices[places], begins, (len(picked), self.shape[1]))

    @staticmethod
    def joined(parts: Sequence[SparseRows]) -> SparseRows:
        """The rows of all parts, one after the other."""
        begins = np.cumsum([0, *(len(part.data) for part in parts)])
        indptr = [part.indptr[1:] + begin for part, begin in zip(parts, begins, strict=False)]
        return SparseRows(
            np.concatenate([part.data for part in parts]),
            np.concatenate([part.indices for part in parts]),
            np.concatenate([[0], *indptr]),
            (sum(map(len, parts)), parts[0].shape[1]),
        )

    def distances(self, i: int) -> NDArray[np.float64]:
        """Squares of the Euclidean distances of all rows from row i."""
        row, rows = self[i : i + 1], len(self)
        center = np.zeros(self.shape[1])
        center[row.indices] = row.data
        centers, of_row = center[self.indices], np.repeat(np.arange(rows), np.diff(self.indptr))
        met = np.bincount(of_row, centers**2, rows)  # what is not met lies where the other row is 0
        distances: NDArray[np.float64] = np.bincount(of_row, (self.data - centers) ** 2, rows) + (met[i] - met)
        return distances

    def toarray(self) -> NDArray[Any]:
        """The same rows with their zeros."""
        array = np.zeros(self.shape, self.dtype)
        array[np.repeat(np.arange(len(self)), np.diff(self.indptr)), self.indices] = self.data
        return array


def _whole(argument: str, value: Any) -> Whole:
    array = np.asarray(value)
    if array.dtype.kind not in "iu" and array.size > 0:
        raise TypeError(f"{argument}: expected whole numbers, got {array.dtype.name}")
    return np.ascontiguousarray(array, np.int64)
