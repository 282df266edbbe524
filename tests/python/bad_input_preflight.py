"""Bad input to preflight and explain_backward."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Data, Early, Shape, Subject, case, sequence


def preflight(**options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.preflight(s.model, s.x, s.y, **options)


def _not_built(s: Subject) -> Any:
    model = nn.Sequential([nn.Dense(3, "softmax")])
    model.compile(loss="nllm")
    model.explain_backward(s.x, s.y)


def _ranked(s: Subject) -> Any:
    a, b, score = nn.Input(4), nn.Input(4), nn.Dense(1)
    model = nn.Model([a, b], [score(a), score(b)])
    model.compile("sgd", "max_margin")
    nn.preflight(model, [s.x, s.x], s.y)


PREFLIGHT = [
    case("preflight of no model", lambda s: nn.preflight(s.x, s.x, s.y), TypeError, "model", "ndarray"),
    case("preflight before compile", lambda s: nn.preflight(sequence(nn.Dense(3)), s.x, s.y), Early, "preflight",
         "compile"),
    case("preflight on NaN", lambda s: nn.preflight(s.model, s.x_with(np.nan), s.y), Data, "x", "NaN", "row 3"),
    case("preflight on another shape", lambda s: nn.preflight(s.model, s.x[:, 1:], s.y), Shape, "x", "(N, 4)"),
    case("preflight on no rows", lambda s: nn.preflight(s.model, s.x[:0], s.y[:0]), Shape, "x", "0"),
    case("preflight on few targets", lambda s: nn.preflight(s.model, s.x, s.y[:5]), Shape, "y", "12", "5"),
    case("preflight without targets", lambda s: nn.preflight(s.model, s.x), TypeError, "y", "None"),
    case("preflight with targets too many", _ranked, Data, "y", "None"),
    case("preflight on a label too large", lambda s: nn.preflight(s.model, s.x, s.y_with(3)), Data, "y", "got 3"),
    case("preflight with weights of zero", preflight(sample_weight=np.zeros(12)), Data, "sample_weight", "zeros"),
    case("preflight with weights too few", preflight(sample_weight=np.ones(5)), Shape, "sample_weight", "(5,)"),
    case("preflight with a subset of 0", preflight(subset=0), Data, "subset", ">= 1", "0"),
    case("preflight with a subset of 2.5", preflight(subset=2.5), TypeError, "subset", "2.5"),
    case("preflight with a seed below 0", preflight(seed=-1), Data, "seed", "-1"),
    case("preflight with a seed in words", preflight(seed="lucky"), TypeError, "seed", "lucky"),
    case("explain before compile", lambda s: sequence(nn.Dense(3)).explain_backward(s.x, s.y), Early,
         "explain_backward", "compile"),
    case("explain before it is built", _not_built, Early, "explain_backward", "not built"),
    case("explain on NaN", lambda s: s.model.explain_backward(s.x_with(np.nan), s.y), Data, "x", "NaN", "row 3"),
    case("explain on no rows", lambda s: s.model.explain_backward(s.x[:0], s.y[:0]), Shape, "x", "0"),
    case("explain without targets", lambda s: s.model.explain_backward(s.x), TypeError, "y", "None"),
    case("explain with weights too few", lambda s: s.model.explain_backward(s.x, s.y, np.ones(5)), Shape,
         "sample_weight", "(12,)", "(5,)"),
]  # fmt: skip
