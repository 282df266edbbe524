"""Pools against NumPy from the formula, printed numbers and PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING, printed

WINDOWS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "2, 2": ({}, (6, 8, 3)),
    "3, 2, overlapping": ({"pool_size": 3, "strides": 2}, (7, 9, 20)),
    "rows and columns": ({"pool_size": (2, 3), "strides": (1, 2)}, (5, 9, 6)),
    "dropped": ({"pool_size": 2}, (5, 7, 6)),
    "apart": ({"pool_size": (1, 2), "strides": (2, 3)}, (5, 8, 2)),
    "padding": ({"pool_size": 3, "padding": 1}, (5, 4, 3)),
    "padding by axis": ({"pool_size": 3, "strides": 2, "padding": (1, 2)}, (5, 4, 3)),
    "padding by side": ({"pool_size": 3, "strides": 2, "padding": ((2, 0), (1, 2))}, (5, 4, 3)),
    "same": ({"pool_size": (4, 3), "strides": 1, "padding": "same"}, (5, 6, 3)),
    "more than a byte": ({"pool_size": (16, 17), "strides": 1}, (17, 18, 2)),
}
Reduce = Callable[[Any], tuple[Any, Any]]  # u of a window (N, pixels, C) to v and dv/du


def largest(u: Any) -> tuple[Any, Any]:
    return u.max(axis=1), np.arange(u.shape[1])[:, None] == u.argmax(axis=1)[:, None]


def mean(u: Any) -> tuple[Any, Any]:
    return u.mean(axis=1), np.full(u.shape, 1 / u.shape[1])


def norm(p: float) -> Reduce:
    def reduce(u: Any) -> tuple[Any, Any]:
        v = (abs(u) ** p).sum(axis=1) ** (1 / p)
        return v, np.sign(u) * (abs(u) / v[:, None]) ** (p - 1)

    return reduce


POOLS: dict[str, tuple[Callable[..., nn.Layer], Reduce]] = {
    "max": (nn.MaxPool2D, largest),
    "average": (nn.AveragePool2D, mean),
    "l2": (nn.LpPool2D, norm(2)),
    "l1": (lambda **options: nn.LpPool2D(p=1, **options), norm(1)),
    "l3.5": (lambda **options: nn.LpPool2D(p=3.5, **options), norm(3.5)),
}


def from_formula(reduce: Reduce, u: Any, dv: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    """V and du, window by window."""
    _, height, width, _ = u.shape
    size = np.broadcast_to(options.get("pool_size", 2), 2)
    strides = np.broadcast_to(options.get("strides", size), 2)
    padding = options.get("padding", 0)
    if padding == "same":
        padding = [((n - 1) // 2, n // 2) for n in size]
    padding = [np.broadcast_to(side, 2) for side in np.broadcast_to(padding, 2)] if np.ndim(padding) < 2 else padding
    (top, bottom), (left, right) = padding
    rows = range(-top, height + bottom - size[0] + 1, strides[0])
    columns = range(-left, width + right - size[1] + 1, strides[1])
    v, du = np.empty((len(u), len(rows), len(columns), u.shape[3])), np.zeros(u.shape)
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            place = (slice(None), slice(max(row, 0), row + size[0]), slice(max(column, 0), column + size[1]))
            window = u[place]
            v[:, y, x], slopes = reduce(window.reshape(len(u), -1, u.shape[3]).astype(np.float64))
            share = slopes * (1.0 if dv is None else dv[:, y, x][:, None])
            du[place] += share.reshape(window.shape)
    return v, du


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_are_those_of_the_formula(
    pool: str, window: str, dtype: str, rng: np.random.Generator
) -> None:
    (make, reduce), (options, shape) = POOLS[pool], WINDOWS[window]
    layer = make(**options).build(shape, dtype=dtype)
    u = rng.normal(size=(3, *shape)).astype(dtype)
    v = layer.forward(u)
    dv = rng.normal(size=v.shape).astype(dtype)
    expected_v, expected_du = from_formula(reduce, u, dv, options)
    ROUNDING[dtype].assert_close(v, expected_v)
    ROUNDING[dtype].assert_close(layer.backward(u, v, dv), expected_du)


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_a_sequence_is_an_image_of_one_row(kind: str, rng: np.random.Generator) -> None:
    u = rng.normal(size=(4, 11, 5))
    of_steps, of_images = getattr(nn, f"{kind}1D"), getattr(nn, f"{kind}2D")
    for steps, image in (
        (of_steps(3, 2, (1, 2)), of_images((1, 3), (1, 2), ((0, 0), (1, 2)))),
        (of_steps(4), of_images((1, 4))),
        (of_steps(3, 1, "same"), of_images((1, 3), 1, ((0, 0), (1, 1)))),
        (getattr(nn, f"Global{kind}1D")(), of_images((1, 11))),
    ):
        short, wide = steps.build((11, 5), dtype="float64"), image.build((1, 11, 5), dtype="float64")
        v = short.forward(u)
        dv = rng.normal(size=v.shape)
        of_image = wide.forward(u[:, None])
        assert (v == of_image.reshape(v.shape)).all()
        du = wide.backward(u[:, None], of_image, dv.reshape(of_image.shape))
        assert (short.backward(u, v, dv) == du[:, 0]).all()


def test_global_pools_are_those_of_numpy(rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, 6, 7, 20))
    of_max, of_mean = (
        layer.build(u.shape[1:], dtype="float64") for layer in (nn.GlobalMaxPool2D(), nn.GlobalAveragePool2D())
    )
    assert (of_max.forward(u) == u.max(axis=(1, 2))).all()
    ROUNDING["float64"].assert_close(of_mean.forward(u), u.mean(axis=(1, 2)))
    dv = rng.normal(size=(3, 20))
    du = dv[:, None, None] * (u == u.max(axis=(1, 2), keepdims=True))
    assert (of_max.backward(u, u.max(axis=(1, 2)), dv) == du).all()
    ROUNDING["float64"].assert_close(of_mean.backward(u, dv, dv), np.broadcast_to(dv[:, None, None] / 42, u.shape))


def test_max_pooling_of_a_published_exercise() -> None:
    """Stanford CS231n, assignment 2, ConvolutionalNetworks.ipynb: max_pool_forward_naive, there with channels first."""
    u = np.linspace(-0.3, 0.4, num=96).reshape(2, 3, 4, 4).transpose(0, 2, 3, 1)
    expected = [
        [
            [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
            [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
            [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
        ],
        [
            [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
            [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
            [[0.32631579, 0.34105263], [0.38526316, 0.4]],
        ],
    ]
    v = nn.MaxPool2D(2).build((4, 4, 3), dtype="float64").forward(u)
    printed(8).assert_close(v.transpose(0, 3, 1, 2), expected)


def test_both_pools_of_another_published_exercise() -> None:
    """deeplearning.ai, Convolutional Neural Networks, week 1: pool_forward, f = 3, stride = 2; a column is dropped."""
    u = np.random.RandomState(1).randn(2, 4, 4, 3)
    v = nn.MaxPool2D(3, 2).build((4, 4, 3), dtype="float64").forward(u)
    printed(8).assert_close(v[:, 0, 0], [[1.74481176, 0.86540763, 1.13376944], [1.13162939, 1.51981682, 2.18557541]])
    v = nn.AveragePool2D(3, 2).build((4, 4, 3), dtype="float64").forward(u)
    printed(8).assert_close(v[:, 0, 0], [[0.02105773, -0.20328806, -0.40389855], [-0.22154621, 0.51716526, 0.48155844]])


def test_shapes_that_texts_name() -> None:
    assert nn.MaxPool2D().build((32, 32, 12)).output_shape == (16, 16, 12)
    assert nn.MaxPool2D(3, 2).build((55, 55, 96)).output_shape == (27, 27, 96)
    assert nn.MaxPool2D().build((28, 28, 6)).output_shape == (14, 14, 6)


def test_padding_is_not_the_largest_and_does_not_count() -> None:
    u = np.full((1, 2, 2, 1), -1.0)
    for layer in (nn.MaxPool2D(3, 1, 1), nn.AveragePool2D(3, 1, 1)):
        assert (layer.build((2, 2, 1)).forward(u) == -1.0).all()


def test_of_equal_pixels_the_first_has_the_gradient() -> None:
    layer = nn.MaxPool2D(3, 2).build((3, 5, 1))
    u = np.ones((1, 3, 5, 1))
    du = layer.backward(u, layer.forward(u), np.array([2.0, 3.0]).reshape(1, 1, 2, 1))
    assert du[0, :, :, 0].tolist() == [[2.0, 0.0, 3.0, 0.0, 0.0], [0.0] * 5, [0.0] * 5]


@pytest.mark.parametrize("make", [nn.MaxPool2D, nn.AveragePool2D, nn.LpPool2D])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_comes_through(make: Callable[[], nn.Layer], dtype: str, rng: np.random.Generator) -> None:
    layer = make().build((4, 4, 19), dtype=dtype)
    for pixel in np.ndindex(4, 4):
        u = rng.normal(size=(1, 4, 4, 19))
        u[0, pixel[0], pixel[1], 17] = np.nan
        expected = np.zeros((1, 2, 2, 19), bool)
        expected[0, pixel[0] // 2, pixel[1] // 2, 17] = True
        assert (np.isnan(layer.forward(u)) == expected).all()


def test_an_lp_pool_of_zeros_has_no_gradient_and_of_large_numbers_no_overflow() -> None:
    for p in (1, 2, 10):
        layer = nn.LpPool2D(p=p).build((2, 2, 2))
        u = np.zeros((1, 2, 2, 2))
        u[..., 1] = 1e30
        v = layer.forward(u)
        ROUNDING["float32"].assert_close(v[0, 0, 0], [0.0, 1e30 * 4 ** (1 / p)])
        du = layer.backward(u, v, np.ones((1, 1, 1, 2)))
        assert (du[..., 0] == 0).all()
        ROUNDING["float32"].assert_close(du[..., 1], 4 ** (1 / p - 1))


@pytest.mark.parametrize("make", [nn.MaxPool2D, nn.AveragePool2D, nn.LpPool2D, lambda *a: nn.LpPool2D(*a, p=3)])
def test_overlapping_windows_pass_the_exact_check(make: Callable[..., nn.Layer], rng: np.random.Generator) -> None:
    layers = [nn.Conv2D(3, 3, "tanh"), make(3, 2), nn.Flatten(), nn.Dense(2)]
    model = nn.Sequential([nn.Input((9, 9, 2)), *layers], dtype="float64")
    model.compile(loss="squared")
    x, y = rng.normal(size=(3, 9, 9, 2)), rng.normal(size=(3, 2))
    assert nn.check_gradients(model, x, y, mode="exact").ok
    assert nn.check_gradients(model, x, y).ok


def test_a_larger_batch_than_threads_is_its_images(rng: np.random.Generator) -> None:
    layer = nn.MaxPool2D(3, 2).build((9, 9, 21))
    u = rng.normal(size=(150, 9, 9, 21)).astype(np.float32)
    v = layer.forward(u)
    assert (v == np.concatenate([layer.forward(image) for image in np.split(u, 150)])).all()


def test_models_with_pools_come_back_from_files(tmp_path: Any, rng: np.random.Generator) -> None:
    layers = [nn.AveragePool2D(2, padding=1), nn.LpPool2D(2, 1, p=3), nn.MaxPool2D((2, 1)), nn.GlobalMaxPool2D()]
    model = nn.Sequential([nn.Input((6, 6, 2)), *layers, nn.Dense(2)])
    model.save(tmp_path / "pools.safetensors")
    again = nn.load(tmp_path / "pools.safetensors")
    x = rng.normal(size=(4, 6, 6, 2))
    assert (again.predict(x) == model.predict(x)).all()
    assert [layer.config() | {"name": None} for layer in again.layers] == [layer.config() for layer in model.layers]


WINDOWS_OF_TORCH = [(2, 2, 0), (3, 2, 0), ((2, 3), 2, 0), (3, 2, 1), (3, 1, 1)]


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("kind", "size", "strides", "padding"),
    [("max", *window) for window in WINDOWS_OF_TORCH]
    + [("average", *window) for window in WINDOWS_OF_TORCH]
    + [(kind, *window) for kind in ("l2", "l3") for window in WINDOWS_OF_TORCH[:3]],  # PyTorch's have no padding
)
def test_values_and_gradients_equal_those_of_torch(
    kind: str, size: Any, strides: int, padding: int, rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    u = rng.normal(size=(4, 9, 10, 5))
    if kind == "l3":
        u = abs(u)  # PyTorch takes u^3, not |u|^3
    functional = torch.nn.functional
    theirs, layer = {
        "max": (lambda x: functional.max_pool2d(x, size, strides, padding), nn.MaxPool2D(size, strides, padding)),
        "average": (
            lambda x: functional.avg_pool2d(x, size, strides, padding, count_include_pad=False),
            nn.AveragePool2D(size, strides, padding),
        ),
        "l2": (lambda x: functional.lp_pool2d(x, 2, size, strides), nn.LpPool2D(size, strides)),
        "l3": (lambda x: functional.lp_pool2d(x, 3, size, strides), nn.LpPool2D(size, strides, p=3)),
    }[kind]
    x = torch.tensor(u, requires_grad=True)
    expected = theirs(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    dv = rng.normal(size=tuple(expected.shape))
    expected.backward(torch.from_numpy(dv))
    pool = layer.build(u.shape[1:], dtype="float64")
    v = pool.forward(u)
    ROUNDING["float64"].assert_close(v, expected.detach().numpy())
    ROUNDING["float64"].assert_close(pool.backward(u, v, dv), x.grad.numpy())
