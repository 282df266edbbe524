"""Rows for the table of bad input: arguments of layers."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case, sequence

Shape, Data = nn.ShapeError, nn.DataError


def maxout(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.Maxout(*arguments, **options)


def adapted(layer: nn.Layer, x: Any) -> Any:
    return nn.Sequential([nn.Input(4), layer]).adapt(x)


def _step_before_whitening(s: Subject) -> None:
    model = sequence(nn.Whiten(name="white"), nn.Dense(3, "softmax"))
    model.compile(loss="nllm")
    model.train_on_batch(s.x, s.y)


def _fit_whitened(s: Subject, rows: int) -> None:
    model = sequence(nn.Whiten(), nn.Dense(3, "softmax"))
    model.compile(loss="nllm")
    try:
        model.fit(s.x[:rows], s.y[:rows])
    finally:
        assert (model.state["whiten/matrix"] == np.eye(4)).all()


def _norm(**options: Any) -> Any:
    return sequence(nn.BatchNorm(**options))


def _norm_of_two_widths(s: Subject) -> Any:
    layer, a, b = nn.BatchNorm(name="norm"), nn.Input(3), nn.Input(4)
    return nn.Model([a, b], [layer(a), layer(b)])


LAYERS: list[Case] = [
    case("batch norm momentum 1", lambda s: nn.BatchNorm(1.0), Data, "momentum", "[0, 1)", "1"),
    case("batch norm momentum -0.1", lambda s: nn.BatchNorm(-0.1), Data, "momentum", "[0, 1)", "-0.1"),
    case("batch norm momentum by word", lambda s: nn.BatchNorm("slow"), TypeError, "momentum", "slow"),
    case("batch norm epsilon 0", lambda s: nn.BatchNorm(epsilon=0), Data, "epsilon", "(0, inf)", "0"),
    case("batch norm epsilon NaN", lambda s: nn.BatchNorm(epsilon=np.nan), Data, "epsilon", "nan"),
    case("batch norm epsilon 0 in float32", lambda s: _norm(epsilon=1e-50), Data, "epsilon", "float32", "1e-50"),
    case("batch norm gamma as number", lambda s: nn.BatchNorm(gamma_initializer=1), TypeError, "gamma_initializer"),
    case("batch norm unknown beta", lambda s: nn.BatchNorm(beta_initializer="none"), Data, "beta_initializer", "zeros"),
    case("batch norm gamma of a matrix", lambda s: _norm(gamma_initializer="orthogonal"), Shape, "matrix", "(4,)"),
    case("batch norm with a penalty", lambda s: nn.BatchNorm(gamma_regularizer="l2"), TypeError, "gamma_regularizer"),
    case("batch norm shared between widths", _norm_of_two_widths, Shape, "norm", "(N, 3)", "(N, 4)"),
    case("noise deviation -1", lambda s: nn.GaussianNoise(-1), Data, "deviation", "[0, inf)", "-1"),
    case("noise deviation NaN", lambda s: nn.GaussianNoise(np.nan), Data, "deviation", "nan"),
    case("noise deviation by word", lambda s: nn.GaussianNoise("loud"), TypeError, "deviation", "loud"),
    case("noise deviation beyond float32", lambda s: sequence(nn.GaussianNoise(1e39)), Data, "deviation", "float32"),
    case("prelu shared 1", lambda s: nn.PReLU(1), TypeError, "shared", "True or False"),
    case("prelu slope as number", lambda s: nn.PReLU(slope_initializer=0.1), TypeError, "slope_initializer", "0.1"),
    case("prelu with a penalty", lambda s: nn.PReLU(slope_regularizer="l2"), TypeError, "slope_regularizer"),
    case("maxout units 0", maxout(0), Data, "units", ">= 1", "0"),
    case("maxout units 2.5", maxout(2.5), TypeError, "units", "2.5"),
    case("maxout pieces 0", maxout(3, 0), Data, "pieces", ">= 1", "0"),
    case("maxout pieces 1.5", maxout(3, 1.5), TypeError, "pieces", "1.5"),
    case("maxout pieces 2**25", maxout(3, 2**25), Data, "pieces", "16777216"),
    case("maxout too large", lambda s: sequence(nn.Maxout(2**38, 2**20, name="wide")), Shape, "2^40"),
    case("maxout with an activation", maxout(3, 2, "relu"), TypeError, "positional"),
    case("maxout use_bias 1", maxout(3, use_bias=1), TypeError, "use_bias", "True or False"),
    case("maxout unknown initializer", maxout(3, weight_initializer="he"), Data, "weight_initializer", "he_normal"),
    case("maxout unknown bias initializer", maxout(3, bias_initializer=0), TypeError, "bias_initializer", "0 (int)"),
    case("maxout unknown regularizer", maxout(3, weight_regularizer="l3"), Data, "weight_regularizer", "l3", "l2"),
    case("maxout unknown constraint", maxout(3, weight_constraint=3.0), TypeError, "weight_constraint", "max_norm"),
    case(
        "maxout bias penalty without a bias",
        maxout(3, use_bias=False, bias_regularizer="l2"),
        Data,
        "bias_regularizer",
        "no bias",
    ),
    case("standardize with_deviation 0", lambda s: nn.Standardize(with_deviation=0), TypeError, "with_deviation"),
    case("standardize one column for all", lambda s: adapted(nn.Standardize(), s.x[:, :1]), Shape, "x", "(N, 4)"),
    case("standardize no rows", lambda s: adapted(nn.Standardize(), s.x[:0]), Shape, "x", "1 row", "0"),
    case("whiten unknown method", lambda s: nn.Whiten(method="svd"), Data, "method", "pca, zca", "svd"),
    case("whiten method 1", lambda s: nn.Whiten(method=1), TypeError, "method", "1 (int)"),
    case("whiten epsilon 1", lambda s: nn.Whiten(epsilon=1), Data, "epsilon", "[0, 1)"),
    case("whiten epsilon < 0", lambda s: nn.Whiten(epsilon=-1e-9), Data, "epsilon", "[0, 1)"),
    case("whiten epsilon NaN", lambda s: nn.Whiten(epsilon=np.nan), Data, "epsilon", "nan"),
    case("whiten an image", lambda s: nn.Sequential([nn.Input((2, 3)), nn.Whiten()]), Shape, "whiten", "(N, D)"),
    case("whiten one row", lambda s: _fit_whitened(s, 1), Shape, "x", "2 rows", "1"),
    case("whiten NaN", lambda s: adapted(nn.Whiten(), s.x_with(np.nan)), Data, "x", "column 2", "NaN"),
    case("whiten beyond float32", lambda s: adapted(nn.Whiten(), s.x_with(1e39)), Data, "x", "column 2", "float32"),
    case("whiten a column too many", lambda s: adapted(nn.Whiten(), np.ones((9, 5))), Shape, "x", "(N, 4)", "(9, 5)"),
    case(
        "whiten behind a layer",
        lambda s: nn.Sequential([nn.Input(4), nn.Dense(3), nn.Whiten(name="white")]).adapt(s.x),
        Data,
        "white",
        "behind an Input",
    ),
    case("whiten before a step", _step_before_whitening, nn.NncppError, "white", "adapt"),
]
