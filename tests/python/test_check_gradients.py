"""The gradient checker on models: good ones pass, a wrong gradient is found in any entry."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core
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


def relu_net() -> Any:
    layers = [nn.Input(4), nn.Dense(5, "relu", weight_regularizer=nn.ElasticNet(0.01, 0.02)), nn.Dense(3, "softmax")]
    return compiled(nn.Sequential(layers, seed=3, dtype="float64"), "nllm"), X, TARGETS["softmax"]


def maxout_net() -> Any:
    model = nn.Sequential([nn.Input(4), nn.Maxout(3, pieces=2), nn.PReLU(), nn.Dense(3)], seed=4, dtype="float64")
    return compiled(model, "huber"), X, TARGETS["identity"]


def hinge_net() -> Any:
    model = nn.Sequential([nn.Input(4), nn.Dense(4, "leaky_relu"), nn.Dense(3)], seed=5, dtype="float64")
    return compiled(model, "hinge"), X, 2 * TARGETS["sigmoid"] - 1


def margin_net() -> Any:
    a, b = nn.Input(4), nn.Input(4)
    score = nn.Sequential([nn.Dense(4, "tanh"), nn.BatchNorm(), nn.Dense(1)])
    return compiled(nn.Model([a, b], [score(a), score(b)], seed=6, dtype="float64"), "max_margin"), [X, X[::-1]], None


def compiled(model: Any, loss: str) -> Any:
    model.compile(loss=loss)
    return model


NETS = [relu_net, maxout_net, hinge_net, margin_net]


@pytest.mark.parametrize("make", NETS)
@pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])
def test_one_percent_in_any_one_entry_is_found(make: Any, training: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry of theta and of the inputs in turn, all others right; entries are not sampled."""
    model, x, y = make()
    options: Any = {"training": training, "samples": None}
    right = nn.check_gradients(model, x, y, **options)
    assert right.ok, str(right)
    assert all(abs(c.analytic) < 1e-15 for e in right.entries for c in e.comparisons if not c.is_resolved)
    core = _core.float64.Objective.gradient
    places = [(e.name, c.index) for e in right.entries if e.term == "data" and e.name != "(direction)"
              for c in e.comparisons if abs(c.analytic) > 1e-15]  # fmt: skip
    assert len(places) > 30
    for name, index in places:

        def wrong(self: Any, *arguments: Any, name: str = name, index: Any = index) -> Any:
            value, theta, inputs = core(self, *arguments)
            named = dict(zip(model._network.input_names, inputs, strict=False))
            for segment in model._network.core.segments:
                named[segment.name] = theta[segment.offset : segment.offset + segment.size].reshape(segment.shape)
            if name in named:
                named[name][index] *= 1.01
            return value, theta, inputs

        with monkeypatch.context() as patch:
            patch.setattr(_core.float64.Objective, "gradient", wrong)
            report = nn.check_gradients(model, x, y, **options)
        assert not report.ok, f"{name}{list(index)}: {report}"
        assert (name, index) in [(e.name, c.index) for e, c in report.worst if c.relative_error > 9e-3]


def test_the_ledger_shows_every_entry_and_each_only_once() -> None:
    report = nn.check_gradients(model_of(), X, TARGETS["softmax"], samples=None)
    for entry in report.entries:
        if entry.name != "(direction)":
            assert [c.index for c in entry.comparisons] == list(np.ndindex(entry.shape))


def test_sampling_takes_the_largest_and_others_of_every_array() -> None:
    model = model_of()
    _, gradients = model.loss_and_gradients(X, TARGETS["softmax"], inputs=True)
    report = nn.check_gradients(model, X, TARGETS["softmax"], samples=4)
    assert {entry.name for entry in report.entries} == {*gradients, "(direction)"}
    for entry in report.entries[:-1]:
        assert entry.checked == min(4, gradients[entry.name].size)
        largest = np.unravel_index(np.abs(gradients[entry.name]).argmax(), entry.shape)
        assert tuple(map(int, largest)) in [c.index for c in entry.comparisons]


@pytest.mark.parametrize("h", [1e-3, 1e-4, 1e-5, 1e-6])
def test_a_step_can_be_given(h: float) -> None:
    report = nn.check_gradients(model_of(), X, TARGETS["softmax"], h=h)
    assert report.ok, str(report)
    assert f"h = {h:g}" in str(report)
    assert {c.h for entry in report.entries for c in entry.comparisons} <= {
        h * 8.0**-k * 2.0**j for k in range(9) for j in range(4)
    }


def test_steps_become_smaller_where_f_bends_sharply() -> None:
    """tanh of 1e3 x: a step of 1e-3 says nothing."""
    model = nn.Sequential([nn.Input(1), nn.Dense(1, "tanh"), nn.Dense(1)], dtype="float64")
    model.parameters["dense/weight"][...] = 1e3
    model.compile(loss="squared")
    report = nn.check_gradients(model, [[1e-4], [-5e-4], [1e-3]], [1.0, 2.0, 3.0])
    assert report.ok, str(report)
    steps = {entry.name: min(c.h for c in entry.comparisons) for entry in report.entries}
    assert steps["input"] < 1e-4 < steps["dense_1/bias"]


def test_large_inputs_and_large_losses_are_no_trouble() -> None:
    model = nn.Sequential([nn.Input(4), nn.Dense(5, "softplus"), nn.Dense(3)], dtype="float64")
    model.compile(loss="squared")
    assert nn.check_gradients(model, 1e4 * X, 1e6 * TARGETS["identity"], samples=None).ok
