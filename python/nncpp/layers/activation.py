"""Activation: f alone, where no layer has it built in."""

from __future__ import annotations

from .. import _core
from .._arguments import one_of
from ._layer import Layer


class Activation(Layer):
    """v = f(u);  u, v (N, ...); softmax goes over the last axis, with its full Jacobian backward.

    identity u; sigmoid 1 / (1 + exp(-u)); tanh u; relu max(u, 0), derivative 0 at 0; softmax exp(u_i) / sum_j exp(u_j).
    Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2 and 6.3.

    Parameters
    ----------
    activation
        f: "identity", "sigmoid", "tanh", "relu" or "softmax"
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

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Activation(self.activation)
