"""The window classifier: a tag for each word, from the words around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from .._arguments import flag, number, whole_number
from ..data import Array
from ..errors import DataError, ShapeError
from ..layers import Activation, Concatenate, Dense, Dropout, Embedding, Flatten, Input
from ..model import Model
from ..optimizers import Adam
from ._sequences import Tokens, nonempty_sentences_of, sentences_of
from ._vocabulary import Vocabulary
from ._window_model import _WindowModel, by_sentence, token_weights
from ._windows import windows

BORDER, MARK, NUMBER, LOWER, CAPITALIZED, UPPER, MIXED = range(7)  # how a word is written


class WindowClassifier(_WindowModel):
    """P(tag of the word in the middle) = softmax(V f(W x + b)), where x are the vectors of the words of the window.

    Word vectors are learned with the rest. With ``case_dimensions`` x has, for each word, a second, small vector of how
    it is written: lower case, Capitalized, UPPER CASE, mixed, a number, a mark; so the vocabulary itself can be lower
    case, which pretrained vectors often are. Each tag is decided on its own.

    Collobert et al., "Natural language processing (almost) from scratch", JMLR 12, 2011, 3.3.1 (window approach).

    Parameters
    ----------
    window
        words of a window, an odd number
    dimensions
        numbers of a word vector; None: 50, or as many as ``pretrained`` has
    hidden
        units of the hidden layers, one or more; () for none
    activation
        f, by name
    case_dimensions
        numbers of the vector of how a word is written; 0: there is none
    dropout
        probability of dropping an input of the last layer
    lower
        True makes words small before they are looked up; how they are written is seen before
    min_count, max_size
        of the vocabulary that ``fit`` makes, 2 and None by default: rarer words train the vector of unknown ones
    vocabulary
        to be used instead, one with start, end and unknown
    pretrained
        (V, dimensions) word vectors to begin with, for the words of ``vocabulary``; see ``read_vectors``
    trainable
        False keeps the word vectors as they are at first
    learning_rate, epochs, batch_size
        of the training by Adam
    seed, dtype
        of the network

    Attributes
    ----------
    classes_
        tags, sorted
    vocabulary_
        the words
    word_vectors
        (V, dimensions): a view into ``model``
    model
        the network: an input (N, window) of tokens, with ``case_dimensions`` a second one of how words are written

    Examples
    --------
    >>> import nncpp as nn
    >>> sentences = [f"{name} lives in {place} now".split() for name in ("Ann", "Bob") for place in ("Rome", "Oslo")]
    >>> tags = [["B-PER", "O", "O", "B-LOC", "O"]] * 4
    >>> tagger = nn.text.WindowClassifier(window=3, dimensions=8, hidden=16, epochs=60).fit(sentences, tags)
    >>> tagger.predict([["Bob", "lives", "in", "Bern", "now"]])
    [['B-PER', 'O', 'O', 'B-LOC', 'O']]
    """

    classes_: Any
    _default_dimensions = 50

    def __init__(
        self,
        window: int = 5,
        dimensions: int | None = None,
        hidden: int | Sequence[int] = (64,),
        activation: str = "tanh",
        *,
        case_dimensions: int = 0,
        dropout: float = 0.0,
        lower: bool = False,
        min_count: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(window, dimensions, min_count=min_count, **self._known(options))
        units = hidden if isinstance(hidden, tuple | list) else (hidden,)
        self.hidden = tuple(whole_number("hidden", count, at_least=1) for count in units)
        self.activation = Activation(activation).activation
        self.case_dimensions = whole_number("case_dimensions", case_dimensions)
        self.dropout = number("dropout", dropout, "[0, 1)")
        self.lower = flag("lower", lower)

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learns from tagged sentences.

        Parameters
        ----------
        x
            n sequences of words, none of them empty
        y
            their tags, as many strings
        sample_weight
            (n,) numbers >= 0, of the sentences; None weighs all alike

        Returns
        -------
        the object itself
        """
        sentences = nonempty_sentences_of("x", x)
        classes, labels = np.unique(_tags(y, sentences), return_inverse=True)
        if len(classes) < 2:
            raise DataError(f"y: expected at least 2 tags, got only {classes[0]!r}")
        vocabulary = self._vocabulary_of(sentences)
        inputs, weights = self._inputs(sentences, vocabulary), token_weights(sample_weight, sentences)
        model = self._network(vocabulary, len(classes))
        model.fit(inputs, labels, epochs=self.epochs, batch_size=self.batch_size, sample_weight=weights)
        self._model, self._vocabulary, self.classes_ = model, vocabulary, classes
        return self

    def predict_proba(self, x: Any) -> list[Array]:
        """Probabilities of the tags of each word.

        Parameters
        ----------
        x
            n sequences of words

        Returns
        -------
        list
            of n arrays (words, K), in the order of ``classes_``
        """
        sentences = sentences_of("x", x)
        return by_sentence(np.asarray(self.model.predict(self._inputs(sentences, self.vocabulary_))), sentences)

    def predict(self, x: Any) -> list[list[str]]:
        """The most probable tag of each word.

        Parameters
        ----------
        x
            n sequences of words

        Returns
        -------
        list
            of n lists of strings
        """
        return [self.classes_[p.argmax(axis=1)].tolist() for p in self.predict_proba(x)]

    def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Weighted share of words with the right tag; ``bio_f1`` tells of whole entities.

        Parameters
        ----------
        x, y, sample_weight
            as for ``fit``
        """
        sentences = nonempty_sentences_of("x", x)
        guessed = [tag for tags in self.predict(sentences) for tag in tags]
        is_right = np.array(guessed) == np.array(_tags(y, sentences))
        return float(np.average(is_right, weights=token_weights(sample_weight, sentences)))

    def _words(self, sentences: list[list[str]]) -> list[list[str]]:
        return [[word.lower() for word in sentence] for sentence in sentences] if self.lower else sentences

    def _inputs(self, sentences: list[list[str]], vocabulary: Vocabulary) -> Tokens | list[Tokens]:
        words = self._windows(sentences, vocabulary)
        if self.case_dimensions == 0:
            return words
        return [words, windows([list(map(_case, sentence)) for sentence in sentences], self.window, BORDER)]

    def _network(self, vocabulary: Vocabulary, tags: int) -> Model:
        inputs = [Input(self.window, "window", dtype="int64")]
        node = Flatten()(self._embedding(vocabulary)(inputs[0]))
        if self.case_dimensions > 0:
            inputs.append(Input(self.window, "case", dtype="int64"))
            cases = Embedding(MIXED + 1, self.case_dimensions, name="cases")(inputs[1])
            node = Concatenate()([node, Flatten()(cases)])
        for units in self.hidden:
            node = Dense(units, self.activation)(node)
        if self.dropout > 0:
            node = Dropout(self.dropout)(node)
        model = Model(inputs, Dense(tags, "softmax", name="tags")(node), seed=self.seed, dtype=self.dtype)
        model.compile(Adam(self.learning_rate), "nllm")
        return model


def _tags(y: Any, sentences: list[list[str]]) -> list[str]:
    """One for each word of all sentences."""
    rows = sentences_of("y", y, "tag")
    if len(rows) != len(sentences):
        raise ShapeError(f"y: expected the tags of {len(sentences)} sentences, got {len(rows)}")
    for i, (row, sentence) in enumerate(zip(rows, sentences, strict=True)):
        if len(row) != len(sentence):
            raise ShapeError(f"y[{i}]: expected a tag for each of the {len(sentence)} words, got {len(row)}")
    return [tag for row in rows for tag in row]


def _case(word: str) -> int:
    """How a word is written."""
    if not any(character.isalpha() for character in word):
        return NUMBER if any(character.isdigit() for character in word) else MARK
    if word.islower():
        return LOWER
    if word[:1].isupper() and (len(word) == 1 or word[1:].islower()):
        return CAPITALIZED
    return UPPER if word.isupper() else MIXED
