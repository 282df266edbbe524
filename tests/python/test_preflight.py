"""Preflight: well-made models pass, and of a planted mistake the report says that one thing."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.preflight import PreflightReport
from snapshots import snapshot
from tolerances import ROUNDING

Model = nn.Model
Made = tuple[Model, Any, Any]
Normal, Constant = nn.initializers.Normal, nn.initializers.Constant
RANDOM = np.random.default_rng(0)
DIGITS, LABELS = nn.datasets.digits()
X = RANDOM.normal(size=(200, 5))
Y = (X @ [0.5, -0.3, 0.2, 0.1, 0.4] + 0.5 * RANDOM.normal(size=200)).astype(np.float32)
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def chain(*layers: Any, optimizer: Any = "adam", loss: Any = "nllm", seed: int = 0) -> Model:
    model = nn.Sequential(list(layers), seed=seed)
    model.compile(optimizer, loss)
    return model


def classifier(*hidden: Any, optimizer: Any = "adam", **out: Any) -> Made:
    layers = hidden or (nn.Dense(32, "relu"),)
    return chain(nn.Input(64), *layers, nn.Dense(10, "softmax", **out), optimizer=optimizer), DIGITS, LABELS


def regression(output: str = "identity", loss: Any = "squared", y: Any = Y, x: Any = X) -> Made:
    return chain(nn.Input(5), nn.Dense(16, "tanh"), nn.Dense(1, output), loss=loss), x, y


def xor(activation: str, seed: int) -> Made:
    layers = nn.Input(2), nn.Dense(8, activation), nn.Dense(1, "sigmoid")
    return chain(*layers, optimizer=nn.Adam(0.05), loss="nll", seed=seed), *XOR


def ranking() -> Made:
    a, b = nn.Input(20, name="true"), nn.Input(20, name="corrupt")
    score = nn.Sequential([nn.Dense(8, "sigmoid"), nn.Dense(1, use_bias=False)])
    model = nn.Model([a, b], [score(a), score(b)])
    model.compile("sgd", nn.MaxMarginLoss())
    true = RANDOM.normal(size=(100, 20))
    return model, [true, np.c_[true[:, :8], RANDOM.normal(size=(100, 4)), true[:, 12:]]], None


def two_tasks() -> Made:
    a, b = nn.Input(5), nn.Input(3)
    kind = nn.Dense(3, "softmax", name="kind")(nn.Dense(16, "relu")(a))
    size = nn.Dense(2, name="size")(nn.Dense(16, "tanh")(b))
    model = nn.Model([a, b], [kind, size])
    model.compile("adam", ["nllm", "squared"], loss_weights=[1.0, 0.5])
    return model, [X, X[:, :3]], [np.arange(200) % 3, X[:, :2]]


def teacher() -> Made:
    model = chain(nn.Input(64), nn.Dense(32, "relu"), nn.Dense(10, "softmax"), loss=nn.KLLoss(3.0))
    return model, DIGITS, np.full((len(LABELS), 10), 0.05) + 0.5 * np.eye(10)[LABELS]


def noisy_curve() -> Made:
    x = RANDOM.uniform(-2, 2, size=(300, 1))
    y = np.sin(3 * x) + 0.5 * RANDOM.normal(size=x.shape)
    return chain(nn.Input(1), nn.Dense(16, "tanh"), nn.Dense(1), optimizer=nn.Adam(0.01), loss="squared"), x, y


def deep(*layers: Any, depth: int = 8) -> Made:
    return classifier(*(layer() for _ in range(depth) for layer in layers))


GOOD: dict[str, Callable[[], Made]] = {
    "digits with dropout and L2": lambda: classifier(
        nn.Dense(128, "relu", weight_initializer="he_normal", weight_regularizer=nn.L2(1e-4)), nn.Dropout(0.5)
    ),
    "softmax alone": lambda: (chain(nn.Input(64), nn.Dense(10, "softmax")), DIGITS, LABELS),
    "softmax of zeros": lambda: (
        chain(nn.Input(64), nn.Dense(10, "softmax", weight_initializer="zeros")), DIGITS, LABELS
    ),
    "output of zeros": lambda: classifier(weight_initializer="zeros"),
    "raw pixels, standardized": lambda: (
        chain(nn.Input(64), nn.Standardize(), nn.Dense(32, "relu"), nn.Dense(10, "softmax")), 255 * DIGITS, LABELS
    ),
    "raw pixels, batch norm": lambda: (
        chain(nn.Input(64), nn.BatchNorm(), nn.Dense(32, "relu"), nn.Dense(10, "softmax")), 255 * DIGITS, LABELS
    ),
    "not built yet": lambda: (
        chain(nn.Whiten(), nn.GaussianNoise(1.0), nn.Dense(32, "tanh"), nn.Dense(10, "softmax")), DIGITS, LABELS
    ),
    "label smoothing": lambda: (
        chain(nn.Input(64), nn.Dense(32, "relu"), nn.Dense(10, "softmax"), loss=nn.NLLM(0.1)), DIGITS, LABELS
    ),
    "distillation": teacher,
    "deep rectifiers by He": lambda: deep(lambda: nn.Dense(64, "relu", weight_initializer="he_normal"), depth=10),
    "deep tanh by Glorot": lambda: deep(lambda: nn.Dense(64, "tanh"), depth=10),
    "deep batch norm": lambda: deep(
        lambda: nn.Dense(32, use_bias=False), nn.BatchNorm, lambda: nn.Activation("relu"), depth=8
    ),
    "maxout and prelu": lambda: classifier(nn.Maxout(32), nn.Dense(32), nn.PReLU()),
    "regression": regression,
    "absolute": lambda: regression(loss="absolute"),
    "huber": lambda: regression(loss="huber"),
    "noisy curve": noisy_curve,
    "linear regression by SGD": lambda: (chain(nn.Input(5), nn.Dense(1), optimizer="sgd", loss="squared"), X, Y),
    "hinge": lambda: (
        chain(nn.Input(5), nn.Dense(1, weight_regularizer="l2"), optimizer="sgd", loss="hinge"), X, np.sign(Y)
    ),
    "multi-class hinge": lambda: (chain(nn.Input(64), nn.Dense(10), loss="multiclass_hinge"), DIGITS, LABELS),
    "autoencoder": lambda: (
        chain(nn.Input(64), nn.Dense(16, "relu"), nn.Dense(64, "sigmoid"), loss="squared"), DIGITS, DIGITS
    ),
    "max margin": ranking,
    "eight targets a row": lambda: (
        chain(nn.Input((8, 8)), nn.Dense(4, "relu"), nn.Dense(1), loss="squared"),
        RANDOM.normal(size=(50, 8, 8)), RANDOM.normal(size=(50, 8, 1)),
    ),
    "two inputs and outputs": two_tasks,
    **{f"XOR by {f}, seed {seed}": lambda f=f, seed=seed: xor(f, seed)  # type: ignore[misc]
       for f in ("tanh", "relu") for seed in range(8)},
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_setup_has_no_finding(name: str) -> None:
    report = nn.preflight(*GOOD[name]())
    assert report.ok, str(report)


def rare() -> Made:
    model, _, _ = classifier()
    rows = np.r_[np.flatnonzero(LABELS != 3), np.flatnonzero(LABELS == 3)[:3]]
    return model, DIGITS[rows], LABELS[rows]


EQUAL: dict[str, Any] = {"weight_initializer": Constant(0.1)}
MISTAKES: dict[str, tuple[str, str, str, Callable[[], Made]]] = {  # check, status, words, model
    "pixels up to 255": ("inputs", "warn", "nn.Standardize", lambda: (classifier()[0], 255 * DIGITS, LABELS)),
    "one column in other units": ("inputs", "warn", "column 2", lambda: regression(x=X * [1, 1, 1000, 1, 1])),
    "one column very small": ("inputs", "warn", "column 4", lambda: regression(x=X * [1, 1, 1, 1, 1e-3])),
    "a mean far from 0": ("inputs", "warn", "column 0", lambda: regression(x=0.1 * X + [3, 0, 0, 0, 0])),
    "constant inputs": ("inputs", "warn", "the same in every row", lambda: regression(x=np.ones((200, 5)))),
    "tiny inputs": ("inputs", "warn", "no number", lambda: regression(x=1e-4 * X)),
    "classes without rows": (
        "labels", "warn", "classes 10, 11 of 12 have no row",
        lambda: (chain(nn.Input(64), nn.Dense(32, "relu"), nn.Dense(12, "softmax")), DIGITS, LABELS),
    ),
    "a rare class": ("labels", "warn", "class 3", rare),
    "nearly one class": (
        "labels", "warn", "always saying 0 has accuracy 0.98",
        lambda: (chain(nn.Input(64), nn.Dense(9, "relu"), nn.Dense(1, "sigmoid"), loss="nll"), DIGITS,
                 np.arange(len(LABELS)) % 50 == 0),
    ),
    "one label": (
        "labels", "warn", "y is 1 in every row",
        lambda: (chain(nn.Input(5), nn.Dense(1), loss="hinge"), X, np.ones(200)),
    ),
    "prices": ("targets", "warn", "mean", lambda: regression(y=5e4 * Y + 2e5)),
    "constant numbers": ("targets", "warn", "the same in every row", lambda: regression(y=np.ones(200))),
    "negative targets of a rectifier": ("pairing", "fail", "[0, inf]", lambda: regression("relu")),
    "large targets of tanh": ("pairing", "fail", "[-1, 1]", lambda: regression("tanh", y=3 * Y)),
    "squared sigmoid of labels": ("pairing", "warn", 'loss="nll"', lambda: regression("sigmoid", y=Y > 0)),
    "squared softmax of labels": (
        "pairing", "warn", 'loss="nllm"',
        lambda: (chain(nn.Input(64), nn.Dense(9, "relu"), nn.Dense(10, "softmax"), loss="squared"), DIGITS,
                 np.eye(10)[LABELS]),
    ),
    "squared tanh of signs": ("pairing", "warn", 'loss="hinge"', lambda: regression("tanh", y=np.sign(Y))),
    "all weights zero": (
        "weights", "fail", "all are 0",
        lambda: classifier(nn.Dense(32, "relu", weight_initializer="zeros"), weight_initializer="zeros"),
    ),
    "hidden weights zero": (
        "weights", "warn", "all are 0", lambda: classifier(nn.Dense(32, "tanh", weight_initializer="zeros"))
    ),
    "all weights equal": (
        "weights", "fail", "32 of 32 units", lambda: classifier(nn.Dense(32, "relu", **EQUAL), **EQUAL)
    ),
    "small weights in a deep net": (
        "activations", "fail", "vanish", lambda: deep(lambda: nn.Dense(64, "tanh", weight_initializer=Normal(0, 0.01)))
    ),
    "deep sigmoids": ("activations", "fail", '"tanh" or "relu"', lambda: deep(lambda: nn.Dense(64, "sigmoid"))),
    "large weights in a deep net": (
        "activations", "fail", "explode", lambda: deep(lambda: nn.Dense(64, "relu", weight_initializer=Normal(0, 1)))
    ),
    "dead units": (
        "units", "fail", "100% of the units", lambda: classifier(nn.Dense(32, "relu", bias_initializer=Constant(-20)))
    ),
    "saturated units": (
        "units", "warn", "limits of tanh", lambda: classifier(nn.Dense(32, "tanh", weight_initializer=Normal(0, 5)))
    ),
    "large output weights": (
        "initial loss", "fail", "chance gives 2.303 (log 10)", lambda: classifier(weight_initializer=Normal(0, 10))
    ),
    "too much regularization": (
        "regularization", "warn", "penalty", lambda: classifier(nn.Dense(32, "relu", weight_regularizer=nn.L2(10.0)))
    ),
    "too fast by Adam": ("learning rate", "fail", "rate 1:", lambda: classifier(optimizer=nn.Adam(1.0))),
    "too fast by SGD": ("learning rate", "fail", "rate 100:", lambda: classifier(optimizer=nn.SGD(100.0))),
    "too slow": ("learning rate", "warn", "too slow", lambda: classifier(optimizer=nn.Adam(1e-9))),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_the_only_finding(name: str) -> None:
    check, status, words, make = MISTAKES[name]
    report = nn.preflight(*make())
    assert [(entry.name, entry.status) for entry in report.problems] == [(check, status)], str(report)
    problem = report.problems[0]
    assert not report.ok
    assert words in f"{problem.seen} {problem.advice}"
    assert problem.advice


def test_the_scale_of_images_is_told_by_channel_with_an_advice_that_they_can_take() -> None:
    x = (255 * DIGITS).astype(np.uint8).reshape(-1, 8, 8, 1)

    def inputs(*head: Any) -> Any:
        report = nn.preflight(chain(*head, nn.Conv2D(4, 3), nn.Flatten(), nn.Dense(10, "softmax")), x, LABELS)
        return report.entries[0]

    warning = inputs(nn.Input((8, 8, 1)))
    assert (warning.name, warning.status) == ("inputs", "warn")
    assert "channel 0 is about" in warning.seen
    assert "scale=1 / 255" in warning.advice
    assert "nn.BatchNorm()" in warning.advice
    assert inputs(nn.Input((8, 8, 1), scale=1 / 255)).seen.startswith("input: 1 channel in [0, 1]")
    assert inputs(nn.Input((8, 8, 1)), nn.BatchNorm()).name != "inputs"


def test_what_cannot_be_learned_by_heart_is_found() -> None:
    """64 columns that are all the same one, labels that change along it: no linear model tells them apart."""
    t = RANDOM.uniform(-1, 1, size=(300, 1))
    model = chain(nn.Input(64), nn.Dense(2, "softmax"))
    report = nn.preflight(model, np.repeat(t, 64, axis=1), np.floor(3 * t[:, 0]).astype(int) % 2)
    assert [(entry.name, entry.status) for entry in report.problems] == [("tiny subset", "fail")], str(report)
    assert "16 rows" in report.problems[0].seen


CHANCE: dict[
    str, tuple[str, Any, Callable[[Any], float]]
] = {  # loss, output, y -> what a net that knows nothing loses, from the definition
    "nllm": ("softmax", np.arange(200) % 4, lambda y: math.log(4)),
    "nll": ("sigmoid", np.eye(4)[np.arange(200) % 4], lambda y: 4 * math.log(2)),
    "hinge": ("identity", 2 * np.eye(4)[np.arange(200) % 4] - 1, lambda y: 4.0),
    "multiclass_hinge": ("identity", np.arange(200) % 4, lambda y: 3.0),
    "squared": ("identity", X[:, :4], lambda y: y.var(axis=0).sum()),
    "absolute": ("identity", X[:, :4], lambda y: np.abs(y - np.median(y, axis=0)).sum(axis=1).mean()),
}


@pytest.mark.parametrize("loss", CHANCE)
def test_what_chance_gives_is_the_loss_of_the_best_constant(loss: str) -> None:
    activation, y, chance = CHANCE[loss]
    report = nn.preflight(chain(nn.Input(5), nn.Dense(8, "tanh"), nn.Dense(4, activation), loss=loss), X, y)
    (entry,) = [entry for entry in report.entries if entry.name == "initial loss"]
    assert f"chance gives {chance(y):.4g}" in entry.seen
    if loss not in {"squared", "absolute"}:  # a net of zeros knows nothing
        zeros = chain(nn.Input(5), nn.Dense(4, activation, weight_initializer="zeros"), loss=loss)
        ROUNDING["float32"].assert_close(zeros.evaluate(X, y)["loss"], chance(y))


def test_the_loss_and_the_penalty_are_those_of_evaluate() -> None:
    model, x, y = classifier(nn.Dense(32, "relu", weight_regularizer=nn.L2(0.01)))
    scores = model.evaluate(x[:900], y[:900])
    entries = {entry.name: entry for entry in nn.preflight(model, x[:900], y[:900]).entries}
    assert f"{scores['data_loss']:.4g}; chance" in entries["initial loss"].seen
    ten_times = scores["data_loss"] + 10 * scores["penalty"]
    assert f"loss {scores['loss']:.4g} = {scores['data_loss']:.4g} + penalty" in entries["regularization"].seen
    assert f"{ten_times:.4g} with 10 times" in entries["regularization"].seen


def test_nothing_of_the_model_changes() -> None:
    model, x, y = classifier(nn.Dense(32, "relu"), nn.BatchNorm(), nn.Dropout(0.5))
    model.fit(x[:100], y[:100])
    before = snapshot(model)
    nn.preflight(model, x, y)
    assert snapshot(model) == before
    unbuilt = chain(nn.Dense(3, "softmax"))
    nn.preflight(unbuilt, X, np.arange(200) % 3)
    assert unbuilt._built is None


def test_the_same_call_says_the_same() -> None:
    model, x, y = classifier()
    assert str(nn.preflight(model, x, y, seed=3)) == str(nn.preflight(model, x, y, seed=3))


def test_rows_of_weight_zero_do_not_count() -> None:
    model, x, y = classifier()
    spoiled = np.where((np.arange(len(x)) % 2 == 0)[:, None], x, 1000.0)
    assert not nn.preflight(model, spoiled, y).ok
    assert nn.preflight(model, spoiled, y, sample_weight=np.arange(len(x)) % 2 == 0).ok


def test_weights_that_balance_the_classes_satisfy() -> None:
    x, y = np.tile(X, (5, 1)), np.tile(Y > 0.0, 5) & (np.arange(1000) % 10 == 0)
    model = chain(nn.Input(5), nn.Dense(16, "tanh"), nn.Dense(1, "sigmoid"), loss="nll")
    assert [entry.name for entry in nn.preflight(model, x, y).problems] == ["labels"]
    balanced = np.where(y, (~y).sum() / y.sum(), 1.0)
    assert "labels" not in [entry.name for entry in nn.preflight(model, x, y, sample_weight=balanced).problems]


def test_the_report_reads_as_a_table() -> None:
    model, x, y = classifier()
    report = nn.preflight(model, 255 * x, y)
    assert isinstance(report, PreflightReport)
    assert str(report).splitlines() == report.lines
    assert report.lines[-1] == "NOT OK: inputs"
    assert max(map(len, report.lines)) <= 110
    assert [entry.name for entry in report.entries if entry.status == "skipped"] == [
        "activations", "units", "initial loss", "regularization", "tiny subset", "learning rate",
    ]  # fmt: skip
    good = nn.preflight(model, x, y)
    assert good.lines[-1] == "ok: ready to train"
    names = ("inputs", "labels", "pairing", "weights", "activations", "units", "initial loss", "regularization",
             "tiny subset", "learning rate")  # fmt: skip
    assert tuple(entry.name for entry in good.entries) == names
