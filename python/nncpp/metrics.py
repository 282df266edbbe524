"""What is told beside the loss. Metrics have no gradient; they never change training."""

from collections.abc import Callable
from typing import Any

from ._configured import Configured


class Metric(Configured):
    """Base of the metrics that the core counts while it computes the loss, on training data too."""


class Accuracy(Metric, kind="accuracy"):
    """Weighted fraction of rows with the right class: the largest p_k with nllm, every (p_k > 1/2) = y_k with nll."""


class FunctionMetric:
    """A caller's function(y_true, y_pred) -> float, on validation data and in ``evaluate``.

    Its name is the key in the history. A saved model does not keep it: compile again after ``load``.
    """

    def __init__(self, function: Callable[[Any, Any], float]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)


def metric(value: object) -> Metric | FunctionMetric:
    """The metric that a caller means: a name, an object, or a function."""
    if callable(value) and not isinstance(value, type):
        return FunctionMetric(value)
    return Metric.of(value, "metrics")
