"""Text from a language model, token by token."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._arguments import number, random_seed, whole_number
from ..errors import DataError, ShapeError
from ._sequences import tokens_of

if TYPE_CHECKING:
    from ..model import Model


def sample(model: Model, start: ArrayLike, count: int, *, temperature: float = 1.0, seed: int = 0) -> NDArray[np.int64]:
    """So many further tokens, each drawn from what the model predicts behind those before it.

    P(c) is proportional to p_c^(1 / temperature), p the prediction: 1 leaves it, towards 0 only the most probable token
    is left, large temperatures make all alike. The model sees the last T tokens; the work for a token is that of one
    prediction.

    Parameters
    ----------
    model
        of tokens (T,) to probabilities (T, V), those of the next token at each step: what a recurrent net with
        ``return_sequences=True`` before a softmax is
    start
        tokens to begin with, (n,), at least one
    count
        how many
    temperature
        number > 0
    seed
        key of the draw

    Returns
    -------
    array
        (count,) tokens

    Raises
    ------
    ShapeError, DataError, TypeError
        for a model of another shape, no tokens to start with, a temperature that is not above 0

    Examples
    --------
    A model that has learned to count modulo 4:

    >>> import numpy as np, nncpp as nn
    >>> model = nn.Sequential([nn.Input(1, dtype="int64"), nn.Embedding(4, 4), nn.Dense(4, "softmax")])
    >>> model.compile(nn.Adam(0.1), "nllm")
    >>> history = model.fit([[0], [1], [2], [3]], [[1], [2], [3], [0]], epochs=60)
    >>> nn.text.sample(model, [0], 5, temperature=0.1)
    array([1, 2, 3, 0, 1])
    """
    from ..model import Model

    if not isinstance(model, Model):
        raise TypeError(f"model: expected a model, got {type(model).__name__}")
    network = model._network
    shapes = network.input_shapes + network.output_shapes
    if len(shapes) != 2 or len(shapes[0]) != 1 or len(shapes[1]) != 2 or shapes[0] != shapes[1][:1]:
        raise ShapeError(f"model: expected tokens (T,) to probabilities (T, V), got {' and '.join(map(str, shapes))}")
    steps = shapes[0][0]
    text = list(tokens_of("start", start))
    if not text:
        raise DataError("start: expected at least one token, got none")
    count = whole_number("count", count, at_least=1)
    sharpness = 1 / number("temperature", temperature, "(0, inf)")
    draws = _core.normal(random_seed(seed), "text", 0, count)
    window = np.zeros((1, steps), np.int64)
    for draw in draws:
        seen = text[-steps:]
        window[0, : len(seen)] = seen
        # what lies behind the last token seen is not looked at: a step depends on those before it
        p = model.predict(window)[0, len(seen) - 1].astype(np.float64)
        with np.errstate(divide="ignore"):
            logits = np.log(p) * sharpness
        weights = np.exp(logits - logits.max()).cumsum()
        uniform = 0.5 * (1 + math.erf(draw / math.sqrt(2)))  # the normal draw's place among all of them
        text.append(int(np.searchsorted(weights, uniform * weights[-1], side="right").clip(max=len(p) - 1)))
    return np.asarray(text[-count:], np.int64)
