"""What callers pass: sentences of words, sequences of tokens; checked, or refused in words."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import data
from .._arguments import LARGEST, shown
from ..errors import DataError, ShapeError

Tokens = NDArray[np.int64]


def tokens_of(argument: str, value: Any) -> Tokens:
    """One sequence of whole numbers >= 0, (n,) int64."""
    if isinstance(value, list | tuple) and not value:
        return np.empty(0, np.int64)
    result = integers_of(argument, value)
    if result.ndim != 1:
        raise ShapeError(f"{argument}: expected a sequence of tokens, (n,), got {result.shape}")
    return result


def integers_of(argument: str, value: Any) -> Tokens:
    """Whole numbers >= 0, of any shape, int64."""
    result = data.array(value, argument)
    if result.dtype.kind not in "iu":
        raise TypeError(f"{argument}: expected whole numbers, got {result.dtype.name}; encode words by a Vocabulary")
    if result.size and (result.min() < 0 or result.max() > LARGEST):
        place = np.unravel_index(int(((result < 0) | (result > LARGEST)).argmax()), result.shape)
        at = ", ".join(str(int(i)) for i in place)
        raise DataError(f"{argument}: expected whole numbers >= 0, got {result[place]} at ({at})")
    return result.astype(np.int64, copy=False)


def sequences_of(argument: str, value: Any) -> list[Tokens]:
    """Several sequences of whole numbers >= 0."""
    return [tokens_of(f"{argument}[{i}]", sequence) for i, sequence in enumerate(listed(argument, value))]


def words_of(argument: str, value: Any, kind: str = "word") -> list[str]:
    """One sequence of strings."""
    words = listed(argument, value)
    for i, word in enumerate(words):
        if not isinstance(word, str):
            raise TypeError(f"{argument}[{i}]: expected a {kind}, a string, got {shown(word)}")
    return words


def sentences_of(argument: str, value: Any, kind: str = "word") -> list[list[str]]:
    """Several sequences of strings."""
    return [words_of(f"{argument}[{i}]", sentence, kind) for i, sentence in enumerate(listed(argument, value))]


def nonempty_sentences_of(argument: str, value: Any, kind: str = "word") -> list[list[str]]:
    """At least one sequence of strings, none of them empty."""
    sentences = sentences_of(argument, value, kind)
    if not sentences:
        raise DataError(f"{argument}: expected at least 1 sentence, got none")
    for i, sentence in enumerate(sentences):
        if not sentence:
            raise DataError(f"{argument}[{i}]: expected a sentence of at least 1 {kind}, got none; leave it out")
    return sentences


def listed(argument: str, value: Any) -> list[Any]:
    """The entries of what can be gone through, but of a string."""
    if isinstance(value, str | bytes):
        raise TypeError(f"{argument}: expected a sequence of words, got the text {shown(value)}; use nn.text.tokenize")
    if not isinstance(value, Iterable):
        raise TypeError(f"{argument}: expected a sequence, got {shown(value)}")
    return list(value)
