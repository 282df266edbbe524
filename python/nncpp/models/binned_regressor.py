"""Regression as classification over bins: a whole distribution for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._arguments import data_type, flag, number, one_of, random_seed, whole_number
from ..data import Array
from ..errors import DataError
from ..layers import Dense, Input, Standardize
from ..model import Model
from ..optimizers import Adam
from ..sequential import Sequential
from ._base import _Regressor, numbers_of, rows_of, weights_of


class BinnedRegressor(_Regressor):
    """p(bin k given x) = softmax of a network of ``hidden`` ReLU units, trained by the loss "nllm" on the bins of y.

    Targets of at most ``bins`` different values have one bin for each (ratings 1 ... 5); others are cut at quantiles or
    at equal distances. Inside a bin the distribution is uniform; its mean is that of the training targets there.
    Compared to a squared loss, no outlier weighs more than its bin, and the spread and shape at each x are known.

    With ``ordinal=True``, K - 1 sigmoid outputs tell P(y > bin k) for k = 0 ... K - 2, each a binary classifier by the
    loss "nll". p_k = P(y > k - 1) - P(y > k). These are trained independently of each other, so a difference may come
    out negative: it counts as 0, and the rest is divided by its sum.

    Stanford CS231n, "Neural networks part 2: losses" (quantizing the output); ordinal: Frank, Hall, "A simple approach
    to ordinal classification", ECML 2001.

    Parameters
    ----------
    bins
        largest number of bins, >= 2; equal quantiles make them fewer
    hidden
        units of the hidden layers, one or more; () for none
    strategy
        "quantile" (as many training targets in each bin) or "uniform" (as wide)
    ordinal
        True for K - 1 binary classifiers in place of softmax
    learning_rate, epochs, batch_size
        of the training by Adam
    seed, dtype
        of the network, which begins with an ``nn.Standardize``

    Attributes
    ----------
    edges_
        (K + 1,) bounds of the bins; bin k is [edges_[k], edges_[k + 1]), the last with its end, or only that
    centers_
        (K,) mean of the training targets in each bin; the middle of one that has none
    model
        the network

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> x = np.linspace(0, 1, 200)[:, None]
    >>> model = nn.BinnedRegressor(bins=10, hidden=16, epochs=50).fit(x, 3 * x[:, 0])
    >>> model.predict([[0.5]]).round(1), model.predict_interval([[0.5]], level=0.8).shape
    (array([1.5]), (1, 2))
    """

    edges_: NDArray[np.float64]
    centers_: NDArray[np.float64]
    _has_values = False  # a bin is one value

    def __init__(
        self,
        bins: int = 20,
        hidden: int | Sequence[int] = (64,),
        *,
        strategy: str = "quantile",
        ordinal: bool = False,
        learning_rate: float = 0.005,
        epochs: int = 100,
        batch_size: int = 32,
        seed: int = 0,
        dtype: Any = "float32",
    ) -> None:
        self.bins = whole_number("bins", bins, at_least=2)
        units = hidden if isinstance(hidden, tuple | list) else (hidden,)
        self.hidden = tuple(whole_number("hidden", count, at_least=1) for count in units)
        self.strategy = one_of("strategy", strategy, ("quantile", "uniform"))
        self.ordinal = flag("ordinal", ordinal)
        self.learning_rate = number("learning_rate", learning_rate, "[0, inf)")
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.seed = random_seed(seed)
        self.dtype = data_type(dtype)

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learns from n rows.

        Parameters
        ----------
        x
            (n, D) numbers
        y
            (n,) numbers
        sample_weight
            (n,) numbers >= 0; None weighs all rows alike. Quantiles are those of all rows

        Returns
        -------
        the object itself
        """
        rows = rows_of(x)
        targets, weights = numbers_of(y, len(rows)), weights_of(sample_weight, len(rows))
        values = np.unique(targets)
        if len(values) < 2:
            raise DataError(f"y: expected at least 2 different numbers, got only {values[0]}")
        has_values = len(values) <= self.bins
        edges = _between(values) if has_values else self._edges(targets)
        labels = np.searchsorted(edges[1:-1], targets, side="right")
        count = len(edges) - 1

        sums = np.bincount(labels, weights, count)
        filled = sums > 0
        centers = (edges[:-1] + edges[1:]) / 2
        centers[filled] = np.bincount(labels, weights * targets, count)[filled] / sums[filled]

        model = self._network(rows.shape[1], count)
        answers = labels[:, None] > np.arange(count - 1) if self.ordinal else labels
        model.fit(rows, answers, epochs=self.epochs, batch_size=self.batch_size, sample_weight=sample_weight)
        self._model, self.edges_, self.centers_, self._has_values = model, edges, centers, has_values
        return self

    def _edges(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.strategy == "uniform":
            return np.linspace(targets.min(), targets.max(), self.bins + 1)
        bounds = np.quantile(targets, np.linspace(0, 1, self.bins + 1), method="higher")
        starts, counts = np.unique(bounds[:-1], return_counts=True)
        # a value of several quantiles is a bin of its own: without it a majority of zeros would leave one bin
        values = np.unique(targets)
        after = np.searchsorted(values, starts[counts > 1], side="right")
        return np.append(np.unique(np.append(starts, values[after[after < len(values)]])), bounds[-1])

    def _network(self, columns: int, bins: int) -> Model:
        layers = [Dense(units, "relu", weight_initializer="he_normal") for units in self.hidden]
        output = Dense(bins - 1, "sigmoid") if self.ordinal else Dense(bins, "softmax")
        model = Sequential([Input(columns), Standardize(), *layers, output], seed=self.seed, dtype=self.dtype)
        model.compile(Adam(self.learning_rate), "nll" if self.ordinal else "nllm")
        return model

    def predict_distribution(self, x: Any) -> NDArray[np.float64]:
        """Probabilities of the bins, (n, K)."""
        p = np.asarray(self.model.predict(x), np.float64)
        if self.ordinal:
            certain = np.ones((len(p), 1))
            p = np.maximum(-np.diff(np.hstack([certain, p, 0 * certain])), 0.0)
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def predict(self, x: Any, kind: str = "mean") -> NDArray[np.float64]:
        """Numbers (n,).

        Parameters
        ----------
        x
            (n, D) numbers
        kind
            "mean" of the distribution; "median"; or "mode", the mean of the most probable bin
        """
        one_of("kind", kind, ("mean", "median", "mode"))
        p = self.predict_distribution(x)
        if kind == "median":
            return self._quantile(p, 0.5)
        return np.asarray(p @ self.centers_ if kind == "mean" else self.centers_[p.argmax(axis=1)])

    def predict_interval(self, x: Any, level: float = 0.9) -> NDArray[np.float64]:
        """Lower and upper bounds (n, 2), outside of which (1 - level) / 2 of the distribution lies on each side.

        Parameters
        ----------
        x
            (n, D) numbers
        level
            in (0, 1)
        """
        outside = (1 - number("level", level, "(0, 1)")) / 2
        p = self.predict_distribution(x)
        return np.stack([self._quantile(p, outside), self._quantile(p, 1 - outside)], axis=1)

    def _quantile(self, p: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        """Where the share of each distribution is below."""
        total = p.cumsum(axis=1)
        k = np.minimum((total < share).sum(axis=1), p.shape[1] - 1)
        if self._has_values:
            return np.asarray(self.centers_[k])
        end, width = total[np.arange(len(p)), k], p[np.arange(len(p)), k]  # of bin k, in probability
        left = np.divide(end - share, width, out=np.zeros(len(p)), where=width > 0).clip(0.0, 1.0)
        return np.asarray(self.edges_[k + 1] - left * (self.edges_[k + 1] - self.edges_[k]))


def _between(values: Array) -> NDArray[np.float64]:
    """Bounds of bins of one value each."""
    return np.concatenate([values[:1], (values[:-1] + values[1:]) / 2, values[-1:]])
