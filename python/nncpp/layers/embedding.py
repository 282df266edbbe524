"""Embedding: a row of numbers for each token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import _core
from .._arguments import flag, whole_number
from ..data import Array, array
from ..errors import DataError, ShapeError
from ..initializers import Initializer
from ..regularizers import Regularizer
from ._layer import Formulas, Layer, given, optional


class Embedding(Layer):
    """v = W[token];  tokens (N, ...) from 0 to C - 1, W (C, D), v (N, ..., D).

    dW[c] = sum of dv over the places where the token is c. All other rows of dW are 0: a step costs as much as the
    batch has tokens, however large the vocabulary is. It stands behind ``nn.Input(shape, dtype="int64")``. A
    regularizer moves all rows, and so takes that advantage away.
    Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model", JMLR 3, 2003; Collobert, Weston,
    "A unified architecture for natural language processing", ICML 2008.

    Parameters
    ----------
    vocabulary
        number of different tokens C
    dimensions
        numbers for each token D
    pretrained
        (C, D) array that W begins with, vectors of words for instance; None leaves it to the initializer
    trainable
        False keeps W as it is; that is for a pretrained one
    weight_initializer
        name or object of ``nn.initializers``; "uniform" is U(-0.05, 0.05)
    weight_regularizer
        L1, L2, ElasticNet or None
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those
    ShapeError
        unless pretrained is (C, D)

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> vectors = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
    >>> model = nn.Sequential([nn.Input(2, dtype="int64"), nn.Embedding(3, 2, pretrained=vectors)])
    >>> model.predict(np.array([[2, 1]]))
    array([[[3., 4.],
            [1., 2.]]], dtype=float32)
    """

    def __init__(
        self,
        vocabulary: int,
        dimensions: int,
        *,
        pretrained: Any = None,
        trainable: bool = True,
        weight_initializer: Any = "uniform",
        weight_regularizer: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.vocabulary = whole_number("vocabulary", vocabulary, at_least=1)
        self.dimensions = whole_number("dimensions", dimensions, at_least=1)
        self.trainable = flag("trainable", trainable)
        self.weight_initializer = Initializer.of(weight_initializer, "weight_initializer")
        self.weight_regularizer = optional(Regularizer, weight_regularizer, "weight_regularizer")
        if self.weight_regularizer is not None and not self.trainable:
            raise DataError("weight_regularizer: expected None with trainable=False, the weight stays as it is")
        self.pretrained = None if pretrained is None else self._vectors(pretrained)

    def _vectors(self, pretrained: Any) -> Array:
        vectors = array(pretrained, "pretrained")
        if vectors.shape != (self.vocabulary, self.dimensions):
            expected = (self.vocabulary, self.dimensions)
            raise ShapeError(f"pretrained: expected (vocabulary, dimensions) = {expected}, got {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise DataError("pretrained: expected finite numbers, got NaN or infinity")
        return vectors

    def __repr__(self) -> str:
        text = super().__repr__()
        if self.pretrained is None:
            return text
        return text.replace(repr(self.pretrained), f"<array {self.pretrained.shape}>")

    def config(self) -> dict[str, Any]:
        """The kind and the arguments but for ``pretrained``, whose numbers are among the model's parameters."""
        return {name: value for name, value in super().config().items() if name != "pretrained"}

    @property
    def regularizers(self) -> Mapping[str, Regularizer]:
        """The penalty on its weight, if it has one."""
        return given(weight=self.weight_regularizer)

    @property
    def formulas(self) -> Formulas:
        """Tokens are u; they have no gradient."""
        gradient = ("dW = in row c the sum of dv where u is c",) if self.trainable else ()
        return Formulas(("v = W[u]",), gradient, {"W": "weight"})

    def _first_values(self) -> Mapping[str, Array]:
        return {} if self.pretrained is None else {"weight": self.pretrained}

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Embedding(self.vocabulary, self.dimensions, self.trainable, self.weight_initializer._core())
