"""Activation: f alone, where no layer has it built in."""

from __future__ import annotations

import re

from .. import _core
from .._arguments import one_of
from ._layer import Formulas, Layer

VALUES_AND_GRADIENTS = {  # v of z, and dz of dv
    "identity": ("z", "dv"),
    "step": ("1 where z > 0, else 0", "0"),
    "sigmoid": ("1 / (1 + exp(-z))", "v (1 - v) dv"),
    "tanh": ("tanh z", "(1 - v^2) dv"),
    "hard_tanh": ("min(max(z, -1), 1)", "dv where -1 < z < 1, else 0"),
    "softsign": ("z / (1 + abs(z))", "dv / (1 + abs(z))^2"),
    "relu": ("max(z, 0)", "dv where z > 0, else 0"),
    "leaky_relu": ("z where z > 0, else 0.01 z", "dv where z > 0, else 0.01 dv"),
    "softplus": ("log(1 + exp(z))", "dv / (1 + exp(-z))"),
    "exponential": ("exp(z)", "v dv"),
    "elu": ("z where z > 0, else exp(z) - 1", "dv where z > 0, else exp(z) dv"),
    "selu": ("1.0507 (z where z > 0, else 1.67326 (exp(z) - 1))", "1.0507 (dv where z > 0, else 1.67326 exp(z) dv)"),
    "gelu": ("z P(z), P the normal distribution", "(P(z) + z p(z)) dv, p the normal density"),
    "silu": ("z s, s = 1 / (1 + exp(-z))", "s (1 + z (1 - s)) dv"),
    "softmax": ("exp(z_k) / sum_j exp(z_j)", "v_k (dv_k - sum_j v_j dv_j)"),
    "log_softmax": ("z_k - log sum_j exp(z_j)", "dv_k - exp(v_k) sum_j dv_j"),
}


class Activation(Layer):
    """v = f(u);  u, v (N, ...).

    ============= ================================== =======================================
    activation    f(u)                               f'(u)
    ============= ================================== =======================================
    identity      u                                  1
    step          1 where u > 0, else 0              none: for prediction only
    sigmoid       1 / (1 + exp(-u))                  v (1 - v)
    tanh          tanh u                             1 - v^2
    hard_tanh     min(max(u, -1), 1)                 1 where -1 < u < 1, else 0
    softsign      u / (1 + abs(u))                   1 / (1 + abs(u))^2
    relu          max(u, 0)                          1 where u > 0, else 0
    leaky_relu    u where u > 0, else 0.01 u         1 where u > 0, else 0.01
    softplus      log(1 + exp(u))                    1 / (1 + exp(-u))
    exponential   exp(u)                             v
    elu           u where u > 0, else exp(u) - 1     1 where u > 0, else exp(u)
    selu          l u where u > 0,                   l where u > 0,
                  else l a (exp(u) - 1)              else l a exp(u); l = 1.0507, a = 1.67326
    gelu          u P(u), P the normal distribution  P(u) + u p(u), p its density
    silu          u s, s = 1 / (1 + exp(-u))         s (1 + u (1 - s))
    softmax       exp(u_i) / sum_j exp(u_j)          dL/du_i = v_i (dv_i - sum_j v_j dv_j)
    log_softmax   u_i - log sum_j exp(u_j)           dL/du_i = dv_i - exp(v_i) sum_j dv_j
    ============= ================================== =======================================

    The last two go over the last axis. A model with a step is refused by ``compile``: its derivative is 0 everywhere
    and none at 0, so nothing before it could learn.
    Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2 and 6.3; softsign: Bergstra et al. 2009; leaky_relu: Maas
    et al. 2013; elu: Clevert et al. 2016; selu: Klambauer et al. 2017; gelu: Hendrycks, Gimpel 2016 (the exact form);
    silu: Elfwing et al. 2017.

    Parameters
    ----------
    activation
        name of f
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for any other name

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Activation("relu").build((3,)).forward([[-1.0, 0.0, 2.0]])
    array([[0., 0., 2.]], dtype=float32)
    """

    def __init__(self, activation: str, name: str | None = None) -> None:
        super().__init__(name)
        self.activation = one_of("activation", activation, _core.activation_names)

    @property
    def formulas(self) -> Formulas:
        """In terms of u instead of z."""
        value, gradient = (re.sub(r"\bz\b", "u", line) for line in VALUES_AND_GRADIENTS[self.activation])
        return Formulas((f"v = {re.sub('z_', 'u_', value)}",), (f"du = {gradient}",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Activation(self.activation)
