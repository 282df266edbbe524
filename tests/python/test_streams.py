"""Stateful layers: streams whose states go on from batch to batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from sequence_data import COLUMNS, STEPS, Break
from snapshots import snapshot


def stream_data() -> tuple[Any, Any, Any]:
    """Three streams of four batches: x (12, T, D), y (12, T, 1), and the streams whole, (3, 4 T, D)."""
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(3, 4 * STEPS, COLUMNS))
    x = np.concatenate(np.split(whole, 4, axis=1))
    return x, np.tanh(np.cumsum(x[..., :1], axis=1)), whole


def of_streams(stateful: Any, steps: int = STEPS, **options: Any) -> Any:
    layers = [nn.LSTM(3, return_sequences=True, stateful=stateful), nn.Dense(1)]
    model = nn.Sequential([nn.Input((steps, COLUMNS)), *layers], seed=4, **options)
    model.compile(nn.Adam(0.02), "squared")
    return model


def test_a_stream_is_one_long_sequence() -> None:
    x, y, whole = stream_data()
    model, long = of_streams(3, dtype="float64"), of_streams(None, 4 * STEPS, dtype="float64")
    expected = np.concatenate(np.split(long.predict(whole), 4, axis=1))
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    assert model.evaluate(x, y)["loss"] == pytest.approx(((expected - y) ** 2).mean(), rel=1e-12)
    assert not any(values.any() for values in model.state.values()), "predictions have states of their own"


def test_training_begins_each_epoch_with_new_streams() -> None:
    x, y, _ = stream_data()
    fit, by_hand = of_streams(3), of_streams(3)
    fit.fit(x, y, epochs=3, batch_size=3, shuffle=False)
    for _ in range(3):
        by_hand.reset_states()
        for first in range(0, 12, 3):
            by_hand.train_on_batch(x[first : first + 3], y[first : first + 3])
    np.testing.assert_array_equal(fit.flat_parameters, by_hand.flat_parameters)
    for name, values in fit.state.items():
        np.testing.assert_array_equal(values, by_hand.state[name])
        assert values.any()
    fit.reset_states()
    assert not any(values.any() for values in fit.state.values())


def test_streams_go_on_after_a_break(tmp_path: Path) -> None:
    x, y, _ = stream_data()
    options: dict[str, Any] = {"epochs": 3, "batch_size": 3, "shuffle": False}
    expected = of_streams(3)
    expected.fit(x, y, **options)
    kept = {"checkpoint": tmp_path / "run.safetensors", "checkpoint_every": 3}
    with pytest.raises(KeyboardInterrupt):
        of_streams(3).fit(x, y, callbacks=Break(3), **options, **kept)
    model = of_streams(3)
    model.fit(x, y, callbacks=Break(-1), resume=True, **options, **kept)
    assert snapshot(model) == snapshot(expected)
