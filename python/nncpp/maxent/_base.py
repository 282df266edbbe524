"""What a MaxEnt and a perceptron over features have in common: features, the network, predictions, votes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._arguments import whole_number
from .._sparse import SparseRows
from ..data import Array
from ..errors import DataError
from ..layers import Activation, Add, Dense, Input, Reshape
from ..model import Model
from ..models._base import _Classifier, classes_of, weights_of
from ..regularizers import L2
from .features import Features, data_of
from .votes import Floats, Vote, Votes

Inputs = dict[str, Any]
TEMPLATES, FUNCTIONS = "templates", "functions"  # layers, and in the plural of what they weigh


class _FeatureClassifier(_Classifier):
    """Scores s_k(d) = sum_j W_jk phi_j(d) + sum_m lambda_m f_m(c_k, d), of templates phi and functions f.

    Attributes
    ----------
    classes_
        (K,) labels, sorted
    columns_
        the features of templates, and their rows in ``weight``
    """

    features: tuple[Any, ...]
    min_count: int
    columns_: dict[str, int]

    def _keep_features(self, features: Iterable[Any], min_count: int) -> None:
        self._features = Features(features)
        self.features = self._features.all
        self.min_count = whole_number("min_count", min_count, at_least=1)

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learns from n data.

        Parameters
        ----------
        x
            list of n data, of the form that the templates and functions expect
        y
            (n,) labels of any type: strings, numbers, bool, ...
        sample_weight
            (n,) numbers >= 0; None weighs all data alike

        Returns
        -------
        the object itself
        """
        data = data_of(x)
        classes, labels = classes_of(y, len(data))
        columns, rows = self._features.learn(data, self.min_count)
        if not columns and not self._features.functions:
            raise DataError(f"min_count: expected a feature in at least {self.min_count} of the data, got none")
        inputs = self._inputs(rows, self._features.values(data, classes.tolist()))
        self._model = self._trained(inputs, labels, len(classes), weights_of(sample_weight, len(data)))
        self.classes_, self.columns_ = classes, columns
        return self

    @abstractmethod
    def _trained(self, inputs: Inputs, labels: Array, classes: int, sample_weight: Floats) -> Model:
        """A network of ``network``."""

    @property
    def weight(self) -> Array:
        """(F, K): a row for each entry of ``columns_``, a view into the model."""
        return self._weight(TEMPLATES)

    @property
    def function_weight(self) -> Array:
        """(M,): one for each function f(c, d), in their order, a view into the model."""
        return self._weight(FUNCTIONS)[:, 0]

    def _weight(self, layer: str) -> Array:
        parameters, columns = self.model.parameters, 1 if layer == FUNCTIONS else len(self.classes_)
        return parameters.get(f"{layer}/weight", np.zeros((0, columns)))

    def predict(self, x: Any) -> NDArray[Any]:
        """Labels (n,), as they were in y."""
        best = self._outputs(x).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def explain(self, d: Any) -> Votes:
        """Prints how each feature of a datum votes, and returns the votes.

        A vote is a weight times the feature's value. Left out are features that were not in the data of ``fit``.

        Parameters
        ----------
        d
            one datum
        """
        votes = self._votes(d)
        print(votes)  # noqa: T201
        return votes

    def _votes(self, d: Any) -> Votes:
        outputs, classes, weight = self._outputs([d])[0], self.classes_, self.weight
        entries = [
            Vote(name, weight[self.columns_[name]].copy(), weight[self.columns_[name]] * value)
            for name, value in self._features.fired(d).items()
            if name in self.columns_
        ]
        values = self._features.values([d], classes.tolist())[0]
        for name, single, column in zip(self._features.functions, self.function_weight, values.T, strict=True):
            if column.any():
                entries.append(Vote(name, np.full(len(classes), single), single * column))
        entries.sort(key=lambda vote: -float(np.ptp(vote.votes)))
        scores = sum((vote.votes for vote in entries), start=np.zeros(len(classes)))
        return Votes(classes, entries, scores, outputs if self._has_probabilities else None)

    _has_probabilities = False

    def _outputs(self, x: Any) -> Floats:
        model, data = self.model, data_of(x)
        rows = self._features.encode(data, self.columns_)
        values = self._features.values(data, self.classes_.tolist())
        return np.asarray(model.predict(self._inputs(rows, values)))

    def _inputs(self, rows: SparseRows, values: Floats) -> Inputs:
        """What goes into the network; of a kind of feature that there is none of, nothing."""
        found: Mapping[str, Any] = {f"{TEMPLATES}_input": rows, f"{FUNCTIONS}_input": values}
        return {name: entry for name, entry in found.items() if entry.shape[-1] > 0}


def network(inputs: Inputs, classes: int, activation: str, l2: float, seed: int) -> Model:
    """f(x W + F lambda) in float64, from weights 0 on: sparse rows x (N, F), and F (N, K, M) for each class."""
    options: dict[str, Any] = {
        "use_bias": False, "weight_initializer": "zeros", "weight_regularizer": L2(l2) if l2 > 0 else None
    }  # fmt: skip
    nodes, scores = [], []
    for name, values in inputs.items():
        layer = name.removesuffix("_input")
        if layer == TEMPLATES:
            nodes.append(Input(values.shape[1], name=name, sparse=True))
            scores.append(Dense(classes, **options, name=layer)(nodes[-1]))
        else:
            nodes.append(Input(values.shape[1:], name=name))
            scores.append(Reshape(classes)(Dense(1, **options, name=layer)(nodes[-1])))
    total = Add()(scores) if len(scores) > 1 else scores[0]
    return Model(nodes, Activation(activation)(total), seed=seed, dtype="float64")
