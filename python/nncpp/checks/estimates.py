"""Slopes from values: central and one-sided differences of f along a line, with what they leave uncertain.

Formulas: Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Mathematics of Computation
51, 1988. Steps are powers of two, so that x + h has no rounding of its own.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Values = Callable[[Vector], Vector]  # offsets along a line -> f there

BASE_STEP = 2.0**-10  # a difference of fourth order is wrong by about h^4 = 1e-12, and by 1e-16 / h = 1e-13
STEP_RATIO, SMALLEST_STEP = 8.0, 2.0**-26
POINTS = np.arange(-4.0, 5.0)  # in units of h
NEAR = np.array([-2.0, -1.0, 1.0, 2.0])
_CENTRAL = np.array([1, -8, 8, -1]) / 12  # on NEAR, fourth order

# on POINTS, in pairs of orders: central 6 and 4; from the left, and from the right, 4 and 3
_PAIRS = (
    np.array(
        [
            [[0, -1, 9, -45, 0, 45, -9, 1, 0], [0, 0, 5, -40, 0, 40, -5, 0, 0]],
            [[15, -80, 180, -240, 125, 0, 0, 0, 0], [0, -20, 90, -180, 110, 0, 0, 0, 0]],
            [[0, 0, 0, 0, -125, 240, -180, 80, -15], [0, 0, 0, 0, -110, 180, -90, 20, 0]],
        ]
    )
    / 60
)
_NOISE = np.abs(_PAIRS).sum(axis=2).max(axis=1)  # of a slope, for f wrong by 1 anywhere and h = 1


class Estimate(NamedTuple):
    """A slope, how far from it the right one may be, and the step it comes from."""

    slope: float
    uncertainty: float
    h: float

    def agrees(self, other: "Estimate") -> bool:
        """Whether both can be estimates of one slope."""
        gap = abs(self.slope - other.slope)
        return gap <= 4 * (self.uncertainty + other.uncertainty) + 1e-9 * abs(self.slope)


class Estimates(NamedTuple):
    """The slope at a point as seen from both sides together, from the left alone and from the right alone."""

    central: Estimate
    left: Estimate
    right: Estimate

    @property
    def is_smooth(self) -> bool:
        """Left and right may be the same."""
        return self.left.agrees(self.right)

    def is_certain(self, uncertainty: float) -> bool:
        """They are the same, and known well."""
        return self.is_smooth and max(self.left.uncertainty, self.right.uncertainty) <= uncertainty

    def refined(self, finer: "Estimates") -> "Estimates":
        """With those of a smaller step: of each kind the more certain one, but where they differ the finer is right."""
        pairs = zip(self, finer, strict=True)
        return Estimates(*(a if a.agrees(b) and a.uncertainty <= b.uncertainty else b for a, b in pairs))


def central_slopes(near: Vector, center: float, h: Vector, noise: float) -> tuple[Vector, Vector, Vector]:
    """By line: slope from f at NEAR, its rounding error, and a measure of kinks: the fourth difference over h."""
    near = near - center
    bend = np.abs(near @ np.array([1.0, -4.0, -4.0, 1.0])) / h
    return near @ _CENTRAL / h, 1.5 * noise / h, bend


def steps_from(h: float) -> list[float]:
    """H, h / 8, ...: the smaller, the fewer kinks are within reach, and the more is lost to rounding."""
    steps = [h]
    while steps[-1] / STEP_RATIO >= SMALLEST_STEP:
        steps.append(steps[-1] / STEP_RATIO)
    return steps


def estimates(values: Values, center: float, h: float, noise: float) -> Estimates:
    """The three slopes at one step: two orders of each, whose difference says what is uncertain."""
    with np.errstate(invalid="ignore"):
        high, low = (_PAIRS @ (values(h * POINTS) - center)).T / h
    uncertainty = np.abs(high - low) + _NOISE * noise / h
    uncertainty[~np.isfinite(uncertainty)] = np.inf  # f is not defined over there
    return Estimates(*(Estimate(float(s), float(u), h) for s, u in zip(high, uncertainty, strict=True)))
