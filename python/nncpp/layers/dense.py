"""Dense: every output sees every input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .. import _core
from .._arguments import flag, one_of, whole_number
from ..constraints import Constraint
from ..errors import DataError
from ..initializers import Initializer
from ..regularizers import Regularizer
from ._layer import Formulas, Layer, given, optional
from .activation import VALUES_AND_GRADIENTS


class Dense(Layer):
    """v = f(u W + b);  u (N, D), W (D, K), b (K), v (N, K), K units. More axes before the last count as rows.

    dz = f'(z) dv;  du = dz W^T, dW = u^T dz, db = sum over rows of dz.
    Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323, 1986.

    Parameters
    ----------
    units
        number of outputs K
    activation
        f, by a name of ``nn.Activation``; "step" is for prediction only
    use_bias
        False leaves b out
    weight_initializer, bias_initializer
        name or object of ``nn.initializers``
    weight_regularizer, bias_regularizer
        L1, L2, ElasticNet or None
    weight_constraint
        MaxNorm or None
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Dense(128, activation="relu", weight_initializer="he_normal", weight_regularizer=nn.L2(1e-4))
    Dense(units=128, activation='relu', weight_initializer=HeNormal(), weight_regularizer=L2(l2=0.0001))
    """

    def __init__(
        self,
        units: int,
        activation: str = "identity",
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
        self.activation = one_of("activation", activation, _core.activation_names)
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
        """Without an activation v is z."""
        bias, value = " + b" if self.use_bias else "", VALUES_AND_GRADIENTS[self.activation]
        is_linear = self.activation == "identity"
        dz = "dv" if is_linear else "dz"
        forward = (f"v = u W{bias}",) if is_linear else (f"z = u W{bias}", f"v = {value[0]}")
        backward = () if is_linear else (f"dz = {value[1]}",)
        gradients = (f"dW = u^T {dz}", *([f"db = sum over rows of {dz}"] if self.use_bias else []), f"du = {dz} W^T")
        return Formulas(forward, (*backward, *gradients), {"W": "weight", "b": "bias"})

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """D for each output."""
        return math.prod(output_shape) * int(input_shape[-1])

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Dense(
            self.units,
            self.activation,
            self.use_bias,
            self.weight_initializer._core(),
            self.bias_initializer._core(),
        )
