"""Every operator of the flow graph, on arrays and on rows, against NumPy's own formula and its differences."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import nncpp as nn
from nncpp.layers import operators
from snapshots import snapshot
from tolerances import GRADIENT, GRADIENT_FLOOR, ROUNDING

EXACT = ROUNDING["float64"]
H = 1e-3


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Row:
    """An operator on nodes and the same of one sample in NumPy; `shapes` are those of its operands."""

    name: str
    ours: Callable[..., Any]
    numpy: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    is_positive: bool = False
    kind: str = ""

    def __str__(self) -> str:
        return self.name

    def operands(self, seed: int, rows: tuple[int, ...] = ()) -> list[Any]:
        """Numbers at least 0.02 apart, so that no two are close to a kink."""
        rng = np.random.default_rng(seed)
        size = sum(int(np.prod(rows + shape)) for shape in self.shapes)
        numbers = rng.permutation(size) - (size - 1) / 2 + rng.uniform(-0.2, 0.2, size)
        numbers *= max(0.05, 3 / size)
        numbers = abs(numbers) + 0.5 if self.is_positive else numbers
        ends = np.cumsum([int(np.prod(rows + shape)) for shape in self.shapes])[:-1]
        return [x.reshape(rows + shape) for x, shape in zip(np.split(numbers, ends), self.shapes, strict=True)]


def binary(name: str, ours: Any, numpy: Any, kind: str, **more: Any) -> list[Row]:
    shapes = [((3, 2), (3, 2)), ((3, 2), (2,)), ((3, 1), (1, 4)), ((), (2, 3)), ((), ())]
    return [Row(f"{name} {a} {b}", ours, numpy, (a, b), kind=kind, **more) for a, b in shapes]


def unary(name: str, numpy: Any, kind: str, **more: Any) -> list[Row]:
    return [Row(f"{name} {a}", getattr(nn.ops, name), numpy, (a,), kind=kind, **more) for a in [(), (5,), (2, 3)]]


def reduction(name: str, kind: str) -> list[Row]:
    ours, numpy = getattr(nn.ops, name), getattr(np, name)
    axes = [(None, False), (0, False), (-1, True), ((0, 2), False), ((1, -1), True), (1, False)]
    return [
        Row(f"{name} over {axis}, {keepdims}",
            lambda x, a=axis, k=keepdims: ours(x, a, k), lambda x, a=axis, k=keepdims: numpy(x, axis=a, keepdims=k),
            ((2, 3, 4),), kind=kind)
        for axis, keepdims in axes
    ]  # fmt: skip


def matmul(a: tuple[int, ...], b: tuple[int, ...]) -> Row:
    return Row(f"matmul {a} {b}", nn.ops.matmul, np.matmul, (a, b), kind="Matmul")


def index(key: Any) -> Row:
    return Row(f"x[{key}]", lambda x: x[key], lambda x: np.asarray(x[key]), ((4, 3, 5),), kind="Slice")


def take(indices: Any, axis: int) -> Row:
    return Row(f"gather {indices} along {axis}", lambda x: nn.ops.gather(x, indices, axis),
               lambda x: np.take(x, indices, axis), ((4, 3, 5),), kind="Gather")  # fmt: skip


MASK = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
TABLE = [
    *binary("add", nn.ops.add, np.add, "Add"),
    *binary("subtract", nn.ops.subtract, np.subtract, "Subtract"),
    *binary("multiply", nn.ops.multiply, np.multiply, "Multiply"),
    *binary("divide", nn.ops.divide, np.divide, "Divide", is_positive=True),
    *binary("power", nn.ops.power, np.power, "Power", is_positive=True),
    *binary("maximum", nn.ops.maximum, np.maximum, "Maximum"),
    *binary("minimum", nn.ops.minimum, np.minimum, "Minimum"),
    *binary("greater", nn.ops.greater, np.greater, "Greater"),
    *binary("greater_equal", nn.ops.greater_equal, np.greater_equal, "GreaterEqual"),
    *binary("less", nn.ops.less, np.less, "Less"),
    *binary("less_equal", nn.ops.less_equal, np.less_equal, "LessEqual"),
    *unary("negative", np.negative, "Negative"),
    *unary("exp", np.exp, "Exp"),
    *unary("log", np.log, "Log", is_positive=True),
    *unary("sqrt", np.sqrt, "Sqrt", is_positive=True),
    *unary("square", np.square, "Square"),
    *unary("abs", np.abs, "Abs"),
    *unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), "Activation"),
    *unary("tanh", np.tanh, "Activation"),
    *unary("relu", lambda x: np.maximum(x, 0), "Activation"),
    Row("softmax", nn.ops.softmax, softmax, ((2, 3),), kind="Activation"),
    Row("log_softmax", nn.ops.log_softmax, lambda x: np.log(softmax(x)), ((2, 3),), kind="Activation"),
    *reduction("sum", "Sum"),
    *reduction("mean", "Mean"),
    *reduction("max", "Max"),
    matmul((2, 3), (3, 4)),
    matmul((3,), (3, 4)),
    matmul((2, 3), (3,)),
    matmul((3,), (3,)),
    matmul((5, 2, 3), (3, 4)),
    matmul((5, 2, 3), (3,)),
    matmul((2, 3), (5, 3, 4)),
    matmul((2, 1, 2, 3), (4, 3, 2)),
    matmul((1, 3), (5, 3, 1)),
    Row("reshape", lambda x: nn.ops.reshape(x, (4, -1)), lambda x: x.reshape(4, -1), ((2, 6),), kind="Reshape"),
    Row("reshape to a number", lambda x: nn.ops.reshape(x, ()), lambda x: x.reshape(()), ((1,),), kind="Reshape"),
    Row("transpose", nn.ops.transpose, np.transpose, ((2, 3, 4),), kind="Transpose"),
    Row("transpose by axes", lambda x: nn.ops.transpose(x, (1, -1, 0)), lambda x: np.transpose(x, (1, 2, 0)),
        ((2, 3, 4),), kind="Transpose"),
    Row("concatenate", lambda *x: nn.ops.concatenate(x, axis=1), lambda *x: np.concatenate(x, axis=1),
        ((2, 1, 2), (2, 3, 2), (2, 2, 2)), kind="Concatenate"),
    *map(index, [0, -1, (slice(None), 1), slice(1, 3), slice(None, None, -1), (slice(3, None, -2), None, Ellipsis, 0),
                 (Ellipsis, slice(0, 9, 2)), (1, 2, 3), None, Ellipsis]),
    take([2, 0, 2, -1], 0), take(3, 0), take([[0, 2], [1, 1]], 1), take([4, 4], -1),
    Row("where", lambda a, b: nn.ops.where(MASK, a, b), lambda a, b: np.where(MASK != 0, a, b), ((3, 1), (2,)),
        kind="Where"),
]  # fmt: skip
every_operator = pytest.mark.parametrize("row", TABLE, ids=str)


def test_every_operator_has_a_row() -> None:
    of_graph = {kind for kind, c in nn.layers.Layer._members.items() if issubclass(c, operators.Operator)}
    assert {row.kind for row in TABLE} == of_graph - {"Variable", "Constant"} | {"Activation"}


def differences(f: Callable[[], float], x: Any) -> Any:
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        old, values = x[i], []
        for step in (-2, -1, 1, 2):
            x[i] = old + step * H
            values.append(f())
        x[i] = old
        gradient[i] = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * H)
    return gradient


def require_gradients(got: Any, expected: Any) -> None:
    assert got.shape == expected.shape
    error = np.abs(got - expected) / np.maximum(np.abs(expected), GRADIENT_FLOOR)
    assert np.all(error <= GRADIENT), (got, expected)


@every_operator
def test_values_and_gradients_of_arrays(row: Row) -> None:
    operands = row.operands(1)
    variables = [nn.variable(x) for x in operands]
    node = row.ours(*variables)
    expected = row.numpy(*operands)
    assert node.shape == expected.shape
    assert not node.has_rows
    weights = np.random.default_rng(2).normal(size=expected.shape)
    value, gradients = nn.value_and_gradients(nn.ops.sum(node * weights), variables)
    EXACT.assert_close(value, np.sum(expected * weights))
    for x, gradient in zip(operands, gradients, strict=True):
        require_gradients(gradient, differences(lambda: float(np.sum(row.numpy(*operands) * weights)), x))


@every_operator
def test_values_and_gradients_of_rows(row: Row) -> None:
    """Every choice of operands with rows beside arrays without."""
    n = 3
    for with_rows in range(1, 2 ** len(row.shapes)):
        has_rows = [bool(with_rows >> k & 1) for k in range(len(row.shapes))]
        if () in [shape for shape, has in zip(row.shapes, has_rows, strict=True) if has]:
            continue  # an input has at least one axis
        batch, arrays = row.operands(3, (n,)), row.operands(4)
        operands = [u if has else a for u, a, has in zip(batch, arrays, has_rows, strict=True)]
        nodes = [nn.Input(x.shape[1:]) if has else nn.variable(x) for x, has in zip(operands, has_rows, strict=True)]
        node = row.ours(*nodes)

        def samples(operands: Any = operands, has_rows: Any = has_rows) -> Any:
            rows = [[x[i] if has else x for x, has in zip(operands, has_rows, strict=True)] for i in range(n)]
            return np.stack([row.numpy(*sample) for sample in rows])

        weights = np.random.default_rng(2).normal(size=node.shape)
        inputs = {node: x for node, x, has in zip(nodes, operands, has_rows, strict=True) if has}
        value, gradients = nn.value_and_gradients(nn.ops.sum(node * weights), nodes, inputs)
        EXACT.assert_close(value, np.sum(samples() * weights) / n)
        for x, gradient in zip(operands, gradients, strict=True):
            require_gradients(gradient, differences(lambda: float(np.sum(samples() * weights) / n), x))  # noqa: B023


@pytest.mark.parametrize("row", [row for row in TABLE if row.kind != "Activation"], ids=str)
def test_a_model_of_an_operator_is_saved_and_loaded(row: Row, tmp_path: Path) -> None:
    nodes = [nn.Input(shape) if shape else nn.variable(0.75) for shape in row.shapes]
    x = [values for values, shape in zip(row.operands(5, (4,)), row.shapes, strict=True) if shape]
    output = row.ours(*nodes)
    if not output.has_rows or output in nodes:
        return
    model = nn.Model([node for node in nodes if isinstance(node, nn.Input)], output)
    x = x[0] if len(x) == 1 else x
    model.save(tmp_path / "m")
    again = nn.load(tmp_path / "m")
    assert snapshot(again) == snapshot(model)
    assert again.predict(x).tobytes() == model.predict(x).tobytes()
    assert nn.Model.from_config(model.config()).predict(x).tobytes() == model.predict(x).tobytes()


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["add", "multiply", "maximum"]))
def test_samples_broadcast_as_in_numpy(data: Any, name: str) -> None:
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3)).input_shapes
    a, b = (np.random.default_rng(k).normal(size=shape) for k, shape in enumerate(shapes))
    u, v = nn.variable(a), nn.variable(b)
    node = getattr(nn.ops, name)(u, v)
    expected = getattr(np, name)(a, b)
    assert node.shape == expected.shape
    value, gradients = nn.value_and_gradients(nn.ops.sum(node), [u, v])
    EXACT.assert_close(value, expected.sum())
    assert [g.shape for g in gradients] == [a.shape, b.shape]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_shapes_that_do_not_broadcast_are_refused(data: Any) -> None:
    shape = st.lists(st.integers(1, 4), max_size=4).map(tuple)
    a, b = data.draw(shape), data.draw(shape)
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(nn.ShapeError, match="add: expected shapes that broadcast") as raised:
            nn.variable(np.ones(a)) + np.ones(b)
        assert f"{a} and {b}" in str(raised.value)
    else:
        assert (nn.variable(np.ones(a)) + np.ones(b)).shape == expected
