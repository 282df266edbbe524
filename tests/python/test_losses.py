"""Losses in their pairs: values, gradients at the logits, weights, targets in every form, and logits of any size."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING, printed

EXACT = ROUNDING["float64"]
PAIRS = {"nll": "sigmoid", "nllm": "softmax", "kl": "softmax"}  # the others take a linear output
CLASSES = 4


def logits_model(loss: Any, columns: int, dtype: str = "float64") -> Any:
    """A model that hands its input to the loss: the gradient of the input is dL/dz."""
    output = PAIRS.get(nn.losses.Loss.of(loss, "loss").kind, "identity")
    model = nn.Sequential(
        [nn.Input(columns, name="z"), nn.Dense(columns, output, weight_initializer="zeros")], dtype=dtype
    )
    model.parameters["dense/weight"][...] = np.eye(columns)
    model.compile(loss=loss)
    return model


def scores(loss: Any, z: Any, y: Any, sample_weight: Any = None, dtype: str = "float64") -> tuple[float, Any]:
    z = np.asarray(z)
    model = logits_model(loss, z.shape[1], dtype)
    value, gradients = model.loss_and_gradients(z, y, sample_weight=sample_weight, inputs=True)
    assert model.evaluate(z, y, sample_weight)["loss"] == pytest.approx(value, rel=1e-6)
    return value, gradients["z"]


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


# --- every loss against its formula ---------------------------------------------------------------------------------


class Formula(NamedTuple):
    loss: nn.losses.Loss
    targets: str
    rows: Callable[[Any, Any], tuple[Any, Any]]  # (z, y) -> L_i by row, dL_i/dz


def huber(delta: float) -> Callable[[Any, Any], tuple[Any, Any]]:
    def rows(z: Any, y: Any) -> tuple[Any, Any]:
        e = z - y
        size = np.abs(e)
        values = np.where(size <= delta, e**2 / 2, delta * (size - delta / 2))
        return values.sum(axis=1), np.where(size <= delta, e, delta * np.sign(e))

    return rows


def hinge(z: Any, y: Any) -> tuple[Any, Any]:
    sign = np.where(y > 0, 1, -1)
    return np.maximum(1 - sign * z, 0).sum(axis=1), np.where(sign * z < 1, -sign, 0)


def multiclass_hinge(margin: float) -> Callable[[Any, Any], tuple[Any, Any]]:
    def rows(z: Any, y: Any) -> tuple[Any, Any]:
        values, gradient = np.zeros(len(z)), np.zeros_like(z)
        for i, right in enumerate(y):
            for j in range(z.shape[1]):
                term = margin + z[i, j] - z[i, right]
                if j != right and term > 0:
                    values[i] += term
                    gradient[i, j] += 1
                    gradient[i, right] -= 1
        return values, gradient

    return rows


def nll(smoothing: float) -> Callable[[Any, Any], tuple[Any, Any]]:
    def rows(z: Any, y: Any) -> tuple[Any, Any]:
        p, q = sigmoid(z), (1 - smoothing) * y + smoothing / 2
        return -(q * np.log(p) + (1 - q) * np.log(1 - p)).sum(axis=1), p - q

    return rows


def nllm(smoothing: float) -> Callable[[Any, Any], tuple[Any, Any]]:
    def rows(z: Any, y: Any) -> tuple[Any, Any]:
        p, columns = softmax(z), z.shape[1]
        q = (1 - smoothing) * (np.eye(columns)[y] if y.ndim == 1 else y) + smoothing / columns
        return -(q * np.log(p)).sum(axis=1), p - q

    return rows


def kl(temperature: float) -> Callable[[Any, Any], tuple[Any, Any]]:
    def rows(z: Any, y: Any) -> tuple[Any, Any]:
        q = softmax(z / temperature)
        return temperature**2 * (y * np.log(y / q)).sum(axis=1), temperature * (q - y)

    return rows


FORMULAS = [
    Formula(nn.SquaredLoss(), "numbers", lambda z, y: (((z - y) ** 2).sum(axis=1), 2 * (z - y))),
    Formula(nn.AbsoluteLoss(), "numbers", lambda z, y: (np.abs(z - y).sum(axis=1), np.sign(z - y))),
    Formula(nn.HuberLoss(), "numbers", huber(1.0)),
    Formula(nn.HuberLoss(delta=0.3), "numbers", huber(0.3)),
    Formula(nn.HingeLoss(), "signs", hinge),
    Formula(nn.HingeLoss(targets=(0, 1)), "bits", hinge),
    Formula(nn.MulticlassHingeLoss(), "labels", multiclass_hinge(1.0)),
    Formula(nn.MulticlassHingeLoss(margin=2.5), "labels", multiclass_hinge(2.5)),
    Formula(nn.NLL(), "bits", nll(0.0)),
    Formula(nn.NLL(), "fractions", nll(0.0)),
    Formula(nn.NLL(label_smoothing=0.1), "bits", nll(0.1)),
    Formula(nn.NLL(label_smoothing=0.3), "fractions", nll(0.3)),
    Formula(nn.NLLM(), "labels", nllm(0.0)),
    Formula(nn.NLLM(), "distributions", nllm(0.0)),
    Formula(nn.NLLM(label_smoothing=0.1), "labels", nllm(0.1)),
    Formula(nn.NLLM(label_smoothing=0.3), "distributions", nllm(0.3)),
    Formula(nn.KLLoss(), "distributions", kl(1.0)),
    Formula(nn.KLLoss(temperature=3.0), "distributions", kl(3.0)),
]
EVERY = pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: f"{formula.loss!r}-{formula.targets}")


def logits_and_targets(kind: str, rows: int, rng: np.random.Generator, columns: int = CLASSES) -> tuple[Any, Any]:
    targets = {
        "numbers": rng.normal(size=(rows, columns)),
        "signs": 2 * rng.integers(2, size=(rows, columns)) - 1,
        "bits": rng.integers(2, size=(rows, columns)),
        "fractions": rng.uniform(size=(rows, columns)),
        "labels": rng.integers(columns, size=rows),
        "distributions": softmax(rng.normal(size=(rows, columns))),
    }
    return rng.normal(size=(rows, columns)), targets[kind]


@EVERY
@pytest.mark.parametrize("columns", [2, CLASSES, 19])  # short rows and long ones are summed in different ways
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_gradient_are_those_of_the_formula(
    formula: Formula, columns: int, dtype: str, rng: np.random.Generator
) -> None:
    z, y = logits_and_targets(formula.targets, 37, rng, columns)
    values, gradient = formula.rows(z, y)
    value, dz = scores(formula.loss, z, y, dtype=dtype)
    ROUNDING[dtype].assert_close(value, values.mean())
    ROUNDING[dtype].assert_close(dz, gradient / 37)


@EVERY
def test_sample_weights_make_a_weighted_mean(formula: Formula, rng: np.random.Generator) -> None:
    z, y = logits_and_targets(formula.targets, 6, rng)
    weights = np.array([3.0, 0.0, 1.0, 2.0, 0.5, 0.0])
    values, gradient = formula.rows(z, y)
    value, dz = scores(formula.loss, z, y, weights)
    EXACT.assert_close(value, np.average(values, weights=weights))
    EXACT.assert_close(dz, gradient * (weights / weights.sum())[:, None])


@EVERY
def test_a_single_column_takes_targets_of_one_axis(formula: Formula, rng: np.random.Generator) -> None:
    z, y = logits_and_targets(formula.targets, 6, rng, columns=1)
    if formula.loss.task == "classes":
        with pytest.raises(nn.DataError, match="at least 2, got 1"):
            scores(formula.loss, z, y.reshape(6))
        return
    values, gradient = formula.rows(z, y)
    value, dz = scores(formula.loss, z, y.reshape(6))
    EXACT.assert_close(value, values.mean())
    EXACT.assert_close(dz, gradient / 6)


def test_losses_of_several_outputs_add_up_by_their_weights(rng: np.random.Generator) -> None:
    formulas = [FORMULAS[i] for i in (0, 3, 5, 7, 10, 14, 17)]
    factors = [1.0, 0.5, 2.0, 0.0, 3.0, 0.25, 0.1]
    inputs = [nn.Input(CLASSES, name=f"z{k}") for k in range(len(formulas))]
    outputs = [
        nn.Dense(CLASSES, PAIRS.get(f.loss.kind, "identity"), weight_initializer=nn.initializers.Zeros(), name=f"p{k}")(
            z
        )
        for k, (f, z) in enumerate(zip(formulas, inputs, strict=True))
    ]
    model = nn.Model(inputs, outputs, dtype="float64")
    for k in range(len(formulas)):
        model.parameters[f"p{k}/weight"][...] = np.eye(CLASSES)
    model.compile(loss=[f.loss for f in formulas], loss_weights=factors)
    data = [logits_and_targets(f.targets, 5, rng) for f in formulas]
    value, gradients = model.loss_and_gradients([z for z, _ in data], [y for _, y in data], inputs=True)
    expected = [f.rows(z, y) for f, (z, y) in zip(formulas, data, strict=True)]
    EXACT.assert_close(value, sum(w * v.mean() for w, (v, _) in zip(factors, expected, strict=True)))
    for k, (w, (_, gradient)) in enumerate(zip(factors, expected, strict=True)):
        EXACT.assert_close(gradients[f"z{k}"], w * gradient / 5)
    scores = model.evaluate([z for z, _ in data], [y for _, y in data])
    EXACT.assert_close([scores[f"p{k}_loss"] for k in range(len(formulas))], [v.mean() for v, _ in expected])


def test_the_margins_that_a_course_prints() -> None:
    """Stanford CS231n, notes on linear classification: scores and margin in the text; W, x, b in the figure."""
    EXACT.assert_close(scores(nn.MulticlassHingeLoss(margin=10.0), [[13.0, -7.0, 11.0]], [0])[0], 8.0)
    weight = np.array([[0.01, -0.05, 0.1, 0.05], [0.7, 0.2, 0.05, 0.16], [0.0, -0.45, -0.2, 0.03]])
    for loss, output, expected in (("multiclass_hinge", "identity", 1.58), ("nllm", "softmax", 1.04)):
        model = nn.Sequential([nn.Input(4), nn.Dense(3, output)], dtype="float64")
        model.parameters["dense/weight"][...] = weight.T
        model.parameters["dense/bias"][...] = [0.0, 0.2, -0.3]
        model.compile(loss=loss)
        printed(2).assert_close(model.evaluate([[-15, 22, -44, 56]], [2])["loss"], expected)


def test_kinks_have_the_subgradient_zero() -> None:
    for loss in (nn.AbsoluteLoss(), nn.HuberLoss(), nn.SquaredLoss()):
        value, dz = scores(loss, [[2.0, 3.0]], [[2.0, 1.0]])
        assert value > 0
        assert dz[0, 0] == 0.0
    assert scores("hinge", [[1.0, -1.0]], [[1, -1]])[1].tolist() == [[0.0, 0.0]]
    assert scores("multiclass_hinge", [[1.0, 2.0]], [1])[1].tolist() == [[0.0, 0.0]]


def test_the_loss_of_a_distilled_net_is_zero_where_it_agrees(rng: np.random.Generator) -> None:
    z = rng.normal(size=(5, CLASSES))
    for temperature in (0.5, 1.0, 4.0):
        value, dz = scores(nn.KLLoss(temperature), z, softmax(z / temperature))
        EXACT.assert_close(value, 0.0)
        EXACT.assert_close(dz, np.zeros_like(z))


def test_a_class_of_probability_zero_adds_nothing_to_kl() -> None:
    EXACT.assert_close(scores("kl", [[0.0, 0.0, 0.0, 0.0]], [[0.5, 0.5, 0.0, 0.0]])[0], np.log(2))


def test_one_hot_rows_and_labels_are_the_same_to_the_multiclass_hinge(rng: np.random.Generator) -> None:
    z, y = logits_and_targets("labels", 6, rng)
    by_label, by_row = scores("multiclass_hinge", z, y), scores("multiclass_hinge", z, np.eye(CLASSES)[y])
    assert by_label[0] == by_row[0]
    assert (by_label[1] == by_row[1]).all()


def test_labels_and_their_one_hot_rows_are_the_same_targets(rng: np.random.Generator) -> None:
    z, labels = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    by_label, by_row = scores("nllm", z, labels), scores("nllm", z, np.eye(4)[labels])
    EXACT.assert_close(by_label[0], by_row[0])
    EXACT.assert_close(by_label[1], by_row[1])


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
    EXACT.assert_close(logits_model("nll", 3).predict(z), sigmoid(z))
    EXACT.assert_close(logits_model(nn.KLLoss(temperature=5.0), 3).predict(z), softmax(z))  # of temperature 1


def test_accuracy_counts_weighted_rows() -> None:
    model = logits_model("nllm", 3)
    model.compile(loss="nllm", metrics=["accuracy"])
    z, y = np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 0, 2])
    assert model.evaluate(z, y)["accuracy"] == 0.75
    assert model.evaluate(z, y, sample_weight=[1, 1, 6, 0])["accuracy"] == 0.25
    binary = logits_model("nll", 1)
    binary.compile(loss="nll", metrics="accuracy")
    assert binary.evaluate([[-1.0], [2.0], [3.0], [-4.0]], [0, 1, 0, 1])["accuracy"] == 0.5


def test_squared_loss_goes_through_any_output(rng: np.random.Generator) -> None:
    z, y = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    model = nn.Sequential([nn.Input(3, name="z"), nn.Activation("sigmoid")], dtype="float64")
    model.compile(loss="squared")
    p = sigmoid(z)
    value, gradients = model.loss_and_gradients(z, y, inputs=True)
    EXACT.assert_close(value, np.mean(np.sum((p - y) ** 2, axis=1)))
    EXACT.assert_close(gradients["z"], 2 * (p - y) * p * (1 - p) / 4)


# --- classes from scores, and their weights -------------------------------------------------------------------------


def test_classes_of_a_single_unit_part_where_the_loss_says() -> None:
    z = [[-1.0], [0.25], [2.0]]
    for loss in (nn.HingeLoss(), nn.HingeLoss(targets=(0, 1)), nn.NLL()):
        assert logits_model(loss, 1).predict_classes(z).tolist() == [0, 1, 1]
    with pytest.raises(nn.NncppError, match="predict_classes: dense"):
        logits_model("squared", 1).predict_classes(z)
    assert logits_model("multiclass_hinge", 3).predict_classes([[0.1, 0.3, 0.2]]).tolist() == [1]


@pytest.mark.parametrize(
    ("loss", "columns", "y", "labels", "classes"),
    [
        ("nllm", 3, [0, 1, 2, 1], [0, 1, 2], [0, 1, 2, 1]),
        ("nllm", 3, np.eye(3)[[0, 1, 2, 1]], [0, 1, 2], [0, 1, 2, 1]),
        ("kl", 3, np.eye(3)[[0, 1, 2, 1]], [0, 1, 2], [0, 1, 2, 1]),
        ("multiclass_hinge", 3, np.array([0, 1, 2, 1], np.uint8), [0, 1, 2], [0, 1, 2, 1]),
        ("hinge", 1, [-1, 1, 1, -1], [-1, 1], [0, 1, 1, 0]),
        ("hinge", 1, [-1.0, 1.0, 1.0, -1.0], [-1, 1], [0, 1, 1, 0]),
        ("hinge", 3, 2 * np.eye(3)[[0, 1, 2, 1]] - 1, [0, 1, 2], [0, 1, 2, 1]),
        (nn.HingeLoss(targets=(0, 1)), 1, [False, True, True, False], [0, 1], [0, 1, 1, 0]),
        ("nll", 1, [0.0, 1.0, 1.0, 0.0], [0, 1], [0, 1, 1, 0]),
        ("nll", 3, np.eye(3)[[0, 1, 2, 1]], [0, 1, 2], [0, 1, 2, 1]),
    ],
)
def test_class_weights_are_sample_weights_by_label(
    loss: Any, columns: int, y: Any, labels: list[int], classes: list[int]
) -> None:
    z, factors, samples = (
        np.sin(np.arange(4.0 * columns)).reshape(4, columns),
        [0.5, 3.0, 2.0],
        np.array([1, 2, 0.5, 1]),
    )
    by_class, by_sample = logits_model(loss, columns), logits_model(loss, columns)
    by_class.fit(z, y, class_weight=dict(zip(labels, factors, strict=False)), sample_weight=samples, epochs=3)
    by_sample.fit(z, y, sample_weight=samples * np.take(factors, classes), epochs=3)
    assert (by_class.flat_parameters == by_sample.flat_parameters).all()
    assert by_class.history.rows == by_sample.history.rows
