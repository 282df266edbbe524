"""The check itself: every term along its lines, into a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from ..errors import DataError
from ..model import Model
from ..second_order import ExactObjective
from .explanation import explanation
from .lines import DIRECTION, Line, lines_of
from .report import GradientEntry, GradientReport
from .slopes import Comparison, Slopes, relative_error
from .subjects import terms_of
from .terms import Term, Vector

EXACT_ROUNDING = 1e-16  # of the largest slope: terms of a sum round, and their sum may be small


def run(
    subject: Any,
    examples: tuple[Any, Any, Any, Any],
    *,
    gradient: Any,
    training: bool,
    is_exact: bool,
    h: float | None,
    tolerance: float,
    samples: int | None,
    seed: int,
    explain: bool,
) -> GradientReport:
    """``check_gradients`` with arguments that were looked at."""
    exact = _exact(subject, examples, training) if is_exact else None
    terms, rows = terms_of(subject, *examples, gradient=gradient, training=training, seed=seed)
    entries: list[GradientEntry] = []
    for term in terms:
        gradients = term.gradients()
        lines = lines_of(term, gradients, samples, seed)
        if exact is None:
            compared = Slopes(term, lines, h, tolerance, seed).compare(gradients)
        else:
            compared = _compare_exactly(exact, term, lines, gradients)
        entries += _entries(term, lines, compared)
    method = "dual numbers" if is_exact else "h chosen for each entry" if h is None else f"h = {h:g}"
    report = GradientReport(tuple(entries), tolerance, method, rows)
    return replace(report, explanation=explanation(report, terms, is_exact)) if explain else report


def _entries(term: Term, lines: Sequence[Line], compared: Sequence[Comparison]) -> list[GradientEntry]:
    """One for each array; lines come array by array."""
    found = []
    for name, pairs in groupby(zip(lines, compared, strict=True), key=lambda pair: pair[0].name):
        members = list(pairs)
        if name == DIRECTION:
            shape: tuple[int, ...] = (sum(way.size for way in members[0][0].way().values()),)
        else:
            shape = term.arrays[name].shape
        found.append(GradientEntry(term.name, name, shape, tuple(comparison for _, comparison in members)))
    return found


def _exact(subject: Any, examples: tuple[Any, Any, Any, Any], training: bool) -> ExactObjective:
    if not isinstance(subject, Model):
        raise DataError("mode: 'exact' is for models; put a layer or a loss into nn.Sequential([nn.Input(...), ...])")
    x, y, sample_weight, lengths = examples
    return ExactObjective(subject, x, y, sample_weight, training, lengths)


def _compare_exactly(
    exact: ExactObjective, term: Term, lines: Sequence[Line], gradients: Mapping[str, Vector]
) -> list[Comparison]:
    claims = [line.claim(gradients) for line in lines]
    slopes = [exact.derivative(line.way(), term.name) for line in lines]
    rounding = EXACT_ROUNDING * float(np.max(np.abs(claims), initial=0.0))
    return [
        Comparison(line.index, a, n, relative_error(a, n, rounding), rounding, 0.0)
        for line, a, n in zip(lines, claims, slopes, strict=True)
    ]
