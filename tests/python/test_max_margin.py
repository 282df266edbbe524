"""Ranking by max margin: two outputs, one loss, no targets; the scorer of windows against corrupted ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import GRADIENT, ROUNDING

EXACT = ROUNDING["float64"]


def scorer(margin: float = 1.0, dtype: str = "float64", metrics: Any = "accuracy", optimizer: Any = "sgd") -> Any:
    a, b = nn.Input(20, name="true"), nn.Input(20, name="corrupt")
    score = nn.Sequential([nn.Dense(8, activation="sigmoid"), nn.Dense(1, use_bias=False)])
    model = nn.Model(inputs=[a, b], outputs=[score(a), score(b)], seed=1, dtype=dtype)
    model.compile(optimizer=optimizer, loss=nn.MaxMarginLoss(margin=margin), metrics=metrics)
    return model


@pytest.fixture
def windows(rng: np.random.Generator) -> list[Any]:
    """Five words of four numbers each; what is corrupt is the word in the middle."""
    true = rng.normal(size=(200, 20))
    true[:, 8:12] = true[:, 4:8] + true[:, 12:16]
    corrupt = true.copy()
    corrupt[:, 8:12] = rng.normal(size=(200, 4))
    return [true, corrupt]


def score(model: Any, x: Any) -> Any:
    w, b, u = model.parameters.values()
    return (1 / (1 + np.exp(-(x @ w + b)))) @ u


def test_the_loss_is_one_over_both_outputs(windows: list[Any]) -> None:
    for margin in (0.1, 1.0):
        model = scorer(margin)
        s, s_c = (score(model, x)[:, 0] for x in windows)
        miss = np.maximum(margin + s_c - s, 0)
        scores = model.evaluate(windows)
        assert list(scores) == ["loss", "accuracy"]
        EXACT.assert_close(scores["loss"], miss.mean())
        EXACT.assert_close(scores["accuracy"], np.mean(s > s_c))
        weights = np.arange(200.0)
        scores = model.evaluate(windows, sample_weight=weights)
        EXACT.assert_close(scores["loss"], np.average(miss, weights=weights))
        EXACT.assert_close(scores["accuracy"], np.average(s > s_c, weights=weights))


def test_shared_weights_get_the_gradient_of_both_windows(windows: list[Any]) -> None:
    model = scorer(margin=0.2)
    w, b, u = (np.array(p) for p in model.parameters.values())
    value, gradients = model.loss_and_gradients(windows)
    dw, db, du = np.zeros_like(w), np.zeros_like(b), np.zeros_like(u)
    counts = (0.2 + score(model, windows[1]) - score(model, windows[0]) > 0) / 200
    assert 0 < counts.sum() < 1
    for x, sign in zip(windows, (-1, 1), strict=True):
        h = 1 / (1 + np.exp(-(x @ w + b)))
        delta = sign * counts * u[:, 0] * h * (1 - h)
        dw += x.T @ delta
        db += delta.sum(axis=0)
        du += h.T @ (sign * counts)
    for got, expected in zip(gradients.values(), (dw, db, du), strict=True):
        EXACT.assert_close(got, expected)
    assert value == model.evaluate(windows)["loss"]


def test_the_gradients_are_those_of_differences(windows: list[Any]) -> None:
    rows = [x[:8] for x in windows]
    report = nn.check_gradients(scorer(), rows, tolerance=GRADIENT)
    assert report.ok, report
    assert nn.check_gradients(scorer(0.05), rows, sample_weight=np.arange(8), tolerance=GRADIENT).ok


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_learns_which_windows_are_corrupt(dtype: str, windows: list[Any]) -> None:
    model = scorer(dtype=dtype, optimizer=nn.Adam(0.03))
    before = model.evaluate(windows)
    history = model.fit(windows, epochs=40, validation_data=(windows, None))
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert before["accuracy"] < 0.7
    assert history["val_accuracy"][-1] > 0.9
    assert history["val_loss"][-1] < before["loss"] / 2


def test_the_call_that_is_promised_works(windows: list[Any]) -> None:
    a, b = nn.Input(20, name="true"), nn.Input(20, name="corrupt")
    score = nn.Sequential([nn.Dense(8, activation="sigmoid"), nn.Dense(1, use_bias=False)])
    model = nn.Model(inputs=[a, b], outputs=[score(a), score(b)])
    model.compile(optimizer="sgd", loss=nn.MaxMarginLoss(margin=1.0))
    assert model.fit(windows, epochs=5).epochs == 5
    assert model.count_parameters() == 20 * 8 + 8 + 8
    assert model.train_on_batch(windows) == pytest.approx(model.history["loss"][-1], rel=0.2)
    before = model.evaluate(windows)["loss"]
    assert nn.minimize(model, windows, max_iterations=3).loss < before


def test_a_saved_scorer_goes_on_as_if_never_saved(windows: list[Any], tmp_path: Path) -> None:
    model = scorer(0.5, optimizer=nn.Adam())
    model.fit(windows, epochs=2)
    model.save(tmp_path / "scorer.safetensors")
    loaded = nn.load(tmp_path / "scorer.safetensors")
    assert loaded.evaluate(windows) == model.evaluate(windows)
    assert model.fit(windows).rows == loaded.fit(windows).rows
    assert (model.flat_parameters == loaded.flat_parameters).all()


def test_a_checkpoint_inside_an_epoch_keeps_the_sums(windows: list[Any], tmp_path: Path) -> None:
    class Stop(nn.Callback):
        def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
            if step == 3:
                raise KeyboardInterrupt

    whole, broken = scorer(), scorer()
    whole.fit(windows, epochs=2, checkpoint=tmp_path / "whole.ckpt")
    options = {"epochs": 2, "checkpoint": tmp_path / "broken.ckpt", "checkpoint_every": 3}
    with pytest.raises(KeyboardInterrupt):
        broken.fit(windows, **options, callbacks=Stop())
    resumed = scorer()
    Stop.on_batch_end = nn.Callback.on_batch_end
    resumed.fit(windows, **options, callbacks=Stop(), resume=True)
    assert resumed.history.rows == whole.history.rows
    assert (resumed.flat_parameters == whole.flat_parameters).all()


def test_it_stands_beside_other_losses(windows: list[Any], rng: np.random.Generator) -> None:
    a, b = nn.Input(20), nn.Input(20)
    score = nn.Dense(1, name="score")
    kind = nn.Dense(3, "softmax", name="kind")
    model = nn.Model([a, b], [kind(a), score(a), score(b)], dtype="float64")
    model.compile("sgd", ["nllm", nn.MaxMarginLoss()], metrics="accuracy", loss_weights=[1.0, 0.5])
    y = rng.integers(3, size=200)
    scores = model.evaluate(windows, y)
    names = model._network.output_names
    assert list(scores) == [
        "loss",
        f"{names[0]}_loss",
        f"{names[0]}_accuracy",
        f"{names[1]}_loss",
        f"{names[1]}_accuracy",
    ]
    EXACT.assert_close(scores["loss"], scores[f"{names[0]}_loss"] + 0.5 * scores[f"{names[1]}_loss"])
    assert model.fit(windows, {names[0]: y}, epochs=2).epochs == 2
