"""Recurrent layers against NumPy, step by step; printed numbers of courses; first and last states; streams."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nncpp as nn
from tolerances import ROUNDING, printed

Floats = NDArray[np.float64]
LAYERS = {"SimpleRNN": nn.SimpleRNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
N, T, D, H = 5, 6, 3, 4
LENGTHS = np.array([3, 6, 1, 4, 2])
EXACT = ROUNDING["float64"]


def linspace(first: float, last: float, *shape: int) -> Floats:
    """Numbers at equal distances, as the courses make their inputs."""
    return np.linspace(first, last, int(np.prod(shape))).reshape(shape)


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def step(kind: str, w: Any, x: Floats, state: list[Floats], prefix: str = "") -> list[Floats]:
    """The states [h] or [h, c] after one more step."""
    h = state[0]
    a, q = x @ w[prefix + "weight"] + w[prefix + "bias"], h @ w[prefix + "recurrent_weight"]
    if kind == "SimpleRNN":
        return [np.tanh(a + q)]
    if kind == "LSTM":
        i, f, g, o = np.split(a + q, 4, axis=-1)
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]
    q = q + w[prefix + "recurrent_bias"]
    (a_r, a_z, a_n), (q_r, q_z, q_n) = np.split(a, 3, axis=-1), np.split(q, 3, axis=-1)
    z = sigmoid(a_z + q_z)
    return [(1 - z) * np.tanh(a_n + sigmoid(a_r + q_r) * q_n) + z * h]


def run(kind: str, w: Any, u: Floats, first: Any = None, *, prefix: str = "", reverse: bool = False) -> list[Floats]:
    """All states of one sequence (T, D): h, c (T, H)."""
    state = [np.zeros(H)] * (2 if kind == "LSTM" else 1) if first is None else list(first)
    states = []
    for x in reversed(u) if reverse else u:
        state = step(kind, w, x, state, prefix)
        states.append(state)
    return [np.array(s[::-1] if reverse else s) for s in zip(*states, strict=True)]


def inputs(seed: int = 0, *shape: int) -> Floats:
    return np.random.default_rng(seed).normal(size=shape or (N, T, D))


def filled(model: Any) -> Any:
    """The model with random numbers in all parameters."""
    rng = np.random.default_rng(1)
    for value in model.parameters.values():
        value[...] = rng.normal(scale=0.6, size=value.shape)
    return model


def weights_of(model: Any, name: str) -> dict[str, Floats]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): value for key, value in model.parameters.items() if key.startswith(prefix)}


def padded(u: Floats, lengths: NDArray[np.int64]) -> Floats:
    """The same with NaN where nothing counts."""
    return np.where((np.arange(u.shape[1]) < lengths[:, np.newaxis])[..., np.newaxis], u, np.nan)


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("has_lengths", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_values_are_those_of_the_steps(kind: str, has_lengths: bool, reverse: bool) -> None:
    lengths = LENGTHS if has_lengths else np.full(N, T)
    u = inputs()
    given = {"lengths": lengths} if has_lengths else {}
    for returns in (True, False):
        layer = LAYERS[kind](H, return_sequences=returns, reverse=reverse, name="layer")
        model = filled(nn.Sequential([nn.Input((T, D)), layer], dtype="float64"))
        v = model.predict(padded(u, lengths), **given)
        for n, length in enumerate(lengths):
            h = run(kind, weights_of(model, "layer"), u[n, :length], reverse=reverse)[0]
            EXACT.assert_close(v[n, :length] if returns else v[n], h if returns else h[0 if reverse else -1])


@pytest.mark.parametrize("merge", ["concat", "sum", "product", "average"])
@pytest.mark.parametrize("kind", LAYERS)
def test_both_directions_are_merged(kind: str, merge: str) -> None:
    layer = nn.Bidirectional(LAYERS[kind](H, return_sequences=True), merge=merge, name="layer")
    model, u = filled(nn.Sequential([nn.Input((T, D)), layer], dtype="float64")), inputs()
    v = model.predict(padded(u, LENGTHS), lengths=LENGTHS)
    w = weights_of(model, "layer")
    for n, length in enumerate(LENGTHS):
        f, b = (run(kind, w, u[n, :length], prefix=p, reverse=p == "backward_")[0] for p in ("forward_", "backward_"))
        merged = {"concat": np.hstack([f, b]), "sum": f + b, "product": f * b, "average": (f + b) / 2}
        EXACT.assert_close(v[n, :length], merged[merge])


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "gelu", "softsign"])
def test_any_pointwise_activation(activation: str) -> None:
    layer = filled(nn.SimpleRNN(H, activation).build((2, D), dtype="float64"))
    u, w = inputs(0, N, 2, D), layer.parameters
    f = nn.Activation(activation).build((H,), dtype="float64").forward
    h = f(u[:, 0] @ w["weight"] + w["bias"])
    EXACT.assert_close(layer.forward(u), f(u[:, 1] @ w["weight"] + h @ w["recurrent_weight"] + w["bias"]))


# --- what others have printed ---------------------------------------------------------------------------------------


def module(layer: nn.Layer, shapes: Any, weight: Floats, recurrent: Floats, bias: Any) -> nn.Module:
    built = layer.build(shapes, dtype="float64")
    for name, value in (("weight", weight), ("recurrent_weight", recurrent), ("bias", bias)):
        built.parameters[name][...] = value
    return built


def test_the_printed_step_of_a_simple_rnn() -> None:
    """cs231n.github.io, assignments2016/assignment3/RNN_Captioning.ipynb, cell 8."""
    w = linspace(-0.1, 0.9, 10, 4), linspace(-0.3, 0.7, 4, 4), linspace(-0.2, 0.4, 4)
    rnn = module(nn.SimpleRNN(4), [(1, 10), (4,)], *w)
    v = rnn.forward([linspace(-0.4, 0.7, 3, 1, 10), linspace(-0.2, 0.5, 3, 4)])
    expected = [
        [-0.58172089, -0.50182032, -0.41232771, -0.31410098],
        [0.66854692, 0.79562378, 0.87755553, 0.92795967],
        [0.97934501, 0.99144213, 0.99646691, 0.99854353],
    ]
    printed(8).assert_close(v, expected)


def test_the_printed_run_of_a_simple_rnn() -> None:
    """cs231n.github.io, assignments2016/assignment3/RNN_Captioning.ipynb, cell 12."""
    w = linspace(-0.2, 0.4, 4, 5), linspace(-0.4, 0.1, 5, 5), linspace(-0.7, 0.1, 5)
    rnn = module(nn.SimpleRNN(5, return_sequences=True), [(3, 4), (5,)], *w)
    v = rnn.forward([linspace(-0.1, 0.3, 2, 3, 4), linspace(-0.3, 0.1, 2, 5)])
    expected = [
        [
            [-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251],
            [-0.39525808, -0.22554661, -0.0409454, 0.14649412, 0.32397316],
            [-0.42305111, -0.24223728, -0.04287027, 0.15997045, 0.35014525],
        ],
        [
            [-0.55857474, -0.39065825, -0.19198182, 0.02378408, 0.23735671],
            [-0.27150199, -0.07088804, 0.13562939, 0.33099728, 0.50158768],
            [-0.51014825, -0.30524429, -0.06755202, 0.17806392, 0.40333043],
        ],
    ]
    printed(8).assert_close(v, expected)


def test_the_printed_step_of_an_lstm() -> None:
    """cs231n.github.io, assignments2016/assignment3/LSTM_Captioning.ipynb, cell 6, whose gates are i, f, o, g."""
    order = np.arange(20).reshape(4, 5)[[0, 1, 3, 2]].ravel()
    w = linspace(-2.1, 1.3, 4, 20), linspace(-0.7, 2.2, 5, 20), linspace(0.3, 0.7, 20)
    lstm = module(nn.LSTM(5, return_state=True), [(1, 4), (5,), (5,)], *(value[..., order] for value in w))
    states = linspace(-0.3, 0.7, 3, 5), linspace(-0.4, 0.9, 3, 5)
    h, c = np.split(lstm.forward([linspace(-0.4, 1.2, 3, 1, 4), *states]), 2, axis=1)
    printed(8).assert_close(
        h,
        [
            [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904],
            [0.49223563, 0.55611431, 0.61507696, 0.66844003, 0.7159181],
            [0.56735664, 0.66310127, 0.74419266, 0.80889665, 0.858299],
        ],
    )
    printed(8).assert_close(
        c,
        [
            [0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407],
            [0.66382255, 0.76674007, 0.87195994, 0.97902709, 1.08751345],
            [0.74192008, 0.90592151, 1.07717006, 1.25120233, 1.42395676],
        ],
    )


def test_the_printed_step_of_a_sigmoid_rnn() -> None:
    """CS224n 2017, assignment3/q2_rnn_cell.py, test_rnn_cell."""
    rnn = module(nn.SimpleRNN(2, "sigmoid"), [(1, 3), (2,)], np.eye(3, 2), np.eye(2), 1.0)
    v = rnn.forward([[[[0.4, 0.5, 0.6]], [[0.3, -0.2, -0.1]]], [[0.2, 0.5], [-0.3, -0.3]]])
    printed(3).assert_close(v, [[0.832, 0.881], [0.731, 0.622]])


# --- first and last states ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("returns", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_second_layer_begins_where_the_first_one_ended(kind: str, returns: bool, reverse: bool) -> None:
    options = {"return_sequences": returns, "reverse": reverse}
    u = nn.Input((T, D))
    v, *states = LAYERS[kind](H, **options, return_state=True, name="first")(u)
    again = LAYERS[kind](H, **options, name="second")(u, initial_state=states)
    outputs = [v, *states, again] if returns else [*states, again]  # else v is h
    model = filled(nn.Model(u, outputs, dtype="float64"))
    x = inputs()
    *got, got_again = model.predict(padded(x, LENGTHS), lengths=LENGTHS)
    got_v = got.pop(0) if returns else got[0]
    end = 0 if reverse else -1
    for n, length in enumerate(LENGTHS):
        first = run(kind, weights_of(model, "first"), x[n, :length], reverse=reverse)
        last = [state[end] for state in first]
        for mine, expected in zip(got, last, strict=True):
            EXACT.assert_close(mine[n], expected)
        second = run(kind, weights_of(model, "second"), x[n, :length], last, reverse=reverse)
        for mine, expected in ((got_v, first[0]), (got_again, second[0])):
            EXACT.assert_close(mine[n, :length] if returns else mine[n], expected if returns else expected[end])


def test_gradients_go_through_states_to_the_layer_before() -> None:
    source, target = nn.Input((T, D)), nn.Input((2, D))
    _, h, c = nn.LSTM(H, return_state=True, return_sequences=True)(source)
    v = nn.LSTM(H, return_sequences=True)([target, h, c])
    model = filled(nn.Model([source, target], nn.Dense(2)(v), dtype="float64"))
    model.compile("sgd", "squared")
    report = nn.check_gradients(model, [inputs(), inputs(2, N, 2, D)], inputs(3, N, 2, 2))
    assert report.ok, str(report)


def test_a_saved_model_gives_the_same(tmp_path: Any) -> None:
    u = nn.Input((T, D))
    v, h, c = nn.LSTM(H, return_sequences=True, return_state=True)(u)
    both = nn.Bidirectional(nn.GRU(H, return_sequences=True, recurrent_dropout=0.1), merge="average")(v)
    model = filled(nn.Model(u, [both, h, c]))
    model.save(tmp_path / "model.safetensors")
    loaded = nn.load(tmp_path / "model.safetensors")
    for mine, other in zip(model.predict(inputs()), loaded.predict(inputs()), strict=True):
        np.testing.assert_array_equal(mine, other)


# --- options --------------------------------------------------------------------------------------------------------


def test_the_forget_gate_begins_open() -> None:
    bias = nn.LSTM(3).build((2, 1)).parameters["bias"]
    np.testing.assert_array_equal(bias, np.repeat([0.0, 1.0, 0.0, 0.0], 3))
    own = nn.Bidirectional(nn.LSTM(3, forget_bias=0.5)).build((2, 1)).parameters
    for direction in ("forward", "backward"):
        np.testing.assert_array_equal(own[f"{direction}_bias"], np.repeat([0.0, 0.5, 0.0, 0.0], 3))


def test_each_gate_has_an_orthogonal_matrix_and_the_fans_of_one() -> None:
    w = nn.GRU(40).build((2, 60), dtype="float64").parameters
    for gate in np.split(w["recurrent_weight"], 3, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(40), atol=1e-12)
    limit = np.sqrt(6 / (60 + 40))
    assert 0.98 * limit < np.abs(w["weight"]).max() <= limit


def test_penalties_and_bounds_reach_the_parameters_they_name() -> None:
    layer = nn.SimpleRNN(
        2, weight_regularizer=nn.L2(0.1), recurrent_regularizer=nn.L2(0.2), recurrent_constraint=nn.MaxNorm(0.5)
    )
    penalties = {name: penalty.config()["l2"] for name, penalty in layer.regularizers.items()}
    assert penalties == {"weight": 0.1, "recurrent_weight": 0.2}
    assert list(layer.constraints) == ["recurrent_weight"]
    both = nn.Bidirectional(layer)
    assert list(both.regularizers) == [
        "forward_weight",
        "forward_recurrent_weight",
        "backward_weight",
        "backward_recurrent_weight",
    ]
    assert list(both.constraints) == ["forward_recurrent_weight", "backward_recurrent_weight"]


def test_products_are_counted() -> None:
    assert nn.LSTM(H).multiply_adds((T, D), (H,)) == T * 4 * H * (D + H)
    assert nn.SimpleRNN(H).multiply_adds([(T, D), (H,)], (H,)) == T * H * (D + H)
    assert nn.Bidirectional(nn.GRU(H)).multiply_adds((T, D), (2 * H,)) == 2 * T * 3 * H * (D + H)


def test_truncation_leaves_values_and_cuts_gradients() -> None:
    u, dv = inputs(), np.zeros((N, T, H))
    dv[:, 4] = 1.0
    whole, cut = (
        filled(nn.GRU(H, return_sequences=True, truncate=k).build((T, D), dtype="float64")) for k in (None, 3)
    )
    v = whole.forward(u)
    np.testing.assert_array_equal(v, cut.forward(u))
    reached = [np.flatnonzero(np.abs(m.backward(u, v, dv)).sum(axis=(0, 2))).tolist() for m in (whole, cut)]
    assert reached == [[0, 1, 2, 3, 4], [3, 4]]


def test_masks_are_the_same_at_all_steps_of_a_sequence() -> None:
    rnn = nn.SimpleRNN(50, "identity", return_sequences=True, recurrent_dropout=0.5).build((4, 50), dtype="float64")
    rnn.parameters["weight"][...] = rnn.parameters["recurrent_weight"][...] = np.eye(50)
    v = rnn.forward(np.ones((8, 4, 50)), training=True)
    kept = np.array([1.0, 3.0, 7.0, 15.0])  # h = 1 + 2 h
    is_kept = v[:, 1] != 1.0
    assert 0.3 < is_kept.mean() < 0.7
    np.testing.assert_array_equal(v, np.where(is_kept[:, np.newaxis], kept[:, np.newaxis], 1.0))
    dropped = nn.SimpleRNN(50, "identity", return_sequences=True, dropout=0.5).build((4, 50), dtype="float64")
    dropped.parameters["weight"][...], dropped.parameters["recurrent_weight"][...] = np.eye(50), 0.0
    v = dropped.forward(np.ones((8, 4, 50)), training=True)
    assert set(np.unique(v)) == {0.0, 2.0}
    np.testing.assert_array_equal(v, np.broadcast_to(v[:, :1], v.shape))


# --- streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LAYERS)
def test_streams_go_on_from_batch_to_batch(kind: str) -> None:
    streams, pieces = 3, 4
    text = inputs(0, streams, pieces * T, D)
    batches = np.concatenate(np.split(text, pieces, axis=1))  # the rows of batch k follow those of batch k - 1
    layer = LAYERS[kind](H, return_sequences=True, stateful=streams, name="layer")
    model = filled(nn.Sequential([nn.Input((T, D)), layer], dtype="float64"))
    v = model.predict(batches)
    for row in range(streams):
        h = run(kind, weights_of(model, "layer"), text[row])[0]
        EXACT.assert_close(np.concatenate(v[row::streams]), h)


def test_a_language_of_long_memory_is_learned_in_pieces() -> None:
    """A stream repeats its first sign for ever: only a state that goes on from batch to batch tells it."""
    signs = np.array([-1.0, 1.0, 1.0, -1.0])
    streams, pieces, steps = 4, 6, 3
    x = np.zeros((pieces * streams, steps, 1))
    x[:streams, 0, 0] = signs
    y = np.tile(signs[:, np.newaxis, np.newaxis], (pieces, steps, 1))
    losses = {}
    for stateful in (streams, None):
        layers = [nn.Input((steps, 1)), nn.LSTM(8, return_sequences=True, stateful=stateful), nn.Dense(1)]
        model = nn.Sequential(layers, dtype="float64", seed=0)
        model.compile(nn.Adam(0.02), "squared")
        model.fit(x, y, epochs=60, batch_size=streams, shuffle=False)
        losses[stateful] = np.square(model.predict(x) - y).mean()
    assert losses[streams] < 0.05
    assert losses[None] > 0.5
