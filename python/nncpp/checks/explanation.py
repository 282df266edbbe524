"""The check in plain language, with one entry worked out."""

from __future__ import annotations

from textwrap import fill

import numpy as np

from .lines import DIRECTION, Entry
from .report import GradientReport, place
from .slopes import Comparison, relative_error
from .terms import Term

WIDTH = 100
STEP = 1e-5  # that of the textbooks, for numbers of size 1


def explanation(report: GradientReport, terms: list[Term], is_exact: bool) -> str:
    """What was compared, an example with its numbers, what the bands mean, and what to look at."""
    paragraphs = [_compared(report, is_exact), *_example(report, terms), _bands(report), _kinks(report)]
    if not report.ok:
        paragraphs.append(_advice(report))
    lines = "\n\n".join(paragraph for paragraph in paragraphs if paragraph).splitlines()
    return "\n".join(fill(line, WIDTH) if len(line) > WIDTH else line for line in lines)


def _compared(report: GradientReport, is_exact: bool) -> str:
    arrays = dict.fromkeys(entry.name for entry in report.entries if entry.name != DIRECTION)
    text = (
        "What was compared. A gradient says for every number by how much f grows when that number grows a little. "
        f"Here these numbers are the entries of {', '.join(arrays)}. The analytic slope comes from the backward pass, "
    )
    if is_exact:
        return text + "the exact one from a forward pass in which every number carries its own slope (dual numbers)."
    return text + "the numerical one from f alone: move one number up and down by h, and see what f does."


def _example(report: GradientReport, terms: list[Term]) -> list[str]:
    """The worst entry, or where all are good one of a large slope: it shows most digits."""
    pairs = [pair for pair in report.worst if pair[0].name != DIRECTION]
    if not pairs:
        return []
    if report.ok:
        pairs = [max(pairs, key=lambda pair: abs(pair[1].analytic))]
    entry, comparison = pairs[0]
    term = next(term for term in terms if term.name == entry.term)
    line = Entry(term, entry.name, int(np.ravel_multi_index(comparison.index, entry.shape)) if entry.shape else 0)
    h = STEP * line.scale
    left, right = line.values(np.array([-h, h])).tolist()
    slope = (right - left) / (2 * h)
    claim = line.claim(term.gradients())
    error = relative_error(claim, slope, 0.0)
    numbers = {
        "f(x + h)": f"{right:.15g}",
        "f(x - h)": f"{left:.15g}",
        "difference": f"{right - left:.6g}",
        "numerical slope": f"difference / 2h = {slope:.9g}",
        "analytic slope": f"{claim:.9g}",
        "relative error": f"|a - n| / max(|a|, |n|) = {error:.1e}",
    }
    lines = [f"  {name:<16} = {number}" for name, number in numbers.items()]
    head = f"An example: {place(entry, comparison)}, with h = {h:.3g}."
    return ["\n".join([head, *lines, _remark(slope, comparison)])]


def _remark(slope: float, comparison: Comparison) -> str:
    """Why the table has another number."""
    table = f"{comparison.numeric:.12g}, relative error {comparison.relative_error:.1e}"
    if abs(slope - comparison.numeric) > 1e-3 * max(abs(slope), abs(comparison.numeric)):
        return f"f bends within h of x, so this difference mixes two slopes; the table has one of them: {table}."
    return (
        "f has about 16 digits, and the difference loses all that f(x + h) and f(x - h) have in common. The table has "
        f"a slope of more digits: {table}."
    )


def _bands(report: GradientReport) -> str:
    return (
        "What the bands mean. Above 1e-2 the gradient is wrong. Between 1e-4 and 1e-2 it is suspicious: nearly always "
        "a small term is missing. Up to 1e-4 it is fine where f has kinks or the net is deep, up to 1e-7 good. "
        f"This check allows {report.tolerance:g}."
    )


def _kinks(report: GradientReport) -> str:
    kinks = sum(entry.kinks for entry in report.entries)
    if kinks == 0:
        return ""
    return (
        f"Kinks. At {kinks} of the slopes f has a bend at the very point, as relu has at 0: one slope on the left, "
        "another on the right, and no derivative. Backpropagation takes one of them, or one between. These are counted "
        "apart; the gradient was compared at points beside instead."
    )


def _advice(report: GradientReport) -> str:
    if report.max_relative_error <= report.tolerance:
        return (
            "What to look at. All gradients are zero: the units may be dead (relu of negative sums everywhere), or the "
            "weights behind them 0. Take other rows, or other first weights."
        )
    bad = [entry for entry in report.entries if entry.max_relative_error > report.tolerance]
    names = list(dict.fromkeys(entry.name for entry in bad if entry.name != DIRECTION))
    text = "What to look at. "
    if names:
        text += f"Wrong: {', '.join(names)}; what is not named passed, so look at what gives these. "
    else:
        text += "Only the direction is wrong: the error is in an entry that was not sampled; use samples=None. "
    wrong = [c for e in bad if e.name != DIRECTION for c in e.comparisons if c.relative_error > report.tolerance]
    ratios = [c.analytic / c.numeric for c in wrong if c.numeric != 0.0 and not c.is_kink]
    if ratios and max(ratios) - min(ratios) < 1e-3 * abs(max(ratios)):
        text += f"All are off by one factor, {max(ratios):.4g}: a sign, a 2, or a division by the number of rows? "
    else:
        text += "They are off by different factors: a term that is missing, a transposed array, a wrong index? "
    return text + "If a layer's input is wrong too, so is what all layers before it get; begin with the last layer."
