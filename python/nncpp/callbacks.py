"""Callbacks: a caller's code between epochs. Between steps too, at the price of a trip to Python for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._arguments import one_of, shown, whole_number
from .data import Array
from .errors import DataError

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


class EarlyStopping(Callback):
    """Stops when a score has not improved for ``patience`` epochs in a row; the best epoch's weights come back.

    They come back also where the training ran to its last epoch. Prechelt, "Early stopping - but when?", 1998.

    Parameters
    ----------
    monitor
        the score: "val_loss", "val_accuracy", "loss", ...
    patience
        epochs without improvement, >= 1
    mode
        "min", "max", or "auto": "max" where the name has "accuracy" in it

    Attributes
    ----------
    best, best_epoch
        the best score and its epoch, counted from 0; -1 before the first

    Raises
    ------
    DataError
        for a patience below 1, or from ``fit`` if no score has that name

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
    """

    def __init__(self, monitor: str = "val_loss", patience: int = 5, mode: str = "auto") -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor: expected the name of a score, got {shown(monitor)}")
        self.monitor = monitor
        self.patience = whole_number("patience", patience, at_least=1)
        self.mode = one_of("mode", mode, ("auto", "min", "max"))
        self.sign = -1.0 if mode == "max" or (mode == "auto" and "accuracy" in monitor) else 1.0

    def on_train_begin(self) -> None:
        """Forgets the last training."""
        if self.monitor not in self.keys:
            advice = "; give fit validation_data" if self.monitor.startswith("val_") else ""
            raise DataError(f"monitor: expected one of {', '.join(self.keys)}, got {self.monitor!r}{advice}")
        self.best = self.sign * float("inf")
        self.best_epoch = -1
        self._weights: dict[str, Array] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keeps the weights, or counts towards the end."""
        score = logs[self.monitor]
        if self.sign * score < self.sign * self.best:  # never true for NaN
            self.best, self.best_epoch = score, epoch
            network = self.model._network.core
            self._weights = {"theta": network.theta.copy(), "state": network.state.copy()}
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Brings the best weights back."""
        if self._weights:
            network = self.model._network.core
            network.theta[...] = self._weights["theta"]
            network.state[...] = self._weights["state"]

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Best score, its epoch and its weights."""
        values = {"best": self.best, "best_epoch": self.best_epoch} if self._weights else {}
        return values, self._weights

    def restore(self, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Goes on from a checkpoint."""
        if values:
            self.best, self.best_epoch = values["best"], values["best_epoch"]
            self._weights = dict(arrays)
