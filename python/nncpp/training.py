"""The loop of fit: epochs, validation, callbacks, checkpoints. The core runs the steps, 50 ms at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import flag, number, shown, whole_number
from ._files import require_writable
from .callbacks import Callback
from .data import Array, Examples
from .errors import DataError, DivergenceError, FileError
from .history import History
from .progress import Bar, Progress, wants_bar

if TYPE_CHECKING:
    from .model import Model

SECONDS = 0.05  # a run of steps: short enough for a smooth bar, long enough to cost nothing


class Options:
    """The arguments of ``Model.fit`` that are not data, checked."""

    def __init__(  # noqa: PLR0917
        self,
        epochs: int,
        batch_size: int,
        callbacks: Any,
        shuffle: bool,
        verbose: Any,
        checkpoint: Any,
        checkpoint_every: int | None,
        resume: bool,
    ) -> None:
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.callbacks = _callbacks(callbacks)
        self.shuffle = flag("shuffle", shuffle)
        self.has_bar = wants_bar(verbose)
        self.resume = flag("resume", resume)
        if checkpoint is None and (checkpoint_every is not None or resume):
            raise DataError("checkpoint: expected a file name with checkpoint_every or resume, got None")
        self.checkpoint = None if checkpoint is None else require_writable(checkpoint)
        self.every = (
            None if checkpoint_every is None else whole_number("checkpoint_every", checkpoint_every, at_least=1)
        )


class Fit:
    """One call of ``Model.fit`` on checked data.

    The order of rows is a function of (seed, epoch), the epoch counted over the model's life; the place in it is
    ``totals.rows``. So model, history and totals are all that a checkpoint needs. The core adds to the totals step by
    step, so they do not depend on where an epoch is cut into runs.
    """

    def __init__(self, model: Model, training: Examples, validation: Examples | None, options: Options) -> None:
        self.model = model
        self.compilation = model._require_compiled("fit")
        self.trainer = model._require_trainer("fit")
        rate = self.compilation.optimizer.learning_rate
        if rate > float(np.finfo(model.dtype).max):
            raise DataError(f"learning_rate: expected a number that {model.dtype} can hold, got {rate:g}")
        self.training, self.validation, self.options = training, validation, options
        self.callbacks = options.callbacks
        self.calls_each_step = any(type(c).on_batch_end is not Callback.on_batch_end for c in self.callbacks)
        self.steps_per_epoch = -(-training.rows // options.batch_size)
        self.rates = np.empty(self.steps_per_epoch)
        self.first_epoch = model.history.epochs
        self.totals = self.no_totals()
        self.progress = Progress()

    def no_totals(self) -> _core.RunResult:
        """Where an epoch begins."""
        return _core.RunResult(0, 0, [(0.0, 0.0, 0.0)] * len(self.training.targets), 0.0)

    @property
    def epoch(self) -> int:
        """The epoch under way, counted from 0 in this fit."""
        return self.model.history.epochs - self.first_epoch

    @property
    def steps(self) -> int:
        """Steps of this fit so far."""
        return self.epoch * self.steps_per_epoch + self.totals.steps

    def run(self) -> History:
        """Trains to the end, after ``begin``; the history of this fit."""
        if self.options.has_bar:
            done = self.epoch * self.training.rows + self.totals.rows
            self.progress = Bar(self.options.epochs, self.training.rows, done)
        try:
            while self.epoch < self.options.epochs and not self.model.stop_training:
                self.run_epoch()
        finally:
            self.progress.close()
        if self.options.checkpoint is not None:
            self.save(self.options.checkpoint)
        for callback in self.callbacks:
            callback.on_train_end()
        return History(self.model.history.rows[self.first_epoch :])

    def begin(self) -> None:
        """Tells the callbacks, and goes back to the checkpoint if there is one."""
        keys = self.compilation.keys(is_training=True)
        if self.validation is not None:
            keys += [f"val_{key}" for key in self.compilation.keys(is_training=False)]
        self.model.stop_training = False
        for callback in self.callbacks:
            callback.model, callback.keys = self.model, keys
            callback.on_train_begin()
        if self.options.resume and self.options.checkpoint is not None and self.options.checkpoint.exists():
            self.resume(self.options.checkpoint)

    def run_epoch(self) -> None:
        """One epoch; what is left of it after a resume."""
        epoch, rows, history = self.epoch, self.training.rows, self.model.history
        if self.totals.rows == 0:
            for callback in self.callbacks:
                callback.on_epoch_begin(epoch)
        order = np.arange(rows)
        if self.options.shuffle:
            order = _core.permutation(self.model.seed, "order", history.epochs, rows)
        while self.totals.rows < rows:
            self.run_steps(order)
            if self.totals.rows < rows:
                self.save_if_due()

        logs = self.scores()
        if self.validation is not None:
            logs |= {f"val_{key}": value for key, value in self.model._evaluate(self.validation).items()}
        history.rows.append(logs)
        self.totals = self.no_totals()
        self.progress.end_epoch(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, dict(logs))
        self.save_if_due()

    def run_steps(self, order: Array) -> None:
        """Some steps: to the end of the epoch, the next checkpoint or callback, or as many as SECONDS allows."""
        most = 1 if self.calls_each_step else self.steps_per_epoch - self.totals.steps
        if self.options.every is not None:
            most = min(most, self.options.every - self.steps % self.options.every)
        rate = self.compilation.optimizer.learning_rate
        self.rates.fill(rate)
        before = self.totals
        self.totals = self.trainer.run(
            *self.training, order, before.rows, self.options.batch_size, most, SECONDS, self.rates, before
        )
        if self.totals.has_diverged:
            raise DivergenceError(
                f"fit: the loss or a gradient was not finite in epoch {self.epoch + 1}, step {self.totals.steps + 1}, "
                f"at learning rate {rate:g}; the model is as it was before that step. Try learning rate {rate / 10:g}, "
                "or bring the inputs to a common scale with nn.Standardize()"
            )
        if self.options.has_bar:
            self.progress.update(self.totals.rows - before.rows, self.epoch, self.scores()["loss"])
        if self.calls_each_step:
            for callback in self.callbacks:
                callback.on_batch_end(self.totals.steps - 1, self.scores())

    def scores(self) -> dict[str, float]:
        """The epoch's means so far."""
        return self.compilation.scores(self.totals.sums, self.totals.penalty / self.totals.steps)

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def save_if_due(self) -> None:
        """A checkpoint, every so many steps or after each epoch."""
        if self.options.checkpoint is not None and self.steps % (self.options.every or self.steps_per_epoch) == 0:
            self.save(self.options.checkpoint)

    def settings(self) -> dict[str, Any]:
        """What must not change between a checkpoint and the fit that goes on from it."""
        return {
            "rows": self.training.rows,
            "batch_size": self.options.batch_size,
            "shuffle": self.options.shuffle,
            "callbacks": [type(callback).__name__ for callback in self.callbacks],
        }

    def save(self, path: Path) -> None:
        """Writes the model and everything else that the rest of the training depends on."""
        from .serialization import write_checkpoint

        states = [callback.state() for callback in self.callbacks]
        progress = {
            "settings": self.settings(),
            "first_epoch": self.first_epoch,
            "steps": self.totals.steps,
            "rows": self.totals.rows,
            "sums": [(entry.loss, entry.weight, entry.correct) for entry in self.totals.sums],
            "penalty": self.totals.penalty,
            "learning_rate": self.compilation.optimizer.learning_rate,
            "stop_training": self.model.stop_training,
            "callbacks": [values for values, _ in states],
        }
        arrays = {f"{i}/{name}": a for i, (_, kept) in enumerate(states) for name, a in kept.items()}
        write_checkpoint(self.model, path, progress, arrays)

    def resume(self, path: Path) -> None:
        """Goes on from a checkpoint. The model comes last: whatever is wrong with the file leaves it as it is."""
        from .serialization import read_checkpoint

        checkpoint = read_checkpoint(self.model, path)
        progress = checkpoint.progress
        self.require_same(path, progress.get("settings"))
        try:
            epochs = len(checkpoint.header["history"])
            first_epoch = whole_number("first_epoch", progress["first_epoch"], at_most=epochs)
            totals = self.totals_of(progress)
            rate = number("learning_rate", progress["learning_rate"], "[0, inf)")
            stop_training = flag("stop_training", progress["stop_training"])
            states = list(zip(self.callbacks, progress["callbacks"], strict=True))
        except (KeyError, TypeError, ValueError) as error:
            raise FileError(f"{path}: damaged: its progress cannot be used ({error})") from error
        for i, (callback, values) in enumerate(states):
            prefix = f"{i}/"
            kept = {name.removeprefix(prefix): a for name, a in checkpoint.arrays.items() if name.startswith(prefix)}
            callback.restore(values, kept)
        checkpoint.restore(self.model)
        self.first_epoch, self.totals = first_epoch, totals
        self.compilation.optimizer.learning_rate, self.model.stop_training = rate, stop_training

    def require_same(self, path: Path, settings: Any) -> None:
        """Refuses a checkpoint of other data or arguments with DataError."""
        for name, value in self.settings().items():
            if not isinstance(settings, dict) or name not in settings:
                raise FileError(f"{path}: damaged: it does not say with which {name} it was written")
            if settings[name] != value:
                raise DataError(
                    f"resume: {path} was written with {name} {settings[name]!r}, this fit has {value!r}; "
                    "use the same data and arguments, or another checkpoint file"
                )

    def totals_of(self, progress: Mapping[str, Any]) -> _core.RunResult:
        """Where in its epoch a checkpoint was written. Raises DataError for a place that this fit never comes to."""
        steps = whole_number("steps", progress["steps"], at_most=self.steps_per_epoch)
        rows = min(steps * self.options.batch_size, self.training.rows)
        if progress["rows"] != rows or len(progress["sums"]) != len(self.training.targets):
            raise DataError(f"expected {rows} rows and the sums of {len(self.training.targets)} outputs")
        sums = [(float(loss), float(weight), float(correct)) for loss, weight, correct in progress["sums"]]
        return _core.RunResult(steps, rows, sums, float(progress["penalty"]))


def _callbacks(value: Any) -> list[Callback]:
    callbacks = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks: expected nn.Callback objects, got {shown(callback)}")
    return callbacks
