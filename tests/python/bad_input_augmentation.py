"""Rows for the table of bad input: the scale of inputs, and layers of augmentation."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import case, sequence

Shape, Data = nn.ShapeError, nn.DataError


def on_images(layer: nn.Layer, *sample: int) -> Any:
    return nn.Sequential([nn.Input(sample or (6, 5, 2)), layer])


def scaled(scale: Any, **options: Any) -> Any:
    return nn.Sequential([nn.Input(4, scale=scale), nn.Dense(1)], **options)


AUGMENTATION = [
    case("a scale of 0", lambda s: scaled(0.0), Data, "scale", "(0, inf)", "0.0"),
    case("a scale below 0", lambda s: scaled(-1), Data, "scale", "(0, inf)", "-1"),
    case("a scale that is not a number", lambda s: scaled("1/255"), TypeError, "scale", "number", "1/255"),
    case("a scale without end", lambda s: scaled(float("inf")), Data, "scale", "inf"),
    case("a scale for each channel", lambda s: scaled([1.0, 2.0]), TypeError, "scale", "number"),
    case("a scale that float32 takes for 0", lambda s: scaled(1e-50), Data, "input", "scale", "float32", "1e-50"),
    case("a scale that float32 cannot hold", lambda s: scaled(1e50), Data, "input", "scale", "float32", "1e+50"),
    case(
        "pixels that the scale makes infinite",
        lambda s: scaled(1e30).predict(np.full((3, 4), 1e10)),
        Data,
        "x",
        "finite",
        "row 0",
    ),
    case("an unknown direction", lambda s: nn.RandomFlip("diagonal"), Data, "direction", "horizontal", "diagonal"),
    case("no direction", lambda s: nn.RandomFlip(None), TypeError, "direction", "horizontal", "None"),
    case("half a pixel", lambda s: nn.RandomShift(0.5), TypeError, "pixels", "whole number", "0.5"),
    case("pixels below 0", lambda s: nn.RandomShift((1, -1)), Data, "pixels", ">= 0", "-1"),
    case("pixels along three axes", lambda s: nn.RandomShift((1, 2, 3)), Data, "pixels", "(rows, columns)"),
    case("too many pixels", lambda s: nn.RandomShift(2**20 + 1), Data, "pixels", "1048576"),
    case("no pixels", lambda s: nn.RandomShift(None), TypeError, "pixels", "whole number", "None"),
    case("a crop of nothing", lambda s: nn.RandomCrop(0), Data, "size", ">= 1", "0"),
    case("a crop of half a pixel", lambda s: nn.CenterCrop((2, 2.5)), TypeError, "size", "whole number", "2.5"),
    case("a crop of three axes", lambda s: nn.RandomCrop((2, 2, 3)), Data, "size", "(rows, columns)"),
    case(
        "a crop larger than the image",
        lambda s: on_images(nn.RandomCrop((3, 6), name="window")),
        Shape,
        "window",
        "(3, 6)",
        "(6, 5)",
    ),
    case("a crop of columns", lambda s: sequence(nn.CenterCrop(2)), Shape, "center_crop", "(N, H, W, C)", "(N, 4)"),
    case("a flip of columns", lambda s: sequence(nn.RandomFlip()), Shape, "random_flip", "(N, H, W, C)", "(N, 4)"),
    case("a shift of a sequence", lambda s: on_images(nn.RandomShift(1), 6, 5), Shape, "random_shift", "(N, 6, 5)"),
]
