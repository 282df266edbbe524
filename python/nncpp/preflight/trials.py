"""Checks that compute J again: with more regularization, and over a few steps on a few rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from time import perf_counter

import numpy as np

from .. import _core
from .._sparse import SparseRows
from ..data import Array, Examples
from ..network import Network
from ..optimizers import Adam
from .chance import chance_of
from .report import Entry
from .subject import Subject, rows_of

MORE = 10.0  # times the penalties
FITTED, NEARLY, ENOUGH = 0.1, 0.3, 0.01  # parts of what chance loses that may be left; the last ends the attempt
STEPS, SECONDS = 400, 0.6  # of one attempt to fit the tiny subset
RATES = (0.01, 0.1, 0.001)
BATCH, FIRST_STEPS = 64, 10  # for the learning rate
STILL, LEAP = 1e-6, 2.0  # update : weights; loss afterwards over loss before
AHEAD = (0, 10, 100, 1000)  # steps at which a schedule is asked for its rate

Penalties = list[tuple[int, int, float, float]]


def regularization(subject: Subject) -> Iterator[Entry]:
    """More of it raises J, by the penalty and nothing else, and it is not all of J."""
    network = subject.network
    penalties = [(offset, size, l1, l2) for offset, size, l1, l2 in network.penalties() if l1 > 0 or l2 > 0]
    if not penalties:
        yield Entry("regularization", "skipped", "no regularizers")
        return
    more = [(offset, size, MORE * l1, MORE * l2) for offset, size, l1, l2 in penalties]
    now, then = (_objective(subject, network, p).evaluate(*subject.sample) for p in (penalties, more))
    data, raised = now.value - now.penalty, then.value - then.penalty
    seen = f"loss {now.value:.4g} = {data:.4g} + penalty {now.penalty:.3g}; {then.value:.4g} with {MORE:g} times that"
    if now.penalty == 0.0:
        yield Entry("regularization", "skipped", "the weights that it is for are all 0")
    elif not (then.value > now.value and math.isclose(data, raised, rel_tol=1e-6)):
        yield Entry("regularization", "fail", seen, "check the regularizers: more of them must raise the loss")
    elif now.penalty > MORE * abs(data):
        advice = "divide the regularizers' factors by 100 or more: as it is, training only makes weights small"
        yield Entry("regularization", "warn", seen, advice)
    else:
        yield Entry("regularization", "ok", seen)


def tiny_subset(subject: Subject, rows: int) -> Iterator[Entry]:
    """A few rows far apart can be learned by heart, without regularization, dropout and noise."""
    network = subject.network
    subset = rows_of(subject.sample, _far_apart(subject.sample, min(rows, _capacity(subject))))._replace(weights=None)
    span, floor = _span(subject, subset)
    if span is None or not network.parameters:
        what = "what the least loss is, is not known" if network.parameters else "no parameters"
        yield Entry("tiny subset", "skipped", what)
        return
    best, start, steps, rate = math.inf, math.nan, 0, math.nan
    for candidate in RATES:
        first, last, count = _fit(subject, subset, candidate, floor + ENOUGH * span)
        if last < best:
            best, start, steps, rate = last, first, count, candidate
        if best <= floor + FITTED * span:
            break
    least = f" (least possible: {floor:.3g})" if floor > 1e-6 else ""
    seen = f"{subset.rows} rows: loss {start:.4g} -> {best:.2g}{least} in {steps} steps of Adam({rate:g})"
    left = (best - floor) / span
    if left <= FITTED:
        yield Entry("tiny subset", "ok", seen)
        return
    advice = (
        "a net that cannot learn so few rows by heart learns nothing: check that x and y belong together, begin from "
        "another seed, or give it more units"
    )
    yield Entry("tiny subset", "warn" if left <= NEARLY else "fail", seen, advice)


def _capacity(subject: Subject) -> int:
    """How many rows any net of this size should fit at once, whatever their targets."""
    outputs = sum(math.prod(term.shape) for term in subject.terms)
    numbers = sum(math.prod(shape) for shape in subject.network.input_shapes)
    rows = min(subject.model.count_parameters() // (2 * outputs), 2 * (numbers + 1))
    narrowest = min((math.prod(subject.network.shapes[node]) for node in subject.hidden), default=outputs)
    return max(1, min(rows, narrowest // 2) if narrowest < outputs else rows)


def _far_apart(examples: Examples, count: int) -> Array:
    """Row numbers, each the farthest from those before; fewer where the rest are repetitions."""
    tables = [x if isinstance(x, SparseRows) else x.reshape(len(x), -1).astype(np.float64) for x in examples.inputs]
    chosen = [0]
    distance = np.full(examples.rows, math.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, sum(_distances(table, chosen[-1]) for table in tables))
        if distance.max() == 0.0:
            break
        chosen.append(int(distance.argmax()))
    return np.array(chosen)


def _distances(table: Array | SparseRows, i: int) -> Array:
    """Squares of the distances of all rows from row i."""
    if isinstance(table, SparseRows):
        return table.distances(i)
    squares: Array = ((table - table[i]) ** 2).sum(axis=1)
    return squares


def _span(subject: Subject, subset: Examples) -> tuple[float | None, float]:
    """What chance loses on the sample over the least possible, and the least possible on the subset."""
    span = floor = 0.0
    for term in subject.terms:
        chance, least = chance_of(term, subject.sample), chance_of(term, subset)
        if chance is None or least is None:
            return None, 0.0
        span += term.weight * (chance.value - chance.floor)
        floor += term.weight * least.floor
    return (span if span > 1e-6 else None), floor


def _fit(subject: Subject, subset: Examples, rate: float, goal: float) -> tuple[float, float, int]:
    """Loss before, the least that was reached, and after how many steps."""
    network = subject.fresh()._network
    optimizer = Adam(rate)._core(network.precision)
    trainer = network.precision.Trainer(_objective(subject, network, []), optimizer)
    end = perf_counter() + SECONDS
    losses: list[float] = []
    while len(losses) <= STEPS and perf_counter() < end:
        value = trainer.step(*subset, rate).value
        if not math.isfinite(value):
            break
        losses.append(value)
        if value <= goal:
            break
    if not losses:
        return math.nan, math.inf, 0
    return losses[0], min(losses), int(np.argmin(losses))


def learning_rate(subject: Subject) -> Iterator[Entry]:
    """How far the first steps go, and whether they lower the loss of the rows that they are taken on."""
    model, rows = subject.fresh(), subject.sample.rows
    batch = rows_of(subject.sample, np.linspace(0, rows - 1, min(BATCH, rows)).astype(np.int64))
    if not model.parameters:
        yield Entry("learning rate", "skipped", "no parameters")
        return
    optimizer = subject.compilation.optimizer
    rate = max(optimizer.rate_at(t, 0) for t in AHEAD) if callable(optimizer.learning_rate) else optimizer.rate_at(0, 0)
    trainer = model._require_trainer("preflight")
    before = {name: values.copy() for name, values in model.parameters.items()}
    losses = [trainer.step(*batch, rate).value for _ in range(FIRST_STEPS)]
    losses.append(trainer.step(*batch, 0.0).value)
    ratios = _ratios(subject.network, before, model.parameters)
    shown = f"{min(ratios):.1g} to {max(ratios):.1g}" if ratios else "not defined"
    seen = f"rate {rate:.3g}: update : weights {shown} a step; loss {losses[0]:.4g} -> {losses[-1]:.4g}"
    seen += f" after {FIRST_STEPS} steps"
    if not max(losses) <= LEAP * losses[0] + _noise(subject) or not np.isfinite(losses).all():
        seen += f", {max(losses):.4g} in between" if max(losses) > losses[-1] else ""
        yield Entry("learning rate", "fail", f"{seen}: too fast", "divide the rate by 10, or by more")
    elif ratios and max(ratios) < STILL:
        advice = "multiply the rate by 10 or more: about 1e-3 of the weights is usual"
        yield Entry("learning rate", "warn", f"{seen}: too slow", advice)
    else:
        yield Entry("learning rate", "ok", seen)


def _ratios(network: Network, before: Mapping[str, Array], after: Mapping[str, Array]) -> list[float]:
    """|update| / |weights| a step of each array of weights that was not all 0."""
    names = [s.name for s in network.core.segments if s.kind == "weight" and np.any(before[s.name])]
    norm = np.linalg.norm
    return [float(norm(after[n] - before[n]) / norm(before[n])) / FIRST_STEPS for n in names]


def _noise(subject: Subject) -> float:
    """A rise that is none, where the loss was near its least already."""
    span, _ = _span(subject, subject.sample)
    return 0.5 * (span or 0.0)


def _objective(subject: Subject, network: Network, penalties: Penalties) -> _core.Objective:
    compilation = subject.compilation
    losses = compilation.core_losses(network)
    return network.precision.Objective(network.core, losses, compilation.loss_weights, penalties)
