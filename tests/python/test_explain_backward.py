"""explain_backward: its numbers are those of the engine and of formulas in NumPy, its shapes those of the arrays."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot
from test_textbook import set_parameters
from tolerances import Tolerance

SIX_DIGITS = Tolerance(1e-5, 1e-12)  # as printed
RANDOM = np.random.default_rng(5)


def numbers(text: str, section: str, node: str, quantity: str) -> Any:
    """The array below the line "quantity (shape) = ..." of a node in a section."""
    part = re.search(rf"^{section}\n(.*?)(?:\n\n|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    assert part
    lines = part[1].splitlines()
    first = next(i for i, line in enumerate(lines) if line == node or line.startswith((f"{node} ", f"    {node} ")))
    start = next(i for i in range(first, len(lines)) if lines[i].strip().startswith(f"{quantity} "))
    shape = re.search(r"\(([\d, ]+)\)", lines[start])
    assert shape
    rows = []
    for line in lines[start + 1 :]:
        if not line.strip().startswith("["):
            break
        rows.append([float(cell) for cell in line.strip().strip("[]").split()])
    assert rows, f"no numbers below {lines[start]}"
    return np.array(rows).reshape([int(axis) for axis in shape[1].split(",") if axis.strip()])


def test_the_4_2_1_network() -> None:
    """s = U' sigma(W x + b) under a max margin: the deltas of the texts, for a true and a corrupted window."""
    a, b = nn.Input(4, name="true"), nn.Input(4, name="corrupt")
    score = nn.Sequential([nn.Dense(2, "sigmoid", name="hidden"), nn.Dense(1, use_bias=False, name="s")])
    model = nn.Model([a, b], [score(a), score(b)], dtype="float64")
    model.compile("sgd", nn.MaxMarginLoss())
    x, xc = RANDOM.normal(size=(2, 1, 4))
    text = model.explain_backward([x, xc])
    w, c, u = (model.parameters[name] for name in ("hidden/weight", "hidden/bias", "s/weight"))
    deltas, weights = [], []
    for place, (window, sign) in enumerate(((x, -1.0), (xc, 1.0)), 1):
        h = 1 / (1 + np.exp(-(window @ w + c)))
        SIX_DIGITS.assert_close(numbers(text, "FORWARD", f"hidden (place {place})", "z"), window @ w + c)
        SIX_DIGITS.assert_close(numbers(text, "FORWARD", f"hidden (place {place})", "v"), h)
        SIX_DIGITS.assert_close(numbers(text, "FORWARD", f"s (place {place})", "v"), h @ u)
        delta = sign * u.T * h * (1 - h)
        deltas.append(delta)
        weights.append(window.T @ delta)
        SIX_DIGITS.assert_close(numbers(text, "BACKWARD", f"hidden (place {place})", "dz"), delta)
        SIX_DIGITS.assert_close(numbers(text, "BACKWARD", f"hidden (place {place})", "dW"), weights[-1])
    SIX_DIGITS.assert_close(numbers(text, "GRADIENT OF J", "hidden/weight", "hidden/weight"), sum(weights))
    SIX_DIGITS.assert_close(numbers(text, "GRADIENT OF J", "hidden/bias", "hidden/bias"), sum(deltas)[0])
    assert "dW (4, 2) = u^T (4, 1) dz (1, 2)" in text
    assert "hidden/weight (4, 2) = dW of hidden (place 1) + dW of hidden (place 2)" in text


def test_two_tanh_layers_and_a_sigmoid() -> None:
    """The numbers of test_textbook_networks.py::test_gradients_of_two_tanh_layers_and_a_sigmoid, step by step."""
    random = np.random.RandomState(11)
    w1, b1, w2, b2, w, b, x = (random.randn(*shape) for shape in ((4, 3), (4,), (5, 4), (5,), (5,), (1,), (3,)))
    layers = [nn.Dense(4, "tanh", name="h1"), nn.Dense(5, "tanh", name="h2"), nn.Dense(1, "sigmoid", name="y")]
    model = nn.Sequential([nn.Input(3, name="x"), *layers], dtype="float64")
    set_parameters(model, h1__weight=w1.T, h1__bias=b1, h2__weight=w2.T, h2__bias=b2, y__weight=w[:, None], y__bias=b)
    model.compile(loss="nll")
    text = model.explain_backward(x[None], [1])
    v1 = np.tanh(w1 @ x + b1)
    v2 = np.tanh(w2 @ v1 + b2)
    d3 = 1 / (1 + np.exp(-(w @ v2 + b))) - 1  # p - y
    d2 = (1 - v2**2) * w * d3
    d1 = (1 - v1**2) * (w2.T @ d2)
    for section, node, quantity, expected in [
        ("FORWARD", "h1", "v", v1[None]),
        ("FORWARD", "h2", "v", v2[None]),
        ("FORWARD", "y", "z", (w @ v2 + b)[None]),
        ("LOSS", "dz of y", "dz", d3[None]),
        ("BACKWARD", "h2", "dz", d2[None]),
        ("BACKWARD", "h2", "dW", np.outer(v1, d2)),
        ("BACKWARD", "h1", "dv", (w2.T @ d2)[None]),
        ("BACKWARD", "h1", "dz", d1[None]),
        ("BACKWARD", "h1", "dW", np.outer(x, d1)),
        ("BACKWARD", "h1", "db", d1),
        ("BACKWARD", "x", "dv", (w1.T @ d1)[None]),
    ]:
        SIX_DIGITS.assert_close(numbers(text, section, node, quantity), expected)
    SIX_DIGITS.assert_close(numbers(text, "BACKWARD", "x", "dv"), [[-0.4891480, -0.05590868, -0.08285964]])


def many_paths() -> tuple[nn.Model, Any, Any, Any]:
    """A shared layer, every kind of output, penalties, weights of rows and of losses."""
    a = nn.Input(4, name="a")
    h = nn.Dense(3, "tanh", name="h", weight_regularizer=nn.ElasticNet(0.1, 0.2))(nn.Standardize()(a))
    shared = nn.Dense(3, "relu", name="shared")
    kind = nn.Activation("softmax", name="kind")(nn.Dense(3)(shared(shared(h))))
    size = nn.Dense(2, "tanh", name="size", bias_regularizer="l2")(nn.PReLU()(nn.BatchNorm()(nn.Maxout(3)(h))))
    model = nn.Model(a, [kind, size], dtype="float64", seed=3)
    model.compile("sgd", ["nllm", "squared"], loss_weights=[1.0, 0.5])
    x = RANDOM.normal(size=(3, 4))
    model.adapt(x)
    return model, x, [[0, 2, 1], RANDOM.normal(size=(3, 2))], [1.0, 2.0, 0.5]


def test_totals_are_the_gradient_of_any_graph() -> None:
    model, x, y, weight = many_paths()
    text = model.explain_backward(x, y, weight)
    loss, gradients = model.loss_and_gradients(x, y, sample_weight=weight, inputs=True)
    assert text.startswith(f"J = {loss:.6g} on N = 3 rows")
    for name, gradient in gradients.items():
        if name == "a":
            SIX_DIGITS.assert_close(numbers(text, "BACKWARD", "a", "dv"), gradient)
        elif gradient.ndim <= 2:
            SIX_DIGITS.assert_close(numbers(text, "GRADIENT OF J", name, name), gradient)
    assert "h/weight (4, 3) = dW of h + 0.1 sign(W) + 0.2 W" in text
    assert "dv (3, 3) = du of shared (place 1) + du of maxout" in text
    assert "w_i (p - y) / sum of w" in text
    assert "0.5 w_i 2 (p - y) / sum of w" in text


def test_shapes_stand_in_the_formulas() -> None:
    model = nn.Sequential([nn.Input(64), nn.Dense(32, "relu"), nn.Dense(10, "softmax")])
    model.compile(loss="nllm")
    text = model.explain_backward(RANDOM.normal(size=(20, 64)), np.arange(20) % 10)
    for line in (
        "z (20, 32) = u (20, 64) W (64, 32) + b (32,)",
        "v (20, 32) = max(z, 0)",
        "dz of dense_1 (20, 10) = (p - y) / N",
        "dW (32, 10) = u^T (32, 20) dz (20, 10)",
        "db (10,) = sum over rows of dz (20, 10)",
        "du (20, 32) = dz (20, 10) W^T (10, 32)",
        "dz (20, 32) = dv where z > 0, else 0",
        "dv (20, 64) = du of dense",
    ):
        assert f"    {line}\n" in text
    assert "[" not in text, "numbers of large arrays are left out"


FORMULAS: dict[str, tuple[nn.Layer, Callable[[Any, Any], Any]]] = {  # what a layer's formulas say, in NumPy
    "Dense": (nn.Dense(3, "tanh"), lambda u, p: np.tanh(u @ p["weight"] + p["bias"])),
    "Dense without bias": (nn.Dense(3, use_bias=False), lambda u, p: u @ p["weight"]),
    "Maxout": (nn.Maxout(3), lambda u, p: (np.tensordot(u, p["weight"], 1) + p["bias"]).max(axis=-1)),
    "PReLU": (nn.PReLU(), lambda u, p: np.where(u > 0, u, p["slope"] * u)),
    "Dropout": (nn.Dropout(0.5), lambda u, p: u),
    "GaussianNoise": (nn.GaussianNoise(1.0), lambda u, p: u),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_every_layer_has_its_formulas(name: str) -> None:
    layer, f = FORMULAS[name]
    model = nn.Sequential([nn.Input(4), layer], dtype="float64")
    model.compile(loss="squared")
    x = RANDOM.normal(size=(2, 4))
    text = model.explain_backward(x, np.zeros_like(model.predict(x)))
    parameters = {key.partition("/")[2]: values for key, values in model.parameters.items()}
    node = model.summary().splitlines()[4].split()[0]
    SIX_DIGITS.assert_close(numbers(text, "FORWARD", node, "v"), f(x, parameters))


def test_activations_alone_are_written_in_terms_of_u() -> None:
    for name in ("relu", "softmax", "silu", "exponential"):
        formulas = nn.Activation(name).formulas
        assert not re.search(r"\bz(_|\b)", " ".join((*formulas.forward, *formulas.backward)))
        assert formulas.forward[0].startswith("v = ")


def test_nothing_is_printed_and_nothing_changes(capsys: pytest.CaptureFixture[str]) -> None:
    model, x, y, weight = many_paths()
    before = snapshot(model)
    assert model.explain_backward(x, y, weight) == model.explain_backward(x, y, weight)
    assert capsys.readouterr().out == ""
    assert snapshot(model) == before


def test_operators_are_named_with_their_inputs() -> None:
    x, y = nn.Input(3, name="x"), nn.Input(1, name="y")
    weight = nn.variable([[0.5], [-1.0], [2.0]], name="w")
    model = nn.Model([x, y], nn.ops.sum(nn.ops.square(x @ weight - y)), dtype="float64")
    model.compile(loss="expression")
    u, t = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 1))
    text = model.explain_backward([u, t])
    error = u @ [[0.5], [-1.0], [2.0]] - t
    SIX_DIGITS.assert_close(numbers(text, "FORWARD", "subtract", "v"), error)
    SIX_DIGITS.assert_close(numbers(text, "BACKWARD", "subtract", "dv"), 2 * error / 2)
    SIX_DIGITS.assert_close(numbers(text, "GRADIENT OF J", "w/value", "w/value"), u.T @ error)
    assert " of x, w\n" in text


UNARY = ("negative", "exp", "log", "sqrt", "square", "abs", "sum", "mean", "max", "transpose")


def test_every_operator_has_formulas_of_its_own() -> None:
    x = nn.variable([[1.0, 2.0], [3.0, 4.0]])
    nodes = [getattr(nn.ops, name)(x) for name in UNARY]
    nodes += [nn.ops.reshape(x, 4), x[0], nn.ops.concatenate([x, x]), nn.ops.gather(x, [0]), nn.ops.where(x, x, 0.0)]
    nodes += [x @ x, x > 2.0, x >= 2.0, x < 2.0, x <= 2.0, x]
    for node in nodes:
        assert node.layer is not None
        formulas = node.layer.formulas
        assert not any("times the derivative" in line for line in formulas.backward), node
        left = [line.partition(" = ")[0] for line in (*formulas.forward, *formulas.backward)]
        several = ["v", *(f"du{i}" for i, _ in enumerate(node.inputs, 1))]
        assert left in (["v", "du"], ["v", "dW"], several), node


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"])
def test_formulas_of_two_operands_hold(name: str) -> None:
    """Each line is computed by NumPy as it stands, and compared with the engine's numbers."""
    a, b = nn.Input(2, name="a"), nn.variable([2.0, 0.5], name="b")
    model = nn.Model(a, getattr(nn.ops, name)(a, b), dtype="float64")
    model.compile(loss=lambda p, y: nn.ops.sum(p + 0 * y, axis=-1))
    u1, u2 = np.array([[1.5, 0.3], [0.7, 2.0]]), model.parameters["b/value"]
    _, gradients = model.loss_and_gradients(u1, np.zeros((2, 2)), inputs=True)
    expected = {"v": model.predict(u1), "du1": gradients["a"], "du2": gradients["b/value"]}
    known: dict[str, Any] = {"u1": u1, "u2": u2, "v": expected["v"], "dv": np.full((2, 2), 0.5)}
    known |= {"max": np.maximum, "min": np.minimum, "log": np.log}
    formulas = model.layers[-1].formulas
    for line in (*formulas.forward, *formulas.backward):
        left, right = line.split(" = ")
        product, _, condition = right.removesuffix(", else 0").removesuffix(", 0 where u2 is 0").partition(" where ")
        product = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", product).replace("^", "**")
        got = np.where(eval(condition or "True", known), eval(product, known), 0.0)
        SIX_DIGITS.assert_close(got.sum(axis=0) if left == "du2" else got, expected[left])


def test_arrays_without_rows_have_the_shapes_that_people_gave_them() -> None:
    x, w = nn.Input(3, name="x"), nn.variable([[0.5], [-1.0], [2.0]], name="w")
    inner = nn.Model(x, x @ w + nn.variable(1.0, name="b"))
    a, b = nn.Input(3), nn.Input(3)
    model = nn.Model([a, b], [inner(a), inner(b)], dtype="float64")
    model.compile("sgd", nn.MaxMarginLoss())
    text = model.explain_backward(list(RANDOM.normal(size=(2, 2, 3))))
    for line in (
        "v (3, 1) = W",
        "v () = W",
        "v (2, 1) = u1 + u2 ()",
        "du2 (3, 1) = u1^T (3, 2) dv (2, 1)",
        "dW () = dv",
    ):
        assert f"    {line}\n" in text
    assert "w/value (3, 1) = dW of w (place 1) + dW of w (place 2)" in text
