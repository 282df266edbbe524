"""MaxEnt: the log-linear model of features of a class and a datum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._arguments import number, shown
from .._sparse import SparseRows
from ..data import Array
from ..errors import DataError
from ..model import Model
from ..models.log_linear import _LogLinear
from ._base import FUNCTIONS, TEMPLATES, Inputs, _FeatureClassifier, network
from .votes import Floats


class MaxEnt(_LogLinear, _FeatureClassifier):
    """P(c given d) = exp(sum_i lambda_i f_i(c, d)) / Z(d), Z(d) the sum of the numerators over all classes.

    A feature is a function f(c, d) -> number, with one weight; or comes from a template, a ``nn.maxent.Template`` or
    its name, which finds features phi_j(d): those stand for one f(c, d) = [c = c_k] phi_j(d) for each class c_k, so
    each has K weights. Minimized is

        J = -mean log P(y given d) + l2 / 2 sum_i lambda_i^2

    and all weights are penalized: a bias is the feature "always". In scikit-learn, which adds up where nncpp takes the
    mean, C = 1 / (n l2) with ``fit_intercept=False``; of a Gaussian prior of the weights, sigma^2 = 1 / (n l2); texts
    that add lambda sum w^2 to the mean have lambda = l2 / 2. J is convex: with l2 > 0 there is one minimum.

    Berger, Della Pietra, Della Pietra, "A maximum entropy approach to natural language processing", Computational
    Linguistics 22, 1996; Chen, Rosenfeld, "A Gaussian prior for smoothing maximum entropy models", 1999.

    Parameters
    ----------
    features
        list of templates, their names, and functions f(c, d) -> number; memory grows with the features that fire, but
        an array of n x K x M numbers is made for M functions
    l2
        factor of the penalty, >= 0
    min_count
        features of templates that fire for fewer of the data of ``fit`` are left out
    classes, weights
        to use the model without ``fit``: the labels, and a mapping to numbers from names of functions, and from
        (feature, label) for templates; 0 for what is not in it. A lambda's name is "f1", "f2", ... by its place in
        ``features``
    method
        "L-BFGS-B" or another of ``nn.minimize`` (they need SciPy, ``pip install "nncpp[scipy]"``), or an optimizer,
        name or object, for mini-batches; with very many features ``nn.AdaGrad(0.5, update="lazy")``, whose steps cost
        what the features cost that fire
    max_iterations, tolerance
        of ``nn.minimize``
    epochs, batch_size
        of an optimizer
    seed
        key of the order of data; weights begin at 0

    Attributes
    ----------
    classes_
        (K,) labels, sorted, or as they were given
    columns_
        the features of templates, and their rows in ``weight``
    weight, function_weight
        (F, K) and (M,): views into ``model``
    model
        the network, of float64
    result_
        what ``nn.minimize`` or ``model.fit`` returned

    Examples
    --------
    >>> import nncpp as nn
    >>> places = [(["in", "Rome"], 1), (["in", "Paris"], 1), (["saw", "Sue"], 1), (["saw", "Tom"], 1)]
    >>> model = nn.MaxEnt(["word", "prev word"], l2=0.01).fit(places, ["LOCATION", "LOCATION", "PERSON", "PERSON"])
    >>> votes = model.explain((["in", "Québec"], 1))
                  LOCATION  PERSON
    prev word=in     1.227  -1.227
    sum              1.227  -1.227
    P                0.921   0.079
    """

    _has_probabilities = True

    def __init__(
        self,
        features: Any,
        l2: float = 1e-4,
        *,
        min_count: int = 1,
        classes: Any = None,
        weights: Mapping[Any, float] | None = None,
        method: Any = "L-BFGS-B",
        max_iterations: int = 1000,
        tolerance: float = 1e-6,
        epochs: int = 100,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        self._keep_features(features, min_count)
        super().__init__(
            l2,
            method=method,
            max_iterations=max_iterations,
            tolerance=tolerance,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
        )
        self.classes, self.weights = classes, weights
        if (classes is None) != (weights is None):
            raise DataError("classes: expected both classes and weights, or neither, got one of them")
        if weights is not None:
            self._take(classes, weights)

    def _take(self, classes: Any, weights: Mapping[Any, float]) -> None:
        """A network of these weights."""
        kept = np.asarray(classes)
        labels, functions = kept.tolist(), list(self._features.functions)
        if kept.ndim != 1 or len(labels) < 2 or len(set(labels)) < len(labels):
            raise DataError(f"classes: expected at least 2 different labels, got {classes}")
        if not isinstance(weights, Mapping):
            raise TypeError(f"weights: expected a mapping from features to numbers, got {shown(weights)}")
        places: dict[tuple[str, int, int], float] = {}
        columns: dict[str, int] = {}
        for key, value in weights.items():
            weight = number(f"weights: {key!r}", value)
            if key in functions:
                places[FUNCTIONS, functions.index(key), 0] = weight
            elif self._features.templates and _is_pair(key, labels):
                column = columns.setdefault(key[0], len(columns))
                places[TEMPLATES, column, labels.index(key[1])] = weight
            else:
                known = ", ".join(map(repr, functions)) or "none"
                raise DataError(f"weights: expected functions ({known}) or (feature, label) of templates, got {key!r}")
        none = np.zeros(1, np.int64)
        rows = SparseRows(np.zeros(0), none[:0], none, (0, len(columns)))
        inputs = self._inputs(rows, np.zeros((0, len(labels), len(functions))))
        if not inputs:
            raise DataError("weights: expected at least one, got none")
        model = network(inputs, len(labels), "softmax", self.l2, self.seed)
        for (layer, row, column), weight in places.items():
            model.parameters[f"{layer}/weight"][row, column] = weight
        self._model, self.classes_, self.columns_ = model, kept, columns

    def _trained(self, inputs: Inputs, labels: Array, classes: int, sample_weight: Floats) -> Model:
        model = network(inputs, classes, "softmax", self.l2, self.seed)
        return self._descend(model, "nllm", inputs, labels, sample_weight)

    def predict_proba(self, x: Any) -> Floats:
        """Probabilities (n, K), in the order of ``classes_``."""
        return self._outputs(x)


def _is_pair(key: Any, labels: list[Any]) -> bool:
    """Whether it is a feature's name and a label."""
    return isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], str) and key[1] in labels
