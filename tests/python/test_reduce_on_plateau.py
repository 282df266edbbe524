"""ReduceOnPlateau: the rate follows a score; worked by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot

NAN = float("nan")


def model_with(rate: Any, scores: Sequence[float]) -> Any:
    """Its metric "score" gives these values, one an epoch."""
    remaining = iter(scores)

    def score(y_true: Any, y_pred: Any) -> float:
        return next(remaining)

    model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="zeros")], dtype="float64")
    model.compile(nn.SGD(rate), "squared", metrics=score)
    return model


def rates(rate: Any, scores: Sequence[float], **options: Any) -> Any:
    callback = nn.ReduceOnPlateau("val_score", **{"mode": "min", **options})
    one = [[1.0]], [1.0]
    return model_with(rate, scores).fit(*one, epochs=len(scores), validation_data=one, callbacks=callback)[
        "learning_rate"
    ]


@pytest.mark.parametrize(
    ("scores", "patience", "mode", "expected"),
    [
        # by hand: 2 is the best up to the end; two epochs without improvement end with epochs 3 and 5
        ([3, 2, 2, 4, 2.5, 2.1, 2.2], 2, "min", [8, 8, 8, 8, 4, 4, 2]),
        ([3, 2, 2, 1.9, 2, 2, 2], 2, "min", [8, 8, 8, 8, 8, 8, 4]),  # 1.9 comes before the patience ends
        ([3, 3, 3, 3], 1, "min", [8, 8, 4, 2]),
        ([1, 2, 2, 3, 1, 1], 1, "max", [8, 8, 8, 4, 4, 2]),
        ([1, 2, 2, 3, 1, 1], 1, "auto", [8, 8, 4, 2, 1, 0.5]),  # a score is better smaller, unless it is known
        ([3, NAN, NAN, 4, 4], 2, "min", [8, 8, 8, 8, 8]),
    ],
)
def test_rates_worked_by_hand(scores: Any, patience: int, mode: str, expected: Any) -> None:
    assert rates(8.0, scores, patience=patience, mode=mode) == expected


def test_a_score_of_which_larger_is_better_is_known_by_its_name() -> None:
    x, y = np.zeros((4, 1)), np.array([0, 1, 1, 1])
    model = nn.Sequential([nn.Input(1), nn.Dense(2, "softmax", use_bias=False)])
    model.compile(nn.SGD(0.5), "nllm", metrics="accuracy")
    history = model.fit(x, y, epochs=4, callbacks=nn.ReduceOnPlateau("accuracy", patience=2))
    assert history["accuracy"] == [0.25] * 4
    assert history["learning_rate"] == [0.5, 0.5, 0.5, 0.25]


def test_a_factor_and_a_smallest_rate() -> None:
    assert rates(1.0, [1] * 5, patience=1, factor=0.25) == [1.0, 1.0, 0.25, 0.0625, 0.015625]
    assert rates(1.0, [1] * 5, patience=1, factor=0.25, min_rate=0.1) == [1.0, 1.0, 0.25, 0.1, 0.1]
    assert rates(0.05, [1] * 4, patience=1, min_rate=0.1) == [0.05] * 4, "it is not raised"


def test_a_schedule_goes_on_scaled() -> None:
    schedule = nn.schedules.StepDecay(16.0, 0.5, every=2)  # a step is an epoch here: 16 16 8 8 4 4
    assert rates(schedule, [3, 2, 2, 2, 1, 1], patience=2) == [16, 16, 8, 8, 2, 2]
    assert rates(schedule, [3, 2, 2, 2, 1, 1], patience=2, min_rate=6.0) == [16, 16, 8, 8, 3, 3], "then the schedule"


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("patience", [1, 2, 4])
def test_rates_are_those_of_torch(mode: str, patience: int) -> None:
    torch = pytest.importorskip("torch")
    scores = np.random.default_rng(patience).integers(0, 30, 60) + np.linspace(20, 0, 60)
    optimizer = torch.optim.SGD([torch.zeros(1)], 1.0)
    # its patience is of epochs after which nothing happens yet, and it ignores small improvements
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, factor=0.5, patience=patience - 1, threshold=0.0, min_lr=1e-3, eps=0.0
    )
    expected = []
    for score in scores:
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(score)
    assert rates(1.0, scores.tolist(), patience=patience, mode=mode, min_rate=1e-3) == expected


def test_the_rate_works_on_the_weights() -> None:
    def fit(model: Any, epochs: int, **options: Any) -> None:
        model.fit([[1.0], [2.0]], [3.0, 1.0], epochs=epochs, batch_size=2, **options)

    reduced, by_hand = model_with(0.1, []), model_with(0.1, [])
    fit(reduced, 4, callbacks=nn.ReduceOnPlateau("loss", patience=1, mode="max"))
    fit(by_hand, 2)  # falls, which counts as no improvement: reduced after epochs 1, 2, 3
    by_hand.optimizer.learning_rate = 0.05
    fit(by_hand, 1)
    by_hand.optimizer.learning_rate = 0.025
    fit(by_hand, 1)
    assert reduced.flat_parameters.tobytes() == by_hand.flat_parameters.tobytes()
    assert reduced.optimizer.learning_rate == 0.0125


def test_each_fit_begins_with_a_patience_of_its_own() -> None:
    callback = nn.ReduceOnPlateau("loss", patience=2, mode="max")
    model = model_with(0.01, [])
    for _ in range(3):
        assert set(model.fit([[1.0]], [3.0], epochs=2, callbacks=callback)["learning_rate"]) == {0.01}


@pytest.mark.parametrize("rate", [0.1, nn.schedules.CosineDecay(0.1, duration=12)], ids=repr)
def test_a_resumed_training_counts_on(rate: Any, tmp_path: Path) -> None:
    x, y = np.ones((6, 1)), np.arange(6.0)

    def fit(epochs: int, path: Path, *, resume: bool = False) -> Any:
        model = model_with(rate, [])
        callback = nn.ReduceOnPlateau("loss", patience=3, mode="max")
        model.fit(x, y, epochs=epochs, batch_size=2, callbacks=callback, checkpoint=path, resume=resume)
        return model

    whole = fit(9, tmp_path / "whole")
    for epochs in range(1, 9):
        fit(epochs, tmp_path / "run.ckpt")
        resumed = fit(9, tmp_path / "run.ckpt", resume=True)
        assert snapshot(resumed) == snapshot(whole)
        assert repr(resumed.optimizer) == repr(whole.optimizer)
