"""Losses, each in its pair with the activation of the output, so that dL/dz is exact and stable for any z.

L = sum_i w_i L_i / sum_i w_i over the rows of a batch, w the sample weights.
Sources: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2; Bishop, PRML, 2006, 4.3.
"""

from __future__ import annotations

from . import _core
from ._configured import Configured


class Loss(Configured):
    """Base of all losses; the core has each under its kind."""

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.Loss(self.kind)


class SquaredLoss(Loss, kind="squared"):
    """L_i = sum_k (p_k - y_k)^2, with a linear output (activation "identity"); dL_i/dz = 2 (p - y).

    Targets: (n, K) numbers, or (n,) where K = 1.
    """


class NLL(Loss, kind="nll"):
    """L_i = -sum_k y_k log p_k + (1 - y_k) log(1 - p_k), with activation "sigmoid"; dL_i/dz = p - y.

    Binary negative log likelihood. Targets: (n, K) in [0, 1], or (n,) where K = 1.
    """


class NLLM(Loss, kind="nllm"):
    """L_i = -sum_k y_k log p_k, with activation "softmax"; dL_i/dz = p - y.

    Multi-class negative log likelihood. Targets: (n,) labels 0 ... K - 1, or (n, K) distributions.
    """
