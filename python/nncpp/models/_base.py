"""Base of the models in their own right: what they have in common, and what they take."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import data
from .._configured import Configured, _parameters
from ..data import Array
from ..errors import DataError, NncppError, ShapeError
from ..layers import Dense, Input
from ..model import Model
from ..regularizers import L2
from ..sequential import Sequential


class Estimator(Configured):
    """Base of all models that ``fit`` makes from data alone; made again by each ``fit``.

    Hyper-parameters are fixed. A ``fit`` that fails or is interrupted leaves what was learned before.

    Raises
    ------
    NncppError
        from all that needs ``fit`` first
    ShapeError, DataError, TypeError
        for hyper-parameters and data that cannot be used

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.LogisticRegression(l2=0.1).predict([[1.0, 2.0]])
    Traceback (most recent call last):
    nncpp.errors.NncppError: LogisticRegression: not fitted yet; call fit(x, y) first
    """

    _model: Model | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name in _parameters(type(self)):
            super().__setattr__(name, value)  # once
        else:
            object.__setattr__(self, name, value)

    @property
    def model(self) -> Model:
        """The network that ``fit`` has trained: to save, to look into, to train further."""
        if self._model is None:
            raise NncppError(f"{type(self).__name__}: not fitted yet; call fit(x, y) first")
        return self._model

    @abstractmethod
    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learns from n rows.

        Parameters
        ----------
        x
            (n, D) numbers
        y
            (n,) targets
        sample_weight
            (n,) numbers >= 0; None weighs all rows alike

        Returns
        -------
        the object itself
        """

    @abstractmethod
    def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """How good predictions are on these rows: 1 is perfect."""


class _Classifier(Estimator):
    """Labels of any type that sorts become 0 ... K - 1; ``classes_`` has them in that order."""

    classes_: NDArray[Any]

    @abstractmethod
    def predict(self, x: Any) -> NDArray[Any]:
        """Labels (n,), as they were in y."""

    def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Weighted fraction of rows with the right label."""
        predictions = self.predict(x)
        is_right = predictions == labels_of(y, len(predictions))
        return float(np.average(is_right, weights=weights_of(sample_weight, len(predictions))))


class _RowClassifier(_Classifier):
    """Of rows of numbers."""

    _threshold = 0.0  # of a single output, above which a row is of the second class

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learns from n rows.

        Parameters
        ----------
        x
            (n, D) numbers
        y
            (n,) labels of any type: numbers, strings, bool, ...
        sample_weight
            (n,) numbers >= 0; None weighs all rows alike

        Returns
        -------
        the object itself
        """
        rows = rows_of(x)
        classes, labels = classes_of(y, len(rows))
        self._model = self._trained(rows, labels, len(classes), sample_weight)
        self.classes_ = classes
        return self

    @abstractmethod
    def _trained(self, x: Array, labels: Array, classes: int, sample_weight: Any) -> Model:
        """A model of one output for two classes, and of one for each where there are more."""

    @property
    def weight(self) -> Array:
        """(D, 1), or (D, K) for K > 2 classes: a view into the model."""
        return self.model.parameters["linear/weight"]

    @property
    def bias(self) -> Array:
        """(1), or (K) for K > 2 classes: a view into the model."""
        return self.model.parameters["linear/bias"]

    def predict(self, x: Any) -> NDArray[Any]:
        """Labels (n,), as they were in y."""
        outputs = self.model.predict(x)
        index = outputs[:, 0] > self._threshold if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        return np.asarray(self.classes_[index.astype(np.int64)])


class _LinearClassifier(_RowClassifier):
    """Scores of no unit: above 0 for the second class, or largest for the right one."""

    def decision_function(self, x: Any) -> Array:
        """Scores: (n,), above 0 for the second class; or (n, K) for K > 2 classes."""
        scores = np.asarray(self.model.predict(x))
        return scores[:, 0] if scores.shape[1] == 1 else scores


class _Regressor(Estimator):
    """Predicts numbers."""

    @abstractmethod
    def predict(self, x: Any) -> Array:
        """Numbers (n,)."""

    def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 = 1 - sum w (y - p)^2 / sum w (y - mean)^2: 1 is perfect, 0 is the mean of y."""
        p = self.predict(x)
        y, weights = numbers_of(y, len(p)), weights_of(sample_weight, len(p))
        spread = np.average(np.square(y - np.average(y, weights=weights)), weights=weights)
        if spread == 0.0:
            raise DataError("y: expected numbers that differ, got a constant, for which R^2 has no meaning")
        return float(1 - np.average(np.square(y - p), weights=weights) / spread)


def linear_model(columns: int, units: int, activation: str, l2: float, seed: int) -> Model:
    """f(x W + b) in float64, from W = 0 on."""
    penalty = L2(l2) if l2 > 0 else None
    layer = Dense(units, activation, weight_initializer="zeros", weight_regularizer=penalty, name="linear")
    return Sequential([Input(columns), layer], seed=seed, dtype="float64")


def rows_of(x: Any) -> Array:
    """Rows (n, D), n >= 1."""
    rows = data.array(x, "x")
    if rows.ndim != 2:
        column = "; for one column use x[:, None]" if rows.ndim == 1 else ""
        raise ShapeError(f"x: expected rows of numbers, (N, D), got {rows.shape}{column}")
    if len(rows) == 0:
        raise ShapeError("x: expected at least 1 row, got 0")
    return rows


def labels_of(y: Any, rows: int) -> NDArray[Any]:
    """Labels (n,), of any type that sorts."""
    labels = _one_for_each(np.asarray(y), rows, "y")
    if labels.dtype.kind in "fc" and np.isnan(labels).any():
        raise DataError(f"y: expected a label in each row, got NaN in row {int(np.isnan(labels).argmax())}")
    if labels.dtype == object:
        try:
            np.unique(labels)
        except TypeError:
            kinds = sorted({type(label).__name__ for label in labels})
            raise TypeError(f"y: expected labels of one type, got {', '.join(kinds)}") from None
    return labels


def classes_of(y: Any, rows: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The labels that there are, sorted, at least two; and for each row its place among them."""
    classes, labels = np.unique(labels_of(y, rows), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"y: expected at least 2 classes, got only {classes.tolist()[0]!r}")
    return classes, labels


def numbers_of(y: Any, rows: int) -> NDArray[np.float64]:
    """Finite numbers (n,)."""
    targets = _one_for_each(data.array(y, "y"), rows, "y").astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(targets))
    if len(bad):
        raise DataError(f"y: expected finite numbers, got {targets[bad[0]]} in row {bad[0]}")
    return targets


def weights_of(sample_weight: Any, rows: int) -> NDArray[np.float64]:
    """Weights (n,), 1 where none are given."""
    weights = data.sample_weights(sample_weight)
    if weights is None:
        return np.ones(rows)
    weights = _one_for_each(weights, rows, "sample_weight").astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise DataError(f"sample_weight: expected finite numbers >= 0, got {weights[bad[0]]} in row {bad[0]}")
    return weights


def _one_for_each(values: NDArray[Any], rows: int, argument: str) -> NDArray[Any]:
    """(n,) from (n,) or (n, 1)."""
    if values.shape not in {(rows,), (rows, 1)}:
        raise ShapeError(f"{argument}: expected one for each of the {rows} rows of x, ({rows},), got {values.shape}")
    return values.reshape(-1)
