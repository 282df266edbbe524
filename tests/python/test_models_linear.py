"""Logistic and softmax regression and the linear support vector machine, against scikit-learn and formulas."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn

pytest.importorskip("scipy")
COEFFICIENTS = 1e-6  # of a convex problem with a penalty of 0.1
SVM = 0.01  # of the objective


def digits() -> tuple[Any, Any]:
    x, y = nn.datasets.digits()
    return x.astype(np.float64), y


def hinges(svm: Any, x: Any, y: Any, weights: Any = None) -> float:
    """The mean over the rows of the hinges of all outputs, by the formula."""
    signs = np.where(np.asarray(y)[:, None] == svm.classes_, 1, -1)[:, -svm.weight.shape[1] :]
    return float(np.average(np.maximum(0, 1 - signs * (x @ svm.weight + svm.bias)).sum(axis=1), weights=weights))


# --- logistic and softmax regression ---------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 10])
def test_coefficients_are_those_of_scikit_learn(classes: int, is_weighted: bool) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = digits()
    x, y, l2 = x[:600], y[:600] % classes, 0.1
    weights = np.random.default_rng(0).uniform(size=len(x)) if is_weighted else np.ones(len(x))
    theirs = linear_model.LogisticRegression(C=1 / (l2 * weights.sum()), solver="newton-cg", tol=1e-12)
    theirs.fit(x, y, weights)
    kind = nn.LogisticRegression if classes == 2 else nn.SoftmaxRegression
    mine = kind(l2, tolerance=0).fit(x, y, weights)
    np.testing.assert_allclose(mine.weight.T, theirs.coef_, rtol=0, atol=COEFFICIENTS)
    np.testing.assert_allclose(
        mine.bias - mine.bias.mean() * (classes > 2), theirs.intercept_, rtol=0, atol=COEFFICIENTS
    )
    np.testing.assert_allclose(mine.predict_proba(x), theirs.predict_proba(x), rtol=0, atol=COEFFICIENTS)
    assert (mine.predict(x) == theirs.predict(x)).all()
    assert mine.score(x, y, weights) == pytest.approx(theirs.score(x, y, weights), rel=1e-12)


def test_the_gradient_of_the_formula_vanishes() -> None:
    x, y = digits()
    l2 = 1e-2
    mine = nn.SoftmaxRegression(l2, tolerance=1e-8).fit(x, y)
    z = x @ mine.weight + mine.bias
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error = (p - np.eye(10)[y]) / len(x)
    assert np.abs(x.T @ error + l2 * mine.weight).max() < 2e-8
    assert np.abs(error.sum(axis=0)).max() < 2e-8, "the bias is not penalized"


def test_softmax_of_two_classes_is_logistic_regression_of_half_the_penalty() -> None:
    x, y = digits()
    two, one = (kind.fit(x, y > 4) for kind in (
        nn.SoftmaxRegression(2e-2, tolerance=1e-8), nn.LogisticRegression(1e-2, tolerance=1e-8)
    ))  # fmt: skip
    np.testing.assert_allclose(two.weight[:, 1] - two.weight[:, 0], one.weight[:, 0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(two.predict_proba(x), one.predict_proba(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "Newton-CG"])
def test_methods_of_minimize_agree(method: str) -> None:
    x, y = digits()
    first, second = (nn.LogisticRegression(0.1, method=m, tolerance=1e-7).fit(x, y % 2) for m in ("BFGS", method))
    np.testing.assert_allclose(first.weight, second.weight, rtol=0, atol=COEFFICIENTS)


def test_an_optimizer_comes_close_to_the_minimum() -> None:
    x, y = digits()
    best = nn.SoftmaxRegression(1e-2).fit(x, y)
    close = nn.SoftmaxRegression(1e-2, method=nn.Adam(1e-3), epochs=60, seed=4).fit(x, y)
    minimum, reached = best.result_.loss, close.model.evaluate(x, y)["loss"]
    assert minimum < reached < 1.02 * minimum
    assert close.result_.epochs == 60


# --- the support vector machine --------------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("c", [0.01, 1.0])
def test_the_objective_comes_within_one_percent_of_that_of_scikit_learn(c: float) -> None:
    svm = pytest.importorskip("sklearn.svm")
    x, y = digits()
    y = y == 8
    mine = nn.LinearSVM(c).fit(x, y)
    objective = hinges(mine, x, y) + np.square(mine.weight).sum() / (2 * c * len(x))
    assert mine.model.evaluate(x, np.where(y, 1, -1))["loss"] == pytest.approx(objective, rel=1e-12)
    signs = np.where(y, 1, -1)
    exact = svm.SVC(kernel="linear", C=c, tol=1e-6).fit(x, y)  # as here, its bias is not penalized
    minimum = np.maximum(0, 1 - signs * exact.decision_function(x)).mean() + exact.coef_ @ exact.coef_.T / (
        2 * c * len(x)
    )
    assert minimum * (1 - 1e-4) <= objective <= minimum * (1 + SVM)
    other = svm.LinearSVC(loss="hinge", C=c, max_iter=100_000).fit(x, y)
    theirs = np.maximum(0, 1 - signs * other.decision_function(x)).mean() + other.coef_ @ other.coef_.T / (
        2 * c * len(x)
    )
    assert objective <= theirs * (1 + SVM)


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
def test_one_against_the_rest_is_a_machine_for_each_class() -> None:
    svm = pytest.importorskip("sklearn.svm")
    x, y = digits()
    mine = nn.LinearSVM(0.1).fit(x, y)
    theirs = svm.LinearSVC(loss="hinge", C=0.1, max_iter=100_000, intercept_scaling=10).fit(x, y)
    signs = np.where(y[:, None] == mine.classes_, 1, -1)
    for k in range(10):
        objective, expected = (
            np.maximum(0, 1 - signs[:, k] * (x @ w + b)).mean() + w @ w / (0.2 * len(x))
            for w, b in ((mine.weight[:, k], mine.bias[k]), (theirs.coef_[k], theirs.intercept_[k]))
        )
        assert objective <= expected * (1 + SVM)


def test_support_vectors_of_a_known_machine() -> None:
    """The margin lies between (0, 0) and (2, 2), so w = (1/2, 1/2), b = -1; the other two points do not matter."""
    x, y = np.array([[0, 0], [2, 2], [-3, 1], [5, 4]]), np.array([-1, 1, -1, 1])
    mine = nn.LinearSVM(c=10.0, epochs=2000).fit(x, y)
    np.testing.assert_allclose(mine.weight[:, 0], 0.5, atol=0.01)
    np.testing.assert_allclose(mine.bias, -1, atol=0.01)
    np.testing.assert_allclose(mine.decision_function(x)[:2], [-1, 1], atol=0.02)


def test_weights_count_rows_more_often() -> None:
    x, y = digits()
    x, y = x[:400], y[:400] % 2
    weights = np.arange(400) % 4
    repeated = np.repeat(np.arange(400), weights)
    by_weight, by_rows = nn.LinearSVM(0.1).fit(x, y, weights), nn.LinearSVM(0.1).fit(x[repeated], y[repeated])
    penalty = np.square(by_weight.weight).sum() / (0.2 * weights.sum())
    expected = by_rows.model.evaluate(x[repeated], np.where(y[repeated], 1, -1))["loss"]
    assert hinges(by_weight, x, y, weights) + penalty == pytest.approx(expected, rel=SVM)
    unweighted = nn.LinearSVM(0.1).fit(x, y)
    other = hinges(unweighted, x, y, weights) + np.square(unweighted.weight).sum() / (0.2 * weights.sum())
    assert other > 1.02 * expected, "weights matter here"


def test_the_joint_loss_scores_its_own_objective_better() -> None:
    x, y = digits()
    joint, rest = nn.LinearSVM(multiclass="joint").fit(x, y), nn.LinearSVM().fit(x, y)

    def objective(svm: Any) -> float:
        z = x @ svm.weight + svm.bias
        margins = np.maximum(0, 1 + z - z[np.arange(len(y)), y][:, None])
        return float((margins.sum(axis=1) - 1).mean() + np.square(svm.weight).sum() / (2 * len(x)))

    assert joint.model.evaluate(x, y)["loss"] == pytest.approx(objective(joint), rel=1e-12)
    assert objective(joint) < objective(rest)
    assert joint.score(x, y) > 0.98


@pytest.mark.parametrize(("unit", "shift"), [(1.0, 1000.0), (1e-4, 0.0), (1e4, -3.0)])
def test_another_unit_of_the_inputs_changes_nothing_but_the_unit_of_the_weights(unit: float, shift: float) -> None:
    x, y = digits()
    x, y = x[:300], y[:300] > 4
    here, there = nn.LinearSVM(0.5).fit(x, y), nn.LinearSVM(0.5 / unit**2).fit(unit * x + shift, y)
    np.testing.assert_allclose(here.weight, unit * there.weight, rtol=0, atol=1e-6)
    np.testing.assert_allclose(here.decision_function(x), there.decision_function(unit * x + shift), atol=1e-6)


@pytest.mark.parametrize("c", [1e-4, 1e-6])
def test_a_tiny_c_makes_tiny_weights(c: float) -> None:
    """All rows are inside the margin, so that |w| = c |sum of y (x - center)| by the condition on w and that on b."""
    x, y = digits()
    x, y = x[:200], np.arange(200) % 2
    expected = c * (x[y == 1].sum(axis=0) - x[y == 0].sum(axis=0))
    weight = nn.LinearSVM(c).fit(x, y).weight[:, 0]
    assert np.linalg.norm(weight - expected) < 0.03 * np.linalg.norm(expected)


# --- what all have in common -----------------------------------------------------------------------------------------

MODELS = {
    "logistic": nn.LogisticRegression,
    "logistic by Adam": lambda **o: nn.LogisticRegression(method=nn.Adam(0.01), epochs=20, **o),
    "softmax": nn.SoftmaxRegression,
    "svm": lambda **o: nn.LinearSVM(epochs=20, **o),
    "perceptron": lambda **o: nn.Perceptron(epochs=20, **o),
}
LABELS = [["no", "yes"], [False, True], [-1, 1], [7, 3], [0.5, 1.5], np.array(["no", "yes"], object), [b"a", b"b"]]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("names", LABELS, ids=str)
def test_labels_come_back_as_they_were(name: str, names: Any) -> None:
    x, labels = digits()
    y = np.asarray(names)[(labels[:200] > 4).astype(int)]
    model = MODELS[name]().fit(x[:200], y)
    assert (model.classes_ == np.unique(names)).all()
    predictions = model.predict(x[:200])
    assert predictions.dtype == y.dtype
    assert model.score(x[:200], y[:, None]) == (predictions == y).mean() > 0.85


@pytest.mark.parametrize("name", MODELS)
def test_the_same_fit_gives_the_same_bits_on_any_number_of_threads(name: str) -> None:
    x, y = digits()
    x, y = x[:300], y[:300] > 4
    bits = set()
    for threads in (1, 2):
        with nn.threads(threads):
            bits.add(MODELS[name](seed=3).fit(x, y).model.flat_parameters.tobytes())
    again = MODELS[name](seed=3).fit(x[:50], y[:50]).fit(x, y)
    assert bits == {again.model.flat_parameters.tobytes()}, "nothing is left of an earlier fit"


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_that_fails_leaves_the_model_before(name: str) -> None:
    x, y = digits()
    model = MODELS[name]().fit(x[:100], y[:100] > 4)
    before = model.predict(x)
    with pytest.raises(nn.DataError, match="row 7"):
        model.fit(np.where(np.arange(100)[:, None] == 7, np.nan, x[:100]), y[:100] > 3)
    assert (model.predict(x) == before).all()


@pytest.mark.parametrize("name", MODELS)
def test_it_can_be_copied_and_its_network_saved(name: str, tmp_path: Path) -> None:
    x, y = digits()
    model = MODELS[name](seed=5).fit(x[:100], y[:100] > 4)
    assert (copy.deepcopy(model).predict(x) == model.predict(x)).all()
    model.model.save(tmp_path / "model.safetensors")
    assert (nn.load(tmp_path / "model.safetensors").predict(x) == model.model.predict(x)).all()
    assert model.weight.base is not None
    model.weight[...] = model.bias[...] = 0
    assert not model.model.flat_parameters.any(), "weight and bias are views"


@pytest.mark.parametrize("name", MODELS)
def test_hyper_parameters_are_fixed_and_printed(name: str) -> None:
    model = MODELS[name](seed=5)
    assert "seed=5" in repr(model)
    assert repr(type(model).from_config(model.config())) == repr(model)
    with pytest.raises(AttributeError, match="fixed"):
        model.seed = 6
