"""The perceptron with its own rule: weights move only at a mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arguments import flag, number, random_seed, whole_number
from ..data import Array
from ..model import Model
from ._base import Estimator, _LinearClassifier, linear_model, weights_of

Floats = NDArray[np.float64]


class _MistakeDriven(Estimator):
    """The rule, whatever a row is: its scores are asked for, and at a mistake weights are moved."""

    mistakes_: list[int]

    def __init__(
        self, *, rate: float = 1.0, epochs: int = 100, shuffle: bool = True, averaged: bool = False, seed: int = 0
    ) -> None:
        self.rate = number("rate", rate, "(0, inf)")
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.shuffle = flag("shuffle", shuffle)
        self.averaged = flag("averaged", averaged)
        self.seed = random_seed(seed)

    def _visit(
        self, labels: Array, rates: Floats, scores: Callable[[int], Floats], move: Callable[[int, Floats, int], None]
    ) -> int:
        """Calls ``move(row, what each unit gets of it, rows seen before)`` at each mistake; returns the rows seen."""
        seen, mistakes = 0, []
        for order in self._orders(rates):
            mistakes.append(0)
            for i in order:
                direction = _direction(scores(i), labels[i])
                if direction is not None:
                    move(i, rates[i] * direction, seen)
                    mistakes[-1] += 1
                seen += 1
            if mistakes[-1] == 0:
                break
        self.mistakes_ = mistakes
        return seen

    def _orders(self, rates: Floats) -> Iterator[Array]:
        """The rows that count, in the order of each epoch."""
        n = len(rates)
        for epoch in range(self.epochs):
            order = _core.permutation(self.seed, "order", epoch, n) if self.shuffle else np.arange(n)
            yield order[rates[order] > 0]


class Perceptron(_MistakeDriven, _LinearClassifier):
    """s = w . x + b, the second class where s > 0. At a mistake w += rate y x and b += rate y, with y in {-1, +1}.

    A mistake is y s <= 0. For K > 2 classes each has its w_k, and the largest score wins. Where another class k scores
    as high as the right one or higher, w_right += rate x and w_k -= rate x, for the highest such k. An epoch without a
    mistake is the last. If a unit vector separates two classes by a margin g (the bias as a weight of the constant
    input 1), and no row is longer than R, there are at most (R / g)^2 mistakes in all. Otherwise they never end, and
    the averaged weights are the better ones.

    Rosenblatt, "The perceptron", Psychological Review 65, 1958; Novikoff, "On convergence proofs for perceptrons",
    1962; averaged: Freund, Schapire, "Large margin classification using the perceptron algorithm", Machine Learning 37,
    1999; K classes: Collins, "Discriminative training methods for hidden Markov models", EMNLP 2002.

    Parameters
    ----------
    rate
        > 0; from weights 0 on it only scales them
    epochs
        most passes over the rows
    shuffle
        False takes rows in their order
    averaged
        True keeps the mean of the weights after each row seen, instead of the last
    seed
        key of the order of rows

    Attributes
    ----------
    classes_
        labels, sorted
    mistakes_
        number of mistakes in each epoch
    weight, bias
        (D, 1) and (1), or (D, K) and (K): views into ``model``
    model
        the network, of float64, with linear outputs

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "no", "no", "yes"])
    >>> model.predict([[1, 1], [1, 0]]), model.mistakes_[-1]
    (array(['yes', 'no'], dtype='<U3'), 0)
    """

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Perceptron:
        """Learns from n rows, one after the other.

        Parameters
        ----------
        x
            (n, D) numbers
        y
            (n,) labels of any type: numbers, strings, bool, ...
        sample_weight
            (n,) numbers >= 0, factors of the rate; rows of weight 0 are left out

        Returns
        -------
        the object itself
        """
        return super().fit(x, y, sample_weight)

    def _trained(self, x: Array, labels: Array, classes: int, sample_weight: Any) -> Model:
        units = 1 if classes == 2 else classes
        model = linear_model(x.shape[1], units, "identity", 0.0, self.seed)
        model.predict(x)  # refuses what is not finite
        rates = self.rate * weights_of(sample_weight, len(x))
        rows = np.hstack([x.astype(np.float64), np.ones((len(x), 1))])
        weights, early = np.zeros((2, rows.shape[1], units))

        def move(i: int, direction: Floats, seen: int) -> None:
            step = np.outer(rows[i], direction)
            weights[...] += step
            early[...] += seen * step  # how often the mean has missed this step

        seen = self._visit(labels, rates, lambda i: rows[i] @ weights, move)
        if self.averaged:
            weights -= early / seen
        model.parameters["linear/weight"][...] = weights[:-1]
        model.parameters["linear/bias"][...] = weights[-1]
        return model


def _direction(scores: Floats, label: int) -> Floats | None:
    """What a mistake adds to each unit, in rows; None where there is no mistake."""
    if len(scores) == 1:
        sign = 1.0 if label == 1 else -1.0
        return np.array([sign]) if sign * scores[0] <= 0 else None
    others = scores.copy()
    others[label] = -np.inf
    rival = int(others.argmax())
    if scores[label] > scores[rival]:
        return None
    direction = np.zeros(len(scores))
    direction[label], direction[rival] = 1.0, -1.0
    return direction
