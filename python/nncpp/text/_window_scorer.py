"""The window scorer: how well the word in the middle fits, learned against words that do not."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arguments import flag, number, whole_number
from ..data import Array
from ..errors import DataError, ShapeError
from ..layers import Activation, Dense, Flatten, Input
from ..losses import MaxMarginLoss
from ..model import Model
from ..optimizers import Adam
from ..sequential import Sequential
from ._sequences import Tokens, listed, nonempty_sentences_of, sentences_of
from ._vocabulary import Vocabulary
from ._window_model import _WindowModel, by_sentence, token_weights
from ._windows import corrupt


class WindowScorer(_WindowModel):
    """s = U' f(W x + b), where x are the vectors of the words of a window one after the other; they are learned too.

    Each epoch compares every window with one that is wrong, whose score is s_c, and lowers max(margin + s_c - s, 0).
    Without y, wrong windows are the same ones with another word in the middle (``corrupt``), new ones in each epoch:
    the scorer learns from plain text which words fit together. With y it learns which words in the middle are of a
    kind, say names of places: right windows are those around the words marked, wrong ones are drawn from the others.

    As by default, with windows of 5 words, 4 numbers a word and 8 hidden units, x has 20 numbers and the scorer, apart
    from the word vectors, 20 * 8 + 8 + 8 = 176 parameters.

    Stanford CS224n, "Lecture notes part III", 2019, 1.3 - 1.5; Collobert et al., "Natural language processing (almost)
    from scratch", JMLR 12, 2011.

    Parameters
    ----------
    window
        words of a window, an odd number
    dimensions
        numbers of a word vector; None: 4, or as many as ``pretrained`` has
    hidden
        units of the hidden layer
    activation
        f, by name
    margin
        > 0
    min_count, max_size
        of the vocabulary that ``fit`` makes; see ``Vocabulary``
    vocabulary
        to be used instead, one with start and end
    pretrained
        (V, dimensions) word vectors to begin with, for the words of ``vocabulary``; see ``read_vectors``
    trainable
        False keeps the word vectors as they are at first
    learning_rate, epochs, batch_size
        of the training by Adam
    seed, dtype
        of the network; the seed is the key of wrong windows, too

    Attributes
    ----------
    vocabulary_
        the words
    word_vectors
        (V, dimensions): a view into ``model``
    model
        the network: two inputs (N, window) of tokens, right and wrong, and two outputs, their scores

    Examples
    --------
    >>> import nncpp as nn
    >>> sentences = [f"{name} lives in {place} now".split() for name in ("Ann", "Bob") for place in ("Rome", "Oslo")]
    >>> places = [[False, False, False, True, False]] * 4
    >>> scorer = nn.text.WindowScorer(learning_rate=0.1, epochs=50).fit(sentences, places)
    >>> (scores,) = scorer.decision_function([["Bob", "lives", "in", "Oslo", "now"]])
    >>> int(scores.argmax()), scorer.score(sentences, places)
    (3, 1.0)
    """

    _default_dimensions = 4

    def __init__(
        self,
        window: int = 5,
        dimensions: int | None = None,
        hidden: int = 8,
        activation: str = "sigmoid",
        *,
        margin: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(window, dimensions, **self._known(options))
        self.hidden = whole_number("hidden", hidden, at_least=1)
        self.activation = Activation(activation).activation
        self.margin = number("margin", margin, "(0, inf)")

    def fit(self, x: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learns from sentences.

        Parameters
        ----------
        x
            n sequences of words, none of them empty
        y
            True or False for each word of each sentence: which are of the kind to be found. None takes all windows as
            right, and words put in at random as wrong
        sample_weight
            (n,) numbers >= 0, of the sentences; None weighs all alike

        Returns
        -------
        the object itself
        """
        sentences = nonempty_sentences_of("x", x)
        vocabulary = self._vocabulary_of(sentences)
        right, others, weights = self._parts(sentences, vocabulary, y, sample_weight)
        model = self._network(vocabulary)
        for epoch in range(self.epochs):
            wrong = self._wrong(right, others, vocabulary, epoch)
            model.fit([right, wrong], batch_size=self.batch_size, sample_weight=weights, verbose=False)
        self._model, self._vocabulary = model, vocabulary
        return self

    def decision_function(self, x: Any) -> list[Array]:
        """Scores of the words of each sentence: the larger the better it fits.

        Parameters
        ----------
        x
            n sequences of words

        Returns
        -------
        list
            of n arrays (words,)
        """
        sentences = sentences_of("x", x)
        return by_sentence(self._scores(self._windows(sentences, self.vocabulary_)), sentences)

    def score(self, x: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Weighted share of right windows that score above the wrong one drawn for them: 1 is perfect, 0.5 is chance.

        Parameters
        ----------
        x, y, sample_weight
            as for ``fit``
        """
        sentences = nonempty_sentences_of("x", x)
        right, others, weights = self._parts(sentences, self.vocabulary_, y, sample_weight)
        wrong = self._wrong(right, others, self.vocabulary_, self.epochs)
        return float(np.average(self._scores(right) > self._scores(wrong), weights=weights))

    def _words(self, sentences: list[list[str]]) -> list[list[str]]:
        return sentences

    def _scores(self, rows: Tokens) -> Array:
        return np.asarray(self.model.predict([rows, rows])[0][:, 0])

    def _parts(
        self, sentences: list[list[str]], vocabulary: Vocabulary, y: Any, sample_weight: Any
    ) -> tuple[Tokens, Tokens | None, NDArray[np.float64] | None]:
        """Windows that are right, those that wrong ones are drawn from, if there are any, and weights of the first."""
        rows, weights = self._windows(sentences, vocabulary), token_weights(sample_weight, sentences)
        if y is None:
            return rows, None, weights
        marks = _marks(y, sentences)
        if marks.all() or not marks.any():
            raise DataError(f"y: expected words of the kind and others, got {int(marks.sum())} of {len(marks)} marked")
        return rows[marks], rows[~marks], None if weights is None else weights[marks]

    def _wrong(self, right: Tokens, others: Tokens | None, vocabulary: Vocabulary, epoch: int) -> Tokens:
        if others is None:
            return corrupt(right, len(vocabulary), self.seed, epoch=epoch, num_special=vocabulary.num_special)
        turns = -(-len(right) // len(others))
        drawn = _core.permutation(self.seed, "text", epoch, turns * len(others))[: len(right)]
        return others[drawn % len(others)]

    def _network(self, vocabulary: Vocabulary) -> Model:
        score = Sequential([
            self._embedding(vocabulary),
            Flatten(),
            Dense(self.hidden, self.activation, name="hidden"),
            Dense(1, use_bias=False, name="score"),
        ])  # fmt: skip
        right, wrong = (Input(self.window, name, dtype="int64") for name in ("right", "wrong"))
        model = Model([right, wrong], [score(right), score(wrong)], seed=self.seed, dtype=self.dtype)
        model.compile(Adam(self.learning_rate), MaxMarginLoss(self.margin))
        return model


def _marks(y: Any, sentences: list[list[str]]) -> NDArray[np.bool_]:
    """(tokens,), True where a word is of the kind."""
    rows = listed("y", y)
    if len(rows) != len(sentences):
        raise ShapeError(f"y: expected one sequence for each of the {len(sentences)} sentences, got {len(rows)}")
    marks = []
    for i, (row, sentence) in enumerate(zip(rows, sentences, strict=True)):
        entries = listed(f"y[{i}]", row)
        if len(entries) != len(sentence):
            raise ShapeError(f"y[{i}]: expected one for each of the {len(sentence)} words, got {len(entries)}")
        marks += [flag(f"y[{i}]", entry) for entry in entries]
    return np.array(marks)
