"""Rows for the table of bad input: layer patterns, their arguments, and the summary."""

from typing import Any

import nncpp as nn
from bad_input_table import Case, case, sequence

Shape, Data = nn.ShapeError, nn.DataError
NET = "INPUT -> [[CONV -> RELU]*2 -> POOL?]*2 -> FC"


def pattern(text: Any, shape: Any = (8, 8, 1), **options: Any) -> Any:
    return lambda s: nn.convnet(text, shape, **options)


def net(**options: Any) -> Any:
    return pattern(NET, **options)


class Vague(nn.CustomActivation):
    """It does not know what it costs."""

    def value(self, u: Any) -> Any:
        return u

    def slope(self, u: Any, v: Any) -> Any:
        return 1.0

    def multiply_adds(self, input_shape: Any, output_shape: Any) -> Any:
        return "some"


CONVNET: list[Case] = [
    case("pattern that is a list", pattern(["INPUT", "FC"]), TypeError, "pattern", "string", "list"),
    case("pattern that is empty", pattern(""), Data, "pattern", "a layer or '['", "at the start"),
    case("pattern of blanks", pattern(" \n "), Data, "pattern", "the end", "at the start"),
    case("pattern that ends with an arrow", pattern("INPUT ->"), Data, "a layer or '['", "the end", "character 9"),
    case("pattern with two arrows", pattern("INPUT -> -> FC"), Data, "a layer", "'->'", "character 10"),
    case("pattern without an arrow", pattern("INPUT FC"), Data, "'->'", "'FC'", "character 7", "'INPUT'"),
    case("pattern with a strange sign", pattern("INPUT => FC"), Data, "'='", "character 7"),
    case("pattern with an open bracket", pattern("INPUT -> [CONV -> FC"), Data, "']' for the '[' of character 10"),
    case("pattern with a bracket too many", pattern("INPUT -> CONV] -> FC"), Data, "no '[' is open", "character 14"),
    case("pattern with empty brackets", pattern("INPUT -> [] -> FC"), Data, "a layer or '['", "']'", "character 11"),
    case("pattern in too many brackets", pattern("[" * 5000), Data, "at most 32 brackets", "character 33"),
    case("pattern with an unknown layer", pattern("INPUT -> CNOV -> FC"), Data, "'CNOV'", "did you mean CONV"),
    case("pattern with a layer like none", pattern("INPUT -> XYZ -> FC"), Data, "'XYZ'", "layers are INPUT, CONV"),
    case("pattern in small letters", pattern("input -> fc"), Data, "'input'", "did you mean INPUT"),
    case("pattern with * and no number", pattern("INPUT -> CONV* -> FC"), Data, "number or a letter", "'->'"),
    case("pattern with * and a word", pattern("INPUT -> CONV*TWO -> FC"), Data, "number or a letter", "'TWO'"),
    case("pattern repeated twice", pattern("INPUT -> CONV*2*3 -> FC"), Data, "'->'", "'*'", "character 16"),
    case("pattern repeated -1 times", pattern("INPUT -> CONV*-1 -> FC"), Data, "number or a letter", "'-'"),
    case("pattern of a million layers", pattern("INPUT -> [CONV*1000]*1000 -> FC"), Data, "10,000 layers"),
    case("pattern of a long number", pattern(f"INPUT -> CONV*{'9' * 5000} -> FC"), Data, "10,000 layers"),
    case("pattern without INPUT", pattern("CONV -> FC"), Data, "expected INPUT", "CONV", "at the start"),
    case("pattern with INPUT twice", pattern("INPUT -> INPUT -> FC"), Data, "INPUT at the head only", "character 10"),
    case("pattern with INPUT*2", pattern("INPUT*2 -> FC"), Data, "INPUT at the head only"),
    case(
        "pattern with CONV behind FC", pattern("INPUT -> FC -> CONV -> FC"), Data, "behind FC", "CONV", "character 16"
    ),
    case("pattern with POOL behind FC", pattern("INPUT -> FC -> POOL -> FC"), Data, "behind FC", "POOL"),
    case("pattern without FC", pattern("INPUT -> CONV -> RELU"), Data, "FC at the end", "CONV", "character 10"),
    case("pattern with DROPOUT at the end", pattern("INPUT -> FC -> DROPOUT"), Data, "FC at the end", "DROPOUT"),
    case("pattern of INPUT alone", pattern("INPUT"), Data, "FC at the end", "INPUT"),
    case("pattern of which nothing is left", pattern("[INPUT -> FC]*0"), Data, "got none"),
    case("pattern without its letter", pattern("INPUT -> CONV*N -> FC"), Data, "N:", "give N="),
    case("letter that the pattern has not", net(N=2), Data, "N:", "it has none"),
    case("another letter than that", pattern("INPUT -> CONV*N -> FC", N=1, M=1), Data, "M:", "(N)"),
    case("letter below 0", pattern("INPUT -> CONV*N -> FC", N=-1), Data, "N:", ">= 0", "-1"),
    case("letter of many layers", pattern("INPUT -> CONV*N -> FC", N=2**70), Data, "N:", "10000"),
    case("letter that is no number", pattern("INPUT -> CONV*N -> FC", N=1.5), TypeError, "N:", "whole number", "1.5"),
    case("pattern with an unknown argument", net(filter=3), TypeError, "'filter'", "did you mean filters"),
    case("pattern with an argument like none", net(xyz=3), TypeError, "'xyz'"),
    case("pattern and 3 filters for 4", net(filters=[1, 2, 3]), Data, "filters", "4 entries", "2, one for each block"),
    case("pattern and 3 windows for 2", net(pool_size=[2, 2, 2]), Data, "pool_size", "2 entries", "each POOL", "3"),
    case("pattern and units for none", net(units=[5]), Data, "units", "0 entries", "got 1"),
    case("pattern and no filters", net(filters=0), Data, "CONV at character 12", "filters", ">= 1", "0"),
    case("pattern and a filter of 0", net(kernel_size=0), Data, "CONV", "kernel_size", ">= 1"),
    case("pattern and padding by word", net(padding="full"), Data, "CONV", "padding", "full"),
    case("pattern and strides of 0", net(strides=[1, 0]), Data, "CONV", "strides", ">= 1"),
    case("pattern and another pool", net(pool="min"), Data, "pool", "max, average, l2", "min"),
    case("pattern and a pool of 0", net(pool_size=0), Data, "POOL", "pool_size", ">= 1"),
    case("pattern and pool strides of 0", net(pool_strides=0), Data, "POOL", "strides", ">= 1"),
    case("pattern and no classes", net(classes=0), Data, "classes", ">= 1", "0"),
    case("pattern and units by word", pattern("INPUT -> FC -> FC", units="many"), TypeError, "FC", "units", "many"),
    case("pattern and another activation", net(activation="swish"), Data, "activation", "softmax", "swish"),
    case("pattern and a dropout of 1", pattern("INPUT -> DROPOUT -> FC", dropout=1), Data, "DROPOUT", "rate", "[0, 1)"),
    case("pattern and optional by word", net(optional="yes"), TypeError, "optional", "True or False", "yes"),
    case("pattern and 1 choice for 2", net(optional=[True]), Data, "optional", "2 entries", "got 1"),
    case("pattern and choices by number", net(optional=[1, 0]), TypeError, "optional", "True or False"),
    case("pattern and strict by number", net(strict=1), TypeError, "strict", "True or False"),
    case("pattern and unknown weights", net(weight_initializer="nice"), Data, "CONV", "weight_initializer", "nice"),
    case("pattern and an unknown penalty", net(weight_regularizer="l3"), Data, "CONV", "weight_regularizer", "l3"),
    case("pattern and a shape by word", pattern(NET, "small"), TypeError, "input_shape", "whole number"),
    case("pattern and a shape of 0", pattern(NET, (8, 0, 1)), Data, "input_shape", ">= 1"),
    case("pattern and a vector", pattern(NET, 64), Shape, "conv2d:", "(N, H, W, C)", "(N, 64)", "CONV at character 12"),
    case("pattern and a small image", pattern(NET, (3, 3, 1)), Shape, "max_pool2d_1:", "POOL at character 31"),
    case("pattern and a filter beyond it", net(kernel_size=9, padding=0), Shape, "conv2d:", "CONV at character 12"),
    case("pattern that does not divide", pattern(NET, (6, 6, 1), strict=True), Shape, "max_pool2d_1", "strict", "POOL"),
    case(
        "summary with a detail by word", lambda s: s.model.summary(detail="all"), TypeError, "detail", "True or False"
    ),
    case(
        "summary of what is not built", lambda s: nn.Sequential([nn.Dense(1)]).summary(True), nn.NncppError, "not built"
    ),
    case("summary of a vague layer", lambda s: sequence(Vague()).summary(True), TypeError, "multiply_adds", "some"),
    case("summary of 2 details", lambda s: sequence(nn.Dense(1)).summary(2), TypeError, "detail", "2"),
]
