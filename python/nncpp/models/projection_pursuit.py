"""Projection pursuit regression: a sum of curves, each over its own projection of the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from .. import _core
from .._arguments import flag, number, random_seed, whole_number
from ..data import Array, array
from ..errors import DataError, NncppError
from ..preprocessing import _finite_rows
from ._base import _Regressor, numbers_of, rows_of, weights_of
from ._smoothing_spline import COST, Smooth, Spline, Vector, smooth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPARE = 2  # terms above the limit, on the way: with them the search leaves many a local minimum
FIRST_STEPS, STEPS = 5, 20  # Gauss-Newton steps from each start, and from the best of them on
HALVINGS = 5  # of a step that makes the fit worse
PASSES = 50  # over all terms
CONVERGED, SETTLED = 1e-4, 1e-6  # relative decrease of the error that ends a search, and the last one
NEGLIGIBLE = 1e-8  # singular values of standardized inputs, relative to the largest, that count as 0


class ProjectionPursuitRegression(_Regressor):
    """f(x) = mean + sum_m g_m(w_m . x): M ridge functions g_m over projections on unit vectors w_m.

    Terms are added one by one, each to the residual r of those before. A term alternates between its two parts: given
    w, g is the smoothing spline of r over v = w . x, a natural cubic spline, which goes on as a straight line outside
    the training data; given g, w takes a Gauss-Newton step, the least squares of w . x + (r - g(v)) / g'(v) on x with
    weights g'(v)^2, brought back to length 1, and halved while the fit gets worse. The search starts from the linear
    fit of r, from two principal Hessian directions, which see what is even in x, and from random directions; the best
    goes on. With ``backfit`` all terms are then fitted again in turn, each to the residual of the others, and terms
    above M are added and the dispensable ones removed.

    The search runs on whitened inputs, so that scaling or mixing the columns of x does not change f but by rounding.
    Fits are compared by generalized cross-validation, (squared error) / (1 - 1.4 p / n)^2 with p parameters.

    Friedman, Stuetzle, "Projection pursuit regression", JASA 1981; Friedman, "SMART user's guide", 1984 (removing
    terms); Li, "On principal Hessian directions", JASA 1992; Hastie, Tibshirani, Friedman, "The Elements of Statistical
    Learning", 2nd edition, 11.2.

    Parameters
    ----------
    terms
        M at most, >= 1
    degrees_of_freedom
        of each g, >= 2, a straight line; None chooses them by generalized cross-validation
    backfit
        whether earlier terms change when one is added
    starts
        number of random directions tried for each term
    tolerance
        gain in R^2, by generalized cross-validation, below which a further term is left out, >= 0
    seed
        key of the random directions

    Attributes
    ----------
    directions_
        (M, D), w_m for x as it is given: of length 1, the largest entry positive
    mean_
        of y
    importances_
        (M,), variance of g_m(w_m . x) over the training rows, as a share of that of y; terms that oppose each other
        have more than 1 in all
    r2_
        R^2 of the training rows with 1, 2, ... terms; M of them were kept

    Examples
    --------
    A product is a sum of two ridge functions: x_1 x_2 = ((x_1 + x_2)^2 - (x_1 - x_2)^2) / 4.

    >>> import numpy as np, nncpp as nn
    >>> x = np.random.default_rng(0).normal(size=(500, 3))
    >>> model = nn.ProjectionPursuitRegression().fit(x, x[:, 0] * x[:, 1])
    >>> len(model.directions_), model.score(x, x[:, 0] * x[:, 1]) > 0.999
    (2, True)
    """

    directions_: Array
    mean_: float
    importances_: Array
    r2_: list[float]

    def __init__(
        self,
        terms: int = 5,
        *,
        degrees_of_freedom: float | None = None,
        backfit: bool = True,
        starts: int = 10,
        tolerance: float = 1e-3,
        seed: int = 0,
    ) -> None:
        self.terms = whole_number("terms", terms, at_least=1)
        is_chosen = degrees_of_freedom is None
        self.degrees_of_freedom = None if is_chosen else number("degrees_of_freedom", degrees_of_freedom, "[2, inf)")
        self.backfit = flag("backfit", backfit)
        self.starts = whole_number("starts", starts)
        self.tolerance = number("tolerance", tolerance, "[0, inf)")
        self.seed = random_seed(seed)

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learns from n rows.

        Parameters
        ----------
        x
            (n, D) finite numbers; columns may be constant or depend on each other
        y
            (n,) finite numbers, not all equal
        sample_weight
            (n,) numbers >= 0; None weighs all rows alike

        Returns
        -------
        the object itself
        """
        rows = rows_of(x)
        x = _finite_rows(rows, "x", rows.shape[1]).astype(np.float64)
        y, weights = numbers_of(y, len(x)), weights_of(sample_weight, len(x))
        counts = weights > 0
        x, y, weights = x[counts], y[counts], weights[counts] / weights[counts].mean()
        if (x == x[0]).all():
            raise DataError("x: expected rows that differ, got only one kind")
        if (y == y[0]).all():
            raise DataError(f"y: expected numbers that differ, got only {y[0]}")

        center, mean = np.average(x, axis=0, weights=weights), float(np.average(y, weights=weights))
        to_white = _whitening(x - center, weights)
        search = _Search((x - center) @ to_white, y - mean, weights, self)
        models = search.models()
        terms = search.chosen(models)

        scaled = np.array([to_white @ term.direction for term in terms])
        largest = scaled[np.arange(len(terms)), abs(scaled).argmax(axis=1)]
        lengths = np.linalg.norm(scaled, axis=1) * np.sign(largest)
        self.directions_, self.mean_ = scaled / lengths[:, None], mean
        self._ridges = [
            term.smooth.spline.of(length, -float(w @ center))
            for term, length, w in zip(terms, lengths, scaled, strict=True)
        ]
        variance = search.variance
        self.importances_ = np.array([np.mean(weights * term.fitted**2) for term in terms]) / variance
        self.r2_ = [1 - search.error(model) / variance for model in models]
        self._projections = x @ self.directions_.T
        self._residual = search.residual(terms)
        return self

    def predict(self, x: Any) -> Array:
        """Numbers (n,), float64.

        Parameters
        ----------
        x
            (n, D) finite numbers

        Raises
        ------
        NncppError
            before ``fit``
        ShapeError, DataError, TypeError
            for x that cannot be used
        """
        ridges = self._fitted()
        v = _finite_rows(x, "x", self.directions_.shape[1]) @ self.directions_.T
        return np.asarray(self.mean_ + sum(g(v[:, m]) for m, g in enumerate(ridges)))

    def ridge_function(self, m: int, v: Any) -> Array:
        """g_m(v), m = 0 ... M - 1, at projections v = w_m . x, an array of any shape.

        Raises
        ------
        NncppError
            before ``fit``
        DataError, TypeError
            if there is no term m, or v is not numbers
        """
        ridges = self._fitted()
        return ridges[whole_number("m", m, at_most=len(ridges) - 1)](array(v, "v").astype(np.float64))

    def plot(self, path: str | PathLike[str] | None = None, *, title: str | None = None, dpi: int = 150) -> Figure:
        """Draws each g_m over w_m . x, among what the other terms leave of y; needs matplotlib.

        Parameters
        ----------
        path
            picture to write: .png, .svg or .pdf; None writes none
        title
            line above the panels
        dpi
            pixels an inch, for .png

        Returns
        -------
        matplotlib.figure.Figure
            to show in a notebook or to change

        Raises
        ------
        NncppError, DataError, FileError
            before ``fit`` or without matplotlib; for an unknown format; if the file cannot be written
        """
        from ..plots.curves import plot_ridge_functions

        ridges = self._fitted()
        return plot_ridge_functions(
            ridges, self._projections, self._residual, self.importances_, path, title=title, dpi=dpi
        )

    def _fitted(self) -> list[Spline]:
        if "_ridges" not in self.__dict__:
            raise NncppError(f"{type(self).__name__}: not fitted yet; call fit(x, y) first")
        return self._ridges


class _Term(NamedTuple):
    """One ridge function: a unit vector among whitened inputs, the spline, and its values on the training rows."""

    direction: Vector
    smooth: Smooth
    fitted: Vector


_Terms = list[_Term]


@dataclass
class _Search:
    """The search for terms: whitened inputs (n, D), targets of mean 0, weights of mean 1, and the model's arguments."""

    z: Vector
    y: Vector
    weights: Vector
    options: ProjectionPursuitRegression

    @property
    def variance(self) -> float:
        return self.error([])

    def models(self) -> list[_Terms]:
        """The best terms found, for each number of them: forward as long as it pays, then backward."""
        options = self.options
        found: list[_Terms] = []
        terms: _Terms = []
        for m in range(options.terms + SPARE * options.backfit):
            terms = [*terms, self.pursued(self.residual(terms), m)]
            if options.backfit:
                terms = self.backfitted(terms)
            found.append(terms)
            if m > 0 and self.gain(found[-2], terms) < options.tolerance:
                break
        if options.backfit:
            for m in reversed(range(len(found) - 1)):
                without = [self.backfitted([*found[m + 1][:k], *found[m + 1][k + 1 :]]) for k in range(m + 2)]
                found[m] = min([found[m], *without], key=self.error)
        return found[: options.terms]

    def chosen(self, models: list[_Terms]) -> _Terms:
        """The last that gains something over the one before it, settled."""
        pays = [self.gain(before, after) >= self.options.tolerance for before, after in pairwise(models)]
        last = max((m + 1 for m, is_gain in enumerate(pays) if is_gain), default=0)
        if self.options.backfit:
            models[last] = self.backfitted(models[last], SETTLED)
        return models[last]

    def gain(self, before: _Terms, after: _Terms) -> float:
        """In R^2, by generalized cross-validation over all parameters."""
        criterion = self.criterion(after)
        return (self.criterion(before) - criterion) / self.variance if criterion < np.inf else -np.inf

    def criterion(self, terms: _Terms) -> float:
        directions = len(terms) * (self.z.shape[1] - 1)
        parameters = 1 + directions + sum(term.smooth.degrees_of_freedom for term in terms)
        left = 1 - COST * parameters / len(self.y)
        return self.error(terms) / left**2 if left > 0 else np.inf

    def residual(self, terms: _Terms) -> Vector:
        return np.asarray(self.y - sum(term.fitted for term in terms))

    def error(self, terms: _Terms) -> float:
        """Weighted mean square of the residual."""
        return float(np.mean(self.weights * self.residual(terms) ** 2))

    def pursued(self, r: Vector, m: int) -> _Term:
        """A new term for the residual r."""
        found = [self.improved(self.term(w, r), r, FIRST_STEPS) for w in self.starts(r, m)]
        return self.improved(min(found, key=lambda term: term.smooth.criterion), r, STEPS)

    def starts(self, r: Vector, m: int) -> list[Vector]:
        weighted = self.weights * r
        linear = weighted @ self.z
        values, vectors = np.linalg.eigh(self.z.T @ (self.z * weighted[:, None]))
        hessian = vectors.T[abs(values).argsort()[:-3:-1]]
        size = self.z.shape[1]
        random = _core.normal(self.options.seed, "order", m, self.options.starts * size).reshape(-1, size)
        return [w / np.linalg.norm(w) for w in (linear, *hessian, *random) if w.any()]

    def term(self, w: Vector, r: Vector) -> _Term:
        v = self.z @ w
        fit = smooth(v, r, self.weights, self.options.degrees_of_freedom)
        return _Term(w, fit, fit.spline(v))

    def improved(self, term: _Term, r: Vector, steps: int) -> _Term:
        for _ in range(steps):
            step = self.gauss_newton(term, r)
            for halving in range(HALVINGS):
                w = term.direction + step / 2**halving
                new = self.term(w / np.linalg.norm(w), r)
                if new.smooth.criterion < term.smooth.criterion:
                    break
            else:
                return term
            before, term = term, new
            if new.smooth.criterion > (1 - CONVERGED) * before.smooth.criterion:
                break
        return term

    def gauss_newton(self, term: _Term, r: Vector) -> Vector:
        """The step to the w' that minimizes sum weights g'(v)^2 (v + (r - g(v)) / g'(v) - w' . z)^2."""
        slopes = self.z * term.smooth.spline.slope(self.z @ term.direction)[:, None]
        weighted = slopes * self.weights[:, None]
        # the normal equations, for whitened inputs are well conditioned; lstsq where g' leaves a direction open
        return np.asarray(np.linalg.lstsq(slopes.T @ weighted, (r - term.fitted) @ weighted, rcond=None)[0])

    def backfitted(self, terms: _Terms, converged: float = CONVERGED) -> _Terms:
        """All terms again, in turn, each for the residual of the others."""
        terms, error = list(terms), self.error(terms)
        for _ in range(PASSES):
            for m, old in enumerate(terms):
                r = self.residual(terms) + old.fitted
                terms[m] = self.improved(self.term(old.direction, r), r, 2)
            before, error = error, self.error(terms)
            if error > (1 - converged) * before:
                break
        return terms


def _whitening(x: Vector, weights: Vector) -> Vector:
    """The matrix (D, rank) after which centered x has the covariance I; what does not vary is left out."""
    deviation = np.sqrt(np.average(x**2, axis=0, weights=weights))
    deviation[deviation == 0] = 1
    _, singular, axes = np.linalg.svd(x / deviation * np.sqrt(weights)[:, None], full_matrices=False)
    rank = int((singular > NEGLIGIBLE * singular[0]).sum())
    return np.asarray(axes[:rank].T / deviation[:, None] * (np.sqrt(len(x)) / singular[:rank]))
