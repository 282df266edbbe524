"""Dual numbers through the core: slopes, products of the Hessian, the best step; closed forms and differences."""

import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from layer_table import ROWS, Row
from nncpp.second_order import ExactObjective
from snapshots import snapshot

EXACT = 1e-12
DIFFERENCE = 1e-6
CORE_ROWS = [row for row in ROWS if not isinstance(row.make(name="layer"), nn.CustomLayer)]

LOSSES: list[tuple[Any, str]] = [
    ("squared", "tanh"),
    (nn.HuberLoss(0.5), "identity"),
    ("absolute", "identity"),
    (nn.NLL(label_smoothing=0.1), "sigmoid"),
    (nn.NLLM(label_smoothing=0.1), "softmax"),
    (nn.KLLoss(temperature=2.0), "softmax"),
    ("hinge", "identity"),
    ("multiclass_hinge", "identity"),
]


def network(loss: Any = "nllm", output: str = "softmax", hidden: str = "tanh", dtype: str = "float64") -> Any:
    penalty = nn.ElasticNet(0.02, 0.1)
    layers = [nn.Dense(5, hidden, weight_regularizer=penalty), nn.BatchNorm(), nn.Dense(4, "gelu"), nn.Dropout(0.3)]
    model = nn.Sequential([nn.Input(3), *layers, nn.Dense(3, output)], seed=2, dtype=dtype)
    model.compile(loss=loss)
    return model


def targets(loss: Any, rows: int, rng: np.random.Generator) -> Any:
    kind = loss if isinstance(loss, str) else loss.kind
    if kind in ("squared", "huber", "absolute"):
        return rng.normal(size=(rows, 3))
    if kind == "hinge":
        return rng.choice([-1.0, 1.0], size=(rows, 3))
    if kind in ("nll", "kl"):
        y = rng.uniform(size=(rows, 3))
        return y / y.sum(axis=1, keepdims=True)
    return rng.integers(3, size=rows)


def way(arrays: Any, rng: np.random.Generator) -> dict[str, Any]:
    return {name: rng.normal(size=values.shape) for name, values in arrays.items()}


def dot(a: Any, b: Any) -> float:
    return sum(float(np.vdot(a[name], b[name])) for name in a)


def moved(model: Any, direction: Any, step: float) -> None:
    for name, values in direction.items():
        model.parameters[name][...] += step * values


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("row", CORE_ROWS, ids=str)
def test_slopes_of_every_layer_are_those_of_backward(row: Row, training: bool, rng: np.random.Generator) -> None:
    layer = row.make(name="layer")
    model = nn.Sequential([row.input("u"), layer], seed=1, dtype="float64")
    for values in model.state.values():
        values[...] = rng.uniform(0.5, 2.0, values.shape)
    model.compile(loss="squared")
    x, y = row.samples(rng, 6), rng.normal(size=(6, *row.output_shape))
    _, gradients = model.loss_and_gradients(x, y, training=training, inputs=True)
    direction = way(gradients, rng)
    exact = ExactObjective(model, x, y, training=training)
    slope = exact.derivative(direction)
    size = sum(float(np.abs(gradients[name] * direction[name]).sum()) for name in gradients)
    assert abs(slope - dot(gradients, direction)) <= EXACT * max(1.0, size)
    for name, gradient in gradients.items():
        index = tuple(int(rng.integers(axis)) for axis in gradient.shape)
        assert abs(exact.slope(name, index) - gradient[index]) <= EXACT * max(1.0, float(np.abs(gradient).max()))


@pytest.mark.parametrize(("loss", "output"), LOSSES, ids=[str(loss) for loss, _ in LOSSES])
def test_slopes_of_every_loss_are_those_of_backward_and_of_differences(
    loss: Any, output: str, rng: np.random.Generator
) -> None:
    model = network(loss, output)
    x, y, weights = rng.normal(size=(9, 3)), targets(loss, 9, rng), rng.uniform(0.5, 1.5, 9)
    _, gradients = model.loss_and_gradients(x, y, sample_weight=weights)
    direction = way(model.parameters, rng)
    exact = ExactObjective(model, x, y, weights)
    slope = exact.derivative(direction) + exact.derivative(direction, "penalty")
    assert slope == pytest.approx(dot(direction, gradients), rel=EXACT)
    h, values = 1e-6, []
    for step in (h, -2 * h):
        moved(model, direction, step)
        values.append(model.evaluate(x, y, weights)["loss"])
    assert slope == pytest.approx((values[0] - values[1]) / (2 * h), rel=DIFFERENCE)


def test_slopes_of_two_outputs_that_are_compared(rng: np.random.Generator) -> None:
    a, b, score = nn.Input(3, name="a"), nn.Input(3, name="b"), nn.Dense(2)
    model = nn.Model([a, b], [score(a), score(b)], dtype="float64")
    model.compile(loss="max_margin")
    x = [rng.normal(size=(8, 3)), rng.normal(size=(8, 3))]
    _, gradients = model.loss_and_gradients(x, inputs=True)
    direction = way(gradients, rng)
    assert ExactObjective(model, x).derivative(direction) == pytest.approx(dot(gradients, direction), rel=EXACT)


@pytest.mark.parametrize("activation", ["relu", "hard_tanh", "softplus", "leaky_relu", "selu", "elu", "softsign"])
def test_numbers_on_a_kink_have_the_slope_that_training_takes(activation: str) -> None:
    model = nn.Sequential([nn.Input(5, name="u"), nn.Activation(activation)], dtype="float64")
    model.compile(loss="squared")
    x, y = np.array([[-1.0, -0.0, 0.0, 1.0, 2.0]]), np.full((1, 5), 3.0)
    _, gradients = model.loss_and_gradients(x, y, inputs=True)
    exact = ExactObjective(model, x, y)
    slopes = [exact.slope("u", (0, i)) for i in range(5)]
    np.testing.assert_allclose(slopes, gradients["u"][0], rtol=EXACT)


@pytest.mark.parametrize(("loss", "y"), [("absolute", 0.0), ("hinge", 1.0), ("nll", 1.0)])
def test_losses_on_a_kink_have_the_slope_that_training_takes(loss: str, y: float) -> None:
    output = "sigmoid" if loss == "nll" else "identity"  # at 0 nll has no kink, but its formula has two
    model = nn.Sequential([nn.Input(1), nn.Dense(1, output, weight_initializer="ones")], dtype="float64")
    model.compile(loss=loss)
    x = [[1.0 if loss == "hinge" else 0.0]]
    _, gradients = model.loss_and_gradients(x, [y])
    assert ExactObjective(model, x, [y]).slope("dense/bias", 0) == gradients["dense/bias"][0]


def test_penalty_of_a_weight_at_zero_has_no_slope_by_l1() -> None:
    model = nn.Sequential([nn.Input(2), nn.Dense(1, weight_regularizer=nn.L1(0.5), weight_initializer="zeros")])
    model.compile(loss="squared")
    model.parameters["dense/weight"][1] = 3.0
    exact = ExactObjective(model, [[1.0, 1.0]], [1.0])
    assert [exact.slope("dense/weight", (i, 0), "penalty") for i in (0, 1)] == [0.0, 0.5]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_least_squares_have_the_hessian_of_the_normal_equations(dtype: str, rng: np.random.Generator) -> None:
    x, y, weights, v = rng.normal(size=(30, 4)), rng.normal(size=30), rng.uniform(size=30), rng.normal(size=(4, 1))
    l2 = 0.3
    model = nn.Sequential([nn.Input(4), nn.Dense(1, weight_regularizer=nn.L2(l2))], dtype=dtype)
    model.compile(loss="squared")
    product = nn.hessian_vector_product(model, x, y, {"dense/weight": v, "dense/bias": [2.0]}, weights)
    extended, direction = np.hstack([x, np.ones((30, 1))]), np.append(v, 2.0)
    expected = 2 / weights.sum() * (extended.T * weights) @ extended @ direction
    np.testing.assert_allclose(product["dense/weight"][:, 0], expected[:4] + l2 * v[:, 0], rtol=1e-12)
    np.testing.assert_allclose(product["dense/bias"], expected[4:], rtol=1e-12)


def test_logistic_regression_has_its_hessian(rng: np.random.Generator) -> None:
    x, y, v = rng.normal(size=(40, 5)), rng.integers(2, size=40), rng.normal(size=(5, 1))
    model = nn.Sequential([nn.Input(5), nn.Dense(1, "sigmoid", use_bias=False)], dtype="float64")
    model.compile(loss="nll")
    p = 1 / (1 + np.exp(-x @ model.parameters["dense/weight"]))
    expected = x.T @ (p * (1 - p) * (x @ v)) / 40
    product = nn.hessian_vector_product(model, x, y, {"dense/weight": v})
    np.testing.assert_allclose(product["dense/weight"], expected, rtol=1e-12)


@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "gelu", "silu", "softplus", "elu", "exponential"])
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
def test_products_are_differences_of_gradients(hidden: str, training: bool, rng: np.random.Generator) -> None:
    model = network(hidden=hidden)
    x, y = rng.normal(size=(12, 3)), rng.integers(3, size=12)
    v = way(model.parameters, rng)
    product = nn.hessian_vector_product(model, x, y, v, training=training)
    h, gradients = 1e-4, []
    for step in (-2 * h, h, 2 * h, h):
        moved(model, v, step)
        gradients.append(model.loss_and_gradients(x, y, training=training)[1])
    for name in v:
        g = [gradient[name] for gradient in gradients]
        difference = (g[0] - 8 * g[1] + 8 * g[2] - g[3]) / (12 * h)
        assert np.abs(product[name] - difference).max() <= DIFFERENCE * max(1.0, np.abs(difference).max())


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
def test_the_hessian_is_symmetric(training: bool, rng: np.random.Generator) -> None:
    model = network()
    x, y = rng.normal(size=(20, 3)), rng.integers(3, size=20)
    u, v = way(model.parameters, rng), way(model.parameters, rng)
    hu = nn.hessian_vector_product(model, x, y, u, training=training)
    hv = nn.hessian_vector_product(model, x, y, v, training=training)
    assert dot(v, hu) == pytest.approx(dot(u, hv), rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_flat_vector_and_a_mapping_give_the_same_product_and_change_nothing(
    dtype: str, rng: np.random.Generator
) -> None:
    model = network(dtype=dtype)
    x, y = rng.normal(size=(6, 3)), rng.integers(3, size=6)
    v = rng.normal(size=model.flat_parameters.shape)
    before = snapshot(model)
    product = nn.hessian_vector_product(model, x, y, v)
    by_name = nn.hessian_vector_product(model, x, y, model._network.gradients(v))
    assert before == snapshot(model)
    assert (product.shape, product.dtype) == (v.shape, np.float64)
    for name, values in model._network.gradients(product).items():
        np.testing.assert_array_equal(values, by_name[name])


def test_operators_and_losses_that_are_graphs_have_products(rng: np.random.Generator) -> None:
    model = nn.Sequential([nn.Input(3), nn.Dense(2, "tanh"), nn.Dense(1)], dtype="float64")
    x, y = rng.normal(size=(7, 3)), rng.normal(size=7)
    v = way(model.parameters, rng)
    model.compile(loss="squared")
    expected = nn.hessian_vector_product(model, x, y, v)
    model.compile(loss=lambda p, y: nn.ops.sum((p - y) ** 2.0, axis=-1))
    product = nn.hessian_vector_product(model, x, y, v)
    for name in v:
        np.testing.assert_allclose(product[name], expected[name], rtol=EXACT)


OPERATORS = {
    "arithmetic": lambda u, w: u * w + u / (w + 4.0) - 2.0 * w,
    "power": lambda u, w: (u + 4.0) ** w + (u - 1.0) ** 3.0,
    "order": lambda u, w: nn.ops.where(nn.ops.greater(u, w), nn.ops.maximum(u, 0.1) * w, nn.ops.minimum(u, w) * u),
    "functions": lambda u, w: nn.ops.exp(-u) + nn.ops.log(w + 4.0) * nn.ops.sqrt(u + 4.0),
    "absolute": lambda u, w: nn.ops.abs(u) * nn.ops.square(w),
    "activations": lambda u, w: nn.ops.sigmoid(u) * nn.ops.tanh(w) + nn.ops.softmax(u * w) + nn.ops.log_softmax(u) * w,
    "matmul": lambda u, w: nn.ops.matmul(u * w, nn.ops.transpose(w)) * 2.0,
    "reductions": lambda u, w: u * nn.ops.sum(w, keepdims=True) * nn.ops.mean(u, axis=0) - nn.ops.max(w * w, axis=1),
    "rearrangements": lambda u, w: nn.ops.reshape(nn.ops.concatenate([u, w], axis=1)[:, 1:4], (9,)) * 2.0,
    "gather": lambda u, w: nn.ops.gather(w, [[0, 2], [2, 1]], axis=1) * nn.ops.sum(u),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_have_slopes_and_products(name: str, rng: np.random.Generator) -> None:
    u, w = nn.Input((3, 3), name="u"), nn.variable(rng.uniform(-1.0, 1.0, (3, 3)), name="w")
    model = nn.Model(u, OPERATORS[name](u, w), dtype="float64")
    model.compile(loss="squared")
    x = rng.uniform(-1.0, 1.0, (5, 3, 3))
    y = rng.normal(size=model.predict(x).shape)
    value, gradients = model.loss_and_gradients(x, y, inputs=True)
    direction = way(gradients, rng)
    slope = ExactObjective(model, x, y).derivative(direction)
    assert slope == pytest.approx(dot(gradients, direction), rel=EXACT, abs=EXACT * value)
    v = way(model.parameters, rng)
    product, h, around = nn.hessian_vector_product(model, x, y, v), 1e-5, []
    for step in (h, -2 * h):
        moved(model, v, step)
        around.append(model.loss_and_gradients(x, y)[1])
    for key in v:
        difference = (around[0][key] - around[1][key]) / (2 * h)
        assert np.abs(product[key] - difference).max() <= DIFFERENCE * max(1.0, np.abs(difference).max())


def test_a_layer_and_a_loss_in_python_are_refused_by_name() -> None:
    class Double(nn.CustomLayer, kind="test_second_order.Double"):
        def output_shape(self, input_shape: Any) -> Any:
            return input_shape

        def forward(self, u: Any, parameters: Any, training: bool) -> Any:
            return 2.0 * u

        def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
            return 2.0 * dv, {}

    model = nn.Sequential([nn.Input(2), nn.Dense(1), Double()])
    model.compile(loss="squared")
    with pytest.raises(nn.NncppError, match="Double is written in Python"):
        nn.optimal_step(model, [[1.0, 2.0]], [3.0])


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
def test_products_are_those_of_torch(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    model = nn.Sequential(
        [nn.Input(4), nn.Dense(6, "tanh"), nn.Dense(5, "gelu"), nn.Dense(3, "softmax")], seed=4, dtype="float64"
    )
    model.compile(loss="nllm")
    x, y, v = rng.normal(size=(11, 4)), rng.integers(3, size=11), way(model.parameters, rng)
    theirs = {name: torch.tensor(values.copy(), requires_grad=True) for name, values in model.parameters.items()}
    w = list(theirs.values())
    hidden = torch.tanh(torch.tensor(x) @ w[0] + w[1])
    hidden = torch.nn.functional.gelu(hidden @ w[2] + w[3])
    loss = torch.nn.functional.cross_entropy(hidden @ w[4] + w[5], torch.tensor(y))
    gradients = torch.autograd.grad(loss, w, create_graph=True)
    along = sum((g * torch.tensor(v[name])).sum() for name, g in zip(theirs, gradients, strict=True))
    expected = torch.autograd.grad(along, w)
    product = nn.hessian_vector_product(model, x, y, v)
    for name, values in zip(theirs, expected, strict=True):
        np.testing.assert_allclose(product[name], values.numpy(), rtol=1e-10, atol=1e-13)


def test_the_optimal_step_on_a_quadratic_is_the_minimum_of_the_line(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(25, 3)), rng.normal(size=25)
    model = nn.Sequential([nn.Input(3), nn.Dense(1, weight_regularizer=nn.L2(0.2))], dtype="float64")
    model.compile(loss="squared")
    step = nn.optimal_step(model, x, y)
    _, gradients = model.loss_and_gradients(x, y)
    start = model.evaluate(x, y)["loss"]
    moved(model, gradients, -step)
    assert model.evaluate(x, y)["loss"] == pytest.approx(start - step / 2 * dot(gradients, gradients), rel=1e-12)
    _, there = model.loss_and_gradients(x, y)
    assert abs(dot(gradients, there)) <= 1e-12 * dot(gradients, gradients)  # the line is level there


def test_there_is_no_optimal_step_where_the_line_does_not_curve_up() -> None:
    model = nn.Sequential([nn.Input(1), nn.Dense(1, use_bias=False, weight_initializer="ones")], dtype="float64")
    model.compile(loss="absolute")
    assert nn.optimal_step(model, [[1.0]], [0.0]) == math.inf  # |w|: g'Hg = 0
    assert nn.optimal_step(model, [[1.0]], [1.0]) == 0.0  # at its minimum
