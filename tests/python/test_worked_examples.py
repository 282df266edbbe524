"""The networks that course texts work through by hand, with random numbers: docs/worked_examples.md tells the story."""

# ruff: noqa: N806 - formulas keep the letters of the texts

from typing import Any

import numpy as np
import pytest

import nncpp as nn

SEEDS = range(5)
CLOSE: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}


def normal(seed: int, *shape: int) -> Any:
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def model_with(layers: list[Any], columns: int, parameters: dict[str, Any]) -> nn.Sequential:
    model = nn.Sequential([nn.Input(columns), *layers], dtype="float64")
    assert list(model.parameters) == list(parameters)
    for name, values in parameters.items():
        model.parameters[name][...] = values
    return model


def assert_equal(gradients: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(expected) <= set(gradients)
    for name, values in expected.items():
        np.testing.assert_allclose(gradients[name], values, **CLOSE, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_squared_length_of_a_product(seed: int) -> None:
    W, x = normal(seed, 3, 4), normal(seed, 4)
    nodes = nn.variable(W), nn.variable(x)
    q = nodes[0] @ nodes[1]
    value, (dq, dW, dx) = nn.value_and_gradients(nn.ops.sum(nn.ops.square(q)), [q, *nodes])
    np.testing.assert_allclose(value, np.sum((W @ x) ** 2), **CLOSE)
    np.testing.assert_allclose(dq, 2 * W @ x, **CLOSE)
    np.testing.assert_allclose(dW, 2 * np.outer(W @ x, x), **CLOSE)
    np.testing.assert_allclose(dx, 2 * W.T @ W @ x, **CLOSE)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_weight_of_the_4_2_1_network(seed: int) -> None:
    """ds/dW_ij = x_i f'(z_j) U_j, element by element, with s = U^T f(W^T x + b)."""
    W, b, U, x = normal(seed, 4, 2), normal(seed, 2), normal(seed, 2, 1), normal(seed, 1, 4)
    model = model_with(
        [nn.Dense(2, "sigmoid"), nn.Dense(1, use_bias=False)],
        4,
        {"dense/weight": W, "dense/bias": b, "dense_1/weight": U},
    )
    model.compile(loss="expression")  # the score itself
    score, gradients = model.loss_and_gradients(x)
    a = sigmoid(x @ W + b)[0]
    np.testing.assert_allclose(score, a @ U[:, 0], **CLOSE)
    for j in range(2):
        delta = U[j, 0] * a[j] * (1 - a[j])
        np.testing.assert_allclose(gradients["dense/bias"][j], delta, **CLOSE)
        np.testing.assert_allclose(gradients["dense_1/weight"][j, 0], a[j], **CLOSE)
        for i in range(4):
            np.testing.assert_allclose(gradients["dense/weight"][i, j], delta * x[0, i], **CLOSE)


@pytest.mark.parametrize("seed", SEEDS)
def test_max_margin_of_the_4_2_1_network(seed: int) -> None:
    """While 1 + s_c - s > 0 the gradient is that of s_c - s; both windows have the same weights."""
    W, b, U = 0.3 * normal(seed, 4, 2), normal(seed, 2), 0.3 * normal(seed, 2, 1)
    x, corrupt = normal(seed, 1, 4), normal(seed + 100, 1, 4)
    true, false = nn.Input(4), nn.Input(4)
    scorer = nn.Sequential([nn.Dense(2, "sigmoid"), nn.Dense(1, use_bias=False)])
    model = nn.Model([true, false], [scorer(true), scorer(false)], dtype="float64")
    for values, given in zip(model.parameters.values(), (W, b, U), strict=True):
        values[...] = given
    model.compile(loss="max_margin")
    loss, gradients = model.loss_and_gradients([x, corrupt])
    a, a_c = sigmoid(x @ W + b), sigmoid(corrupt @ W + b)
    np.testing.assert_allclose(loss, 1 + (a_c @ U - a @ U).item(), **CLOSE)
    assert loss > 0
    delta, delta_c = -U.T * a * (1 - a), U.T * a_c * (1 - a_c)
    expected = [x.T @ delta + corrupt.T @ delta_c, (delta + delta_c)[0], (a_c - a).T]
    assert_equal(gradients, dict(zip(model.parameters, expected, strict=True)))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_hidden_layer_for_regression(seed: int) -> None:
    w, b, theta, c = normal(seed, 3, 4), normal(seed, 4), normal(seed, 4, 1), normal(seed, 1)
    x, t = normal(seed, 6, 3), normal(seed, 6, 1)
    parameters = {"dense/weight": w, "dense/bias": b, "dense_1/weight": theta, "dense_1/bias": c}
    model = model_with([nn.Dense(4, "tanh"), nn.Dense(1)], 3, parameters)
    model.compile(loss="squared")
    loss, gradients = model.loss_and_gradients(x, t)
    h = np.tanh(x @ w + b)
    p = h @ theta + c
    dp = 2 * (p - t) / len(x)
    dz = (1 - h**2) * (dp @ theta.T)
    np.testing.assert_allclose(loss, np.mean((p - t) ** 2), **CLOSE)
    assert_equal(gradients, dict(zip(parameters, [x.T @ dz, dz.sum(axis=0), h.T @ dp, dp.sum(axis=0)], strict=True)))


@pytest.mark.parametrize("f", ["identity", "tanh", "sigmoid"])
@pytest.mark.parametrize("seed", SEEDS)
def test_one_layer_for_classification(seed: int, f: str) -> None:
    """p = softmax(f(x w + b)), and the cross entropy with a distribution t: dL/dz = p - t."""
    w, b, x = normal(seed, 3, 4), normal(seed, 4), normal(seed, 6, 3)
    t = np.random.default_rng(seed).dirichlet(np.ones(4), 6)
    parameters = {"dense/weight": w, "dense/bias": b}
    model = model_with([nn.Dense(4, f), nn.Activation("softmax")], 3, parameters)
    model.compile(loss="nllm")
    loss, gradients = model.loss_and_gradients(x, t)
    u = x @ w + b
    z, slope = {
        "identity": (u, np.ones_like(u)),
        "tanh": (np.tanh(u), 1 - np.tanh(u) ** 2),
        "sigmoid": (sigmoid(u), sigmoid(u) * (1 - sigmoid(u))),
    }[f]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    du = slope * (p - t) / len(x)
    np.testing.assert_allclose(loss, -np.mean(np.sum(t * np.log(p), axis=1)), **CLOSE)
    assert_equal(gradients, {"dense/weight": x.T @ du, "dense/bias": du.sum(axis=0)})


@pytest.mark.parametrize("seed", SEEDS)
def test_tanh_tanh_sigmoid(seed: int) -> None:
    W1, b1, W2, b2 = normal(seed, 3, 5), normal(seed, 5), normal(seed, 5, 2), normal(seed, 2)
    w, b, x = normal(seed, 2, 1), normal(seed, 1), normal(seed, 6, 3)
    t = np.random.default_rng(seed).integers(0, 2, (6, 1))
    names = [f"{layer}/{kind}" for layer in ("dense", "dense_1", "dense_2") for kind in ("weight", "bias")]
    layers = [nn.Dense(5, "tanh"), nn.Dense(2, "tanh"), nn.Dense(1, "sigmoid")]
    model = model_with(layers, 3, dict(zip(names, [W1, b1, W2, b2, w, b], strict=True)))
    model.compile(loss="nll")
    _, gradients = model.loss_and_gradients(x, t)
    h1 = np.tanh(x @ W1 + b1)
    h2 = np.tanh(h1 @ W2 + b2)
    dz3 = (sigmoid(h2 @ w + b) - t) / len(x)
    dz2 = (1 - h2**2) * (dz3 @ w.T)
    dz1 = (1 - h1**2) * (dz2 @ W2.T)
    expected = [x.T @ dz1, dz1.sum(0), h1.T @ dz2, dz2.sum(0), h2.T @ dz3, dz3.sum(0)]
    assert_equal(gradients, dict(zip(names, expected, strict=True)))
