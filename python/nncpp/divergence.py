"""What is said of a step in which a number is not finite: where it arose first, and what may help."""

from __future__ import annotations

import math

from . import _core
from .errors import DivergenceError


def divergence_error(
    call: str,
    found: _core.Divergence | None,
    *,
    epoch: int | None = None,
    step: int | None = None,
    rate: float | None = None,
    outcome: str,
    first_row: int = 0,
) -> DivergenceError:
    """The error that `call` raises for it.

    Parameters
    ----------
    call
        "fit", "train_on_batch" or "minimize"
    found
        what the core found when it did the step again
    epoch, step, rate
        of the step; the first two counted from 1
    outcome
        what became of it
    first_row
        of the arrays, where the core was given a part of them
    """
    places = {"epoch": epoch, "step": step, "learning rate": None if rate is None else f"{rate:g}"}
    place = ", ".join(f"{name} {value}" for name, value in places.items() if value is not None)
    start = f"{call}: {place}: " if place else f"{call}: "
    if found is None:
        return DivergenceError(f"{start}the loss or a gradient is not finite; {outcome}", epoch=epoch, step=step)
    rows = sorted(first_row + row for row in found.rows)
    return DivergenceError(
        f"{start}{_what(found, _where(rows, found.has_more_rows))}; {outcome}. {_advice(found, rate)}",
        layer=found.layer,
        stage=found.stage,
        tensor=found.tensor,
        rows=rows,
        epoch=epoch,
        step=step,
    )


def _what(found: _core.Divergence, where: str) -> str:
    tensor = f"the {found.tensor} of {found.layer}"
    became = "became NaN" if math.isnan(found.value) else "became infinite"
    if found.stage == "update":
        return f"the {found.tensor} is too large for the dtype{where}, and largest in {found.layer}"
    if found.stage == "loss":
        return f"{tensor} {became}{where}, though every output is finite"
    if found.stage == "backward" or found.tensor == "output":
        return f"{tensor} {became} in the {found.stage} pass{where}"
    return f"{tensor} is not finite before the step"


def _where(rows: list[int], has_more: bool) -> str:
    if not rows:
        return ""
    numbers = ", ".join(map(str, rows)) + (" and more" if has_more else "")
    return f" (row {numbers} of x)" if len(rows) == 1 else f" (rows {numbers} of x)"


def _advice(found: _core.Divergence, rate: float | None) -> str:
    if found.stage == "forward" and found.tensor != "output":
        return "Give it finite values, or load a model that was saved before"
    if found.tensor.startswith("penalty"):
        return "Try a smaller factor of its regularizer, or smaller weights"
    common_scale = "bring the inputs to a common scale with nn.Standardize()"
    if rate is None:
        return f"Begin with smaller weights, or {common_scale}"
    return f"Try learning rate {rate / 10:g} or an optimizer with clip_norm, or {common_scale}"
