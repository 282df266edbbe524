"""The guard against NaN: the error names the layer, pass, tensor and rows, and the model keeps its bits."""

import pickle
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot

ROWS = 64


def model_of(*layers: Any, dtype: str = "float32", optimizer: Any = None, loss: str = "squared") -> Any:
    model = nn.Sequential([nn.Input(4), *layers], dtype=dtype)
    model.compile(nn.SGD(0.1) if optimizer is None else optimizer, loss)
    return model


def caught(model: Any, x: Any, y: Any = None, call: str = "fit", **options: Any) -> Any:
    """The error; the model has the bits it had, and is still usable."""
    y = np.zeros(len(x)) if y is None else y
    before = snapshot(model)
    calls = {
        "fit": model.fit,
        "train_on_batch": model.train_on_batch,
        "minimize": lambda *a, **o: nn.minimize(model, *a, **o),
    }
    with pytest.raises(nn.DivergenceError) as raised:
        calls[call](x, y, **options)
    assert snapshot(model) == before
    error = raised.value
    assert error.layer in str(error)
    assert error.tensor in str(error)
    assert "\n" not in str(error)
    assert all(str(row) in str(error) for row in error.rows)
    return error


def place(error: Any) -> tuple[str, str, str, list[int]]:
    return error.layer, error.stage, error.tensor, error.rows


@pytest.fixture
def x(rng: np.random.Generator) -> Any:
    return rng.normal(size=(ROWS, 4))


@pytest.mark.parametrize("call", ["fit", "train_on_batch", "minimize"])
@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e3), ("float64", 1e4)])
def test_an_exponential_that_overflows_is_named_with_its_rows(call: str, dtype: str, scale: float, x: Any) -> None:
    layers = [
        nn.Dense(3, weight_initializer="ones"),
        nn.Dense(3, "exponential", weight_initializer="ones", name="steep"),
    ]
    model = model_of(*layers, nn.Dense(1), dtype=dtype)
    x[[7, 50]] = scale
    options = {"batch_size": ROWS} if call == "fit" else {}
    error = caught(model, x, call=call, **options)
    assert place(error) == ("steep", "forward", "output", [7, 50])
    assert "infinite in the forward pass (rows 7, 50 of x)" in str(error)
    assert (error.epoch, error.step) == {"fit": (1, 1), "train_on_batch": (None, 1), "minimize": (None, None)}[call]
    x[[7, 50]] = 1.0
    x[:, 1:] = 0.0
    assert np.isfinite(model.train_on_batch(0.01 * x, np.zeros(ROWS)))


def test_rows_are_those_of_x_and_steps_those_of_the_epoch(x: Any) -> None:
    model = model_of(nn.Dense(2, "exponential", weight_initializer="ones"), nn.Dense(1), optimizer=nn.SGD(1e-4))
    x *= 0.1
    x[45] = 1e3
    before = snapshot(model)
    with pytest.raises(nn.DivergenceError) as raised:
        model.fit(x, np.zeros(ROWS), batch_size=10, shuffle=False)
    assert place(raised.value) == ("dense", "forward", "output", [45])
    assert (raised.value.epoch, raised.value.step) == (1, 5)
    assert snapshot(model) != before, "four steps were taken"
    with pytest.raises(nn.DivergenceError) as raised:
        model.fit(x, np.zeros(ROWS), batch_size=10)
    assert raised.value.rows == [45]


def test_of_many_rows_a_few_are_named_and_of_all_none(x: Any) -> None:
    layers = nn.Dense(2, "exponential", weight_initializer="ones"), nn.Dense(1)
    x[10:50] = 1e3
    error = caught(model_of(*layers), x, batch_size=ROWS, shuffle=False)
    assert error.rows == [10, 11, 12, 13, 14]
    assert "rows 10, 11, 12, 13, 14 and more of x" in str(error)
    x[:] = 1e3
    assert caught(model_of(*layers), x, batch_size=ROWS).rows == []


@pytest.mark.parametrize("rows", [[3], [12, 40], [0, 1, 33, 62, 63]], ids=str)
def test_a_gradient_of_a_weight_that_overflows_is_traced_to_rows(rows: list[int], x: Any) -> None:
    """dW = sum over rows of u dz: 1e30 in x meets 1e30 in dz, while every output is a float."""
    model = model_of(nn.Dense(1, weight_initializer="ones", use_bias=False))
    x[rows] = 1e30
    error = caught(model, x, batch_size=ROWS)
    assert place(error) == ("dense", "backward", "gradient of weight", rows)


def test_a_gradient_of_an_input_that_overflows_is_named(x: Any) -> None:
    """dz = 3e20 meets a weight of 1e20 in du, and an input of exp(-40) in dW."""
    layers = [nn.Dense(1, "exponential", weight_initializer="zeros"), nn.Dense(1, name="last")]
    model = model_of(*layers)
    model.parameters["dense/bias"][...] = -40.0
    model.parameters["last/weight"][...] = 1e20
    y = np.zeros(ROWS)
    y[20] = -1e22
    error = caught(model, x, y, batch_size=ROWS)
    assert place(error) == ("last", "backward", "gradient of the input", [20])


def test_the_gradient_that_the_loss_gives_is_named(x: Any) -> None:
    """2 (p - y) = 6e38 is no float, (p - y)^2 is a double."""
    model = model_of(nn.Dense(1, weight_initializer="zeros"), nn.Dense(1))
    y = np.zeros(1)
    y[0] = 3e38
    error = caught(model, x[:1], y)
    assert place(error) == ("dense_1", "backward", "gradient of the output", [0])


def test_a_gradient_that_two_layers_add_to_is_blamed_on_the_one_that_broke_it(x: Any) -> None:
    """Backward runs through "fine" first, then through "steep"; both add to what "trunk" gets."""
    inputs = nn.Input(4)
    trunk = nn.Dense(1, weight_initializer="zeros", name="trunk")(inputs)
    steep = nn.Dense(1, "exponential", weight_initializer=nn.initializers.Constant(1e30), name="steep")(trunk)
    fine = nn.Dense(1, weight_initializer="ones", name="fine")(trunk)
    model = nn.Model(inputs, [steep, fine])
    model.compile(nn.SGD(0.1), "squared", loss_weights=[1.0, 1.0])
    model.parameters["steep/bias"][...] = 20.0  # exp(20) = 5e8, squared and times 1e30: beyond 3e38
    y = np.zeros(ROWS)
    with pytest.raises(nn.DivergenceError) as raised:
        model.fit(x, [y, y], batch_size=ROWS)
    assert (raised.value.layer, raised.value.stage, raised.value.tensor) == (
        "steep",
        "backward",
        "gradient of the input",
    )


def test_a_loss_that_overflows_though_outputs_are_finite(x: Any) -> None:
    model = model_of(nn.Dense(1, weight_initializer="ones"), dtype="float64")
    x[[20, 31]] = 1e200
    error = caught(model, x, batch_size=ROWS)
    assert place(error) == ("dense", "loss", "loss", [20, 31])
    assert "though every output is finite" in str(error)


def test_losses_that_overflow_only_together_name_the_largest(x: Any) -> None:
    model = model_of(nn.Dense(1, weight_initializer="zeros"), dtype="float64")
    y = np.full(ROWS, 1e154)  # y^2 is 1e308
    y[9] = -1.1e154
    assert place(caught(model, x, y, batch_size=ROWS)) == ("dense", "loss", "loss", [9])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["dense/weight", "dense_1/bias"])
@pytest.mark.parametrize("call", ["fit", "train_on_batch", "minimize"])
def test_a_parameter_that_is_not_finite_is_named(call: str, name: str, value: float, x: Any) -> None:
    model = model_of(nn.Dense(3), nn.Dense(1))
    model.parameters[name].flat[0] = value
    layer, tensor = name.split("/")
    error = caught(model, x, call=call)
    assert place(error) == (layer, "forward", tensor, [])
    assert "not finite before the step" in str(error)


def test_state_that_is_not_finite_is_named(x: Any) -> None:
    model = model_of(nn.Standardize(), nn.Dense(1))
    model.adapt(x)
    model.state["standardize/mean"][1] = np.nan
    assert place(caught(model, x)) == ("standardize", "forward", "mean", [])


def test_the_norm_of_a_finite_gradient_overflows(x: Any) -> None:
    """1e25 squared is no float."""
    model = model_of(nn.Dense(1, weight_initializer="zeros", use_bias=False))
    y = np.zeros(ROWS)
    y[17], x[17] = 1e13, 1e13
    error = caught(model, x, y, batch_size=ROWS)
    assert place(error) == ("dense", "update", "norm of the gradient", [17])


def test_a_rate_that_is_too_large_for_the_dtype(x: Any) -> None:
    error = caught(model_of(nn.Dense(1), optimizer=nn.SGD(1e38)), 100 * x, batch_size=ROWS)
    assert place(error) == ("dense", "update", "update", [])
    assert "learning rate 1e+38" in str(error)


@pytest.mark.parametrize("call", ["fit", "train_on_batch"])
def test_a_penalty_that_overflows_takes_no_step(call: str, x: Any) -> None:
    model = model_of(nn.Dense(3, weight_regularizer=nn.L2(1e-4)), nn.Dense(1, weight_initializer="zeros"))
    model.parameters["dense/weight"][...] = 3e19
    assert place(caught(model, x, call=call)) == ("dense", "loss", "penalty on weight", [])


def test_minimize_names_rows_of_all_of_x(rng: np.random.Generator) -> None:
    x = rng.normal(size=(10_000, 4))
    x[9_001] = 1e3
    weights = np.ones(10_000)
    weights[:4096] = 0.0  # the first part of rows counts for nothing
    model = model_of(nn.Dense(1, "exponential", weight_initializer="ones"))
    error = caught(model, x, call="minimize", sample_weight=weights)
    assert place(error) == ("dense", "forward", "output", [9_001])
    assert "at the start" in str(error)


def test_the_step_is_done_again_with_the_same_random_numbers(x: Any) -> None:
    """One row is huge, and dropout lets it through in some steps only."""
    model = model_of(nn.Dropout(0.9), nn.Dense(2, "exponential", weight_initializer="ones"), nn.Dense(1),
                     optimizer=nn.SGD(1e-9))  # fmt: skip
    x[:] *= 1e-3
    x[5] = [1e3, 0, 0, 0]
    with pytest.raises(nn.DivergenceError) as raised:
        model.fit(x, np.zeros(ROWS), batch_size=ROWS, epochs=200)
    assert raised.value.epoch > 1
    assert place(raised.value) == ("dense", "forward", "output", [5])


def test_the_error_can_be_pickled(x: Any) -> None:
    x[3] = 1e30
    error = caught(model_of(nn.Dense(1, weight_initializer="ones", use_bias=False)), x, batch_size=ROWS)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), *place(again), again.epoch, again.step) == (str(error), *place(error), error.epoch, error.step)
