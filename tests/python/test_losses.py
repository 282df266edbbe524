"""Losses in their pairs: values, gradients at the logits, weights, and logits of any size."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
PAIRS = {"squared": "identity", "nll": "sigmoid", "nllm": "softmax"}


def logits_model(loss: str, columns: int, dtype: str = "float64") -> Any:
    """A model that hands its input to the loss: the gradient of the input is dL/dz."""
    model = nn.Sequential(
        [nn.Input(columns, name="z"), nn.Dense(columns, PAIRS[loss], weight_initializer="zeros")], dtype=dtype
    )
    model.parameters["dense/weight"][...] = np.eye(columns)
    model.compile(loss=loss)
    return model


def scores(loss: str, z: Any, y: Any, sample_weight: Any = None, dtype: str = "float64") -> tuple[float, Any]:
    z = np.asarray(z)
    model = logits_model(loss, z.shape[1], dtype)
    value, gradients = model.loss_and_gradients(z, y, sample_weight=sample_weight, inputs=True)
    assert model.evaluate(z, y, sample_weight)["loss"] == pytest.approx(value, rel=1e-6)
    return value, gradients["z"]


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_squared_is_the_mean_over_rows_of_the_sum_over_outputs(dtype: str, rng: np.random.Generator) -> None:
    p, y = rng.normal(size=(2, 5, 3))
    value, dz = scores("squared", p, y, dtype=dtype)
    ROUNDING[dtype].assert_close(value, np.mean(np.sum((p - y) ** 2, axis=1)))
    ROUNDING[dtype].assert_close(dz, 2 * (p - y) / 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nll_is_the_binary_cross_entropy(dtype: str, rng: np.random.Generator) -> None:
    z, y = rng.normal(size=(5, 3)), rng.uniform(size=(5, 3))
    p = 1 / (1 + np.exp(-z))
    value, dz = scores("nll", z, y, dtype=dtype)
    ROUNDING[dtype].assert_close(value, -np.mean(np.sum(y * np.log(p) + (1 - y) * np.log(1 - p), axis=1)))
    ROUNDING[dtype].assert_close(dz, (p - y) / 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nllm_takes_labels_or_distributions(dtype: str, rng: np.random.Generator) -> None:
    z, labels = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    p = softmax(z)
    value, dz = scores("nllm", z, labels, dtype=dtype)
    ROUNDING[dtype].assert_close(value, -np.mean(np.log(p[np.arange(6), labels])))
    ROUNDING[dtype].assert_close(dz, (p - np.eye(4)[labels]) / 6)
    y = softmax(rng.normal(size=(6, 4)))
    value, dz = scores("nllm", z, y, dtype=dtype)
    ROUNDING[dtype].assert_close(value, -np.mean(np.sum(y * np.log(p), axis=1)))
    ROUNDING[dtype].assert_close(dz, (p - y) / 6)


def test_labels_and_their_one_hot_rows_are_the_same_targets(rng: np.random.Generator) -> None:
    z, labels = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    by_label, by_row = scores("nllm", z, labels), scores("nllm", z, np.eye(4)[labels])
    EXACT.assert_close(by_label[0], by_row[0])
    EXACT.assert_close(by_label[1], by_row[1])


@pytest.mark.parametrize("loss", PAIRS)
def test_sample_weights_make_a_weighted_mean(loss: str, rng: np.random.Generator) -> None:
    z, weights = rng.normal(size=(6, 2)), np.array([3.0, 0.0, 1.0, 2.0, 0.5, 0.0])
    y = rng.integers(2, size=6) if loss == "nllm" else rng.integers(2, size=(6, 2))
    value, dz = scores(loss, z, y, weights)
    single = [scores(loss, z[i : i + 1], y[i : i + 1]) for i in range(6)]
    EXACT.assert_close(value, np.average([v for v, _ in single], weights=weights))
    EXACT.assert_close(dz, np.concatenate([d for _, d in single]) * (weights / weights.sum())[:, None])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [30.0, 1e3, 1e20])
def test_large_logits_neither_overflow_nor_lose_the_gradient(dtype: str, size: float) -> None:
    z = np.array([[size, -size]])
    for loss, y in (("nll", [[0.0, 1.0]]), ("nllm", [1])):
        value, dz = scores(loss, z, y, dtype=dtype)
        ROUNDING[dtype].assert_close(value, 2 * size)
        ROUNDING[dtype].assert_close(dz, [[1.0, -1.0]])
    for loss, y in (("nll", [[1.0, 0.0]]), ("nllm", [0])):
        value, dz = scores(loss, z, y, dtype=dtype)
        assert 0 <= value < 1e-12
        assert np.abs(dz).max() < 1e-12


def test_equal_logits_cost_the_logarithm_of_the_number_of_classes() -> None:
    EXACT.assert_close(scores("nllm", np.full((3, 10), 7.0), [0, 5, 9])[0], np.log(10))
    EXACT.assert_close(scores("nll", np.zeros((3, 1)), [0, 1, 0])[0], np.log(2))


def test_predictions_are_probabilities_although_the_loss_sees_logits(rng: np.random.Generator) -> None:
    z = rng.normal(size=(5, 3))
    EXACT.assert_close(logits_model("nllm", 3).predict(z), softmax(z))
    EXACT.assert_close(logits_model("nll", 3).predict(z), 1 / (1 + np.exp(-z)))


def test_accuracy_counts_weighted_rows() -> None:
    model = logits_model("nllm", 3)
    model.compile(loss="nllm", metrics=["accuracy"])
    z, y = np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 0, 2])
    assert model.evaluate(z, y)["accuracy"] == 0.75
    assert model.evaluate(z, y, sample_weight=[1, 1, 6, 0])["accuracy"] == 0.25
    binary = logits_model("nll", 1)
    binary.compile(loss="nll", metrics="accuracy")
    assert binary.evaluate([[-1.0], [2.0], [3.0], [-4.0]], [0, 1, 0, 1])["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("loss", "activation", "right"),
    [
        ("nll", "identity", "sigmoid"),
        ("nll", "softmax", "nllm"),
        ("nllm", "sigmoid", "nll"),
        ("nllm", "tanh", "softmax"),
    ],
)
def test_a_loss_with_the_wrong_output_is_refused_and_the_right_one_named(
    loss: str, activation: str, right: str
) -> None:
    model = nn.Sequential([nn.Input(2), nn.Dense(2, activation, name="out")])
    with pytest.raises(nn.DataError, match="out") as raised:
        model.compile(loss=loss)
    assert f"'{right}'" in str(raised.value)


def test_squared_loss_goes_through_any_output(rng: np.random.Generator) -> None:
    z, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    model = nn.Sequential([nn.Input(3, name="z"), nn.Activation("sigmoid")], dtype="float64")
    model.compile(loss="squared")
    p = 1 / (1 + np.exp(-z))
    value, gradients = model.loss_and_gradients(z, y, inputs=True)
    EXACT.assert_close(value, np.mean(np.sum((p - y) ** 2, axis=1)))
    EXACT.assert_close(gradients["z"], 2 * (p - y) * p * (1 - p) / 4)
