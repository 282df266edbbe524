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
    vocabulary: int = 0  # of a layer that takes tokens

    def __str__(self) -> str:
        return self.name

    def input(self, name: str | None = None) -> nn.Input:
        """Where a model of the layer begins."""
        return nn.Input(self.input_shape, name=name, dtype="int64" if self.vocabulary else None)

    def samples(self, rng: np.random.Generator, n: int, shape: tuple[int, ...] | None = None) -> Any:
        """So many, of normal numbers or of tokens."""
        shape = (n, *(self.input_shape if shape is None else shape))
        return rng.integers(0, self.vocabulary, shape) if self.vocabulary else rng.normal(size=shape)


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


def at_window_sum(u: Any, parameters: Any) -> Any:
    weight = parameters["weight"]
    windows = np.lib.stride_tricks.sliding_window_view(u, weight.shape[:2], axis=(1, 2))
    return np.einsum("nyxcij,ijck->nyxk", windows, weight) + parameters["bias"]


def conv2d(filters: int, size: Any, activation: str = "tanh", **options: Any) -> Callable[..., nn.Layer]:
    return lambda **name: nn.Conv2D(filters, size, activation, bias_initializer="ones", **options, **name)


def conv1d(filters: int, size: int, **options: Any) -> Callable[..., nn.Layer]:
    return lambda **name: nn.Conv1D(filters, size, "gelu", bias_initializer="ones", **options, **name)


def conv2d_transpose(filters: int, size: int, **options: Any) -> Callable[..., nn.Layer]:
    return lambda **name: nn.Conv2DTranspose(filters, size, "tanh", bias_initializer="ones", **options, **name)


def locally_connected(filters: int, size: int, **options: Any) -> Callable[..., nn.Layer]:
    return lambda **name: nn.LocallyConnected2D(filters, size, "tanh", bias_initializer="ones", **options, **name)


def leads(size: tuple[int, int], strides: tuple[int, int] | None = None) -> Callable[[Any, Any], Any]:
    """Of the largest pixel of each window over the next."""
    rows, columns = strides or size

    def at_equal_pixels(u: Any, parameters: Any) -> Any:
        windows = np.lib.stride_tricks.sliding_window_view(u, size, axis=(1, 2))[:, ::rows, ::columns]
        pixels = np.sort(windows.reshape(*windows.shape[:4], -1), axis=-1)
        return pixels[..., -1] - pixels[..., -2]

    return at_equal_pixels


def padded_leads(u: Any, parameters: Any) -> Any:
    padded = np.pad(u, ((0, 0), (1, 0), (1, 1), (0, 0)), constant_values=-9.0)
    return leads((2, 3), (1, 2))(padded, parameters)


def leads_of_steps(u: Any, parameters: Any) -> Any:
    return leads((1, 3), (1, 2))(u[:, None], parameters)


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
    Row("conv2d", conv2d(3, (2, 3)), (4, 5, 2), (3, 3, 3), conv2d(33, 3), (9, 8, 17)),
    Row("conv2d relu", conv2d(2, 2, "relu"), (3, 3, 1), (2, 2, 2), kinks=at_window_sum),
    Row("conv2d softmax", conv2d(3, 1, "softmax"), (2, 3, 2), (2, 3, 3)),
    Row("conv2d same", conv2d(2, 3, padding="same", strides=2), (3, 4, 2), (3, 4, 2)),
    Row(
        "conv2d with strides, padding and dilation",
        conv2d(2, (3, 2), strides=(2, 1), padding=((1, 0), (0, 2)), dilation=(1, 2)),
        (4, 3, 2),
        (2, 3, 2),
    ),
    Row(
        "conv2d of groups",
        conv2d(6, 3, padding=1, groups=2),
        (3, 3, 4),
        (3, 3, 6),
        conv2d(24, 3, groups=4, strides=2),
        (9, 9, 8),
    ),
    Row(
        "conv2d depthwise",
        conv2d(4, 3, padding="same", groups=4),
        (3, 2, 4),
        (3, 2, 4),
        conv2d(40, 3, padding=1, groups=20),
        (7, 6, 20),
    ),
    Row("conv2d without bias", partial(nn.Conv2D, 3, 2, use_bias=False), (3, 3, 1), (2, 2, 3)),
    Row("conv1d", conv1d(3, 3), (5, 2), (3, 3), conv1d(20, 5), (40, 6)),
    Row("conv1d of groups", conv1d(4, 2, strides=2, padding=(1, 0), dilation=2, groups=2), (4, 2), (2, 4)),
    Row("conv2d transpose", conv2d_transpose(3, 2), (2, 3, 2), (3, 4, 3), conv2d_transpose(8, 3), (7, 6, 4)),
    Row(
        "conv2d transpose with strides",
        conv2d_transpose(2, 3, strides=2, padding=1, output_padding=1),
        (2, 3, 2),
        (4, 6, 2),
    ),
    Row("conv1d transpose", partial(nn.Conv1DTranspose, 2, 3, strides=2, padding="same"), (3, 2), (6, 2)),
    Row("locally connected 2d", locally_connected(2, 2), (3, 4, 2), (2, 3, 2), locally_connected(9, 3), (7, 6, 4)),
    Row(
        "locally connected 2d with strides",
        locally_connected(2, 3, strides=2, padding=((1, 0), (0, 2))),
        (4, 4, 2),
        (2, 2, 2),
    ),
    Row("locally connected 1d", partial(nn.LocallyConnected1D, 3, 2, "gelu"), (4, 2), (3, 3)),
    Row("random flip", nn.RandomFlip, (3, 4, 2), (3, 4, 2), nn.RandomFlip, (9, 8, 3), is_random=True),
    Row("random flip, both", partial(nn.RandomFlip, "both"), (4, 3, 1), (4, 3, 1), is_random=True),
    Row(
        "random shift",
        partial(nn.RandomShift, 2),
        (4, 5, 2),
        (4, 5, 2),
        partial(nn.RandomShift, (1, 2)),
        (9, 8, 3),
        is_random=True,
    ),
    Row(
        "random crop",
        partial(nn.RandomCrop, (2, 3)),
        (5, 5, 2),
        (2, 3, 2),
        partial(nn.RandomCrop, 6),
        (9, 8, 3),
        is_random=True,
    ),
    Row("center crop", partial(nn.CenterCrop, (2, 3)), (4, 5, 2), (2, 3, 2)),
    Row("max pool", nn.MaxPool2D, (4, 5, 3), (2, 2, 3), nn.MaxPool2D, (16, 18, 70), kinks=leads((2, 2))),
    Row(
        "max pool of overlapping windows",
        partial(nn.MaxPool2D, 3, 2),
        (5, 5, 2),
        (2, 2, 2),
        partial(nn.MaxPool2D, 3, 2),
        (19, 19, 21),
        kinks=leads((3, 3), (2, 2)),
    ),
    Row(
        "max pool with padding",
        partial(nn.MaxPool2D, (2, 3), (1, 2), ((1, 0), (1, 1))),
        (3, 4, 2),
        (3, 2, 2),
        kinks=padded_leads,
    ),
    Row("max pool of steps", partial(nn.MaxPool1D, 3, 2), (7, 2), (3, 2), kinks=leads_of_steps),
    Row("average pool", nn.AveragePool2D, (4, 5, 3), (2, 2, 3), nn.AveragePool2D, (16, 18, 70)),
    Row("average pool with padding", partial(nn.AveragePool2D, 3, 2, 1), (5, 4, 2), (3, 2, 2)),
    Row("average pool of steps", partial(nn.AveragePool1D, 3, 1, "same"), (5, 2), (5, 2)),
    Row("l2 pool", nn.LpPool2D, (4, 5, 3), (2, 2, 3), nn.LpPool2D, (16, 18, 70)),
    Row("l2 pool of overlapping windows", partial(nn.LpPool2D, 3, 2, 1), (5, 4, 2), (3, 2, 2)),
    Row("l3 pool", partial(nn.LpPool2D, p=3), (4, 4, 1), (2, 2, 1), kinks=at_input),
    Row("global max pool", nn.GlobalMaxPool2D, (2, 3, 2), (2,), nn.GlobalMaxPool2D, (9, 9, 70), kinks=leads((2, 3))),
    Row("global max pool of steps", nn.GlobalMaxPool1D, (3, 2), (2,), kinks=leads_of_steps),
    Row("global average pool", nn.GlobalAveragePool2D, (2, 3, 2), (2,), nn.GlobalAveragePool2D, (9, 9, 70)),
    Row("global average pool of steps", nn.GlobalAveragePool1D, (3, 2), (2,)),
    Row("whiten", nn.Whiten, (4,), (4,), nn.Whiten, (300,)),
    Row("standardize", nn.Standardize, (4,), (4,), nn.Standardize, (900,)),
    Row("embedding", partial(nn.Embedding, 9, 3), (4,), (4, 3), partial(nn.Embedding, 9, 40), (30,), vocabulary=9),
    Row("embedding of one number", partial(nn.Embedding, 5, 1), (2, 3), (2, 3, 1), vocabulary=5),
    Row("simple rnn", partial(nn.SimpleRNN, 3), (4, 2), (3,), partial(nn.SimpleRNN, 40), (20, 30)),
    Row("simple rnn of gelu", partial(nn.SimpleRNN, 3, "gelu", return_sequences=True), (4, 2), (4, 3)),
    Row(
        "lstm",
        partial(nn.LSTM, 3, return_sequences=True),
        (4, 2),
        (4, 3),
        partial(nn.LSTM, 40, return_sequences=True),
        (20, 30),
    ),
    Row("lstm in reverse", partial(nn.LSTM, 3, reverse=True), (4, 2), (3,)),
    Row("gru", partial(nn.GRU, 3), (4, 2), (3,), partial(nn.GRU, 40), (20, 30)),
    Row("gru with dropout", partial(nn.GRU, 5, dropout=0.3, recurrent_dropout=0.3), (4, 6), (5,), is_random=True),
    Row("bidirectional", partial(nn.Bidirectional, nn.GRU(3, return_sequences=True)), (4, 2), (4, 6)),
    Row(
        "bidirectional product",
        partial(nn.Bidirectional, nn.SimpleRNN(3), merge="product"),
        (4, 2),
        (3,),
        partial(nn.Bidirectional, nn.LSTM(30), merge="product"),
        (20, 30),
    ),
    Row("last step", nn.layers.last_step.LastStep, (4, 3), (3,), nn.layers.last_step.LastStep, (200, 30)),
    Row("first step", partial(nn.layers.last_step.LastStep, first=True), (4, 3), (3,)),
    Row(
        "columns",
        partial(nn.layers.last_step.Columns, 1, 3),
        (2, 5),
        (2, 3),
        partial(nn.layers.last_step.Columns, 5, 20),
        (200, 30),
    ),
    Row("flatten", nn.Flatten, (3, 2, 2), (12,), nn.Flatten, (9, 8, 8)),
    Row("zero pad 2d", partial(nn.ZeroPad2D, ((1, 0), (2, 1))), (2, 3, 2), (3, 6, 2), nn.ZeroPad2D, (9, 8, 8)),
    Row("zero pad 1d", partial(nn.ZeroPad1D, (2, 1)), (3, 2), (6, 2), nn.ZeroPad1D, (90, 8)),
    Row("up sample 2d", partial(nn.UpSample2D, (3, 2)), (2, 3, 2), (6, 6, 2), nn.UpSample2D, (9, 8, 8)),
    Row("up sample 1d", partial(nn.UpSample1D, 3), (2, 3), (6, 3), nn.UpSample1D, (90, 8)),
    Row(
        "spatial dropout 2d",
        partial(nn.SpatialDropout2D, 0.4),
        (2, 2, 6),
        (2, 2, 6),
        partial(nn.SpatialDropout2D, 0.4),
        (9, 8, 8),
        is_random=True,
    ),
    Row("spatial dropout 1d", partial(nn.SpatialDropout1D, 0.4), (3, 6), (3, 6), is_random=True),
    Row("custom layer", partial(TwinDense, 3), (5,), (3,), partial(TwinDense, 190), (130,)),
    Row("custom activation", TwinSwish, (3, 2), (3, 2)),
]
