"""Metrics: numbers by hand, those of scikit-learn, and their way through compile, fit, evaluate and files."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from families import built_in
from nncpp.metrics import AUC, F1, MAE, R2, Accuracy, BinaryAccuracy, Precision, Recall, TopKAccuracy, confusion_matrix
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
CLASSES = 4
ZERO_ONE = nn.HingeLoss(targets=(0, 1))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# --- by hand --------------------------------------------------------------------------------------------------------

# rows of classes 0 0 0 1 1 2, predicted as 0 0 1 1 0 1: class 2 is never predicted
LABELS, SAID = np.array([0, 0, 0, 1, 1, 2]), np.eye(3)[[0, 0, 1, 1, 0, 1]]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Accuracy(), 3 / 6),
        (Precision(), (2 / 3 + 1 / 3 + 0) / 3),
        (Recall(), (2 / 3 + 1 / 2 + 0) / 3),
        (F1(), (4 / 6 + 2 / 5 + 0) / 3),
        (Precision("micro"), 3 / 6),
        (Recall("micro"), 3 / 6),
        (F1("micro"), 3 / 6),
        (TopKAccuracy(1), 3 / 6),
        (TopKAccuracy(2), 5 / 6),  # of the two zeros behind a one, the first counts more
    ],
    ids=repr,
)
def test_scores_of_classes_by_hand(metric: Any, expected: float) -> None:
    for loss in ("nllm", "kl", "multiclass_hinge"):
        for y in (LABELS, LABELS[:, None], np.eye(3)[LABELS], 0.6 * np.eye(3)[LABELS] + 0.4 / 3):
            EXACT.assert_close(metric(y, SAID, loss=loss), expected)


def test_a_class_that_occurs_nowhere_is_left_out_of_a_macro_average() -> None:
    wider = np.c_[SAID, np.zeros(6)]
    for metric in (Precision(), Recall(), F1()):
        EXACT.assert_close(metric(LABELS, wider, loss="nllm"), metric(LABELS, SAID, loss="nllm"))
    assert F1()([0, 0], [0.1, 0.2], loss="nll") == 0.0  # no row is of class 1, and none is said to be


# 6 rows of two columns; yes where p > 1/2
TWO = np.array([[1, 0], [1, 1], [0, 0], [1, 0], [0, 1], [0, 1]])
P = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.2], [0.2, 0.5], [0.1, 0.8], [0.3, 0.9]])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Accuracy(), 3 / 6),
        (BinaryAccuracy(), 9 / 12),
        (BinaryAccuracy(0.25), 8 / 12),
        (Precision(), (2 / 3 + 2 / 2) / 2),
        (Recall(), (2 / 3 + 2 / 3) / 2),
        (F1(), (4 / 6 + 4 / 5) / 2),
        (Precision("micro"), 4 / 5),
        (Recall("micro"), 4 / 6),
        (F1("micro"), 8 / 11),
        (AUC(), (6 / 9 + 8 / 9) / 2),
    ],
    ids=repr,
)
def test_scores_of_columns_by_hand(metric: Any, expected: float) -> None:
    EXACT.assert_close(metric(TWO, P, loss="nll"), expected)


def test_hinge_says_yes_above_zero_and_takes_its_targets_as_they_are() -> None:
    scores, y = np.array([0.3, -0.2, 0.1, -3.0]), np.array([1, 1, -1, -1])
    for targets, loss in ((y, "hinge"), (y > 0, ZERO_ONE), (y[:, None], "hinge")):
        assert Accuracy()(targets, scores, loss=loss) == 0.5
        assert BinaryAccuracy()(targets, scores, loss=loss) == 0.5
        assert Precision("binary")(targets, scores, loss=loss) == 0.5
        assert AUC()(targets, scores, loss=loss) == 0.75
    assert BinaryAccuracy(-0.25)(y, scores, loss="hinge") == 0.75


def test_auc_is_the_share_of_pairs_in_the_right_order(rng: np.random.Generator) -> None:
    y, p, w = rng.integers(2, size=60), rng.integers(7, size=60) / 7, rng.integers(4, size=60)  # many ties
    above = total = 0.0
    for i, j in itertools.product(np.flatnonzero(y), np.flatnonzero(y == 0)):
        total += w[i] * w[j]
        above += w[i] * w[j] * (1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0)
    EXACT.assert_close(AUC()(y, p, w, loss="nll"), above / total)
    assert AUC()([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], loss="nll") == 1.0
    assert AUC()([0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5], loss="nll") == 0.5
    assert np.isnan(AUC()([1, 1], [0.1, 0.9], loss="nll"))
    assert AUC()([[0, 1], [1, 1]], [[0.1, 0.3], [0.9, 0.1]], loss="nll") == 1.0  # the second column is left out


def test_scores_of_numbers_by_hand() -> None:
    y, p = np.array([[1.0, 0.0], [2.0, 0.0], [6.0, 3.0]]), np.array([[1.0, 1.0], [4.0, 0.0], [5.0, 1.0]])
    EXACT.assert_close(MAE()(y, p, loss="squared"), (0.5 + 1.0 + 1.5) / 3)
    EXACT.assert_close(R2()(y, p, loss="huber"), ((1 - 5 / 14) + (1 - 5 / 6)) / 2)
    EXACT.assert_close(MAE()(y, p, [0, 1, 3], loss="absolute"), (1.0 + 3 * 1.5) / 4)
    assert R2()([2.0, 2.0], [2.0, 2.0], loss="squared") == 1.0
    assert R2()([2.0, 2.0], [2.0, 3.0], loss="squared") == 0.0


def test_confusion_matrix_by_hand() -> None:
    expected = [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    for y in (LABELS, np.eye(3)[LABELS], LABELS[:, None].astype(np.uint8)):
        matrix = confusion_matrix(y, SAID)
        assert matrix.dtype == np.int64
        assert matrix.tolist() == expected
    assert confusion_matrix(LABELS, SAID.argmax(axis=1), classes=4).shape == (4, 4)
    weights = [1, 0.5, 2, 1, 1, 4]
    EXACT.assert_close(confusion_matrix(LABELS, SAID, weights), [[1.5, 2, 0], [1, 1, 0], [0, 4, 0]])
    assert confusion_matrix([-1, 1, 1], [1, 1, -1]).tolist() == [[0, 1], [1, 1]]
    assert confusion_matrix([False, True], [True, True]).tolist() == [[0, 1], [0, 1]]


def test_a_prediction_that_is_not_finite_has_no_score() -> None:
    for metric, loss in ((F1(), "nllm"), (AUC(), "nll"), (R2(), "squared")):
        assert np.isnan(metric([[0.0, 1.0], [1.0, 0.0]], [[0.1, np.nan], [0.2, 0.8]], loss=loss))


@pytest.mark.parametrize(
    ("metric", "loss", "y"),
    [
        *((metric, "nllm", "labels") for metric in (Accuracy(), TopKAccuracy(2), Precision(), Recall(), F1(), AUC())),
        *((metric, "nll", "columns") for metric in (Accuracy(), BinaryAccuracy(), F1("micro"), AUC())),
        *((metric, "squared", "numbers") for metric in (MAE(), R2())),
    ],
    ids=repr,
)
def test_a_weight_of_two_is_the_row_twice(metric: Any, loss: str, y: str, rng: np.random.Generator) -> None:
    p, counts = softmax(rng.normal(size=(30, CLASSES))), rng.integers(4, size=30)
    targets = {
        "labels": rng.integers(CLASSES, size=30),
        "columns": rng.integers(2, size=(30, CLASSES)),
        "numbers": rng.normal(size=(30, CLASSES)),
    }[y]
    twice = metric(targets.repeat(counts, axis=0), p.repeat(counts, axis=0), loss=loss)
    EXACT.assert_close(metric(targets, p, counts, loss=loss), twice)


def test_every_position_of_a_sequence_is_a_row(rng: np.random.Generator) -> None:
    p, y = softmax(rng.normal(size=(60, CLASSES))), rng.integers(CLASSES, size=60)
    w = rng.uniform(size=20)
    for metric in (Accuracy(), F1(), TopKAccuracy(2), AUC()):
        sequences = metric(y.reshape(20, 3), p.reshape(20, 3, CLASSES), w, loss="nllm")
        EXACT.assert_close(sequences, metric(y, p, w.repeat(3), loss="nllm"))


# --- scikit-learn ---------------------------------------------------------------------------------------------------

CASES = pytest.mark.parametrize("is_weighted", [False, True], ids=["unweighted", "weighted"])


@CASES
@pytest.mark.oracle
def test_scores_of_classes_are_those_of_scikit_learn(is_weighted: bool, rng: np.random.Generator) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    y = np.r_[rng.integers(CLASSES, size=196), 0, 1, 2, 3]
    p = softmax(rng.normal(size=(200, CLASSES)) + 1.5 * np.eye(CLASSES)[y])
    w = rng.uniform(size=200) if is_weighted else None
    said = p.argmax(axis=1)

    def close(metric: Any, expected: float) -> None:
        EXACT.assert_close(metric(y, p, w, loss="nllm"), expected)

    close(Accuracy(), theirs.accuracy_score(y, said, sample_weight=w))
    for k in (1, 2, 3):
        close(TopKAccuracy(k), theirs.top_k_accuracy_score(y, p, k=k, sample_weight=w))
    for average in ("macro", "micro"):
        close(Precision(average), theirs.precision_score(y, said, average=average, sample_weight=w))
        close(Recall(average), theirs.recall_score(y, said, average=average, sample_weight=w))
        close(F1(average), theirs.f1_score(y, said, average=average, sample_weight=w))
    one_against_rest = [theirs.roc_auc_score(y == k, p[:, k], sample_weight=w) for k in range(CLASSES)]
    close(AUC(), np.mean(one_against_rest))
    EXACT.assert_close(confusion_matrix(y, p, w), theirs.confusion_matrix(y, said, sample_weight=w))


@CASES
@pytest.mark.oracle
def test_scores_of_columns_are_those_of_scikit_learn(is_weighted: bool, rng: np.random.Generator) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    y = rng.integers(2, size=(200, 3))
    p = (rng.integers(20, size=(200, 3)) + 6 * y) / 26  # with ties
    w = rng.uniform(size=200) if is_weighted else None
    for average in ("macro", "micro"):
        for metric, other in ((Precision, "precision"), (Recall, "recall"), (F1, "f1")):
            score = getattr(theirs, f"{other}_score")(y, p > 0.5, average=average, sample_weight=w)
            EXACT.assert_close(metric(average)(y, p, w, loss="nll"), score)
    EXACT.assert_close(AUC()(y, p, w, loss="nll"), theirs.roc_auc_score(y, p, sample_weight=w))
    EXACT.assert_close(Accuracy()(y, p, w, loss="nll"), theirs.accuracy_score(y, p > 0.5, sample_weight=w))
    one = y[:, 0], p[:, 0]
    EXACT.assert_close(BinaryAccuracy()(*one, w, loss="nll"), theirs.accuracy_score(y[:, 0], p[:, 0] > 0.5,
                                                                                    sample_weight=w))  # fmt: skip
    for average in ("binary", "macro"):  # the same of a single column
        score = theirs.f1_score(y[:, 0], p[:, 0] > 0.5, sample_weight=w)
        EXACT.assert_close(F1(average)(*one, w, loss="nll"), score)
    two = np.c_[1 - p[:, 0], p[:, 0]]
    EXACT.assert_close(F1("binary")(y[:, 0], two, w, loss="nllm"), score)


@CASES
@pytest.mark.oracle
def test_scores_of_numbers_are_those_of_scikit_learn(is_weighted: bool, rng: np.random.Generator) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    y = rng.normal(size=(50, 3))
    p, w = y + rng.normal(size=(50, 3)), rng.uniform(size=50) if is_weighted else None
    EXACT.assert_close(MAE()(y, p, w, loss="squared"), theirs.mean_absolute_error(y, p, sample_weight=w))
    EXACT.assert_close(R2()(y, p, w, loss="squared"), theirs.r2_score(y, p, sample_weight=w))


# --- in a model -----------------------------------------------------------------------------------------------------


def classifier(metrics: Any, loss: Any = "nllm", output: str = "softmax") -> Any:
    model = nn.Sequential([nn.Input(3), nn.Dense(CLASSES, output)], seed=3, dtype="float64")
    model.compile(nn.SGD(0.1), loss, metrics=metrics)
    return model


def test_names_and_objects_are_the_keys_of_evaluate_and_history(rng: np.random.Generator) -> None:
    x, y, w = rng.normal(size=(40, 3)), rng.integers(CLASSES, size=40), rng.uniform(size=40)
    model = classifier(["accuracy", "f1", F1("micro"), "auc", TopKAccuracy(2), Recall()])
    history = model.fit(x, y, sample_weight=w, epochs=2, validation_data=(x, y, w))
    keys = ["accuracy", "f1", "f1_micro", "auc", "top_k_2", "recall"]
    assert list(history) == ["loss", "accuracy", "val_loss", *(f"val_{key}" for key in keys)]
    scores = model.evaluate(x, y, w)
    assert list(scores) == ["loss", *keys]
    p = model.predict(x)
    for metric, key in ((Accuracy(), "accuracy"), (F1(), "f1"), (TopKAccuracy(2), "top_k_2"), (AUC(), "auc")):
        EXACT.assert_close(scores[key], metric(y, p, w, loss="nllm"))
        assert history[f"val_{key}"][-1] == scores[key]


@pytest.mark.parametrize(
    ("loss", "output"), [("nllm", "softmax"), ("nll", "sigmoid"), ("hinge", "identity"), (ZERO_ONE, "identity"),
                         ("multiclass_hinge", "identity"), ("kl", "softmax")], ids=repr,
)  # fmt: skip
def test_the_accuracy_of_the_core_is_that_of_the_predictions(loss: Any, output: str, rng: np.random.Generator) -> None:
    model = classifier("accuracy", loss, output)
    x, w = rng.normal(size=(50, 3)), rng.uniform(size=50)
    y = np.eye(CLASSES)[rng.integers(CLASSES, size=50)]
    if loss == "hinge":
        y = 2 * y - 1
    EXACT.assert_close(model.evaluate(x, y, w)["accuracy"], Accuracy()(y, model.predict(x), w, loss=loss))


@pytest.mark.parametrize("name", built_in(nn.losses.Loss))
def test_the_core_counts_accuracy_for_the_losses_that_accuracy_goes_with(name: str) -> None:
    loss = nn.losses.Loss.of(name, "loss")
    assert loss._core(nn._core.float64).has_accuracy == (loss.task in Accuracy.tasks)


def test_several_outputs_have_metrics_of_their_own(rng: np.random.Generator) -> None:
    x = nn.Input(3)
    model = nn.Model(x, [nn.Dense(CLASSES, "softmax", name="type")(x), nn.Dense(2, name="size")(x)])
    metrics = {"type": [F1("micro"), "accuracy"], "size": ["mae", R2()]}
    model.compile("sgd", {"type": "nllm", "size": "huber"}, metrics=metrics)
    u, y = rng.normal(size=(20, 3)), [rng.integers(CLASSES, size=20), rng.normal(size=(20, 2))]
    scores, p = model.evaluate(u, y), model.predict(u)
    assert set(scores) == {"loss", "type_loss", "size_loss", "type_f1_micro", "type_accuracy", "size_mae", "size_r2"}
    ROUNDING["float32"].assert_close(scores["size_mae"], np.abs(y[1] - p[1]).mean())
    assert scores["size_r2"] == R2()(y[1], p[1], loss="huber")


def test_metrics_come_back_from_a_file_with_their_arguments(tmp_path: Path, rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(40, 3)), rng.integers(CLASSES, size=40)
    model = classifier(["accuracy", TopKAccuracy(3), F1("micro"), "auc", lambda y, p: 0.0])
    model.save(tmp_path / "model.safetensors")
    loaded = nn.load(tmp_path / "model.safetensors")
    expected = model.evaluate(x, y)
    del expected["<lambda>"]
    assert loaded.evaluate(x, y) == expected
    assert list(expected) == ["loss", "accuracy", "top_k_3", "f1_micro", "auc"]


@pytest.mark.parametrize(
    ("metric", "loss", "right"),
    [
        ("f1", "squared", "mae, r2"),
        ("accuracy", "huber", "mae, r2"),
        ("auc", "absolute", "nll"),
        ("mae", "nllm", "squared, absolute or huber"),
        ("r2", "nll", "precision"),
        ("top_k", "hinge", "multiclass_hinge, nllm or kl"),
        ("binary_accuracy", "kl", "hinge or nll"),
    ],
)
def test_a_metric_without_a_meaning_is_refused_and_the_right_ones_named(metric: str, loss: str, right: str) -> None:
    output = {"nllm": "softmax", "kl": "softmax", "nll": "sigmoid"}.get(loss, "identity")
    with pytest.raises(nn.DataError, match=f"metrics: {metric} needs the loss") as raised:
        classifier(metric, loss, output)
    assert right in str(raised.value)


def test_which_way_a_score_is_better() -> None:
    larger = [
        "accuracy",
        "val_accuracy",
        "top_k",
        "val_top_k_3",
        "f1_micro",
        "val_auc",
        "out_precision",
        "recall",
        "r2",
    ]
    smaller = ["loss", "val_loss", "mae", "val_mae", "recall_loss", "accuracy_mae", "largest_error"]
    assert all(map(nn.metrics.is_better_larger, larger))
    assert not any(map(nn.metrics.is_better_larger, smaller))
