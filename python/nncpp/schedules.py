"""Schedules: the learning rate as a function of the steps and epochs since ``compile``, both counted from 0.

t is the one of the two that a schedule's ``unit`` names. A number, a schedule, or any function of (step, epoch) is
what ``optimizer.learning_rate`` takes.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from ._arguments import number, one_of, shown, whole_number
from ._configured import Configured

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS = ("step", "epoch")


class Schedule(Configured):
    """Base of all schedules: ``schedule(step, epoch)`` is a learning rate; ``factor * schedule`` scales it.

    Saved with the model. Your own: derive from this class and define ``__call__``, also before ``nn.load``.

    Parameters
    ----------
    initial_rate
        >= 0: the rate at t = 0
    unit
        "step" or "epoch": what t counts

    Raises
    ------
    DataError, TypeError
        for a number outside its interval, an unknown unit, or anything that is no number

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(2), nn.Dense(1)])
    >>> model.compile(nn.SGD(nn.schedules.Halving(0.1, every=2)), "squared")
    >>> history = model.fit([[0.0, 1.0]], [1.0], epochs=5)
    >>> history["learning_rate"]
    [0.1, 0.1, 0.05, 0.05, 0.025]
    """

    __array_ufunc__ = None  # a factor of NumPy leaves the product to __rmul__

    @abstractmethod
    def __call__(self, step: int, epoch: int = 0) -> float:
        """The learning rate of a step in an epoch."""

    def __mul__(self, factor: float) -> Scaled:
        return Scaled(self, factor)

    __rmul__ = __mul__

    def plot(self, path: str | PathLike[str] | None = None, *, steps: int = 1000, steps_per_epoch: int = 100) -> Figure:
        """Draws the rate of the first steps, gives the figure; needs matplotlib (``pip install nncpp[plot]``).

        Parameters
        ----------
        path
            picture to write: .png, .svg or .pdf; None writes none
        steps, steps_per_epoch
            whole numbers >= 1

        Raises
        ------
        NncppError, DataError, FileError
            without matplotlib; for a number below 1; if the file cannot be written

        Examples
        --------
        >>> from nncpp.schedules import CosineDecay, Warmup
        >>> figure = Warmup(100, then=CosineDecay(0.1, duration=900)).plot(steps=1000)
        """
        from .plots.curves import plot_schedule

        return plot_schedule(self, path, steps, steps_per_epoch)


class Constant(Schedule):
    """rate = initial_rate.

    Examples
    --------
    >>> from nncpp.schedules import Constant
    >>> Constant(0.1)(step=500)
    0.1
    """

    def __init__(self, initial_rate: float) -> None:
        self.initial_rate = number("initial_rate", initial_rate, "[0, inf)")

    def __call__(self, step: int, epoch: int = 0) -> float:  # noqa: ARG002
        """The learning rate of a step in an epoch."""
        return self.initial_rate


class _Decay(Schedule):
    """A function of one t, from an initial rate on."""

    def __init__(self, initial_rate: float, unit: str) -> None:
        self.initial_rate = number("initial_rate", initial_rate, "[0, inf)")
        self.unit = one_of("unit", unit, UNITS)

    def __call__(self, step: int, epoch: int = 0) -> float:
        return self._at(step if self.unit == "step" else epoch)

    @abstractmethod
    def _at(self, t: int) -> float: ...


class StepDecay(_Decay):
    """rate = initial_rate factor^floor(t / every): times the factor after every so many steps.

    Stanford CS224n, lecture notes 3, 2.7 (annealing).

    Parameters
    ----------
    initial_rate, unit
        as for ``Schedule``
    factor
        in [0, 1]
    every
        whole number >= 1

    Examples
    --------
    >>> from nncpp.schedules import StepDecay
    >>> schedule = StepDecay(0.8, factor=0.5, every=100)
    >>> schedule(99), schedule(100), schedule(250)
    (0.8, 0.4, 0.2)
    """

    def __init__(self, initial_rate: float, factor: float, every: int, unit: str = "step") -> None:
        super().__init__(initial_rate, unit)
        self.factor = number("factor", factor, "[0, 1]")
        self.every = whole_number("every", every, at_least=1)

    def _at(self, t: int) -> float:
        return self.initial_rate * self.factor ** (t // self.every)


class Halving(StepDecay):
    """rate = initial_rate / 2^floor(t / every): half of it after every so many epochs.

    Stanford CS231n, "Learning and evaluation"; ``nn.ReduceOnPlateau`` halves when a score stands still.

    Parameters
    ----------
    initial_rate, unit
        as for ``Schedule``; counts epochs unless told otherwise
    every
        whole number >= 1

    Examples
    --------
    >>> from nncpp.schedules import Halving
    >>> schedule = Halving(0.8, every=10)
    >>> schedule(0, epoch=9), schedule(0, epoch=10), schedule(0, epoch=29)
    (0.8, 0.4, 0.2)
    """

    def __init__(self, initial_rate: float, every: int, unit: str = "epoch") -> None:
        super().__init__(initial_rate, 0.5, every, unit)


class ExponentialDecay(_Decay):
    """rate = initial_rate exp(-decay t).

    Stanford CS224n, lecture notes 3, 2.7 (annealing).

    Parameters
    ----------
    initial_rate, unit
        as for ``Schedule``
    decay
        >= 0; the rate halves in log(2) / decay

    Examples
    --------
    >>> from nncpp.schedules import ExponentialDecay
    >>> round(ExponentialDecay(0.1, decay=1e-3)(step=1000), 6)  # 0.1 / e
    0.036788
    """

    def __init__(self, initial_rate: float, decay: float, unit: str = "step") -> None:
        super().__init__(initial_rate, unit)
        self.decay = number("decay", decay, "[0, inf)")

    def _at(self, t: int) -> float:
        return self.initial_rate * math.exp(-self.decay * t)


class InverseDecay(_Decay):
    """rate = initial_rate tau / max(t, tau): constant up to tau, then as 1 / t.

    Stanford CS224n, lecture notes 3, 2.7 (annealing). Sums to infinity while its squares do not, as Robbins and Monro,
    "A stochastic approximation method", 1951, ask for.

    Parameters
    ----------
    initial_rate, unit
        as for ``Schedule``
    tau
        > 0: the t at which the rate begins to fall

    Examples
    --------
    >>> from nncpp.schedules import InverseDecay
    >>> schedule = InverseDecay(0.8, tau=100)
    >>> schedule(50), schedule(200), schedule(400)
    (0.8, 0.4, 0.2)
    """

    def __init__(self, initial_rate: float, tau: float, unit: str = "step") -> None:
        super().__init__(initial_rate, unit)
        self.tau = number("tau", tau, "(0, inf)")

    def _at(self, t: int) -> float:
        return self.initial_rate * (self.tau / max(t, self.tau))


class LinearDecay(_Decay):
    """rate = (1 - a) initial_rate + a final_rate, a = min(t / duration, 1): a straight line, then constant.

    Goodfellow, Bengio, Courville, Deep Learning, 2016, 8.3.1; the duration is their tau.

    Parameters
    ----------
    initial_rate, unit
        as for ``Schedule``
    duration
        whole number >= 1: the t from which on the rate is the final one
    final_rate
        >= 0; by default 1 % of the initial rate

    Examples
    --------
    >>> from nncpp.schedules import LinearDecay
    >>> schedule = LinearDecay(1.0, duration=100)
    >>> schedule(0), schedule(50), schedule(100), schedule(5000)
    (1.0, 0.505, 0.01, 0.01)
    """

    def __init__(self, initial_rate: float, duration: int, final_rate: float | None = None, unit: str = "step") -> None:
        super().__init__(initial_rate, unit)
        self.duration = whole_number("duration", duration, at_least=1)
        last = 0.01 * self.initial_rate if final_rate is None else final_rate
        self.final_rate = number("final_rate", last, "[0, inf)")

    def _at(self, t: int) -> float:
        a = min(t / self.duration, 1.0)
        return (1.0 - a) * self.initial_rate + a * self.final_rate


class CosineDecay(_Decay):
    """rate = final_rate + (initial_rate - final_rate) (1 + cos(pi a)) / 2, a = min(t / duration, 1).

    Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without the restarts.

    Parameters
    ----------
    initial_rate, unit
        as for ``Schedule``
    duration
        whole number >= 1: the t from which on the rate is the final one
    final_rate
        >= 0

    Examples
    --------
    >>> from nncpp.schedules import CosineDecay
    >>> schedule = CosineDecay(1.0, duration=100)
    >>> [round(schedule(t), 3) for t in (0, 25, 50, 75, 100, 200)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def __init__(self, initial_rate: float, duration: int, final_rate: float = 0.0, unit: str = "step") -> None:
        super().__init__(initial_rate, unit)
        self.duration = whole_number("duration", duration, at_least=1)
        self.final_rate = number("final_rate", final_rate, "[0, inf)")

    def _at(self, t: int) -> float:
        a = min(t / self.duration, 1.0)
        return self.final_rate + (self.initial_rate - self.final_rate) * (0.5 + 0.5 * math.cos(math.pi * a))


class Scaled(Schedule):
    """rate = factor schedule(step, epoch); also written ``factor * schedule``.

    Parameters
    ----------
    schedule
        what is scaled
    factor
        >= 0

    Examples
    --------
    >>> from nncpp.schedules import Halving
    >>> 0.5 * Halving(0.8, every=10)
    Scaled(schedule=Halving(initial_rate=0.8, every=10), factor=0.5)
    """

    def __init__(self, schedule: Schedule | float, factor: float) -> None:
        self.schedule = _schedule("schedule", schedule)
        self.factor = number("factor", factor, "[0, inf)")

    def __call__(self, step: int, epoch: int = 0) -> float:
        """The learning rate of a step in an epoch."""
        return self.factor * self.schedule(step, epoch)


class Warmup(Schedule):
    """rate = min((t + 1) / duration, 1) then(max(t - duration, 0)): a rising line, then a schedule whose t begins at 0.

    Of steps and epochs, the one that t does not count goes on for ``then``: warm-up by steps, halving by epochs.
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677, 2017, 2.2.

    Parameters
    ----------
    duration
        whole number >= 1; at t = duration - 1 the full rate is reached
    then
        the schedule that follows, or a number
    unit
        "step" or "epoch": what t counts

    Examples
    --------
    >>> from nncpp.schedules import CosineDecay, Warmup
    >>> schedule = Warmup(4, then=CosineDecay(1.0, duration=100))
    >>> [schedule(t) for t in range(5)], round(schedule(54), 3)
    ([0.25, 0.5, 0.75, 1.0, 1.0], 0.5)
    """

    def __init__(self, duration: int, then: Schedule | float, unit: str = "step") -> None:
        self.duration = whole_number("duration", duration, at_least=1)
        self.then = _schedule("then", then)
        self.unit = one_of("unit", unit, UNITS)

    def __call__(self, step: int, epoch: int = 0) -> float:
        """The learning rate of a step in an epoch."""
        t = step if self.unit == "step" else epoch
        after = max(t - self.duration, 0)
        rate = self.then(after, epoch) if self.unit == "step" else self.then(step, after)
        return min((t + 1) / self.duration, 1.0) * rate


class Chain(Schedule):
    """rate = first for t < at; from there on second, whose t begins at 0.

    Of steps and epochs, the one that t does not count goes on for ``second``.

    Parameters
    ----------
    first, second
        schedules, or numbers
    at
        whole number >= 1: where the second begins
    unit
        "step" or "epoch": what t counts

    Examples
    --------
    >>> from nncpp.schedules import Chain, LinearDecay
    >>> schedule = Chain(0.1, LinearDecay(0.1, duration=100, final_rate=0.0), at=1000)
    >>> schedule(999), schedule(1050), schedule(2000)
    (0.1, 0.05, 0.0)
    """

    def __init__(self, first: Schedule | float, second: Schedule | float, at: int, unit: str = "step") -> None:
        self.first, self.second = _schedule("first", first), _schedule("second", second)
        self.at = whole_number("at", at, at_least=1)
        self.unit = one_of("unit", unit, UNITS)

    def __call__(self, step: int, epoch: int = 0) -> float:
        """The learning rate of a step in an epoch."""
        if (step if self.unit == "step" else epoch) < self.at:
            return self.first(step, epoch)
        return self.second(step - self.at, epoch) if self.unit == "step" else self.second(step, epoch - self.at)


def _schedule(argument: str, value: Any) -> Schedule:
    """A schedule, from one, its config, or a number."""
    if isinstance(value, Schedule | Mapping):
        return Schedule.of(value, argument)
    if callable(value) or isinstance(value, str):
        raise TypeError(f"{argument}: expected an object of nn.schedules, or a number, got {shown(value)}")
    return Constant(number(argument, value, "[0, inf)"))
