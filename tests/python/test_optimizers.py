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


def adam(
    rate: float, beta1: float, beta2: float, epsilon: float, *, corrected: bool = True, inside: bool = False
) -> Iterator[Any]:
    """The moments as explicit weighted sums over all gradients so far."""
    gradients = [(yield 0.0)]
    while True:
        t = len(gradients)
        age = np.arange(t)[::-1, None]
        m = (1 - beta1) * np.sum(beta1**age * np.array(gradients), axis=0)
        v = mean_square(gradients, beta2)
        if corrected:
            m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        gradients.append((yield -rate * m / damped(v, epsilon, inside)))


def adagrad(rate: float, epsilon: float, inside: bool = False) -> Iterator[Any]:
    """The sum of all squares anew in each step."""
    gradients = [(yield 0.0)]
    while True:
        r = np.sum(np.array(gradients) ** 2, axis=0)
        gradients.append((yield -rate * gradients[-1] / damped(r, epsilon, inside)))


def rmsprop(rate: float, rho: float, epsilon: float, inside: bool = False) -> Iterator[Any]:
    gradients = [(yield 0.0)]
    while True:
        gradients.append((yield -rate * gradients[-1] / damped(mean_square(gradients, rho), epsilon, inside)))


def adadelta(rate: float, rho: float, epsilon: float) -> Iterator[Any]:
    """Zeiler's algorithm 1: dx = -RMS(dx before) / RMS(g) g."""
    gradients, changes = [(yield 0.0)], []
    while True:
        before = mean_square(changes, rho) if changes else 0.0
        changes.append(-np.sqrt(before + epsilon) / np.sqrt(mean_square(gradients, rho) + epsilon) * gradients[-1])
        gradients.append((yield rate * changes[-1]))


def decaying(theta: Any, decay: float, steps: Iterator[Any]) -> Iterator[Any]:
    """Before each of `steps`, theta loses the share `decay`."""
    next(steps)
    g = yield 0.0
    while True:
        change = -decay * theta + steps.send(g)
        theta = theta + change
        g = yield change


def damped(r: Any, epsilon: float, inside: bool) -> Any:
    return np.sqrt(r + epsilon) if inside else np.sqrt(r) + epsilon


def mean_square(values: list[Any], rho: float) -> Any:
    age = np.arange(len(values))[::-1, None]
    return (1 - rho) * np.sum(rho**age * np.array(values) ** 2, axis=0)


REFERENCES: list[tuple[Any, Callable[[Any], Iterator[Any]]]] = [
    (nn.SGD(0.1), lambda start: sgd(0.1)),
    (nn.SGD(0.1, momentum=0.9), lambda start: sgd(0.1, 0.9)),
    (nn.SGD(0.1, momentum=0.8, nesterov=True), lambda start: sgd(0.1, 0.8, nesterov=True)),
    (nn.AdaGrad(0.1), lambda start: adagrad(0.1, 1e-10)),
    (nn.AdaGrad(0.2, 0.05, epsilon_inside_root=True), lambda start: adagrad(0.2, 0.05, inside=True)),
    (nn.RMSProp(0.1), lambda start: rmsprop(0.1, 0.9, 1e-8)),
    (nn.RMSProp(0.02, 0.7, 0.05), lambda start: rmsprop(0.02, 0.7, 0.05)),
    (nn.RMSProp(0.02, 0.7, 0.05, epsilon_inside_root=True), lambda start: rmsprop(0.02, 0.7, 0.05, inside=True)),
    (nn.Adadelta(), lambda start: adadelta(1.0, 0.9, 1e-6)),
    (nn.Adadelta(0.5, 0.7, 0.01), lambda start: adadelta(0.5, 0.7, 0.01)),
    (nn.Adam(0.1), lambda start: adam(0.1, 0.9, 0.999, 1e-8)),
    (nn.Adam(0.05, 0.8, 0.95, 1e-3), lambda start: adam(0.05, 0.8, 0.95, 1e-3)),
    (nn.Adam(0.01, bias_correction=False), lambda start: adam(0.01, 0.9, 0.999, 1e-8, corrected=False)),
    (nn.Adam(0.1, beta1=0.0, beta2=0.0), lambda start: adam(0.1, 0.0, 0.0, 1e-8)),
    (
        nn.Adam(0.1, epsilon=0.05, epsilon_inside_root=True),
        lambda start: adam(0.1, 0.9, 0.999, 0.05, inside=True),
    ),
    (nn.AdamW(0.1), lambda start: decaying(start, 0.1 * 0.01, adam(0.1, 0.9, 0.999, 1e-8))),
    (
        nn.AdamW(0.05, 0.8, 0.95, 1e-3, 0.5, bias_correction=False, epsilon_inside_root=True),
        lambda start: decaying(start, 0.05 * 0.5, adam(0.05, 0.8, 0.95, 1e-3, corrected=False, inside=True)),
    ),
]


@pytest.mark.parametrize(("optimizer", "reference"), REFERENCES, ids=[repr(o) for o, _ in REFERENCES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_twenty_steps_equal_an_independent_reference(
    optimizer: Any, reference: Callable[[Any], Iterator[Any]], dtype: str, rng: np.random.Generator
) -> None:
    start, gradients = rng.normal(size=6), rng.normal(size=(20, 6))
    got = Driver(optimizer, start, dtype).steps(gradients)
    changes = reference(start)
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


def test_adagrad_by_hand() -> None:
    # r = 9, then 25: theta moves by 0.5 * 3 / (3 + 1) and 0.5 * -4 / (5 + 1)
    got = Driver(nn.AdaGrad(0.5, epsilon=1.0), [0.0]).steps([[3.0], [-4.0]])
    EXACT.assert_close(got, [[-3 / 8], [-3 / 8 + 1 / 3]])
    # epsilon inside: sqrt(4 + 5), sqrt(20 + 5)
    got = Driver(nn.AdaGrad(0.5, epsilon=5.0, epsilon_inside_root=True), [0.0]).steps([[2.0], [4.0]])
    EXACT.assert_close(got, [[-1 / 3], [-1 / 3 - 2 / 5]])


def test_rmsprop_by_hand() -> None:
    # r = 0.25 * 16 = 4, then 3, then 0.75 * 3 + 4 = 6.25
    got = Driver(nn.RMSProp(0.5, 0.75, 1.0), [0.0]).steps([[4.0], [0.0], [4.0]])
    EXACT.assert_close(got, [[-2 / 3], [-2 / 3], [-2 / 3 - 2 / 3.5]])
    # epsilon inside: sqrt(0.25 * 64 + 9)
    EXACT.assert_close(Driver(nn.RMSProp(0.5, 0.75, 9.0, epsilon_inside_root=True), [0.0]).step([8.0]), [-4 / 5])


def test_adadelta_by_hand() -> None:
    # r = 4, 7; u = 4 sqrt(12) / sqrt(4 + 12), so s = 0.25 * 12 = 3; u = 4 sqrt(3 + 12) / sqrt(7 + 12)
    got = Driver(nn.Adadelta(0.5, 0.75, 12.0), [0.0]).steps([[4.0], [4.0]])
    EXACT.assert_close(got, [[-np.sqrt(3.0)], [-np.sqrt(3.0) - 2 * np.sqrt(15 / 19)]])


def test_adamw_by_hand() -> None:
    # theta loses 0.1 * 0.5 of itself, also where the gradient is zero
    got = Driver(nn.AdamW(0.1, weight_decay=0.5), [2.0]).steps([[0.0], [0.0]])
    EXACT.assert_close(got, [[1.9], [1.805]])


def test_adamw_lets_biases_decay_too() -> None:
    model = nn.Sequential([nn.Input(1), nn.Dense(1, bias_initializer="ones")], dtype="float64")
    model.compile(nn.AdamW(0.5, weight_decay=0.25, epsilon=1.0), "squared")
    model.train_on_batch([[0.0]], [1.0])  # z = y = 1: no gradient
    EXACT.assert_close(model.parameters["dense/bias"], [1.0 - 0.125])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "optimizer",
    [
        nn.SGD(0.1),
        nn.SGD(0.05, 0.9),
        nn.SGD(0.05, 0.9, nesterov=True),
        nn.AdaGrad(0.5),
        nn.RMSProp(0.1, epsilon=1.0),
        nn.Adadelta(0.3, epsilon=0.01),
        nn.Adam(0.05),
        nn.Adam(0.05, epsilon=0.01, epsilon_inside_root=True),
    ],
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [optimizer for optimizer, _ in REFERENCES], ids=repr)
def test_splitting_theta_into_more_segments_changes_no_bit(
    optimizer: Any, dtype: str, rng: np.random.Generator
) -> None:
    """Moments and t belong to the whole of theta; counted by layer, bias correction would fade too fast.

    The loss abs(w x - y) with y far below has the gradient x, whatever w is.
    """
    sizes = [1, 2, 3, 8, 17, 64]
    start, gradients = rng.normal(size=sum(sizes)), rng.normal(size=(20, sum(sizes)))

    def trained(pieces: list[Any]) -> Any:
        names = [f"x{i}" for i in range(len(pieces))]
        inputs = [nn.Input(len(piece), name=name) for piece, name in zip(pieces, names, strict=True)]
        layers = [nn.Dense(1, use_bias=False, name=f"y{i}") for i in range(len(pieces))]
        model = nn.Model(inputs, [layer(u) for layer, u in zip(layers, inputs, strict=True)], dtype=dtype)
        model.compile(optimizer, "absolute")
        for weight, piece in zip(model.parameters.values(), pieces, strict=True):
            weight[:, 0] = piece
        for x in gradients:
            columns = np.split(x[None], np.cumsum([len(piece) for piece in pieces])[:-1], axis=1)
            targets = {layer.name: np.array([-1e6]) for layer in layers}
            model.train_on_batch(dict(zip(names, columns, strict=True)), targets)
        return np.concatenate([weight[:, 0] for weight in model.parameters.values()])

    whole, split = trained([start]), trained(np.split(start, np.cumsum(sizes)[:-1]))
    assert np.mean(whole != start.astype(dtype)) > 0.5
    assert split.tobytes() == whole.tobytes()


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
    kinds = [nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adadelta, nn.Adam, nn.AdamW]
    assert [kind.kind for kind in kinds] == list(nn.optimizers.Optimizer._members)
    for kind in kinds:
        assert repr(Driver(kind.__name__.lower(), [0.0]).model.optimizer) == repr(kind())


def test_configs_come_back() -> None:
    for optimizer, _ in REFERENCES:
        again = nn.optimizers.Optimizer.from_config(optimizer.config())
        assert type(again) is type(optimizer)
        assert again.config() == optimizer.config()


def test_hyper_parameters_are_fixed_once_an_optimizer_is_made() -> None:
    with pytest.raises(AttributeError, match="momentum is fixed"):
        nn.SGD(0.1, 0.9).momentum = 0.5
