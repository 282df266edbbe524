"""What all optimizers share: clipping by value and by norm, and factors on the rate, against NumPy and PyTorch."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from optimizer_driver import Driver
from snapshots import snapshot
from tolerances import ROUNDING, TRAINING

EXACT = ROUNDING["float64"]
OPTIMIZERS = {
    "sgd": nn.SGD,
    "momentum": lambda rate, **options: nn.SGD(rate, 0.9, **options),
    "nesterov": lambda rate, **options: nn.SGD(rate, 0.9, nesterov=True, **options),
    "adagrad": nn.AdaGrad,
    "rmsprop": nn.RMSProp,
    "adadelta": nn.Adadelta,
    "adam": nn.Adam,
    "adamw": nn.AdamW,
}
X = np.random.default_rng(1).normal(size=(32, 5))
Y = np.random.default_rng(2).normal(size=(32, 2))


def model_with(optimizer: Any, dtype: str = "float64") -> Any:
    layers = [nn.Dense(4, "tanh", weight_regularizer=nn.L2(0.01)), nn.Dense(2, name="out")]
    model = nn.Sequential([nn.Input(5), *layers], seed=3, dtype=dtype)
    model.compile(optimizer, "squared")
    return model


def after(optimizer: Any, steps: int = 20, dtype: str = "float64") -> Any:
    model = model_with(optimizer, dtype)
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return model


# --- clipping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping_by_value_and_by_norm_by_hand(dtype: str) -> None:
    exact = ROUNDING[dtype]
    exact.assert_close(
        Driver(nn.SGD(1.0, clip_value=2.0), [0.0] * 4, dtype).step([3.0, -5.0, 1.5, 2.0]), [-2, 2, -1.5, -2]
    )
    exact.assert_close(Driver(nn.SGD(1.0, clip_norm=2.5), [0.0] * 2, dtype).step([3.0, -4.0]), [-1.5, 2.0])
    exact.assert_close(Driver(nn.SGD(1.0, clip_norm=5.0), [0.0] * 2, dtype).step([3.0, -4.0]), [-3.0, 4.0])
    # first each entry, (3, -3), then the norm, 3 sqrt(2)
    both = Driver(nn.SGD(1.0, clip_value=3.0, clip_norm=3.0), [0.0] * 2, dtype).step([3.0, -4.0])
    exact.assert_close(both, [-3 / np.sqrt(2), 3 / np.sqrt(2)])


def clipped(g: Any, value: float | None, norm: float | None) -> Any:
    g = g if value is None else np.clip(g, -value, value)
    return g if norm is None else g * norm / max(float(np.linalg.norm(g)), norm)


@pytest.mark.parametrize(("value", "norm"), [(0.7, None), (None, 1.0), (0.7, 1.0), (1e6, 1e6)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_the_step_of_the_clipped_gradient(
    name: str, value: float | None, norm: float | None, rng: np.random.Generator
) -> None:
    start, gradients = rng.normal(size=6), rng.normal(size=(20, 6))
    mine = Driver(OPTIMIZERS[name](0.05, clip_value=value, clip_norm=norm), start).steps(gradients)
    expected = Driver(OPTIMIZERS[name](0.05), start).steps([clipped(g, value, norm) for g in gradients])
    EXACT.assert_close(mine, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_norm_is_that_of_all_parameters_together(dtype: str) -> None:
    model, free = model_with(nn.SGD(0.5, clip_norm=0.3), dtype), model_with(nn.SGD(0.5), dtype)
    _, gradients = free.loss_and_gradients(X, Y)
    norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients.values()))
    assert norm > 0.3
    before = {name: values.copy() for name, values in model.parameters.items()}
    model.train_on_batch(X, Y)
    for name, values in model.parameters.items():
        ROUNDING[dtype].assert_close(values, before[name] - 0.5 * 0.3 / norm * gradients[name])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_where_there_is_nothing_to_clip_no_bit_changes(name: str, dtype: str) -> None:
    free, held = (
        after(OPTIMIZERS[name](0.01), dtype=dtype),
        after(OPTIMIZERS[name](0.01, clip_value=1e6, clip_norm=1e6), dtype=dtype),
    )
    assert snapshot(held) == snapshot(free)


def test_an_entry_that_overflows_is_clipped_by_value_but_no_norm_is_taken_of_it() -> None:
    by_value, by_norm = (nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")]) for _ in range(2))
    by_value.compile(nn.SGD(1.0, clip_value=0.25), "squared")
    by_value.train_on_batch([[1e18]], [-3e38])  # dJ/dw = 6e56 is no float32
    assert [v.item() for v in by_value.parameters.values()] == [0.75, -0.25]
    by_norm.compile(nn.SGD(1.0, clip_norm=0.25), "squared")
    before = snapshot(by_norm)
    with pytest.raises(nn.DivergenceError):
        by_norm.train_on_batch([[1e18]], [-3e38])
    assert snapshot(by_norm) == before


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", ["clip_value", "clip_norm"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping_is_that_of_torch(kind: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    utils = torch.nn.utils
    limit = {"clip_value": 0.05, "clip_norm": 0.2}[kind]
    model = model_with(nn.SGD(0.2, 0.9, **{kind: limit}), dtype)
    x, y = X.astype(dtype), Y.astype(dtype)
    weights = [torch.tensor(values.copy(), requires_grad=True) for values in model.parameters.values()]
    optimizer = torch.optim.SGD(weights, 0.2, momentum=0.9)
    for _ in range(20):
        optimizer.zero_grad()
        w1, b1, w2, b2 = weights
        z = torch.tanh(torch.tensor(x) @ w1 + b1) @ w2 + b2
        (((z - torch.tensor(y)) ** 2).sum(dim=1).mean() + 0.005 * (w1**2).sum()).backward()
        if kind == "clip_value":
            utils.clip_grad_value_(weights, limit)
        else:
            norm = float(utils.clip_grad_norm_(weights, math.inf))
            assert norm > limit
            utils.clip_grad_norm_(weights, limit * (norm + 1e-6) / norm)  # torch adds 1e-6 to the norm
        optimizer.step()
        model.train_on_batch(x, y)
    for mine, other in zip(model.parameters.values(), weights, strict=True):
        TRAINING[dtype].assert_close(mine, other.detach().numpy())


# --- factors on the rate --------------------------------------------------------------------------------------------

FACTORS: list[tuple[Any, list[float]]] = [
    ({"out": 0.1}, [1.0, 1.0, 0.1, 0.1]),
    ({"dense/weight": 2.0, "out/bias": 0.0}, [2.0, 1.0, 1.0, 0.0]),
    ({"dense": 0.5, "dense/bias": 3.0}, [0.5, 3.0, 1.0, 1.0]),
    ({"dense": 0.0, "out": 0.0}, [0.0, 0.0, 0.0, 0.0]),
    ({}, [1.0, 1.0, 1.0, 1.0]),
    ("fan_in", [5**-0.5, 5**-0.5, 4**-0.5, 4**-0.5]),
]


@pytest.mark.parametrize(("factors", "expected"), FACTORS, ids=[str(factors) for factors, _ in FACTORS])
def test_every_parameter_moves_at_its_own_rate(factors: Any, expected: list[float]) -> None:
    """Gradient descent with a rate for each parameter, gradients from the model itself."""
    model = model_with(nn.SGD(0.1, rate_factors=factors))
    for _ in range(20):
        _, gradients = model.loss_and_gradients(X, Y)
        wanted = {
            name: model.parameters[name] - 0.1 * factor * gradients[name]
            for name, factor in zip(gradients, expected, strict=True)
        }
        model.train_on_batch(X, Y)
        for name, values in wanted.items():
            EXACT.assert_close(model.parameters[name], values)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_factor_is_a_rate_of_its_own(name: str) -> None:
    """All parameters at half the rate are an optimizer of half the rate, also for decay."""
    half = after(OPTIMIZERS[name](0.02, rate_factors={"dense": 0.5, "out": 0.5}))
    assert half.flat_parameters.tobytes() == after(OPTIMIZERS[name](0.01)).flat_parameters.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_frozen_layer_does_not_move_a_bit(name: str, dtype: str) -> None:
    first, model = model_with("sgd", dtype), after(OPTIMIZERS[name](0.05, rate_factors={"dense": 0}), dtype=dtype)
    for parameter, values in model.parameters.items():
        assert (values.tobytes() == first.parameters[parameter].tobytes()) == parameter.startswith("dense/")


def test_a_layer_that_is_built_late_finds_its_factor() -> None:
    model = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(2, name="out")], seed=3, dtype="float64")
    model.compile(nn.SGD(0.1, rate_factors={"dense": 0.0}), "squared")
    model.fit(X, Y)
    assert (model.parameters["dense/bias"] == 0).all()
    assert (model.parameters["out/bias"] != 0).all()


def test_a_model_built_late_says_which_names_it_has() -> None:
    model = nn.Sequential([nn.Dense(2)])
    model.compile(nn.SGD(rate_factors={"dense_7": 0.0}), "squared")
    with pytest.raises(nn.DataError, match="dense, dense/weight, dense/bias, got 'dense_7'"):
        model.fit(X, Y)
    assert model._built is None


def test_a_schedule_and_a_factor_multiply() -> None:
    schedule = nn.schedules.ExponentialDecay(0.2, 0.1)
    plain, scaled = after(nn.SGD(0.5 * schedule)), after(nn.SGD(schedule, rate_factors={"dense": 0.5, "out": 0.5}))
    assert plain.flat_parameters.tobytes() == scaled.flat_parameters.tobytes()


# --- all together ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("factors", ["fan_in", {"out/bias": 0.25}], ids=str)
def test_options_are_kept_in_configs_and_files(name: str, factors: Any, tmp_path: Path) -> None:
    optimizer = OPTIMIZERS[name](0.01, clip_value=0.5, clip_norm=1.5, rate_factors=factors)
    again = nn.optimizers.Optimizer.from_config(optimizer.config())
    assert (repr(again), again.config()) == (repr(optimizer), optimizer.config())
    assert "clip_value=0.5, clip_norm=1.5" in repr(optimizer)
    model = after(optimizer, steps=3)
    model.save(tmp_path / "m")
    loaded = nn.load(tmp_path / "m")
    for trained in (model, loaded):
        trained.fit(X, Y, epochs=2)
    assert snapshot(loaded) == snapshot(model)


def test_options_go_by_name_only() -> None:
    with pytest.raises(TypeError, match="positional"):
        nn.SGD(0.1, 0.9, True, 1.0)  # type: ignore[call-arg, misc]
    with pytest.raises(TypeError, match="clip_nrom"):
        nn.Adam(clip_nrom=1.0)  # type: ignore[call-arg]


def test_another_mapping_afterwards_changes_nothing() -> None:
    factors = {"dense": 0.5}
    optimizer = nn.SGD(0.1, rate_factors=factors)
    factors["dense"] = 7.0
    assert optimizer.rate_factors == {"dense": 0.5}
