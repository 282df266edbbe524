"""Bad input to minimize."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Data, Early, Shape, Subject, case, sequence


def minimize(**options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.minimize(s.model, s.x, s.y, **options)


def _with_constraint(s: Subject) -> Any:
    model = sequence(nn.Dense(3, "softmax", weight_constraint=nn.MaxNorm(2.0)))
    model.compile(loss="nllm")
    nn.minimize(model, s.x, s.y)


def _without_parameters(s: Subject) -> Any:
    model = sequence(nn.Activation("softmax"))
    model.compile(loss="nllm")
    nn.minimize(model, s.x, s.y % 3)


def _inside_fit(s: Subject) -> Any:
    class Nested(nn.Callback):
        def on_train_begin(self) -> None:
            nn.minimize(self.model, s.x, s.y)

    s.fit(callbacks=Nested())


MINIMIZE = [
    case("minimize by an unknown method", minimize(method="Powell"), Data, "method", "L-BFGS-B", "Newton-CG", "Powell"),
    case("minimize by a function", minimize(method=np.linalg.lstsq), TypeError, "method", "L-BFGS-B"),
    case("minimize with 0 iterations", minimize(max_iterations=0), Data, "max_iterations", ">= 1", "0"),
    case("minimize with 2.5 iterations", minimize(max_iterations=2.5), TypeError, "max_iterations", "2.5"),
    case("minimize with 2**31 iterations", minimize(max_iterations=2**31), Data, "max_iterations", "2147483647"),
    case("minimize to a tolerance of -1", minimize(tolerance=-1), Data, "tolerance", "[0, inf)", "-1"),
    case("minimize to a tolerance of NaN", minimize(tolerance=np.nan), Data, "tolerance", "nan"),
    case("minimize to a tolerance in words", minimize(tolerance="small"), TypeError, "tolerance", "small"),
    case("minimize with verbose 7", minimize(verbose=7), Data, "verbose", "auto", "7"),
    case("minimize with an nn.Callback", minimize(callback=nn.Callback()), TypeError, "callback", "(iteration, loss)"),
    case("minimize with weights too few", minimize(sample_weight=np.ones(5)), Shape, "sample_weight", "(12,)", "(5,)"),
    case("minimize with weights of zero", minimize(sample_weight=np.zeros(12)), Data, "sample_weight", "zeros"),
    case("minimize on NaN", lambda s: nn.minimize(s.model, s.x_with(np.nan), s.y), Data, "x", "NaN", "row 3"),
    case("minimize on too few targets", lambda s: nn.minimize(s.model, s.x, s.y[:5]), Shape, "y", "12", "5"),
    case("minimize no model", lambda s: nn.minimize(s.x, s.x, s.y), TypeError, "model", "ndarray"),
    case("minimize before compile", lambda s: nn.minimize(sequence(nn.Dense(3)), s.x, s.y), Early, "minimize",
         "compile"),
    case("minimize under a constraint", _with_constraint, Data, "model", "constraint", "nn.L2"),
    case("minimize no parameters", _without_parameters, Data, "model", "parameter"),
    case("minimize in a callback of fit", _inside_fit, Early, "in fit"),
]  # fmt: skip
