"""Conv2D and Conv1D: the sums, and what the layers promise beside the contract."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate

import nncpp as nn
from tolerances import ROUNDING, printed

EXACT = ROUNDING["float64"]
BIAS = nn.initializers.Normal(0.0, 1.0)
WINDOWS: dict[str, dict[str, Any]] = {
    "plain": {},
    "strides": {"strides": (2, 3)},
    "padding": {"padding": ((1, 0), (2, 3))},
    "padding larger than the filter": {"padding": (4, 6)},
    "dilation": {"dilation": (2, 1)},
    "all": {"strides": (1, 2), "padding": (2, 1), "dilation": (2, 3)},
    "groups": {"groups": 2, "padding": 1},
    "depthwise": {"groups": 4, "padding": "same"},
    "depthwise with strides": {"groups": 4, "strides": 2},
}
SEQUENCES: dict[str, dict[str, Any]] = {
    "plain": {},
    "strides": {"strides": 3},
    "padding": {"padding": (2, 1)},
    "dilation": {"dilation": 3, "padding": 2},
    "groups": {"groups": 2, "strides": 2},
    "depthwise": {"groups": 4, "padding": "same"},
}
each_window = pytest.mark.parametrize("options", WINDOWS.values(), ids=WINDOWS)
each_sequence = pytest.mark.parametrize("options", SEQUENCES.values(), ids=SEQUENCES)


def sums(layer: nn.Conv2D, u: Any, weight: Any) -> Any:
    """z without b, by SciPy: a number for each place that a filter with zeros between its rows can stand at."""
    sweeps = layer.over(u.shape[1:])
    u_padded = np.pad(u, [(0, 0), *(sweep.padding for sweep in sweeps), (0, 0)])
    filters = np.zeros([*(sweep.dilation * (sweep.size - 1) + 1 for sweep in sweeps), *weight.shape[-2:]])
    filters[tuple(slice(None, None, sweep.dilation) for sweep in sweeps)] = weight
    steps = tuple(slice(None, None, sweep.stride) for sweep in sweeps)
    channels, together = weight.shape[-2], layer.filters // layer.groups

    def of_group(k: int) -> Any:
        first = k // together * channels
        return u_padded[..., first : first + channels]

    return np.stack(
        [
            [correlate(image, filters[..., k], "valid", "direct")[steps][..., 0] for image in of_group(k)]
            for k in range(layer.filters)
        ],
        axis=-1,
    )


def require_sums(layer: nn.Conv2D, u: Any) -> None:
    module = layer.build(u.shape[1:], dtype="float64")
    expected = sums(layer, u, module.parameters["weight"]) + module.parameters["bias"]
    v = module.forward(u)
    assert module.output_shape == v.shape[1:]
    EXACT.assert_close(v, expected)


@each_window
def test_images_go_through_filters_as_scipy_correlates(options: dict[str, Any], rng: np.random.Generator) -> None:
    require_sums(nn.Conv2D(8, (3, 2), bias_initializer=BIAS, **options), rng.normal(size=(3, 9, 8, 4)))


@each_sequence
def test_sequences_go_through_filters_as_scipy_correlates(options: dict[str, Any], rng: np.random.Generator) -> None:
    require_sums(nn.Conv1D(8, 4, bias_initializer=BIAS, **options), rng.normal(size=(3, 17, 4)))


@pytest.mark.parametrize(("channels", "filters"), [(1, 6), (3, 32), (16, 33), (64, 10)])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_layers_of_nets_are_right_in_both_types(
    channels: int, filters: int, size: int, rng: np.random.Generator
) -> None:
    layer = nn.Conv2D(filters, size, "tanh", padding="same", bias_initializer=BIAS)
    wide, narrow = (layer.build((14, 13, channels), dtype=dtype, seed=3) for dtype in ("float64", "float32"))
    for name, values in narrow.parameters.items():
        wide.parameters[name][...] = values
    u = rng.uniform(-0.5, 0.5, (3, 14, 13, channels)).astype(np.float32)
    v = wide.forward(u.astype(np.float64))
    EXACT.assert_close(v, np.tanh(sums(layer, u, wide.parameters["weight"]) + wide.parameters["bias"]))
    close = ROUNDING["float32"].assert_close
    close(narrow.forward(u), v)
    dv = rng.normal(size=v.shape).astype(np.float32) / 25  # so that gradients are of the order of 1
    du = wide.backward(u.astype(np.float64), v, dv.astype(np.float64))
    close(narrow.backward(u, narrow.forward(u), dv), du)
    gradients = wide.weight_gradients(u.astype(np.float64), v, dv.astype(np.float64))
    for name, gradient in narrow.weight_gradients(u, narrow.forward(u), dv).items():
        close(gradient, gradients[name])


def test_published_convolution() -> None:
    # CS231n 2016, assignment 2, ConvolutionalNetworks.ipynb, cell 4: images and filters with the channels first
    u = np.linspace(-0.1, 0.5, 96).reshape(2, 3, 4, 4).transpose(0, 2, 3, 1)
    layer = nn.Conv2D(3, 4, strides=2, padding=1).build((4, 4, 3), dtype="float64")
    layer.parameters["weight"][...] = np.linspace(-0.2, 0.3, 144).reshape(3, 3, 4, 4).transpose(2, 3, 1, 0)
    layer.parameters["bias"][...] = np.linspace(-0.1, 0.2, 3)
    expected = [
        [
            [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
            [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
            [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
        ],
        [
            [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
            [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
            [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
        ],
    ]
    printed(8).assert_close(layer.forward(u).transpose(0, 3, 1, 2), expected)


def test_a_filter_is_not_turned_over_and_moves_with_the_image() -> None:
    layer = nn.Conv2D(1, 3, padding=1, use_bias=False).build((6, 7, 1), dtype="float64")
    layer.parameters["weight"][...] = np.arange(9.0).reshape(3, 3, 1, 1)
    for row, column in [(2, 3), (0, 0), (5, 6)]:
        u = np.zeros((1, 6, 7, 1))
        u[0, row, column] = 1.0
        expected = np.zeros((8, 9))
        expected[row : row + 3, column : column + 3] = np.arange(9.0).reshape(3, 3)[::-1, ::-1]
        assert (layer.forward(u)[0, ..., 0] == expected[1:-1, 1:-1]).all()


def test_one_pixel_is_a_dense_layer_of_each_and_the_whole_image_one_of_all(rng: np.random.Generator) -> None:
    u = rng.normal(size=(5, 4, 3, 6))
    for size, rows in [((1, 1), u), ((4, 3), u.reshape(5, 1, 1, 72))]:
        conv = nn.Conv2D(8, size, "tanh", bias_initializer=BIAS).build((4, 3, 6), dtype="float64")
        weight, bias = conv.parameters["weight"].reshape(-1, 8), conv.parameters["bias"]
        EXACT.assert_close(conv.forward(u), np.tanh(rows @ weight + bias))


def test_groups_are_layers_side_by_side(rng: np.random.Generator) -> None:
    u = rng.normal(size=(2, 5, 5, 6))
    together = nn.Conv2D(9, 3, groups=3, bias_initializer=BIAS).build((5, 5, 6), dtype="float64")
    assert together.parameters["weight"].shape == (3, 3, 2, 9)
    for g in range(3):
        part = nn.Conv2D(3, 3).build((5, 5, 2), dtype="float64")
        part.parameters["weight"][...] = together.parameters["weight"][..., 3 * g : 3 * g + 3]
        part.parameters["bias"][...] = together.parameters["bias"][3 * g : 3 * g + 3]
        EXACT.assert_close(together.forward(u)[..., 3 * g : 3 * g + 3], part.forward(u[..., 2 * g : 2 * g + 2]))


def test_first_weights_have_the_scale_of_the_window() -> None:
    for groups, fan_in in [(1, 3 * 3 * 128), (4, 3 * 3 * 32)]:
        layer = nn.Conv2D(64, 3, groups=groups, weight_initializer="lecun_normal").build((8, 8, 128))
        assert abs(layer.parameters["weight"].std() * np.sqrt(fan_in) - 1) < 0.02
    layer = nn.Conv2D(64, 3, groups=4, weight_initializer="glorot_normal").build((8, 8, 128))
    assert abs(layer.parameters["weight"].std() * np.sqrt(9 * (32 + 16) / 2) - 1) < 0.02


def test_regularizers_and_constraints_reach_its_parameters(rng: np.random.Generator) -> None:
    x = rng.normal(size=(30, 6, 5, 2))
    model = nn.Sequential(
        [
            nn.Input((6, 5, 2)),
            nn.Conv2D(4, 3, weight_regularizer=nn.L2(0.5), bias_regularizer=nn.L1(0.25), bias_initializer="ones",
                      weight_constraint=nn.MaxNorm(0.3)),
        ],
        dtype="float64",
    )  # fmt: skip
    model.compile(nn.SGD(0.1), "squared")
    weight, y = model.parameters["conv2d/weight"], model.predict(x)  # so that only the penalty is left
    loss, _ = model.loss_and_gradients(x, y)
    EXACT.assert_close(loss, 0.25 * np.square(weight).sum() + 0.25 * 4)
    model.train_on_batch(x, y)
    norms = np.sqrt(np.square(weight).sum(axis=(0, 1, 2)))  # of each filter
    assert norms.shape == (4,)
    assert norms.max() <= 0.3 * (1 + 1e-12)


def test_it_finds_the_filter_that_made_the_images(rng: np.random.Generator) -> None:
    sobel = np.array([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
    x = rng.normal(size=(64, 8, 8, 1))
    windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (3, 3), axis=(1, 2))
    y = np.einsum("nyxij,ij->nyx", windows, sobel)[..., None] + 0.5
    model = nn.Sequential([nn.Input((8, 8, 1)), nn.Conv2D(1, 3)], dtype="float64", seed=1)
    model.compile(nn.Adam(0.1), "squared")
    model.fit(x, y, epochs=100, batch_size=16)
    np.testing.assert_allclose(model.parameters["conv2d/weight"][..., 0, 0], sobel, atol=1e-3)
    np.testing.assert_allclose(model.parameters["conv2d/bias"], 0.5, atol=1e-3)


PADDINGS = ["valid", "same", 2, (1, 2), ((1, 0), (2, 3)), (0, (1, 2)), [[1, 0], [2, 3]], np.int64(1)]


@pytest.mark.parametrize("padding", PADDINGS, ids=str)
def test_every_form_of_padding_is_saved(padding: Any, tmp_path: Path, rng: np.random.Generator) -> None:
    layer = nn.Conv2D(3, (3, 2), strides=(1, 2), padding=padding, name="conv")
    model = nn.Sequential([nn.Input((6, 7, 2)), layer], seed=5)
    model.save(tmp_path / "model.safetensors")
    again = nn.load(tmp_path / "model.safetensors")
    x = rng.normal(size=(2, 6, 7, 2))
    assert again.config() == model.config()
    loaded = again.layers[-1]
    assert isinstance(loaded, nn.Conv2D)
    assert loaded.padding == layer.padding
    assert again.predict(x).tobytes() == model.predict(x).tobytes()


def test_a_sequence_is_saved_with_its_padding(tmp_path: Path, rng: np.random.Generator) -> None:
    layer = nn.Conv1D(4, 3, "relu", strides=2, padding=(2, 0), dilation=2, groups=2, strict=False, name="conv")
    model = nn.Sequential([nn.Input((9, 2)), layer])
    model.save(tmp_path / "model.safetensors")
    again, x = nn.load(tmp_path / "model.safetensors"), rng.normal(size=(2, 9, 2))
    assert again.config() == model.config()
    loaded = again.layers[-1]
    assert isinstance(loaded, nn.Conv1D)
    assert loaded.padding == (2, 0)
    assert again.predict(x).tobytes() == model.predict(x).tobytes()


def test_it_shows_how_it_was_made() -> None:
    layer = nn.Conv2D(6, 5, "relu", padding=((1, 0), (2, 2)), groups=2, name="first")
    assert (layer.kernel_size, layer.strides, layer.dilation) == ((5, 5), (1, 1), (1, 1))
    assert layer.padding == ((1, 0), (2, 2))
    assert repr(eval(repr(layer), vars(nn))) == repr(layer)
    assert "groups=2" in repr(layer)
    assert repr(nn.Conv1D(4, 3)).startswith("Conv1D(")
    assert eval(repr(nn.Conv1D(4, 3, padding=(1, 2))), vars(nn)).padding == (1, 2)


def test_a_subclass_may_fix_arguments() -> None:
    class _Pointwise(nn.Conv2D):
        def __init__(self, filters: int, name: str | None = None) -> None:
            super().__init__(filters, 1, use_bias=False, name=name)

    assert list(_Pointwise(4).build((5, 5, 3)).parameters) == ["weight"]


def test_it_shows_no_default() -> None:
    assert repr(nn.Conv2D(6, 5)) == "Conv2D(filters=6, kernel_size=(5, 5))"
    assert repr(nn.Conv2D(6, 5, strides=(1, 2))) == "Conv2D(filters=6, kernel_size=(5, 5), strides=(1, 2))"
    assert repr(nn.Conv2DTranspose(6, 5)) == "Conv2DTranspose(filters=6, kernel_size=(5, 5))"
    assert (repr(nn.MaxPool2D()), repr(nn.UpSample2D((2, 2)))) == ("MaxPool2D()", "UpSample2D()")


def test_its_config_is_as_json_has_it() -> None:
    config = nn.Conv2D(6, 5, padding=((1, 0), 2)).config()
    assert config["padding"] == [[1, 0], 2]
    assert json.loads(json.dumps(config)) == config


def test_on_its_own_it_is_called_as_in_a_model() -> None:
    layer = nn.Conv2DTranspose(2, 3)
    for built in (layer.build, lambda shape: nn.Sequential([nn.Input(shape), layer])):
        with pytest.raises(nn.ShapeError, match=r"^conv2d_transpose: "):
            built((4, 4))


def test_gradients_of_a_net_are_those_of_differences(rng: np.random.Generator) -> None:
    layers = [nn.Conv2D(4, 3, "tanh", padding="same"), nn.Conv2D(8, 3, "gelu", strides=2, groups=2), nn.Conv2D(3, 2)]
    model = nn.Sequential([nn.Input((7, 6, 2)), *layers], dtype="float64")
    model.compile(loss="squared")
    x = rng.normal(size=(5, 7, 6, 2))
    report = nn.check_gradients(model, x, rng.normal(size=(5, *model.predict(x).shape[1:])))
    assert report.ok, report


def torch_sums(torch: Any, layer: nn.Conv2D, u: Any, weight: Any, bias: Any) -> Any:
    """The same by torch, which has the channels first and no padding of two sizes."""
    sweeps = layer.over(tuple(u.shape[1:]))
    last, first = u.ndim - 1, [0, u.ndim - 1]
    zeros = [side for sweep in reversed(sweeps) for side in sweep.padding]
    padded = torch.nn.functional.pad(u.permute(*first, *range(1, last)), zeros)
    filters = weight.permute(weight.ndim - 1, weight.ndim - 2, *range(weight.ndim - 2))
    convolve = torch.nn.functional.conv1d if layer.is_sequence else torch.nn.functional.conv2d
    options = {"stride": [s.stride for s in sweeps], "dilation": [s.dilation for s in sweeps], "groups": layer.groups}
    return convolve(padded, filters, bias, **options).permute(0, *range(2, u.ndim), 1)


ORACLES = [
    *(pytest.param(nn.Conv2D(8, (3, 2), bias_initializer=BIAS, **options), (9, 8, 4), id=f"image, {name}")
      for name, options in WINDOWS.items()),
    *(pytest.param(nn.Conv1D(8, 4, bias_initializer=BIAS, **options), (17, 4), id=f"sequence, {name}")
      for name, options in SEQUENCES.items()),
    pytest.param(nn.Conv2D(6, 5, padding="same", bias_initializer=BIAS), (28, 28, 1), id="LeNet, first"),
    pytest.param(nn.Conv2D(16, 5, bias_initializer=BIAS), (14, 14, 6), id="LeNet, second"),
    pytest.param(nn.Conv2D(48, 3, padding=1, bias_initializer=BIAS), (16, 15, 33), id="many channels"),
    pytest.param(nn.Conv2D(64, 1, strides=2, bias_initializer=BIAS), (9, 9, 32), id="one pixel"),
    pytest.param(nn.Conv2D(40, 3, groups=20, padding=1, bias_initializer=BIAS), (12, 12, 20), id="two for a channel"),
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")  # other packages' own warnings
@pytest.mark.parametrize(("layer", "shape"), ORACLES)
def test_sums_and_all_gradients_equal_those_of_torch(
    layer: nn.Conv2D, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    module = layer.build(shape, dtype="float64")
    u = rng.normal(size=(4, *shape))
    v = module.forward(u)
    dv = rng.normal(size=v.shape)
    x, w, b = (torch.tensor(values.copy(), requires_grad=True) for values in (u, *module.parameters.values()))
    expected = torch_sums(torch, layer, x, w, b)
    expected.backward(torch.tensor(dv))
    EXACT.assert_close(v, expected.detach().numpy())
    EXACT.assert_close(module.backward(u, v, dv), x.grad.numpy())
    gradients = module.weight_gradients(u, v, dv)
    EXACT.assert_close(gradients["weight"], w.grad.numpy())
    EXACT.assert_close(gradients["bias"], b.grad.numpy())
