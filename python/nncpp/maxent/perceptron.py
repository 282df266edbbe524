"""The perceptron rule over features of a class and a datum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._sparse import SparseRows
from ..data import Array
from ..model import Model
from ..models.perceptron import _MistakeDriven
from ._base import FUNCTIONS, TEMPLATES, Inputs, _FeatureClassifier, network
from .votes import Floats


class FeaturePerceptron(_MistakeDriven, _FeatureClassifier):
    """s(c, d) = sum_i lambda_i f_i(c, d), the largest wins. At a mistake lambda_i += rate (f_i(y, d) - f_i(c, d)).

    The model of ``nn.MaxEnt``, with scores for probabilities: each datum moves only the weights of its own features. A
    mistake is a class c beside the right one y with s(c, d) >= s(y, d), the highest such; an epoch without one is the
    last. Averaged weights are the means of those after each datum seen, kept without a pass over all of them.

    Collins, "Discriminative training methods for hidden Markov models: theory and experiments with perceptron
    algorithms", EMNLP 2002; Freund, Schapire, "Large margin classification using the perceptron algorithm", Machine
    Learning 37, 1999.

    Parameters
    ----------
    features, min_count
        as for ``nn.MaxEnt``
    rate, epochs, shuffle, averaged, seed
        as for ``nn.Perceptron``

    Attributes
    ----------
    mistakes_
        number of mistakes in each epoch
    classes_, columns_, weight, function_weight, model
        as in ``nn.MaxEnt``

    Examples
    --------
    >>> import nncpp as nn
    >>> texts, topics = ["stocks hit a low", "rain and wind", "stocks rise"], ["money", "weather", "money"]
    >>> model = nn.maxent.FeaturePerceptron(["bag of words"], averaged=True).fit(texts, topics)
    >>> model.predict(["stocks fall", "wind"]), model.mistakes_[-1]
    (array(['money', 'weather'], dtype='<U7'), 0)
    """

    def __init__(
        self,
        features: Any,
        *,
        min_count: int = 1,
        rate: float = 1.0,
        epochs: int = 100,
        shuffle: bool = True,
        averaged: bool = False,
        seed: int = 0,
    ) -> None:
        self._keep_features(features, min_count)
        super().__init__(rate=rate, epochs=epochs, shuffle=shuffle, averaged=averaged, seed=seed)

    def decision_function(self, x: Any) -> Floats:
        """Scores (n, K), in the order of ``classes_``."""
        return self._outputs(x)

    def _trained(self, inputs: Inputs, labels: Array, classes: int, sample_weight: Floats) -> Model:
        model = network(inputs, classes, "identity", 0.0, self.seed)
        parts = [_part(model, layer, inputs) for layer in (TEMPLATES, FUNCTIONS) if f"{layer}_input" in inputs]

        def scores(i: int) -> Floats:
            return np.asarray(sum(part.scores(i) for part in parts))

        def move(i: int, direction: Floats, seen: int) -> None:
            for part in parts:
                part.move(i, direction, seen)

        seen = self._visit(labels, self.rate * sample_weight, scores, move)
        if self.averaged:
            for part in parts:
                part.weight -= part.early / seen
        return model


class _Part:
    """One kind of feature, its weights, and of each how much of it came too late for the mean, times the data seen."""

    def __init__(self, weight: Array) -> None:
        self.weight, self.early = weight, np.zeros_like(weight)

    def _add(self, places: Any, step: Floats, seen: int) -> None:
        self.weight[places] += step
        self.early[places] += seen * step


class _OfTemplates(_Part):
    def __init__(self, weight: Array, rows: SparseRows) -> None:
        super().__init__(weight)
        self.rows = rows

    def _row(self, i: int) -> tuple[Array, Array]:
        entries = slice(self.rows.indptr[i], self.rows.indptr[i + 1])
        return self.rows.indices[entries], self.rows.data[entries]

    def scores(self, i: int) -> Floats:
        columns, values = self._row(i)
        return np.asarray(values @ self.weight[columns])

    def move(self, i: int, direction: Floats, seen: int) -> None:
        columns, values = self._row(i)
        self._add(columns, np.outer(values, direction), seen)


class _OfFunctions(_Part):
    def __init__(self, weight: Array, values: Floats) -> None:
        super().__init__(weight)
        self.values = values

    def scores(self, i: int) -> Floats:
        return np.asarray(self.values[i] @ self.weight[:, 0])

    def move(self, i: int, direction: Floats, seen: int) -> None:
        self._add(slice(None), (direction @ self.values[i])[:, None], seen)


def _part(model: Model, layer: str, inputs: Inputs) -> _OfTemplates | _OfFunctions:
    weight, values = model.parameters[f"{layer}/weight"], inputs[f"{layer}_input"]
    return _OfTemplates(weight, values) if layer == TEMPLATES else _OfFunctions(weight, values)
