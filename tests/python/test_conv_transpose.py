"""Conv2DTranspose and Conv1DTranspose: the formula in NumPy, the Conv2D that they are the transpose of, and PyTorch."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
CASES: list[tuple[tuple[int, int, int], tuple[int, int], dict[str, Any]]] = [
    ((3, 4, 2), (3, 2), {}),
    ((1, 1, 3), (4, 5), {"use_bias": False}),
    ((4, 3, 3), (3, 3), {"strides": 2, "padding": 1, "output_padding": 1}),
    ((2, 3, 2), (2, 2), {"strides": (4, 3), "output_padding": (0, 2)}),
    ((5, 4, 3), (3, 4), {"strides": (2, 3), "padding": (1, 2), "dilation": (2, 1)}),
    ((3, 3, 17), (3, 2), {"dilation": (2, 3), "padding": (2, 1)}),
]


def module_of(shape: Any, size: Any, options: Any, filters: int = 4) -> Any:
    layer = nn.Conv2DTranspose(filters, size, bias_initializer=nn.initializers.Normal(0.0, 1.0), **options)
    return layer.build(shape, dtype="float64")


def drawn(u: Any, weight: Any, options: Any) -> Any:
    """What each pixel draws on a canvas without an edge, then cut; the output padding is left open at the end."""

    def by_axis(name: str, otherwise: int) -> list[int]:
        return np.broadcast_to(options.get(name, otherwise), 2).tolist()

    strides, dilation = by_axis("strides", 1), by_axis("dilation", 1)
    cut, left_open = by_axis("padding", 0), by_axis("output_padding", 0)
    sizes, steps = weight.shape[:2], [(u.shape[1 + axis] - 1) * strides[axis] + 1 for axis in (0, 1)]
    lengths = [steps[axis] + dilation[axis] * (sizes[axis] - 1) for axis in (0, 1)]
    canvas = np.zeros((len(u), lengths[0] + left_open[0], lengths[1] + left_open[1], weight.shape[2]))
    for i, j in np.ndindex(*sizes):
        row, column = i * dilation[0], j * dilation[1]
        canvas[:, row : row + steps[0] : strides[0], column : column + steps[1] : strides[1]] += u @ weight[i, j].T
    ends = [lengths[axis] + left_open[axis] - cut[axis] for axis in (0, 1)]
    return canvas[:, cut[0] : ends[0], cut[1] : ends[1]]


@pytest.mark.parametrize(("shape", "size", "options"), CASES, ids=str)
def test_values_and_gradients_are_those_of_the_formula(shape: Any, size: Any, options: Any) -> None:
    module = module_of(shape, size, options)
    rng = np.random.default_rng(0)
    u, weight = rng.normal(size=(5, *shape)), module.parameters["weight"]
    assert weight.shape == (*size, 4, shape[-1])
    v = module.forward(u)
    EXACT.assert_close(v, drawn(u, weight, options) + module.parameters.get("bias", 0.0))
    dv = rng.normal(size=v.shape)
    # v is linear in u and in W: gradients are products with the matrices of it
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    du = np.tensordot(dv, drawn(units, weight, options), axes=((1, 2, 3), (1, 2, 3)))
    EXACT.assert_close(module.backward(u, v, dv), du.reshape(u.shape))
    gradients = module.weight_gradients(u, v, dv)
    places = np.eye(weight.size).reshape(-1, *weight.shape)
    dW = [float(np.sum(dv * drawn(u, place, options))) for place in places]  # noqa: N806
    EXACT.assert_close(gradients["weight"], np.reshape(dW, weight.shape))
    if "bias" in gradients:
        EXACT.assert_close(gradients["bias"], dv.sum(axis=(0, 1, 2)))


@pytest.mark.parametrize(("shape", "size", "options"), CASES, ids=str)
def test_it_is_the_transpose_of_the_conv2d_with_its_weight(shape: Any, size: Any, options: Any) -> None:
    back = module_of(shape, size, options | {"use_bias": False})
    options = {name: value for name, value in options.items() if name in ("strides", "padding", "dilation")}
    there = nn.Conv2D(shape[-1], size, use_bias=False, **options).build(back.output_shape, dtype="float64")
    assert there.output_shape == shape
    there.parameters["weight"][...] = back.parameters["weight"]
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(3, *back.output_shape)), rng.normal(size=(3, *shape))
    EXACT.assert_close(np.vdot(there.forward(x), y), np.vdot(x, back.forward(y)))


def test_numbers_by_hand() -> None:
    layer = nn.Conv1DTranspose(1, 3, strides=2, weight_initializer="ones").build((3, 1))
    assert layer.forward(np.array([[[1.0], [2.0], [4.0]]])).ravel().tolist() == [1, 1, 3, 2, 6, 4, 4]
    layer = nn.Conv1DTranspose(1, 2, strides=3, padding="same", weight_initializer="ones").build((2, 1))
    assert layer.forward(np.array([[[1.0], [2.0]]])).ravel().tolist() == [1, 1, 0, 2, 2, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_makes_the_image_larger_by_the_strides(size: int, strides: int, dilation: int) -> None:
    options = {"strides": (strides, 1), "dilation": (dilation, 1), "use_bias": False}
    module = module_of((4, 5, 2), (size, 3), {"padding": "same", **options})
    assert module.output_shape == (4 * strides, 5, 4)
    # what is beyond is cut off at both ends, the odd one after; what is missing stays open after
    whole = module_of((4, 5, 2), (size, 3), options)
    u = np.random.default_rng(2).normal(size=(2, 4, 5, 2))
    v = whole.forward(u)[:, :, 1:-1]
    first = max(dilation * (size - 1) + 1 - strides, 0) // 2
    expected = np.zeros((2, 4 * strides, 5, 4))
    piece = v[:, first : first + 4 * strides]
    expected[:, : piece.shape[1]] = piece
    EXACT.assert_close(module.forward(u), expected)


def test_a_sequence_is_an_image_of_one_row() -> None:
    sequence = nn.Conv1DTranspose(4, 5, "tanh", strides=3, padding=(1, 0), output_padding=2, dilation=2).build(
        (6, 2), dtype="float64"
    )
    image = nn.Conv2DTranspose(
        4, (1, 5), "tanh", strides=(1, 3), padding=((0, 0), (1, 0)), output_padding=(0, 2), dilation=(1, 2)
    ).build((1, 6, 2), dtype="float64")
    assert sequence.parameters["weight"].shape == (5, 4, 2)
    image.parameters["weight"][...] = sequence.parameters["weight"][None]
    u = np.random.default_rng(3).normal(size=(5, 6, 2))
    EXACT.assert_close(sequence.forward(u), image.forward(u[:, None])[:, 0])


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("shape", "size", "options"), CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_are_those_of_torch(shape: Any, size: Any, options: Any, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    layer = nn.Conv2DTranspose(4, size, "tanh", bias_initializer="ones", **options)
    module = layer.build(shape, dtype=dtype)
    rng = np.random.default_rng(4)
    u = rng.normal(size=(5, *shape)).astype(dtype)
    x, weight = (torch.tensor(value.copy(), requires_grad=True) for value in (u, module.parameters["weight"]))
    use_bias = options.get("use_bias", True)
    bias = torch.ones(4, dtype=x.dtype, requires_grad=True) if use_bias else None
    theirs = torch.nn.functional.conv_transpose2d(
        x.permute(0, 3, 1, 2),
        weight.permute(3, 2, 0, 1),
        bias,
        stride=options.get("strides", 1),
        padding=options.get("padding", 0),
        output_padding=options.get("output_padding", 0),
        dilation=options.get("dilation", 1),
    )
    theirs = torch.tanh(theirs.permute(0, 2, 3, 1))
    v = module.forward(u)
    close = ROUNDING[dtype].assert_close
    close(v, theirs.detach().numpy())
    dv = rng.normal(size=v.shape).astype(dtype) / v.size
    theirs.backward(torch.tensor(dv))
    close(module.backward(u, v, dv), x.grad.numpy())
    gradients = module.weight_gradients(u, v, dv)
    close(gradients["weight"], weight.grad.numpy())
    if use_bias:
        close(gradients["bias"], bias.grad.numpy())


def test_multiply_adds_are_those_of_every_filter_on_every_pixel() -> None:
    layer = nn.Conv2DTranspose(6, (3, 2), strides=2)
    assert layer.multiply_adds((5, 4, 7), (11, 8, 6)) == 5 * 4 * 7 * 3 * 2 * 6


def test_the_formulas_are_told() -> None:
    assert nn.Conv2DTranspose(3, 2).formulas.forward == ("v = u W^T, added up + b",)
    assert nn.Conv2DTranspose(3, 2, "relu").formulas.backward == (
        "dz = dv where z > 0, else 0",
        "dW = (windows of dz)^T u",
        "db = sum over pixels of dz",
        "du = (windows of dz) W",
    )
