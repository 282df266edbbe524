"""Schedules: every formula by hand, in NumPy and in PyTorch; composition; pictures."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncpp import schedules as s
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
T = np.arange(40)

# each beside its formula in NumPy
FORMULAS: list[tuple[Any, Any]] = [
    (s.Constant(0.3), np.full(40, 0.3)),
    (s.StepDecay(0.8, factor=0.25, every=7), 0.8 * 0.25 ** (T // 7)),
    (s.ExponentialDecay(0.5, decay=0.07), 0.5 * np.exp(-0.07 * T)),
    (s.InverseDecay(0.5, tau=6.5), 0.5 * 6.5 / np.maximum(T, 6.5)),
    (s.LinearDecay(0.4, duration=25), np.interp(T, [0, 25], [0.4, 0.004])),
    (s.LinearDecay(0.1, duration=30, final_rate=0.4), np.interp(T, [0, 30], [0.1, 0.4])),
    (s.Halving(0.8, every=9, unit="step"), 0.8 / 2.0 ** (T // 9)),
    (s.CosineDecay(0.7, duration=20, final_rate=0.1), 0.1 + 0.3 * (1 + np.cos(np.pi * np.minimum(T / 20, 1)))),
    (s.Warmup(10, then=0.6), 0.6 * np.minimum((T + 1) / 10, 1)),
    (s.Scaled(s.ExponentialDecay(0.5, 0.1), 0.2), 0.1 * np.exp(-0.1 * T)),
    (s.Chain(0.5, s.InverseDecay(0.2, tau=4), at=12), np.where(T < 12, 0.5, 0.8 / np.maximum(T - 12, 4))),
]


@pytest.mark.parametrize(("schedule", "expected"), FORMULAS, ids=[repr(schedule) for schedule, _ in FORMULAS])
def test_a_schedule_is_its_formula(schedule: Any, expected: Any) -> None:
    EXACT.assert_close([schedule(t, 1000) for t in range(40)], expected)


@pytest.mark.parametrize("schedule", [schedule for schedule, _ in FORMULAS if isinstance(schedule, s._Decay)], ids=repr)
def test_a_schedule_counts_epochs_where_it_is_told_so(schedule: Any) -> None:
    by_epoch = s.Schedule.from_config({**schedule.config(), "unit": "epoch"})
    assert [by_epoch(1000, t) for t in range(40)] == [schedule(t, 1000) for t in range(40)]


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (s.StepDecay(0.8, 0.25, every=7), lambda lr, o: lr.StepLR(o, 7, 0.25)),
        (s.Halving(0.8, every=7, unit="step"), lambda lr, o: lr.StepLR(o, 7, 0.5)),
        (s.ExponentialDecay(0.5, 0.07), lambda lr, o: lr.ExponentialLR(o, math.exp(-0.07))),
        (s.LinearDecay(0.4, 39), lambda lr, o: lr.LinearLR(o, 1.0, 0.01, 39)),
        (s.CosineDecay(0.7, 39, 0.1), lambda lr, o: lr.CosineAnnealingLR(o, 39, 0.1)),
        (s.Warmup(5, 0.3), lambda lr, o: lr.LinearLR(o, 0.2, 1.0, 4)),
        (
            s.Chain(0.5, s.CosineDecay(0.5, 20), at=15),
            lambda lr, o: lr.SequentialLR(o, [lr.ConstantLR(o, 1.0), lr.CosineAnnealingLR(o, 20)], [15]),
        ),
    ],
    ids=repr,
)
def test_rates_are_those_of_torch(schedule: Any, theirs: Any) -> None:
    torch = pytest.importorskip("torch")
    steps = 35 if isinstance(schedule, s.Chain) else 40  # after the end of a cosine torch goes up again
    optimizer = torch.optim.SGD([torch.zeros(1)], schedule(10**6 if isinstance(schedule, s.Warmup) else 0))
    scheduler, rates = theirs(torch.optim.lr_scheduler, optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    EXACT.assert_close([schedule(t) for t in range(steps)], rates)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (s.StepDecay(1.0, 0.1, 2), {0: 1.0, 1: 1.0, 2: 0.1, 4: 0.01}),
        (s.ExponentialDecay(2.0, math.log(2.0)), {0: 2.0, 1: 1.0, 3: 0.25}),
        (s.InverseDecay(0.1, tau=10), {0: 0.1, 10: 0.1, 20: 0.05, 100: 0.01}),
        (s.LinearDecay(1.0, duration=10), {0: 1.0, 5: 0.505, 10: 0.01, 10**9: 0.01}),
        (s.CosineDecay(1.0, duration=3), {0: 1.0, 1: 0.75, 2: 0.25, 3: 0.0, 10**18: 0.0}),
        (s.Warmup(2, s.CosineDecay(1.0, duration=3)), {0: 0.5, 1: 1.0, 2: 1.0, 3: 0.75, 4: 0.25, 5: 0.0}),
        (s.Chain(0.5, s.LinearDecay(1.0, 2, 0.0), at=3), {2: 0.5, 3: 1.0, 4: 0.5, 5: 0.0}),
    ],
    ids=repr,
)
def test_rates_by_hand(schedule: Any, rates: dict[int, float]) -> None:
    EXACT.assert_close([schedule(t) for t in rates], list(rates.values()))


def test_halving_counts_epochs() -> None:
    schedule = s.Halving(0.8, every=3)
    assert [schedule(step=99, epoch=e) for e in range(7)] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]


@pytest.mark.parametrize(
    "make", [lambda then, unit: s.Warmup(5, then, unit), lambda then, unit: s.Chain(0, then, 5, unit)]
)
def test_what_follows_begins_at_0_in_the_unit_of_the_break_and_goes_on_in_the_other(make: Callable[..., Any]) -> None:
    steps, epochs = s.StepDecay(1.0, 0.5, every=10), s.Halving(1.0, every=2)
    assert [make(steps, "step")(t, 3) for t in (14, 15)] == [1.0, 0.5]
    assert [make(epochs, "step")(t, e) for t, e in ((14, 1), (15, 2))] == [1.0, 0.5]
    assert [make(epochs, "epoch")(99, e) for e in (6, 7)] == [1.0, 0.5]
    assert [make(steps, "epoch")(t, 6) for t in (9, 10)] == [1.0, 0.5]


def test_a_factor_scales_from_either_side() -> None:
    schedule = s.LinearDecay(0.4, duration=10)
    for scaled in (0.5 * schedule, schedule * 0.5, np.float32(0.5) * schedule, schedule * np.int64(2) * 0.25):
        assert [scaled(t) for t in range(12)] == [0.5 * schedule(t) for t in range(12)]


def test_schedules_compose_to_any_depth() -> None:
    schedule = s.Warmup(4, then=s.Chain(0.2, 0.5 * s.CosineDecay(0.4, duration=8), at=10))
    assert [schedule(t) for t in (0, 3, 4, 13, 14, 18, 22)] == [0.05, 0.2, 0.2, 0.2, 0.2, 0.1, 0.0]
    again = s.Schedule.from_config(schedule.config())
    assert repr(again) == repr(schedule)
    assert [again(t) for t in range(30)] == [schedule(t) for t in range(30)]


def test_configs_come_back() -> None:
    assert {type(schedule) for schedule, _ in FORMULAS} == set(s.Schedule._members.values())
    for schedule, _ in FORMULAS:
        again = s.Schedule.from_config(schedule.config())
        assert (type(again), repr(again)) == (type(schedule), repr(schedule))


# --- pictures -------------------------------------------------------------------------------------------------------


def test_a_picture_shows_the_rate_of_each_step(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    schedule = s.Warmup(30, then=s.Halving(0.8, every=2))
    figure = schedule.plot(tmp_path / "rate.png", steps=100, steps_per_epoch=20)
    (axes,) = figure.axes
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == list(range(100))
    assert list(line.get_ydata()) == [schedule(t, t // 20) for t in range(100)]
    assert (axes.get_title(loc="left"), axes.get_xlabel()) == ("learning rate", "step")
    assert (tmp_path / "rate.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_many_steps_has_its_ends_and_a_bearable_number_of_points() -> None:
    pytest.importorskip("matplotlib")
    (axes,) = s.LinearDecay(0.1, duration=10**6).plot(steps=10**6).axes
    x = axes.get_lines()[0].get_xdata()
    assert (x[0], x[-1], len(x)) == (0, 10**6 - 1, 2001)
