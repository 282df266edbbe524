"""Callbacks: a caller's code between epochs. Between steps too, at the price of a trip to Python for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._arguments import number, one_of, shown, whole_number
from .data import Array
from .errors import DataError
from .metrics import is_better_larger
from .schedules import Schedule
from .second_run import SecondRun

if TYPE_CHECKING:
    from .model import Model


class Callback:
    """Base of all callbacks: override what you need.

    ``fit`` sets ``model`` and ``keys`` (the names that logs will have) first. Epochs are counted from 0 in each fit.
    ``self.model.stop_training = True`` ends the training after the epoch.

    Raises
    ------
    Exception
        what a callback raises ends ``fit`` and comes out of it; the model stays at the last whole step

    Examples
    --------
    >>> import nncpp as nn
    >>> class Halve(nn.Callback):
    ...     def on_epoch_begin(self, epoch):
    ...         if epoch > 0 and epoch % 10 == 0:
    ...             self.model.optimizer.learning_rate /= 2
    """

    model: Model
    keys: Sequence[str]

    def on_train_begin(self) -> None:
        """Before the first step. What it raises ends ``fit`` with the model unchanged."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Before the first step of an epoch."""

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        """After each step of an epoch (0, 1, ...), with the epoch's means so far; called only where overridden."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """After an epoch and its validation, with its scores."""

    def on_train_end(self) -> None:
        """After the last epoch; not after an error or Ctrl-C."""

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """What a checkpoint keeps of this callback: JSON values and arrays."""
        return {}, {}

    def restore(self, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Goes on from what ``state`` gave; called after ``on_train_begin``, before the model goes back."""


class _Watching(Callback):
    """One that watches a score of each epoch, and knows the best so far."""

    def __init__(self, monitor: str, patience: int, mode: str) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor: expected the name of a score, got {shown(monitor)}")
        self.monitor = monitor
        self.patience = whole_number("patience", patience, at_least=1)
        self.mode = one_of("mode", mode, ("auto", "min", "max"))
        self.sign = -1.0 if mode == "max" or (mode == "auto" and is_better_larger(monitor)) else 1.0

    def on_train_begin(self) -> None:
        """Forgets the last training."""
        if self.monitor not in self.keys:
            advice = "; give fit validation_data" if self.monitor.startswith("val_") else ""
            raise DataError(f"monitor: expected one of {', '.join(self.keys)}, got {self.monitor!r}{advice}")
        self.best = self.sign * float("inf")

    def _is_best(self, score: float) -> bool:
        return self.sign * score < self.sign * self.best  # never true for NaN


class EarlyStopping(_Watching):
    """Stops when a score has not improved for ``patience`` epochs in a row; the best epoch's weights come back.

    They come back also where the training ran to its last epoch. Prechelt, "Early stopping - but when?", 1998.

    ``second_run`` lets ``fit`` train on training and validation data together afterwards, unless no epoch had a score.
    Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.8: algorithm 7.2 is "restart", 7.3 is "continue".

    - "restart" goes back to what ``fit`` began with (parameters, state, moments, step count, learning rate) and trains
      for best_epoch + 1 epochs. Nothing is held out any more: these epochs have no val_ scores, callbacks see NaN.
    - "continue" goes on from the best weights, with the moments that there are, until the data loss (without penalties)
      of the validation data is below that of the training data at the best weights. It need not come so far:
      ``second_epochs`` is the limit. The val_ scores are those of rows trained on now.

    Rows and their weights are copied one behind the other; a ``class_weight`` counts for the validation rows too. The
    history goes on, with a key "run" that is 1 or 2; callbacks are called in both runs, their epochs are counted on.

    Parameters
    ----------
    monitor
        the score: "val_loss", "val_accuracy", "loss", ...
    patience
        epochs without improvement, >= 1
    mode
        "min", "max", or "auto": "max" for metrics of which more is better, as accuracy, auc, f1, r2
    second_run
        None, "restart" or "continue"; needs validation data
    second_epochs
        largest number of epochs for "continue", by default as many as the first run had

    Attributes
    ----------
    best, best_epoch
        the best score and its epoch, counted from 0; -1 before the first

    Raises
    ------
    DataError
        for a patience below 1, or from ``fit`` if no score has that name; with ``second_run`` also without validation
        data, and beside another EarlyStopping

    Examples
    --------
    Scores 3, 2, 2, 4 with a patience of 2: epoch 1 is the best, epochs 2 and 3 are no better, so epoch 3 is the last.

    >>> import nncpp as nn
    >>> scores = iter([3.0, 2.0, 2.0, 4.0, 1.0])
    >>> def score(y_true, y_pred):
    ...     return next(scores)
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1)])
    >>> model.compile("sgd", "squared", metrics=score)
    >>> stop = nn.EarlyStopping("val_score", patience=2, mode="min")
    >>> history = model.fit([[1.0]], [1.0], epochs=5, validation_data=([[1.0]], [1.0]), callbacks=stop)
    >>> history["val_score"], stop.best, stop.best_epoch
    ([3.0, 2.0, 2.0, 4.0], 2.0, 1)

    The same, then a new training on both rows for the two epochs that were best:

    >>> scores = iter([3.0, 2.0, 2.0, 4.0, 1.0])
    >>> stop = nn.EarlyStopping("val_score", patience=2, mode="min", second_run="restart")
    >>> history = model.fit([[1.0]], [1.0], epochs=5, validation_data=([[1.0]], [1.0]), callbacks=stop)
    >>> history["run"]
    [1, 1, 1, 1, 2, 2]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 5,
        mode: str = "auto",
        second_run: str | None = None,
        second_epochs: int | None = None,
    ) -> None:
        super().__init__(monitor, patience, mode)
        if second_run is None and second_epochs is not None:
            raise DataError(f"second_epochs: expected None without second_run='continue', got {second_epochs}")
        self.second = None if second_run is None else SecondRun(self, second_run, second_epochs)

    def on_train_begin(self) -> None:
        """Forgets the last training."""
        super().on_train_begin()
        self.best_epoch = -1
        self._weights: dict[str, Array] = {}
        if self.second is not None:
            self.second.prepare(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keeps the weights, or counts towards the end."""
        if self.second is not None and self.second.begin_epoch > 0:
            if self.second.is_over(logs.get("val_data_loss", logs["val_loss"])):
                self.model.stop_training = True
            return
        score = logs[self.monitor]
        if self._is_best(score):
            self.best, self.best_epoch = score, epoch
            network = self.model._network.core
            self._weights = {"theta": network.theta.copy(), "state": network.state.copy()}
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Brings the best weights back; they are kept no longer."""
        if self._weights:
            network = self.model._network.core
            network.theta[...] = self._weights.pop("theta")
            network.state[...] = self._weights.pop("state")

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Best score, its epoch and its weights, and what the second run needs."""
        values: dict[str, Any] = {"best": self.best, "best_epoch": self.best_epoch} if self.best_epoch >= 0 else {}
        if self.second is None:
            return values, self._weights
        second, tensors = self.second.state()
        return values | {"second_run": second}, self._weights | {f"start/{name}": a for name, a in tensors.items()}

    def restore(self, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Goes on from a checkpoint."""
        if "best" in values:
            self.best, self.best_epoch = values["best"], values["best_epoch"]
        self._weights = {name: array for name, array in arrays.items() if name in ("theta", "state")}
        if self.second is not None:
            tensors = {name.removeprefix("start/"): a for name, a in arrays.items() if name.startswith("start/")}
            self.second.restore(values["second_run"], tensors)


class ReduceOnPlateau(_Watching):
    """learning_rate *= factor after ``patience`` epochs in a row without a better score, and so on.

    Works on a number and on a schedule, which goes on as ``factor * schedule``. The history gets "learning_rate".
    Epochs without a score, as in a second run, do not count. Stanford CS231n, lecture 6: halve it when the validation
    accuracy tops off.

    Parameters
    ----------
    monitor
        the score: "val_loss", "val_accuracy", "loss", ...
    factor
        in (0, 1)
    patience
        epochs without improvement, >= 1
    min_rate
        >= 0: the rate is not brought below it
    mode
        "min", "max", or "auto", as for ``EarlyStopping``

    Attributes
    ----------
    best
        the best score
    waited
        epochs since that, or since the rate was reduced

    Raises
    ------
    DataError
        for a number outside its interval; from ``fit``, if no score has that name, or the rate is a function

    Examples
    --------
    Scores 3, 2, 2, 4, 2.5, 1 with a patience of 2: epochs 2 and 3 are no better than epoch 1, so the rate is halved
    after epoch 3.

    >>> import nncpp as nn
    >>> scores = iter([3.0, 2.0, 2.0, 4.0, 2.5, 1.0])
    >>> def score(y_true, y_pred):
    ...     return next(scores)
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1)])
    >>> model.compile(nn.SGD(0.1), "squared", metrics=score)
    >>> reduce = nn.ReduceOnPlateau("val_score", patience=2, mode="min")
    >>> history = model.fit([[1.0]], [1.0], epochs=6, validation_data=([[1.0]], [1.0]), callbacks=reduce)
    >>> history["learning_rate"]
    [0.1, 0.1, 0.1, 0.1, 0.05, 0.05]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.5,
        patience: int = 5,
        min_rate: float = 0.0,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, patience, mode)
        self.factor = number("factor", factor, "(0, 1)")
        self.min_rate = number("min_rate", min_rate, "[0, inf)")

    def on_train_begin(self) -> None:
        """Forgets the last training."""
        super().on_train_begin()
        rate = self.model.optimizer.learning_rate
        if not isinstance(rate, float | Schedule):
            raise DataError(f"ReduceOnPlateau: expected a number or a schedule as learning_rate, got {shown(rate)}")
        self.waited = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG002
        """Counts, and reduces."""
        score = logs[self.monitor]
        if self._is_best(score):
            self.best, self.waited = score, 0
        elif not math.isnan(score):
            self.waited += 1
        if self.waited == self.patience:
            self.waited = 0
            self._reduce(logs["learning_rate"])

    def _reduce(self, now: float) -> None:
        optimizer = self.model.optimizer
        rate = optimizer.learning_rate
        if now > self.min_rate:
            if isinstance(rate, float):
                optimizer.learning_rate = max(self.factor * rate, self.min_rate)
            else:
                optimizer.learning_rate = max(self.factor, self.min_rate / now) * rate

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Best score and how long ago; the rate is kept by ``fit``."""
        return {"best": self.best, "waited": self.waited}, {}

    def restore(self, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:  # noqa: ARG002
        """Goes on from a checkpoint."""
        self.best, self.waited = values["best"], values["waited"]
