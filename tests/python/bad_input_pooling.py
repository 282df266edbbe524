"""Rows for the table of bad input: arguments of pools."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case

Shape, Data = nn.ShapeError, nn.DataError


def pool(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.MaxPool2D(*arguments, **options)


def built(layer: nn.Layer, shape: tuple[int, ...]) -> Any:
    return lambda s: layer.build(shape)


def made_global(**options: Any) -> Any:
    return lambda s: nn.GlobalMaxPool2D(**options)


def norm(p: Any) -> Any:
    return lambda s: nn.LpPool2D(p=p)


def _larger_than_its_image(s: Subject) -> Any:
    return nn.Sequential([nn.Input((1, 9, 3)), nn.MaxPool2D(name="pool")])


POOLING: list[Case] = [
    case("pool size 0", pool(0), Data, "pool_size", ">= 1", "0"),
    case("pool size 2.5", pool(2.5), TypeError, "pool_size", "whole number", "2.5"),
    case("pool size of three", pool((2, 2, 2)), Data, "pool_size", "(rows, columns)"),
    case("pool size by word", pool("2"), TypeError, "pool_size", "'2'"),
    case("pool strides 0", pool(2, 0), Data, "strides", ">= 1", "0"),
    case("pool strides True", pool(2, True), TypeError, "strides", "True"),
    case("pool strides of one", pool(2, (2,)), Data, "strides", "(rows, columns)"),
    case("pool padding unknown", pool(2, 1, "full"), Data, "padding", "valid, same", "full"),
    case("pool padding -1", pool(2, 1, -1), Data, "padding", ">= 0", "-1"),
    case("pool padding of the window", pool(2, 1, 2), Data, "padding", "less than the window of 2", "wholly", "2"),
    case("pool padding of the window's columns", pool((3, 2), 1, 2), Data, "padding", "window of 2"),
    case("pool padding beyond one side", pool(3, 1, ((0, 0), (0, 3))), Data, "padding", "window of 3"),
    case("pool padding beyond one end", lambda s: nn.MaxPool1D(2, 1, (0, 2)), Data, "padding", "window of 2"),
    case("pool padding of three", pool(2, 1, (1, 1, 1)), Data, "padding", "(rows, columns)"),
    case("pool strict 1", pool(strict=1), TypeError, "strict", "True or False"),
    case("pool dilation", pool(dilation=2), TypeError, "dilation"),
    case("pool name 1", pool(name=1), TypeError, "name", "string"),
    case("pool of steps by axis", lambda s: nn.MaxPool1D((2, 2)), TypeError, "pool_size", "whole number"),
    case("pool same with strides", built(nn.MaxPool2D(padding="same"), (8, 8, 1)), Shape, "padding", "strides of 1"),
    case("pool larger than the image", _larger_than_its_image, Shape, "pool", "at least 2 rows", "got 1"),
    case("pool strict", built(nn.MaxPool2D(strict=True), (5, 4, 1)), Shape, "strict", "rows", "1", "would fit"),
    case("pool of rows", built(nn.AveragePool2D(), (8,)), Shape, "(N, H, W, C)", "(N, 8)"),
    case("pool of steps on an image", built(nn.AveragePool1D(), (8, 8, 1)), Shape, "(N, T, C)", "(N, 8, 8, 1)"),
    case("global pool of rows", built(nn.GlobalMaxPool2D(), (8,)), Shape, "(N, H, W, C)", "(N, 8)"),
    case("global pool of steps on an image", built(nn.GlobalAveragePool1D(), (8, 8, 1)), Shape, "(N, T, C)"),
    case("global max of a vast image", built(nn.GlobalMaxPool2D(), (4097, 4096, 1)), Shape, "16777216 pixels"),
    case("global pool with a size", made_global(pool_size=2), TypeError, "pool_size"),
    case("norm p 0.5", norm(0.5), Data, "p", "[1, inf)", "0.5"),
    case("norm p NaN", norm(np.nan), Data, "p", "nan"),
    case("norm p infinite", norm(np.inf), Data, "p", "inf"),
    case("norm p by word", norm("two"), TypeError, "p", "two"),
]
