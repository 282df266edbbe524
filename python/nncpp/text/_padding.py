"""Sequences of different lengths as one array."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import whole_number
from ..errors import DataError
from ._sequences import Tokens, sequences_of


def pad(sequences: Any, padding: int = 0, length: int | None = None) -> tuple[Tokens, NDArray[np.int64]]:
    """Sequences of different lengths as one array, and how long each is.

    What stands in the padding is never read where ``lengths`` are given.

    Parameters
    ----------
    sequences : n sequences of tokens
        Whole numbers >= 0, words or labels, none of them empty.
    padding : int
        What stands behind the end of a sequence.
    length : int, optional
        T. Longer sequences lose their end. By default the length of the longest.

    Returns
    -------
    tokens : (n, T) int64
    lengths : (n,) int64
        1 ... T.

    Raises
    ------
    DataError, TypeError, ShapeError
        No sequences, an empty one, or what is none; `padding` or `length` is something else.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.pad([[5, 6, 7], [8]])
    (array([[5, 6, 7],
           [8, 0, 0]]), array([3, 1]))
    """
    fill = whole_number("padding", padding)
    rows = sequences_of("sequences", sequences)
    if not rows:
        raise DataError("sequences: expected at least 1, got none")
    lengths = np.array([len(row) for row in rows])
    if not lengths.all():
        raise DataError(f"sequences[{int(lengths.argmin())}]: expected at least 1 token, got none; leave it out")
    longest = int(lengths.max()) if length is None else whole_number("length", length, at_least=1)
    lengths = np.minimum(lengths, longest)
    tokens = np.full((len(rows), longest), fill)
    tokens[np.arange(longest) < lengths[:, None]] = np.concatenate(
        [row[:count] for row, count in zip(rows, lengths, strict=True)]
    )
    return tokens, lengths
