"""The gradient checker: good models pass, broken gradients are found, kinks are told apart."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core
from nncpp._slopes import compare
from snapshots import snapshot
from tolerances import GRADIENT

X = np.random.default_rng(0).normal(size=(6, 4))
TARGETS = {"softmax": np.arange(6) % 3, "sigmoid": np.arange(18).reshape(6, 3) % 2, "identity": 2 * X[:, :3]}
LOSSES = {"softmax": "nllm", "sigmoid": "nll", "identity": "squared"}


def model_of(output: str = "softmax", hidden: str = "tanh", dtype: str = "float32", **options: Any) -> Any:
    layers = [nn.Input(4), nn.Dense(7, hidden, **options), nn.Dropout(0.3), nn.Dense(3, output)]
    model = nn.Sequential(layers, dtype=dtype)
    model.compile(loss=LOSSES[output])
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("output", LOSSES)
@pytest.mark.parametrize("hidden", [name for name in _core.activation_names if name != "step"])
@pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])
def test_good_models_pass_in_float64(dtype: str, output: str, hidden: str, training: bool) -> None:
    model = model_of(output, hidden, dtype)
    report = nn.check_gradients(model, X, TARGETS[output], training=training)
    assert report.ok, str(report)
    assert report.max_relative_error < 10 * GRADIENT
    names = [entry.name for entry in report.entries]
    assert names == [*model.parameters, "input", "(direction)"]


def test_penalties_are_checked_apart_from_the_data() -> None:
    model = model_of(weight_regularizer=nn.ElasticNet(0.1, 0.2), bias_regularizer=nn.L2(0.3), bias_initializer="ones")
    report = nn.check_gradients(model, X, TARGETS["softmax"])
    assert report.ok, str(report)
    assert [e.name for e in report.entries if e.term == "penalty"] == ["dense/weight", "dense/bias"]


def test_sample_weights_take_part() -> None:
    assert nn.check_gradients(model_of(), X, TARGETS["softmax"], sample_weight=[1, 0, 3, 2, 0, 0.5]).ok


@pytest.mark.parametrize("training", [False, True])
def test_the_model_and_the_data_are_not_changed(training: bool) -> None:
    model, x = model_of(), X.copy()
    model.train_on_batch(X, TARGETS["softmax"])
    before = snapshot(model)
    nn.check_gradients(model, x, TARGETS["softmax"], training=training)
    assert snapshot(model) == before
    assert (x == X).all()


def test_two_checks_with_one_seed_are_the_same() -> None:
    first, second, other = (
        nn.check_gradients(model_of(), X, TARGETS["softmax"], seed=seed, samples=4) for seed in (1, 1, 2)
    )
    assert first == second
    assert str(first) == str(second)
    assert first != other


@pytest.mark.parametrize("place", ["dense/weight", "dense/bias", "dense_1/weight", "input"])
def test_a_gradient_wrong_by_one_percent_is_found(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(dtype="float64")
    right = _core.float64.Objective.gradient

    def wrong(self: Any, *arguments: Any) -> Any:
        objective, theta, inputs = right(self, *arguments)
        if place == "input":
            return objective, theta, [1.01 * dx for dx in inputs]
        for segment in model._network.core.segments:
            if segment.name == place:
                theta[segment.offset : segment.offset + segment.size] *= 1.01
        return objective, theta, inputs

    monkeypatch.setattr(_core.float64.Objective, "gradient", wrong)
    report = nn.check_gradients(model, X, TARGETS["softmax"])
    assert not report.ok
    bad = {entry.name for entry in report.entries if entry.verdict not in ("good", "fine")}
    assert bad == ({"input"} if place == "input" else {place, "(direction)"})
    assert "NOT OK" in str(report)
    assert place in str(report)
    assert report.max_relative_error == pytest.approx(0.01 / 1.01, rel=1e-2)


def test_one_wrong_entry_among_many_is_found_by_the_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential([nn.Input(4), nn.Dense(300, "tanh"), nn.Dense(3)])
    model.compile(loss="squared")
    right = _core.float64.Objective.gradient

    def wrong(self: Any, *arguments: Any) -> Any:
        objective, theta, inputs = right(self, *arguments)
        theta[np.argsort(np.abs(theta))[len(theta) // 2]] += 1.0
        return objective, theta, inputs

    monkeypatch.setattr(_core.float64.Objective, "gradient", wrong)
    assert not nn.check_gradients(model, X, TARGETS["identity"], samples=2).ok


def relu_model(bias: float) -> Any:
    model = nn.Sequential([nn.Input(1), nn.Dense(1, "relu"), nn.Dense(1)], dtype="float64")
    model.parameters["dense/weight"][...] = 1.0
    model.parameters["dense_1/weight"][...] = 1.0
    model.parameters["dense/bias"][...] = bias
    model.compile(loss="squared")
    return model


def test_a_kink_is_counted_and_not_called_an_error() -> None:
    report = nn.check_gradients(relu_model(0.0), [[0.0], [1.0]], [2.0, 3.0])
    assert report.ok, str(report)
    assert {entry.name: entry.kinks for entry in report.entries}["dense/bias"] == 1


@pytest.mark.parametrize("distance", [1e-6, -1e-6])
def test_beside_a_kink_the_gradient_is_right_again(distance: float) -> None:
    """CS231n's example: the difference steps over the kink although the point does not lie on it."""
    report = nn.check_gradients(relu_model(distance), [[0.0], [1.0]], [2.0, 3.0])
    assert report.ok, str(report)


def test_only_zeros_prove_nothing() -> None:
    report = nn.check_gradients(relu_model(-5.0), [[1.0], [2.0]], [0.0, 0.0])
    assert not report.ok
    assert "zero" in str(report)


@pytest.mark.parametrize("h", [1e-4, 1e-5, 1e-6])
def test_a_wrong_slope_is_not_excused_as_a_kink(h: float) -> None:
    for function, slope in ((np.exp, 1.0), (np.sin, 1.0), (lambda step: (1 + step) ** 4, 4.0)):
        right = compare(lambda step, f=function: float(f(step)), slope, h, 1e-6)
        wrong = compare(lambda step, f=function: float(f(step)), 1.001 * slope, h, 1e-6)
        assert (right.error < 1e-6, right.is_kink) == (True, False)
        assert (wrong.error > 0.9e-3, wrong.is_kink) == (True, False)
    assert compare(lambda step: max(step, 0.0), 0.0, h, 1e-6).is_kink


def test_the_report_is_a_table() -> None:
    lines = str(nn.check_gradients(model_of(), X, TARGETS["softmax"])).splitlines()
    assert lines[0].split()[:3] == ["term", "array", "shape"]
    assert "dense/weight" in lines[2]
    assert "28 of 28" in lines[2]
    assert lines[-1].startswith("ok: max relative error")


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)], ids=str)
def test_numerical_gradient_has_the_shape_of_x(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(3).normal(size=shape)
    gradient = nn.numerical_gradient(lambda v: np.sum(np.sin(v) * 2), x)
    assert gradient.shape == shape
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 2 * np.cos(x), rtol=1e-8, atol=1e-9)


def test_numerical_gradient_takes_integers_lists_and_float32() -> None:
    for x in ([1, 2], np.array([1, 2], np.int8), np.array([1, 2], np.float32)):
        np.testing.assert_allclose(nn.numerical_gradient(lambda v: v[0] ** 2 * v[1], x), [4.0, 1.0], rtol=1e-8)


def test_numerical_gradient_survives_a_function_that_writes_to_its_argument() -> None:
    def f(v: Any) -> float:
        v *= 2
        return float(np.sum(v))

    x = np.ones(3)
    np.testing.assert_allclose(nn.numerical_gradient(f, x), 2.0, rtol=1e-8)
    assert (x == 1).all()
