"""The second run of early stopping: what was held out is trained on too, once it has said when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._arguments import one_of, whole_number
from ._rates import as_rate, rate_config
from .data import Array, Examples
from .errors import DataError

if TYPE_CHECKING:
    from .callbacks import EarlyStopping
    from .model import Model


class SecondRun:
    """Where a run on training and validation data together begins, and where it ends.

    Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.8: algorithms 7.2 ("restart") and 7.3 ("continue").

    Attributes
    ----------
    begin_epoch
        of the fit, as many as the first run had; 0 before that is over
    """

    def __init__(self, stopping: EarlyStopping, strategy: str, epochs: int | None) -> None:
        self.stopping = stopping
        self.strategy = one_of("second_run", strategy, ("restart", "continue"))
        self.most_epochs = None if epochs is None else whole_number("second_epochs", epochs, at_least=1)
        if epochs is not None and strategy == "restart":
            raise DataError(f"second_epochs: expected None with second_run='restart', got {epochs}")

    def prepare(self, model: Model) -> None:
        """Before the first run: keeps what "restart" goes back to."""
        from .serialization import tensors_of

        self.begin_epoch, self.target = 0, math.nan
        self.t, self.epochs = model._require_trainer("fit").t, model._epochs
        self.learning_rate = model.optimizer.learning_rate
        self.tensors: dict[str, Array] = {}
        if self.strategy == "restart":
            self.tensors = {name: values.copy() for name, values in tensors_of(model).items()}

    @property
    def is_due(self) -> bool:
        """Whether it is still to come, and the first run has found a best epoch."""
        return self.begin_epoch == 0 and self.stopping.best_epoch >= 0

    def begin(self, model: Model, epoch: int, training: Examples, validation: Examples) -> None:
        """Brings the model from the end of the first run to where this one starts."""
        from .serialization import tensors_of

        self.begin_epoch = epoch
        model.stop_training = False
        self.stopping.on_train_end()
        if self.strategy == "restart":
            for name, values in tensors_of(model).items():
                values[...] = self.tensors.pop(name)
            model._require_trainer("fit").t, model._epochs = self.t, self.epochs
            model.optimizer.learning_rate = self.learning_rate
        else:
            self.target = _data_loss(model, training)
            model.stop_training = self.is_over(_data_loss(model, validation))

    @property
    def end_epoch(self) -> int:
        """The epoch before which it ends."""
        if self.strategy == "restart":
            return self.begin_epoch + self.stopping.best_epoch + 1
        return self.begin_epoch + (self.begin_epoch if self.most_epochs is None else self.most_epochs)

    def is_over(self, val_loss: float) -> bool:
        """Whether what was held out fits as well as the rest did at the best epoch of the first run."""
        return val_loss < self.target

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """What a checkpoint keeps besides ``begin_epoch``; a schedule is the optimizer's own."""
        rate = rate_config(self.learning_rate)
        return {"t": self.t, "epochs": self.epochs, "learning_rate": rate, "target": self.target}, self.tensors

    def restore(self, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Goes on from a checkpoint."""
        self.t, self.epochs, self.target = values["t"], values["epochs"], values["target"]
        if values["learning_rate"] is not None:  # a function stays
            self.learning_rate = as_rate(values["learning_rate"])
        self.tensors = dict(arrays)


def _data_loss(model: Model, examples: Examples) -> float:
    """The loss without penalties, in inference."""
    sums = model._require_objective("fit").evaluate(*examples).sums
    return model._require_compiled("fit").scores(sums, penalty=0.0)["loss"]
