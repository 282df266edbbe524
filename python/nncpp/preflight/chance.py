"""What a loss is for a net that knows nothing of its inputs, and the least that it can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..losses import Loss
from .subject import Term

if TYPE_CHECKING:
    from ..data import Array, Examples

# Random weights lose a little more than chance: scores of deviation sqrt(2), which He and Glorot give at most for
# inputs of size 1, cost half a log K, more where columns are alike or few; outputs of size 1 cost 1 if squared.
FACTOR, LEAST, FACTOR_OF_NUMBERS = 3.0, 2.0, 10.0


@dataclass(frozen=True)
class Chance:
    """Of one loss on given targets.

    Attributes
    ----------
    value
        mean loss of the best answer that is the same for all rows and takes no class for another
    formula
        of that value
    allowed
        what the first weights may make of it
    floor
        mean loss where every target is met
    """

    value: float
    formula: str
    allowed: float
    floor: float = 0.0


def chance_of(term: Term, examples: Examples) -> Chance | None:
    """For the targets of these rows; None for a loss of which it is not known."""
    rule = _RULES.get(term.loss.kind)
    return None if rule is None else rule(term.loss, *term.targets(examples))


def _squared(_: Loss, y: Array, w: Array | None) -> Chance:
    variance = _mean((y - np.average(y, axis=0, weights=w)) ** 2, w)
    return _of_numbers(variance, "variance of y", y.shape[1])


def _absolute(_: Loss, y: Array, w: Array | None) -> Chance:
    return _of_numbers(_mean(np.abs(y - np.median(y, axis=0)), w), "mean |y - median|", y.shape[1])


def _huber(loss: Any, y: Array, w: Array | None) -> Chance:
    def h(e: Array) -> Array:
        return np.where(e <= loss.delta, e**2 / 2, loss.delta * (e - loss.delta / 2))

    spread = _mean(h(np.abs(y - np.median(y, axis=0))), w)
    return _of_numbers(spread, "mean h(y - median)", y.shape[1] * float(h(np.ones(()))))


def _of_numbers(spread: float, formula: str, at_one: float) -> Chance:
    return Chance(spread, formula, FACTOR_OF_NUMBERS * max(spread, at_one))


def _scored(value: float, formula: str, floor: float = 0.0) -> Chance:
    return Chance(value, formula, max(FACTOR * value, value + LEAST), floor)


def _hinge(_: Loss, y: Array, _w: Array | None) -> Chance:
    return _scored(float(y.shape[1]), _times(y.shape[1], "1, of scores 0"))


def _max_margin(loss: Any, y: Array, _w: Array | None) -> Chance:
    return _scored(loss.margin * y.shape[1], _times(y.shape[1], f"the margin {loss.margin:g}, of equal scores"))


def _multiclass_hinge(loss: Any, y: Array, _w: Array | None) -> Chance:
    others = y.shape[1] - 1
    return _scored(loss.margin * others, _times(others, f"the margin {loss.margin:g}, of equal scores"))


def _nll(loss: Any, y: Array, w: Array | None) -> Chance:
    smooth = (1 - loss.label_smoothing) * y + loss.label_smoothing / 2
    floor = _mean(_surprise(smooth) + _surprise(1 - smooth), w)
    return _scored(y.shape[1] * math.log(2), _times(y.shape[1], "log 2"), floor)


def _nllm(loss: Any, y: Array, w: Array | None) -> Chance:
    classes = y.shape[1]
    smooth = (1 - loss.label_smoothing) * y + loss.label_smoothing / classes
    return _scored(math.log(classes), f"log {classes}", _mean(_surprise(smooth), w))


def _kl(loss: Any, y: Array, w: Array | None) -> Chance:
    classes, factor = y.shape[1], loss.temperature**2
    value = factor * (math.log(classes) - _mean(_surprise(y), w))
    return Chance(value, f"T^2 (log {classes} - entropy of y)", FACTOR * factor * math.log(classes))


_RULES: dict[str, Callable[[Any, Array, Array | None], Chance]] = {
    "squared": _squared,
    "absolute": _absolute,
    "huber": _huber,
    "hinge": _hinge,
    "max_margin": _max_margin,
    "multiclass_hinge": _multiclass_hinge,
    "nll": _nll,
    "nllm": _nllm,
    "kl": _kl,
}


def _mean(table: Array, weights: Array | None) -> float:
    """Over rows, of the sums over columns."""
    return float(np.average(table.sum(axis=1), weights=weights))


def _surprise(p: Array) -> Array:
    """-p log p, and 0 for 0."""
    return -p * np.log(np.where(p > 0, p, 1.0))


def _times(count: int, what: str) -> str:
    return what if count == 1 else f"{count} x {what}"
