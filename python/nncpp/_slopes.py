"""One slope against numbers: a claimed derivative and central differences along one line, kinks told apart."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

ROUNDING = 1e-15  # of a computed f, relative to max(1, |f|): a few units in the last place of float64
GOOD = 1e-7  # what the best differences reach, relatively
KINK = 1e-2  # the one-sided slopes of a smooth function differ by far less, relatively, at any h below 1e-4

Line = Callable[[float], float]


@dataclass(frozen=True)
class Slope:
    """A claimed derivative, the numerical one, their relative error, and whether the function has a kink there."""

    analytic: float
    numeric: float
    error: float
    gap: float  # between the slopes on both sides
    is_kink: bool


def compare(line: Line, analytic: float, h: float, tolerance: float, has_many_kinks: bool = False) -> Slope:
    """Compare `analytic` with the derivative of `line` at 0.

    Where they differ, look closer: a kink beside the point, or a sharp bend, drops out of a smaller interval and the
    numbers agree. A kink at the point itself stays, and there is no derivative; then `analytic` has to lie near the
    slopes on both sides, unless the line crosses many kinks at once, whose bends may cancel. A wrong derivative of a
    smooth function is wrong at every h, and both sides agree.
    """
    first = slope = _measure(line, analytic, h)
    for step in (h / 10, h / 100):
        if slope.error <= tolerance:
            return replace(slope, is_kink=first.is_kink and slope is not first)
        slope = _measure(line, analytic, step)
    is_near = has_many_kinks or abs(analytic - slope.numeric) <= 2 * slope.gap
    return slope if slope.error <= tolerance or (slope.is_kink and is_near) else replace(first, is_kink=False)


def _measure(line: Line, analytic: float, h: float) -> Slope:
    """The central difference n = (f(h) - f(-h)) / 2h and the error |a - n| / max(|a|, |n|, floor).

    The floor is the slope in which the rounding of f alone makes a relative error of 1e-7: smaller ones are measured
    against what n can resolve.
    """
    left, center, right = line(-h), line(0.0), line(h)
    numeric = (right - left) / (2 * h)
    gap = abs(right - 2 * center + left) / h
    size = max(abs(analytic), abs(numeric), ROUNDING / GOOD * max(1.0, abs(center)) / h)
    error = abs(analytic - numeric) / size
    return Slope(analytic, numeric, math.inf if math.isnan(error) else error, gap, is_kink=gap > KINK * size)
