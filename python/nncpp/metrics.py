"""What is told beside the loss. Metrics have no gradient; they never change training."""

from collections.abc import Callable
from typing import Any

from ._configured import Configured


class Metric(Configured):
    """Base of the metrics that the core counts while it computes the loss, on training data too.

    Raises
    ------
    DataError
        from ``compile``: for a loss that the metric has no meaning for

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Sequential([nn.Input(1), nn.Dense(1)]).compile(loss="squared", metrics="accuracy")
    Traceback (most recent call last):
    nncpp.errors.DataError: metrics: accuracy needs the loss nll or nllm, dense has squared
    """


class Accuracy(Metric, kind="accuracy"):
    """Weighted fraction of rows with the right class: the largest p_k with nllm, every (p_k > 1/2) = y_k with nll.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(2), nn.Activation("softmax")])
    >>> model.compile(loss="nllm", metrics=nn.metrics.Accuracy())
    >>> model.evaluate([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0], [5.0, 4.0]], [0, 1, 0, 1])["accuracy"]
    0.75
    """


class FunctionMetric:
    """A caller's function(y_true, y_pred) -> float, on validation data and in ``evaluate``.

    Its name is the key in the history. A saved model does not keep it: compile again after ``load``.

    Raises
    ------
    DataError
        from ``compile``: if another score has its name

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> def largest_error(y_true, y_pred):
    ...     return np.abs(y_true - y_pred).max()
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss="squared", metrics=largest_error)
    >>> model.evaluate([[1.0], [2.0]], [1.0, 4.0])
    {'loss': 2.0, 'largest_error': 2.0}
    """

    def __init__(self, function: Callable[[Any, Any], float]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)


def metric(value: object) -> Metric | FunctionMetric:
    """The metric that a caller means: a name, an object, or a function.

    Raises
    ------
    DataError, TypeError
        for an unknown name; for anything else

    Examples
    --------
    >>> from nncpp.metrics import metric
    >>> metric("accuracy")
    Accuracy()
    """
    if callable(value) and not isinstance(value, type):
        return FunctionMetric(value)
    return Metric.of(value, "metrics")
