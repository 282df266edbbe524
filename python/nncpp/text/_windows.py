"""Windows of words around each word, and windows whose word in the middle is wrong."""

from typing import Any

import numpy as np

from .. import _core
from .._arguments import random_seed, whole_number
from ..errors import DataError, ShapeError
from ._sequences import Tokens, integers_of, listed, sequences_of, tokens_of

LAST_EPOCH = 2**32 - 1


def windows(sentences: Any, size: int = 5, padding: int | tuple[int, int] = 0) -> Tokens:
    """Around each token the window of odd size with it in the middle; no window goes over the end of a sentence.

    Parameters
    ----------
    sentences : one sequence of tokens, or several
        Whole numbers >= 0, as ``Vocabulary.encode`` gives them.
    size : int
        Odd: size // 2 tokens on each side.
    padding : int or (start, end)
        What stands before and behind a sentence: ``vocabulary.borders``, or one token for both.

    Returns
    -------
    array
        (tokens, size) int64, a row for each token, sentence by sentence.

    Raises
    ------
    DataError, ShapeError, TypeError
        `size` is even, tokens are negative, or something is no token.

    References
    ----------
    Stanford CS224n, "Lecture notes part III: neural networks, backpropagation", 2019, 1.3.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.windows([7, 8, 9], size=3, padding=(2, 3))
    array([[2, 7, 8],
           [7, 8, 9],
           [8, 9, 3]])
    """
    size = odd("size", size)
    start, end = _borders(padding)
    entries = listed("sentences", sentences)
    is_one = len(entries) > 0 and np.ndim(entries[0]) == 0
    rows = [tokens_of("sentences", sentences)] if is_one else sequences_of("sentences", entries)
    rows = [row for row in rows if len(row)]
    if not rows:
        return np.empty((0, size), np.int64)
    side = size // 2
    before, behind = np.full(side, start), np.full(side, end)
    line = np.concatenate([piece for row in rows for piece in (before, row, behind)])
    lengths = np.array([len(row) for row in rows])
    gaps = np.repeat(np.arange(len(rows)) * (size - 1), lengths)  # borders before the sentence of each token
    first = np.arange(lengths.sum()) + gaps
    return np.lib.stride_tricks.sliding_window_view(line, size)[first]


def corrupt(windows: Any, vocabulary_size: int, seed: int = 0, *, epoch: int = 0, num_special: int = 0) -> Tokens:
    """The same windows with another word in the middle, any but the right one with equal probability.

    The words are a function of seed, epoch, and how many words and rows there are. They are dealt like cards: each of
    the places 1, 2, ... further on the ring of words comes once before one comes again.

    Parameters
    ----------
    windows : (N, size) tokens
        Of odd size, as ``windows`` gives them.
    vocabulary_size : int
        Number of tokens: 0 ... vocabulary_size - 1.
    seed : int
        Key of the words.
    epoch : int
        Another key: give each epoch its own.
    num_special : int
        Tokens 0 ... num_special - 1 are never put in: ``vocabulary.num_special``.

    Returns
    -------
    array
        (N, size) int64, new.

    Raises
    ------
    DataError, ShapeError, TypeError
        Fewer than 2 words to choose from; tokens outside the vocabulary; windows of even size.

    References
    ----------
    R. Collobert, J. Weston, "A unified architecture for natural language processing", ICML 2008.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.corrupt([[2, 7, 8], [7, 8, 3]], vocabulary_size=9, num_special=4)[:, [0, 2]]
    array([[2, 8],
           [7, 3]])
    """
    words = whole_number("vocabulary_size", vocabulary_size, at_least=1)
    special = whole_number("num_special", num_special)
    epoch = whole_number("epoch", epoch, at_most=LAST_EPOCH)
    others = words - special - 1
    if others < 1:
        raise DataError(f"vocabulary_size: expected at least {special + 2}, 2 words to choose from, got {words}")
    rows = integers_of("windows", windows)
    if rows.ndim != 2 or rows.shape[1] % 2 == 0:
        raise ShapeError(f"windows: expected (N, size) of odd size, got {rows.shape}")
    if rows.size and rows.max() >= words:
        raise DataError(f"windows: expected tokens 0 ... {words - 1}, got {rows.max()}")
    turns = -(-len(rows) // others)
    drawn = _core.permutation(random_seed(seed), "text", epoch, turns * others)[: len(rows)] % others
    corrupted, middle = rows.copy(), rows.shape[1] // 2
    # 1 ... others further on the ring of words: never the same one
    corrupted[:, middle] = special + (rows[:, middle] - special + 1 + drawn) % (words - special)
    return corrupted


def odd(argument: str, value: object) -> int:
    """How many words a window has."""
    length = whole_number(argument, value, at_least=1)
    if length % 2 == 0:
        raise DataError(f"{argument}: expected an odd number, with a middle, got {length}")
    return length


def _borders(padding: object) -> tuple[int, int]:
    ends = padding if isinstance(padding, tuple | list) else (padding, padding)
    if len(ends) != 2:
        raise DataError(f"padding: expected a token or (start, end), got {len(ends)} of them")
    return whole_number("padding", ends[0]), whole_number("padding", ends[1])
