"""Rows for the table of bad input: locally connected and transposed convolutions."""

from typing import Any

import nncpp as nn
from bad_input_table import Case, case

Shape, Data = nn.ShapeError, nn.DataError


def own(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.LocallyConnected2D(*arguments, **options)


def drawn(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.Conv2DTranspose(*arguments, **options)


def built(layer: nn.Layer, shape: Any) -> Any:
    return lambda s: nn.Sequential([nn.Input(shape), layer])


def _two_sizes(s: Any) -> None:
    layer, small, large = nn.LocallyConnected2D(2, 3, name="own"), nn.Input((5, 5, 1)), nn.Input((6, 5, 1))
    nn.Model([small, large], [layer(small), layer(large)])


LOCALLY_CONNECTED: list[Case] = [
    case("own filters 0", own(0, 3), Data, "filters", ">= 1", "0"),
    case("own filters 2.5", own(2.5, 3), TypeError, "filters", "2.5"),
    case("own kernel_size 0", own(2, 0), Data, "kernel_size", ">= 1", "0"),
    case("own kernel_size of three", own(2, (3, 3, 3)), Data, "kernel_size", "(rows, columns)", "(3, 3, 3)"),
    case("own kernel_size of a sequence", lambda s: nn.LocallyConnected1D(2, (3, 3)), TypeError, "kernel_size"),
    case("own unknown activation", own(2, 3, "swish"), Data, "activation", "silu", "swish"),
    case("own strides 0", own(2, 3, strides=0), Data, "strides", ">= 1", "0"),
    case("own padding full", own(2, 3, padding="full"), Data, "padding", "valid, same", "full"),
    case("own padding -1", own(2, 3, padding=-1), Data, "padding", ">= 0", "-1"),
    case("own dilation", own(2, 3, dilation=2), TypeError, "dilation"),
    case("own groups", own(2, 3, groups=2), TypeError, "groups"),
    case("own strict 1", own(2, 3, strict=1), TypeError, "strict", "True or False"),
    case("own use_bias 1", own(2, 3, use_bias=1), TypeError, "use_bias", "True or False"),
    case("own orthogonal", own(2, 3, weight_initializer="orthogonal"), Data, "weight_initializer", "glorot_normal"),
    case("own unknown initializer", own(2, 3, weight_initializer="he"), Data, "weight_initializer", "he_normal"),
    case("own bias initializer 0", own(2, 3, bias_initializer=0), TypeError, "bias_initializer", "0 (int)"),
    case("own unknown regularizer", own(2, 3, weight_regularizer="l3"), Data, "weight_regularizer", "l3", "l2"),
    case("own unknown constraint", own(2, 3, weight_constraint=3.0), TypeError, "weight_constraint", "max_norm"),
    case("own bias penalty", own(2, 3, use_bias=False, bias_regularizer="l2"), Data, "bias_regularizer", "no bias"),
    case("own of a vector", built(nn.LocallyConnected2D(2, 3, name="own"), 7), Shape, "own", "(N, H, W, C)", "(N, 7)"),
    case(
        "own beyond the image", built(nn.LocallyConnected2D(2, 3, name="own"), (2, 5, 1)), Shape, "own", "3 rows", "2"
    ),
    case(
        "own strict",
        built(nn.LocallyConnected2D(2, 3, strides=2, strict=True, name="own"), (6, 5, 1)),
        Shape,
        "own",
        "rows",
        "1 would be dropped",
    ),
    case("own too large", built(nn.LocallyConnected2D(2**20, 1, name="own"), (2**11, 2**11, 1)), Shape, "own", "2^40"),
    case("own shared between sizes", _two_sizes, Shape, "own", "(N, 5, 5, 1)", "(N, 6, 5, 1)"),
    case("drawn filters 0", drawn(0, 3), Data, "filters", ">= 1", "0"),
    case("drawn kernel_size by word", drawn(2, "3"), TypeError, "kernel_size"),
    case("drawn strides 0", drawn(2, 3, strides=(1, 0)), Data, "strides", ">= 1", "0"),
    case("drawn dilation 0", drawn(2, 3, dilation=0), Data, "dilation", ">= 1", "0"),
    case("drawn padding causal", drawn(2, 3, padding="causal"), Data, "padding", "valid, same", "causal"),
    case("drawn padding of three", drawn(2, 3, padding=(1, 1, 1)), Data, "padding", "(rows, columns)", "(1, 1, 1)"),
    case("drawn output_padding -1", drawn(2, 3, output_padding=-1), Data, "output_padding", ">= 0", "-1"),
    case("drawn output_padding 0.5", drawn(2, 3, output_padding=0.5), TypeError, "output_padding", "0.5"),
    case("drawn open as the strides", drawn(2, 3, strides=2, output_padding=2), Data, "output_padding", "(2, 2)", "2"),
    case("drawn open along columns", drawn(2, 3, strides=(2, 1), output_padding=1), Data, "output_padding", "(2, 1)"),
    case(
        "drawn open with same",
        drawn(2, 3, strides=2, padding="same", output_padding=1),
        Data,
        "output_padding",
        "expected 0",
        "'same'",
        "1",
    ),
    case(
        "drawn open along a sequence",
        lambda s: nn.Conv1DTranspose(2, 3, output_padding=1),
        Data,
        "output_padding",
        "strides 1",
    ),
    case("drawn strict", drawn(2, 3, strict=True), TypeError, "strict"),
    case("drawn constraint", drawn(2, 3, weight_constraint="max_norm"), TypeError, "weight_constraint"),
    case("drawn unknown activation", drawn(2, 3, "swish"), Data, "activation", "silu", "swish"),
    case("drawn bias penalty", drawn(2, 3, use_bias=False, bias_regularizer="l2"), Data, "bias_regularizer", "no bias"),
    case("drawn of a vector", built(nn.Conv2DTranspose(2, 3, name="up"), 7), Shape, "up", "(N, H, W, C)", "(N, 7)"),
    case("drawn of an image", built(nn.Conv1DTranspose(2, 3, name="up"), (4, 4, 1)), Shape, "up", "(N, T, C)"),
    case(
        "drawn and cut away", built(nn.Conv2DTranspose(2, 3, padding=2, name="up"), (2, 9, 1)), Shape, "up", "padding"
    ),
]
