"""nn.Input(scale=...): numbers are multiplied as they come in, wherever they come in."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from conftest import child_environment
from snapshots import snapshot

SCALE = 1 / 256  # a power of 2, so that scaled numbers have no rounding error
DTYPES = ["uint8", "int8", "int16", "uint16", "int32", "int64", "bool", "float16", "float32", "float64"]


def data(dtype: str = "uint8", rows: int = 50) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 2 if dtype == "bool" else 120, (rows, 4, 3, 1)).astype(dtype), rng.integers(0, 3, rows)


def model_with(scale: float | None, dtype: str = "float32") -> Any:
    layers = [nn.Flatten(), nn.Dense(8, "tanh"), nn.Dense(3, "softmax")]
    model = nn.Sequential([nn.Input((4, 3, 1), scale=scale), *layers], seed=2, dtype=dtype)
    model.compile(nn.Adam(0.01), "nllm", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_everything_is_as_with_numbers_that_were_scaled_before(dtype: str, precision: str) -> None:
    x, y = data(dtype)
    scaled, plain = model_with(SCALE, precision), model_with(None, precision)
    by_hand = x.astype(precision) * SCALE
    assert (scaled.predict(x) == plain.predict(by_hand)).all()
    assert scaled.train_on_batch(x, y) == plain.train_on_batch(by_hand, y)
    scaled.fit(x, y, epochs=2, batch_size=7, validation_split=0.2)
    plain.fit(by_hand, y, epochs=2, batch_size=7, validation_split=0.2)
    assert snapshot(scaled) == snapshot(plain)
    assert scaled.evaluate(x, y) == plain.evaluate(by_hand, y)
    fortran = np.asfortranarray(x)[::-1]
    assert (scaled.predict(fortran) == plain.predict(np.asfortranarray(by_hand)[::-1])).all()


def test_gradients_are_with_respect_to_what_is_given(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(6, 4, 3, 1)), np.arange(6) % 3
    scaled, plain = model_with(0.25, "float64"), model_with(None, "float64")
    loss, gradients = scaled.loss_and_gradients(x, y, inputs=True)
    expected_loss, expected = plain.loss_and_gradients(0.25 * x, y, inputs=True)
    assert loss == expected_loss
    assert (gradients["input"] == 0.25 * expected["input"]).all()
    assert all((gradients[name] == expected[name]).all() for name in scaled.parameters)
    for mode in ("differences", "exact"):
        report = nn.check_gradients(scaled, x, y, mode=mode)
        assert report.ok, str(report)
        assert "input" in {entry.name for entry in report.entries}
    slope = nn.second_order.ExactObjective(scaled, x, y).slope("input", (2, 1, 0, 0))
    assert slope == pytest.approx(float(gradients["input"][2, 1, 0, 0]), rel=1e-12)


def test_an_expression_takes_the_scaled_numbers_and_gives_the_gradient_by_the_raw_ones() -> None:
    x = nn.Input(2, scale=0.5)
    value, [by_x, by_square] = nn.value_and_gradients(nn.ops.sum(x * x), [x, x * x], {x: [[4.0, 6.0]]})
    assert value == 4.0 + 9.0
    assert (by_x == [[2 * 0.25 * 4.0, 2 * 0.25 * 6.0]]).all()
    assert (by_square == 0.0).all()  # a node that the expression does not use
    assert nn.check_gradients(nn.ops.sum(nn.ops.exp(x)), {x: [[0.3, -0.2]]}).ok


def test_minimize_and_curvature_take_scaled_numbers() -> None:
    x, y = data("float64", 20)
    scaled, plain = model_with(SCALE, "float64"), model_with(None, "float64")
    v = np.linspace(-1, 1, scaled.flat_parameters.size)
    product = nn.hessian_vector_product(scaled, x, y, v)
    assert (product == nn.hessian_vector_product(plain, x * SCALE, y, v)).all()
    assert nn.optimal_step(scaled, x, y) == nn.optimal_step(plain, x * SCALE, y)
    pytest.importorskip("scipy")
    results = [nn.minimize(m, u, y, max_iterations=5) for m, u in ((scaled, x), (plain, x * SCALE))]
    assert results[0].history == results[1].history


def test_standardize_behind_it_is_fitted_to_the_scaled_numbers() -> None:
    x = np.array([[10, 200], [30, 100], [20, 0]], np.uint8)
    for layer in (nn.Standardize, nn.Whiten):
        scaled = nn.Sequential([nn.Input(2, scale=SCALE), layer()], dtype="float64")
        plain = nn.Sequential([nn.Input(2), layer()], dtype="float64")
        scaled.adapt(x)
        plain.adapt(x * SCALE)
        assert all((scaled.state[name] == plain.state[name]).all() for name in scaled.state)
        assert np.abs(scaled.predict(x)).max() < 3


def test_a_model_called_on_nodes_scales_what_it_is_given() -> None:
    inner = model_with(SCALE)
    x, _ = data()
    outer = nn.Sequential([nn.Input((4, 3, 1)), inner])
    assert (outer.predict(x) == inner.predict(x)).all()
    twice = nn.Sequential([nn.Input((4, 3, 1), scale=2.0), inner])
    assert (twice.predict(x) == inner.predict(2 * x)).all()


def test_files_and_copies_keep_it(tmp_path: Path) -> None:
    x, _ = data()
    model = model_with(SCALE)
    model.save(tmp_path / "model.safetensors")
    for other in (nn.load(tmp_path / "model.safetensors"), copy.deepcopy(model), nn.Model.from_config(model.config())):
        assert other._network.graph.inputs[0].scale == SCALE
        assert (other.predict(x) == model.predict(x)).all()
    assert "scale" not in model_with(None).config()["inputs"][0], "models without a scale have the files they had"
    assert repr(nn.Input(3, scale=0.5)) == "Input((3,), name=None, scale=0.5)"
    assert repr(nn.Input(3)) == "Input((3,), name=None)"
    assert "times 0.00390625" in model.explain_backward(x[:2], [0, 1])


def test_preflight_sees_the_scaled_numbers() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (80, 12)).astype(np.uint8), rng.integers(0, 2, 80)
    found = {}
    for scale in (None, 1 / 255):
        model = nn.Sequential([nn.Input(12, scale=scale), nn.Dense(8, "relu"), nn.Dense(2, "softmax")])
        model.compile("adam", "nllm")
        found[scale] = {entry.status for entry in nn.preflight(model, x, y).entries if entry.name == "inputs"}
    assert found == {None: {"warn"}, 1 / 255: {"ok"}}


def test_only_what_the_scale_makes_infinite_is_refused() -> None:
    model = nn.Sequential([nn.Input(1, scale=1e30), nn.Activation("identity")])
    with pytest.raises(nn.DataError, match=r"x: expected finite numbers, got infinity in row 1"):
        model.predict(np.array([[1.0], [1e9]]))
    with pytest.raises(nn.DataError, match=r"x: expected finite numbers, got infinity in row 1"):
        model.predict(np.array([[1], [10**9]]))
    small = nn.Sequential([nn.Input(1, scale=1e-10), nn.Activation("identity")])
    assert small.predict(np.array([[1e40]])) == np.float32(1e30)


def test_training_makes_no_copy_of_the_data(tmp_path: Path) -> None:
    script = """
import numpy as np, nncpp as nn

def resident(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) / 1024

model = nn.Sequential([nn.Input((64, 64, 3), scale=1 / 255), nn.Flatten(), nn.Dense(1)])
model.compile(nn.SGD(0.0), "squared")
x = np.ones((10000, 64, 64, 3), np.uint8)  # 117 MB; 469 MB in float32
before = resident("VmRSS")
model.fit(x, np.zeros(len(x)), batch_size=100)
model.evaluate(x, np.zeros(len(x)))
print(resident("VmHWM") - before)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux")
    out = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(out.stdout) < 60
