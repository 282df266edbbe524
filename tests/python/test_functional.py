"""Flow graphs: shared layers, several inputs, several outputs, models inside models."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]


def window_scorer() -> Any:
    """One scorer on two windows of words, both places with the same weights."""
    a, b = nn.Input(20, name="true"), nn.Input(20, name="corrupt")
    score = nn.Sequential([nn.Dense(8, activation="sigmoid"), nn.Dense(1, use_bias=False)])
    model = nn.Model(inputs=[a, b], outputs=[score(a), score(b)], dtype="float64")
    model.compile(optimizer=nn.SGD(0.05), loss="squared")
    return model


def test_two_places_share_their_weights(rng: np.random.Generator) -> None:
    model = window_scorer()
    assert model.count_parameters() == 20 * 8 + 8 + 8
    x = rng.normal(size=(5, 20))
    first, second = model.predict([x, x])
    assert first.tobytes() == second.tobytes()


def test_gradients_of_two_places_add(rng: np.random.Generator) -> None:
    model = window_scorer()
    windows, corrupted = rng.normal(size=(2, 6, 20))
    y = [np.ones(6), -np.ones(6)]
    loss, gradients = model.loss_and_gradients([windows, corrupted], y)
    w, u, b = (model.parameters[name] for name in ("dense/weight", "dense_1/weight", "dense/bias"))
    total, dw, du, db = 0.0, np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    for x, target in zip((windows, corrupted), y, strict=True):
        h = 1 / (1 + np.exp(-(x @ w + b)))
        error = h @ u - target[:, None]
        dh = 2 * error / 6 @ u.T * h * (1 - h)
        total += float(np.mean(error**2))
        dw, du, db = dw + x.T @ dh, du + h.T @ (2 * error / 6), db + dh.sum(axis=0)
    EXACT.assert_close(loss, total)
    EXACT.assert_close(gradients["dense/weight"], dw)
    EXACT.assert_close(gradients["dense_1/weight"], du)
    EXACT.assert_close(gradients["dense/bias"], db)
    assert nn.check_gradients(model, [windows, corrupted], y).ok


def test_a_scorer_learns_to_tell_windows_apart(rng: np.random.Generator) -> None:
    model = window_scorer()
    direction = rng.normal(size=20) / 4
    windows = rng.normal(size=(400, 20)) + direction
    corrupted = rng.normal(size=(400, 20)) - direction
    history = model.fit({"true": windows, "corrupt": corrupted}, [np.ones(400), -np.ones(400)], epochs=20)
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    scores = model.predict([windows, corrupted])
    assert (scores[0] > scores[1]).mean() > 0.9


def two_outputs(loss_weights: Any = None) -> Any:
    x = nn.Input(4, name="x")
    h = nn.Dense(5, "tanh", name="hidden")(x)
    model = nn.Model(x, [nn.Dense(3, "softmax", name="type")(h), nn.Dense(2, name="size")(h)], dtype="float64")
    model.compile("sgd", loss={"type": "nllm", "size": "squared"}, metrics={"type": ["accuracy"]},
                  loss_weights=loss_weights)  # fmt: skip
    return model


def test_the_objective_is_the_weighted_sum_over_outputs(rng: np.random.Generator) -> None:
    x, types, sizes = rng.normal(size=(7, 4)), rng.integers(3, size=7), rng.normal(size=(7, 2))
    scores = two_outputs().evaluate(x, [types, sizes])
    EXACT.assert_close(scores["loss"], scores["type_loss"] + scores["size_loss"])
    assert set(scores) == {"loss", "type_loss", "size_loss", "type_accuracy"}
    weighted = two_outputs({"type": 2.0, "size": 0.5})
    loss, gradients = weighted.loss_and_gradients(x, {"type": types, "size": sizes})
    EXACT.assert_close(loss, 2.0 * scores["type_loss"] + 0.5 * scores["size_loss"])
    parts = [two_outputs(weights).loss_and_gradients(x, [types, sizes])[1] for weights in ([1, 0], [0, 1])]
    for name, gradient in gradients.items():
        EXACT.assert_close(gradient, 2.0 * parts[0][name] + 0.5 * parts[1][name])


def test_an_output_of_weight_zero_teaches_nothing(rng: np.random.Generator) -> None:
    x, types, sizes = rng.normal(size=(7, 4)), rng.integers(3, size=7), rng.normal(size=(7, 2))
    model = two_outputs([1.0, 0.0])
    before = model.parameters["size/weight"].copy()
    model.fit(x, [types, sizes], epochs=3)
    assert (model.parameters["size/weight"] == before).all()


def test_history_names_the_outputs(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(8, 4)), [rng.integers(3, size=8), rng.normal(size=(8, 2))]
    history = two_outputs().fit(x, y, epochs=2, validation_data=(x, y))
    names = {"loss", "type_loss", "size_loss", "type_accuracy"}
    assert set(history) == names | {f"val_{name}" for name in names}


def test_one_layer_object_may_stand_behind_itself(rng: np.random.Generator) -> None:
    layer, x = nn.Dense(3, "tanh"), nn.Input(3)
    model = nn.Model(x, layer(layer(layer(x))), dtype="float64")
    model.compile(loss="squared")
    assert model.count_parameters() == 12
    u = rng.normal(size=(4, 3))
    expected = u
    for _ in range(3):
        expected = np.tanh(expected @ model.parameters["dense/weight"] + model.parameters["dense/bias"])
    EXACT.assert_close(model.predict(u), expected)
    assert nn.check_gradients(model, u, rng.normal(size=(4, 3))).ok


def test_a_value_may_feed_two_layers_and_be_an_output(rng: np.random.Generator) -> None:
    x = nn.Input(3)
    h = nn.Dense(3, "tanh")(x)
    model = nn.Model(x, [h, nn.Dense(2)(h), nn.Dense(1)(h)], dtype="float64")
    model.compile(loss="squared")
    u, y = rng.normal(size=(4, 3)), [rng.normal(size=(4, n)) for n in (3, 2, 1)]
    assert nn.check_gradients(model, u, y).ok
    assert [p.shape for p in model.predict(u)] == [(4, 3), (4, 2), (4, 1)]


def test_a_model_called_on_nodes_starts_from_its_values(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
    encoder = nn.Sequential([nn.Input(3), nn.Dense(3, "tanh")], dtype="float64")
    encoder.compile("sgd", "squared")
    encoder.fit(x, y, epochs=2)
    inputs = nn.Input(3)
    model = nn.Model(inputs, nn.Dense(1)(encoder(inputs)), dtype="float64")
    assert (model.parameters["dense/weight"] == encoder.parameters["dense/weight"]).all()


def test_inputs_may_have_different_shapes(rng: np.random.Generator) -> None:
    a, b = nn.Input((2, 3), name="a"), nn.Input(4, name="b")
    model = nn.Model([a, b], [nn.Dense(2, name="p")(a), nn.Dense(1, name="q")(b)])
    p, q = model.predict([rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 4))])
    assert (p.shape, q.shape) == ((5, 2, 2), (5, 1))


def test_a_deep_chain_is_traced_without_recursion() -> None:
    x = node = nn.Input(2)
    for _ in range(1500):
        node = nn.Activation("tanh")(node)
    assert nn.Model(x, node).predict([[1.0, -1.0]]).shape == (1, 2)


@pytest.mark.parametrize("y", [[np.ones(6)], {"dense_1": np.ones(6)}])
def test_targets_must_be_given_for_every_output(y: Any, rng: np.random.Generator) -> None:
    with pytest.raises(nn.DataError, match="y: expected"):
        window_scorer().fit([rng.normal(size=(6, 20))] * 2, y)


def test_an_output_may_have_any_name() -> None:
    x = nn.Input(2)
    model = nn.Model(x, [nn.Dense(1, name="kind")(x), nn.Dense(1, name="loss")(x)])
    model.compile("sgd", loss={"kind": "squared", "loss": "squared"})
    assert {"kind_loss", "loss_loss"} < set(model.evaluate([[1.0, 2.0]], [[1.0], [2.0]]))


def test_names_are_the_first_that_are_free() -> None:
    x = nn.Input(2)
    names = [None, "dense_2", None, None, "dense_1_1", None]
    model = nn.Model(x, [nn.Dense(1, name=name)(x) for name in names])
    expected = ["dense", "dense_2", "dense_1", "dense_3", "dense_1_1", "dense_4"]
    assert list(dict.fromkeys(key.partition("/")[0] for key in model.parameters)) == expected
