"""Claimed slopes against differences, entry by entry; kinks told apart from errors."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .. import _core
from .estimates import BASE_STEP, NEAR, Estimates, central_slopes, estimates, steps_from
from .lines import Line
from .terms import Term, Vector

GOOD = 1e-7  # what differences reach, relatively
BANDS = ((1e-2, "wrong"), (1e-4, "suspicious"), (GOOD, "fine"), (0.0, "good"))  # above the number, the name
EXPLAINED = 10  # differences up to this many uncertainties prove nothing
SMOOTH = 1e-3  # h^3 f'''' relative to f' stays below, unless there is a kink
CERTAIN = 1e-5  # an estimate this certain, relatively, needs no other step
CLEAR = 1e-3  # one less certain than this, relatively, proves nothing
ANOTHER_STEP = 0.7 * BASE_STEP  # an estimate that a kink spoils by chance is not spoiled in the same way again
LAST_PLACE = 2.0**-52
ROUNDINGS = 8  # points one rounding away at which f is looked at
BESIDE = 2.0**-17  # how far a point beside a kink is away from it
BESIDE_CLAIMS, BESIDE_POINTS = 64, 6  # points beside at which gradients are taken, and at which they are compared


@dataclass(frozen=True)
class Comparison:
    """One claimed slope and what the numbers say.

    Attributes
    ----------
    index
        place in the array; () for a direction
    analytic, numeric, relative_error
        the claim, the slope by differences (or by dual numbers), abs(a - n) / max(abs(a), abs(n))
    uncertainty
        how far ``numeric`` may be off by rounding; up to 10 times that the relative error counts as 1e-7 at most
    h
        the step it comes from; 0 for dual numbers
    sides
        at a kink the slopes on the left and on the right, else None
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    relative_error: float
    uncertainty: float
    h: float
    sides: tuple[float, float] | None = None

    @property
    def is_kink(self) -> bool:
        """There is no derivative here; the claim is one of the slopes around."""
        return self.sides is not None

    @property
    def verdict(self) -> str:
        """One of "wrong" (> 1e-2), "suspicious" (> 1e-4), "fine" (> 1e-7), "good", "kink"."""
        return "kink" if self.is_kink else band(self.relative_error)

    @property
    def is_resolved(self) -> bool:
        """Whether an error of 1 % would be seen."""
        return self.analytic == 0.0 or 0.01 * abs(self.analytic) > EXPLAINED * self.uncertainty


def band(error: float) -> str:
    """The name of a relative error."""
    return next(name for bound, name in BANDS if error > bound or bound == 0.0)


def relative_error(analytic: float, numeric: float, uncertainty: float) -> float:
    """abs(a - n) / max(abs(a), abs(n)), but good where rounding explains it; infinite where either is no number."""
    if analytic == numeric:
        return 0.0
    gap = abs(analytic - numeric)
    error = gap / max(abs(analytic), abs(numeric))
    return min(error, GOOD) if gap <= EXPLAINED * uncertainty else error if math.isfinite(error) else math.inf


class Slopes:
    """Compares what a term claims along lines with differences.

    Smooth places need four values a line. Where these disagree with the claim, or bend, slopes from the left, from
    the right and from both sides are estimated at smaller and smaller steps, each with its uncertainty:

    - all agree: there is a derivative, and the claim is right or wrong;
    - left and right differ, and the claim is one of them: a kink closer than any step;
    - the claim is neither: the point lies on a kink. The claim has to lie between the two, and the gradient is compared
      at points beside. There kinks fall apart that cross in one point, where slopes may cancel.

    Parameters
    ----------
    term, lines
        what is looked at, and where
    h
        first step, for a number of size 1
    tolerance
        relative error up to which a claim is right
    seed
        key of the random choices
    """

    def __init__(self, term: Term, lines: Sequence[Line], h: float | None, tolerance: float, seed: int) -> None:
        self.term, self.lines, self.tolerance, self.seed = term, lines, tolerance, seed
        self.h = BASE_STEP if h is None else h
        self.other_h = ANOTHER_STEP if h is None else 0.7 * h
        self.noise = self._rounding(term.require_fixed())

    def _rounding(self, center: float) -> float:
        """By how much the value changes where every number changes in its last place."""
        values = [center]
        with self.term.restored():
            origins = {name: array.copy() for name, array in self.term.arrays.items()}
            for k in range(ROUNDINGS):
                self._move(origins, LAST_PLACE, k, is_relative=True)
                values.append(self.term.value())
        changes = np.abs(np.subtract(values, center))
        return max(float(np.nan_to_num(changes).max()), LAST_PLACE / 2 * abs(center))

    def _move(self, origins: Mapping[str, Vector], distance: float, key: int, is_relative: bool = False) -> None:
        """Every number up or down by the distance times something between 1/2 and 1, for numbers of size 1."""
        for number, (name, origin) in enumerate(origins.items()):
            random = _core.normal(self.seed, "check", 2**30 + 1024 * key + number, origin.size).reshape(origin.shape)
            size = np.abs(origin) if is_relative else np.maximum(np.abs(origin), 1.0)
            share = 0.5 + 0.5 * np.exp(-np.abs(random))
            self.term.arrays[name][...] = origin + distance * size * np.copysign(share, random)

    def compare(self, gradients: Mapping[str, Vector]) -> list[Comparison]:
        """One for each line."""
        if not self.lines:
            return []
        center = self.term.value()
        claims = np.array([line.claim(gradients) for line in self.lines])
        h = self.h * np.array([line.scale for line in self.lines])
        near = np.array([line.values(step * NEAR) for line, step in zip(self.lines, h.tolist(), strict=True)])
        with np.errstate(invalid="ignore"):
            slopes, uncertain, bends = central_slopes(near, center, h, self.noise)
            sizes = np.maximum(np.abs(claims), np.abs(slopes))
            is_plain = np.abs(claims - slopes) <= np.maximum(GOOD * sizes, EXPLAINED * uncertain)
            is_plain &= bends <= np.maximum(SMOOTH * sizes, 2 * EXPLAINED * uncertain)
        rows = zip(self.lines, claims.tolist(), slopes.tolist(), uncertain.tolist(), h.tolist(), is_plain, strict=True)
        return [
            Comparison(line.index, a, n, relative_error(a, n, u), u, step) if plain else self._look_closer(k, a, center)
            for k, (line, a, n, u, step, plain) in enumerate(rows)
        ]

    def _look_closer(self, k: int, claim: float, center: float) -> Comparison:
        line = self.lines[k]
        for h in (self.h, self.other_h):
            found = self._estimates(line, claim, center, h)
            seen = _nearest(line, claim, found)
            if seen.relative_error <= self.tolerance:
                return seen
        return self._at_kink(k, claim, found)

    def _estimates(self, line: Line, claim: float, center: float, h: float) -> Estimates:
        """The best of all steps, or of those up to the first that is certain."""
        best = None
        for step in steps_from(h):
            found = estimates(line.values, center, step * line.scale, self.noise)
            best = found if best is None else best.refined(found)
            if best.is_certain(CERTAIN * abs(claim)):
                break
        assert best is not None  # there is always a step
        return best

    def _at_kink(self, k: int, claim: float, found: Estimates) -> Comparison:
        """What a claim is that no slope agrees with: one of a kink, or wrong."""
        line, left, right = self.lines[k], found.left.slope, found.right.slope
        nearest = replace(_nearest(line, claim, found), sides=None)
        claims = self._claims_beside[k] if self.term.has_gradient_everywhere else np.empty(0)
        around = [left, right, *claims.tolist()]
        slack = self.tolerance * max(map(abs, around)) + found.left.uncertainty + found.right.uncertainty
        is_between = not found.is_smooth and min(around) - slack <= claim <= max(around) + slack
        if not (is_between or _are_several(claims, abs(claim - nearest.numeric))):
            return nearest
        return self._wrong_beside(k) or replace(nearest, sides=(left, right))

    @cached_property
    def _claims_beside(self) -> Vector:
        """(line, point) claims at points around this one."""
        return np.array(list(self._beside(range(BESIDE_CLAIMS)))).T

    def _beside(self, keys: Iterable[int]) -> Generator[Vector, None, None]:
        """The claims of all lines at one point beside after the other, where the term is meanwhile."""
        with self.term.restored():
            origins = {name: array.copy() for name, array in self.term.arrays.items()}
            for key in keys:
                self._move(origins, BESIDE, ROUNDINGS + key)
                gradients = self.term.gradients()
                yield np.array([line.claim(gradients) for line in self.lines])

    def _wrong_beside(self, k: int) -> Comparison | None:
        """What is wrong at one of some points beside, of small, middle and large claims."""
        if not self.term.has_gradient_everywhere:
            return None
        line, order = self.lines[k], np.argsort(self._claims_beside[k])
        chosen = order[np.linspace(0, BESIDE_CLAIMS - 1, BESIDE_POINTS).astype(int)]
        with closing(self._beside(chosen.tolist())) as points:
            for claims in points:
                center, claim = self.term.value(), float(claims[k])
                found = [self._estimates(line, claim, center, h) for h in (self.h, self.other_h)]
                seen = [_nearest(line, claim, each) for each in found]
                if not any(each.is_kink or each.relative_error <= self.tolerance for each in seen):
                    return seen[0]
        return None


def _nearest(line: Line, claim: float, found: Estimates) -> Comparison:
    """The claim beside the slope that agrees best with it; an uncertain one only where there is none other."""
    candidates = [found.left, found.right]
    if found.is_smooth and found.central.agrees(found.left) and found.central.agrees(found.right):
        candidates.append(found.central)
    size = max(abs(claim), *(abs(candidate.slope) for candidate in candidates))
    least = min(candidate.uncertainty for candidate in candidates)
    clear = [each for each in candidates if each.uncertainty <= max(CLEAR * size, least)]
    seen = [
        Comparison(line.index, claim, slope, relative_error(claim, slope, uncertainty), uncertainty, h)
        for slope, uncertainty, h in clear
    ]
    sides = None if found.is_smooth else (found.left.slope, found.right.slope)
    return replace(min(seen, key=lambda comparison: comparison.relative_error), sides=sides)


def _are_several(claims: Vector, error: float) -> bool:
    """Do the claims beside take more than two values? Then several kinks cross, and their slopes may cancel."""
    return int((np.diff(np.sort(claims)) > 1e-2 * error).sum()) > 1
