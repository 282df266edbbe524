"""Regression as classification over bins: bins, moments and quantiles by hand, known distributions, ordered ratings."""

import copy
import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn


def frozen(edges: Any, centers: Any, probabilities: Any, has_values: bool = False, ordinal: bool = False) -> Any:
    """A regressor whose network gives the same probabilities for every x."""
    model = nn.BinnedRegressor(bins=len(centers), hidden=(), ordinal=ordinal, dtype="float64", epochs=1)
    values = np.repeat(np.arange(len(centers)), 2)
    model.fit(np.zeros((len(values), 1)), values)
    p = np.asarray(probabilities, float)
    model.model.parameters["dense/weight"][...] = 0
    model.model.parameters["dense/bias"][...] = np.log(p / (1 - p)) if ordinal else np.log(p)
    model.edges_, model.centers_, model._has_values = np.array(edges, float), np.array(centers, float), has_values
    return model


def wave(rows: int, seed: int, noise: float = 0.2) -> tuple[Any, Any]:
    """y = sin 3x + noise N(0, 1)."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(rows, 1))
    return x, np.sin(3 * x[:, 0]) + noise * rng.normal(size=rows)


# --- bins ------------------------------------------------------------------------------------------------------------


def test_quantile_bins_have_equal_numbers_and_uniform_ones_equal_widths() -> None:
    y = np.random.default_rng(0).exponential(size=1000)
    x = np.zeros((1000, 1))
    quantile, uniform = (nn.BinnedRegressor(8, (), strategy=s, epochs=1).fit(x, y) for s in ("quantile", "uniform"))
    assert (np.histogram(y, quantile.edges_)[0] == 125).all()
    np.testing.assert_allclose(np.diff(uniform.edges_), np.ptp(y) / 8)
    for model in (quantile, uniform):
        assert (model.edges_[0], model.edges_[-1]) == (y.min(), y.max())
        k = np.searchsorted(model.edges_[1:-1], y, side="right")
        np.testing.assert_allclose(model.centers_, [y[k == i].mean() for i in range(8)])


def test_a_bin_without_targets_has_its_middle() -> None:
    y = np.concatenate([np.linspace(0, 1, 10), np.linspace(9, 10, 10)])
    model = nn.BinnedRegressor(5, (), strategy="uniform", epochs=1).fit(np.zeros((20, 1)), y)
    np.testing.assert_allclose(model.centers_, [0.5, 3, 5, 7, 9.5])


def test_equal_quantiles_make_fewer_bins() -> None:
    y = np.concatenate([np.zeros(50), np.arange(1, 51)])
    model = nn.BinnedRegressor(10, (), epochs=1).fit(np.zeros((100, 1)), y)
    assert len(model.centers_) < 10
    assert (np.diff(model.edges_) > 0).all()


@pytest.mark.parametrize("ordinal", [False, True])
@pytest.mark.parametrize(
    ("lump", "rest", "edges"), [(0.0, [1.0, 2.0], [0.0, 1.0, 2.0]), (2.0, [0.0, 1.0], [0.0, 2.0, 2.0])]
)
def test_a_value_of_most_rows_has_a_bin_of_its_own(
    lump: float, rest: list[float], edges: list[float], ordinal: bool
) -> None:
    y = np.concatenate([np.full(18, lump), rest])
    model = nn.BinnedRegressor(2, (), ordinal=ordinal, learning_rate=0.05, epochs=300, dtype="float64")
    model.fit(np.zeros((20, 1)), y)
    np.testing.assert_array_equal(model.edges_, edges)
    share = model.predict_distribution([[0.0]])[0]
    np.testing.assert_allclose(share[0 if lump == 0 else 1], 0.9, atol=0.05)
    np.testing.assert_allclose(model.predict([[0.0]], "mode"), lump)


def test_few_values_have_a_bin_each() -> None:
    model = nn.BinnedRegressor(10, (), epochs=1).fit(np.zeros((6, 1)), [1, 2, 4, 4, 2, 1])
    assert model.centers_.tolist() == [1, 2, 4]
    assert model.edges_.tolist() == [1, 1.5, 3, 4]
    assert set(model.predict(np.zeros((1, 1)), "median")) <= {1, 2, 4}


def test_weights_go_into_centers_and_training() -> None:
    x, y, weights = np.zeros((40, 1)), np.arange(40) % 4, np.where(np.arange(40) % 4 == 2, 3, 1)
    model = nn.BinnedRegressor(4, (), epochs=300, learning_rate=0.05, batch_size=40).fit(x, y, weights)
    np.testing.assert_allclose(model.predict_distribution(x[:1])[0], [1 / 6, 1 / 6, 1 / 2, 1 / 6], atol=1e-3)
    wide = nn.BinnedRegressor(2, (), epochs=1).fit(x, y, weights)
    np.testing.assert_allclose(wide.centers_, [0.5, (3 * 2 + 3) / 4])


# --- predictions from known distributions ----------------------------------------------------------------------------


def test_mean_median_mode_and_interval_by_hand() -> None:
    model, x = frozen([0, 1, 3, 7], [0.5, 2, 4], [0.2, 0.5, 0.3]), np.zeros((2, 1))
    np.testing.assert_allclose(model.predict_distribution(x), [[0.2, 0.5, 0.3]] * 2)
    np.testing.assert_allclose(model.predict(x), 0.1 + 1 + 1.2)
    np.testing.assert_allclose(model.predict(x, "mode"), 2)
    np.testing.assert_allclose(model.predict(x, "median"), 1 + 2 * 0.3 / 0.5)
    # a tenth of all below: in the middle of the first bin; and above: two thirds through the last
    np.testing.assert_allclose(model.predict_interval(x, 0.8), [[0.5, 3 + 4 * 2 / 3]] * 2)


def test_quantiles_of_values_are_values() -> None:
    model, x = frozen([1, 1.5, 3, 4], [1, 2, 4], [0.2, 0.5, 0.3], has_values=True), np.zeros((1, 1))
    assert model.predict(x, "median").tolist() == [2]
    assert model.predict_interval(x, 0.5).tolist() == [[2, 4]]
    assert model.predict_interval(x, 0.8).tolist() == [[1, 4]]


def test_ordinal_probabilities_are_differences_without_negative_parts() -> None:
    x = np.zeros((1, 1))
    falling = frozen([0, 1, 2, 3, 4], range(4), [0.9, 0.6, 0.1], ordinal=True)
    np.testing.assert_allclose(falling.predict_distribution(x)[0], [0.1, 0.3, 0.5, 0.1])
    crossing = frozen([0, 1, 2, 3, 4], range(4), [0.5, 0.7, 0.3], ordinal=True)
    np.testing.assert_allclose(crossing.predict_distribution(x)[0], np.array([0.5, 0, 0.4, 0.3]) / 1.2)


# --- learning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
@pytest.mark.parametrize("kind", ["mean", "median"])
def test_a_curve_is_learned(strategy: str, kind: str) -> None:
    (x, y), (x_test, _) = wave(2000, 0), wave(500, 1)
    model = nn.BinnedRegressor(30, 32, strategy=strategy, epochs=40, seed=1).fit(x, y)
    error = np.sqrt(np.square(model.predict(x_test, kind) - np.sin(3 * x_test[:, 0])).mean())
    assert error < 0.08, "the noise is 0.2"
    best = 1 - 0.2**2 / y.var()
    assert best - 0.02 < model.score(*wave(2000, 2)) < best + 0.02


def test_intervals_hold_what_they_say() -> None:
    model = nn.BinnedRegressor(30, 32, epochs=40, seed=1).fit(*wave(4000, 0))
    x, y = wave(4000, 1)
    for level in (0.5, 0.9):
        low, high = model.predict_interval(x, level).T
        assert abs(np.mean((low <= y) & (y <= high)) - level) < 0.05
        assert (low < high).all()


def test_two_branches_have_a_mean_where_no_target_is_and_a_mode_where_they_are() -> None:
    rng = np.random.default_rng(0)
    y = rng.choice([-1.0, 1.0], size=2000, p=[0.6, 0.4]) + 0.05 * rng.normal(size=2000)
    model = nn.BinnedRegressor(20, (), strategy="uniform", epochs=30).fit(np.zeros((2000, 1)), y)
    x = np.zeros((1, 1))
    assert abs(model.predict(x)[0] + 0.2) < 0.1
    assert abs(model.predict(x, "mode")[0] + 1) < 0.1
    assert model.predict_distribution(x)[0][5:15].max() < 0.02


def test_ordered_ratings() -> None:
    """Ratings 1 ... 5 by where a slope with logistic noise lies: P(y > k) = sigmoid(s - t_k), the model's own form."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 2))
    slope, thresholds = x @ [2.0, -1.0], np.array([-2.0, -0.5, 0.5, 2.0])
    y = 1 + (slope[:, None] + rng.logistic(size=(4000, 1)) > thresholds).sum(axis=1)
    model = nn.BinnedRegressor(5, (), ordinal=True, epochs=30, learning_rate=0.01, dtype="float64").fit(x, y)
    assert model.model.predict(x).shape == (4000, 4)
    above = np.hstack([np.ones((4000, 1)), 1 / (1 + np.exp(thresholds - slope[:, None])), np.zeros((4000, 1))])
    assert np.abs(model.predict_distribution(x) + np.diff(above)).mean() < 0.02
    np.testing.assert_allclose(model.predict_distribution(x).sum(axis=1), 1)
    assert set(model.predict(x, "median")) <= set(range(1, 6))
    np.testing.assert_allclose(model.predict(x).mean(), y.mean(), atol=0.05)


def test_r2_is_weighted() -> None:
    x, y = wave(300, 0)
    model = nn.BinnedRegressor(10, 8, epochs=20).fit(x, y)
    weights = np.arange(300) % 3
    repeated = np.repeat(np.arange(300), weights)
    p = model.predict(x[repeated])
    expected = 1 - np.square(y[repeated] - p).sum() / np.square(y[repeated] - y[repeated].mean()).sum()
    assert model.score(x, y, weights) == pytest.approx(expected, rel=1e-12)
    assert not math.isclose(model.score(x, y), expected, rel_tol=1e-3)


@pytest.mark.parametrize("ordinal", [False, True])
def test_the_same_seed_gives_the_same_bits_and_so_does_a_copy(ordinal: bool) -> None:
    x, y = wave(200, 0)
    first, second, other = (
        nn.BinnedRegressor(8, (6, 5), ordinal=ordinal, epochs=3, seed=seed).fit(x, y) for seed in (1, 1, 2)
    )
    assert (first.predict(x) == second.predict(x)).all()
    assert (first.predict(x) == copy.deepcopy(first).predict(x)).all()
    assert (first.predict(x) != other.predict(x)).any()


def test_raw_columns_are_standardized() -> None:
    x, y = wave(500, 0)
    plain, moved = (nn.BinnedRegressor(10, 8, epochs=10, dtype="float64").fit(u, y) for u in (x, 1e4 * x + 3e6))
    np.testing.assert_allclose(plain.predict(x), moved.predict(1e4 * x + 3e6), atol=1e-3)
