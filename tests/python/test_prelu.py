"""PReLU: values and gradients, a slope for each column or for all, and slopes that are learned."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import GRADIENT, ROUNDING, TRAINING

EXACT = ROUNDING["float64"]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (4, 3), (70,)], ids=str)
def test_values_and_gradients_are_those_of_the_formula(
    shape: Any, dtype: str, shared: bool, rng: np.random.Generator
) -> None:
    u, dv = rng.normal(size=(2, 9, *shape)).astype(dtype)
    layer = nn.PReLU(shared, nn.initializers.Normal(0.25, 0.1)).build(shape, dtype=dtype)
    slope, v, close = layer.parameters["slope"], layer.forward(u), ROUNDING[dtype].assert_close
    assert slope.shape == ((1,) if shared else shape[-1:])
    close(v, np.maximum(u, 0) + slope * np.minimum(u, 0))
    close(layer.backward(u, v, dv), np.where(u > 0, 1, slope) * dv)
    axes = None if shared else tuple(range(u.ndim - 1))
    gradient = np.sum(np.minimum(u, 0) * dv, axis=axes, dtype=np.float64)
    close(layer.weight_gradients(u, v, dv)["slope"], np.reshape(gradient, slope.shape))


def test_numbers_by_hand() -> None:
    layer = nn.PReLU(slope_initializer=nn.initializers.Constant(0.5)).build((2,), dtype="float64")
    u, dv = np.array([[1.0, -2.0], [-4.0, 0.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    v = layer.forward(u)
    assert v.tolist() == [[1.0, -1.0], [-2.0, 0.0]]
    assert layer.backward(u, v, dv).tolist() == [[1.0, 1.0], [1.5, 2.0]]
    assert layer.weight_gradients(u, v, dv)["slope"].tolist() == [-12.0, -4.0]


@pytest.mark.parametrize(("slope", "activation"), [(0.0, "relu"), (0.01, "leaky_relu"), (1.0, "identity")])
def test_with_a_fixed_slope_it_is_another_activation(slope: float, activation: str, rng: np.random.Generator) -> None:
    u = rng.normal(size=(20, 6))
    layer = nn.PReLU(slope_initializer=nn.initializers.Constant(slope)).build((6,), dtype="float64")
    EXACT.assert_close(layer.forward(u), nn.Activation(activation).build((6,), dtype="float64").forward(u))


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("shared", [False, True])
def test_ten_steps_equal_those_of_torch(shared: bool, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    x, y = rng.normal(size=(10, 8, 5)), rng.normal(size=(10, 8, 3))
    model = nn.Sequential([nn.Input(5), nn.Dense(6), nn.PReLU(shared), nn.Dense(3)], dtype="float64")
    model.compile(nn.SGD(0.05), "squared")
    theirs = torch.nn.PReLU(1 if shared else 6, dtype=torch.float64)
    w1, b1, _, w2, b2 = (torch.tensor(v.copy(), requires_grad=True) for v in model.parameters.values())
    weights, close = [w1, b1, theirs.weight, w2, b2], TRAINING["float64"].assert_close
    optimizer = torch.optim.SGD(weights, 0.05)
    for inputs, targets in zip(x, y, strict=True):
        optimizer.zero_grad()
        z = theirs(torch.tensor(inputs) @ w1 + b1) @ w2 + b2
        objective = ((z - torch.tensor(targets)) ** 2).sum(dim=1).mean()
        objective.backward()
        optimizer.step()
        close(model.train_on_batch(inputs, targets), objective.item())
    for mine, other in zip(model.parameters.values(), weights, strict=True):
        close(mine, other.detach().numpy())


def test_gradients_of_a_model_equal_differences(rng: np.random.Generator) -> None:
    model = nn.Sequential([nn.Input(4), nn.Dense(6), nn.PReLU(), nn.Dense(3), nn.PReLU(shared=True)], dtype="float64")
    model.compile(loss="squared")
    report = nn.check_gradients(model, rng.normal(size=(8, 4)), rng.normal(size=(8, 3)))
    assert report.ok, str(report)
    assert report.max_relative_error <= 10 * GRADIENT


def test_the_slopes_are_learned(rng: np.random.Generator) -> None:
    x, slopes = rng.normal(size=(400, 3)), np.array([0.6, 0.0, -0.3])
    model = nn.Sequential([nn.Input(3), nn.PReLU()], dtype="float64")
    model.compile(nn.SGD(0.5), "squared")
    model.fit(x, np.where(x > 0, x, slopes * x), epochs=100, batch_size=400)
    TRAINING["float64"].assert_close(model.parameters["prelu/slope"], slopes)


def test_it_is_called_prelu_and_starts_at_a_quarter() -> None:
    model = nn.Sequential([nn.Input(3), nn.PReLU(), nn.PReLU(shared=True)])
    assert list(model.parameters) == ["prelu/slope", "prelu_1/slope"]
    assert all((slope == 0.25).all() for slope in model.parameters.values())
    assert repr(nn.PReLU()) == "PReLU()"
    again = nn.Model.from_config(model.config())
    assert again.config() == model.config()
