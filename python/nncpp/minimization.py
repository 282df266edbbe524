"""Minimization of a model's objective over all rows at once by SciPy's methods: line searches and curvature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arguments import number, one_of, shown, whole_number
from .data import Examples
from .divergence import divergence_error
from .errors import DataError, DivergenceError, NncppError
from .model import Model
from .network import Network
from .progress import Bar, Progress, wants_bar

Vector = NDArray[np.float64]

ROWS = 4096  # of a chunk: what bounds the memory of an evaluation

# SciPy's own reasons to stop are turned off: all methods stop by the same rule, see _Descent.end_iteration.
METHODS: dict[str, dict[str, Any]] = {
    "L-BFGS-B": {"gtol": 0.0, "ftol": 0.0, "maxfun": 2**31 - 1},
    "BFGS": {"gtol": 0.0},
    "CG": {"gtol": 0.0},
    "Newton-CG": {"xtol": 0.0},
}


@dataclass(frozen=True)
class Minimum:
    """What ``minimize`` found; the model is there.

    Attributes
    ----------
    loss
        J
    iterations, evaluations
        steps taken; how often J and its gradient were computed over all rows
    converged
        whether no element of dJ/dtheta is larger than the tolerance
    message
        why it ended
    history
        J after each iteration
    """

    loss: float
    iterations: int
    evaluations: int
    converged: bool
    message: str
    history: list[float]


def minimize(
    model: Model,
    x: Any,
    y: Any = None,
    method: str = "L-BFGS-B",
    *,
    max_iterations: int = 1000,
    tolerance: float = 1e-6,
    sample_weight: Any = None,
    lengths: Any = None,
    verbose: Any = "auto",
    callback: Callable[[int, float], object] | None = None,
) -> Minimum:
    """Minimizes J over all parameters by a method of SciPy, each evaluation over all rows, in float64 vectors.

    J is that of ``model.evaluate``, of inference: no dropout, no noise, and a BatchNorm takes its running statistics,
    which stay as they are. Rows are computed 4096 at a time, so memory does not grow with them. The loss of the
    compilation counts, its optimizer and learning rates do not; ``model.history`` gets no epochs. Only differentiable
    objectives are certain to converge: an L1 penalty or a hinge may end a line search early. SciPy's vector is rounded
    to the model's dtype at each evaluation, and line searches compare values of J, which near the minimum no longer
    differ: gradients far below sqrt(eps abs(J)), 1e-8 in float64 and 3e-4 in float32 for a J of 1, are seldom reached.
    Prefer a model of dtype "float64".

    Where J is not finite the line search sees J + max(1, abs(J)) of the last iterate instead, and turns back.
    However it ends, by an error or by Ctrl-C too, the model has the best iterate.

    Parameters
    ----------
    model
        compiled with a loss; without an ``nn.MaxNorm``, whose projection these methods do not know
    x, y, sample_weight, lengths
        as for ``model.fit``
    method
        "L-BFGS-B" (ten vectors of memory, the usual choice), "BFGS" (an n x n matrix for n parameters), "CG", or
        "Newton-CG", whose products of the Hessian and v are central differences of the gradient,
        (g(theta + h v) - g(theta - h v)) / 2h with h abs(v) = eps^(1/3) (1 + abs(theta)), eps of the dtype. Their error
        is h^2/6 times J's fourth derivative along v (0 for a quadratic) and rounding: about 1e-10 of the product in
        float64, 1e-4 in float32. Two evaluations each, counted
    max_iterations
        whole number >= 1
    tolerance
        ends as soon as no element of dJ/dtheta is larger than this, >= 0
    verbose
        progress bar: "auto" on a terminal, True or False
    callback
        function(iteration, loss), called after each iteration 1, 2, ... with the model at that point; what it raises
        ends the minimization and comes out, except StopIteration, which only ends it

    Returns
    -------
    Minimum
        loss, iterations, evaluations, converged, message, history

    Raises
    ------
    NncppError
        if the model is not compiled, or without SciPy (``pip install "nncpp[scipy]"``)
    ShapeError, DataError, TypeError
        for arguments that cannot be used; the model is unchanged
    DivergenceError
        if J or its gradient is not finite at the start; the model is unchanged

    References
    ----------
    Nocedal, Wright, Numerical Optimization, 2nd ed., 2006, chapters 3, 5, 6 and 7.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1)], dtype="float64")
    >>> model.compile(loss="squared")
    >>> nn.minimize(model, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], tolerance=1e-9).converged
    True
    >>> model.predict([[10.0]]).round(6)  # y = 2 x + 1
    array([[21.]])
    """
    if not isinstance(model, Model):
        raise TypeError(f"model: expected an nncpp Model, got {shown(model)}")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback: expected a function(iteration, loss) or None, got {shown(callback)}")
    options = {**METHODS[one_of("method", method, METHODS)]}
    options["maxiter"] = whole_number("max_iterations", max_iterations, at_least=1, at_most=2**31 - 1)
    tolerance, has_bar = number("tolerance", tolerance, "[0, inf)"), wants_bar(verbose)
    model._require_compiled("minimize")
    try:
        from scipy import optimize
    except ModuleNotFoundError as error:
        message = f'method {method!r} needs SciPy: pip install "nncpp[scipy]"; optimizers such as "adam" do not'
        raise NncppError(message) from error

    with model._fitting():
        with model._built_for(x) as network:
            _require_free(network)
            examples = model._checked("minimize", x, y, sample_weight, lengths)
            if network.not_adapted():
                network.adapt(examples.inputs)
        objective = _Objective(network, model._require_objective("minimize"), examples)
        descent = _Descent(objective, tolerance, callback)
        if has_bar:
            descent.progress = Bar(max_iterations, examples.rows, 0, "iteration")
        message = "no element of dJ/dtheta is larger than the tolerance"
        try:
            if not descent.has_converged():
                result = optimize.minimize(
                    descent.value_and_gradient,
                    descent.point,
                    jac=True,
                    method=method,
                    hessp=descent.hessian_product if method == "Newton-CG" else None,
                    callback=descent.end_iteration,
                    options=options,
                )
                if not descent.has_converged():
                    message = str(result.message)
        finally:
            objective.move(descent.point)
            descent.progress.close()
    history = descent.history
    return Minimum(descent.loss, len(history), objective.evaluations, descent.has_converged(), message, history)


def _require_free(network: Network) -> None:
    """Refuses what these methods cannot move freely."""
    if not network.parameters:
        raise DataError("model: expected at least one parameter to minimize over, got none")
    if network.constraints():
        raise DataError(
            "model: expected no constraint on its weights, got one; only fit keeps it, or use nn.L2 instead"
        )


class _Objective:
    """J and its gradient over all rows, as functions of the parameters without the padding of theta."""

    def __init__(self, network: Network, objective: _core.Objective, examples: Examples) -> None:
        self.theta, self.objective = network.theta, objective
        self.places = np.concatenate([np.arange(s.offset, s.offset + s.size) for s in network.core.segments])
        parts = {first: examples.part(slice(first, first + ROWS)) for first in range(0, examples.rows, ROWS)}
        dtype = np.finfo(self.theta.dtype)
        self.parts = {  # by their first row
            first: p
            for first, p in parts.items()
            if p.weights is None or (p.weights.astype(dtype.dtype) >= dtype.tiny).any()
        }
        self.rows, self.precision = examples.rows, float(dtype.eps)
        self.evaluations = 0

    def point(self) -> Vector:
        """Where the model is."""
        return np.asarray(self.theta[self.places], np.float64)

    def move(self, point: Vector) -> None:
        """Puts the model there."""
        with np.errstate(over="ignore"):  # what float32 does not hold gives a J that is not finite
            self.theta[self.places] = point

    def __call__(self, point: Vector) -> tuple[float, Vector]:
        """J is the mean of the chunks' J by their sums of weights; so the penalties, in each chunk, count once."""
        self.move(point)
        self.evaluations += 1
        loss, gradient, total = 0.0, np.zeros(len(point)), 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # the caller looks
            for part in self.parts.values():
                value, flat, _ = self.objective.gradient(*part, False, 0, False)
                weight = value.sums[0].weight
                loss += weight * value.value
                gradient += weight * flat[self.places]
                total += weight
            return loss / total, gradient / total

    def divergence(self) -> DivergenceError:
        """Says where J or its gradient is not finite at the point where the model is."""
        outcome = "the model is unchanged: J must be finite at the start"
        for first, part in self.parts.items():
            found = self.objective.divergence(*part, False, 0)
            if found is not None:
                return divergence_error("minimize", found, outcome=outcome, first_row=first)
        return divergence_error("minimize", None, outcome=outcome)


class _Descent:
    """The iterates: the point that the model keeps, J and the gradient there, and J of all before."""

    def __init__(
        self, objective: _Objective, tolerance: float, callback: Callable[[int, float], object] | None
    ) -> None:
        self.objective, self.tolerance, self.callback = objective, tolerance, callback
        self.history: list[float] = []
        self.progress = Progress()
        self.point = objective.point()
        self.loss, self.gradient = objective(self.point)
        if not _is_finite(self.loss, self.gradient):
            raise objective.divergence()
        self.last = self.point, self.loss, self.gradient

    def has_converged(self) -> bool:
        """Whether the gradient is small enough."""
        return float(np.abs(self.gradient).max()) <= self.tolerance

    def value_and_gradient(self, point: Vector) -> tuple[float, Vector]:
        """For SciPy. A rise without slope turns every line search back by a fair part; infinity would end some."""
        loss, gradient = self.objective(point)
        if not _is_finite(loss, gradient):
            loss, gradient = self.loss + max(1.0, abs(self.loss)), np.zeros(len(point))
        self.last = point.copy(), loss, gradient.copy()
        return loss, gradient

    def hessian_product(self, point: Vector, v: Vector) -> Vector:
        """H v by central differences; 0 where that is not finite, which SciPy takes for no curvature."""
        length = float(np.linalg.norm(v))
        if length == 0.0:
            return np.zeros(len(v))
        h = math.cbrt(self.objective.precision) * (1 + float(np.linalg.norm(point))) / length
        _, above = self.objective(point + h * v)
        _, below = self.objective(point - h * v)
        with np.errstate(over="ignore", invalid="ignore"):
            product: Vector = (above - below) / (2 * h)
        return product if np.isfinite(product).all() else np.zeros(len(v))

    def end_iteration(self, intermediate_result: Any) -> None:
        """An iterate is accepted. SciPy knows this method by the name of its argument, and ends at StopIteration."""
        point = np.array(intermediate_result.x)
        if not np.array_equal(point, self.last[0]):
            self.value_and_gradient(point)
        self.point, self.loss, self.gradient = self.last
        self.history.append(self.loss)
        iteration = len(self.history)
        self.progress.update(self.objective.rows, iteration - 1, self.loss)
        if self.callback is not None:
            self.objective.move(self.point)
            self.callback(iteration, self.loss)
        if self.has_converged():
            raise StopIteration


def _is_finite(loss: float, gradient: Vector) -> bool:
    return math.isfinite(loss) and bool(np.isfinite(gradient).all())
