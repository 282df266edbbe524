"""Rows for the table of bad input: losses, their arguments, their outputs and their targets."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import ROWS, Case, Subject, case, sequence

Shape, Data = nn.ShapeError, nn.DataError
SIGNS, BITS = 2 * (np.arange(ROWS) % 2) - 1, np.arange(ROWS) % 2
THIRDS = np.full((ROWS, 3), 1 / 3)


def fitted(loss: Any, y: Any = None, units: int = 1, activation: str = "identity", **options: Any) -> Any:
    def run(s: Subject) -> None:
        model = sequence(nn.Dense(units, activation, name="out"))
        model.compile("sgd", loss)
        before = model.flat_parameters.copy()
        try:
            model.fit(s.x, y, **options)
        finally:
            assert (model.flat_parameters == before).all()

    return run


def ranked(
    widths: tuple[int, ...] = (1, 1),
    activation: str = "identity",
    loss: Any = "max_margin",
    compilation: Any = None,
    **options: Any,
) -> Any:
    """A model whose outputs a, b, ... have these widths, compiled and fitted to x without y."""

    def run(s: Subject) -> None:
        x = nn.Input(4)
        model = nn.Model(x, [nn.Dense(n, activation, name="abc"[k])(x) for k, n in enumerate(widths)])
        model.compile("sgd", loss, **(compilation or {}))
        model.fit(s.x, **options)

    return run


LOSSES: list[Case] = [
    case("delta 0", lambda s: nn.HuberLoss(0), Data, "delta", "(0, inf)", "0"),
    case("delta -1", lambda s: nn.HuberLoss(delta=-1.0), Data, "delta", "-1"),
    case("delta NaN", lambda s: nn.HuberLoss(np.nan), Data, "delta", "nan"),
    case("delta is a word", lambda s: nn.HuberLoss("wide"), TypeError, "delta", "wide"),
    case("margin 0", lambda s: nn.MaxMarginLoss(margin=0), Data, "margin", "(0, inf)", "0"),
    case("margin -1 of a multiclass hinge", lambda s: nn.MulticlassHingeLoss(-1), Data, "margin", "-1"),
    case("margin infinite", lambda s: nn.MaxMarginLoss(np.inf), Data, "margin", "inf"),
    case("margin is None", lambda s: nn.MulticlassHingeLoss(None), TypeError, "margin", "None"),
    case("label smoothing 1", lambda s: nn.NLLM(1.0), Data, "label_smoothing", "[0, 1)", "1"),
    case("label smoothing -0.1", lambda s: nn.NLL(label_smoothing=-0.1), Data, "label_smoothing", "-0.1"),
    case("label smoothing by flag", lambda s: nn.NLLM(label_smoothing=True), TypeError, "label_smoothing", "True"),
    case("temperature 0", lambda s: nn.KLLoss(0.0), Data, "temperature", "(0, inf)", "0"),
    case("temperature is a word", lambda s: nn.KLLoss("hot"), TypeError, "temperature", "hot"),
    case("hinge targets (0, 2)", lambda s: nn.HingeLoss(targets=(0, 2)), Data, "targets", "(-1, 1) or (0, 1)", "2"),
    case("hinge targets upside down", lambda s: nn.HingeLoss(targets=(1, -1)), Data, "targets", "(1, -1)"),
    case("hinge targets by word", lambda s: nn.HingeLoss(targets="signs"), TypeError, "targets", "signs"),
    case("hinge with 0 and 1, not declared", fitted("hinge", BITS), Data, "y", "-1 or 1", "got 0", "row 0", "declared"),
    case("hinge with -1 and 1, declared otherwise", fitted(nn.HingeLoss(targets=(0, 1)), SIGNS), Data, "y", "0 or 1",
         "got -1", "row 0"),
    case("hinge with labels of classes", fitted("hinge", np.arange(ROWS) % 3, units=3), Shape, "y", "(N, 3)", "hinge"),
    case("a multiclass hinge with shares", fitted("multiclass_hinge", THIRDS, units=3), Data, "y", "one-hot", "row 0"),
    case("a multiclass hinge with a label too large", fitted("multiclass_hinge", np.full(ROWS, 3), units=3), Data, "y",
         "0 ... 2", "got 3"),
    case("a multiclass hinge with real labels", fitted("multiclass_hinge", np.ones(ROWS), units=3), Data, "y",
         "integer labels"),
    case("kl with labels", fitted("kl", np.arange(ROWS) % 3, 3, "softmax"), Shape, "y", "(N, 3)", "kl"),
    case("kl with rows that are no distributions", fitted("kl", 2 * THIRDS, 3, "softmax"), Data, "y", "sum to 1"),
    case("kl with parts below 0", fitted("kl", THIRDS * [-1, 1, 3], 3, "softmax"), Data, "y", "probabilities >= 0"),
    case("huber with too few columns", fitted("huber", np.ones((ROWS, 2)), units=3), Shape, "y", "(N, 3)", "(12, 2)"),
    case("absolute with NaN", fitted("absolute", np.full(ROWS, np.nan)), Data, "y", "NaN", "row 0"),
    case("nll with 2", fitted("nll", np.full(ROWS, 2), activation="sigmoid"), Data, "y", "[0, 1]", "got 2"),
    case("hinge after sigmoid", fitted("hinge", SIGNS, activation="sigmoid"), Data, "out", "'identity'", "'nll'"),
    case("a multiclass hinge after softmax", fitted("multiclass_hinge", BITS, 2, "softmax"), Data, "out", "'nllm'"),
    case("nllm of one class", fitted("nllm", np.zeros(ROWS, int), 1, "softmax"), Data, "out", "2", "'nll'"),
    case("kl of one class", fitted("kl", np.ones(ROWS), 1, "softmax"), Data, "out", "each class", "got 1"),
    case("a multiclass hinge of one class", fitted("multiclass_hinge", np.zeros(ROWS, int)), Data, "out", "'nll'"),
    case("another library's name", fitted("categorical_crossentropy"), Data, "loss", "squared, absolute", "use 'nllm'"),
    case("kl after sigmoid", fitted("kl", THIRDS, 3, "sigmoid"), Data, "out", "'softmax'", "'nll'"),
    case("max margin after sigmoid", ranked(activation="sigmoid"), Data, "a: ", "'identity'", "'nll'"),
    case("max margin of one output", fitted("max_margin"), Data, "loss", "1 outputs (out)", "max_margin", "take 2"),
    case("max margin of three outputs", ranked((1, 1, 1)), Data, "loss", "3 outputs (a, b, c)", "take 2"),
    case("max margin of two widths", ranked((1, 2)), Shape, "b", "max_margin", "(N, 1)", "(N, 2)"),
    case("max margin by names of outputs", ranked(loss={"a": "max_margin", "b": "max_margin"}), Data, "loss", "take 4"),
    case("max margin before compile has a shape", lambda s: nn.Sequential([nn.Dense(1)]).compile(loss="max_margin"),
         Data, "loss", "max_margin", "take 2"),
    case("max margin with y", ranked(y=np.ones(ROWS)), Data, "y", "None", "no targets", "leave y out"),
    case("max margin with y for validation", lambda s: ranked(validation_data=(s.x, s.y))(s), Data, "validation_data",
         "no targets"),
    case("max margin with weights of classes", ranked(class_weight={0: 2.0}), Data, "class_weight", "sample_weight"),
    case("max margin with a caller's function", ranked(compilation={"metrics": print}), Data, "metrics", "targets",
         "accuracy"),
    case("max margin with two weights", ranked(compilation={"loss_weights": [1.0, 2.0]}), Data, "loss_weights",
         "1 entries (a)", "2"),
    case("max margin with metrics of the second output", ranked(compilation={"metrics": {"b": "accuracy"}}), Data,
         "metrics", "a", "b"),
    case("no losses at all", ranked(loss=[]), Data, "loss", "2 outputs (a, b)", "none"),
    case("y left out of a loss with targets", fitted("huber"), TypeError, "y", "None"),
    case("weights of classes 0 and 1 for signs", fitted("hinge", SIGNS, class_weight={0: 2.0}), Data, "class_weight",
         "-1 and 1", "got 0"),
    case("weights of classes -1 and 1 for bits", fitted("nll", BITS, activation="sigmoid", class_weight={-1: 2.0}),
         Data, "class_weight", ">= 0", "-1"),
    case("weights of classes for distributions", fitted("nllm", THIRDS, 3, "softmax", class_weight={0: 2.0}), Data,
         "class_weight", "one-hot", "float64 (12, 3)", "sample_weight"),
    case("weights of classes for several columns", fitted("nll", np.ones((ROWS, 3)), 3, "sigmoid", class_weight={0: 2}),
         Data, "class_weight", "one-hot"),
    case("weights of classes for numbers", fitted("huber", np.linspace(0, 1, ROWS), class_weight={0: 2.0}), Data,
         "class_weight", "0 and 1", "float64"),
]  # fmt: skip
