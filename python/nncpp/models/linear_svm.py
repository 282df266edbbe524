"""The linear support vector machine: a hinge and a squared norm, by stochastic subgradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._arguments import number, one_of, random_seed, whole_number
from ..data import Array
from ..errors import DataError
from ..losses import HingeLoss, MulticlassHingeLoss
from ..model import Model
from ..optimizers import SGD
from ..schedules import ExponentialDecay
from ._base import _LinearClassifier, linear_model, weights_of

# Rates in units of 1 / (1 + D), 1 + D being the mean square of a row of scaled columns and the bias's 1.
_FIRST_RATE, _LAST_RATE = 30.0, 0.03
_AVERAGED = 0.25  # of the epochs, at the end
_GOLDEN = (math.sqrt(5) - 1) / 2  # its multiples spread evenly over (0, 1)


class LinearSVM(_LinearClassifier):
    """s = w . x + b, the second class where s > 0; J = sum_k (mean of max(0, 1 - y_k s_k) + |w_k|^2 / (2 c n)).

    That is 1 / (c n) times the usual |w|^2 / 2 + c sum of hinges (with sample weights, n is their sum). Biases are not
    penalized. K > 2 classes have K outputs: each against the rest, y_k = +1 for the right class and -1 for the others,
    or all at once by the loss "multiclass_hinge", the sum over k of max(0, 1 + s_k - s_right).

    Trained by subgradients of mini-batches, with a rate that falls exponentially by a factor of 1000, and the mean of
    the weights over the last quarter of the epochs. J comes within 1 % of the minimum where columns have a common scale
    and c is not large; where hardly a row is inside the margin, more epochs are needed.

    Cortes, Vapnik, "Support-vector networks", Machine Learning 20, 1995; Shalev-Shwartz, Singer, Srebro, "Pegasos",
    ICML 2007; the mean: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    Parameters
    ----------
    c
        > 0: weight of the hinges against the norm; small c means a wide margin
    multiclass
        "one_vs_rest" or "joint"; for two classes they are not told apart
    epochs, batch_size
        of the training
    seed
        key of the order of rows; weights begin at 0

    Attributes
    ----------
    classes_
        labels, sorted
    weight, bias
        (D, 1) and (1), or (D, K) and (K): views into ``model``
    model
        the network, of float64, compiled with J

    Examples
    --------
    Two points at distance 2: the margin is all between them, w = 1 and b = -2.

    >>> import nncpp as nn
    >>> model = nn.LinearSVM(c=10.0).fit([[1.0], [3.0]], ["left", "right"])
    >>> model.predict([[0.0], [5.0]]), model.weight.round(1), model.bias.round(1)
    (array(['left', 'right'], dtype='<U5'), array([[1.]]), array([-2.]))
    """

    def __init__(
        self,
        c: float = 1.0,
        *,
        multiclass: str = "one_vs_rest",
        epochs: int = 200,
        batch_size: int = 16,
        seed: int = 0,
    ) -> None:
        self.c = number("c", c, "(0, inf)")
        self.multiclass = one_of("multiclass", multiclass, ("one_vs_rest", "joint"))
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.seed = random_seed(seed)

    def _trained(self, x: Array, labels: Array, classes: int, sample_weight: Any) -> Model:
        columns, units = x.shape[1], 1 if classes == 2 else classes
        weights = weights_of(sample_weight, len(x))
        l2 = 1 / (self.c * weights.sum())
        model = linear_model(columns, units, "identity", l2, self.seed)
        model.predict(x)  # refuses what is not finite
        is_joint = classes > 2 and self.multiclass == "joint"
        signs = np.where(labels[:, None] == np.arange(classes), 1, -1)[:, -units:]
        targets, loss = (labels, MulticlassHingeLoss()) if is_joint else (signs, HingeLoss())
        model.compile("sgd", loss)

        # the same J for rows z = (x - mean) / scale, weights scale w and another bias
        mean, scale = _mean_and_scale(x)
        z, l2 = (x - mean) / scale, l2 / scale**2
        network = linear_model(columns, units, "identity", l2, self.seed)
        rate = min(_FIRST_RATE / (1 + columns), 1 / l2)  # above 2 / l2 the penalty alone makes steps diverge
        steps = self.epochs * -(-len(x) // self.batch_size)
        decay = math.log(_FIRST_RATE / _LAST_RATE) / steps
        network.compile(SGD(ExponentialDecay(rate, decay)), loss)
        theta, last = np.zeros_like(network.flat_parameters), math.ceil(_AVERAGED * self.epochs)
        for epoch in range(self.epochs):
            rows = _drawn(weights, epoch)
            network.fit(z[rows], targets[rows], batch_size=self.batch_size, verbose=False)
            if epoch >= self.epochs - last:
                theta += network.flat_parameters / last

        model.flat_parameters[...] = theta
        model.parameters["linear/weight"][...] /= scale
        model.parameters["linear/bias"][...] -= mean @ model.parameters["linear/weight"]
        return model


def _mean_and_scale(x: Array) -> tuple[Array, float]:
    """Means of the columns, and the root of the mean of their variances; 1 for constant ones."""
    mean = np.asarray(x.mean(axis=0, dtype=np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        scale = float(np.sqrt(np.square(x - mean).mean()))
    if not math.isfinite(scale):
        raise DataError(f"x: expected columns with finite variances, got a largest number of {np.abs(x).max():g}")
    return mean, scale or 1.0


def _drawn(weights: Array, epoch: int) -> Array:
    """As many rows, each as often as its share of the weights; equal weights give each row once.

    Weights inside a batch would be divided by their sum there, and so count for less. Systematic sampling: Madow, "On
    the theory of systematic sampling", Annals of Mathematical Statistics 20, 1949.
    """
    ends = np.cumsum(weights)
    places = (np.arange(len(weights)) + epoch * _GOLDEN % 1) * (ends[-1] / len(weights))
    return np.asarray(np.searchsorted(ends[:-1], places, side="right"))
