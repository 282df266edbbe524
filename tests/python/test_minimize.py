"""minimize: closed forms, other implementations of the same methods, and what is left when it ends early."""

import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import minimization
from snapshots import snapshot

pytest.importorskip("scipy")
METHODS = list(minimization.METHODS)
EXACT = 1e-8  # of parameters, where the gradient is as small as rounding of J allows


def linear(columns: int, outputs: int = 1, **options: Any) -> nn.Sequential:
    model = nn.Sequential([nn.Input(columns), nn.Dense(outputs, **options)], seed=1, dtype="float64")
    model.compile(loss="squared")
    return model


def network(dtype: str = "float64", penalty: float = 0.0, seed: int = 3) -> nn.Sequential:
    hidden = nn.Dense(6, "tanh", weight_regularizer=nn.L2(penalty))
    model = nn.Sequential([nn.Input(3), hidden, nn.Dense(2)], seed=seed, dtype=dtype)
    model.compile(loss="squared")
    return model


def data(rows: int = 40, outputs: int = 2) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3))
    return x, np.sin(x @ rng.normal(size=(3, outputs)))


@pytest.mark.parametrize("method", METHODS)
def test_least_squares_are_those_of_numpy(method: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(60, 5)) * [1, 2, 0.5, 1, 1]
    y = x @ rng.normal(size=(5, 2)) + 0.1 * rng.normal(size=(60, 2))
    expected, *_ = np.linalg.lstsq(np.hstack([x, np.ones((60, 1))]), y)
    model = linear(5, 2)
    result = nn.minimize(model, x, y, method, tolerance=0)
    np.testing.assert_allclose(model.parameters["dense/weight"], expected[:-1], rtol=0, atol=EXACT)
    np.testing.assert_allclose(model.parameters["dense/bias"], expected[-1], rtol=0, atol=EXACT)
    assert result.loss == pytest.approx(np.square(x @ expected[:-1] + expected[-1] - y).sum() / 60, rel=1e-12)


def test_ridge_with_weights_is_that_of_the_normal_equations(rng: np.random.Generator) -> None:
    x, y, weights, penalty = rng.normal(size=(50, 4)), 0.1 * rng.normal(size=50), rng.uniform(size=50), 0.3
    # grad of sum w (x t - y)^2 / sum w + penalty / 2 |t|^2
    hessian = 2 * (x.T * weights) @ x / weights.sum() + penalty * np.eye(4)
    expected = np.linalg.solve(hessian, 2 * (x.T * weights) @ y / weights.sum())
    model = linear(4, use_bias=False, weight_regularizer=nn.L2(penalty))
    nn.minimize(model, x, y, sample_weight=weights, tolerance=2e-9)
    np.testing.assert_allclose(model.parameters["dense/weight"][:, 0], expected, rtol=0, atol=EXACT)


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
def test_logistic_regression_is_that_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = nn.datasets.digits()
    x, y, l2 = x.astype(np.float64), y % 2, 1e-2
    theirs = linear_model.LogisticRegression(C=1 / (l2 * len(x)), tol=1e-10, max_iter=10_000).fit(x, y)
    output = nn.Dense(1, "sigmoid", weight_regularizer=nn.L2(l2))
    model = nn.Sequential([nn.Input(64), output], dtype="float64")
    model.compile(loss="nll")
    assert nn.minimize(model, x, y, tolerance=1e-9).converged
    np.testing.assert_allclose(model.parameters["dense/weight"].T, theirs.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.parameters["dense/bias"], theirs.intercept_, rtol=0, atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("method", METHODS)
def test_the_iterates_are_those_of_scipy_on_the_same_function(method: str) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x, y = data()
    w, b = np.full((3, 2), 0.1), np.zeros(2)

    def f(theta: Any) -> tuple[float, Any]:
        e = x @ theta[:6].reshape(3, 2) + theta[6:] - y
        return np.square(e).sum() / 40, 2 / 40 * np.concatenate([(x.T @ e).ravel(), e.sum(axis=0)])

    hessian = optimize.approx_fprime(np.zeros(8), lambda theta: f(theta)[1], 1e-3)  # exact: f is quadratic
    options = {"hess": lambda theta: (hessian + hessian.T) / 2} if method == "Newton-CG" else {}
    start = np.concatenate([w.ravel(), b])
    theirs = optimize.minimize(f, start, jac=True, method=method, options={"maxiter": 3}, **options)
    model = linear(3, 2)
    model.parameters["dense/weight"][...] = w
    nn.minimize(model, x, y, method, max_iterations=3, tolerance=0)
    mine = np.concatenate([values.ravel() for values in model.parameters.values()])
    np.testing.assert_allclose(mine, theirs.x, rtol=0, atol=1e-7)


def test_a_network_gets_below_what_adam_reaches() -> None:
    x, y = nn.datasets.digits()
    x, y = x[:300], y[:300]

    def model() -> nn.Sequential:
        hidden = nn.Dense(10, "tanh", weight_regularizer=nn.L2(1e-3))
        model = nn.Sequential([nn.Input(64), hidden, nn.Dense(10, "softmax")], seed=2, dtype="float64")
        model.compile(nn.Adam(0.01), "nllm")
        return model

    by_adam, by_minimize = model(), model()
    by_adam.fit(x, y, epochs=100)
    result = nn.minimize(by_minimize, x, y, max_iterations=400)
    assert result.loss < by_adam.evaluate(x, y)["loss"]
    assert result.loss == pytest.approx(by_minimize.evaluate(x, y)["loss"], rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_tiny_set_is_fitted(method: str) -> None:
    x, y = data(4)
    result = nn.minimize(network(), x, y, method, tolerance=1e-7)
    assert result.loss < 1e-8
    assert result.history[-1] == result.loss
    assert len(result.history) == result.iterations <= result.evaluations
    assert (np.diff(result.history) <= 0).all()


def test_hessian_products_are_those_of_the_explicit_hessian() -> None:
    x, y = data(20)
    model = network(penalty=0.1)
    objective = minimization._Objective(model._network, model._objective, model._examples(x, y, None))
    descent = minimization._Descent(objective, 0.0, None)
    point = descent.point
    hessian = np.empty((len(point), len(point)))
    for i in range(len(point)):  # fourth-order differences of the gradient, a column at a time
        e = 1e-3 * np.eye(len(point))[i]
        g = [objective(point + k * e)[1] for k in (-2, -1, 1, 2)]
        hessian[:, i] = (g[0] - 8 * g[1] + 8 * g[2] - g[3]) / 12e-3
    assert abs(hessian - hessian.T).max() < 1e-8
    for scale in (1e-6, 1.0, 1e6):
        v = scale * np.random.default_rng(1).normal(size=len(point))
        product = descent.hessian_product(point, v)
        np.testing.assert_allclose(product, hessian @ v, rtol=0, atol=1e-7 * np.abs(hessian @ v).max())
    assert (descent.hessian_product(point, 0 * point) == 0).all()


def test_hessian_products_of_a_quadratic_are_exact(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    model = linear(4)
    objective = minimization._Objective(model._network, model._objective, model._examples(x, y, None))
    descent = minimization._Descent(objective, 0.0, None)
    extended, v = np.hstack([x, np.ones((30, 1))]), rng.normal(size=5)
    expected = 2 / 30 * extended.T @ extended @ v
    np.testing.assert_allclose(descent.hessian_product(descent.point, v), expected, rtol=1e-9)


@pytest.mark.parametrize("weights", [None, np.arange(40) // 9.0], ids=["no weights", "a chunk of weight 0"])
def test_chunks_make_no_difference(weights: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data(40)
    model = network(penalty=0.2)
    loss, gradients = model.loss_and_gradients(x, y, sample_weight=weights)
    monkeypatch.setattr(minimization, "ROWS", 9)
    objective = minimization._Objective(model._network, model._objective, model._examples(x, y, weights))
    assert len(objective.parts) == (5 if weights is None else 4)
    value, gradient = objective(objective.point())
    assert value == pytest.approx(loss, rel=1e-14)
    whole = np.concatenate([g.ravel() for g in gradients.values()])
    np.testing.assert_allclose(gradient, whole, rtol=1e-12, atol=1e-15)


def test_dropout_is_off_and_the_same_call_gives_the_same_bits() -> None:
    x, y = data()

    def trained() -> nn.Sequential:
        model = nn.Sequential([nn.Input(3), nn.Dense(5, "tanh"), nn.Dropout(0.5), nn.Dense(2)], dtype="float64")
        model.compile(loss="squared")
        nn.minimize(model, x, y, max_iterations=30)
        return model

    assert snapshot(trained()) == snapshot(trained())
    plain = nn.Sequential([nn.Input(3), nn.Dense(5, "tanh"), nn.Dense(2)], dtype="float64")
    plain.compile(loss="squared")
    nn.minimize(plain, x, y, max_iterations=30)
    assert (plain.flat_parameters == trained().flat_parameters).all()


def test_the_padding_of_theta_stays_zero_and_the_optimizer_as_it_was() -> None:
    x, y = data()
    model = network()
    model.fit(x, y)
    before = snapshot(model)
    nn.minimize(model, x, y, max_iterations=20)
    after = snapshot(model)
    assert {name for name in before if before[name] != after[name]} == {f"parameters/{k}" for k in model.parameters}
    named = sum(np.abs(values).sum() for values in model.parameters.values())
    assert np.abs(model.flat_parameters).sum() == pytest.approx(named, rel=1e-12)
    assert model.flat_parameters.size > model.count_parameters(), "there is padding"


@pytest.mark.parametrize("method", METHODS)
def test_float32_works_to_its_precision(method: str, rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    expected, *_ = np.linalg.lstsq(x, y)
    model = nn.Sequential([nn.Input(3), nn.Dense(1, use_bias=False)])
    model.compile(loss="squared")
    tolerance = 5e-4  # sqrt(eps) is 3.5e-4, and J about 1
    result = nn.minimize(model, x, y, method, tolerance=tolerance)
    assert result.converged, result.message
    np.testing.assert_allclose(model.parameters["dense/weight"][:, 0], expected, rtol=0, atol=tolerance)


def test_a_model_without_shape_is_built_and_its_inputs_standardized() -> None:
    x, y = data()
    model = nn.Sequential([nn.Standardize(), nn.Dense(2)], dtype="float64")
    model.compile(loss="squared")
    nn.minimize(model, 100 + 7 * x, y, tolerance=1e-9)
    _, residual, *_ = np.linalg.lstsq(np.hstack([x, np.ones((40, 1))]), y)
    assert model.evaluate(100 + 7 * x, y)["loss"] == pytest.approx(residual.sum() / 40, rel=1e-9)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("method", METHODS)
def test_an_error_in_the_callback_leaves_the_model_at_that_iterate(method: str, error: type[BaseException]) -> None:
    x, y = data()
    model, losses = network(), []

    def callback(iteration: int, loss: float) -> None:
        losses.append(loss)
        assert iteration == len(losses)
        assert model.evaluate(x, y)["loss"] == pytest.approx(loss, rel=1e-12)
        if iteration == 4:
            raise error

    with pytest.raises(error):
        nn.minimize(model, x, y, method, callback=callback)
    assert len(losses) == 4
    assert model.evaluate(x, y)["loss"] == pytest.approx(losses[-1], rel=1e-12)
    model.fit(x, y)


def test_ctrl_c_in_the_middle_of_a_line_search_leaves_the_last_iterate(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data()
    model, losses, calls = network(), [], []
    plain = minimization._Objective.__call__

    def interrupted(self: Any, point: Any) -> Any:
        result = plain(self, point)
        calls.append(1)
        if len(losses) == 3:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(minimization._Objective, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nn.minimize(model, x, y, callback=lambda iteration, loss: losses.append(loss))
    assert model.evaluate(x, y)["loss"] == pytest.approx(losses[-1], rel=1e-12)


def test_stop_iteration_ends_it_without_an_error() -> None:
    def stop(iteration: int, loss: float) -> None:
        raise StopIteration

    result = nn.minimize(network(), *data(), callback=stop)
    assert result.iterations == 1
    assert not result.converged


def test_max_iterations_and_a_start_at_the_minimum() -> None:
    model = network()
    result = nn.minimize(model, *data(), max_iterations=5)
    assert (result.iterations, result.converged) == (5, False)
    tolerance = 2 * max(np.abs(g).max() for g in model.loss_and_gradients(*data())[1].values())
    again = nn.minimize(model, *data(), tolerance=tolerance)
    assert (again.iterations, again.evaluations, again.converged, again.history) == (0, 1, True, [])


@pytest.mark.parametrize("method", METHODS)
def test_line_searches_come_back_from_where_j_is_not_finite(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall close to the minimum of -10 u + v^2, at which u - log(2 - u) / 1e4 turns."""

    class Walled:
        rows, precision, evaluations = 1, np.finfo(float).eps, 0

        def point(self) -> Any:
            return np.array([-3.0, 5.0])

        def __call__(self, at: Any) -> tuple[float, Any]:
            u, v = at
            if u >= 2:
                return math.inf, np.full(2, np.nan)
            return -10 * u - 1e-3 * math.log(2 - u) + v * v, np.array([-10 + 1e-3 / (2 - u), 2 * v])

    optimize = pytest.importorskip("scipy.optimize")
    descent = minimization._Descent(Walled(), 1e-2, None)  # type: ignore[arg-type]
    optimize.minimize(
        descent.value_and_gradient, descent.point, jac=True, method=method, callback=descent.end_iteration,
        hessp=descent.hessian_product if method == "Newton-CG" else None, options=minimization.METHODS[method],
    )  # fmt: skip
    assert descent.loss == pytest.approx(-19.98979, abs=2e-4)


def test_what_is_not_finite_at_the_start_is_refused() -> None:
    model = nn.Sequential([nn.Input(3), nn.Dense(2, "exponential"), nn.Dense(1)])
    model.compile(loss="squared")
    model.parameters["dense/weight"][...] = 1e3
    before = snapshot(model)
    with pytest.raises(nn.DivergenceError, match="at the start"):
        nn.minimize(model, np.ones((4, 3)), np.ones(4))
    assert snapshot(model) == before


def test_a_bar_counts_iterations(capsys: pytest.CaptureFixture[str]) -> None:
    nn.minimize(network(), *data(), max_iterations=3, verbose=True)
    assert "iteration 3/3" in capsys.readouterr().err


def test_without_scipy_both_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(nn.NncppError, match=r'pip install "nncpp\[scipy\]".*"adam"'):
        nn.minimize(network(), *data())
    x, y = data()
    with pytest.raises(nn.NncppError, match=r'pip install "nncpp\[scipy\]".*"adam"'):
        nn.LogisticRegression().fit(x, y[:, 0] > 0)
    assert nn.LogisticRegression(method="adam").fit(x, y[:, 0] > 0).score(x, y[:, 0] > 0) > 0.8
