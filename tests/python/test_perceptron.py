"""The perceptron: its rule by hand, Novikoff's bound, the averaged weights, several classes."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core


def separable(rng: np.random.Generator, rows: int, columns: int, margin: float) -> tuple[Any, Any, Any]:
    """Rows, signs, and the unit vector (bias last) that separates them by the margin at least."""
    u = rng.normal(size=columns + 1)
    u /= np.linalg.norm(u)
    x = rng.uniform(-1, 1, size=(20 * rows, columns))
    distance = x @ u[:-1] + u[-1]
    kept = np.abs(distance) >= margin
    assert kept.sum() >= rows
    return x[kept][:rows], np.sign(distance[kept][:rows]).astype(int), u


def test_three_steps_by_hand() -> None:
    """(1, 0) is the second class, (0, 1) and (1, 1) are the first; from w = (0, 0), b = 0, in this order:

    0 is a mistake: w = (1, 0), b = 1. s(0, 1) = 1: w = (1, -1), b = 0. s(1, 1) = 0: w = (0, -2), b = -1.
    """
    model = nn.Perceptron(epochs=1, shuffle=False).fit([[1, 0], [0, 1], [1, 1]], [1, 0, 0])
    assert model.weight.ravel().tolist() == [0, -2]
    assert model.bias.tolist() == [-1]
    assert model.mistakes_ == [3]
    averaged = nn.Perceptron(epochs=1, shuffle=False, averaged=True).fit([[1, 0], [0, 1], [1, 1]], [1, 0, 0])
    np.testing.assert_allclose(averaged.weight.ravel(), [(1 + 1 + 0) / 3, (0 - 1 - 2) / 3])
    np.testing.assert_allclose(averaged.bias, (1 + 0 - 1) / 3, atol=1e-15)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("margin", [0.02, 0.1])
def test_mistakes_stay_within_the_bound_of_novikoff(seed: int, margin: float) -> None:
    x, y, u = separable(np.random.default_rng(seed), 100, 4, margin)
    gamma = (y * (x @ u[:-1] + u[-1])).min()
    radius_squared = (np.square(x).sum(axis=1) + 1).max()
    model = nn.Perceptron(epochs=10_000, seed=seed).fit(x, y)
    assert model.mistakes_[-1] == 0
    assert all(model.mistakes_[:-1]), "an epoch without a mistake is the last"
    assert 0 < sum(model.mistakes_) <= radius_squared / gamma**2
    assert model.score(x, y) == 1.0


def test_xor_never_ends() -> None:
    model = nn.Perceptron(epochs=200).fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    assert len(model.mistakes_) == 200
    assert min(model.mistakes_) > 0


def naive(x: Any, y: Any, classes: int, orders: Any, rates: Any) -> tuple[Any, Any]:
    """Last and mean weights by the definition, all weights kept; a score each for the classes, also for two."""
    w, all_w = np.zeros((x.shape[1] + 1, classes)), []
    for order in orders:
        for i in order:
            row = np.append(x[i], 1.0)
            scores = row @ w
            rival = max((k for k in range(classes) if k != y[i]), key=lambda k: (scores[k], -k))
            if scores[y[i]] <= scores[rival]:
                w = w.copy()
                w[:, y[i]] += rates[i] * row
                w[:, rival] -= rates[i] * row
            all_w.append(w)
    return w, np.mean(all_w, axis=0)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("averaged", [False, True])
def test_weights_are_those_of_the_definition(classes: int, averaged: bool, rng: np.random.Generator) -> None:
    x, y, weights = rng.normal(size=(50, 3)), rng.integers(classes, size=50), rng.integers(0, 3, size=50)
    model = nn.Perceptron(rate=0.5, epochs=4, averaged=averaged, seed=7).fit(x, y, weights)
    orders = [_core.permutation(7, "order", epoch, 50) for epoch in range(4)]
    orders = [order[weights[order] > 0] for order in orders]
    expected = naive(x, y, classes, orders, 0.5 * weights)[averaged]
    if classes == 2:  # the difference of both classes' weights, each of which moves: twice the step
        expected = (expected[:, 1] - expected[:, 0])[:, None] / 2
    np.testing.assert_allclose(np.vstack([model.weight, model.bias]), expected, rtol=0, atol=1e-12)
    scores = x @ expected[:-1] + expected[-1]
    np.testing.assert_allclose(model.decision_function(x), scores[:, 0] if classes == 2 else scores, atol=1e-12)
    assert (model.predict(x) == (scores[:, 0] > 0 if classes == 2 else scores.argmax(axis=1))).all()


def test_the_rate_only_scales() -> None:
    x, y = nn.datasets.digits()
    one, other = (nn.Perceptron(rate=rate, epochs=3).fit(x, y) for rate in (1.0, 0.25))
    assert (one.weight == 4 * other.weight).all()
    assert one.mistakes_ == other.mistakes_


def test_averaged_weights_are_better_on_new_rows() -> None:
    (x, y), (x_test, y_test) = nn.datasets.split(nn.datasets.digits(), test=0.5, seed=0)
    last, averaged = (
        np.mean([nn.Perceptron(epochs=5, averaged=a, seed=s).fit(x, y).score(x_test, y_test) for s in range(5)])
        for a in (False, True)
    )
    assert averaged > last + 0.005
    assert averaged > 0.94


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
def test_two_classes_are_those_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, _ = separable(np.random.default_rng(0), 200, 5, 0.02)
    theirs = linear_model.Perceptron(shuffle=False, max_iter=7, tol=None).fit(x, y)
    mine = nn.Perceptron(shuffle=False, epochs=7).fit(x, y)
    np.testing.assert_allclose(mine.weight.T, theirs.coef_, rtol=0, atol=1e-10)
    np.testing.assert_allclose(mine.bias, theirs.intercept_, rtol=0, atol=1e-10)
