"""Metric: the base, accuracy, and a caller's functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from .._configured import Configured
from ..errors import DataError
from ..losses import Loss
from ._rows import Rows, steps_that_count


class Metric(Configured):
    """Base of all metrics: weighted scores of predictions, each for losses of certain tasks.

    Called with arrays a metric gives its score there: ``metric(y_true, y_pred, sample_weight, loss="nllm")``, of the
    steps that count with ``lengths=``. The loss says how they are to be read. y_true: labels, one-hot rows or
    distributions (the largest entry counts) for losses of classes; 0 and 1, or -1 and 1, for binary ones; numbers for
    regression. y_pred: what ``predict`` gives. The score is NaN if a prediction is not finite.

    Attributes
    ----------
    tasks
        of the losses that it goes with: ``Loss.task``
    is_better_larger
        False for errors

    Raises
    ------
    DataError
        from ``compile``: for a loss that the metric has no meaning for
    ShapeError, DataError, TypeError
        from a call: for arrays that cannot be used

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.Recall()([0, 1, 1, 1], [0.1, 0.9, 0.8, 0.3], loss="nll").__round__(4)
    0.6667
    >>> nn.Sequential([nn.Input(1), nn.Dense(1)]).compile(loss="squared", metrics="top_k")
    Traceback (most recent call last):
    nncpp.errors.DataError: metrics: top_k needs the loss multiclass_hinge, nllm or kl, dense has squared: use mae, r2
    """

    tasks: ClassVar[tuple[str, ...]]
    is_better_larger: ClassVar[bool] = True
    _elsewhere: ClassVar[Mapping[str, str]] = {
        "acc": "accuracy",
        "f1_score": "f1",
        "mean_absolute_error": "mae",
        "roc_auc": "auc",
    }

    @property
    def name(self) -> str:
        """Its key in scores: the kind, and what its arguments are where they are not as by default: "f1_micro"."""
        return "_".join([self.kind, *(str(value) for value in self.changed_arguments().values())])

    def require(self, loss: Loss, columns: int, output: str) -> None:  # noqa: ARG002
        """Raises DataError unless the metric has a meaning for such a loss, of an output of so many columns."""
        if loss.task not in self.tasks:
            # those that come with nncpp: a reader may not know what others have defined
            ours = [entry for entry in Loss._members.values() if entry.__module__ == Loss.__module__]
            losses = [entry.kind for entry in ours if issubclass(entry, Loss) and entry.task in self.tasks]
            metrics = [k for k, m in Metric._members.items() if issubclass(m, Metric) and loss.task in m.tasks]
            raise DataError(
                f"metrics: {self.kind} needs the loss {', '.join(losses[:-1])} or {losses[-1]}, "
                f"{output} has {loss.kind}: use {', '.join(metrics)}"
            )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, loss: Any, lengths: Any = None) -> float:
        loss = Loss.of(loss, "loss")
        if loss.num_outputs > 1:
            raise DataError(f"loss: {self.kind} of arrays needs a loss with targets, got {loss.kind}; use evaluate")
        rows = Rows(y_true, y_pred, sample_weight, loss, lengths)
        self.require(loss, rows.columns, "y_pred")
        return self._score(rows) if np.isfinite(rows.predictions).all() else float("nan")

    @abstractmethod
    def _score(self, rows: Rows) -> float: ...


class Accuracy(Metric, kind="accuracy"):
    """Weighted fraction of rows that are right: 1 - the 0-1 loss. The core counts it, while training too.

    Right is the largest output at the class (nllm, kl, multiclass_hinge), every p_k > 1/2 just where y_k is 1 (nll),
    every s_k > 0 just where y_k is 1 (hinge), every s > s_c (max_margin).

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(2), nn.Activation("softmax")])
    >>> model.compile(loss="nllm", metrics=nn.metrics.Accuracy())
    >>> model.evaluate([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0], [5.0, 4.0]], [0, 1, 0, 1])["accuracy"]
    0.75
    """

    tasks = ("binary", "classes", "ranking")

    def _score(self, rows: Rows) -> float:
        return rows.mean((rows.truth == rows.decisions()).all(axis=1))


class Perplexity(Metric, kind="perplexity"):
    """exp of the mean of -log p, p the probability of the right class: as many equally likely ones it is like.

    Of a language model, over all steps that count. The core's mean loss tells it, so it costs nothing, while training
    too. Goes with the loss "nllm" without label smoothing.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.Perplexity()([0, 1], [[0.5, 0.5], [0.5, 0.5]], loss="nllm").__round__(6)
    2.0
    """

    tasks = ("classes",)
    is_better_larger = False

    def require(self, loss: Loss, columns: int, output: str) -> None:
        """Raises DataError for all losses that are not the mean of -log p."""
        super().require(loss, columns, output)
        if loss.kind != "nllm" or getattr(loss, "label_smoothing", 0) > 0:
            raise DataError(f"metrics: perplexity needs the loss nllm without label smoothing, {output} has {loss!r}")

    def _score(self, rows: Rows) -> float:
        with np.errstate(divide="ignore"):
            return float(np.exp(-rows.mean(np.log(rows.predictions[rows.truth].astype(np.float64)))))


class FunctionMetric:
    """A caller's function(y_true, y_pred) -> float, on validation data and in ``evaluate``.

    Of sequences with lengths it gets the steps that count, one after the other, (P, ...).

    Its name is the key in the history. A saved model does not keep it: compile again after ``load``.

    Raises
    ------
    DataError
        from ``compile``: if another score has its name, or for a loss without targets

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

    def require(self, loss: Loss, columns: int, output: str) -> None:  # noqa: ARG002
        """Raises DataError for a loss without targets."""
        if loss.num_outputs > 1:
            raise DataError(f"metrics: {self.name} needs targets; {output} has {loss.kind}: use accuracy")

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,  # noqa: ARG002
        *,
        loss: Any = None,  # noqa: ARG002
        lengths: Any = None,
    ) -> float:
        if lengths is not None:
            counts = steps_that_count(lengths, y_pred)
            y_true, y_pred = np.asarray(y_true)[counts], y_pred[counts]
        return float(self.function(y_true, y_pred))


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
    if callable(value) and not isinstance(value, Metric | type):
        return FunctionMetric(value)
    return Metric.of(value, "metrics")


def is_better_larger(key: str) -> bool:
    """Whether more of a score is better, by its key in scores and history: so for all metrics but errors.

    Raises
    ------
    AttributeError
        if the key is not a string

    Examples
    --------
    >>> from nncpp.metrics import is_better_larger
    >>> [key for key in ("val_loss", "val_accuracy", "out_mae", "f1_micro") if is_better_larger(key)]
    ['val_accuracy', 'f1_micro']
    """
    if key.endswith("loss"):
        return False
    last = max(Metric._members, key=key.rfind)  # an output's name may stand before it
    member = Metric._members[last]
    return last in key and issubclass(member, Metric) and member.is_better_larger
