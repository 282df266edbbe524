"""Rows for the table of bad input: layers and losses of a caller's own, and what their methods return."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import ROWS, Case, Subject, case, compiled, sequence
from custom_parts import GraphNLLM, GraphSquared, Scripted, TwinNLLM, TwinSquared, TwinSwish

Shape, Data, Early = nn.ShapeError, nn.DataError, nn.NncppError
LARGE = {f"w{k}": 2 for k in range(2)}


def built(**script: Any) -> Any:
    return lambda s: sequence(Scripted(name="own", **script))


def run(**script: Any) -> Any:
    """Fits a model with this layer, which is unchanged by the failure."""

    def call(s: Subject) -> None:
        model = sequence(nn.Dense(4), Scripted(name="own", **script), nn.Dense(3, "softmax"))
        model.compile("sgd", "nllm")
        before = model.flat_parameters.copy()
        try:
            model.fit(s.x, s.y)
        finally:
            assert (model.flat_parameters == before).all()

    return call


def fitted(loss: Any, y: Any, units: int = 3) -> Any:
    def call(s: Subject) -> None:
        model = sequence(nn.Dense(units, name="out"))
        model.compile("sgd", loss)
        model.fit(s.x, y)

    return call


class Odd(nn.CustomLoss, kind="odd_task"):
    """L = 0, of outputs that are nothing known."""

    task = "luck"  # type: ignore[assignment]

    def losses(self, p: Any, y: Any) -> Any:
        return np.zeros(len(p))

    def gradient(self, p: Any, y: Any) -> Any:
        return np.zeros_like(p)


class Undecided(Odd, kind="undecided"):
    """L = 0, of outputs that say yes or no, but above which number?"""

    task = "binary"


CUSTOM: list[Case] = [
    case("own shape of words", built(shape="wide"), Early, "own: output_shape", "whole number", "wide"),
    case("own shape of 0", built(shape=(0,)), Data, "own: output_shape", ">= 1", "0"),
    case("own shape of half", built(shape=(1.5,)), Early, "own: output_shape", "whole number", "1.5"),
    case("own shape of nothing", built(shape=None), Early, "own: output_shape", "None"),
    case("own shape of six axes", built(shape=(1,) * 6), Shape, "own: output_shape", "at most 5 axes", "6"),
    case("own parameters as a list", built(segments=[("weight", 3)]), Early, "own: parameters", "mapping", "list"),
    case("own parameter of width 0", built(segments={"weight": 0}), Data, "own: parameters", ">= 1"),
    case("own parameter with a slash", built(segments={"a/b": 1}), Data, "own: parameters", "'/'", "a/b"),
    case("own parameter without a name", built(segments={3: 1}), Early, "own: parameters", "string", "3"),
    case("own parameter too large", built(segments={"w": (2**30, 2**30)}), Shape, "own: parameters", "2^40"),
    case("own forward of another shape", run(value=lambda u: u[:, :2]), Shape, "own: forward: v", "(12, 4)", "(12, 2)"),
    case("own forward of a number", run(value=lambda u: 1.0), Shape, "own: forward: v", "(12, 4)", "()"),
    case("own forward of nothing", run(value=lambda u: None), TypeError, "own: forward: v", "real numbers", "object"),
    case("own forward of words", run(value=lambda u: "v"), TypeError, "own: forward: v", "real numbers"),
    case("own forward of complex numbers", run(value=lambda u: u + 1j), TypeError, "own: forward: v", "complex64"),
    case("own forward of ragged lists", run(value=lambda u: [[1], [1, 2]]), TypeError, "own: forward: v", "array"),
    case("own backward of another shape", run(gradient=lambda dv: dv[0]), Shape, "backward: du", "(12, 4)", "(4,)"),
    case("own backward of nothing", run(gradient=lambda dv: None), TypeError, "own: backward: du", "real numbers"),
    case("own backward without dW", run(segments={"w": 2}), Data, "own: backward", "w", "got none"),
    case("own backward of another dW", run(segments=LARGE, gradient=lambda dv: (dv, {"w0": np.ones(2)})), Data,
         "own: backward", "w0, w1", "got w0"),
    case("own backward of a wrong dW", run(segments={"w": 2}, gradient=lambda dv: (dv, {"w": np.ones(3)})), Shape,
         "own: backward: dW", "(2,)", "(3,)"),
    case("own backward of a dW too many", run(gradient=lambda dv: (dv, {"w": 1})), Data, "backward", "(none)", "w"),
    case("own layer that fails", run(value=lambda u: 1 // 0), Early, "own: forward raised ZeroDivisionError"),
    case("own activation of two inputs", lambda s: nn.Model(
        [a := nn.Input(2), b := nn.Input(2)], TwinSwish(name="own")([a, b])), Shape, "own: ",
         "one input", "2"),
    case("parameter of an unknown initializer", lambda s: nn.Parameter(3, "zero"), Data, "initializer", "zeros"),
    case("parameter of an unknown kind", lambda s: nn.Parameter(3, kind="state"), Data, "weight, bias", "state"),
    case("parameter of a word", lambda s: nn.Parameter("wide"), TypeError, "shape", "wide"),
    case("own loss with a target of another shape", fitted(TwinSquared(), np.ones((ROWS, 2))), Shape, "y", "(N, 3)",
         "twin_squared"),
    case("own loss with NaN", fitted(TwinSquared(), np.full((ROWS, 3), np.nan)), Data, "y", "NaN"),
    case("own loss with a label too large", fitted(TwinNLLM(), np.full(ROWS, 3)), Data, "y", "0 ... 2", "got 3"),
    case("own loss with real labels", fitted(TwinNLLM(), np.ones(ROWS)), Data, "y", "integer labels"),
    case("own loss without y", fitted(TwinSquared(), None), TypeError, "y", "None"),
    case("own loss of one class", fitted(TwinNLLM(), np.zeros(ROWS, int), 1), Data, "out", "each class"),
    case("own loss of no task", compiled(loss=Odd()), Data, "task", "regression, binary or classes", "luck"),
    case("own loss without a threshold", compiled(loss=Undecided()), Data, "undecided", "threshold"),
    case("own loss as class", compiled(loss=TwinSquared), TypeError, "loss", "TwinSquared(...)"),
    case("accuracy of an own loss of numbers", compiled(loss=TwinSquared(), metrics="accuracy"), Data, "accuracy",
         "twin_squared"),
    case("graph loss with labels", fitted(GraphNLLM(), np.zeros(ROWS, int)), Shape, "y", "(N, 3)", "graph_nllm"),
    case("graph loss with a target of another shape", fitted(GraphSquared(), np.ones((ROWS, 2))), Shape, "y", "(N, 3)"),
    case("graph loss that is not summed", compiled(loss=lambda p, y: nn.ops.square(p - y)), Shape, "(N, 3)",
         "a number for each row", "sum"),
    case("graph loss of an array", compiled(loss=lambda p, y: 1.0), TypeError, "(p, y) to give a node", "1.0"),
    case("graph loss without y", compiled(loss=lambda p, y: nn.ops.sum(p, axis=-1)), Data, "y"),
    case("graph loss with a variable", compiled(loss=lambda p, y: nn.ops.sum((p - y) * nn.variable(1.0), axis=-1)),
         Data, "no variables"),
    case("graph loss of a layer with weights", compiled(loss=lambda p, y: nn.Dense(1)(p - y)), Data, "no variables"),
    case("graph loss through a step", compiled(loss=lambda p, y: nn.ops.sum(nn.Activation("step")(p - y), axis=-1)),
         Data, "step"),
]  # fmt: skip
