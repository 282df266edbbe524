"""Rows: targets and predictions side by side, read as a loss reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Array, array
from ..errors import DataError, ShapeError
from ..losses import Loss


class Rows:
    """Predictions (n, K), targets like them, weights (n,); with sequences n counts positions.

    Attributes
    ----------
    truth
        numbers in regression; else True where a column's label, or class, is the right one
    weights
        of a position that of its sample
    """

    def __init__(self, y_true: Any, y_pred: Any, sample_weight: Any, loss: Loss, lengths: Any = None) -> None:
        predictions, targets = array(y_pred, "y_pred"), array(y_true, "y_true")
        if predictions.ndim == 0 or targets.ndim == 0:
            raise ShapeError("y_true, y_pred: expected a row for each sample, got a single number")
        if lengths is not None:
            counts = steps_that_count(lengths, predictions)
            if targets.shape[:2] != counts.shape:
                raise ShapeError(f"y_true: expected {counts.shape} steps as in y_pred, got {targets.shape}")
            predictions, targets = predictions[counts], targets[counts]
            if sample_weight is not None:
                sample_weight = np.repeat(array(sample_weight, "sample_weight"), counts.sum(axis=1))
        if predictions.ndim == 1:
            predictions = predictions[:, None]
        self.loss = loss
        self.columns = predictions.shape[-1]
        self.predictions = predictions.reshape(-1, self.columns)
        self.truth = self._truth(targets, predictions.shape)
        self.weights = self._weights(sample_weight, len(predictions))

    def __len__(self) -> int:
        return len(self.predictions)

    def decisions(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """What the predictions say, as truth has it; a threshold other than the loss's, where it is given."""
        if self.loss.task == "classes":
            return one_hot(self.predictions.argmax(axis=1), self.columns)
        return np.asarray(self.predictions > (self.loss.threshold if threshold is None else threshold))

    def mean(self, values: Array) -> float:
        """Weighted over the rows; NaN where all weights are 0."""
        total = self.weights.sum()
        return float(self.weights @ values / total) if total > 0 else float("nan")

    def _truth(self, y: Array, shape: tuple[int, ...]) -> Array:
        is_like = y.shape == shape or (self.columns == 1 and y.shape == shape[:-1])
        if self.loss.task == "classes" and not is_like and y.shape in (shape[:-1], (*shape[:-1], 1)):
            return one_hot(labels("y_true", y, self.columns), self.columns)
        if not is_like:
            raise ShapeError(f"y_true: expected {shape} as y_pred, got {y.shape}")
        if not np.isfinite(y).all():
            raise DataError("y_true: expected finite numbers, got NaN or infinity")
        flat = y.reshape(-1, self.columns)
        if self.loss.task == "classes":
            return one_hot(flat.argmax(axis=1), self.columns)
        if self.loss.task != "binary":
            return flat.astype(np.float64)
        if flat.size and not -1 <= flat.min() <= flat.max() <= 1:
            raise DataError(f"y_true: expected 0 and 1, or -1 and 1, got {flat.min()} ... {flat.max()}")
        return flat > 0.5  # 0 or -1 is no, 1 is yes

    def _weights(self, value: Any, samples: int) -> NDArray[np.float64]:
        if value is None:
            return np.ones(len(self))
        weights = array(value, "sample_weight").astype(np.float64)
        if weights.shape != (samples,):
            raise ShapeError(f"sample_weight: expected one number for each row, ({samples},), got {weights.shape}")
        if not ((weights >= 0) & (weights < np.inf)).all():
            raise DataError("sample_weight: expected finite numbers >= 0, got others")
        return weights.repeat(len(self) // max(samples, 1))


def steps_that_count(value: Any, predictions: Array) -> NDArray[np.bool_]:
    """(n, T): True for the first so many steps of each row."""
    found = array(value, "lengths")
    if predictions.ndim < 2 or found.shape != predictions.shape[:1]:
        raise ShapeError(f"lengths: expected one for each row of y_pred {predictions.shape}, got {found.shape}")
    if found.dtype.kind not in "iu" or not ((found >= 1) & (found <= predictions.shape[1])).all():
        raise DataError(f"lengths: expected whole numbers 1 ... {predictions.shape[1]}, got others")
    return np.less(np.arange(predictions.shape[1]), found[:, None])


def labels(argument: str, values: Array, classes: int) -> NDArray[np.int64]:
    """Integer labels in one axis; DataError for those outside 0 ... classes - 1."""
    flat = values.reshape(-1)
    if flat.dtype.kind not in "biu":
        raise DataError(f"{argument}: expected integer labels, got {flat.dtype}; if they are, use astype('int64')")
    found = flat.astype(np.int64)
    if found.size and not 0 <= found.min() <= found.max() < classes:
        raise DataError(f"{argument}: expected labels 0 ... {classes - 1}, got {found.min()} ... {found.max()}")
    return found


def one_hot(found: NDArray[np.int64], classes: int) -> NDArray[np.bool_]:
    """(n,) labels -> (n, classes), True at the label."""
    return np.equal(found[:, None], np.arange(classes))
