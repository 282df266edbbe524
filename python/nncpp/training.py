"""The loop of fit: epochs, validation, callbacks, checkpoints. The core runs the steps, 50 ms at a time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core, checkpoint, data
from ._arguments import flag, shown, whole_number
from ._files import require_writable
from .callbacks import Callback, EarlyStopping, ReduceOnPlateau
from .data import Array, Examples
from .divergence import divergence_error
from .errors import DataError
from .history import History
from .layers.batch_norm import BatchNorm, single_row_warning
from .network import precision
from .progress import Bar, Progress, wants_bar
from .second_run import SecondRun

if TYPE_CHECKING:
    from .model import Model

SECONDS = 0.05  # a run of steps: short enough for a smooth bar, long enough to cost nothing
RECORDS = 1000  # most of telemetry in a run of steps: what bounds its memory


class Options:
    """The arguments of ``Model.fit`` that are not data, checked."""

    def __init__(  # noqa: PLR0917
        self,
        epochs: int,
        batch_size: int,
        class_weight: Mapping[int, float] | None,
        callbacks: Any,
        shuffle: bool,
        verbose: Any,
        checkpoint: Any,
        checkpoint_every: int | None,
        resume: bool,
        telemetry: int | None,
    ) -> None:
        self.epochs = whole_number("epochs", epochs, at_least=1)
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.class_weight = class_weight
        self.callbacks = _callbacks(callbacks)
        self.shuffle = flag("shuffle", shuffle)
        self.has_bar = wants_bar(verbose)
        self.resume = flag("resume", resume)
        self.telemetry = None if telemetry is None else whole_number("telemetry", telemetry, at_least=1)
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

    With early stopping there may be a second run, of epochs on training and validation data together.
    """

    def __init__(self, model: Model, training: Examples, validation: Examples | None, options: Options) -> None:
        self.model = model
        self.compilation = model._require_compiled("fit")
        self.trainer = model._require_trainer("fit")
        self.trainer.settle()  # a second run may go back to the values of now
        rate = self.compilation.optimizer.rate_at(self.trainer.t, model._epochs)
        if rate > float(np.finfo(model.dtype).max):
            raise DataError(f"learning_rate: expected a number that {model.dtype} can hold, got {rate:g}")
        self.options, self.callbacks = options, options.callbacks
        self.training = self.both = self.weighted(training)
        self.validation = validation
        self.second = _second_run(self.callbacks)
        if self.second is not None:
            if validation is None:
                raise DataError("second_run: expected validation data to train on too, got none; give validation_data")
            self.parts = training, validation
            self.both = self.weighted(data.joined(training, validation))
            model._require_objective("fit").require_valid(*self.both)
        self.calls_each_step = any(type(c).on_batch_end is not Callback.on_batch_end for c in self.callbacks)
        self.rows = training.rows
        self.rates = np.empty(-(-self.both.rows // options.batch_size))
        self.first_epoch, self.first_record = model.history.epochs, len(model.history.telemetry.steps)
        self.telemetry: _core.Telemetry | None = None
        if options.telemetry is not None:
            self.telemetry = precision(model.dtype).Telemetry(model._require_objective("fit"), options.telemetry)
        self.totals = self.no_totals()
        self.progress = Progress()
        for rows in dict.fromkeys((training.rows, self.both.rows)):
            self.require_streams(rows)
            self.warn_of_single_rows(rows)

    def require_streams(self, rows: int) -> None:
        """Raises DataError unless row i of each batch goes on where row i of the batch before ended, if any does."""
        streams, size = self.model._network.core.num_streams, self.options.batch_size
        if streams == 0:
            return
        if size != streams:
            raise DataError(f"batch_size: expected {streams}, a row for each stream of the model, got {size}")
        if self.options.shuffle:
            raise DataError("shuffle: expected False, as streams go on from batch to batch, got True")
        if rows % streams:
            raise DataError(f"x: expected a multiple of {streams} rows, one for each stream in every batch, got {rows}")

    def warn_of_single_rows(self, rows: int) -> None:
        """Says so where a BatchNorm will get batches that it cannot normalize."""
        network, size = self.model._network, self.options.batch_size
        for node in network.graph.nodes:
            if isinstance(node.layer, BatchNorm) and math.prod(network.shapes[node.inputs[0]][:-1]) == 1:
                text = single_row_warning(network.graph.name(node), rows, size)
                if text is not None:
                    warnings.warn(f"fit: {text}", UserWarning, stacklevel=4)  # where fit was called
                    return

    def weighted(self, examples: Examples) -> Examples:
        """With class weights."""
        if self.options.class_weight is None:
            return examples
        shape, targets = self.model._network.output_shapes[0], self.compilation.losses[0].targets
        return data.with_class_weights(examples, self.options.class_weight, shape, targets)

    def no_totals(self) -> _core.RunResult:
        """Where an epoch begins."""
        return _core.RunResult(0, 0, [(0.0, 0.0, 0.0)] * len(self.compilation.losses), 0.0)

    @property
    def epoch(self) -> int:
        """The epoch under way, counted from 0 in this fit."""
        return self.model.history.epochs - self.first_epoch

    @property
    def steps_per_epoch(self) -> int:
        """The last of them may be short."""
        return -(-self.training.rows // self.options.batch_size)

    @property
    def steps(self) -> int:
        """Steps of this fit so far; in the second run, as if all had been of its epochs."""
        return self.epoch * self.steps_per_epoch + self.totals.steps

    @property
    def run_begin(self) -> int:
        """The epoch that the run under way began with: 0, or later for the second."""
        return 0 if self.second is None else self.second.begin_epoch

    @property
    def run_end(self) -> int:
        """The epoch before which the run under way ends."""
        if self.second is None or self.second.begin_epoch == 0:
            return self.options.epochs
        return self.second.end_epoch

    def run(self) -> History:
        """Trains to the end, after ``begin``; the history of this fit."""
        self.run_epochs()
        if self.second is not None and self.second.is_due:
            self.begin_second_run(self.second)
            self.run_epochs()
        if self.options.checkpoint is not None:
            checkpoint.save(self, self.options.checkpoint)
        for callback in self.callbacks:
            callback.on_train_end()
        history = self.model.history
        return History(history.rows[self.first_epoch :], history.telemetry.since(self.first_record))

    def begin(self) -> None:
        """Tells the callbacks, and goes back to the checkpoint if there is one."""
        self.keys = self.compilation.keys(is_training=True) + ["learning_rate"] * self.reports_rate
        if self.validation is not None:
            self.keys += [f"val_{key}" for key in self.compilation.keys(is_training=False)]
        self.model.stop_training = False
        for callback in self.callbacks:
            callback.model, callback.keys = self.model, self.keys
            callback.on_train_begin()
        if self.options.resume and self.options.checkpoint is not None and self.options.checkpoint.exists():
            checkpoint.resume(self, self.options.checkpoint)

    def adapt(self) -> None:
        """Gives layers that scale their inputs the scale of the training data, unless they have one."""
        network = self.model._network
        if network.not_adapted():
            network.adapt(self.training.inputs)

    def begin_second_run(self, second: SecondRun) -> None:
        """From the end of the first run to the start of the second."""
        second.begin(self.model, self.epoch, *self.parts)
        self.take_both(second)
        self.adapt()

    def take_both(self, second: SecondRun) -> None:
        """Training and validation data together."""
        self.training = self.both
        if second.strategy == "restart":
            self.validation = None

    def run_epochs(self) -> None:
        """The epochs of the run under way; what is left of them after a resume."""
        if self.options.has_bar:
            done = (self.epoch - self.run_begin) * self.training.rows + self.totals.rows
            self.progress = Bar(self.run_end - self.run_begin, self.training.rows, done)
        try:
            while self.epoch < self.run_end and not self.model.stop_training:
                self.run_epoch()
        finally:
            self.progress.close()

    def run_epoch(self) -> None:
        """One epoch; what is left of it after a resume."""
        epoch, rows, history = self.epoch, self.training.rows, self.model.history
        if self.totals.rows == 0:
            self.model.reset_states()
            for callback in self.callbacks:
                callback.on_epoch_begin(epoch)
        order = np.arange(rows)
        if self.options.shuffle:
            order = _core.permutation(self.model.seed, "order", history.epochs, rows)
        self.look_up_rates()
        while self.totals.rows < rows:
            self.run_steps(order)
            if self.totals.rows < rows:
                self.save_if_due()

        self.trainer.settle()
        scores = self.scores()
        if self.reports_rate:
            scores["learning_rate"] = float(self.rates[self.totals.steps - 1])
        if self.validation is not None:
            scores |= {f"val_{key}": value for key, value in self.model._evaluate(self.validation).items()}
        run = {} if self.second is None else {"run": 1 if self.run_begin == 0 else 2}
        history.rows.append(scores | run)
        self.model._epochs += 1
        self.totals = self.no_totals()
        self.progress.end_epoch(scores)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, dict.fromkeys(self.keys, math.nan) | scores)
        self.save_if_due()

    def run_steps(self, order: Array) -> None:
        """Some steps: to the end of the epoch, the next checkpoint or callback, or as many as SECONDS allows."""
        most = 1 if self.calls_each_step else self.steps_per_epoch - self.totals.steps
        if self.options.every is not None:
            most = min(most, self.options.every - self.steps % self.options.every)
        if self.options.telemetry is not None:
            most = min(most, RECORDS * self.options.telemetry)
        before = self.totals
        rates, size = self.rates[before.steps :], self.options.batch_size
        try:
            self.totals = self.trainer.run(
                *self.training,
                order,
                before.rows,
                size,
                most,
                SECONDS,
                rates,
                before,
                self.telemetry,
                self.model.history.epochs,
            )
        finally:
            self.take_records()
        if self.totals.has_diverged:
            raise divergence_error(
                "fit",
                self.trainer.divergence,
                epoch=self.epoch + 1,
                step=self.totals.steps + 1,
                rate=float(self.rates[self.totals.steps]),
                outcome="the model is as it was before that step",
            )
        if self.options.has_bar:
            epoch = self.epoch - self.run_begin
            self.progress.update(self.totals.rows - before.rows, epoch, self.scores()["loss"])
        if self.calls_each_step:
            self.trainer.settle()
            for callback in self.callbacks:
                callback.on_batch_end(self.totals.steps - 1, self.scores())
            self.look_up_rates()

    def take_records(self) -> None:
        """What telemetry has recorded since the last time goes into the model's history."""
        if self.telemetry is not None:
            self.model.history.telemetry.extend(self.telemetry.layers, *self.telemetry.take())

    def look_up_rates(self) -> None:
        """The rates of the epoch's steps to come; of the next one only, where callbacks may change them each step."""
        first, optimizer = self.totals.steps, self.compilation.optimizer
        end = min(first + 1, self.steps_per_epoch) if self.calls_each_step else self.steps_per_epoch
        if callable(optimizer.learning_rate):
            t, epoch = self.trainer.t, self.model._epochs
            self.rates[first:end] = [optimizer.rate_at(t + i, epoch) for i in range(end - first)]
        else:
            self.rates[first:end] = optimizer.learning_rate

    @property
    def reports_rate(self) -> bool:
        """Whether the rate is a score: it is no number, or ``ReduceOnPlateau`` changes it."""
        is_changed = any(isinstance(callback, ReduceOnPlateau) for callback in self.callbacks)
        return is_changed or callable(self.compilation.optimizer.learning_rate)

    def scores(self) -> dict[str, float]:
        """The epoch's means so far."""
        return self.compilation.scores(self.totals.sums, self.totals.penalty / self.totals.steps)

    def save_if_due(self) -> None:
        """A checkpoint, every so many steps or after each epoch."""
        if self.options.checkpoint is not None and self.steps % (self.options.every or self.steps_per_epoch) == 0:
            checkpoint.save(self, self.options.checkpoint)


def _callbacks(value: Any) -> list[Callback]:
    callbacks = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks: expected nn.Callback objects, got {shown(callback)}")
    return callbacks


def _second_run(callbacks: list[Callback]) -> SecondRun | None:
    """That of the EarlyStopping among the callbacks, which must then be the only one: each brings weights back."""
    stopping = [callback for callback in callbacks if isinstance(callback, EarlyStopping)]
    wanted = [callback.second for callback in stopping if callback.second is not None]
    if wanted and len(stopping) > 1:
        raise DataError(f"second_run: expected one EarlyStopping in callbacks, got {len(stopping)}; leave one out")
    return wanted[0] if wanted else None
