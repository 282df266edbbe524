"""Models in their own right: hyper-parameters in the constructor, ``fit``, ``predict``, ``score``."""

from .binned_regressor import BinnedRegressor
from .linear_svm import LinearSVM
from .log_linear import LogisticRegression, SoftmaxRegression
from .perceptron import Perceptron
from .projection_pursuit import ProjectionPursuitRegression

__all__ = [
    "BinnedRegressor",
    "LinearSVM",
    "LogisticRegression",
    "Perceptron",
    "ProjectionPursuitRegression",
    "SoftmaxRegression",
]
