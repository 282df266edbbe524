"""Layers that put numbers elsewhere: another shape, several in one, zeros around them, pixels repeated."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import GRADIENT, ROUNDING

EXACT = ROUNDING["float64"]


def run(layer: nn.Layer, *u: Any) -> tuple[Any, Any, Any]:
    """v, a dv of random numbers, and what du is for it."""
    shapes = [x.shape[1:] for x in u]
    module = layer.build(shapes if len(u) > 1 else shapes[0], dtype="float64")
    inputs = list(u) if len(u) > 1 else u[0]
    v = module.forward(inputs)
    dv = np.random.default_rng(9).normal(size=v.shape)
    return v, dv, module.backward(inputs, v, dv)


# --- another shape --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 5, 2), (7,), (2, 3), (2, 1, 3, 2, 2)], ids=str)
def test_flatten_is_row_major(shape: Any, rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, *shape))
    v, dv, du = run(nn.Flatten(), u)
    assert v.shape == (3, u[0].size)
    assert (v == u.reshape(3, -1)).all()
    assert (du == dv.reshape(u.shape)).all()


def test_reshape_is_that_of_numpy(rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 4, 6))
    v, dv, du = run(nn.Reshape((2, -1, 3)), u)
    assert (v == u.reshape(3, 2, 4, 3)).all()
    assert (du == dv.reshape(u.shape)).all()


def test_a_product_behind_flatten_is_that_of_numpy(rng: np.random.Generator) -> None:
    x = rng.normal(size=(6, 5, 4, 2))
    layers = [nn.Input((5, 4, 2)), nn.Conv2D(3, 2, "tanh"), nn.Flatten(), nn.Dense(4, bias_initializer="ones")]
    model = nn.Sequential(layers, dtype="float64")
    w, b, weight, bias = model.parameters.values()
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))
    hidden = np.tanh(np.einsum("nyxcij,ijck->nyxk", windows, w) + b)
    EXACT.assert_close(model.predict(x), hidden.reshape(6, 36) @ weight + bias)


def branches(x: nn.Input, is_view: bool) -> Any:
    """A hidden image that a product reads flat, another one as it is, and that is an output; the views are real or not.

    A view is no view where something else reads its input: here sums with 0, which change no bit.
    """

    def flat(node: Any) -> Any:
        return nn.Flatten()(node) if is_view else nn.Reshape(-1)(node + 0.0)

    hidden = nn.Conv2D(3, 2, "tanh")(x)
    return [nn.Dense(4, "tanh")(flat(hidden)), nn.Dense(2)(hidden), hidden, flat(nn.Dense(2, "tanh")(hidden)), flat(x)]


def test_views_in_all_places_have_the_bits_of_copies(rng: np.random.Generator) -> None:
    x = rng.normal(size=(6, 5, 4, 2))
    results: list[Any] = []
    for is_view in (True, False):
        node = nn.Input((5, 4, 2), name="x")
        outputs = branches(node, is_view)
        model = nn.Model(node, outputs, dtype="float64")
        model.compile(nn.SGD(0.1), "squared")
        if results:
            for mine, other in zip(model.parameters.values(), results[0][0], strict=True):
                mine[...] = other
        weights = [values.copy() for values in model.parameters.values()]
        y = [np.ones((6, *output.shape)) for output in outputs]
        loss, gradients = model.loss_and_gradients(x, y, inputs=True)
        steps = [model.train_on_batch(x, y) for _ in range(3)]
        results.append((weights, loss, list(gradients.values()), steps, model.predict(x)))
    (_, loss, mine, steps, v), (_, same_loss, others, same_steps, same_v) = results
    assert loss == same_loss
    assert steps == same_steps
    for array, same in zip([*mine, *v], [*others, *same_v], strict=True):
        assert array.tobytes() == same.tobytes()


def test_gradients_go_through_views(rng: np.random.Generator) -> None:
    x = nn.Input((5, 4, 2))
    model = nn.Model(x, branches(x, True), dtype="float64")
    model.compile("sgd", "squared")
    data = rng.normal(size=(5, 5, 4, 2))
    report = nn.check_gradients(model, data, [np.zeros_like(v) for v in model.predict(data)])
    assert report.ok, str(report)
    assert report.max_relative_error <= GRADIENT


# --- several in one -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("axis", "shapes"), [
    (-1, [(4, 3, 2), (4, 3, 5), (4, 3, 1)]),
    (0, [(4, 3), (1, 3)]),
    (1, [(2, 3, 4), (2, 1, 4)]),
], ids=str)  # fmt: skip
def test_concatenate_is_that_of_numpy(axis: int, shapes: Any, rng: np.random.Generator) -> None:
    u = [rng.normal(size=(3, *shape)) for shape in shapes]
    axes = axis + 1 if axis >= 0 else axis
    layer = nn.Concatenate(axis) if axis != -1 else nn.Concatenate()
    v, dv, du = run(layer, *u)
    assert (v == np.concatenate(u, axis=axes)).all()
    ends = np.cumsum([x.shape[axes] for x in u])
    for mine, part in zip(du, np.split(dv, ends[:-1], axis=axes), strict=True):
        assert (mine == part).all()


def test_the_layer_joins_the_last_axis_and_the_operator_the_first() -> None:
    a, b = nn.Input((2, 3)), nn.Input((2, 3))
    assert nn.Concatenate()([a, b]).shape == (2, 6)
    assert nn.ops.concatenate([a, b]).shape == (4, 3)


def test_add_and_multiply_are_those_of_numpy(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 5, 4, 3, 2))
    v, dv, (da, db) = run(nn.Add(), a, b)
    assert (v == a + b).all()
    assert (da == dv).all()
    assert (db == dv).all()
    v, dv, (da, db) = run(nn.Multiply(), a, b)
    assert (v == a * b).all()
    assert (da == b * dv).all()
    assert (db == a * dv).all()


def test_a_gate_of_channels_broadcasts(rng: np.random.Generator) -> None:
    u, gate = rng.normal(size=(5, 4, 3, 2)), rng.normal(size=(5, 1, 1, 2))
    v, dv, (du, dgate) = run(nn.Multiply(), u, gate)
    assert (v == u * gate).all()
    EXACT.assert_close(du, gate * dv)
    EXACT.assert_close(dgate, (u * dv).sum(axis=(1, 2), keepdims=True))


@pytest.mark.parametrize(("layer", "whole"), [(nn.Add, np.sum), (nn.Multiply, np.prod)], ids=["add", "multiply"])
def test_of_many_operands(layer: Any, whole: Any, rng: np.random.Generator) -> None:
    nodes, x = [nn.Input(3) for _ in range(4)], list(rng.normal(size=(4, 7, 3)))
    model = nn.Model(nodes, layer(name="all")(nodes), dtype="float64")
    EXACT.assert_close(model.predict(x), whole(x, axis=0))
    again = nn.Model.from_config(model.config())
    assert again.predict(x).tobytes() == model.predict(x).tobytes()
    model.compile("sgd", "squared")
    assert nn.check_gradients(model, x, np.zeros((7, 3))).ok


def test_a_residual_net_learns(rng: np.random.Generator) -> None:
    x = nn.Input((6, 6, 2))
    hidden = nn.Conv2D(4, 3, "relu", padding="same")(x)
    sums = nn.Add()([hidden, nn.Conv2D(4, 3, "relu", padding="same")(hidden)])
    model = nn.Model(x, nn.Dense(2, "softmax")(nn.Flatten()(nn.Concatenate()([sums, x]))), seed=1)
    model.compile(nn.Adam(0.01), "nllm", metrics=["accuracy"])
    data = rng.normal(size=(60, 6, 6, 2))
    labels = (data[:, 2, 2, 0] * data[:, 2, 3, 0] > 0).astype(int)
    model.fit(data, labels, epochs=40, batch_size=20)
    assert model.evaluate(data, labels)["accuracy"] == 1.0


# --- images ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("padding", "sides"),
    [
        (1, ((1, 1), (1, 1))),
        ((2, 0), ((2, 2), (0, 0))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        ((1, (0, 2)), ((1, 1), (0, 2))),
        (0, ((0, 0), (0, 0))),
    ],
    ids=str,
)
def test_zeros_around_an_image(padding: Any, sides: Any, rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 4, 5, 2))
    v, dv, du = run(nn.ZeroPad2D(padding), u)
    assert (v == np.pad(u, ((0, 0), *sides, (0, 0)))).all()
    (top, _), (left, _) = sides
    assert (du == dv[:, top : top + 4, left : left + 5]).all()


@pytest.mark.parametrize(("padding", "ends"), [(2, (2, 2)), ((0, 3), (0, 3))], ids=str)
def test_zeros_at_the_ends_of_a_sequence(padding: Any, ends: Any, rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 4, 2))
    v, dv, du = run(nn.ZeroPad1D(padding), u)
    assert (v == np.pad(u, ((0, 0), ends, (0, 0)))).all()
    assert (du == dv[:, ends[0] : ends[0] + 4]).all()


def test_zeros_before_a_convolution_are_its_padding(rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 5, 4, 2))
    padded, plain = (nn.Sequential([nn.Input((5, 4, 2)), *layers], dtype="float64", seed=4) for layers in (
        [nn.Conv2D(3, 3, padding=((1, 2), (0, 3)))],
        [nn.ZeroPad2D(((1, 2), (0, 3))), nn.Conv2D(3, 3)],
    ))  # fmt: skip
    for mine, other in zip(plain.parameters.values(), padded.parameters.values(), strict=True):
        mine[...] = other
    EXACT.assert_close(plain.predict(u), padded.predict(u))


@pytest.mark.parametrize(("size", "factors"), [(2, (2, 2)), ((3, 1), (3, 1)), ((1, 2), (1, 2)), (1, (1, 1))], ids=str)
def test_pixels_are_repeated(size: Any, factors: Any, rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 4, 5, 2))
    v, dv, du = run(nn.UpSample2D(size), u)
    assert (v == u.repeat(factors[0], axis=1).repeat(factors[1], axis=2)).all()
    EXACT.assert_close(du, dv.reshape(3, 4, factors[0], 5, factors[1], 2).sum(axis=(2, 4)))


def test_steps_are_repeated(rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 4, 2))
    v, dv, du = run(nn.UpSample1D(3), u)
    assert (v == u.repeat(3, axis=1)).all()
    EXACT.assert_close(du, dv.reshape(3, 4, 3, 2).sum(axis=2))


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")  # other packages' own warnings
@pytest.mark.parametrize("size", [2, (3, 2)], ids=str)
def test_pixels_are_repeated_as_torch_does(size: Any, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    u = rng.normal(size=(3, 4, 5, 2))
    v, dv, du = run(nn.UpSample2D(size), u)
    images = torch.tensor(u.transpose(0, 3, 1, 2), requires_grad=True)
    theirs = torch.nn.functional.interpolate(images, scale_factor=size, mode="nearest")
    theirs.backward(torch.tensor(dv.transpose(0, 3, 1, 2)))
    assert (v == theirs.detach().numpy().transpose(0, 2, 3, 1)).all()
    EXACT.assert_close(du, images.grad.numpy().transpose(0, 2, 3, 1))
