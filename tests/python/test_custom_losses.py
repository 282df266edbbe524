"""Losses that a caller writes, as functions of arrays or as expressions: they do what their built-in twins do."""

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from custom_parts import GraphNLL, GraphNLLM, GraphSquared, TwinDense, TwinNLL, TwinNLLM, TwinSquared
from snapshots import snapshot
from tolerances import ROUNDING, TRAINING

ROWS = 50
PAIRS = [  # own loss, built-in one, activation, units, accuracy
    (TwinSquared(), "squared", "identity", 3, False),
    (GraphSquared(), "squared", "identity", 3, False),
    (GraphSquared(), "squared", "tanh", 1, False),
    (TwinNLL(), "nll", "sigmoid", 3, True),
    (GraphNLL(), "nll", "sigmoid", 1, True),
    (TwinNLLM(), "nllm", "softmax", 4, True),
    (GraphNLLM(), "nllm", "softmax", 4, True),
]
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].kind} {pair[2]}")


def targets(loss: Any, units: int, rng: np.random.Generator) -> Any:
    if loss.task == "regression":
        return rng.normal(size=(ROWS, units))
    if loss.task == "binary":
        return rng.integers(2, size=(ROWS, units))
    return np.eye(units)[rng.integers(units, size=ROWS)]


def net(loss: Any, activation: str, units: int, dtype: str = "float64", **options: Any) -> Any:
    layers = [nn.Dense(6, "tanh"), nn.Dense(units, activation)]
    model = nn.Sequential([nn.Input(4), *layers], dtype=dtype, seed=2)
    model.compile(nn.SGD(0.1), loss, **options)
    return model


@every_pair
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_are_those_of_the_twin(pair: Any, dtype: str, rng: np.random.Generator) -> None:
    own, built_in, activation, units, has_accuracy = pair
    x, y, weights = rng.normal(size=(ROWS, 4)), targets(own, units, rng), rng.uniform(size=ROWS)
    weights[:5] = 0
    metrics = {"metrics": "accuracy"} if has_accuracy else {}
    models = [net(loss, activation, units, dtype, **metrics) for loss in (own, built_in)]
    for options in ({}, {"sample_weight": weights}):
        (loss, gradients), (expected, twins) = (m.loss_and_gradients(x, y, inputs=True, **options) for m in models)
        ROUNDING[dtype].assert_close(loss, expected)
        for got, twin in zip(gradients.values(), twins.values(), strict=True):
            ROUNDING[dtype].assert_close(got, twin)
        scores, twin_scores = (m.evaluate(x, y, **options) for m in models)
        assert scores.keys() == twin_scores.keys()
        ROUNDING[dtype].assert_close(list(scores.values()), list(twin_scores.values()))


@every_pair
def test_training_goes_the_way_of_the_twin(pair: Any, rng: np.random.Generator) -> None:
    own, built_in, activation, units, _ = pair
    x, y, weights = rng.normal(size=(ROWS, 4)), targets(own, units, rng), rng.uniform(size=ROWS)
    models = [net(loss, activation, units) for loss in (own, built_in)]
    for model in models:
        model.fit(x, y, epochs=4, batch_size=16, sample_weight=weights)
    TRAINING["float64"].assert_close(models[0].flat_parameters, models[1].flat_parameters)


@every_pair
def test_the_checker_finds_every_gradient_right(pair: Any, rng: np.random.Generator) -> None:
    own, _, activation, units, _ = pair
    report = nn.check_gradients(
        net(own, activation, units), rng.normal(size=(ROWS, 4))[:6], targets(own, units, rng)[:6]
    )
    assert report.ok


def test_labels_are_given_as_they_came(rng: np.random.Generator) -> None:
    x, labels = rng.normal(size=(ROWS, 4)), rng.integers(3, size=ROWS)
    own, built_in = (net(loss, "softmax", 3, metrics="accuracy") for loss in (TwinNLLM(), "nllm"))
    ROUNDING["float64"].assert_close(*(list(m.evaluate(x, labels).values()) for m in (own, built_in)))
    own.fit(x, labels, class_weight={1: 2.0})
    built_in.fit(x, labels, class_weight={1: 2.0})
    ROUNDING["float64"].assert_close(own.flat_parameters, built_in.flat_parameters)
    assert own.predict_classes(x).shape == (ROWS,)


@pytest.mark.parametrize("loss", [TwinSquared(), GraphSquared()], ids=["arrays", "graph"])
def test_every_row_of_a_sequence_has_its_loss(loss: Any, rng: np.random.Generator) -> None:
    x, y, weights = rng.normal(size=(8, 5, 4)), rng.normal(size=(8, 5, 3)), rng.uniform(size=8)
    results = []
    for each in (loss, "squared"):
        model = nn.Sequential([nn.Input((5, 4)), nn.Dense(3)], dtype="float64")
        model.compile(loss=each)
        results.append(model.loss_and_gradients(x, y, sample_weight=weights))
    ROUNDING["float64"].assert_close(results[0][0], results[1][0])
    ROUNDING["float64"].assert_close(results[0][1]["dense/weight"], results[1][1]["dense/weight"])


def test_a_large_batch_after_a_small_one_and_two_losses_at_once(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(700, 4)), rng.normal(size=(700, 2))
    inputs = nn.Input(4)
    outputs = [nn.Dense(2, name="a")(inputs), nn.Dense(2, name="b")(inputs)]
    models = []
    for losses in ([GraphSquared(3.0), TwinSquared()], ["squared", "squared"]):
        model = nn.Model(inputs, outputs, dtype="float64", seed=1)
        model.compile(nn.SGD(0.01), losses, loss_weights=[1.0, 2.0] if losses[0] != "squared" else [3.0, 2.0])
        for n in (3, 700, 64, 5):
            model.fit(x[:n], [y[:n], y[:n]], batch_size=n)
        models.append(model)
    TRAINING["float64"].assert_close(models[0].flat_parameters, models[1].flat_parameters)


def test_a_function_of_two_nodes_is_a_loss_that_no_file_holds(rng: np.random.Generator, tmp_path: Path) -> None:
    def quadratic(p: Any, y: Any) -> Any:
        return nn.ops.sum(nn.ops.square(p - y), axis=-1)

    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3))
    own, built_in = net(quadratic, "identity", 3), net("squared", "identity", 3)
    for model in (own, built_in):
        model.fit(x, y, epochs=2)
    ROUNDING["float64"].assert_close(own.flat_parameters, built_in.flat_parameters)
    again = copy.copy(own)
    assert again.flat_parameters.tobytes() == own.flat_parameters.tobytes()
    assert again.evaluate(x, y) == own.evaluate(x, y)
    assert nn.check_gradients(own, x[:5], y[:5]).ok
    with pytest.raises(nn.NncppError, match=r"save: the loss is the function quadratic.* derived from nn.GraphLoss"):
        own.save(tmp_path / "own.safetensors")
    assert not any(tmp_path.iterdir())


def test_copies_and_files_keep_the_loss_by_its_kind(rng: np.random.Generator, tmp_path: Path) -> None:
    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3))
    for loss in (TwinSquared(), GraphSquared(0.5)):
        model = net(loss, "identity", 3)
        model.fit(x, y)
        model.save(tmp_path / "own.safetensors")
        for again in (nn.load(tmp_path / "own.safetensors"), pickle.loads(pickle.dumps(model))):
            assert snapshot(again) == snapshot(model)
            assert again.evaluate(x, y) == model.evaluate(x, y)
            assert repr(again._compilation.losses[0]) == repr(loss)
    model.compile(loss="twin_squared")
    assert repr(model._compilation.losses) == "[TwinSquared()]"


def test_a_file_is_refused_where_the_class_is_not_defined(interpreter: Callable[..., str], tmp_path: Path) -> None:
    path = str(tmp_path / "own.safetensors")
    net(TwinSquared(), "identity", 3).save(path)
    words = interpreter("import sys, nncpp as nn\ntry: nn.load(sys.argv[1])\nexcept nn.FileError as e: print(e)", path)
    assert "unknown loss 'twin_squared'" in words
    assert "before nn.load" in words


# --- errors ---------------------------------------------------------------------------------------------------------


class ScriptedLoss(nn.CustomLoss, kind="scripted_loss"):
    """L = what a test says."""

    def __init__(self, **script: Any) -> None:
        self.script = script

    def losses(self, p: Any, y: Any) -> Any:
        return self.script["losses"](p, y) if "losses" in self.script else np.zeros(len(p))

    def gradient(self, p: Any, y: Any) -> Any:
        return self.script["gradient"](p, y) if "gradient" in self.script else np.zeros_like(p)


def fail(p: Any, y: Any) -> Any:
    raise ZeroDivisionError("the user's words")


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "losses": (ScriptedLoss(losses=fail), nn.NncppError, "losses raised ZeroDivisionError: the user's words"),
    "gradient": (ScriptedLoss(gradient=fail), nn.NncppError, "gradient raised ZeroDivisionError: the user's words"),
    "a mean": (ScriptedLoss(losses=lambda p, y: np.mean(p)), nn.ShapeError, r"losses: expected \(50,\), got \(\)"),
    "a column": (ScriptedLoss(losses=lambda p, y: p), nn.ShapeError, r"losses: expected \(50,\), got \(50, 3\)"),
    "a row": (ScriptedLoss(gradient=lambda p, y: p[0]), nn.ShapeError, r"gradient: expected \(50, 3\), got \(3,\)"),
    "words": (ScriptedLoss(losses=lambda p, y: ["a"] * 50), TypeError, "losses: expected real numbers"),
    "nothing": (ScriptedLoss(gradient=lambda p, y: None), TypeError, "gradient: expected real numbers"),
    "complex": (ScriptedLoss(gradient=lambda p, y: p + 0j), TypeError, "complex128"),
    "NaN": (ScriptedLoss(losses=lambda p, y: p[:, 0] * np.nan), nn.DivergenceError, "loss"),
    "a slope of NaN": (ScriptedLoss(gradient=lambda p, y: p * np.nan), nn.DivergenceError, "gradient"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_loss_that_fails_reaches_the_caller_and_leaves_the_model(name: str, rng: np.random.Generator) -> None:
    loss, error, words = BAD[name]
    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3))
    model = net(loss, "identity", 3)
    before = snapshot(model)
    with pytest.raises(error, match=words) as raised:
        model.fit(x, y, batch_size=ROWS)
    if error is not nn.DivergenceError:
        assert str(raised.value).startswith("loss 'scripted_loss': ")
    if "user" in words:
        assert type(raised.value.__cause__) is ZeroDivisionError
    assert snapshot(model) == before
    loss.script.clear()
    assert model.train_on_batch(x, y) == 0.0


def test_ctrl_c_in_a_loss_passes_as_it_is(rng: np.random.Generator) -> None:
    def stop(p: Any, y: Any) -> Any:
        raise KeyboardInterrupt

    model = net(ScriptedLoss(losses=stop), "identity", 3)
    before = snapshot(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3)))
    assert snapshot(model) == before


def test_a_loss_may_keep_what_it_is_given(rng: np.random.Generator) -> None:
    kept = []
    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3))
    model = net(ScriptedLoss(losses=lambda p, y: kept.append((p, y)) or np.zeros(len(p))), "identity", 3)
    model.evaluate(x, y)
    p, given = kept[0]
    del model
    gc.collect()
    assert p.shape == (ROWS, 3)
    np.testing.assert_array_equal(given, y)


def test_a_layer_may_stand_in_the_expression_of_a_loss(rng: np.random.Generator) -> None:
    class Softplus(nn.CustomActivation):
        def value(self, u: Any) -> Any:
            return np.logaddexp(0, u)

        def slope(self, u: Any, v: Any) -> Any:
            return 1 - np.exp(-v)

    x, y = rng.normal(size=(ROWS, 4)), rng.integers(2, size=(ROWS, 1))
    own = net(lambda s, y: nn.ops.sum(Softplus()(s) - y * s, axis=-1), "identity", 1)
    built_in = net("nll", "sigmoid", 1)
    ROUNDING["float64"].assert_close(own.evaluate(x, y)["loss"], built_in.evaluate(x, y)["loss"])
    gradients = [model.loss_and_gradients(x, y)[1]["dense_1/weight"] for model in (own, built_in)]
    ROUNDING["float64"].assert_close(*gradients)


def test_nothing_keeps_a_loss_alive(rng: np.random.Generator) -> None:
    loss = TwinSquared()
    alive, model = weakref.ref(loss), net(loss, "identity", 3)
    model.fit(rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3)))
    del loss, model
    gc.collect()
    assert alive() is None


def test_a_kind_is_never_taken_over_by_another_loss() -> None:
    with pytest.raises(nn.DataError, match=r"the kind 'squared' is that of nncpp.losses.SquaredLoss already"):

        class Squared(TwinSquared, kind="squared"):
            pass

    assert not {"CustomLoss", "GraphLoss", "_FunctionLoss"} & set(nn.losses.Loss._members)


def test_own_layers_and_own_losses_go_together(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3))
    model = nn.Sequential([nn.Input(4), TwinDense(3)], dtype="float64")
    model.compile(nn.Adam(0.05), GraphSquared())
    history = model.fit(x, y, epochs=300, batch_size=ROWS)
    columns = np.c_[x, np.ones(ROWS)]
    best = columns @ np.linalg.lstsq(columns, y, rcond=None)[0] - y
    assert history["loss"][-1] == pytest.approx((best**2).sum() / ROWS, rel=1e-3)


@pytest.mark.parametrize(("function", "missing"), [
    (lambda p, y: nn.ops.square(p), "use y"), (lambda p, y: nn.ops.square(y), "use p"),
])  # fmt: skip
def test_an_expression_uses_output_and_target(function: Any, missing: str) -> None:
    with pytest.raises(nn.DataError, match=f"expression of p and y.*{missing}"):
        nn.Sequential([nn.Input(2), nn.Dense(1)]).compile(loss=function)
