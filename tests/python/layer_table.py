"""The table of all layers, on which test_layer_contract.py checks the contract. A new layer adds its rows here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import nncpp as nn
from custom_parts import TwinDense, TwinSwish


def never(u: Any, parameters: Any) -> Any:
    return np.full(1, np.inf)


def at_input(u: Any, parameters: Any) -> Any:
    return u


def at_sum(u: Any, parameters: Any) -> Any:
    return u @ parameters["weight"] + parameters["bias"]


def at_unit_input(u: Any, parameters: Any) -> Any:
    return np.abs(u) - 1.0


def at_unit_sum(u: Any, parameters: Any) -> Any:
    return np.abs(at_sum(u, parameters)) - 1.0


def at_tie(u: Any, parameters: Any) -> Any:
    z = np.sort(np.tensordot(u, parameters["weight"], 1) + parameters["bias"], axis=-1)
    return z[..., -1] - z[..., -2]


@dataclass(frozen=True)
class Row:
    """A layer and a shape; `large` is a layer and a shape with work for several threads."""

    name: str
    make: Callable[..., nn.Layer]  # takes the name of the layer
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    large: Callable[..., nn.Layer] | None = None
    large_shape: tuple[int, ...] = ()
    is_random: bool = False
    kinks: Callable[[Any, Any], Any] = never  # numbers whose zeros are the kinks

    def __str__(self) -> str:
        return self.name


def dense(units: int, *arguments: Any, **options: Any) -> Callable[..., nn.Layer]:
    return lambda **name: nn.Dense(units, *arguments, weight_initializer="glorot_normal", **options, **name)


def dense_row(activation: str, **more: Any) -> Row:
    make = dense(3, activation, bias_initializer=nn.initializers.Normal(0.0, 0.5))
    return Row(f"dense {activation}", make, (5,), (3,), dense(190, activation), (130,), **more)


def activation_row(activation: str, **more: Any) -> Row:
    def make(**name: Any) -> nn.Layer:
        return nn.Activation(activation, **name)

    return Row(f"activation {activation}", make, (6,), (6,), make, (700,), **more)


def dropout(**name: Any) -> nn.Layer:
    return nn.Dropout(0.4, **name)


def batch_norm(**name: Any) -> nn.Layer:
    initializers = nn.initializers
    return nn.BatchNorm(
        gamma_initializer=initializers.Normal(1.0, 0.2), beta_initializer=initializers.Normal(0.0, 0.5), **name
    )


def noise(**name: Any) -> nn.Layer:
    return nn.GaussianNoise(0.4, **name)


def maxout(units: int, pieces: int) -> Callable[..., nn.Layer]:
    return lambda **name: nn.Maxout(units, pieces, bias_initializer=nn.initializers.Normal(0.0, 0.5), **name)


SMOOTH = ["identity", "sigmoid", "tanh", "softplus", "exponential", "gelu", "silu", "softmax", "log_softmax"]
BENT_AT_ZERO = ["softsign", "relu", "leaky_relu", "elu", "selu"]  # also those whose second derivative jumps
ROWS = [
    *(dense_row(activation) for activation in SMOOTH),
    *(dense_row(activation, kinks=at_sum) for activation in BENT_AT_ZERO),
    dense_row("hard_tanh", kinks=at_unit_sum),
    Row("dense without bias", dense(4, "tanh", use_bias=False), (2,), (4,)),
    Row("dense of one unit", dense(1), (1,), (1,)),
    Row("dense on a sequence", dense(4, "tanh"), (3, 2), (3, 4), dense(64, "tanh"), (9, 40)),
    *(activation_row(activation) for activation in SMOOTH),
    *(activation_row(activation, kinks=at_input) for activation in BENT_AT_ZERO),
    activation_row("hard_tanh", kinks=at_unit_input),
    Row("softmax of a sequence", lambda **name: nn.Activation("softmax", **name), (2, 3), (2, 3)),
    Row("batch norm", batch_norm, (5,), (5,), batch_norm, (700,)),
    Row("batch norm of a sequence", batch_norm, (3, 4), (3, 4), batch_norm, (90, 3)),
    Row("dropout", dropout, (6,), (6,), dropout, (900,), is_random=True),
    Row("dropout of an image", dropout, (3, 2), (3, 2), is_random=True),
    Row("noise", noise, (6,), (6,), noise, (900,), is_random=True),
    Row("noise of an image", noise, (3, 2), (3, 2), is_random=True),
    Row("prelu", nn.PReLU, (6,), (6,), nn.PReLU, (700,), kinks=at_input),
    Row("prelu of one slope", partial(nn.PReLU, True), (3, 2), (3, 2), kinks=at_input),
    Row("maxout", maxout(3, 2), (5,), (3,), maxout(90, 3), (130,), kinks=at_tie),
    Row("maxout on a sequence", maxout(2, 4), (3, 4), (3, 2), kinks=at_tie),
    Row("whiten", nn.Whiten, (4,), (4,), nn.Whiten, (300,)),
    Row("standardize", nn.Standardize, (4,), (4,), nn.Standardize, (900,)),
    Row("custom layer", partial(TwinDense, 3), (5,), (3,), partial(TwinDense, 190), (130,)),
    Row("custom activation", TwinSwish, (3, 2), (3, 2)),
]
