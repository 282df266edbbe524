"""LocallyConnected2D and LocallyConnected1D, against the formula in NumPy and against Conv2D."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
CASES: list[tuple[tuple[int, int, int], tuple[int, int], dict[str, Any]]] = [
    ((5, 6, 3), (3, 2), {}),
    ((6, 5, 2), (3, 4), {"strides": (2, 3), "padding": ((2, 1), (0, 3))}),
    ((4, 4, 1), (3, 3), {"padding": "same"}),
    ((3, 4, 2), (2, 2), {"padding": "same", "strides": 2}),
    ((1, 1, 7), (1, 1), {"use_bias": False}),
]


def windows(u: Any, layer: Any) -> Any:
    """(N, H', W', F_h, F_w, C): what each position sees of u with its zeros around it."""
    rows, columns = layer.over(u.shape[1:])
    padded = np.pad(u, ((0, 0), tuple(rows.padding), tuple(columns.padding), (0, 0)))
    height, width = layer.kernel_size
    seen = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    return seen[:, :: rows.stride, :: columns.stride].transpose(0, 1, 2, 4, 5, 3)


@pytest.mark.parametrize(("shape", "size", "options"), CASES, ids=str)
def test_values_and_gradients_are_those_of_the_formula(shape: Any, size: Any, options: Any) -> None:
    layer = nn.LocallyConnected2D(4, size, bias_initializer=nn.initializers.Normal(0.0, 1.0), **options)
    module = layer.build(shape, dtype="float64")
    rng = np.random.default_rng(0)
    u, weight = rng.normal(size=(5, *shape)), module.parameters["weight"]
    seen = windows(u, layer)
    z = np.einsum("nyxijc,ijcyxk->nyxk", seen, weight) + module.parameters.get("bias", 0.0)
    v = module.forward(u)
    assert v.shape == (5, *module.output_shape)
    EXACT.assert_close(v, z)
    dz = rng.normal(size=v.shape)
    gradients = module.weight_gradients(u, v, dz)
    EXACT.assert_close(gradients["weight"], np.einsum("nyxijc,nyxk->ijcyxk", seen, dz))
    if "bias" in gradients:
        EXACT.assert_close(gradients["bias"], dz.sum(axis=0))
    # z is linear in u: du is the product with the matrix of z
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    matrix = np.einsum("nyxijc,ijcyxk->nyxk", windows(units, layer), weight)
    du = np.einsum("pyxk,nyxk->np", matrix, dz).reshape(u.shape)
    EXACT.assert_close(module.backward(u, v, dz), du)


@pytest.mark.parametrize("padding", ["valid", "same", 1])
def test_the_same_filters_everywhere_are_a_conv2d(padding: Any) -> None:
    shape, options = (7, 6, 3), {"strides": (2, 1), "padding": padding}
    shared = nn.Conv2D(5, (3, 2), "tanh", **options).build(shape, dtype="float64")
    own = nn.LocallyConnected2D(5, (3, 2), "tanh", **options).build(shape, dtype="float64")
    own.parameters["weight"][...] = shared.parameters["weight"][:, :, :, None, None, :]
    u = np.random.default_rng(1).normal(size=(4, *shape))
    v = own.forward(u)
    EXACT.assert_close(v, shared.forward(u))
    dv = np.random.default_rng(2).normal(size=v.shape)
    EXACT.assert_close(own.backward(u, v, dv), shared.backward(u, v, dv))
    gradients = own.weight_gradients(u, v, dv)
    EXACT.assert_close(gradients["weight"].sum(axis=(3, 4)), shared.weight_gradients(u, v, dv)["weight"])


def test_a_sequence_is_an_image_of_one_row() -> None:
    sequence = nn.LocallyConnected1D(4, 3, "tanh", strides=2, padding=(1, 0)).build((9, 2), dtype="float64")
    image = nn.LocallyConnected2D(4, (1, 3), "tanh", strides=(1, 2), padding=((0, 0), (1, 0))).build(
        (1, 9, 2), dtype="float64"
    )
    assert sequence.parameters["weight"].shape == (3, 2, 4, 4)
    assert sequence.parameters["bias"].shape == (4, 4)
    image.parameters["weight"][...] = sequence.parameters["weight"].reshape(image.parameters["weight"].shape)
    u = np.random.default_rng(3).normal(size=(5, 9, 2))
    EXACT.assert_close(sequence.forward(u), image.forward(u[:, None])[:, 0])


def test_max_norm_holds_for_the_filters_of_each_position() -> None:
    layer = nn.LocallyConnected2D(3, 2, weight_constraint=nn.MaxNorm(0.5), name="own")
    model = nn.Sequential([nn.Input((4, 3, 2)), layer], dtype="float64")
    before = model.parameters["own/weight"].copy()
    before[:, :, :, 0, 0] *= 0.1  # within the limit: not touched
    model.parameters["own/weight"][...] = before
    model.compile(nn.SGD(0.0), "squared")
    model.train_on_batch(np.ones((2, 4, 3, 2)), np.zeros((2, 3, 2, 3)))
    norms = np.sqrt((before**2).sum(axis=(0, 1, 2)))
    assert norms.min() < 0.5 < norms.max()
    EXACT.assert_close(model.parameters["own/weight"], before * np.minimum(1, 0.5 / norms))


def test_first_weights_have_the_variance_of_a_window() -> None:
    module = nn.LocallyConnected2D(8, 3, weight_initializer="he_normal").build((20, 20, 4), dtype="float64")
    weight = module.parameters["weight"]
    assert weight.std() == pytest.approx(np.sqrt(2 / (3 * 3 * 4)), rel=4 / np.sqrt(2 * weight.size))


def test_it_learns_what_filters_that_are_shared_cannot() -> None:
    """v = -u in the left half and u in the right one."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 2, 4, 1))
    y = x * np.repeat([-1.0, 1.0], 2)[None, None, :, None]
    losses = []
    for layer in (nn.LocallyConnected2D(1, 1), nn.Conv2D(1, 1)):
        model = nn.Sequential([nn.Input((2, 4, 1)), layer])
        model.compile(nn.Adam(0.05), "squared")
        model.fit(x, y, epochs=60)
        losses.append(model.evaluate(x, y)["loss"])
    assert losses[0] < 1e-3
    assert losses[1] > 1.0


def test_the_formulas_are_told() -> None:
    assert nn.LocallyConnected2D(3, 2, "relu").formulas.forward == (
        "U = window of u, at each position",
        "z = U W + b",
        "v = max(z, 0)",
    )
    assert nn.LocallyConnected2D(3, 2, use_bias=False).formulas.backward == ("dW = U^T dv", "du = dv W^T, added up")
