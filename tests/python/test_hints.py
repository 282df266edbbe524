"""Hints: each trouble has its words and its number; a training that goes well has none."""

import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.telemetry import QUANTITIES, Telemetry

NAN = float("nan")


def history(loss: Any, validation: Any = None, telemetry: Telemetry | None = None) -> nn.History:
    rows = [{"loss": float(value)} for value in loss]
    for row, value in zip(rows, [] if validation is None else validation, strict=False):
        row["val_loss"] = float(value)
    return nn.History(rows, telemetry)


def recorded(records: int = 8, **layers: dict[str, float]) -> Telemetry:
    """The same numbers in every record; NaN for what is not given."""
    values = [[[of.get(name, NAN) for name in QUANTITIES] for of in layers.values()] for _ in range(records)]
    return Telemetry(list(layers), np.arange(1, records + 1), np.array(values))


FALLING = np.exp(-np.arange(20) / 4)
CURVES = {  # loss, validation loss, words
    "rising": (1.2 ** np.arange(8), None, ("rose, from 1 to 3.583 in 8 epochs", "learning rate by 10")),
    "still": (np.full(8, 2.303), None, ("hardly fell, from 2.303 to 2.303", "multiply the learning rate by 10")),
    "swinging": (1.0 + 0.3 * (-1.0) ** np.arange(12), None, ("up and down, by 0.6 an epoch", "larger batches")),
    "settled": (np.r_[FALLING, np.full(12, FALLING[-1])] + 0.3, None, ("stayed at 0.3087 for 10", "ReduceOnPlateau")),
    "overfitting": (FALLING, np.r_[FALLING[:6], np.linspace(0.3, 0.9, 14)], ("overfitting", "epoch 6 (0.2865)", "L2")),
    "not finite": ([2.0, NAN, NAN], None, ("not finite in epoch 2", "clip_norm")),
    "infinite in validation": (FALLING, np.r_[FALLING[:3], math.inf], ("validation loss", "epoch 4")),
}


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_gives_one_hint(name: str) -> None:
    loss, validation, words = CURVES[name]
    hints = history(loss, validation).hints()
    assert len(hints) == 1, hints
    assert all(word in hints[0] for word in words), hints[0]


TELEMETRY = {
    "fast": (recorded(a={"update_ratio": 0.5}, b={"update_ratio": 1e-3}), ("a: ", "0.5 of their size", "divide")),
    "slow": (recorded(a={"update_ratio": 1e-7}, b={"update_ratio": 1e-6}), ("1e-06", "(b)", "multiply")),
    "vanishing": (recorded(a={"gradient_norm": 1e-7}, b={"gradient_norm": 1.0}), ("vanish", "1e-07 in a", "relu")),
    "exploding": (recorded(a={"gradient_norm": 1e5}, b={"gradient_norm": 1.0}), ("explode", "1e+05 in a", "clip_norm")),
    "dead": (recorded(a={"dead": 0.8}), ("a: 80% of the units are dead", "leaky_relu")),
    "saturated": (recorded(a={"saturated": 0.9}), ("a: 90% of the numbers are saturated", "BatchNorm")),
}


@pytest.mark.parametrize("name", TELEMETRY)
def test_a_record_gives_one_hint(name: str) -> None:
    telemetry, words = TELEMETRY[name]
    hints = history(FALLING, telemetry=telemetry).hints()
    assert len(hints) == 1, hints
    assert all(word in hints[0] for word in words), hints[0]


HEALTHY = {
    "falling": history(FALLING, FALLING + 0.05),
    "falling with noise": history(FALLING + 0.02 * np.random.default_rng(0).normal(size=20)),
    "no epochs": nn.History(),
    "one epoch": history([2.3]),
    "validation now and then": history(FALLING, [NAN, 0.5, NAN, 0.3, NAN, 0.25]),
    "one bad epoch at the end": history(FALLING, np.r_[FALLING[:-1], 1.0]),
    "slower than the others": history(FALLING, telemetry=recorded(a={"update_ratio": 1e-6}, b={"update_ratio": 1e-3})),
    "nothing that applies": history(FALLING, telemetry=recorded(a={}, b={"update_ratio": math.inf})),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_training_that_goes_well_has_no_hints(name: str) -> None:
    assert HEALTHY[name].hints() == []


@pytest.mark.parametrize("optimizer", [nn.Adam(1e-3), nn.SGD(0.1, momentum=0.9)], ids=lambda o: o.kind)
def test_digits_have_no_hints(optimizer: Any, digits: Any) -> None:
    (x, y), held_out = nn.datasets.split(digits, test=0.25, seed=0)
    model = nn.Sequential([nn.Input(64), nn.Dense(64, "relu"), nn.Dropout(0.2), nn.Dense(10, "softmax")])
    model.compile(optimizer, "nllm", metrics=["accuracy"])
    run = model.fit(x, y, epochs=20, validation_data=held_out, telemetry=10)
    assert run.telemetry.steps
    assert run["val_accuracy"][-1] > 0.94
    assert run.hints() == []


def test_a_rate_that_is_far_too_high_is_told_of(digits: Any) -> None:
    x, y = digits
    model = nn.Sequential([nn.Input(64), nn.Dense(32, "relu"), nn.Dense(10, "softmax")])
    model.compile(nn.Adam(1.0), "nllm")
    hints = model.fit(x, y, epochs=6, telemetry=10).hints()
    assert any("divide the learning rate" in hint for hint in hints), hints


def test_few_rows_and_many_units_overfit(digits: Any) -> None:
    x, y = digits
    random = np.random.default_rng(0)
    noisy = np.where(random.random(100) < 0.3, random.integers(0, 10, 100), y[:100])
    model = nn.Sequential([nn.Input(64), nn.Dense(128, "relu"), nn.Dense(10, "softmax")])
    model.compile(nn.Adam(0.01), "nllm")
    hints = model.fit(x[:100], noisy, epochs=60, validation_data=(x[500:], y[500:])).hints()
    assert [hint for hint in hints if hint.startswith("overfitting: ")], hints
