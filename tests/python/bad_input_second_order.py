"""Bad input to Hessian-vector products, the optimal step and exact derivatives."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Data, Early, Shape, Subject, case, sequence
from nncpp.second_order import ExactObjective


def product(v: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.hessian_vector_product(s.model, s.x, s.y, v, **options)


def along(direction: Any, *term: Any) -> Callable[[Subject], Any]:
    return lambda s: ExactObjective(s.model, s.x, s.y).derivative(direction, *term)


def slope(name: Any, index: Any) -> Callable[[Subject], Any]:
    return lambda s: ExactObjective(s.model, s.x, s.y).slope(name, index)


SECOND_ORDER = [
    case("product with a v too short", product(np.ones(3)), Shape, "v", "expected", "(3,)"),
    case("product with a v in words", product("ones"), TypeError, "v"),
    case("product with a v of NaN", lambda s: nn.hessian_vector_product(s.model, s.x, s.y, s.model.flat_parameters
         * np.nan), Data, "v", "finite", "NaN"),
    case("product with a strange name", product({"dense/w": [1.0]}), Data, "v", "dense/weight", "'dense/w'"),
    case("product along an input", product({"input": np.ones((12, 4))}), Data, "v", "'input'"),
    case("product with a wrong shape", product({"dense/weight": np.ones((5, 4))}), Shape, "dense/weight", "(4, 5)",
         "(5, 4)"),
    case("product in training mode 1", product({}, training=1), TypeError, "training", "True or False", "1"),
    case("product with weights too few", product({}, sample_weight=np.ones(5)), Shape, "sample_weight", "(12,)"),
    case("product on NaN", lambda s: nn.hessian_vector_product(s.model, s.x_with(np.nan), s.y, {}), Data, "NaN",
         "row 3"),
    case("product of no model", lambda s: nn.hessian_vector_product(s.x, s.x, s.y, {}), TypeError, "model", "ndarray"),
    case("product before compile", lambda s: nn.hessian_vector_product(sequence(nn.Dense(3)), s.x, s.y, {}), Early,
         "compile"),
    case("optimal step before compile", lambda s: nn.optimal_step(sequence(nn.Dense(3)), s.x, s.y), Early, "compile"),
    case("optimal step on too few targets", lambda s: nn.optimal_step(s.model, s.x, s.y[:5]), Shape, "y", "12", "5"),
    case("optimal step of no model", lambda s: nn.optimal_step(None, s.x, s.y), TypeError, "model", "None"),
    case("derivative along a strange name", along({"out/scale": [1.0]}), Data, "direction", "out/weight", "out/scale"),
    case("derivative of a strange term", along({}, "loss"), Data, "term", "data", "penalty", "'loss'"),
    case("derivative along NaN", along({"out/bias": [0.0, np.nan, 0.0]}), Data, "out/bias", "finite"),
    case("slope beyond an array", slope("out/bias", 3), Data, "index", "(3,)"),
    case("slope at too few axes", slope("out/weight", (0,)), Data, "index", "(5, 3)", "(0,)"),
    case("slope at half a place", slope("out/bias", 0.5), TypeError, "index", "0.5"),
]  # fmt: skip
