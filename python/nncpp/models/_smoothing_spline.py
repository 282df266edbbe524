"""Smoothing splines: the natural cubic splines that fit points best for their roughness.

Green, Silverman, "Nonparametric Regression and Generalized Linear Models", 1994, chapter 2, in dense matrices: with a
bounded number of knots (O'Sullivan, "A statistical perspective on ill-posed inverse problems", Statistical Science
1986) they stay small for any number of points, which may lie upon each other.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# Every point is a knot up to there; of more points, some: half the way evenly in v, half by quantiles. Eigenvectors of
# more than 25 bent directions LAPACK finds by divide and conquer, whose threads take longer than the work.
MAX_KNOTS = 27
NEAR = 0.05  # of the usual gap between knots: what is nearer makes no knot of its own
PER_DECADE = 20  # values of the penalty that are tried
ROUNDING = 1e-14  # relative error of eigenvalues
COST = 1.4  # of a degree of freedom; 1 follows the noise too often (Kim, Gu, J. Royal Statistical Society B 2004)


@dataclass(frozen=True)
class Spline:
    """A natural cubic spline by its values and second derivatives at the knots; straight lines go on at both ends."""

    knots: Vector
    values: Vector
    curvatures: Vector

    def __call__(self, v: Vector) -> Vector:
        """g(v)."""
        inside, i, h, a, b = _place(self.knots, v)
        f, c = self.values, self.curvatures
        g = a * f[i] + b * f[i + 1] + h**2 / 6 * ((a**3 - a) * c[i] + (b**3 - b) * c[i + 1])
        return np.asarray(g + (v - inside) * self._slope(i, h, a, b))

    def slope(self, v: Vector) -> Vector:
        """g'(v)."""
        _, i, h, a, b = _place(self.knots, v)
        return self._slope(i, h, a, b)

    def of(self, scale: float, shift: float) -> "Spline":
        """The function u -> g(scale u + shift)."""
        rising = slice(None, None, 1 if scale > 0 else -1)
        return Spline(((self.knots - shift) / scale)[rising], self.values[rising], self.curvatures[rising] * scale**2)

    def _slope(self, i: NDArray[np.intp], h: Vector, a: Vector, b: Vector) -> Vector:
        f, c = self.values, self.curvatures
        return np.asarray((f[i + 1] - f[i]) / h + h / 6 * ((1 - 3 * a**2) * c[i] + (3 * b**2 - 1) * c[i + 1]))


class Smooth(NamedTuple):
    """A fitted spline, its weighted mean square of residuals, and how free it was: from 2, a line, to its knots."""

    spline: Spline
    error: float
    degrees_of_freedom: float
    criterion: float  # of generalized cross-validation


def smooth(v: Vector, y: Vector, weights: Vector, degrees_of_freedom: float | None = None) -> Smooth:
    """The g of least sum_i weights_i (y_i - g(v_i))^2 + penalty * integral g''^2; the weights have mean 1.

    The penalty is that of ``degrees_of_freedom``, the trace of the smoother matrix; None takes the one of least
    (sum_i weights_i (y_i - g(v_i))^2 / n) / (1 - 1.4 df / n)^2 (Craven, Wahba, "Smoothing noisy data with spline
    functions", Numerische Mathematik 1979). v has at least two different values.
    """
    n = len(v)
    knots = _knots(v)
    to_curvatures, roughness = _penalty(knots)
    gram, moment = _normal_equations(knots, v, y, weights, to_curvatures)

    # In the basis of Demmler and Reinsch both matrices are diagonal: each direction shrinks by 1 / (1 + penalty d), and
    # straight lines, set apart to be exact, do not shrink.
    root = np.linalg.cholesky(gram)
    lines = np.stack([np.ones_like(knots), knots - knots.mean()], axis=1)
    axes = np.linalg.qr(root.T @ lines, mode="complete").Q
    bent = np.linalg.solve(root.T, axes[:, 2:])
    d, turn = np.linalg.eigh(bent.T @ roughness @ bent)
    d = np.concatenate([[0.0, 0.0], np.maximum(d, ROUNDING * d.max(initial=0.0))])
    vectors = np.hstack([axes[:, :2], axes[:, 2:] @ turn])
    target = vectors.T @ np.linalg.solve(root, moment)
    rest = max(float(weights @ y**2 - target @ target), 0.0)  # no spline on these knots comes nearer

    if len(knots) == 2:
        penalties = np.ones(1)
    elif degrees_of_freedom is None:
        low, high = np.log10([1e-3 / d[-1], 1e3 / d[2]])
        penalties = np.logspace(low, high, max(int((high - low) * PER_DECADE), 2))
    else:
        penalties = np.array([_penalty_for(degrees_of_freedom, d)])
    shrinkage = 1 / (1 + penalties[:, None] * d)
    error = (rest + np.square((1 - shrinkage) * target).sum(axis=1)) / n
    free = shrinkage.sum(axis=1)
    left = 1 - COST * free / n
    criterion = np.divide(error, left**2, out=np.full_like(error, np.inf), where=left > 0)
    best = int(criterion.argmin())
    values = np.linalg.solve(root.T, vectors @ (shrinkage[best] * target))
    spline = Spline(knots, values, to_curvatures @ values)
    return Smooth(spline, float(error[best]), float(free[best]), float(criterion[best]))


def _knots(v: Vector) -> Vector:
    values = np.unique(v)
    if len(values) > MAX_KNOTS:
        place = (values - values[0]) / (values[-1] - values[0]) + np.linspace(0, 1, len(values))
        values = values[np.unique(np.searchsorted(place, np.linspace(0, 2, MAX_KNOTS)).clip(max=len(values) - 1))]
    gap = NEAR * np.median(np.diff(values))
    kept = [values[0]]
    for value in values[1:]:
        if value - kept[-1] > gap:
            kept.append(value)
    return np.array([*kept[:-1], values[-1]])  # no point lies outside


def _penalty(knots: Vector) -> tuple[Vector, Vector]:
    """The matrices that give the second derivatives, and the integral of their square, from the values f at knots.

    With the tridiagonal Q and R of Green and Silverman, 2.1.2: R g'' = Q' f at the inner knots, penalty f' Q g''.
    """
    size = len(knots)
    h = np.diff(knots)
    q, r = np.zeros((size, size - 2)), np.zeros((size - 2, size - 2))
    j = np.arange(size - 2)
    q[j, j], q[j + 1, j], q[j + 2, j] = 1 / h[:-1], -1 / h[:-1] - 1 / h[1:], 1 / h[1:]
    r[j, j] = (h[:-1] + h[1:]) / 3
    r[j[:-1], j[1:]] = r[j[1:], j[:-1]] = h[1:-1] / 6
    inner = np.linalg.solve(r, q.T)
    return np.vstack([np.zeros(size), inner, np.zeros(size)]), q @ inner


def _normal_equations(
    knots: Vector, v: Vector, y: Vector, weights: Vector, to_curvatures: Vector
) -> tuple[Vector, Vector]:
    """B' W B and B' W y, for the matrix B (n, K) that gives g(v) from the values at knots, in one pass over v.

    B = L + C to_curvatures; a row of L and one of C have two entries, at both ends of the row's interval.
    """
    _, i, h, a, b = _place(knots, v)
    linear, cubic = (a, b), (h**2 / 6 * (a**3 - a), h**2 / 6 * (b**3 - b))
    size = len(knots)
    first = np.arange(size - 1)

    def product(left: tuple[Vector, Vector], right: tuple[Vector, Vector]) -> Vector:
        result = np.zeros((size, size))
        for p in (0, 1):
            for q in (0, 1):
                result[first + p, first + q] += np.bincount(i, weights * left[p] * right[q], size - 1)
        return result

    def moment(left: tuple[Vector, Vector]) -> Vector:
        result = np.zeros(size)
        for p in (0, 1):
            result[first + p] += np.bincount(i, weights * left[p] * y, size - 1)
        return result

    mixed = product(linear, cubic) @ to_curvatures
    gram = product(linear, linear) + mixed + mixed.T + to_curvatures.T @ product(cubic, cubic) @ to_curvatures
    return gram, moment(linear) + to_curvatures.T @ moment(cubic)


def _place(knots: Vector, v: Vector) -> tuple[Vector, NDArray[np.intp], Vector, Vector, Vector]:
    """The v held between the first and the last knot; its interval, that one's length, and v's shares of both ends."""
    inside = np.clip(v, knots[0], knots[-1])
    i = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
    h = knots[i + 1] - knots[i]
    b = (inside - knots[i]) / h
    return inside, i, h, 1 - b, b


def _penalty_for(degrees_of_freedom: float, d: Vector) -> float:
    """The penalty of sum_j 1 / (1 + penalty d_j) = degrees_of_freedom, by bisection of its logarithm."""
    low, high = np.log([1e-12 / d[-1], 1e12 / d[2]])
    for _ in range(60):
        middle = (low + high) / 2
        is_free = (1 / (1 + np.exp(middle) * d)).sum() > degrees_of_freedom
        low, high = (middle, high) if is_free else (low, middle)
    return float(np.exp((low + high) / 2))
