"""Whole networks and gradients with printed numbers; where they come from stands with each."""

import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from test_textbook import set_parameters
from tolerances import ROUNDING, printed

EXACT = ROUNDING["float64"]


def test_toy_two_layer_net() -> None:
    """cs231n.github.io, assignments2016/assignment1/two_layer_net.ipynb, cell 5: scores, loss with 0.1 / 2 sum W^2."""
    random = np.random.RandomState(0)
    w1, w2 = 0.1 * random.randn(4, 10), 0.1 * random.randn(10, 3)
    x, y = 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])
    hidden = nn.Dense(10, "relu", name="hidden", weight_regularizer=nn.L2(0.1))
    out = nn.Dense(3, "softmax", name="out", weight_regularizer=nn.L2(0.1))
    model = nn.Sequential([nn.Input(4), hidden, out], dtype="float64")
    set_parameters(model, hidden__weight=w1, out__weight=w2)
    model.compile(loss="nllm")
    scores = [
        [-0.81233741, -1.27654624, -0.70335995],
        [-0.17129677, -1.18803311, -0.47310444],
        [-0.51590475, -1.01354314, -0.8504215],
        [-0.15419291, -0.48629638, -0.52901952],
        [-0.00618733, -0.12435261, -0.15226949],
    ]
    e = np.exp(scores)
    printed(7).assert_close(model.predict(x), e / e.sum(axis=1, keepdims=True))
    printed(8).assert_close(model.evaluate(x, y)["loss"], 1.30378789133)


def test_a_2_2_2_network_step_by_step() -> None:
    """M. Mazur, A step by step backpropagation example, 2015: E = sum (t - o)^2 / 2, rate 0.5, biases fixed."""
    model = nn.Sequential(
        [nn.Input(2), nn.Dense(2, "sigmoid", name="hidden"), nn.Dense(2, "sigmoid", name="out")], dtype="float64"
    )
    set_parameters(
        model,
        hidden__weight=np.array([[0.15, 0.2], [0.25, 0.3]]).T,
        hidden__bias=0.35,
        out__weight=np.array([[0.4, 0.45], [0.5, 0.55]]).T,
        out__bias=0.6,
    )
    model.compile(nn.SGD(0.25), "squared")  # half of squared error, twice the rate
    x, y = np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]])

    def step() -> float:
        loss = model.train_on_batch(x, y) / 2
        set_parameters(model, hidden__bias=0.35, out__bias=0.6)
        return loss

    printed(9).assert_close(step(), 0.298371109)
    EXACT.assert_close(
        model.parameters["hidden/weight"].T,
        [[0.1497807161327628, 0.19956143226552567], [0.24975114363236958, 0.29950228726473915]],
    )
    EXACT.assert_close(
        model.parameters["out/weight"].T,
        [[0.35891647971788465, 0.4086661860762334], [0.5113012702387375, 0.5613701211079891]],
    )
    EXACT.assert_close(model.evaluate(x, y)["loss"] / 2, 0.29102777369359933)
    for _ in range(9999):
        step()
    np.testing.assert_allclose(model.evaluate(x, y)["loss"] / 2, 3.510187782978859e-05, rtol=1e-9)
    np.testing.assert_allclose(model.predict(x), [[0.01591362044355068, 0.9840642735146238]], rtol=1e-9)


def test_xor_by_two_rectifiers() -> None:
    """Goodfellow, Bengio, Courville, Deep Learning, 6.1."""
    model = nn.Sequential([nn.Input(2), nn.Dense(2, "relu", name="h"), nn.Dense(1, name="y")])
    set_parameters(model, h__weight=1.0, h__bias=[0.0, -1.0], y__weight=[[1.0], [-2.0]])
    assert model.predict([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel().tolist() == [0, 1, 1, 0]


def test_gradients_of_two_tanh_layers_and_a_sigmoid() -> None:
    """Weights from RandomState(11), true class 1; numbers by an independent route."""
    random = np.random.RandomState(11)
    w1, b1, w2, b2, w, b, x = (random.randn(*shape) for shape in ((4, 3), (4,), (5, 4), (5,), (5,), (1,), (3,)))
    layers = [nn.Dense(4, "tanh", name="h1"), nn.Dense(5, "tanh", name="h2"), nn.Dense(1, "sigmoid", name="y")]
    model = nn.Sequential([nn.Input(3, name="x"), *layers], dtype="float64")
    set_parameters(model, h1__weight=w1.T, h1__bias=b1, h2__weight=w2.T, h2__bias=b2, y__weight=w[:, None], y__bias=b)
    model.compile(loss="nll")
    _, gradients = model.loss_and_gradients(x[None], [1], inputs=True)
    expected = {
        "x": [[-0.4891480449322809, -0.05590866348344634, -0.08285964162078016]],
        "y/bias": [-0.47432862375396095],
        "y/weight": [[-0.42647395], [-0.46917176], [0.45890006], [-0.27890000], [0.27930112]],
        "h2/bias": [0.111997248911923, 0.00176862521140, -0.00278777910022, -0.3313044892921, 0.3289649017777],
        "h1/bias": [0.006243263475463165, 0.1635189696617265, 0.0030080336749985846, 0.060611913459620824],
        "h1/weight": np.transpose(
            [
                [0.0007355782082269188, -0.010514348026667614, -0.007402982539001315],
                [0.01926572395792754, -0.2753840780134539, -0.19389347926109143],
                [0.00035440503666674816, -0.005065862278465633, -0.003566791768481381],
                [0.007141265601725284, -0.1020771837006981, -0.07187089552771815],
            ]
        ),
    }
    for name, values in expected.items():
        printed(8).assert_close(gradients[name], values)
    EXACT.assert_close(gradients["h1/weight"], expected["h1/weight"])
    EXACT.assert_close(gradients["x"], expected["x"])


# --- CS231n notes, neural-networks-case-study: three spiral arms, numbers by its own code with seed 0 -----------------


def spiral(random: Any) -> tuple[Any, Any]:
    arms = []
    for j in range(3):
        r, t = np.linspace(0.0, 1.0, 100), np.linspace(4 * j, 4 * (j + 1), 100) + 0.2 * random.randn(100)
        arms.append(np.c_[r * np.sin(t), r * np.cos(t)])
    return np.concatenate(arms), np.repeat(np.arange(3), 100)


def test_a_linear_classifier_of_the_spiral() -> None:
    random = np.random.RandomState(0)
    x, y = spiral(random)
    model = nn.Sequential([nn.Input(2), nn.Dense(3, "softmax", weight_regularizer=nn.L2(1e-3))], dtype="float64")
    set_parameters(model, dense__weight=0.01 * random.randn(2, 3))
    model.compile(nn.SGD(1.0), "nllm", metrics=["accuracy"])
    losses = [model.train_on_batch(x, y) for _ in range(200)]
    printed(1).assert_close(losses[0], 1.1)
    printed(6).assert_close(losses[190], 0.786302)
    assert model.evaluate(x, y)["accuracy"] == pytest.approx(148 / 300)  # the notes print 0.49


def test_a_hidden_layer_untangles_the_spiral() -> None:
    random = np.random.RandomState(0)
    x, y = spiral(random)
    penalty = nn.L2(1e-3)
    model = nn.Sequential(
        [
            nn.Input(2),
            nn.Dense(100, "relu", name="hidden", weight_regularizer=penalty),
            nn.Dense(3, "softmax", name="out", weight_regularizer=penalty),
        ],
        dtype="float64",
    )
    set_parameters(model, hidden__weight=0.01 * random.randn(2, 100), out__weight=0.01 * random.randn(100, 3))
    model.compile(nn.SGD(1.0), "nllm", metrics=["accuracy"])
    history = model.fit(x, y, epochs=10000, batch_size=300, shuffle=False)
    assert history["loss"][9000] == pytest.approx(0.245292, abs=0.02)
    assert model.evaluate(x, y)["accuracy"] >= 0.98 - 0.02


# --- penalties and their optima ---------------------------------------------------------------------------------------


def test_l2_on_a_quadratic_moves_the_optimum_as_the_formula_says() -> None:
    """theta = (H + alpha I)^-1 H theta*, H = [[2, .5], [.5, 1]], alpha = 0.3."""
    hessian, optimum = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([1.0, -2.0])
    # squared loss of one output, rows of x the rows of a root of H: sum (x w - x w*)^2 / 2 over 2 rows, mean gives H
    root = np.linalg.cholesky(hessian).T
    layer = nn.Dense(1, use_bias=False, weight_regularizer=nn.L2(0.3))
    model = nn.Sequential([nn.Input(2), layer], dtype="float64")
    model.compile(nn.SGD(0.2), "squared")
    for _ in range(500):
        model.train_on_batch(root, root @ optimum)
    EXACT.assert_close(model.parameters["dense/weight"].ravel(), [0.7481751824817515, -1.4416058394160576])


def test_l1_on_a_quadratic_is_a_soft_threshold() -> None:
    """H = diag(2, 1, 4), theta* = (1, -0.2, 0.05), alpha = 0.3: (0.85, 0, 0), reached up to the size of a step."""
    root, optimum = np.sqrt(np.diag([2.0, 1.0, 4.0])) * math.sqrt(1.5), np.array([1.0, -0.2, 0.05])
    layer = nn.Dense(1, use_bias=False, weight_regularizer=nn.L1(0.3), weight_initializer="zeros")
    model = nn.Sequential([nn.Input(3), layer], dtype="float64")
    model.compile(nn.SGD(1e-3), "squared")
    for _ in range(20000):
        model.train_on_batch(root, root @ optimum)
    assert np.abs(model.parameters["dense/weight"].ravel() - [0.85, 0.0, 0.0]).max() <= 2 * 1e-3 * 0.3


# --- numerical gradients ----------------------------------------------------------------------------------------------


def test_gradient_of_a_flow_graph_x_plus_y_times_z() -> None:
    """CS231n notes, optimization-2."""
    gradient = nn.numerical_gradient(lambda v: (v[0] + v[1]) * v[2], [-2.0, 5.0, -4.0])
    printed(8).assert_close(gradient, [-4.0, -4.0, 3.0])


def test_gradient_of_the_squared_norm_of_a_product() -> None:
    """f = sum (W x)^2 = 0.116 with W = [[.1, .5], [-.3, .8]], x = (.2, .4): by differences, and by a Dense layer."""
    w, x = np.array([[0.1, 0.5], [-0.3, 0.8]]), np.array([0.2, 0.4])
    dw, dx = [[0.088, 0.176], [0.104, 0.208]], [-0.112, 0.636]
    printed(8).assert_close(nn.numerical_gradient(lambda v: np.sum((v @ x) ** 2), w), dw)
    printed(8).assert_close(nn.numerical_gradient(lambda v: np.sum((w @ v) ** 2), x), dx)
    model = nn.Sequential([nn.Input(2, name="x"), nn.Dense(2, use_bias=False)], dtype="float64")
    set_parameters(model, dense__weight=w.T)
    model.compile(loss="squared")
    value, gradients = model.loss_and_gradients(x[None], np.zeros((1, 2)), inputs=True)
    EXACT.assert_close(value, 0.116)
    EXACT.assert_close(gradients["dense/weight"].T, dw)
    EXACT.assert_close(gradients["x"], [dx])


def test_numerical_gradient_of_a_square() -> None:
    """CS224n, assignment 2, gradcheck_naive: sum x^2 at 123.456."""
    assert abs(nn.numerical_gradient(lambda x: np.sum(x**2), 123.456, h=1e-4) - 246.912) < 1e-6


def test_two_expressions_of_the_notes() -> None:
    """CS231n notes, optimization-2: (x + s(y)) / (s(x) + (x + y)^2) at 3, -4, and a sigmoid unit."""

    def s(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    gradient = nn.numerical_gradient(lambda v: (v[0] + s(v[1])) / (s(v[0]) + (v[0] + v[1]) ** 2), [3.0, -4.0])
    printed(7).assert_close(gradient, [2.0595697959313597, 1.5922327517570167])
    unit = nn.Dense(1, "sigmoid").build((2,), dtype="float64")
    unit.parameters["weight"][...], unit.parameters["bias"][...] = [[2.0], [-3.0]], -3.0
    x = np.array([[-1.0, -2.0]])
    f, one = unit.forward(x), np.ones((1, 1))
    printed(2).assert_close(f, [[0.73]])
    printed(2).assert_close(unit.weight_gradients(x, f, one)["weight"], [[-0.2], [-0.39]])
    printed(2).assert_close(unit.backward(x, f, one), [[0.39, -0.59]])


def test_central_differences_are_of_second_order() -> None:
    """f = exp(x) + x^3 at 0.7: a tenth of h, a hundredth of the error."""
    exact = math.exp(0.7) + 3 * 0.7**2
    errors = [nn.numerical_gradient(lambda x: np.exp(x) + x**3, 0.7, h=h) - exact for h in (1e-2, 1e-3)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.02)
