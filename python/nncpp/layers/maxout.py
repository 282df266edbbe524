"""Maxout: the largest of several affine functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .. import _core
from .._arguments import flag, whole_number
from ..constraints import Constraint
from ..errors import DataError
from ..initializers import Initializer
from ..regularizers import Regularizer
from ._layer import Formulas, Layer, given, optional

MAX_PIECES = 2**24  # float32 holds their numbers exactly


class Maxout(Layer):
    """v_k = max_j z_kj, z = u W + b;  u (N, D), W (D, K, m), b (K, m), v (N, K); K units of m affine pieces each.

    dz_kj = dv_k for the largest piece (the first of several), 0 for the others; du = dz W^T, dW = u^T dz,
    db = sum over rows of dz. More axes before the last count as rows. v is convex in u, and with enough pieces any
    convex function: the unit learns its activation. There is none besides.
    Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout networks", ICML 2013.

    Parameters
    ----------
    units
        number of outputs K
    pieces
        m, for each unit; 1 is linear
    use_bias
        False leaves b out
    weight_initializer, bias_initializer
        name or object of ``nn.initializers``; fan_in is D, fan_out K
    weight_regularizer, bias_regularizer
        L1, L2, ElasticNet or None
    weight_constraint
        MaxNorm or None; it bounds the weights of each piece
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those

    Examples
    --------
    Two pieces are enough for relu, max(u, 0), and for the absolute value, max(u, -u):

    >>> import nncpp as nn
    >>> layer = nn.Maxout(2, pieces=2).build((1,))
    >>> layer.parameters["weight"][...] = [[[1.0, 0.0], [1.0, -1.0]]]
    >>> layer.forward([[-2.0], [3.0]])
    array([[0., 2.],
           [3., 3.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        *,
        use_bias: bool = True,
        weight_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        weight_regularizer: Any = None,
        bias_regularizer: Any = None,
        weight_constraint: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.units = whole_number("units", units, at_least=1)
        self.pieces = whole_number("pieces", pieces, at_least=1, at_most=MAX_PIECES)
        self.use_bias = flag("use_bias", use_bias)
        self.weight_initializer = Initializer.of(weight_initializer, "weight_initializer")
        self.bias_initializer = Initializer.of(bias_initializer, "bias_initializer")
        self.weight_regularizer = optional(Regularizer, weight_regularizer, "weight_regularizer")
        self.bias_regularizer = optional(Regularizer, bias_regularizer, "bias_regularizer")
        self.weight_constraint = optional(Constraint, weight_constraint, "weight_constraint")
        if self.bias_regularizer is not None and not use_bias:
            raise DataError("bias_regularizer: expected None with use_bias=False, there is no bias")

    @property
    def regularizers(self) -> Mapping[str, Regularizer]:
        """The penalty on each of its parameters that has one, by the parameter's name."""
        return given(weight=self.weight_regularizer, bias=self.bias_regularizer)

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """The constraint on each of its parameters that has one, by the parameter's name."""
        return given(weight=self.weight_constraint)

    @property
    def formulas(self) -> Formulas:
        """All the pieces are in z (N, K, m)."""
        return Formulas(
            (f"z = u W{' + b' if self.use_bias else ''}", "v = max over the pieces of z"),
            (
                "dz = dv at the piece that is largest, else 0",
                "dW = u^T dz",
                *(["db = sum over rows of dz"] if self.use_bias else []),
                "du = dz W^T",
            ),
            {"W": "weight", "b": "bias"},
        )

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """D for each piece of each output."""
        return math.prod(output_shape) * self.pieces * int(input_shape[-1])

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Maxout(
            self.units,
            self.pieces,
            self.use_bias,
            self.weight_initializer._core(),
            self.bias_initializer._core(),
        )
