"""Max norm: after every step no unit's incoming weights are longer than the limit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn


def constrained(constraint: Any, dtype: str = "float64", activation: str = "tanh") -> nn.Sequential:
    layers = [nn.Input(6), nn.Dense(70, activation, weight_constraint=constraint), nn.Dense(3, "softmax")]
    model = nn.Sequential(layers, seed=2, dtype=dtype)
    model.compile(nn.SGD(0.5), "nllm")
    return model


@pytest.fixture
def data(rng: np.random.Generator) -> tuple[Any, Any]:
    x = rng.normal(size=(60, 6))
    return x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_norm_is_bounded_after_every_step_and_reached(dtype: str, data: tuple[Any, Any]) -> None:
    model, limit = constrained(nn.MaxNorm(0.3), dtype), 0.3
    reached = 0
    for start in range(0, 60, 10):
        model.train_on_batch(data[0][start : start + 10], data[1][start : start + 10])
        norms = np.linalg.norm(model.parameters["dense/weight"].astype(np.float64), axis=0)
        assert (norms <= limit * (1 + 4 * np.finfo(dtype).eps)).all()
        reached += int((norms > limit * (1 - 1e-6)).sum())
    assert reached > 100
    assert np.linalg.norm(model.parameters["dense_1/weight"], axis=0).max() > limit, "other layers are free"


def test_a_step_is_a_free_step_and_then_the_projection(data: tuple[Any, Any]) -> None:
    free, bound = constrained(None), constrained(nn.MaxNorm(0.3))
    for _ in range(3):
        bound.flat_parameters[...] = free.flat_parameters
        loss = free.train_on_batch(*data)
        assert bound.train_on_batch(*data) == loss
        w = free.parameters["dense/weight"]
        expected = w * np.minimum(1.0, 0.3 / np.linalg.norm(w, axis=0))
        np.testing.assert_allclose(bound.parameters["dense/weight"], expected, rtol=1e-14)
        np.testing.assert_array_equal(bound.parameters["dense/bias"], free.parameters["dense/bias"])


def test_a_limit_that_nobody_reaches_changes_no_bit(data: tuple[Any, Any]) -> None:
    free, bound = constrained(None), constrained(nn.MaxNorm(1e6))
    for model in (free, bound):
        model.fit(*data, epochs=3, batch_size=7)
    np.testing.assert_array_equal(free.flat_parameters, bound.flat_parameters)


def test_a_maxout_unit_is_bounded_piece_by_piece(data: tuple[Any, Any]) -> None:
    layers = [nn.Input(6), nn.Maxout(5, 3, weight_constraint=nn.MaxNorm(0.4)), nn.Dense(3, "softmax")]
    model = nn.Sequential(layers, dtype="float64")
    model.compile(nn.SGD(0.5), "nllm")
    model.fit(*data, epochs=2)
    norms = np.linalg.norm(model.parameters["maxout/weight"], axis=0)
    assert norms.shape == (5, 3)
    assert 0.4 - 1e-12 <= norms.max() <= 0.4 + 1e-12


def test_it_is_saved_with_the_model(tmp_path: Path, data: tuple[Any, Any]) -> None:
    model = constrained("max_norm")
    assert model.layers[0].constraints == {"weight": model.layers[0].weight_constraint}
    model.save(tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    assert repr(again.layers[0].constraints) == repr(model.layers[0].constraints)
    assert again.layers[0].constraints["weight"].limit == 3.0
    for twin in (model, again):
        twin.fit(*data, epochs=2)
    np.testing.assert_array_equal(model.flat_parameters, again.flat_parameters)
