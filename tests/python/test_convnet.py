"""Models from layer patterns: what stands where, with which numbers, and what is told of a mistake."""

import itertools
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

GENERAL = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
CIFAR = (32, 32, 3)


def kinds(model: Any) -> list[str]:
    return [layer.kind for layer in model.layers]


def of_kind(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if layer.kind == kind]


def volumes(model: Any) -> list[tuple[int, ...]]:
    """The shape of a sample behind each layer."""
    node = nn.Input(model._network.input_shapes[0])
    return [(node := layer(node)).shape for layer in model.layers]


# --- patterns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", ["[INPUT - CONV - RELU - POOL - FC]", "INPUT -> CONV -> RELU -> POOL -> FC", "INPUT→CONV→RELU→POOL?→FC"]
)
def test_the_first_example_of_the_text(pattern: str) -> None:
    """32x32x3 -> 32x32x12 -> 16x16x12 -> 10, in three writings."""
    model = nn.convnet(pattern, CIFAR, filters=12, classes=10)
    assert volumes(model) == [(32, 32, 12), (16, 16, 12), (16 * 16 * 12,), (10,)]
    assert of_kind(model, "Conv2D")[0].activation == "relu"


@pytest.mark.parametrize(("n", "m", "k"), [*itertools.product(range(4), range(4), range(3))])
def test_the_general_pattern_is_its_loops(n: int, m: int, k: int) -> None:
    expected = (["Conv2D"] * n + ["MaxPool2D"]) * m + ["Flatten"] + ["Dense"] * (k + 1)
    assert kinds(nn.convnet(GENERAL, CIFAR, N=n, M=m, K=k, filters=2, units=3)) == expected


def test_a_model_has_the_bits_of_the_one_that_is_written_out(rng: np.random.Generator) -> None:
    model = nn.convnet(GENERAL, (8, 8, 1), N=1, M=2, K=1, filters=[3, 4], units=5, classes=2, seed=3, dtype="float64")
    he: Any = {"weight_initializer": "he_normal"}
    twin = nn.Sequential(
        [
            nn.Input((8, 8, 1)),
            nn.Conv2D(3, 3, "relu", padding="same", **he),
            nn.MaxPool2D(2),
            nn.Conv2D(4, 3, "relu", padding="same", **he),
            nn.MaxPool2D(2),
            nn.Flatten(),
            nn.Dense(5, "relu", **he),
            nn.Dense(2, "softmax"),
        ],
        seed=3,
        dtype="float64",
    )
    assert model.config() == twin.config()
    x = rng.normal(size=(4, 8, 8, 1))
    assert model.predict(x).tobytes() == twin.predict(x).tobytes()


def test_it_learns(rng: np.random.Generator) -> None:
    """Bars that lie or stand, anywhere in the image."""
    y = np.arange(64) % 2
    x = np.zeros((64, 6, 6, 1))
    for image, label, place in zip(x, y, rng.integers(6, size=64), strict=True):
        image[(slice(None), place) if label else place] = 1.0
    model = nn.convnet("INPUT -> [CONV -> RELU -> POOL]*1 -> FC", (6, 6, 1), filters=8, classes=2)
    model.compile(nn.Adam(0.02), "nllm", metrics="accuracy")
    model.fit(x, y, epochs=60)
    assert model.evaluate(x, y)["accuracy"] == 1.0


def test_optional_parts_are_chosen_one_by_one() -> None:
    pattern = "INPUT -> [CONV -> POOL?]*3 -> [DROPOUT -> FC]? -> FC"
    every = ["Conv2D", "MaxPool2D"]
    both = ["Dropout", "Flatten", "Dense", "Dense"]
    model = nn.convnet(pattern, CIFAR, filters=2, optional=[True, False, True, True])
    assert kinds(model) == [*every, "Conv2D", *every, *both]
    assert kinds(nn.convnet(pattern, CIFAR, filters=2)) == [*every * 3, *both]
    assert kinds(nn.convnet(pattern, CIFAR, filters=2, optional=False)) == ["Conv2D"] * 3 + ["Flatten", "Dense"]


def test_an_optional_part_in_one_that_is_left_out_has_its_entry() -> None:
    pattern = "INPUT -> [CONV -> POOL?]? -> POOL? -> FC"
    assert kinds(nn.convnet(pattern, CIFAR, optional=[False, True, True])) == ["MaxPool2D", "Flatten", "Dense"]
    assert kinds(nn.convnet(pattern, CIFAR, optional=[True, False, False])) == ["Conv2D", "Flatten", "Dense"]


def test_brackets_in_brackets_repeat_each_other() -> None:
    model = nn.convnet("INPUT -> [[[CONV]*2 -> RELU]*2 -> TANH*2]*2 -> FC", (4, 4, 1), filters=1)
    turn = ["identity", "relu"] * 2
    assert [layer.activation for layer in of_kind(model, "Conv2D")] == turn * 2
    assert kinds(model) == (["Conv2D"] * 4 + ["Activation"] * 2) * 2 + ["Flatten", "Dense"]


def test_an_activation_becomes_one_layer_with_what_is_before_it() -> None:
    model = nn.convnet("INPUT -> CONV -> LEAKY_RELU -> POOL -> TANH -> FC -> BN -> SIGMOID -> FC", CIFAR)
    assert kinds(model) == ["Conv2D", "MaxPool2D", "Activation", "Flatten", "Dense", "BatchNorm", "Activation", "Dense"]
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    assert activations == ["leaky_relu", None, "tanh", None, "identity", None, "sigmoid", "softmax"]


def test_what_is_normalized_next_has_no_bias() -> None:
    model = nn.convnet("INPUT -> CONV -> BATCHNORM -> RELU -> CONV -> RELU -> FC -> BN -> FC", (4, 4, 1), filters=2)
    assert [layer.use_bias for layer in model.layers if hasattr(layer, "use_bias")] == [False, True, False, True]


def test_the_last_fc_has_the_classes() -> None:
    last: list[Any] = [
        nn.convnet(pattern, 4, classes=3).layers[-1] for pattern in ("INPUT -> FC", "INPUT -> FC -> SIGMOID")
    ]
    assert [(layer.units, layer.activation) for layer in last] == [(3, "softmax"), (3, "sigmoid")]
    scores: Any = nn.convnet("INPUT -> FC", 4, activation="identity").layers[-1]
    assert scores.activation == "identity"


def test_a_vector_needs_no_flatten() -> None:
    assert kinds(nn.convnet("INPUT -> [FC -> RELU]*2 -> FC", 7)) == ["Dense"] * 3


# --- numbers --------------------------------------------------------------------------------------------------------


def test_lists_are_by_layer_or_by_block() -> None:
    pattern = "INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> [FC -> RELU]*2 -> FC"
    by_block = nn.convnet(pattern, CIFAR, filters=[4, 5, 6], units=(8, 7), kernel_size=[5, 3, (1, 3)])
    assert [layer.filters for layer in of_kind(by_block, "Conv2D")] == [4, 4, 5, 5, 6, 6]
    assert [layer.kernel_size for layer in of_kind(by_block, "Conv2D")] == [(5, 5)] * 2 + [(3, 3)] * 2 + [(1, 3)] * 2
    assert [layer.units for layer in of_kind(by_block, "Dense")] == [8, 7, 10]
    by_layer = nn.convnet(pattern, CIFAR, filters=[1, 2, 3, 4, 5, 6], pool_size=[2, 2, 4], pool_strides=[1, 2, 4])
    assert [layer.filters for layer in of_kind(by_layer, "Conv2D")] == [1, 2, 3, 4, 5, 6]
    assert [(layer.pool_size, layer.strides) for layer in of_kind(by_layer, "MaxPool2D")] == [
        ((2, 2), (1, 1)),
        ((2, 2), (2, 2)),
        ((4, 4), (4, 4)),
    ]


def test_blocks_are_counted_over_the_whole_pattern() -> None:
    """Two repetitions and a layer by itself: 2 + 1 + 1 blocks."""
    pattern = "INPUT -> [[CONV -> RELU]*2]*2 -> CONV -> [CONV*3]*1 -> FC"
    model = nn.convnet(pattern, CIFAR, filters=[1, 2, 3, 4])
    assert [layer.filters for layer in of_kind(model, "Conv2D")] == [1, 1, 2, 2, 3, 4, 4, 4]


@pytest.mark.parametrize(("pool", "kind"), [("max", "MaxPool2D"), ("average", "AveragePool2D"), ("l2", "LpPool2D")])
def test_pools_are_of_one_kind(pool: str, kind: str) -> None:
    assert len(of_kind(nn.convnet("INPUT -> [CONV -> POOL]*2 -> FC", CIFAR, pool=pool), kind)) == 2


def test_the_l2_pool_is_the_norm_of_its_window(rng: np.random.Generator) -> None:
    model = nn.convnet("INPUT -> POOL -> FC", (2, 2, 1), pool="l2", classes=1, activation="identity", dtype="float64")
    model.parameters["dense/weight"][...] = 1.0
    x = rng.normal(size=(5, 2, 2, 1))
    ROUNDING["float64"].assert_close(model.predict(x)[:, 0], np.sqrt((x**2).sum(axis=(1, 2, 3))))


def test_overlapping_pools() -> None:
    """F = 3, S = 2: (55 - 3) / 2 + 1 = 27."""
    model = nn.convnet("INPUT -> POOL -> FC", (55, 55, 1), pool_size=3, pool_strides=2)
    assert volumes(model)[0] == (27, 27, 1)


def test_convolutions_instead_of_pools() -> None:
    """Springenberg et al., 2014: every third CONV has stride 2 and halves the image."""
    model = nn.convnet(
        "INPUT -> [[CONV -> RELU]*3]*2 -> FC",
        CIFAR,
        filters=[96, 96, 96, 192, 192, 192],
        strides=[1, 1, 2] * 2,
        padding=["same", "same", ((0, 1), (0, 1))] * 2,
    )
    assert kinds(model) == ["Conv2D"] * 6 + ["Flatten", "Dense"]
    assert [shape[0] for shape in volumes(model)[:6]] == [32, 32, 16, 16, 16, 8]


def test_rectified_layers_begin_with_he_normal_values() -> None:
    model = nn.convnet("INPUT -> CONV -> RELU -> CONV -> TANH -> FC -> LEAKY_RELU -> FC", (4, 4, 1), filters=2)
    kinds = [layer.weight_initializer.kind for layer in model.layers if hasattr(layer, "weight_initializer")]
    assert kinds == ["he_normal", "glorot_uniform", "he_normal", "glorot_uniform"]
    given = nn.convnet(
        "INPUT -> CONV -> RELU -> FC", (4, 4, 1), weight_initializer="lecun_normal", weight_regularizer="l2"
    )
    for layer in of_kind(given, "Conv2D") + of_kind(given, "Dense"):
        assert (layer.weight_initializer.kind, layer.weight_regularizer.kind) == ("lecun_normal", "l2")


def test_the_rest_is_handed_on() -> None:
    model = nn.convnet(
        "INPUT -> [CONV -> DROPOUT]*2 -> FC", (5, 5, 1), dropout=[0.1, 0.2], name="small", seed=7, dtype="float64"
    )
    assert [layer.rate for layer in of_kind(model, "Dropout")] == [0.1, 0.2]
    assert (model.name, model.seed, model.dtype) == ("small", 7, "float64")
    with pytest.raises(nn.ShapeError, match="strict"):
        nn.convnet("INPUT -> POOL -> FC", (5, 5, 1), strict=True)
    assert of_kind(nn.convnet("INPUT -> POOL -> FC", (4, 4, 1), strict=True), "MaxPool2D")[0].strict


# --- numbers of the course ------------------------------------------------------------------------------------------

VGG16 = "INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> [[CONV -> RELU]*3 -> POOL]*3 -> [FC -> RELU]*L -> FC"
VGG16_WEIGHTS = [  # cs231n.github.io, convolutional-networks.md, case study
    1728, 36864, 73728, 147456, 294912, 589824, 589824, 1179648, 2359296, 2359296, 2359296, 2359296, 2359296,
    102760448, 16777216, 4096000,
]  # fmt: skip


@pytest.fixture(scope="module")
def vgg16() -> Any:
    """VGG-16 up to the fully connected layers, which alone are half a gigabyte; one unit stands for them."""
    return nn.convnet(VGG16, (224, 224, 3), L=0, filters=[64, 128, 256, 512, 512], classes=1)


def test_volumes_and_weights_of_vgg_16(vgg16: Any) -> None:
    pools = [shape for layer, shape in zip(vgg16.layers, volumes(vgg16), strict=True) if layer.kind == "MaxPool2D"]
    assert pools == [(112, 112, 64), (56, 56, 128), (28, 28, 256), (14, 14, 512), (7, 7, 512)]
    weights = [values.size for name, values in vgg16.parameters.items() if name.endswith("/weight")]
    assert weights == [*VGG16_WEIGHTS[:13], 7 * 7 * 512]


def test_multiply_adds_of_vgg_16(vgg16: Any) -> None:
    """15.47 GFLOPS, counted as here, are in the documentation of torchvision.models.vgg16."""
    shapes = [(224, 224, 3), *volumes(vgg16)]
    convolutions = sum(
        layer.multiply_adds(before, behind)
        for layer, (before, behind) in zip(vgg16.layers[:-1], itertools.pairwise(shapes), strict=False)
    )
    sizes = [7 * 7 * 512, 4096, 4096, 1000]
    connected = [nn.Dense(b).multiply_adds((a,), (b,)) for a, b in itertools.pairwise(sizes)]
    assert connected == VGG16_WEIGHTS[13:]
    assert round((convolutions + sum(connected)) / 1e9, 2) == 15.47


def test_the_first_layer_of_alexnet() -> None:
    """The same notes: 55 x 55 x 96 neurons, 290,400; 363 weights each; 34,944 parameters."""
    model = nn.convnet(
        "INPUT -> CONV -> RELU -> FC", (227, 227, 3), filters=96, kernel_size=11, strides=4, padding=0, strict=True,
        classes=1,
    )  # fmt: skip
    assert volumes(model)[0] == (55, 55, 96)
    assert volumes(model)[1] == (290_400,)
    weight, bias = model.parameters["conv2d/weight"], model.parameters["conv2d/bias"]
    assert weight[..., 0].size == 363
    assert weight.size + bias.size == 34_944


def test_a_filter_of_the_text_has_75_weights_and_a_bias() -> None:
    model = nn.convnet("INPUT -> CONV -> FC", CIFAR, filters=1, kernel_size=5)
    assert model.parameters["conv2d/weight"].shape == (5, 5, 3, 1)
    assert model.parameters["conv2d/weight"].size == 75
    assert model.parameters["conv2d/bias"].size == 1


@pytest.mark.parametrize(
    ("v", "f", "s", "p", "expected"),
    [
        (7, 3, 1, 0, 5), (7, 3, 2, 0, 3), (5, 3, 1, 1, 5), (5, 3, 2, 1, 3), (10, 3, 2, 0, 4.5), (227, 11, 4, 0, 55),
        (224, 11, 4, 0, 54.25), (11, 5, 2, 0, 4), (32, 5, 1, 2, 32), (32, 2, 2, 0, 16),
    ],
)  # fmt: skip
def test_volumes_of_the_notes(v: int, f: int, s: int, p: int, expected: float) -> None:
    """(V - F + 2P) / S + 1 of the course notes; what is not whole rounds down, or is an error."""
    options: Any = {"filters": 1, "kernel_size": f, "strides": s, "padding": p, "classes": 1}
    model = nn.convnet("INPUT -> CONV -> FC", (v, v, 1), **options)
    assert volumes(model)[0] == (int(expected), int(expected), 1)
    if expected != int(expected):
        with pytest.raises(nn.ShapeError, match="strict"):
            nn.convnet("INPUT -> CONV -> FC", (v, v, 1), strict=True, **options)


# --- mistakes -------------------------------------------------------------------------------------------------------


def test_a_volume_that_is_too_small_is_told_with_its_place() -> None:
    with pytest.raises(nn.ShapeError) as raised:
        nn.convnet("INPUT -> [CONV -> RELU -> POOL]*4 -> FC", (12, 12, 1))
    message = str(raised.value)
    assert message.startswith("max_pool2d_3: ")
    assert message.endswith("in the pattern it is POOL at character 27, behind '... -> [CONV -> RELU ->'")


@pytest.mark.parametrize(
    ("pattern", "character"),
    [("INPUT -> [CONV -> RELU -> FC", 29), ("INPUT -> CONV] -> FC", 14), ("INPUT -> CONV FC", 15), ("INPUT -> FD", 10)],
)
def test_a_message_points_to_the_character(pattern: str, character: int) -> None:
    with pytest.raises(nn.DataError, match=f"at character {character}, behind"):
        nn.convnet(pattern, CIFAR)


@pytest.mark.parametrize(
    ("word", "near"), [("CONVV", "CONV"), ("relu", "RELU"), ("MAXPOOL", "POOL"), ("LEAKYRELU", "LEAKY_RELU")]
)
def test_the_nearest_known_layer_is_told(word: str, near: str) -> None:
    with pytest.raises(nn.DataError, match=f"did you mean {near}"):
        nn.convnet(f"INPUT -> {word} -> FC", CIFAR)
