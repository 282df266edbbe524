"""Checkpoints: how far a ``Fit`` has come, written beside its model, and read again to go on to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._arguments import flag, whole_number
from ._rates import as_rate, rate_config
from .errors import DataError, FileError
from .serialization import read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from .training import Fit


def save(fit: Fit, path: Path) -> None:
    """Writes the model and everything else that the rest of the training depends on."""
    states = [callback.state() for callback in fit.callbacks]
    progress = {
        "settings": _settings(fit),
        "first_epoch": fit.first_epoch,
        "first_record": fit.first_record,
        "run_begin": fit.run_begin,
        "steps": fit.totals.steps,
        "rows": fit.totals.rows,
        "sums": [(entry.loss, entry.weight, entry.correct) for entry in fit.totals.sums],
        "penalty": fit.totals.penalty,
        "learning_rate": rate_config(fit.compilation.optimizer.learning_rate),
        "stop_training": fit.model.stop_training,
        "callbacks": [values for values, _ in states],
    }
    arrays = {f"{i}/{name}": a for i, (_, kept) in enumerate(states) for name, a in kept.items()}
    write_checkpoint(fit.model, path, progress, arrays)


def resume(fit: Fit, path: Path) -> None:
    """Goes on from a checkpoint. The model comes last: whatever is wrong with the file leaves it as it is."""
    checkpoint = read_checkpoint(fit.model, path)
    progress = checkpoint.progress
    _require_same(fit, path, progress.get("settings"))
    try:
        epochs = len(checkpoint.header["history"])
        first_epoch = whole_number("first_epoch", progress["first_epoch"], at_most=epochs)
        first_record = whole_number("first_record", progress.get("first_record", 0))
        run_begin = whole_number("run_begin", progress["run_begin"], at_most=epochs - first_epoch)
        if fit.second is not None and run_begin > 0:
            fit.second.begin_epoch = run_begin
            fit.take_both(fit.second)
        totals = _totals(fit, progress)
        rate = fit.compilation.optimizer.learning_rate  # a function stays
        if progress["learning_rate"] is not None:
            rate = as_rate(progress["learning_rate"])
        stop_training = flag("stop_training", progress["stop_training"])
        states = list(zip(fit.callbacks, progress["callbacks"], strict=True))
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path}: damaged: its progress cannot be used ({error})") from error
    for i, (callback, values) in enumerate(states):
        prefix = f"{i}/"
        kept = {name.removeprefix(prefix): a for name, a in checkpoint.arrays.items() if name.startswith(prefix)}
        callback.restore(values, kept)
    checkpoint.restore(fit.model)
    fit.first_epoch, fit.first_record, fit.totals = first_epoch, first_record, totals
    fit.compilation.optimizer.learning_rate, fit.model.stop_training = rate, stop_training


def _settings(fit: Fit) -> dict[str, Any]:
    """What must not change between a checkpoint and the fit that goes on from it."""
    is_function = rate_config(fit.compilation.optimizer.learning_rate) is None
    return {
        "rows": fit.rows,
        "batch_size": fit.options.batch_size,
        "shuffle": fit.options.shuffle,
        "learning_rate": "a function" if is_function else "a number or a schedule",
        "callbacks": [type(callback).__name__ for callback in fit.callbacks],
        "second_run": None if fit.second is None else [fit.second.strategy, fit.both.rows],
    }


def _require_same(fit: Fit, path: Path, settings: Any) -> None:
    """Refuses a checkpoint of other data or arguments with DataError."""
    for name, value in _settings(fit).items():
        if not isinstance(settings, dict) or name not in settings:
            raise FileError(f"{path}: damaged: it does not say with which {name} it was written")
        if settings[name] != value:
            raise DataError(
                f"resume: {path} was written with {name} {settings[name]!r}, this fit has {value!r}; "
                "use the same data and arguments, or another checkpoint file"
            )


def _totals(fit: Fit, progress: Mapping[str, Any]) -> _core.RunResult:
    """Where in its epoch a checkpoint was written. Raises DataError for a place that this fit never comes to."""
    steps = whole_number("steps", progress["steps"], at_most=fit.steps_per_epoch)
    rows = min(steps * fit.options.batch_size, fit.training.rows)
    if progress["rows"] != rows or len(progress["sums"]) != len(fit.compilation.losses):
        raise DataError(f"expected {rows} rows and the sums of {len(fit.compilation.losses)} losses")
    sums = [(float(loss), float(weight), float(correct)) for loss, weight, correct in progress["sums"]]
    return _core.RunResult(steps, rows, sums, float(progress["penalty"]))
