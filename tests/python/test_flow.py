"""The flow graph: variables, gradients of expressions and of inner nodes, operators beside layers in a model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.graph import Node
from snapshots import snapshot
from tolerances import ROUNDING, printed

EXACT = ROUNDING["float64"]

# --- the texts' graphs ----------------------------------------------------------------------------------------------


def test_the_circuit_of_the_text() -> None:
    x, y, z = nn.variable(-2.0, name="x"), nn.variable(5.0, name="y"), nn.variable(-4.0, name="z")
    q = x + y
    value, gradients = nn.value_and_gradients(q * z, [x, y, z, q])
    assert value == -12
    assert gradients == [-4, -4, 3, -4]


def test_the_vectorized_graph_of_the_text() -> None:
    weight, x = nn.variable([[0.1, 0.5], [-0.3, 0.8]]), nn.variable([0.2, 0.4])
    q = weight @ x
    value, (dweight, dx, dq) = nn.value_and_gradients(nn.ops.sum(nn.ops.square(q)), [weight, x, q])
    close = printed(3)
    close.assert_close(value, 0.116)
    close.assert_close(dq, [0.44, 0.52])
    close.assert_close(dweight, [[0.088, 0.176], [0.104, 0.208]])
    close.assert_close(dx, [-0.112, 0.636])


def test_a_sigmoid_neuron_of_operators_is_the_layer() -> None:
    w, b, x = nn.variable([2.0, -3.0]), nn.variable(-3.0), nn.variable([-1.0, -2.0])
    value, gradients = nn.value_and_gradients(1 / (1 + nn.ops.exp(-(w @ x + b))), [w, x, b])
    close = printed(2)
    close.assert_close(value, 0.73)
    for got, expected in zip(gradients, [[-0.20, -0.39], [0.39, -0.59], 0.20], strict=True):
        close.assert_close(got, expected)
    layer, _ = nn.value_and_gradients(nn.ops.sigmoid(w @ x + b), [w])
    EXACT.assert_close(value, layer)


# --- nodes ----------------------------------------------------------------------------------------------------------


def test_python_operators_take_numbers_and_arrays_on_both_sides() -> None:
    a = np.array([1.0, 2.0, 4.0])
    x = nn.variable(a)
    pairs = [
        (x + 1, a + 1), (1 + x, 1 + a), (a + x, a + a), (x - a, a - a), (3 - x, 3 - a), (2 * x, 2 * a), (x / 2, a / 2),
        (2 / x, 2 / a), (x**2, a**2), (2**x, 2**a), (-x, -a), (abs(-x), a), (x @ a, a @ a), (np.eye(3) @ x, a),
        (x > 2, a > 2), (x >= 2, a >= 2), (x < 2, a < 2), (a <= x, np.ones(3)),
        (x[1:], a[1:]), (np.float32(2) * x, 2 * a),
    ]  # fmt: skip
    for node, expected in pairs:
        assert isinstance(node, Node)
        value, _ = nn.value_and_gradients(nn.ops.sum(node * np.arange(1, 1 + expected.size).reshape(expected.shape)), x)
        EXACT.assert_close(value, np.sum(expected * np.arange(1, 1 + expected.size).reshape(expected.shape)))


def test_nodes_are_keys_by_identity_and_have_no_truth() -> None:
    x, y = nn.variable(1.0), nn.variable(1.0)
    assert len({x, y, x}) == 2
    assert x in [y, x]
    with pytest.raises(TypeError, match=r"nn\.ops\.where"):
        max(x, y)
    for other in (1.0, np.ones(2), None):
        with pytest.raises(TypeError, match=">="):
            x == other  # noqa: B015
    with pytest.raises(TypeError, match="condition"):
        nn.ops.where(x == y, x, y)


@pytest.mark.parametrize("function", [np.array, np.mean, np.transpose, lambda x: np.dot([1.0, 2.0], x), nn.variable])
def test_functions_of_numpy_refuse_nodes(function: Any) -> None:
    with pytest.raises(TypeError, match=r"nn\.ops"):
        function(nn.variable([1.0, 2.0]))


@pytest.mark.parametrize(("name", "expected"), [
    ("maximum", ([1, 1, 0], [0, 0, 1])), ("minimum", ([0, 1, 1], [1, 0, 0])),
])  # fmt: skip
def test_of_equal_operands_the_first_has_the_gradient(name: str, expected: Any) -> None:
    a, b = nn.variable([2.0, 1.0, 0.0]), nn.variable([1.0, 1.0, 1.0])
    _, gradients = nn.value_and_gradients(nn.ops.sum(getattr(nn.ops, name)(a, b)), [a, b])
    assert [g.tolist() for g in gradients] == list(expected)


def test_conventions_where_there_is_no_derivative() -> None:
    def gradient(function: Any, at: Any) -> Any:
        x = nn.variable(at)
        return nn.value_and_gradients(nn.ops.sum(function(x)), [x])[1][0].tolist()

    assert gradient(nn.ops.max, [1.0, 3.0, 3.0]) == [0, 1, 0]
    assert gradient(nn.ops.abs, [-1.0, 0.0, 1.0]) == [-1, 0, 1]
    assert gradient(nn.ops.relu, [-1.0, 0.0, 1.0]) == [0, 0, 1]
    assert gradient(lambda x: x**0, [0.0, 2.0]) == [0, 0]
    assert gradient(lambda x: 0**x, [1.0, 2.0]) == [0, 0]
    assert gradient(lambda x: [-2.0, 2.0] ** x, [2.0, 0.0]) == [0, np.log(2.0)]


def test_nan_comes_through_maximum_and_max() -> None:
    x = nn.Input(2)
    bad = nn.ops.log(x) * 0  # NaN below 0
    for node in (
        nn.ops.maximum(bad, 1),
        nn.ops.maximum(1, bad),
        nn.ops.minimum(bad, 1),
        nn.ops.max(bad, keepdims=True),
    ):
        assert np.isnan(nn.Model(x, node).predict([[1.0, -1.0]])[0, -1])


# --- in a model -----------------------------------------------------------------------------------------------------


def linear_model(seed: int = 0) -> Any:
    x = nn.Input(3, name="x")
    w, b = nn.variable(np.zeros((3, 2)), name="w"), nn.variable([1.0, -1.0], name="b")
    return nn.Model(x, x @ w + b, seed=seed, dtype="float64")


def test_variables_and_operators_train_as_the_layer_does(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    ours = linear_model()
    layer = nn.Sequential([nn.Input(3), nn.Dense(2, weight_initializer="zeros")], dtype="float64")
    layer.parameters["dense/bias"][...] = [1.0, -1.0]
    for model in (ours, layer):
        model.compile(nn.Adam(0.05), "squared")
        model.fit(x, y, epochs=5, batch_size=6)
    assert list(ours.parameters) == ["w/value", "b/value"]
    ROUNDING["float64"].assert_close(ours.parameters["w/value"], layer.parameters["dense/weight"])
    ROUNDING["float64"].assert_close(ours.parameters["b/value"], layer.parameters["dense/bias"])
    assert nn.check_gradients(ours, x[:5], y[:5]).ok


def test_a_trained_variable_is_saved_and_goes_on_the_same(tmp_path: Path, rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    model = linear_model()
    model.compile("adam", "squared")
    model.fit(x, y)
    model.save(tmp_path / "m")
    again = nn.load(tmp_path / "m")
    assert snapshot(again) == snapshot(model)
    for either in (model, again):
        either.fit(x, y)
    assert snapshot(again) == snapshot(model)


def test_a_variable_in_two_places_is_one_parameter(rng: np.random.Generator) -> None:
    a, b, w = nn.Input(3), nn.Input(3), nn.variable(rng.normal(size=(3, 1)), name="w")
    model = nn.Model([a, b], [nn.Dense(1)(a @ w), b @ w + a @ w], dtype="float64")
    assert model.count_parameters() == 3 + 2
    model.compile(loss="squared")
    x = [rng.normal(size=(4, 3)), rng.normal(size=(4, 3))]
    assert nn.check_gradients(model, x, [np.ones(4), np.ones(4)]).ok


def test_a_model_that_is_called_brings_its_variables_along(rng: np.random.Generator) -> None:
    inner = linear_model()
    inner.parameters["w/value"][...] = rng.normal(size=(3, 2))
    x = nn.Input(3)
    outer = nn.Model(x, nn.Dense(1)(nn.ops.tanh(inner(x))), dtype="float64")
    assert (outer.parameters["w/value"] == inner.parameters["w/value"]).all()
    rows = rng.normal(size=(5, 3))
    value, _ = nn.value_and_gradients(nn.ops.sum(inner(x)), [x], {x: rows})
    EXACT.assert_close(value, inner.predict(rows).sum() / 5)


def test_the_gradient_of_a_variable_inside_a_model_that_is_called() -> None:
    x, w = nn.Input(2), nn.variable([[1.0], [2.0]])
    model = nn.Model(x, x @ w)
    rows = np.array([[3.0, 5.0]])
    for expression, expected in ((nn.ops.sum(model(x)), rows.T), (nn.ops.sum(model(x) * model(x)), 26 * rows.T)):
        _, gradients = nn.value_and_gradients(expression, [w], {x: rows})
        EXACT.assert_close(gradients[0], expected)


def test_an_embedding_is_a_gather_of_a_variable() -> None:
    table, tokens = nn.variable(np.arange(12.0).reshape(6, 2), name="table"), nn.Input(3)
    model = nn.Model(tokens, nn.ops.gather(table, tokens))
    rows = np.array([[0, 5, 5], [1, 0, -1]])
    assert (model.predict(rows) == np.arange(12.0).reshape(6, 2)[rows]).all()
    _, (gradient,) = nn.value_and_gradients(nn.ops.sum(nn.ops.gather(table, tokens)), [table], {tokens: rows})
    assert (gradient == np.array([[2, 1, 0, 0, 0, 3]]).T / 2).all()
    with pytest.raises(nn.DataError, match=r"gather: expected indices among the whole numbers -6 \.\.\. 5, got 6"):
        model.predict([[6, 0, 0]])


def test_a_loss_that_is_the_graph_itself(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    plain = nn.Sequential([nn.Input(3), nn.Dense(4, "tanh"), nn.Dense(2)], dtype="float64", seed=3)
    plain.compile(nn.SGD(0.05), "squared")
    inputs, targets = nn.Input(3, name="x"), nn.Input(2, name="y")
    net = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(2)])
    graph = nn.Model([inputs, targets], nn.ops.sum((net(inputs) - targets) ** 2), dtype="float64", seed=3)
    graph.compile(nn.SGD(0.05), "expression")
    EXACT.assert_close(graph.evaluate([x, y])["loss"], plain.evaluate(x, y)["loss"])
    plain.fit(x, y, epochs=3)
    history = graph.fit([x, y], epochs=3, validation_split=0.2)
    assert set(history.rows[0]) == {"loss", "val_loss"}
    graph.fit([x, y])
    for name in plain.parameters:
        assert plain.parameters[name].shape == graph.parameters[name].shape
    assert nn.check_gradients(graph, [x, y]).ok


def test_a_penalty_without_rows_is_a_loss_of_its_own(rng: np.random.Generator) -> None:
    x, w = nn.Input(3), nn.variable([[1.0], [2.0], [-2.0]], name="w")
    model = nn.Model(x, [x @ w, nn.ops.sum(nn.ops.square(w))], dtype="float64")
    model.compile(loss=["squared", "expression"], loss_weights=[1.0, 0.5])
    rows, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 1))
    loss, gradients = model.loss_and_gradients(rows, y)
    error = rows @ model.parameters["w/value"] - y
    EXACT.assert_close(loss, np.mean(error**2) + 0.5 * 9)
    EXACT.assert_close(gradients["w/value"], 2 * rows.T @ error / 4 + model.parameters["w/value"])


def test_the_summary_tells_arrays_from_batches(capsys: pytest.CaptureFixture[str]) -> None:
    text = linear_model().summary()
    assert "w (Variable)" in text
    assert "(3, 2)" in text
    assert "(N, 2)" in text


# --- value_and_gradients --------------------------------------------------------------------------------------------


def test_an_expression_with_rows_is_its_mean(rng: np.random.Generator) -> None:
    x, w = nn.Input(3), nn.variable([1.0, 2.0, 3.0])
    z = x @ w
    rows = rng.normal(size=(4, 3))
    value, (dx, dw, dz) = nn.value_and_gradients(z**2, [x, w, z], {x: rows})
    scores = rows @ [1.0, 2.0, 3.0]
    EXACT.assert_close(value, np.mean(scores**2))
    EXACT.assert_close(dz, 2 * scores / 4)
    EXACT.assert_close(dx, np.outer(2 * scores / 4, [1.0, 2.0, 3.0]))
    EXACT.assert_close(dw, rows.T @ (2 * scores / 4))


def test_what_the_expression_does_not_depend_on_has_a_gradient_of_0() -> None:
    x, y, other = nn.variable([1.0, 2.0]), nn.Input(2), nn.variable(np.ones((2, 3)))
    value, (dother, dy, dx) = nn.value_and_gradients(nn.ops.sum(x), [other, y, x], {y: np.ones((5, 2))})
    assert value == 3
    assert (dother == np.zeros((2, 3))).all()
    assert (dy == np.zeros((5, 2))).all()
    assert (dx == [1, 1]).all()


def test_one_input_used_twice_and_an_expression_of_itself() -> None:
    x = nn.variable(3.0)
    value, (dx,) = nn.value_and_gradients(x * x * x, [x])
    assert value == dx == 27
    value, (dx,) = nn.value_and_gradients(x, x)
    assert value == 3
    assert dx == 1


def test_a_slice_has_a_step() -> None:
    with pytest.raises(nn.DataError, match="step"):
        nn.variable([1.0, 2.0])[::0]


@pytest.mark.parametrize("index", [[0, 1], np.array([0, 1]), np.array([True, False])])
def test_an_index_of_arrays_is_a_gather(index: Any) -> None:
    with pytest.raises(TypeError, match=r"nn\.ops\.gather"):
        nn.variable([1.0, 2.0])[index]


def test_threads_change_no_bit(rng: np.random.Generator) -> None:
    x, w, b = nn.Input((40, 30)), nn.variable(rng.normal(size=(30, 50))), nn.variable(rng.normal(size=(40, 1)))
    node = nn.ops.max(nn.ops.softmax(x @ w + b), axis=0) * nn.ops.mean(x)
    rows = rng.normal(size=(300, 40, 30))

    def bits(count: int) -> list[bytes]:
        with nn.threads(count):
            _, gradients = nn.value_and_gradients(nn.ops.sum(nn.ops.log(node**2 + 1)), [x, w, b], {x: rows})
        return [gradient.tobytes() for gradient in gradients]

    assert bits(1) == bits(2) == bits(3) == bits(8)


def test_a_variable_and_an_operator_alone_are_modules_too() -> None:
    from nncpp.layers import operators

    variable = operators.Variable([1.0, 2.0]).build([])
    assert variable.forward([]).tolist() == [[1.0, 2.0]]
    assert operators.Add().build([(2,), (2,)]).forward([[[1.0, 2.0]], [[3.0, 4.0]]]).tolist() == [[4.0, 6.0]]
    for inputs in ([], [[[1.0, 2.0]]]):
        with pytest.raises(nn.ShapeError, match=f"add: expected 2 inputs, got {len(inputs)}"):
            operators.Add().build([(2,), (2,)]).forward(inputs)
