"""What every layer promises, on every row of the table of all layers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from families import built_in
from layer_table import ROWS, Row
from nncpp import _core
from snapshots import snapshot
from tolerances import GRADIENT, GRADIENT_FLOOR, ROUNDING

H = 1e-3  # the five-point difference is wrong by about h^4 and 1e-16 / h
LARGE_ROWS = [row for row in ROWS if row.large is not None]
every_layer = pytest.mark.parametrize("row", ROWS, ids=str)
every_large_layer = pytest.mark.parametrize("row", LARGE_ROWS, ids=str)


def build(row: Row, dtype: str = "float64", seed: int = 0) -> Any:
    """The layer on its own, its state (a mean, a deviation) somewhere above 0."""
    module = row.make().build(row.input_shape, seed=seed, dtype=dtype)
    for values in module.state.values():
        values[...] = np.random.default_rng(5).uniform(0.5, 2.0, values.shape)
    return module


def points(row: Row, module: Any, n: int = 4) -> Any:
    """Rows on both sides of zero, at least 10 h away from any kink."""
    for seed in range(1000):
        u = row.samples(np.random.default_rng(seed), n)
        if row.vocabulary:
            return u
        has_both_signs = u.min() < 0 < u.max() or u.size == 1
        if has_both_signs and np.abs(row.kinks(u, module.parameters)).min() >= 10 * H:
            return u
    raise AssertionError("no points away from the kinks")


def difference(f: Callable[[], float], values: Any) -> Any:
    """df/dvalues by central differences of fourth order; f reads the memory of values."""
    gradient = np.empty_like(values)
    for i in np.ndindex(values.shape):
        old = values[i]

        def at(step: float, i: Any = i, old: float = old) -> float:
            values[i] = old + step
            return f()

        gradient[i] = (8 * (at(H) - at(-H)) - (at(2 * H) - at(-2 * H))) / (12 * H)
        values[i] = old
    return gradient


def require_gradient(name: str, got: Any, expected: Any) -> None:
    assert got.shape == expected.shape
    error = np.abs(got - expected) / np.maximum(np.maximum(np.abs(got), np.abs(expected)), GRADIENT_FLOOR)
    assert error.max() <= GRADIENT, f"{name}: relative error {error.max():.2g}"


def require_right_gradients(row: Row, module: Any, training: bool) -> None:
    u = points(row, module)
    options = {"training": training, "step": 3}
    v = module.forward(u, **options)
    dv = np.random.default_rng(1).normal(size=v.shape)

    def loss() -> float:
        return float(np.sum(module.forward(u, **options) * dv))

    if not row.vocabulary:
        require_gradient("u", module.backward(u, v, dv, **options), difference(loss, u))
    gradients = module.weight_gradients(u, v, dv, **options)
    assert list(gradients) == list(module.parameters)
    for name, weight in module.parameters.items():
        require_gradient(name, gradients[name], difference(loss, weight))


def test_every_layer_of_the_package_has_a_row() -> None:
    # of several inputs: test_ops.py, test_hierarchical_softmax.py
    several = nn.layers.operators.Operator, nn.HierarchicalSoftmax
    layers = {kind for kind, c in built_in(nn.layers.Layer).items() if not issubclass(c, several)}
    assert {row.make().kind for row in ROWS} >= layers


def test_every_activation_with_a_derivative_has_a_row() -> None:
    for kind in ("Dense", "Activation"):
        layers = [row.make() for row in ROWS]
        listed = {layer.activation for layer in layers if layer.kind == kind}
        assert listed == set(_core.activation_names) - {"step"}


@every_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_output_has_the_planned_shape_and_the_dtype_of_the_module(row: Row, dtype: str) -> None:
    module = build(row, dtype)
    v = module.forward(points(row, module, n=5))
    assert module.output_shape == row.output_shape
    assert v.shape == (5, *row.output_shape)
    assert v.dtype == dtype


@every_layer
@pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])
def test_gradients_of_inputs_and_parameters_equal_differences(row: Row, training: bool) -> None:
    require_right_gradients(row, build(row), training)


class OffByOnePercent:
    """A module whose backward is a little wrong in one place."""

    def __init__(self, module: Any, place: str) -> None:
        self.module, self.place = module, place
        self.parameters, self.forward = module.parameters, module.forward

    def backward(self, *arguments: Any, **options: Any) -> Any:
        return self.module.backward(*arguments, **options) * (1.01 if self.place == "u" else 1.0)

    def weight_gradients(self, *arguments: Any, **options: Any) -> Any:
        gradients = self.module.weight_gradients(*arguments, **options)
        return {name: g * (1.01 if self.place == name else 1.0) for name, g in gradients.items()}


@every_layer
def test_a_backward_that_is_wrong_by_one_percent_is_found(row: Row) -> None:
    module = build(row)
    for place in [*([] if row.vocabulary else ["u"]), *module.parameters]:
        with pytest.raises(AssertionError, match=f"{place}: relative error"):
            require_right_gradients(row, OffByOnePercent(module, place), training=False)


@every_layer
def test_a_layer_in_two_places_adds_its_gradients(row: Row) -> None:
    rng = np.random.default_rng(2)
    x = row.samples(rng, 3)
    targets = [rng.normal(size=(3, *row.output_shape)) for _ in range(2)]
    layer, inputs = row.make(name="layer"), row.input("x")
    both = nn.Model(inputs, [layer(inputs), layer(inputs)], dtype="float64")
    both.compile(loss="squared")
    one = nn.Sequential([row.input("x"), row.make(name="layer")], dtype="float64")
    one.compile(loss="squared")
    loss, gradients = both.loss_and_gradients(x, targets, inputs=True)
    parts = [one.loss_and_gradients(x, target, inputs=True) for target in targets]
    exact = ROUNDING["float64"]
    exact.assert_close(loss, parts[0][0] + parts[1][0])
    assert set(gradients) == {*([] if row.vocabulary else ["x"]), *both.parameters}
    for name, gradient in gradients.items():
        exact.assert_close(gradient, parts[0][1][name] + parts[1][1][name])


@every_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_batch_gives_what_its_rows_give_one_by_one(row: Row, dtype: str) -> None:
    module = build(row, dtype)
    u = points(row, module, n=7)
    singles = [module.forward(u[i : i + 1]) for i in range(len(u))]
    ROUNDING[dtype].assert_close(module.forward(u), np.concatenate(singles))


@every_layer
def test_one_row_is_enough(row: Row) -> None:
    module = build(row)
    u = points(row, module, n=1)
    v = module.forward(u)
    assert v.shape == (1, *row.output_shape)
    assert module.backward(u, v, np.ones_like(v)).shape == u.shape


@every_large_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_threads_changes_no_bit(row: Row, dtype: str) -> None:
    assert row.large is not None
    module = row.large().build(row.large_shape, dtype=dtype)
    rng = np.random.default_rng(3)
    u = row.samples(rng, 1201, row.large_shape).astype(dtype)
    dv = rng.normal(size=(1201, *module.output_shape)).astype(dtype)

    def bits(count: int) -> list[bytes]:
        with nn.threads(count):
            v = module.forward(u, training=True, step=1)
            du = module.backward(u, v, dv, training=True, step=1)
            weights = module.weight_gradients(u, v, dv, training=True, step=1)
        return [array.tobytes() for array in (v, du, *weights.values())]

    alone = bits(1)
    for count in (2, 3, 8):
        assert bits(count) == alone, f"{count} threads"


@every_layer
def test_the_seed_decides_every_bit(row: Row) -> None:
    def bits(seed: int) -> list[bytes]:
        module = build(row, seed=seed)
        u = row.samples(np.random.default_rng(4), 8)
        return [module.forward(u, training=True).tobytes(), *(w.tobytes() for w in module.parameters.values())]

    assert bits(11) == bits(11)
    if row.is_random or row.make().kind in ("Conv1D", "Conv2D", "Dense", "Embedding", "Maxout"):
        assert bits(11) != bits(12)


@every_layer
def test_a_random_layer_changes_with_the_step_and_only_in_training(row: Row) -> None:
    module = build(row)
    u = points(row, module, n=8)

    def bits(training: bool, step: int) -> bytes:
        return bytes(module.forward(u, training=training, step=step).tobytes())

    assert bits(False, 0) == bits(False, 1)
    assert bits(True, 1) == bits(True, 1)
    assert (bits(True, 0) != bits(True, 1)) == row.is_random


@every_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_saved_layer_comes_back_with_the_same_bits(row: Row, dtype: str, tmp_path: Path) -> None:
    model = nn.Sequential([row.input(), row.make()], dtype=dtype, seed=7)
    x = row.samples(np.random.default_rng(6), 9)
    model.adapt(x)
    model.save(tmp_path / "layer.safetensors")
    again = nn.load(tmp_path / "layer.safetensors")
    assert snapshot(again) == snapshot(model)
    assert again.config() == model.config()
    assert again.predict(x).tobytes() == model.predict(x).tobytes()


@every_layer
def test_a_wrong_shape_is_refused_with_the_name_of_the_layer(row: Row) -> None:
    module = row.make(name="the_layer").build(row.input_shape)
    wrong = np.zeros((2, *row.input_shape[:-1], row.input_shape[-1] + 1))
    with pytest.raises(nn.ShapeError, match="the_layer") as raised:
        module.forward(wrong)
    assert str(wrong.shape) in str(raised.value)
