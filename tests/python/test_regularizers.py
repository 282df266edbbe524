"""Penalties: value, gradient, and where they count."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
W = np.array([[3.0, -4.0], [0.0, 12.0]])
X, Y = np.array([[1.0, 2.0], [-1.0, 0.5]]), np.array([[0.0, 1.0], [2.0, 3.0]])
CASES = [
    (nn.L2(0.1), 8.45, 0.1 * W),  # 0.1 / 2 * (9 + 16 + 144)
    (nn.L1(0.1), 1.9, 0.1 * np.sign(W)),  # 0.1 * (3 + 4 + 12), gradient 0 at 0
    (nn.ElasticNet(0.1, 0.1), 10.35, 0.1 * W + 0.1 * np.sign(W)),
]


def model_of(**regularizers: Any) -> Any:
    model = nn.Sequential([nn.Input(2), nn.Dense(2, bias_initializer="ones", **regularizers)], dtype="float64")
    model.parameters["dense/weight"][...] = W
    model.compile(nn.SGD(0.5), "squared")
    return model


@pytest.mark.parametrize(("regularizer", "penalty", "gradient"), CASES, ids=[repr(case[0]) for case in CASES])
def test_penalty_and_gradient_are_added_to_those_of_the_data(regularizer: Any, penalty: float, gradient: Any) -> None:
    plain, model = model_of(), model_of(weight_regularizer=regularizer)
    (data_loss, data_gradients), (loss, gradients) = (m.loss_and_gradients(X, Y) for m in (plain, model))
    EXACT.assert_close(loss - data_loss, penalty)
    EXACT.assert_close(gradients["dense/weight"] - data_gradients["dense/weight"], gradient)
    EXACT.assert_close(gradients["dense/bias"], data_gradients["dense/bias"])


@pytest.mark.parametrize(("regularizer", "penalty", "gradient"), CASES, ids=[repr(case[0]) for case in CASES])
def test_a_step_goes_along_the_gradient_of_the_whole_objective(regularizer: Any, penalty: float, gradient: Any) -> None:
    plain, model = model_of(), model_of(weight_regularizer=regularizer)
    EXACT.assert_close(model.train_on_batch(X, Y) - plain.train_on_batch(X, Y), penalty)
    EXACT.assert_close(model.parameters["dense/weight"] - plain.parameters["dense/weight"], -0.5 * gradient)


def test_biases_are_penalized_only_when_asked_for() -> None:
    model = model_of(bias_regularizer=nn.L2(0.5))
    scores = model.evaluate(X, Y)
    EXACT.assert_close(scores["penalty"], 0.5 / 2 * 2)
    EXACT.assert_close(model_of(weight_regularizer="l2").evaluate(X, Y)["penalty"], 0.01 / 2 * 169)


def test_scores_report_data_loss_and_penalty_apart() -> None:
    model = model_of(weight_regularizer=nn.L2(0.1))
    scores = model.evaluate(X, Y)
    EXACT.assert_close(scores["data_loss"], model_of().evaluate(X, Y)["loss"])
    EXACT.assert_close(scores["loss"], scores["data_loss"] + scores["penalty"])
    history = model.fit(X, Y, epochs=2, batch_size=2)
    assert {"loss", "data_loss", "penalty"} == set(history)
    EXACT.assert_close(history["penalty"][0], 8.45)
    assert set(model_of().evaluate(X, Y)) == {"loss"}


def test_the_penalty_does_not_depend_on_the_number_of_rows_or_their_weights() -> None:
    model = model_of(weight_regularizer=nn.L2(0.1))
    for rows in (1, 2):
        EXACT.assert_close(model.evaluate(X[:rows], Y[:rows])["penalty"], 8.45)
    EXACT.assert_close(model.evaluate(X, Y, sample_weight=[5, 7])["penalty"], 8.45)


def test_a_shared_layer_is_penalized_once() -> None:
    layer, a, b = nn.Dense(2, weight_regularizer=nn.L2(0.1), weight_initializer="ones"), nn.Input(2), nn.Input(2)
    model = nn.Model([a, b], [layer(a), layer(b)], dtype="float64")
    model.compile(loss="squared")
    EXACT.assert_close(model.evaluate([X, X], [Y, Y])["penalty"], 0.1 / 2 * 4)


def test_l2_alone_decays_every_weight_by_one_factor() -> None:
    model = nn.Sequential([nn.Input(2), nn.Dense(2, weight_regularizer=nn.L2(0.1), use_bias=False)], dtype="float64")
    model.compile(nn.SGD(0.5), "squared")
    before = model.parameters["dense/weight"].copy()
    model.train_on_batch(np.zeros((1, 2)), np.zeros((1, 2)))
    EXACT.assert_close(model.parameters["dense/weight"], 0.95 * before)
