"""What a learning rate may be: a number, a schedule, or any function of (step, epoch)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ._arguments import number, shown
from .schedules import Schedule

Rate: TypeAlias = float | Callable[[int, int], float]  # a schedule is such a function, of which files can tell


def as_rate(value: Any) -> Rate:
    """What ``optimizer.learning_rate`` may be: a number >= 0, a schedule or its config, a function of (step, epoch)."""
    if isinstance(value, Schedule | Mapping):
        return Schedule.of(value, "learning_rate")
    if callable(value) and _takes_two(value):
        rate: Rate = value
        return rate
    if callable(value) or isinstance(value, str):
        what = "a number, an object of nn.schedules, or a function of (step, epoch)"
        raise TypeError(f"learning_rate: expected {what}, got {shown(value)}")
    return number("learning_rate", value, "[0, inf)")


def rate_config(rate: Rate) -> Any:
    """A learning rate as JSON has it, for ``as_rate`` to read; None for a function."""
    return rate.config() if isinstance(rate, Schedule) else None if callable(rate) else rate


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(0, 0)
    except TypeError:
        return False
    except ValueError:  # one of C that does not say
        return True
    return not isinstance(function, type)
