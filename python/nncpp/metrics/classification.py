"""Metrics of classes and of columns that are each right or wrong."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from .._arguments import number, one_of, whole_number
from ..errors import DataError
from ..losses import Loss
from ._metric import Metric
from ._rows import Rows

Vector = NDArray[np.float64]


class TopKAccuracy(Metric, kind="top_k"):
    """Weighted fraction of rows whose class is among the k of largest outputs; of equal ones the first counts more.

    Parameters
    ----------
    k
        >= 1, less than the number of classes

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.TopKAccuracy(k=2)([0, 2], [[0.3, 0.6, 0.1], [0.3, 0.6, 0.1]], loss="nllm")
    0.5
    """

    tasks = ("classes",)

    def __init__(self, k: int = 5) -> None:
        self.k = whole_number("k", k, at_least=1)

    def require(self, loss: Loss, columns: int, output: str) -> None:
        """Raises DataError too where k classes are all there are."""
        super().require(loss, columns, output)
        if self.k >= columns:
            raise DataError(
                f"metrics: top_k needs more than k = {self.k} classes, {output} has {columns}; set a lower k"
            )

    def _score(self, rows: Rows) -> float:
        label = rows.truth.argmax(axis=1)[:, None]
        own = np.take_along_axis(rows.predictions, label, axis=1)
        is_before = (rows.predictions == own) & (np.arange(rows.columns) < label)
        return rows.mean(((rows.predictions > own) | is_before).sum(axis=1) < self.k)


class BinaryAccuracy(Metric, kind="binary_accuracy"):
    """Weighted mean over the rows of the fraction of columns that are right; "accuracy" asks for all of them.

    Parameters
    ----------
    threshold
        an output above it says yes; by default that of the loss: 1/2 for nll, 0 for hinge

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.BinaryAccuracy()([[1, 0], [1, 1]], [[0.8, 0.3], [0.6, 0.2]], loss="nll")
    0.75
    """

    tasks = ("binary",)

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = None if threshold is None else number("threshold", threshold)

    def _score(self, rows: Rows) -> float:
        return rows.mean((rows.truth == rows.decisions(self.threshold)).mean(axis=1))


class _OverClasses(Metric):
    """A score of each class, or column, averaged.

    Parameters
    ----------
    average
        "macro": the mean over the classes that occur in y or in the predictions, each 0 where it divides 0 by 0; a
        single column has the class 1 only. "micro": the score of the sums over all classes. "binary": that of class 1,
        of one column or two classes
    """

    tasks = ("binary", "classes")

    def __init__(self, average: str = "macro") -> None:
        self.average = one_of("average", average, ("macro", "micro", "binary"))

    def require(self, loss: Loss, columns: int, output: str) -> None:
        """Raises DataError too for a binary average of several classes."""
        super().require(loss, columns, output)
        if self.average == "binary" and columns != (2 if loss.task == "classes" else 1):
            raise DataError(
                f"metrics: {self.kind} with average 'binary' needs one column with {loss.kind} or two classes, "
                f"{output} has {columns}; use 'macro' or 'micro'"
            )

    def _score(self, rows: Rows) -> float:
        decisions = rows.decisions()
        if rows.weights.sum() == 0:
            return float("nan")
        sums = np.stack([rows.weights @ marks for marks in (rows.truth & decisions, decisions, rows.truth)])
        if self.average == "micro":
            sums = sums.sum(axis=1, keepdims=True)
        elif self.average == "binary":
            sums = sums[:, -1:]
        else:
            sums = sums[:, sums.any(axis=0)]
        part, whole = self._ratio(*sums)
        scores = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
        return float(scores.mean()) if scores.size else 0.0

    @abstractmethod
    def _ratio(self, right: Vector, predicted: Vector, actual: Vector) -> tuple[Vector, Vector]:
        """Dividend and divisor by class, from the weights of its true positives, of its predictions and of its rows."""


class Precision(_OverClasses, kind="precision"):
    """Of the rows predicted as a class, the weighted fraction that is of it; 0 for a class without predictions.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.Precision("micro")([[1, 0], [1, 1]], [[0.8, 0.7], [0.6, 0.2]], loss="nll").__round__(4)
    0.6667
    """

    def _ratio(self, right: Vector, predicted: Vector, actual: Vector) -> tuple[Vector, Vector]:  # noqa: ARG002
        return right, predicted


class Recall(_OverClasses, kind="recall"):
    """Of the rows of a class, the weighted fraction predicted as it; 0 for a class that only predictions have.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.Recall()([0, 0, 1], [[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]], loss="nllm")
    0.75
    """

    def _ratio(self, right: Vector, predicted: Vector, actual: Vector) -> tuple[Vector, Vector]:  # noqa: ARG002
        return right, actual


class F1(_OverClasses, kind="f1"):
    """2 / (1 / precision + 1 / recall) of each class: 2 right / (predicted + actual); 0 for one without predictions.

    van Rijsbergen, Information Retrieval, 1979.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.F1()([1, 1, 0, 0], [2.0, -1.0, 0.5, -3.0], loss=nn.HingeLoss(targets=(0, 1)))
    0.5
    """

    def _ratio(self, right: Vector, predicted: Vector, actual: Vector) -> tuple[Vector, Vector]:
        return 2 * right, predicted + actual


class AUC(Metric, kind="auc"):
    """Area under the ROC curve: how probably an output is larger where y is 1 than where it is 0; half for equal ones.

    That is the Mann-Whitney statistic over the number of such pairs, each pair with the product of its weights. Of
    several columns or classes the mean, each against the rest; one without both kinds of rows is left out, NaN if all
    are.
    Hanley, McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.AUC()([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], loss="nll")
    0.75
    """

    tasks = ("binary", "classes")

    def _score(self, rows: Rows) -> float:
        areas = [_area(rows.truth[:, k], rows.predictions[:, k], rows.weights) for k in range(rows.columns)]
        known = [area for area in areas if not np.isnan(area)]
        return float(np.mean(known)) if known else float("nan")


def _area(truth: NDArray[np.bool_], scores: NDArray[np.floating], weights: Vector) -> float:
    """Sum of w_i w_j ([s_i > s_j] + [s_i = s_j] / 2) over rows i that are and j that are not, over that of w_i w_j."""
    _, rank = np.unique(scores, return_inverse=True)
    positive = np.bincount(rank, weights * truth)
    negative = np.bincount(rank, weights * ~truth)
    below = negative.cumsum() - negative / 2
    pairs = positive.sum() * negative.sum()
    return float(positive @ below / pairs) if pairs > 0 else float("nan")
