"""Projection pursuit: known ridge models are found; each half of a step against SciPy, NumPy and a formula."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.models._smoothing_spline import COST, smooth
from nncpp.models.projection_pursuit import _Search
from tolerances import ROUNDING, TRAINING

PPR = nn.ProjectionPursuitRegression
Ridge = Callable[[Any], Any]
PAIRS: dict[str, tuple[Ridge, Ridge]] = {
    "sine and tanh": (lambda v: np.sin(2 * v), lambda v: np.tanh(2 * v)),
    "square and tanh": (lambda v: v**2, lambda v: np.tanh(2 * v)),
    "square and cube": (lambda v: v**2, lambda v: v**3 / 2),
    "fast sine and bump": (lambda v: np.sin(3 * v), lambda v: 2 * np.exp(-(v**2))),
    "exponential and kink": (lambda v: np.exp(v / 2), np.abs),
}


def unit(w: Any) -> Any:
    return w / np.linalg.norm(w, axis=-1, keepdims=True)


def degrees(a: Any, b: Any) -> Any:
    """Angles between each pair of lines."""
    return np.degrees(np.arccos(np.minimum(1.0, abs(unit(a) @ unit(b).T))))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_model_of_two_ridge_functions_is_recovered(pair: str, seed: int) -> None:
    rng, columns, n = np.random.default_rng(seed), (5, 10)[seed], (1000, 2000)[seed]
    w = unit(rng.normal(size=(2, columns)))
    x = rng.normal(size=(n + 1000, columns))
    y = sum(g(x @ w[m]) for m, g in enumerate(PAIRS[pair])) + 0.05 * rng.normal(size=len(x))
    model = PPR(terms=2, seed=seed).fit(x[:n], y[:n])
    assert model.score(x[n:], y[n:]) >= 0.99
    angles = degrees(w, model.directions_)
    assert sorted(angles.argmin(axis=1)) == [0, 1]
    assert angles.min(axis=1).max() < 2


def test_a_product_is_two_terms() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, size=(2000, 5))
    y = x[:, 0] * x[:, 1]
    model = PPR().fit(x[:1000], y[:1000])
    assert len(model.directions_) == 2
    assert model.score(x[1000:], y[1000:]) > 0.999
    assert degrees(model.directions_, np.eye(5)[:2]).min() > 1  # neither input alone
    assert abs(model.directions_[:, 2:]).max() < 0.02


def test_a_linear_function_is_one_straight_term() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(800, 4))
    w = np.array([3.0, -4.0, 0.0, 12.0])  # of length 13
    model = PPR().fit(x, x @ w + 7)
    TRAINING["float64"].assert_close(model.directions_, w[None] / 13)
    v = np.linspace(-50, 50, 11)  # far outside, too
    np.testing.assert_allclose(model.mean_ + model.ridge_function(0, v), 13 * v + 7, rtol=1e-6, atol=1e-6)


def test_irrelevant_inputs_get_no_weight() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1000, 20))
    y = x[:, 0] ** 2 + np.tanh(2 * x[:, 1]) + 0.1 * rng.normal(size=1000)
    model = PPR().fit(x, y)
    assert len(model.directions_) == 2
    assert abs(model.directions_[:, 2:]).max() < 0.03


def test_noise_is_not_modelled() -> None:
    rng = np.random.default_rng(4)
    model = PPR().fit(rng.normal(size=(1000, 5)), rng.normal(size=1000))
    assert len(model.directions_) == 1
    assert abs(model.score(rng.normal(size=(1000, 5)), rng.normal(size=1000))) < 0.1


def points(n: int = 25) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(5)
    v = np.linspace(-2, 3, n) + rng.uniform(-0.05, 0.05, n)
    weights = rng.uniform(0.5, 1.5, n)
    return v, np.sin(2 * v) + 0.3 * rng.normal(size=n), weights / weights.mean()


@pytest.mark.parametrize("penalty", [1e-3, 1.0, 1e3])
def test_the_spline_is_that_of_scipy(penalty: float, monkeypatch: pytest.MonkeyPatch) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    monkeypatch.setattr("nncpp.models._smoothing_spline._penalty_for", lambda *_: penalty)
    v, y, weights = points()
    ours = smooth(v, y, weights, degrees_of_freedom=5.0).spline
    theirs = interpolate.make_smoothing_spline(v, y, w=weights, lam=penalty)
    inside, outside = np.linspace(v[0], v[-1], 201)[1:-1], np.array([-9.0, -3.0, 4.0, 9.0])
    np.testing.assert_allclose(ours(inside), theirs(inside), atol=1e-9)
    np.testing.assert_allclose(ours.slope(inside), theirs(inside, 1), atol=1e-8)
    end = np.where(outside < 0, v[0], v[-1])
    straight = ours(end) + (outside - end) * ours.slope(end)
    np.testing.assert_allclose(ours(outside), straight, atol=1e-12)


def smoother_matrix(v: Any, weights: Any, degrees_of_freedom: float | None) -> Any:
    """Columns are the smooths of unit vectors with the penalty that these targets led to: all linear in y."""
    return np.array([smooth(v, e, weights, degrees_of_freedom).spline(v) for e in np.eye(len(v))]).T


@pytest.mark.parametrize("degrees_of_freedom", [2.5, 4.0, 9.0])
def test_degrees_of_freedom_are_the_trace_of_the_smoother(degrees_of_freedom: float) -> None:
    v, y, weights = points()
    matrix = smoother_matrix(v, weights, degrees_of_freedom)
    assert np.trace(matrix) == pytest.approx(degrees_of_freedom, rel=1e-6)
    fit = smooth(v, y, weights, degrees_of_freedom)
    np.testing.assert_allclose(fit.spline(v), matrix @ y, atol=1e-9)
    assert fit.error == pytest.approx(np.mean(weights * (y - matrix @ y) ** 2))


def test_cross_validation_takes_the_best_degrees_of_freedom() -> None:
    v, y, weights = points()

    def criterion(degrees_of_freedom: float) -> float:
        rest = y - smooth(v, y, weights, degrees_of_freedom).spline(v)
        return float(np.mean(weights * rest**2) / (1 - COST * degrees_of_freedom / len(v)) ** 2)

    best = smooth(v, y, weights)
    assert 4 < best.degrees_of_freedom < 15
    assert best.criterion == pytest.approx(criterion(best.degrees_of_freedom), rel=1e-6)
    assert best.criterion <= min(map(criterion, np.linspace(2.1, 17, 60))) * (1 + 1e-3)


def test_points_upon_each_other_are_their_weighted_mean() -> None:
    v, y, weights = points()
    once = smooth(np.repeat(v, 2), np.repeat(y, 2), np.repeat(weights, 2), 6.0).spline
    np.testing.assert_allclose(once(v), smooth(v, y, weights, 6.0).spline(v), atol=1e-9)
    apart = smooth(np.append(v, v), np.append(y - 1, y + 1), np.append(weights, weights), 6.0).spline
    np.testing.assert_allclose(apart(v), once(v), atol=1e-9)


def test_many_points_share_knots_and_lose_nothing() -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    v = np.sort(np.random.default_rng(6).normal(size=600))
    y = np.sin(2 * v)
    fit = smooth(v, y, np.ones(600), 12.0)
    assert len(fit.spline.knots) <= 27
    penalties = np.logspace(-3, 1, 41)
    nearest = min(abs(fit.spline(v) - interpolate.make_smoothing_spline(v, y, lam=p)(v)).max() for p in penalties)
    assert nearest < 0.01


def search(n: int = 300, columns: int = 4) -> tuple[_Search, Any]:
    rng = np.random.default_rng(7)
    weights = rng.uniform(0.5, 1.5, n)
    z = rng.normal(size=(n, columns))
    r = np.sin(z @ unit(np.ones(columns)))
    return _Search(z, r, weights / weights.mean(), PPR()), r


def test_the_gauss_newton_step_solves_the_weighted_least_squares_of_the_working_response() -> None:
    at, r = search()
    term = at.term(unit(np.array([1.0, 0.5, 2.0, 0.3])), r)
    v = at.z @ term.direction
    slope, h = term.smooth.spline.slope(v), 1e-6
    g = term.smooth.spline
    np.testing.assert_allclose(slope, (g(v + h) - g(v - h)) / (2 * h), atol=1e-6)
    response, root = v + (r - g(v)) / slope, np.sqrt(at.weights * slope**2)
    expected = np.linalg.lstsq(at.z * root[:, None], response * root, rcond=None)[0]
    np.testing.assert_allclose(term.direction + at.gauss_newton(term, r), expected, atol=1e-9)


def test_steps_never_make_a_term_worse_and_reach_the_direction() -> None:
    at, r = search()
    term = at.term(unit(np.array([1.0, 0.0, 0.0, 0.2])), r)
    criteria = [term.smooth.criterion]
    for _ in range(12):
        term = at.improved(term, r, 1)
        criteria.append(term.smooth.criterion)
    assert criteria == sorted(criteria, reverse=True)
    assert degrees(term.direction, np.ones(4)) < 0.1


def small() -> tuple[Any, Any]:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 3))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=300)


def test_the_prediction_is_the_sum_of_the_mean_and_the_ridge_functions() -> None:
    x, y = small()
    model = PPR(3).fit(x, y)
    ROUNDING["float64"].assert_close(np.linalg.norm(model.directions_, axis=1), 1.0)
    largest = abs(model.directions_).argmax(axis=1)
    assert (model.directions_[range(3), largest] > 0).all()
    ridges = [model.ridge_function(m, x @ w) for m, w in enumerate(model.directions_)]
    ROUNDING["float64"].assert_close(model.predict(x), y.mean() + sum(ridges))
    np.testing.assert_allclose([g.mean() for g in ridges], 0, atol=1e-9)
    np.testing.assert_allclose(model.importances_, [g.var() / y.var() for g in ridges], rtol=1e-9)
    assert model.r2_[2] == pytest.approx(model.score(x, y))


def test_columns_may_be_scaled_moved_mixed_and_repeated() -> None:
    x, y = small()
    expected = PPR(3).fit(x, y).predict(x)
    mixed = x @ np.array([[1e3, 0, 1], [0, 1e-3, 2], [0, 0, 1.0]]) + [5.0, -2.0, 1e3]
    np.testing.assert_allclose(PPR(3).fit(mixed, y).predict(mixed), expected, atol=1e-2 * y.std())
    more = np.hstack([x, x[:, :1] * 2, np.full((300, 1), 7.0)])
    model = PPR(3).fit(more, y)
    assert (model.directions_[:, 4] == 0).all()
    np.testing.assert_allclose(model.predict(more), expected, atol=1e-2 * y.std())


def test_weights_are_counts_and_rows_of_weight_zero_do_not_exist() -> None:
    x, y = small()
    counts = np.random.default_rng(9).integers(0, 3, size=300)
    options: Any = {"terms": 2, "degrees_of_freedom": 5.0, "backfit": False}
    weighted = PPR(**options).fit(x, y, counts)
    kept = counts > 0
    np.testing.assert_array_equal(PPR(**options).fit(x[kept], y[kept], counts[kept]).predict(x), weighted.predict(x))
    repeated = PPR(**options).fit(np.repeat(x, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), atol=0.05)


def test_backfitting_and_spare_terms_improve_what_is_added_term_by_term() -> None:
    x, y = small()
    added = PPR(3, backfit=False, tolerance=0).fit(x, y)
    assert added.r2_ == sorted(added.r2_)
    fitted = PPR(3, tolerance=0).fit(x, y)
    assert fitted.r2_ == sorted(fitted.r2_)
    assert fitted.r2_[2] > added.r2_[2] + 0.01


@pytest.mark.parametrize("degrees_of_freedom", [2, 3.5])
def test_each_ridge_function_has_the_degrees_of_freedom_asked_for(degrees_of_freedom: float) -> None:
    x, y = small()
    model = PPR(1, degrees_of_freedom=degrees_of_freedom).fit(x, y)
    v = x @ model.directions_[0]
    bends = np.ptp(np.diff(model.ridge_function(0, np.linspace(v.min(), v.max(), 50))))
    assert (bends < 1e-6) == (degrees_of_freedom == 2)


def test_the_seed_decides_and_nothing_else() -> None:
    x, y = small()
    first, again = (PPR(2, seed=3).fit(x, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict(x), again.predict(x))
    assert PPR(2, starts=0).fit(x, y).score(x, y) > 0.5


def test_a_pickle_predicts_the_same() -> None:
    x, y = small()
    model = PPR(2).fit(x, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(x), model.predict(x))
    assert repr(copy) == repr(model) == "ProjectionPursuitRegression(terms=2)"


@pytest.mark.parametrize(("n", "columns"), [(2, 1), (3, 2), (8, 3), (20, 30)])
def test_a_few_rows_are_fitted_somehow(n: int, columns: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, columns))
    model = PPR().fit(x, x[:, 0])
    assert np.isfinite(model.predict(x * 10)).all()


def test_a_failed_fit_leaves_what_was_learned() -> None:
    x, y = small()
    model = PPR(2).fit(x, y)
    before = model.predict(x)
    with pytest.raises(nn.DataError):
        model.fit(x, np.ones(300))
    np.testing.assert_array_equal(model.predict(x), before)


@pytest.mark.oracle
def test_the_score_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = small()
    weights = np.random.default_rng(10).uniform(size=300)
    model = PPR(2).fit(x, y, weights)
    expected = metrics.r2_score(y, model.predict(x), sample_weight=weights)
    assert model.score(x, y, weights) == pytest.approx(expected)


def test_the_picture_shows_every_term(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    x, y = small()
    model = PPR(3).fit(x, y)
    figure = model.plot(tmp_path / "terms.png", title="terms")
    assert (tmp_path / "terms.png").read_bytes().startswith(b"\x89PNG")
    assert len(figure.axes) == len(model.directions_) == 3
    rest = y - model.predict(x)
    for m, axes in enumerate(figure.axes):
        cloud, line = axes.get_lines()
        v = x @ model.directions_[m]
        TRAINING["float64"].assert_close(cloud.get_xdata(), v)
        TRAINING["float64"].assert_close(cloud.get_ydata(), rest + model.ridge_function(m, v))
        TRAINING["float64"].assert_close(line.get_ydata(), model.ridge_function(m, line.get_xdata()))
