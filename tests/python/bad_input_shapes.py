"""Rows for the table of bad input: layers that put numbers elsewhere, and dropout of channels."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, case

Shape, Data = nn.ShapeError, nn.DataError


def built(layer: Any, shape: Any = (4, 4, 3)) -> Any:
    return lambda s: layer(name="it").build(shape)


def call(layer: Any, *shapes: Any, **options: Any) -> Any:
    return lambda s: layer(**options)([nn.Input(shape) for shape in shapes])


SHAPES: list[Case] = [
    case("flatten of an array", lambda s: nn.Flatten()(s.x), TypeError, "Flatten", "nodes", "ndarray"),
    case("flatten of two nodes", lambda s: nn.Model([a := nn.Input(2), b := nn.Input(2)], nn.Flatten()([a, b])), Shape,
         "flatten", "1 input", "2"),
    case("flatten with an axis", lambda s: nn.Flatten(axis=1), TypeError, "axis"),
    case("reshape to nothing", lambda s: nn.Reshape(()).build((4,)), Shape, "reshape", "4 numbers", "()"),
    case("reshape to length 0", lambda s: nn.Reshape((2, 0)), Data, "shape", ">= 1", "(2, 0)"),
    case("reshape with two open lengths", lambda s: nn.Reshape((-1, -1)), Data, "shape", "one may be -1"),
    case("reshape to a word", lambda s: nn.Reshape("square"), TypeError, "shape", "square"),
    case("reshape to half numbers", lambda s: nn.Reshape((2.5, 2)), TypeError, "shape", "2.5"),
    case("reshape to another size", lambda s: nn.Reshape((3, 3))(nn.Input(8)), Shape, "reshape", "8 numbers", "(3, 3)"),
    case("reshape to what does not divide", lambda s: nn.Reshape((3, -1))(nn.Input(8)), Shape, "reshape", "8 numbers"),
    case("concatenate of nothing", call(nn.Concatenate), Shape, "concatenate", "at least 1 input"),
    case("concatenate of other lengths", call(nn.Concatenate, (2, 3), (4, 3)), Shape, "concatenate", "(2, 3)",
         "(4, 3)"),
    case("concatenate of other ranks", call(nn.Concatenate, (2, 3), (3,)), Shape, "concatenate", "(2, 3)", "(3,)"),
    case("concatenate along no axis", call(nn.Concatenate, (2, 3), (2, 3), axis=2), Shape, "concatenate", "-2 ... 1",
         "2"),
    case("concatenate along a word", lambda s: nn.Concatenate("channels"), TypeError, "axis", "channels"),
    case("concatenate along axis 0.5", lambda s: nn.Concatenate(0.5), TypeError, "axis", "0.5"),
    case("concatenate along axis -9", lambda s: nn.Concatenate(-9), Data, "axis", "-9"),
    case("add of one node", call(nn.Add, (3,)), Shape, "add", "2 inputs", "1"),
    case("add of no node", call(nn.Add), Shape, "add", "2 inputs", "0"),
    case("add of other shapes", call(nn.Add, (2, 3), (2, 4)), Shape, "add", "broadcast", "(2, 3)", "(2, 4)"),
    case("add of a third of another shape", call(nn.Add, (3,), (3,), (4,)), Shape, "add", "broadcast", "(4,)"),
    case("add of arrays", lambda s: nn.Add()([s.x, s.x]), TypeError, "Add", "nodes"),
    case("add of a third array", lambda s: nn.Add()([nn.Input(4), nn.Input(4), s.x]), TypeError, "Add", "nodes"),
    case("multiply of one node", call(nn.Multiply, (3,)), Shape, "multiply", "2 inputs", "1"),
    case("multiply of other shapes", call(nn.Multiply, (2, 3), (3, 2)), Shape, "multiply", "broadcast"),
    case("zero padding -1", lambda s: nn.ZeroPad2D(-1), Data, "padding", ">= 0", "-1"),
    case("zero padding 1.5", lambda s: nn.ZeroPad2D(1.5), TypeError, "padding", "1.5"),
    case("zero padding same", lambda s: nn.ZeroPad2D("same"), TypeError, "padding", "whole numbers", "same"),
    case("zero padding of three sides", lambda s: nn.ZeroPad2D((1, 2, 3)), Data, "padding", "(rows, columns)",
         "(1, 2, 3)"),
    case("zero padding of three ends", lambda s: nn.ZeroPad2D(((1, 2, 3), 1)), Data, "padding", "(top, bottom)"),
    case("zero padding 2**21", lambda s: nn.ZeroPad2D(2**21), Data, "padding", "1048576"),
    case("zero padding of a vector", built(nn.ZeroPad2D, (4,)), Shape, "it", "(N, H, W, C)", "(N, 4)"),
    case("zero padding of steps by axes", lambda s: nn.ZeroPad1D(((1, 1), (2, 2))), Data, "padding", "(before, after)"),
    case("zero padding of steps, valid", lambda s: nn.ZeroPad1D("valid"), TypeError, "padding", "valid"),
    case("zero padding of an image as steps", built(nn.ZeroPad1D), Shape, "it", "(N, T, C)", "(N, 4, 4, 3)"),
    case("up-sampling by 0", lambda s: nn.UpSample2D(0), Data, "size", ">= 1", "0"),
    case("up-sampling by -2", lambda s: nn.UpSample2D((2, -2)), Data, "size", ">= 1", "-2"),
    case("up-sampling by 1.5", lambda s: nn.UpSample2D(1.5), TypeError, "size", "1.5"),
    case("up-sampling by three", lambda s: nn.UpSample2D((2, 2, 2)), Data, "size", "(rows, columns)", "(2, 2, 2)"),
    case("up-sampling by 2**21", lambda s: nn.UpSample2D(2**21), Data, "size", "1048576"),
    case("up-sampling of a vector", built(nn.UpSample2D, (4,)), Shape, "it", "(N, H, W, C)", "(N, 4)"),
    case("up-sampling beyond all bounds", lambda s: nn.UpSample2D(2**20, name="it").build((64, 64, 1)), Shape, "it",
         "2^40"),
    case("up-sampling of steps by a pair", lambda s: nn.UpSample1D((2, 2)), TypeError, "size", "(2, 2)"),
    case("up-sampling of steps by 0", lambda s: nn.UpSample1D(0), Data, "size", ">= 1", "0"),
    case("up-sampling of an image as steps", built(nn.UpSample1D), Shape, "it", "(N, T, C)", "(N, 4, 4, 3)"),
    case("spatial dropout 1.0", lambda s: nn.SpatialDropout2D(1.0), Data, "rate", "[0, 1)", "1"),
    case("spatial dropout NaN", lambda s: nn.SpatialDropout1D(np.nan), Data, "rate", "nan"),
    case("spatial dropout by word", lambda s: nn.SpatialDropout2D("half"), TypeError, "rate", "half"),
    case("spatial dropout of a vector", lambda s: nn.SpatialDropout2D(0.5, name="it").build((4,)), Shape, "it",
         "(N, H, W, C)", "(N, 4)"),
    case("spatial dropout of an image as steps", lambda s: nn.SpatialDropout1D(0.5, name="it").build((4, 4, 3)), Shape,
         "it", "(N, T, C)", "(N, 4, 4, 3)"),
]  # fmt: skip
