"""GaussianNoise: the noise itself, and that on inputs it is a penalty on weights."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import GRADIENT


def noise(deviation: float, shape: Any, dtype: str = "float64", **options: Any) -> Any:
    layer = nn.GaussianNoise(deviation).build(shape[1:], dtype=dtype)
    return layer.forward(np.zeros(shape), training=True, **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("deviation", [0.1, 3.0])
def test_the_noise_is_normal(deviation: float, dtype: str) -> None:
    n = noise(deviation, (400, 500), dtype) / deviation
    # mean, variance, third and fourth moment within five deviations of those of N(0, 1)
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((n**power).mean() - moment) < 5 * np.sqrt(variance / n.size)
    assert abs((n[:, 1:] * n[:, :-1]).mean()) < 5 / np.sqrt(n.size)
    assert abs((n[1:] * n[:-1]).mean()) < 5 / np.sqrt(n.size)


def test_the_noise_is_normal_to_its_tails() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert stats.kstest(noise(1.0, (100, 1000)).ravel(), "norm").pvalue > 1e-3


def test_it_is_added_in_training_only_and_the_gradient_passes(rng: np.random.Generator) -> None:
    u, dv = rng.normal(size=(2, 7, 5))
    layer = nn.GaussianNoise(0.5).build((5,), dtype="float64")
    v = layer.forward(u, training=True, step=3)
    assert (layer.forward(u) == u).all()
    assert (v == u + noise(0.5, (7, 5), step=3)).all()
    assert (layer.backward(u, v, dv, training=True, step=3) == dv).all()


def test_steps_and_layers_have_noise_of_their_own() -> None:
    assert (noise(1.0, (2, 50), step=1) == noise(1.0, (2, 50), step=1)).all()
    assert (noise(1.0, (2, 50), step=1) != noise(1.0, (2, 50), step=2)).all()
    x = nn.Input(50)
    model = nn.Model(x, [nn.GaussianNoise(1.0)(x), nn.GaussianNoise(1.0)(x)], dtype="float64")
    model.compile(loss="squared")
    zeros = np.zeros((1, 50))
    _, gradients = model.loss_and_gradients(zeros, [zeros, zeros], training=True, inputs=True)
    first = model.loss_and_gradients(zeros, [zeros, zeros], training=True)[0]
    # 2 n_1 + 2 n_2 and |n_1|^2 + |n_2|^2: with one noise for both, the first would be 4 n
    assert abs(np.sum((gradients["input"] / 4) ** 2) - first / 2) > 1.0


def test_gradients_of_a_model_equal_differences(rng: np.random.Generator) -> None:
    model = nn.Sequential([nn.Input(4), nn.GaussianNoise(0.3), nn.Dense(6, "tanh"), nn.Dense(2)], dtype="float64")
    model.compile(loss="squared")
    report = nn.check_gradients(model, rng.normal(size=(8, 4)), rng.normal(size=(8, 2)), training=True)
    assert report.ok, str(report)
    assert report.max_relative_error <= 10 * GRADIENT


def test_noise_on_the_inputs_of_a_linear_model_is_ridge_regression(rng: np.random.Generator) -> None:
    """E |(x + s n) w - y|^2 = |x w - y|^2 + s^2 |w|^2, so w = (X'X / N + s^2 I)^-1 X'y / N (Bishop 1995)."""
    rows, deviation = 3000, 0.7
    x, w = rng.normal(size=(rows, 4)), np.array([1.0, -2.0, 0.5, 3.0])
    y = x @ w
    model = nn.Sequential([nn.Input(4), nn.GaussianNoise(deviation), nn.Dense(1, use_bias=False)], dtype="float64")
    average, epochs = np.zeros(4), 400
    model.compile(nn.SGD(0.05), "squared")
    model.fit(x, y, epochs=100, batch_size=rows)
    for _ in range(epochs):
        model.train_on_batch(x, y)
        average += model.parameters["dense/weight"].ravel() / epochs
    ridge = np.linalg.solve(x.T @ x / rows + deviation**2 * np.eye(4), x.T @ y / rows)
    assert np.abs(average - ridge).max() < 0.02
    assert np.abs(average - w).max() > 0.5
