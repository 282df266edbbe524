"""Losses, each in its pair with the activation of the output, so that dL/dz is exact and stable for any z.

L = sum_i w_i L_i / sum_i w_i over the rows of a batch, w the sample weights.
Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2; Bishop, Pattern Recognition and Machine Learning,
2006, by section below.
"""

from __future__ import annotations

from . import _core
from ._configured import Configured


class Loss(Configured):
    """Base of all losses; the core has each under its kind.

    Raises
    ------
    DataError
        from ``compile``: if the activation of the output is not the loss's own
    ShapeError, DataError
        from ``fit`` and ``evaluate``: for targets of another shape, or outside the range given for the loss

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Sequential([nn.Input(1), nn.Dense(1)]).compile(loss="nll")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nncpp.errors.DataError: dense: loss 'nll' needs an output with activation 'sigmoid', got 'identity'; ...
    """

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.Loss(self.kind)


class SquaredLoss(Loss, kind="squared"):
    """L_i = sum_k (p_k - y_k)^2, with a linear output (activation "identity"); dL_i/dz = 2 (p - y).

    Targets: (n, K) numbers, or (n,) where K = 1. Bishop, 3.1.1.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss=nn.SquaredLoss())
    >>> model.evaluate([[1.0], [2.0]], [1.0, 4.0])  # (0 + 2^2) / 2
    {'loss': 2.0}
    """


class NLL(Loss, kind="nll"):
    """L_i = -sum_k y_k log p_k + (1 - y_k) log(1 - p_k), with activation "sigmoid"; dL_i/dz = p - y.

    Binary negative log likelihood. Targets: (n, K) in [0, 1], or (n,) where K = 1. Bishop, 4.3.2.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, "sigmoid", weight_initializer="zeros")])
    >>> model.compile(loss=nn.NLL())
    >>> round(model.evaluate([[1.0], [2.0]], [0, 1])["loss"], 4)  # p = 1/2: log 2
    0.6931
    """


class NLLM(Loss, kind="nllm"):
    """L_i = -sum_k y_k log p_k, with activation "softmax"; dL_i/dz = p - y.

    Multi-class negative log likelihood. Targets: (n,) labels 0 ... K - 1, or (n, K) distributions. Bishop, 4.3.4.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(4, "softmax", weight_initializer="zeros")])
    >>> model.compile(loss=nn.NLLM())
    >>> round(model.evaluate([[1.0], [2.0]], [0, 3])["loss"], 4)  # p = 1/4: log 4
    1.3863
    """
