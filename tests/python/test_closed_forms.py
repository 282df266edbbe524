"""What penalties and early stopping do to a quadratic, where the answers are known.

Linear regression with the squared loss: J = 1/2 (w - w*)' H (w - w*) + constant, H = 2 X'X / n: the loss has no 1/2.
Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.1 and 7.8.
"""

from typing import Any

import numpy as np
import pytest

import nncpp as nn

N, D, K = 60, 5, 2
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, D)) * [0.5, 0.8, 1.0, 1.2, 1.5]
Y = X @ RNG.normal(size=(D, K)) + RNG.normal(size=(N, K))
H = 2 * X.T @ X / N
BEST = np.linalg.solve(X.T @ X, X.T @ Y)  # w*
CURVATURE = np.array([0.6, 0.8, 1.0, 1.5, 2.0])[:, None]
ORTHOGONAL = np.linalg.qr(RNG.normal(size=(N, D)))[0] * np.sqrt(N / 2 * CURVATURE.T)  # its H is diagonal
TARGET = np.array([[0.1, -1.2], [-0.4, 1.5], [0.9, -0.2], [-0.3, 0.6], [0.8, -0.7]])  # its w*


def trained(x: Any, y: Any, steps: int, rate: Any, *, regularizer: Any = None, start: str = "normal") -> Any:
    """Weights after so many steps of gradient descent, each on all rows."""
    layer = nn.Dense(K, use_bias=False, weight_regularizer=regularizer, weight_initializer=start)
    model = nn.Sequential([nn.Input(D), layer], dtype="float64")
    model.compile(nn.SGD(rate), "squared")
    model.fit(x, y, epochs=steps, batch_size=N)
    return model.parameters["dense/weight"].copy()


@pytest.mark.parametrize("l2", [0.0, 0.01, 0.3, 5.0])
def test_l2_shrinks_along_the_axes_of_the_hessian(l2: float) -> None:
    rate = 1 / (np.linalg.eigvalsh(H).max() + l2)
    found = trained(X, Y, 1000, rate, regularizer=nn.L2(l2))
    np.testing.assert_allclose(found, np.linalg.solve(H + l2 * np.eye(D), H @ BEST), rtol=0, atol=1e-12)
    values, axes = np.linalg.eigh(H)
    np.testing.assert_allclose(axes.T @ found, (values / (values + l2))[:, None] * (axes.T @ BEST), rtol=0, atol=1e-12)


@pytest.mark.parametrize("l2", [0.0, 0.4], ids=["L1", "elastic net"])
@pytest.mark.parametrize("l1", [0.2, 0.5, 1.0])
def test_l1_is_a_soft_threshold_where_columns_are_orthogonal(l1: float, l2: float) -> None:
    """Steps of rate e leave a weight that should be 0 within e (l1 + H_ii |w*|) of it: the rate goes down to 1e-13."""
    steps, rate = 8000, 0.2
    schedule = nn.schedules.ExponentialDecay(rate, decay=np.log(rate / 1e-13) / steps)
    found = trained(ORTHOGONAL, ORTHOGONAL @ TARGET, steps, schedule, regularizer=nn.ElasticNet(l1, l2))
    shrink = CURVATURE / (CURVATURE + l2)  # the elastic net's; 1 for L1 alone
    expected = shrink * np.sign(TARGET) * np.maximum(np.abs(TARGET) - l1 / CURVATURE, 0)
    assert 0 < (expected == 0).sum() < TARGET.size, "some weights are to be 0, and some are not"
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_orthogonal_columns_have_a_diagonal_hessian() -> None:
    np.testing.assert_allclose(2 * ORTHOGONAL.T @ ORTHOGONAL / N, np.diag(CURVATURE[:, 0]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("steps", [1, 10, 100])
def test_after_some_steps_every_axis_has_come_its_part_of_the_way(steps: int) -> None:
    values, axes = np.linalg.eigh(H)
    found = trained(X, Y, steps, 0.05, start="zeros")
    part = 1 - (1 - 0.05 * values) ** steps
    np.testing.assert_allclose(axes.T @ found, part[:, None] * (axes.T @ BEST), rtol=0, atol=1e-13)


@pytest.mark.parametrize("steps", [10, 20, 40])
def test_stopping_early_is_like_l2_of_one_over_rate_and_steps(steps: int) -> None:
    """1 - (1 - e h)^t and h / (h + 1 / (e t)) are e t h to first order, and differ by (e t h)^2 / 2 to second."""
    rate = 1e-4
    values, axes = np.linalg.eigh(H)
    l2 = 1 / (rate * steps)
    early = axes.T @ trained(X, Y, steps, rate, start="zeros")
    shrunk = axes.T @ trained(X, Y, 500, 1 / (values.max() + l2), regularizer=nn.L2(l2))
    x = (rate * steps * values)[:, None]
    np.testing.assert_allclose(early, shrunk, rtol=x.max())
    np.testing.assert_allclose(early - shrunk, x**2 / 2 * (axes.T @ BEST), rtol=0.15)
