"""The table of a model: sizes, what each layer costs, and the mark where a window does not reach the end."""

import ast
import itertools
import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

CIFAR = "[INPUT - CONV - RELU - POOL - FC]"


def cells(text: str) -> dict[str, list[str]]:
    """The columns of each row behind the first, by the name at its head."""
    rows = [line.split("  ") for line in text.splitlines() if "  " in line]
    return {row[0].split(" ")[0]: [cell.strip() for cell in row[1:] if cell.strip()] for row in rows}


def net(*layers: Any, shape: Any = (8, 8, 1), **options: Any) -> nn.Sequential:
    return nn.Sequential([nn.Input(shape), *layers], **options)


# --- what it costs --------------------------------------------------------------------------------------------------


def test_every_column_of_the_example_of_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    """32x32x3, 12 filters of 5x5x3: 75 weights and a bias each."""
    text = nn.convnet(CIFAR, (32, 32, 3), filters=12, kernel_size=5).summary(detail=True)
    assert capsys.readouterr().out == f"{text}\n"
    table = cells(text)
    assert table["layer"] == ["output", "parameters", "multiply-adds", "bytes"]
    assert table["input"] == ["(N, 32, 32, 3)", "0", "0", f"{32 * 32 * 3 * 4:,}"]
    assert table["conv2d"] == ["(N, 32, 32, 12)", "912", f"{32 * 32 * 12 * 75:,}", f"{32 * 32 * 12 * 4:,}"]
    assert table["max_pool2d"] == ["(N, 16, 16, 12)", "0", "0", f"{16 * 16 * 12 * 4:,}"]
    assert table["flatten"] == ["(N, 3072)", "0", "0", "0"]
    assert table["dense"] == ["(N, 10)", "30,730", "30,720", "40"]
    outputs = 32 * 32 * 3 + 32 * 32 * 12 + 16 * 16 * 12 + 10
    assert table["total"] == ["31,642", f"{32 * 32 * 12 * 75 + 30720:,}", f"{outputs * 4:,}"]
    for words in ("31,642 parameters, 123.6 KiB", "one sample forward", "the output of one sample"):
        assert words in text


def test_without_detail_there_are_three_columns() -> None:
    text = net(nn.Conv2D(2, 3), nn.Flatten(), nn.Dense(1)).summary()
    assert cells(text)["layer"] == ["output", "parameters"]
    assert "total" not in cells(text)
    assert "multiply-adds" not in text


def test_bytes_are_those_of_the_dtype() -> None:
    for dtype, size in (("float32", 4), ("float64", 8)):
        assert cells(net(nn.Dense(3), shape=5, dtype=dtype).summary(True))["dense"][-1] == str(3 * size)


def test_a_shared_layer_costs_at_each_place_and_has_its_parameters_once() -> None:
    a, b, layer = nn.Input(4), nn.Input(4), nn.Dense(3)
    text = nn.Model([a, b], [layer(a), layer(b)]).summary(True)
    assert [line.split()[-3:] for line in text.splitlines() if line.startswith("dense")] == [
        ["15", "12", "12"],
        ["shared", "12", "12"],
    ]
    assert cells(text)["total"] == ["15", "24", str((4 + 4 + 3 + 3) * 4)]


def products(size: tuple[int, int], strides: tuple[int, int], padded: tuple[int, int], each: int) -> int:
    """Counted one by one: a window at every position, and at each of its pixels so many products."""
    count = 0
    for top in range(0, padded[0] - size[0] + 1, strides[0]):
        for left in range(0, padded[1] - size[1] + 1, strides[1]):
            for _pixel in itertools.product(range(top, top + size[0]), range(left, left + size[1])):
                count += each
    return count


@pytest.mark.parametrize(
    ("layer", "size", "strides", "padded", "each"),
    [
        (nn.Conv2D(5, 3), (3, 3), (1, 1), (9, 7), 4 * 5),
        (nn.Conv2D(5, (2, 3), strides=(3, 2), padding=(1, 2)), (2, 3), (3, 2), (11, 11), 4 * 5),
        (nn.Conv2D(5, 3, padding="same"), (3, 3), (1, 1), (11, 9), 4 * 5),
        (nn.Conv2D(6, 3, groups=2), (3, 3), (1, 1), (9, 7), 2 * 6),
        (nn.Conv2D(8, 3, groups=4), (3, 3), (1, 1), (9, 7), 8),
        (nn.LocallyConnected2D(5, 3, strides=2, padding=1), (3, 3), (2, 2), (11, 9), 4 * 5),
    ],
    ids=repr,
)
def test_multiply_adds_of_windows_are_counted(layer: Any, size: Any, strides: Any, padded: Any, each: int) -> None:
    node = layer(nn.Input((9, 7, 4)))
    assert layer.multiply_adds((9, 7, 4), node.shape) == products(size, strides, padded, each)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Dense(7), (5,)),
        (nn.Dense(7, use_bias=False), (3, 5)),
        (nn.Conv2D(3, (2, 3), strides=2, dilation=(1, 2), groups=1), (9, 8, 2)),
        (nn.Conv2D(4, 3, groups=2), (6, 6, 2)),
        (nn.Conv1D(3, 4, strides=2), (11, 5)),
        (nn.LocallyConnected2D(2, 3), (6, 5, 3)),
        (nn.Conv2DTranspose(3, (2, 3), strides=2), (4, 5, 2)),
        (nn.Maxout(4, pieces=1), (6,)),
        (nn.BatchNorm(epsilon=1e-9), (4, 3)),
    ],
    ids=repr,
)
def test_where_all_numbers_are_1_the_outputs_add_up_to_the_products(layer: Any, shape: Any) -> None:
    module = layer.build(shape, dtype="float64")
    for name, values in module.parameters.items():
        values[...] = 0.0 if name in ("bias", "beta") else 1.0
    total = module.forward(np.ones((1, *shape))).sum()
    ROUNDING["float32"].assert_close(total, layer.multiply_adds(shape, module.output_shape))


def test_a_matrix_product_of_nodes_costs_what_it_multiplies() -> None:
    a, b = nn.Input((2, 3)), nn.Input((3, 4))
    assert cells(nn.Model([a, b], a @ b).summary(True))["matmul"][-2] == str(2 * 3 * 4)


@pytest.mark.parametrize("layer", [nn.MaxPool2D(2), nn.Activation("tanh"), nn.Dropout(0.5), nn.Flatten()], ids=repr)
def test_what_has_no_weights_costs_no_multiply_adds(layer: Any) -> None:
    shape = (4, 4, 2)
    assert layer.multiply_adds(shape, layer(nn.Input(shape)).shape) == 0


def test_a_layer_of_ones_own_tells_what_it_costs() -> None:
    class Scale(nn.CustomLayer):
        def output_shape(self, input_shape: Any) -> Any:
            return input_shape

        def forward(self, u: Any, parameters: Any, training: bool) -> Any:
            return 2 * u

        def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
            return 2 * dv

        def multiply_adds(self, input_shape: Any, output_shape: Any) -> int:
            return math.prod(output_shape)

    assert cells(net(Scale(), shape=(3, 2)).summary(True))["scale"][-2] == "6"


# --- marks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "note"),
    [
        (nn.MaxPool2D(2), "drops 1 row and 1 column; padding ((0, 1), (0, 1)) drops none"),
        (nn.MaxPool2D((2, 1)), "drops 1 row; padding ((0, 1), (0, 0)) drops none"),
        (nn.Conv2D(1, 4, strides=3), "drops 2 rows and 2 columns; padding 2 or ((0, 1), (0, 1)) drops none"),
        (nn.Conv2D(1, 3, strides=4), "drops 2 rows and 2 columns; padding 1 or ((0, 2), (0, 2)) drops none"),
        (nn.Conv2D(1, (3, 2), strides=(4, 1)), "drops 2 rows; padding (1, 0) or ((0, 2), (0, 0)) drops none"),
        (
            nn.Conv2D(1, 2, strides=2, padding=1),
            "drops 1 row and 1 column of its zeros; padding ((1, 0), (1, 0)) drops",
        ),
        (nn.MaxPool2D(2, strides=5), "drops 2 rows and 2 columns"),
    ],
    ids=repr,
)
def test_a_window_that_does_not_divide_is_marked(layer: Any, note: str) -> None:
    for detail in (False, True):
        text = net(layer, shape=(9, 9, 1)).summary(detail)
        assert next(line for line in text.splitlines() if ") *" in line).startswith(layer.kind.lower()[:3])
        assert f" {note}" in text.splitlines()[-1]


def test_strides_that_do_not_make_it_smaller_are_marked() -> None:
    for padding, is_marked in (("same", True), (1, False)):
        model = nn.Sequential([nn.Input((7, 7, 2)), nn.Conv2D(3, 3, strides=2, padding=padding)])
        assert ("* conv2d keeps the size of its input although it has strides" in model.summary()) == is_marked


def test_sequences_are_marked_in_steps() -> None:
    text = net(nn.Conv1D(1, 3, strides=2), shape=(10, 1)).summary()
    assert text.splitlines()[-1] == "* conv1d drops 1 step; padding (0, 1) drops none"


def test_what_divides_has_no_mark() -> None:
    text = net(nn.Conv2D(1, 3), nn.MaxPool2D(2), nn.Conv2D(1, 2, padding="same")).summary(True)
    assert "*" not in text


@pytest.mark.parametrize(("f", "s", "p"), [(f, s, p) for f in (1, 2, 3, 5) for s in (1, 2, 3, 4) for p in range(f)])
@pytest.mark.parametrize("v", [7, 9, 12])
def test_what_is_told_is_what_strict_says(v: int, f: int, s: int, p: int) -> None:
    def strict(padding: Any) -> Any:
        return net(nn.MaxPool2D(f, s, padding, strict=True), shape=(v, v, 1))

    note = net(nn.MaxPool2D(f, s, p), shape=(v, v, 1)).summary().splitlines()[-1]
    if (v + 2 * p - f) % s == 0:
        assert "*" not in note
        strict(p)
        return
    assert f"drops {(v + 2 * p - f) % s} row" in note
    with pytest.raises(nn.ShapeError, match="strict"):
        strict(p)
    told = note.partition("; padding ")[2].removesuffix(" drops none")
    assert told or s > f  # windows far apart
    for padding in told.split(" or ") if told else []:
        strict(ast.literal_eval(padding))


# --- other pictures of the same model -------------------------------------------------------------------------------


def test_the_graph_and_the_explanation_take_convolutions(rng: np.random.Generator) -> None:
    model = nn.convnet(CIFAR, (6, 6, 1), filters=2, classes=3)
    model.compile(loss="nllm")
    picture = model.plot_graph()
    for words in ("Conv2D, relu", "MaxPool2D", "(N, 3, 3, 2)"):
        assert words in picture
    text = str(model.explain_backward(rng.normal(size=(2, 6, 6, 1)), [0, 2]))
    assert text.index("conv2d = Conv2D") < text.index("max_pool2d = MaxPool2D") < text.index("dense = Dense")
    assert "conv2d/weight (3, 3, 1, 2) = dW of conv2d" in text
