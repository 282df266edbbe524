"""Logistic and softmax regression: a linear model whose exponential gives probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import number, one_of, random_seed, whole_number
from ..data import Array
from ..errors import DataError
from ..history import History
from ..minimization import METHODS, Minimum, minimize
from ..model import Model
from ..optimizers import Optimizer
from ._base import Estimator, _RowClassifier, linear_model


class _LogLinear(Estimator):
    """Arguments and training that log-linear models have in common."""

    result_: Minimum | History

    def __init__(
        self,
        l2: float = 1e-4,
        *,
        method: Any = "L-BFGS-B",
        max_iterations: int = 1000,
        tolerance: float = 1e-6,
        epochs: int = 100,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        self.l2 = number("l2", l2, "[0, inf)")
        is_name = isinstance(method, str)
        names = [*METHODS, *Optimizer._members]
        self.method = one_of("method", method, names) if is_name else Optimizer.of(method, "method")
        self.max_iterations = whole_number("max_iterations", max_iterations, at_least=1)
        self.tolerance = number("tolerance", tolerance, "[0, inf)")
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.seed = random_seed(seed)

    def _descend(self, model: Model, loss: str, x: Any, labels: Array, sample_weight: Any) -> Model:
        if isinstance(self.method, str) and self.method in METHODS:
            model.compile(loss=loss)
            self.result_ = minimize(
                model,
                x,
                labels,
                self.method,
                max_iterations=self.max_iterations,
                tolerance=self.tolerance,
                sample_weight=sample_weight,
            )
        else:
            model.compile(self.method, loss)
            self.result_ = model.fit(
                x, labels, epochs=self.epochs, batch_size=self.batch_size, sample_weight=sample_weight
            )
        return model


class LogisticRegression(_LogLinear, _RowClassifier):
    """P(second class) = sigmoid(w . x + b), of two classes; J = mean of -log P(y) + l2 / 2 |w|^2.

    The bias is not penalized. J is convex: with l2 > 0 there is one minimum. In scikit-learn, which adds up where nncpp
    takes the mean, C = 1 / (n l2). Cox, "The regression analysis of binary sequences", J. R. Statist. Soc. B 20, 1958.

    Parameters
    ----------
    l2
        factor of the penalty, >= 0
    method
        "L-BFGS-B" or another of ``nn.minimize`` (they need SciPy, ``pip install "nncpp[scipy]"``), or an optimizer,
        name or object, for mini-batches: "adam", ``nn.Adam(0.01)``
    max_iterations, tolerance
        of ``nn.minimize``
    epochs, batch_size
        of an optimizer
    seed
        key of the order of rows; weights begin at 0

    Attributes
    ----------
    classes_
        (2,) labels, sorted
    weight, bias
        (D, 1) and (1): views into ``model``
    model
        the network, of float64
    result_
        what ``nn.minimize`` or ``model.fit`` returned

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = [[1.0], [2.0], [3.0], [4.0]], ["no", "no", "yes", "yes"]
    >>> model = nn.LogisticRegression(l2=0.1).fit(x, y)
    >>> model.predict([[0.0], [5.0]]), model.predict_proba([[2.5]]).round(4)
    (array(['no', 'yes'], dtype='<U3'), array([[0.5, 0.5]]))
    """

    _threshold = 0.5

    def _trained(self, x: Array, labels: Array, classes: int, sample_weight: Any) -> Model:
        if classes > 2:
            raise DataError(f"y: expected 2 classes, got {classes}; use nn.SoftmaxRegression")
        model = linear_model(x.shape[1], 1, "sigmoid", self.l2, self.seed)
        return self._descend(model, "nll", x, labels, sample_weight)

    def predict_proba(self, x: Any) -> Array:
        """Probabilities (n, 2), in the order of ``classes_``."""
        p = self.model.predict(x)
        return np.hstack([1 - p, p])


class SoftmaxRegression(_LogLinear, _RowClassifier):
    """P(class k) = exp(w_k . x + b_k) / sum_j exp(w_j . x + b_j); J = mean of -log P(y) + l2 / 2 sum_k |w_k|^2.

    Multinomial logistic regression, or MaxEnt. Biases are not penalized. In scikit-learn C = 1 / (n l2). Two classes
    get two columns, w_1 = -w_0: the same as ``LogisticRegression`` with l2 / 2. Bishop, Pattern Recognition and Machine
    Learning, 2006, 4.3.4.

    Parameters
    ----------
    l2, method, max_iterations, tolerance, epochs, batch_size, seed
        as for ``LogisticRegression``

    Attributes
    ----------
    classes_
        (K,) labels, sorted
    weight, bias
        (D, K) and (K): views into ``model``
    model, result_
        as in ``LogisticRegression``

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.datasets.digits()
    >>> nn.SoftmaxRegression(l2=1e-3).fit(x, y).score(x, y) > 0.96
    True
    """

    def _trained(self, x: Array, labels: Array, classes: int, sample_weight: Any) -> Model:
        model = linear_model(x.shape[1], classes, "softmax", self.l2, self.seed)
        return self._descend(model, "nllm", x, labels, sample_weight)

    def predict_proba(self, x: Any) -> Array:
        """Probabilities (n, K), in the order of ``classes_``."""
        return np.asarray(self.model.predict(x))
