"""The confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import whole_number
from ..data import array
from ..errors import DataError, ShapeError
from ._rows import labels


def confusion_matrix(
    y_true: Any, y_pred: Any, weights: Any = None, classes: int | None = None
) -> NDArray[np.int64] | NDArray[np.float64]:
    """C[i, j] = number of rows of class i that are predicted as class j, or their weight.

    Parameters
    ----------
    y_true
        (n,) labels 0 ... K - 1, or -1 and 1 for two classes; or (n, K) one-hot rows, distributions: the largest counts
    y_pred
        the same: what ``predict_classes`` gives, or the rows of ``predict`` if it has several columns
    weights
        (n,) numbers >= 0
    classes
        K; by default what the rows or the largest label say

    Returns
    -------
    (K, K) array
        int64; float64 with weights

    Raises
    ------
    ShapeError, DataError, TypeError
        for arrays that cannot be used: real numbers where labels are due, other lengths, labels beyond the classes

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2])
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 0, 1]])
    """
    pairs = [_classes("y_true", y_true), _classes("y_pred", y_pred)]
    (true, _), (predicted, _) = pairs
    if len(true) != len(predicted):
        raise ShapeError(f"y_pred: expected {len(true)} rows as in y_true, got {len(predicted)}")
    needed = max(count for _, count in pairs)
    count = needed if classes is None else whole_number("classes", classes, at_least=1)
    if count < needed:
        raise DataError(f"classes: expected at least the {needed} that y_true and y_pred have, got {count}")
    places = true * count + predicted
    if weights is None:
        return np.bincount(places, minlength=count**2).reshape(count, count)
    factors = array(weights, "weights").astype(np.float64)
    if factors.shape != true.shape:
        raise ShapeError(f"weights: expected one number for each row, ({len(true)},), got {factors.shape}")
    if not ((factors >= 0) & (factors < np.inf)).all():
        raise DataError("weights: expected finite numbers >= 0, got others")
    return np.bincount(places, factors, minlength=count**2).reshape(count, count)


def _classes(argument: str, value: Any) -> tuple[NDArray[np.int64], int]:
    """Labels 0 ... K - 1, and the K that the values show."""
    values = array(value, argument)
    if values.ndim == 2 and values.shape[1] > 1:
        return values.argmax(axis=1), values.shape[1]
    if values.ndim not in (1, 2):
        raise ShapeError(f"{argument}: expected labels (n,) or rows (n, K), got {values.shape}")
    flat = values.reshape(-1)
    if flat.dtype.kind == "f":
        raise DataError(f"{argument}: expected integer labels or rows (n, K), got {flat.dtype}; use predict_classes")
    if set(np.unique(flat)) <= {-1, 1}:
        flat = flat > 0
    count = 2 if flat.dtype == bool else int(flat.max(initial=0)) + 1
    return labels(argument, flat, count), count
