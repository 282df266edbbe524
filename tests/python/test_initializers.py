"""First values: bounds, moments, orthogonality, and what they depend on."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import initializers
from tolerances import ROUNDING

FAN_IN, FAN_OUT = 300, 500
COUNT = FAN_IN * FAN_OUT


def first(initializer: Any, fan_in: int = FAN_IN, fan_out: int = FAN_OUT, dtype: str = "float64", seed: int = 0) -> Any:
    layer = nn.Dense(fan_out, weight_initializer=initializer).build((fan_in,), seed=seed, dtype=dtype)
    return layer.parameters["weight"].copy()


UNIFORM = {  # name or object -> bounds
    "glorot_uniform": (-np.sqrt(6 / 800), np.sqrt(6 / 800)),
    "he_uniform": (-np.sqrt(6 / 300), np.sqrt(6 / 300)),
    initializers.Uniform(-1.0, 3.0): (-1.0, 3.0),
}
NORMAL = {  # name or object -> mean, deviation
    "glorot_normal": (0.0, np.sqrt(2 / 800)),
    "he_normal": (0.0, np.sqrt(2 / 300)),
    "lecun_normal": (0.0, np.sqrt(1 / 300)),
    initializers.Normal(1.5, 0.25): (1.5, 0.25),
}


def require_moments(values: Any, mean: float, deviation: float, kurtosis: float) -> None:
    """Mean, deviation and fourth moment within five standard errors of what they are to be."""
    z = (values.ravel() - mean) / deviation
    assert abs(z.mean()) < 5 / np.sqrt(COUNT)
    assert abs(np.mean(z**2) - 1) < 5 * np.sqrt((kurtosis - 1) / COUNT)
    assert abs(np.mean(z**4) - kurtosis) < 5 * np.sqrt(96 / COUNT)  # the variance of z^4 is 96 for a normal z


@pytest.mark.parametrize(("initializer", "bounds"), UNIFORM.items(), ids=str)
def test_uniform_values_fill_their_interval(initializer: Any, bounds: tuple[float, float]) -> None:
    values, (low, high) = first(initializer), bounds
    assert low < values.min() < low + 1e-3 * (high - low)
    assert high > values.max() > high - 1e-3 * (high - low)
    require_moments(values, (low + high) / 2, (high - low) / np.sqrt(12), kurtosis=1.8)


@pytest.mark.parametrize(("initializer", "moments"), NORMAL.items(), ids=str)
def test_normal_values_have_their_moments(initializer: Any, moments: tuple[float, float]) -> None:
    require_moments(first(initializer), *moments, kurtosis=3.0)


def test_neighbours_are_not_correlated() -> None:
    values = first("glorot_normal").ravel()
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 5 / np.sqrt(COUNT)


@pytest.mark.parametrize("shape", [(20, 20), (12, 30), (30, 12), (1, 5), (5, 1)], ids=str)
def test_orthogonal_values_have_orthonormal_rows_or_columns(shape: tuple[int, int]) -> None:
    w = first(initializers.Orthogonal(2.0), *shape)
    product = w @ w.T if shape[0] <= shape[1] else w.T @ w
    ROUNDING["float64"].assert_close(product, 4.0 * np.eye(min(shape)))


@pytest.mark.parametrize(
    ("initializer", "value"), [("zeros", 0.0), ("ones", 1.0), (initializers.Constant(-2.5), -2.5)], ids=str
)
def test_constant_values_are_constant(initializer: Any, value: float) -> None:
    assert (first(initializer, 4, 3) == value).all()


@pytest.mark.parametrize("name", sorted(initializers.Initializer._members))
def test_both_dtypes_start_from_the_same_values(name: str) -> None:
    assert first(name, 30, 20, "float32").tobytes() == first(name, 30, 20).astype(np.float32).tobytes()


@pytest.mark.parametrize("name", sorted(initializers.Initializer._members))
def test_the_seed_decides_the_values(name: str) -> None:
    assert first(name, 30, 20, seed=3).tobytes() == first(name, 30, 20, seed=3).tobytes()
    is_random = name not in ("zeros", "ones", "constant")
    assert (first(name, 30, 20, seed=3).tobytes() != first(name, 30, 20, seed=4).tobytes()) == is_random


def test_layers_of_one_shape_start_apart() -> None:
    model = nn.Sequential([nn.Input(8), nn.Dense(8), nn.Dense(8)])
    assert (model.parameters["dense/weight"] != model.parameters["dense_1/weight"]).any()


def test_biases_start_at_zero_unless_told() -> None:
    assert (nn.Dense(4).build((3,)).parameters["bias"] == 0).all()
    assert (
        nn.Dense(4, bias_initializer=initializers.Constant(0.1)).build((3,)).parameters["bias"] == np.float32(0.1)
    ).all()


def test_the_default_is_glorot_uniform() -> None:
    assert nn.Dense(4).build((3,)).parameters["weight"].tobytes() == first("glorot_uniform", 3, 4, "float32").tobytes()
