"""Optimizers: steps by hand, an independent reference in NumPy, and a bowl with a known bottom."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from optimizer_driver import Driver
from tolerances import ROUNDING, TRAINING

EXACT = ROUNDING["float64"]


def sgd(rate: float, momentum: float = 0.0, nesterov: bool = False) -> Iterator[Any]:
    """Sends the change of theta for each gradient it is sent; PyTorch's writing, v = mu v + g, so another route."""
    v, g = 0.0, (yield 0.0)
    while True:
        v = momentum * v + g
        g = yield -rate * (g + momentum * v if nesterov else v)


def adam(rate: float, beta1: float, beta2: float, epsilon: float, corrected: bool) -> Iterator[Any]:
    """The moments as explicit weighted sums over all gradients so far."""
    gradients = [(yield 0.0)]
    while True:
        t = len(gradients)
        age = np.arange(t)[::-1, None]
        m = (1 - beta1) * np.sum(beta1**age * np.array(gradients), axis=0)
        v = (1 - beta2) * np.sum(beta2**age * np.array(gradients) ** 2, axis=0)
        if corrected:
            m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        gradients.append((yield -rate * m / (np.sqrt(v) + epsilon)))


REFERENCES: list[tuple[Any, Callable[[], Iterator[Any]]]] = [
    (nn.SGD(0.1), lambda: sgd(0.1)),
    (nn.SGD(0.1, momentum=0.9), lambda: sgd(0.1, 0.9)),
    (nn.SGD(0.1, momentum=0.8, nesterov=True), lambda: sgd(0.1, 0.8, nesterov=True)),
    (nn.Adam(0.1), lambda: adam(0.1, 0.9, 0.999, 1e-8, corrected=True)),
    (nn.Adam(0.05, 0.8, 0.95, 1e-3), lambda: adam(0.05, 0.8, 0.95, 1e-3, corrected=True)),
    (nn.Adam(0.01, bias_correction=False), lambda: adam(0.01, 0.9, 0.999, 1e-8, corrected=False)),
    (nn.Adam(0.1, beta1=0.0, beta2=0.0), lambda: adam(0.1, 0.0, 0.0, 1e-8, corrected=True)),
]


@pytest.mark.parametrize(("optimizer", "reference"), REFERENCES, ids=[repr(o) for o, _ in REFERENCES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_twenty_steps_equal_an_independent_reference(
    optimizer: Any, reference: Callable[[], Iterator[Any]], dtype: str, rng: np.random.Generator
) -> None:
    start, gradients = rng.normal(size=6), rng.normal(size=(20, 6))
    got = Driver(optimizer, start, dtype).steps(gradients)
    changes = reference()
    next(changes)
    expected = start + np.cumsum([changes.send(g) for g in gradients], axis=0)
    (EXACT if dtype == "float64" else TRAINING[dtype]).assert_close(got, expected)


def test_sgd_by_hand() -> None:
    EXACT.assert_close(Driver(nn.SGD(0.5), [1.0, -2.0]).steps([[2.0, 1.0], [-4.0, 0.0]]), [[0.0, -2.5], [2.0, -2.5]])


def test_momentum_by_hand() -> None:
    # v: -1, 0.5 * -1 - 1 = -1.5, 0.5 * -1.5 + 1 = 0.25
    got = Driver(nn.SGD(0.5, momentum=0.5), [1.0]).steps([[2.0], [2.0], [-2.0]])
    EXACT.assert_close(got, [[0.0], [-1.5], [-1.25]])


def test_nesterov_by_hand() -> None:
    # v: -1, -1.5; theta moves by 0.5 v - 1: -1.5, -1.75
    got = Driver(nn.SGD(0.5, momentum=0.5, nesterov=True), [1.0]).steps([[2.0], [2.0]])
    EXACT.assert_close(got, [[-0.5], [-2.25]])


def test_adam_by_hand() -> None:
    # First step: the corrected moments are g and g^2, so theta moves by rate sign(g).
    # Second, g = -1 after 2 with both betas 1/2: m = (0.5 * 1 - 0.5) / 0.75 = 0, so theta stays.
    got = Driver(nn.Adam(0.1, 0.5, 0.5, 1e-12), [1.0]).steps([[2.0], [-1.0], [0.0]])
    # Third, g = 0: m = 0, theta stays again.
    EXACT.assert_close(got, [[0.9], [1.0 - 0.1 + 0.0], [0.9]])


def test_adam_without_bias_correction_by_hand() -> None:
    # m = 0.1 g, v = 0.001 g^2: theta moves by rate 0.1 / sqrt(0.001) = rate sqrt(10)
    got = Driver(nn.Adam(0.1, bias_correction=False, epsilon=1e-12), [0.0]).step([3.0])
    TRAINING["float64"].assert_close(got, [-0.1 * np.sqrt(10.0)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "optimizer",
    [nn.SGD(0.1), nn.SGD(0.05, 0.9), nn.SGD(0.05, 0.9, nesterov=True), nn.Adam(0.05)],
    ids=repr,
)
def test_the_bottom_of_a_bowl_is_found(optimizer: Any, dtype: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(64, 5))
    w, b = rng.normal(size=5), 0.7
    model = nn.Sequential([nn.Input(5), nn.Dense(1)], dtype=dtype)
    model.compile(optimizer, "squared")
    for _ in range(1500):
        model.train_on_batch(x, x @ w + b)
    TRAINING[dtype].assert_close(model.parameters["dense/weight"].ravel(), w)
    TRAINING[dtype].assert_close(model.parameters["dense/bias"], [b])


def test_splitting_the_weights_into_many_layers_changes_no_step(rng: np.random.Generator) -> None:
    """Moments and t belong to the whole of theta; counted by layer, bias correction would fade too fast."""
    start, gradients = rng.normal(size=4), rng.normal(size=(6, 4))
    whole = Driver(nn.Adam(0.1), start).steps(gradients)
    inputs = [nn.Input(1) for _ in range(4)]
    model = nn.Model(inputs, [nn.Dense(1, use_bias=False)(u) for u in inputs], dtype="float64")
    model.compile(nn.Adam(0.1), "squared")
    for weight, value in zip(model.parameters.values(), start, strict=True):
        weight[...] = value
    for step, gradient in enumerate(gradients):
        weights = [float(w[0, 0]) for w in model.parameters.values()]
        x = [np.full((1, 1), g) for g in gradient]
        model.train_on_batch(x, [w * u - 0.5 for w, u in zip(weights, x, strict=True)])
        EXACT.assert_close([w[0, 0] for w in model.parameters.values()], whole[step])


def test_the_learning_rate_may_change_between_steps() -> None:
    driver = Driver(nn.SGD(1.0), [0.0])
    driver.step([1.0])
    driver.model.optimizer.learning_rate = 0.25
    EXACT.assert_close(driver.step([1.0]), [-1.25])


def test_a_rate_of_zero_leaves_the_weights() -> None:
    assert Driver(nn.Adam(0.0), [3.0]).step([1.0]).tolist() == [3.0]


def test_compiling_again_starts_the_moments_anew() -> None:
    driver = Driver(nn.SGD(0.5, momentum=0.5), [0.0])
    first = driver.step([2.0])
    driver.model.compile(nn.SGD(0.5, momentum=0.5), "squared")
    EXACT.assert_close(driver.step([2.0]) - first, first)


def test_a_model_takes_the_optimizer_by_name() -> None:
    for name, kind in (("sgd", nn.SGD), ("adam", nn.Adam)):
        assert repr(Driver(name, [0.0]).model.optimizer) == repr(kind())


def test_hyper_parameters_are_fixed_once_an_optimizer_is_made() -> None:
    with pytest.raises(AttributeError, match="momentum is fixed"):
        nn.SGD(0.1, 0.9).momentum = 0.5
