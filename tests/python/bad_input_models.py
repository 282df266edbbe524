"""Bad input to the models in their own right."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Data, Early, Shape, Subject, case


def fit(estimator: Any, x: Any = None, y: Any = None, **options: Any) -> Callable[[Subject], Any]:
    """A fit on the subject's rows, with x or y of its own made from them."""
    return lambda s: estimator.fit(s.x if x is None else x(s), s.y if y is None else y(s), **options)


def _rows(s: Subject) -> Any:
    return s.x[:5]


def _one_class(s: Subject) -> Any:
    return np.ones(12, int)


def _mixed(s: Subject) -> Any:
    return np.array([1, "a", None] * 4, object)


def _halves(s: Subject) -> Any:
    return s.y % 2


def _scored(weights: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.Perceptron(epochs=1).fit(s.x, s.y).score(s.x, s.y, weights)


PERCEPTRON, SVM, BINNED = nn.Perceptron(epochs=1), nn.LinearSVM(epochs=1), nn.BinnedRegressor(3, 2, epochs=1)
SOFTMAX, LOGISTIC = nn.SoftmaxRegression(method="sgd", epochs=1), nn.LogisticRegression(method="sgd", epochs=1)

MODELS = [
    case("predict before fit", lambda s: nn.LinearSVM().predict(s.x), Early, "LinearSVM", "fit(x, y)"),
    case("weights before fit", lambda s: nn.Perceptron().weight, Early, "Perceptron", "fit(x, y)"),
    case("intervals before fit", lambda s: nn.BinnedRegressor().predict_interval(s.x), Early, "BinnedRegressor", "fit"),
    case("a fit of one class", fit(PERCEPTRON, y=_one_class), Data, "y", "at least 2 classes, got only 1"),
    case("a fit of mixed labels", fit(PERCEPTRON, y=_mixed), TypeError, "y", "one type", "NoneType, int, str"),
    case("a fit of NaN labels", fit(SVM, y=lambda s: np.where(s.y > 1, np.nan, s.y)), Data, "y", "NaN", "row 2"),
    case("a fit of fewer rows than labels", fit(SVM, x=_rows), Shape, "y", "(5,)", "(12,)"),
    case("a fit of labels in two columns", fit(SVM, y=lambda s: np.eye(2)[s.y % 2]), Shape, "y", "(12,)", "(12, 2)"),
    case("a fit of one column without an axis", fit(SVM, x=lambda s: s.x[:, 0]), Shape, "x", "(N, D)", "x[:, None]"),
    case("a fit of no rows", fit(SVM, x=lambda s: s.x[:0], y=lambda s: s.y[:0]), Shape, "x", "at least 1 row"),
    case("a perceptron of NaN", fit(PERCEPTRON, x=lambda s: s.x_with(np.nan)), Data, "x", "NaN", "row 3"),
    case("a machine of infinity", fit(SVM, x=lambda s: s.x_with(np.inf)), Data, "x", "infinity", "row 3"),
    case("a machine of very large numbers", fit(SVM, x=lambda s: s.x_with(1e200)), Data, "x", "variances", "1e+200"),
    case("bins of NaN", fit(BINNED, x=lambda s: s.x_with(np.nan)), Data, "x", "NaN", "row 3"),
    case("softmax of words", fit(SOFTMAX, x=lambda s: s.x.astype(str)), TypeError, "x", "columns of 0 and 1"),
    case("a logistic fit of three classes", fit(LOGISTIC), Data, "y", "2 classes", "3", "nn.SoftmaxRegression"),
    case("a perceptron with weights too few", fit(PERCEPTRON, sample_weight=np.ones(3)), Shape, "sample_weight",
         "(12,)", "(3,)"),
    case("a machine with negative weights", fit(SVM, sample_weight=-np.ones(12)), Data, "sample_weight", ">= 0", "-1"),
    case("softmax with weights of zero", fit(SOFTMAX, sample_weight=np.zeros(12)), Data, "sample_weight", "zeros"),
    case("a logistic fit with NaN weights", fit(LOGISTIC, y=_halves, sample_weight=np.full(12, np.nan)), Data,
         "sample_weight", "NaN"),
    case("a score with infinite weights", _scored(np.full(12, np.inf)), Data, "sample_weight", "inf", "row 0"),
    case("a score of other lengths", lambda s: PERCEPTRON.fit(s.x, s.y).score(s.x, s.y[:4]), Shape, "y", "12", "(4,)"),
    case("predictions of other columns", lambda s: PERCEPTRON.fit(s.x, s.y).predict(s.x[:, 1:]), Shape, "(N, 4)",
         "(12, 3)"),
    case("R^2 of a constant", lambda s: BINNED.fit(s.x, s.y).score(s.x, np.ones(12)), Data, "y", "constant"),
    case("bins of a constant", fit(BINNED, y=_one_class), Data, "y", "2 different numbers", "1"),
    case("bins of infinity", fit(BINNED, y=lambda s: np.where(s.y > 1, np.inf, s.y)), Data, "y", "inf", "row 2"),
    case("bins of names", fit(BINNED, y=lambda s: s.y.astype(str)), TypeError, "y", "real numbers"),
    case("one bin", lambda s: nn.BinnedRegressor(1), Data, "bins", ">= 2", "1"),
    case("hidden layers of no units", lambda s: nn.BinnedRegressor(hidden=(4, 0)), Data, "hidden", ">= 1", "0"),
    case("hidden layers in words", lambda s: nn.BinnedRegressor(hidden="64"), TypeError, "hidden", "64"),
    case("bins of an unknown strategy", lambda s: nn.BinnedRegressor(strategy="k-means"), Data, "strategy", "quantile"),
    case("ordinal as a word", lambda s: nn.BinnedRegressor(ordinal="yes"), TypeError, "ordinal", "True or False"),
    case("bins in float16", lambda s: nn.BinnedRegressor(dtype="float16"), Data, "dtype", "float32", "float16"),
    case("bins at rate -1", lambda s: nn.BinnedRegressor(learning_rate=-1), Data, "learning_rate", "[0, inf)", "-1"),
    case("a prediction of an unknown kind", lambda s: BINNED.fit(s.x, s.y).predict(s.x, "max"), Data, "kind", "median"),
    case("an interval of level 1", lambda s: BINNED.fit(s.x, s.y).predict_interval(s.x, 1), Data, "level", "(0, 1)"),
    case("an interval of level 90", lambda s: BINNED.fit(s.x, s.y).predict_interval(s.x, 90), Data, "level", "90"),
    case("a perceptron of rate 0", lambda s: nn.Perceptron(rate=0), Data, "rate", "(0, inf)", "0"),
    case("a perceptron of 0 epochs", lambda s: nn.Perceptron(epochs=0), Data, "epochs", ">= 1", "0"),
    case("a perceptron averaged by number", lambda s: nn.Perceptron(averaged=1), TypeError, "averaged", "1"),
    case("a perceptron shuffled by word", lambda s: nn.Perceptron(shuffle="no"), TypeError, "shuffle", "no"),
    case("a perceptron of seed -1", lambda s: nn.Perceptron(seed=-1), Data, "seed", "-1"),
    case("a machine of c 0", lambda s: nn.LinearSVM(c=0), Data, "c:", "(0, inf)", "0"),
    case("a machine of infinite c", lambda s: nn.LinearSVM(c=np.inf), Data, "c:", "inf"),
    case("a machine of pairs", lambda s: nn.LinearSVM(multiclass="one_vs_one"), Data, "multiclass", "one_vs_rest"),
    case("a machine of batches of 0", lambda s: nn.LinearSVM(batch_size=0), Data, "batch_size", ">= 1", "0"),
    case("softmax with l2 -1", lambda s: nn.SoftmaxRegression(l2=-1), Data, "l2", "[0, inf)", "-1"),
    case("softmax by an unknown method", lambda s: nn.SoftmaxRegression(method="saga"), Data, "method", "L-BFGS-B",
         "adam", "saga"),
    case("softmax by a class", lambda s: nn.SoftmaxRegression(method=nn.Adam), TypeError, "method", "Adam(...)"),
    case("softmax of tolerance NaN", lambda s: nn.SoftmaxRegression(tolerance=np.nan), Data, "tolerance", "nan"),
    case("softmax of 0 iterations", lambda s: nn.SoftmaxRegression(max_iterations=0), Data, "max_iterations", ">= 1"),
]  # fmt: skip
