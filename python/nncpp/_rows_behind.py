"""Rows that are behind: how far each row of row-sparse parameters has come, and at what rates it goes on.

``first`` and ``rates`` are the steps from which on a learning rate holds, and the rates; ``last/embedding/weight`` is
by row the step that it has been brought to.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import _core
from .data import Array


def arrays(trainer: _core.Trainer) -> dict[str, Array]:
    """By name; none if no row is behind."""
    first, rates = trainer.rates
    if not first.size:
        return {}
    return {"first": first, "rates": rates} | {f"last/{name}": last for name, last in trainer.last_steps.items()}


def fits(trainer: _core.Trainer, kept: Mapping[str, Array], t: int) -> bool:
    """Whether arrays are such as ``arrays`` gives for this trainer at step t."""
    own = {"first": np.int64, "rates": np.float64} | {f"last/{name}": np.int64 for name in trainer.last_steps}
    if kept.keys() != own.keys() or any(kept[name].dtype != dtype for name, dtype in own.items()):
        return False
    first, rates = kept["first"], kept["rates"]
    if first.ndim != 1 or first.size == 0 or first.shape != rates.shape:
        return False
    if np.any(np.diff(first) <= 0) or first[-1] > t or not np.all(np.isfinite(rates) & (rates >= 0)):
        return False
    return all(
        kept[f"last/{name}"].shape == last.shape
        and first[0] <= kept[f"last/{name}"].min() + 1
        and kept[f"last/{name}"].max() <= t
        for name, last in trainer.last_steps.items()
    )


def restore(trainer: _core.Trainer, kept: Mapping[str, Array]) -> None:
    """Brings a trainer to what ``arrays`` gave; with none of them its rows are as its t says."""
    if kept:
        trainer.rates = kept["first"], kept["rates"]
        for name, last in trainer.last_steps.items():
            last[...] = kept[f"last/{name}"]
