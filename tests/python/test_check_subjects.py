"""What the gradient checker takes: layers, built ones and custom ones, losses, expressions, functions; exact mode."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from layer_table import ROWS, Row
from nncpp import _core

RNG = np.random.default_rng(0)
U = RNG.normal(size=(5, 3))
LABELS = np.array([0, 1, 2, 0, 1])
DISTRIBUTIONS = np.array([[0.2, 0.3, 0.5], [1, 0, 0], [0, 0.5, 0.5], [0.1, 0.1, 0.8], [1 / 3, 1 / 3, 1 / 3]])
LOSSES: list[tuple[Any, Any]] = [
    (nn.SquaredLoss(), U[::-1]),
    (nn.AbsoluteLoss(), U[::-1]),
    (nn.HuberLoss(0.3), U[::-1]),
    (nn.HingeLoss(), np.sign(U[::-1])),
    (nn.HingeLoss((0, 1)), (U[::-1] > 0) * 1),
    (nn.MulticlassHingeLoss(0.7), LABELS),
    (nn.NLL(0.1), (U[::-1] > 0) * 1.0),
    (nn.NLLM(), LABELS),
    (nn.NLLM(0.1), DISTRIBUTIONS),
    (nn.KLLoss(2.0), DISTRIBUTIONS),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])
def test_every_layer_passes(row: Row, training: bool) -> None:
    u = row.samples(np.random.default_rng(1), 4)
    report = nn.check_gradients(row.make(), u, training=training, samples=None)
    assert report.ok, str(report)
    names = [entry.name for entry in report.entries]
    inputs = [] if row.vocabulary else ["input"]  # tokens have no gradient
    assert names == [*row.make().build(row.input_shape).parameters, *inputs, "(direction)"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_built_layer_is_checked_as_it_is_and_not_changed(dtype: str) -> None:
    module = nn.Dense(2, "tanh").build((3,), dtype=dtype)
    module.parameters["weight"][...] = 0.25
    before = {name: values.copy() for name, values in module.parameters.items()}
    u = U.copy()
    report = nn.check_gradients(module, u)
    assert report.ok, str(report)
    assert all((module.parameters[name] == values).all() for name, values in before.items())
    assert (u == U).all()
    by_hand = nn.Dense(2, "tanh", weight_initializer=nn.initializers.Constant(0.25))
    assert str(nn.check_gradients(by_hand, U)) == str(report)


class Scale(nn.CustomLayer, kind="checked_scale"):
    """v = w u^2, its dw off by a factor."""

    def __init__(self, factor: float = 1.0, name: str | None = None) -> None:
        super().__init__(name)
        self.factor = factor

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def parameters(self, input_shape: Any) -> Any:
        return {"w": nn.layers.Parameter(input_shape, "ones")}

    def forward(self, u: Any, parameters: Any, training: bool) -> Any:
        return parameters["w"] * u**2

    def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
        return 2 * parameters["w"] * u * dv, {"w": self.factor * (u**2 * dv).sum(0)}


def test_a_wrong_backward_of_a_custom_layer_is_found() -> None:
    assert nn.check_gradients(Scale(), U).ok
    report = nn.check_gradients(Scale(1.01), U)
    assert {entry.name: entry.verdict for entry in report.entries}["w"] == "suspicious"
    assert {entry.name: entry.verdict for entry in report.entries}["input"] == "good"
    model = nn.Sequential([nn.Input(3), Scale(-1.0), nn.Dense(1)])
    model.compile(loss="squared")
    report = nn.check_gradients(model, U, U[:, 0])
    assert report.layers["scale"] == "wrong"
    assert report.layers["dense"] == "good"


class Noisy(nn.CustomActivation, kind="checked_noisy"):
    """Random numbers that nobody freezes."""

    def value(self, u: Any) -> Any:
        return u + RNG.normal(size=u.shape)

    def slope(self, u: Any, v: Any) -> Any:
        return np.ones_like(u)


def test_random_numbers_that_are_not_frozen_are_told() -> None:
    with pytest.raises(nn.DataError, match="same value for the same point"):
        nn.check_gradients(Noisy(), U)


@pytest.mark.parametrize(
    ("loss", "y"), LOSSES, ids=lambda value: repr(value) if isinstance(value, nn.losses.Loss) else ""
)
@pytest.mark.parametrize("weights", [None, [1, 0, 2, 0.5, 3]], ids=["", "weighted"])
def test_every_loss_passes_by_the_output_before_its_activation(loss: Any, y: Any, weights: Any) -> None:
    report = nn.check_gradients(loss, U, y, weights)
    assert report.ok, str(report)
    assert [entry.name for entry in report.entries] == ["z", "(direction)"]


def test_the_loss_table_has_every_loss_with_targets() -> None:
    own = [cls() for cls in nn.losses.Loss._members.values() if cls.__module__ == "nncpp.losses"]
    assert {loss.kind for loss in own if loss._core(_core.float64).takes_target} == {loss.kind for loss, _ in LOSSES}


def test_a_loss_that_compares_outputs_takes_two() -> None:
    report = nn.check_gradients(nn.MaxMarginLoss(0.5), [U, U[::-1]])
    assert report.ok, str(report)
    assert [entry.name for entry in report.entries] == ["z_0", "z_1", "(direction)"]


def test_a_loss_whose_output_is_the_loss_takes_no_targets() -> None:
    assert nn.check_gradients(nn.losses.ExpressionLoss(), U[:, :1]).ok


def test_the_gradient_of_nllm_is_p_minus_y() -> None:
    report = nn.check_gradients(nn.NLLM(), U, LABELS, samples=None)
    p = np.exp(U) / np.exp(U).sum(1, keepdims=True)
    claims = np.reshape([c.analytic for c in report.entries[0].comparisons], U.shape)
    np.testing.assert_allclose(claims, (p - np.eye(3)[LABELS]) / 5, atol=1e-14)


def test_expressions_by_their_variables_and_inputs() -> None:
    x, y, z = nn.variable(-2.0, name="x"), nn.variable(5.0, name="y"), nn.variable(-4.0, name="z")
    report = nn.check_gradients((x + y) * z)
    assert report.ok, str(report)
    assert {e.name: e.worst.analytic for e in report.entries if e.shape == ()} == {
        "x/value": -4.0, "y/value": -4.0, "z/value": 3.0}  # fmt: skip
    u, w = nn.Input(3), nn.variable(RNG.normal(size=(3, 2)))
    assert nn.check_gradients(nn.ops.sum(nn.ops.square(u @ w)), {u: U}, samples=None).ok


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
def test_functions_of_any_shape(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)

    def f(v: Any) -> float:
        v *= 1.0  # it gets a copy
        return float(np.sum(np.sin(v)))

    assert nn.check_gradients(f, x, gradient=np.cos).ok
    assert nn.check_gradients(f, x, gradient=np.cos(x)).ok
    assert not nn.check_gradients(f, x, gradient=lambda v: 1.01 * np.cos(v)).ok


def test_a_function_that_is_not_defined_on_one_side() -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        assert nn.check_gradients(lambda v: float(np.log(v).sum()), [1e-4, 1.0], gradient=lambda v: 1 / v).ok


EXACT = [row for row in ROWS if not isinstance(row.make(), nn.CustomLayer)]


@pytest.mark.parametrize("row", EXACT, ids=str)
@pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])
def test_exact_mode_is_exact_on_every_layer(row: Row, training: bool) -> None:
    layer = row.input()
    model = nn.Model(layer, nn.Dense(2, bias_regularizer="l2", bias_initializer="ones")(row.make()(layer)), seed=2)
    model.compile(loss="squared")
    rng = np.random.default_rng(3)
    u = row.samples(rng, 4)
    y = rng.normal(size=model.predict(u).shape)
    report = nn.check_gradients(model, u, y, training=training, mode="exact", samples=None)
    assert report.ok, str(report)
    assert report.tolerance == 1e-12


def test_exact_mode_finds_what_differences_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential([nn.Input(3), nn.Dense(4, "tanh"), nn.Dense(3, "softmax")])
    model.compile(loss="nllm")
    right = _core.float64.Objective.gradient

    def wrong(self: Any, *arguments: Any) -> Any:
        value, theta, inputs = right(self, *arguments)
        theta[1] *= 1 + 1e-10
        return value, theta, inputs

    monkeypatch.setattr(_core.float64.Objective, "gradient", wrong)
    assert nn.check_gradients(model, U, LABELS).ok
    assert not nn.check_gradients(model, U, LABELS, mode="exact").ok


def test_exact_mode_says_that_layers_in_python_have_none() -> None:
    model = nn.Sequential([nn.Input(3), Scale(name="mine"), nn.Dense(1)])
    model.compile(loss="squared")
    with pytest.raises(nn.NncppError, match="checked_scale is written in Python"):
        nn.check_gradients(model, U, U[:, 0], mode="exact")
