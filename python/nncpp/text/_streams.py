"""A long text as batches in which each row goes on where it ended in the batch before."""

from typing import Any

from .._arguments import whole_number
from ..errors import DataError
from ._sequences import Tokens, tokens_of


def token_streams(tokens: Any, streams: int, steps: int) -> tuple[Tokens, Tokens]:
    """Inputs and next tokens for backprop through time that is cut after some steps.

    The text is cut into as many streams of equal length, each read by one row of a batch. Batch k has the rows
    k streams ... (k + 1) streams - 1, and its row i goes on from row i of batch k - 1. So a recurrent net that keeps
    its state from batch to batch, with ``batch_size=streams`` and ``shuffle=False``, reads each stream without a break.

    Parameters
    ----------
    tokens : (n,) whole numbers >= 0
        The text, sentence after sentence.
    streams : int
        Rows of a batch.
    steps : int
        Tokens of a row, T.

    Returns
    -------
    x, y : (batches * streams, steps) int64
        y has the token that follows each of x. With batches = (n - 1) // (streams * steps), the last
        n - 1 - batches * streams * steps tokens fill no batch and are dropped.

    Raises
    ------
    DataError, ShapeError, TypeError
        The text is too short for one batch, or something is no token.

    References
    ----------
    T. Mikolov et al., "Recurrent neural network based language model", Interspeech 2010.

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.text.token_streams(range(14), streams=2, steps=3)
    >>> x  # batch 0, batch 1: 0 1 2 goes on with 3 4 5
    array([[ 0,  1,  2],
           [ 6,  7,  8],
           [ 3,  4,  5],
           [ 9, 10, 11]])
    >>> y[:2]
    array([[1, 2, 3],
           [7, 8, 9]])
    """
    text = tokens_of("tokens", list(tokens) if isinstance(tokens, range) else tokens)
    rows, steps = whole_number("streams", streams, at_least=1), whole_number("steps", steps, at_least=1)
    batches = (len(text) - 1) // (rows * steps)
    if batches < 1:
        raise DataError(
            f"tokens: expected at least streams * steps + 1 = {rows * steps + 1} for one batch, got {len(text)}"
        )
    used = batches * rows * steps

    def cut(first: int) -> Tokens:
        pieces = text[first : first + used].reshape(rows, batches, steps)
        return pieces.transpose(1, 0, 2).reshape(batches * rows, steps)

    return cut(0), cut(1)
