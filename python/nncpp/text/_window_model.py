"""What the models of windows have in common: their vocabulary, their windows, the layer of word vectors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import data_type, flag, number, random_seed, shown, whole_number
from ..data import Array, array
from ..errors import DataError, NncppError, ShapeError
from ..layers import Embedding
from ..models._base import Estimator, weights_of
from ._sequences import Tokens
from ._vocabulary import Vocabulary
from ._windows import odd, windows


class _WindowModel(Estimator):
    """Arguments that the models of windows share."""

    _vocabulary: Vocabulary | None = None
    _default_dimensions: int

    def __init__(
        self,
        window: int,
        dimensions: int | None = None,
        *,
        min_count: int = 1,
        max_size: int | None = None,
        vocabulary: Vocabulary | None = None,
        pretrained: Any = None,
        trainable: bool = True,
        learning_rate: float = 0.01,
        epochs: int = 10,
        batch_size: int = 32,
        seed: int = 0,
        dtype: Any = "float32",
    ) -> None:
        self.window = odd("window", window)
        if vocabulary is not None and not isinstance(vocabulary, Vocabulary):
            raise TypeError(f"vocabulary: expected an nn.text.Vocabulary or None, got {shown(vocabulary)}")
        self.vocabulary = vocabulary
        self.pretrained = None if pretrained is None else _vectors(pretrained, vocabulary)
        self.dimensions = None if dimensions is None else whole_number("dimensions", dimensions, at_least=1)
        if self.pretrained is not None and dimensions not in {None, self.pretrained.shape[1]}:
            raise ShapeError(
                f"dimensions: expected {self.pretrained.shape[1]}, as pretrained has, or None, got {dimensions}"
            )
        self.trainable = flag("trainable", trainable)
        self.min_count = whole_number("min_count", min_count, at_least=1)
        self.max_size = None if max_size is None else whole_number("max_size", max_size, at_least=5)
        self.learning_rate = number("learning_rate", learning_rate, "[0, inf)")
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.seed = random_seed(seed)
        self.dtype = data_type(dtype)

    @property
    def vocabulary_(self) -> Vocabulary:
        """The words that the model knows: those given, or those of ``fit``."""
        if self._vocabulary is None:
            raise NncppError(f"{type(self).__name__}: not fitted yet; call fit first")
        return self._vocabulary

    @property
    def word_vectors(self) -> Array:
        """(V, dimensions), a row for each word of ``vocabulary_``: a view into ``model``."""
        return self.model.parameters["words/weight"]

    @abstractmethod
    def _words(self, sentences: list[list[str]]) -> list[list[str]]:
        """As the vocabulary has them."""

    def _vocabulary_of(self, sentences: list[list[str]]) -> Vocabulary:
        if self.vocabulary is not None:
            _ = self.vocabulary.borders
            return self.vocabulary
        return Vocabulary(self._words(sentences), min_count=self.min_count, max_size=self.max_size)

    def _windows(self, sentences: list[list[str]], vocabulary: Vocabulary) -> Tokens:
        """(tokens, window)."""
        return windows(vocabulary.encode(self._words(sentences)), self.window, vocabulary.borders)

    def _embedding(self, vocabulary: Vocabulary) -> Embedding:
        columns = self._default_dimensions if self.dimensions is None else self.dimensions
        if self.pretrained is not None:
            columns = self.pretrained.shape[1]
        return Embedding(len(vocabulary), columns, pretrained=self.pretrained, trainable=self.trainable, name="words")


def token_weights(sample_weight: Any, sentences: list[list[str]]) -> NDArray[np.float64] | None:
    """Each token has the weight of its sentence."""
    if sample_weight is None:
        return None
    return np.repeat(weights_of(sample_weight, len(sentences)), [len(sentence) for sentence in sentences])


def by_sentence(rows: Array, sentences: list[list[str]]) -> list[Array]:
    """What is known of each token, as an array for each sentence."""
    return np.split(rows, np.cumsum([len(sentence) for sentence in sentences])[:-1]) if sentences else []


def _vectors(pretrained: Any, vocabulary: Vocabulary | None) -> Array:
    matrix = array(pretrained, "pretrained")
    if vocabulary is None:
        raise DataError("pretrained: expected the vocabulary as well, which tells whose the rows are; give vocabulary=")
    if matrix.ndim != 2 or len(matrix) != len(vocabulary):
        raise ShapeError(f"pretrained: expected a row for each word, ({len(vocabulary)}, D), got {matrix.shape}")
    return matrix
