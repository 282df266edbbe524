"""Rows for training and rows for testing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core
from .._arguments import random_seed
from .._sparse import SparseRows
from ..errors import DataError, ShapeError


def split(arrays: Sequence[Any], test: float | int = 0.25, seed: int = 0) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Divide rows at random into training and test rows, the same way in every array.

    Parameters
    ----------
    arrays : sequence of array-likes of n rows each
        For instance ``(x, y)`` or ``(x, y, sample_weight)``. pandas objects and sparse matrices stay what they are.
    test : float in (0, 1) or int in 1 ... n - 1
        Share of the rows that go to the test set, rounded to whole rows, or their number.
    seed : int
        The same seed gives the same rows on every machine.

    Returns
    -------
    train, test : two tuples
        The rows of each array, in the order of `arrays`.

    Raises
    ------
    ShapeError
        Arrays of different lengths, or without rows.
    DataError
        `test` leaves one side empty, or `seed` is negative.

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.datasets.digits()
    >>> (x_train, y_train), (x_test, y_test) = nn.datasets.split((x, y), test=0.25, seed=0)
    >>> len(x_train), len(x_test)
    (1348, 449)
    """
    if not isinstance(arrays, tuple | list):
        raise TypeError(f"arrays: expected a tuple such as (x, y), got {type(arrays).__name__}")
    tables = [_table(array) for array in arrays]
    rows = _common_length(tables)
    num_test = _num_test_rows(test, rows)

    order = _core.permutation(random_seed(seed), "split", 0, rows)
    return _take(tables, order[num_test:]), _take(tables, order[:num_test])


def _table(array: Any) -> Any:
    if hasattr(array, "iloc"):
        return array
    if hasattr(array, "tocsr"):
        return array.tocsr()
    return SparseRows.of(array, "arrays") if hasattr(array, "indptr") else np.asarray(array)


def _common_length(tables: list[Any]) -> int:
    if not tables:
        raise ShapeError("arrays: expected at least one array, got none")
    for i, table in enumerate(tables):
        if table.ndim == 0:
            raise ShapeError(f"arrays[{i}]: expected rows, got a single value")
    lengths = [table.shape[0] for table in tables]
    if len(set(lengths)) > 1:
        raise ShapeError(f"arrays: expected the same number of rows in each, got {lengths}")
    if lengths[0] < 2:
        raise ShapeError(f"arrays: expected at least 2 rows to split, got {lengths[0]}")
    return int(lengths[0])


def _num_test_rows(test: float | int, rows: int) -> int:
    if isinstance(test, bool | np.bool_) or not isinstance(test, int | float | np.integer | np.floating):
        raise TypeError(f"test: expected a share or a number of rows, got {type(test).__name__}")
    is_count = isinstance(test, int | np.integer)
    if not is_count and not 0 < test < 1:  # also NaN
        raise DataError(f"test: expected a share in (0, 1) or a number of rows, got {test}")
    count = int(test) if is_count else round(test * rows)
    if not 0 < count < rows:
        raise DataError(f"test: expected 1 to {rows - 1} of the {rows} rows, got {count} (test={test})")
    return count


def _take(tables: list[Any], rows: Any) -> tuple[Any, ...]:
    return tuple(table.iloc[rows] if hasattr(table, "iloc") else table[rows] for table in tables)
