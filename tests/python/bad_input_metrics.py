"""Rows for the table of bad input: metrics, their arguments, and arrays that they are called with."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case, compiled, sequence

Shape, Data = nn.ShapeError, nn.DataError
F1, TopK, matrix = nn.metrics.F1, nn.metrics.TopKAccuracy, nn.metrics.confusion_matrix
P = np.full((4, 3), 1 / 3)
Y = np.array([0, 1, 2, 0])


def scored(metric: Any, y: Any, p: Any, weights: Any = None, loss: Any = "nllm") -> Any:
    return lambda s: metric(y, p, weights, loss=loss)


def regression(metrics: Any) -> Any:
    def run(s: Subject) -> None:
        model = sequence(nn.Dense(2, name="out"))
        model.compile(loss="squared", metrics=metrics)

    return run


METRICS: list[Case] = [
    case("k 0", lambda s: TopK(0), Data, "k", ">= 1", "0"),
    case("k 2.5", lambda s: TopK(2.5), TypeError, "k", "whole number", "2.5"),
    case("as many k as classes", compiled(metrics=TopK(3)), Data, "metrics", "top_k", "k = 3", "out has 3"),
    case("five of three classes", compiled(metrics="top_k"), Data, "top_k", "k = 5", "out has 3"),
    case("an average of its own", lambda s: F1("mean"), Data, "average", "macro, micro, binary", "mean"),
    case("an average by number", lambda s: nn.metrics.Recall(1), TypeError, "average", "macro"),
    case("a binary average of three classes", compiled(metrics=F1("binary")), Data, "f1", "two classes", "out has 3"),
    case("a threshold by word", lambda s: nn.metrics.BinaryAccuracy("half"), TypeError, "threshold", "half"),
    case("a threshold NaN", lambda s: nn.metrics.BinaryAccuracy(np.nan), Data, "threshold", "nan"),
    case("a metric as class", compiled(metrics=F1), TypeError, "metrics", "F1(...)"),
    case("two metrics of one name", compiled(metrics=["f1", F1()]), Data, "metrics", "f1", "name"),
    case("f1 of numbers", regression("f1"), Data, "f1", "nllm or kl", "out has squared", "mae, r2"),
    case("auc of numbers", regression(["mae", "auc"]), Data, "auc", "hinge", "out has squared", "mae, r2"),
    case("r2 of classes", compiled(metrics="r2"), Data, "r2", "squared, absolute or huber", "out has nllm", "top_k"),
    case("columns of classes", compiled(metrics="binary_accuracy"), Data, "binary_accuracy", "hinge or nll", "nllm"),
    case("metrics of no output", compiled(metrics={"in": "f1"}), Data, "metrics", "out", "in"),
    case("a metric by number", compiled(metrics=[3]), TypeError, "metrics", "accuracy", "3"),
    case("a score for no loss", scored(F1(), Y, P, loss=None), TypeError, "loss", "nllm", "None"),
    case("a score for an unknown loss", scored(F1(), Y, P, loss="gain"), Data, "loss", "gain"),
    case("a score for a loss without targets", scored(nn.metrics.AUC(), Y, Y, loss="max_margin"), Data, "auc",
         "max_margin"),
    case("an accuracy for a loss without targets", scored(nn.metrics.Accuracy(), Y, Y, loss="max_margin"), Data,
         "loss", "max_margin", "evaluate"),
    case("a score of too few targets", scored(F1(), Y[:3], P), Shape, "y_true", "(4, 3)", "(3,)"),
    case("a score of other columns", scored(F1(), np.ones((4, 2)), P), Shape, "y_true", "(4, 3)", "(4, 2)"),
    case("a score of rows and columns exchanged", scored(F1(), np.ones((3, 4)), P), Shape, "y_true", "(3, 4)"),
    case("a score of real labels", scored(F1(), Y.astype(float), P), Data, "y_true", "integer labels", "int64"),
    case("a score of labels too large", scored(F1(), Y + 1, P), Data, "y_true", "0 ... 2", "1 ... 3"),
    case("a score of one number", scored(F1(), 1, 1), Shape, "y_true", "y_pred", "row"),
    case("a score of NaN", scored(nn.metrics.R2(), [0, np.nan], [1, 2], loss="huber"), Data, "y_true", "NaN"),
    case("a score of a bit NaN", scored(F1(), [0, np.nan], [0.1, 0.9], loss="nll"), Data, "y_true", "finite"),
    case("a score of bits that are classes", scored(F1(), [0, 5], [0.1, 0.9], loss="nll"), Data, "0 and 1", "0 ... 5"),
    case("a metric by another library's name", compiled(metrics="acc"), Data, "metrics", "'acc'", "use 'accuracy'"),
    case("a score of words", scored(F1(), ["a"] * 4, P), TypeError, "y_true", "np.unique"),
    case("a score without predictions", scored(F1(), Y, None), TypeError, "y_pred", "None"),
    case("a score with too few weights", scored(F1(), Y, P, [1, 2]), Shape, "sample_weight", "(4,)", "(2,)"),
    case("a score with weights below 0", scored(F1(), Y, P, [1, 2, -1, 0]), Data, "sample_weight", ">= 0"),
    case("a score with a weight NaN", scored(F1(), Y, P, [1, 2, np.nan, 0]), Data, "sample_weight", "finite"),
    case("a matrix of two lengths", lambda s: matrix(Y, Y[:3]), Shape, "y_pred", "4 rows", "got 3"),
    case("a matrix of probabilities", lambda s: matrix(Y, P[:, 0]), Data, "y_pred", "labels", "predict_classes"),
    case("a matrix of negative labels", lambda s: matrix(Y - 2, Y), Data, "y_true", "-2"),
    case("a matrix of too few classes", lambda s: matrix(Y, Y, classes=2), Data, "classes", "at least the 3", "2"),
    case("a matrix of classes by name", lambda s: matrix(Y, Y, classes=["a"]), TypeError, "classes", "whole number"),
    case("a matrix with too few weights", lambda s: matrix(Y, Y, [1, 2]), Shape, "weights", "(4,)", "(2,)"),
    case("a matrix with weights below 0", lambda s: matrix(Y, Y, [1, 2, -3, 1]), Data, "weights", ">= 0"),
    case("a matrix of cubes", lambda s: matrix(np.ones((4, 3, 2)), Y), Shape, "y_true", "(4, 3, 2)"),
]  # fmt: skip
