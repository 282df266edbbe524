"""What layers of filters have in common: their arguments, penalties and formulas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import numpy as np

from .. import _core
from .._arguments import flag, one_of, whole_number
from ..constraints import Constraint
from ..errors import DataError
from ..initializers import Initializer
from ..regularizers import Regularizer
from ._layer import Formulas, Layer, given, optional
from ._window import Windowed, length_of, padding_of, strict_of
from .activation import VALUES_AND_GRADIENTS


class FilterOptions(TypedDict, total=False):
    """What every layer of filters takes by name only."""

    use_bias: bool
    weight_initializer: Any
    bias_initializer: Any
    weight_regularizer: Any
    bias_regularizer: Any
    name: str | None


class WindowedOptions(FilterOptions, total=False):
    """What those whose filters see a window of the input take by name only."""

    strict: bool
    weight_constraint: Any


class Filters(Layer):
    """Base of layers v = f(z), z of one channel for each filter."""

    is_sequence = False

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        activation: str = "identity",
        *,
        strides: Any = 1,
        use_bias: bool = True,
        weight_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        weight_regularizer: Any = None,
        bias_regularizer: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.filters = whole_number("filters", filters, at_least=1)
        self.kernel_size = length_of("kernel_size", kernel_size, self.is_sequence)
        self.activation = one_of("activation", activation, _core.activation_names)
        self.strides = length_of("strides", strides, self.is_sequence)
        self.use_bias = flag("use_bias", use_bias)
        self.weight_initializer = Initializer.of(weight_initializer, "weight_initializer")
        self.bias_initializer = Initializer.of(bias_initializer, "bias_initializer")
        self.weight_regularizer = optional(Regularizer, weight_regularizer, "weight_regularizer")
        self.bias_regularizer = optional(Regularizer, bias_regularizer, "bias_regularizer")
        if self.bias_regularizer is not None and not use_bias:
            raise DataError("bias_regularizer: expected None with use_bias=False, there is no bias")

    @property
    def regularizers(self) -> Mapping[str, Regularizer]:
        """The penalty on each of its parameters that has one, by the parameter's name."""
        return given(weight=self.weight_regularizer, bias=self.bias_regularizer)

    def _formulas(self, sums: str, weight: str, bias: str, u: str, before: tuple[str, ...] = ()) -> Formulas:
        """Of z without b, and of gradients by weight, bias and input in terms of {dz}; without an activation v is z."""
        z, (value, slope) = sums + (" + b" if self.use_bias else ""), VALUES_AND_GRADIENTS[self.activation]
        is_linear = self.activation == "identity"
        gradients = (f"dW = {weight}", *([f"db = {bias}"] if self.use_bias else []), f"du = {u}")
        backward = tuple(line.format(dz="dv" if is_linear else "dz") for line in gradients)
        return Formulas(
            (*before, f"v = {z}") if is_linear else (*before, f"z = {z}", f"v = {value}"),
            backward if is_linear else (f"dz = {slope}", *backward),
            {"W": "weight", "b": "bias"},
        )


class WindowedFilters(Filters, Windowed):
    """Base of those whose filters see a window of the input."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        activation: str = "identity",
        *,
        strides: Any = 1,
        padding: Any = "valid",
        strict: bool = False,
        weight_constraint: Any = None,
        **options: Unpack[FilterOptions],
    ) -> None:
        super().__init__(filters, kernel_size, activation, strides=strides, **self._known(options))
        self.padding = padding_of(padding, self.is_sequence)
        self.strict = strict_of(strict)
        self.weight_constraint = optional(Constraint, weight_constraint, "weight_constraint")

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """The constraint on each of its parameters that has one, by the parameter's name."""
        return given(weight=self.weight_constraint)

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """F_h F_w C for each output, those with zeros of the padding too."""
        return math.prod(output_shape) * int(np.prod(self.kernel_size)) * int(input_shape[-1])

    @property
    def formulas(self) -> Formulas:
        """U is u as the windows see it: a row for each of them."""
        return self._formulas(
            "U W",
            weight="U^T {dz}",
            bias="sum over windows of {dz}",
            u="{dz} W^T, added up",
            before=("U = windows of u",),
        )
