"""Rows for the table of bad input: convolutions and their windows."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, case

Shape, Data = nn.ShapeError, nn.DataError
MOST = "1048576"


def conv(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.Conv2D(*arguments, **options)


def conv1d(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.Conv1D(*arguments, **options)


def built(shape: Any, *arguments: Any, layer: Any = nn.Conv2D, **options: Any) -> Any:
    return lambda s: nn.Sequential([nn.Input(shape), layer(*arguments, name="conv", **options)])


def _two_depths(s: Any) -> None:
    layer, a, b = nn.Conv2D(2, 3, name="conv"), nn.Input((5, 5, 1)), nn.Input((5, 5, 3))
    nn.Model([a, b], [layer(a), layer(b)])


CONV: list[Case] = [
    case("conv filters 0", conv(0, 3), Data, "filters", ">= 1", "0"),
    case("conv filters -2", conv(-2, 3), Data, "filters", ">= 1", "-2"),
    case("conv filters 2.5", conv(2.5, 3), TypeError, "filters", "2.5"),
    case("conv filters by word", conv("many", 3), TypeError, "filters", "many"),
    case("conv with a word of Keras", conv(2, 3, kernel_initializer="he_normal"), TypeError, "Conv2D", "unexpected",
         "kernel_initializer", "weight_initializer"),
    case("conv1d with a word of PyTorch", conv1d(2, 3, stride=2), TypeError, "Conv1D", "unexpected",
         "'stride'", "strides"),
    case("conv without a size", conv(3), TypeError, "kernel_size"),
    case("conv kernel_size 0", conv(2, 0), Data, "kernel_size", ">= 1", "0"),
    case("conv kernel_size (3, 0)", conv(2, (3, 0)), Data, "kernel_size", ">= 1", "0"),
    case("conv kernel_size 1.5", conv(2, 1.5), TypeError, "kernel_size", "1.5"),
    case("conv kernel_size of three", conv(2, (3, 3, 3)), Data, "kernel_size", "(rows, columns)", "(3, 3, 3)"),
    case("conv kernel_size of none", conv(2, ()), Data, "kernel_size", "(rows, columns)", "()"),
    case("conv kernel_size 2**21", conv(2, 2**21), Data, "kernel_size", MOST, "2097152"),
    case("conv kernel_size of a sequence", conv1d(2, (3, 3)), TypeError, "kernel_size", "(3, 3)"),
    case("conv unknown activation", conv(2, 3, "swish"), Data, "activation", "silu", "swish"),
    case("conv activation as function", conv(2, 3, np.tanh), TypeError, "activation", "relu"),
    case("conv strides 0", conv(2, 3, strides=0), Data, "strides", ">= 1", "0"),
    case("conv strides (1, -1)", conv(2, 3, strides=(1, -1)), Data, "strides", ">= 1", "-1"),
    case("conv strides of one", conv(2, 3, strides=(2,)), Data, "strides", "(rows, columns)", "(2,)"),
    case("conv strides by word", conv(2, 3, strides="two"), TypeError, "strides", "two"),
    case("conv strides of a sequence", conv1d(2, 3, strides=(2, 2)), TypeError, "strides", "(2, 2)"),
    case("conv dilation 0", conv(2, 3, dilation=0), Data, "dilation", ">= 1", "0"),
    case("conv dilation (1, 0.5)", conv(2, 3, dilation=(1, 0.5)), TypeError, "dilation", "0.5"),
    case("conv dilation 2**21", conv(2, 3, dilation=2**21), Data, "dilation", MOST),
    case("conv padding full", conv(2, 3, padding="full"), Data, "padding", "valid, same", "full"),
    case("conv padding SAME", conv(2, 3, padding="SAME"), Data, "padding", "valid, same", "SAME"),
    case("conv padding -1", conv(2, 3, padding=-1), Data, "padding", ">= 0", "-1"),
    case("conv padding (1, -1)", conv(2, 3, padding=(1, -1)), Data, "padding", ">= 0", "-1"),
    case("conv padding 0.5", conv(2, 3, padding=0.5), TypeError, "padding", "0.5"),
    case("conv padding True", conv(2, 3, padding=True), TypeError, "padding", "True"),
    case("conv padding None", conv(2, 3, padding=None), TypeError, "padding", "None"),
    case("conv padding of three", conv(2, 3, padding=(1, 1, 1)), Data, "padding", "((top, bottom), (left, right))"),
    case("conv padding of four", conv(2, 3, padding=(1, 1, 1, 1)), Data, "padding", "'valid', 'same'", "(1, 1, 1, 1)"),
    case("conv padding of three ends", conv(2, 3, padding=((1, 1, 1), 0)), Data, "padding", "((1, 1, 1), 0)"),
    case("conv padding 2**21", conv(2, 3, padding=2**21), Data, "padding", MOST),
    case("conv padding of an image", conv1d(2, 3, padding=((1, 1), (0, 0))), Data, "padding", "(before, after)"),
    case("conv padding by words", conv(2, 3, padding=("same", "same")), TypeError, "padding", "same"),
    case("conv groups 0", conv(4, 3, groups=0), Data, "groups", ">= 1", "0"),
    case("conv groups 1.5", conv(4, 3, groups=1.5), TypeError, "groups", "1.5"),
    case("conv groups 3 of 4 filters", conv(4, 3, groups=3), Data, "groups", "4 filters", "3"),
    case("conv groups 3 of 4 channels", built((5, 5, 4), 6, 3, groups=3), Shape, "conv", "3 groups", "4"),
    case("conv strict 1", conv(2, 3, strict=1), TypeError, "strict", "True or False"),
    case("conv use_bias 0", conv(2, 3, use_bias=0), TypeError, "use_bias", "True or False"),
    case("conv unknown initializer", conv(2, 3, weight_initializer="he"), Data, "weight_initializer", "he_normal"),
    case("conv bias as number", conv(2, 3, bias_initializer=0), TypeError, "bias_initializer", "0 (int)"),
    case("conv unknown regularizer", conv(2, 3, weight_regularizer="l3"), Data, "weight_regularizer", "l3", "l2"),
    case("conv unknown constraint", conv(2, 3, weight_constraint=3.0), TypeError, "weight_constraint", "max_norm"),
    case("conv bias penalty without a bias", conv(2, 3, use_bias=False, bias_regularizer="l2"), Data,
         "bias_regularizer", "no bias"),
    case("conv unknown argument", conv(2, 3, stride=2), TypeError, "stride"),
    case("conv of columns", built(4, 2, 3), Shape, "conv", "image (N, H, W, C)", "(N, 4)"),
    case("conv of a sequence", built((8, 4), 2, 3), Shape, "conv", "image (N, H, W, C)", "(N, 8, 4)"),
    case("conv1d of an image", built((8, 8, 1), 2, 3, layer=nn.Conv1D), Shape, "conv", "sequence (N, T, C)",
         "(N, 8, 8, 1)"),
    case("conv of few rows", built((4, 9, 1), 2, 5), Shape, "conv", "at least 5 rows", "4", "padding"),
    case("conv of few columns", built((9, 3, 1), 2, 3, dilation=2), Shape, "conv", "at least 5 columns", "3"),
    case("conv of few rows with zeros", built((2, 9, 1), 2, 5, padding=1), Shape, "conv", "5 rows", "2", "4 padded"),
    case("conv of few steps", built((2, 4), 2, 3, layer=nn.Conv1D), Shape, "conv", "at least 3 steps", "2"),
    case("conv strict rows", built((6, 7, 1), 2, 3, strides=2, strict=True), Shape, "conv", "rows", "stride 2",
         "strict", "1 would be dropped", "(0, 1)"),
    case("conv strict steps", built((9, 1), 2, 4, strides=3, strict=True, layer=nn.Conv1D), Shape, "conv", "steps",
         "strict", "(2, 2)", "(0, 1)"),
    case("conv too large", built((3, 3, 2**30), 2**20, 3), Shape, "conv", "2^40"),
    case("conv output too large", built((2, 2, 1), 2**10, 1, padding=2**20), Shape, "conv", "2^40"),
    case("conv shared between depths", _two_depths, Shape, "conv", "(N, 5, 5, 1)", "(N, 5, 5, 3)"),
    case("conv over two axes", lambda s: nn.Conv2D(2, 3).over((4, 4)), Shape, "image (N, H, W, C)", "(N, 4, 4)"),
    case("conv over few rows", lambda s: nn.Conv2D(2, 3).over((2, 4, 1)), Shape, "at least 3 rows", "2"),
]  # fmt: skip
