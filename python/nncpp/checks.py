"""Gradients against numbers: central differences of any function, and the gradient check of a whole model."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arguments import flag, number, random_seed, whole_number
from ._slopes import GOOD, Slope, compare
from .errors import ShapeError

if TYPE_CHECKING:
    from .model import Model

Vector = NDArray[np.float64]
DIRECTION = "(direction)"  # the entry of all parameters together


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-5) -> Vector:
    """dF/dx by central differences: (f(x + h_i e_i) - f(x - h_i e_i)) / 2 h_i with h_i = h max(1, |x_i|).

    Two calls of `f` for each element; the error is about h^2 f''' / 6 + 1e-16 |f| / h.

    Parameters
    ----------
    f
        function of an array like `x` that returns one number; it gets a float64 copy and may do anything with it
    x
        array of real numbers of any shape; it is not changed
    h
        step, > 0

    Returns
    -------
    array like `x`, float64

    Raises
    ------
    TypeError
        if `x` or what `f` returns is not made of real numbers
    ShapeError
        if `f` returns more than one number
    DataError
        if `h` is not a number > 0

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> nn.numerical_gradient(lambda x: np.sum(x**2), [[1.0, -2.0]]).round(6)
    array([[ 2., -4.]])
    """
    step = number("h", h, "(0, inf)")
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x: expected real numbers, got {array.dtype}")
    point = array.astype(np.float64)
    gradient = np.empty_like(point)
    for i in np.ndindex(point.shape):
        h_i = step * max(1.0, abs(float(point[i])))
        gradient[i] = (_shifted(f, point, i, h_i) - _shifted(f, point, i, -h_i)) / (2 * h_i)
    return gradient


def _shifted(f: Callable[[Any], Any], point: Vector, i: tuple[int, ...], step: float) -> float:
    moved = point.copy()
    moved[i] += step
    value = np.asarray(f(moved))
    if value.dtype.kind not in "biuf":
        raise TypeError(f"f: expected it to return a real number, got {value.dtype}")
    if value.size != 1:
        raise ShapeError(f"f: expected it to return one number, got shape {value.shape}")
    return float(value.reshape(()))


@dataclass(frozen=True)
class GradientEntry:
    """One row of the report: one array and the part of the objective that was differentiated by it.

    Attributes
    ----------
    term
        "data" (mean loss over the rows) or "penalty" (regularizers)
    name
        "dense/weight", an input's name, or "(direction)": the slope along one random direction of all parameters
    shape, checked, kinks
        of the array, elements compared, and how many of those lie at a kink, where there is no derivative
    max_relative_error
        over the compared elements that are not at a kink
    analytic, numeric
        the two numbers where it occurs, at the element `index`
    is_zero
        the claimed gradient vanishes in every element compared: rightly so or not, little is proved
    """

    term: str
    name: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    max_relative_error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    is_zero: bool

    @property
    def verdict(self) -> str:
        """One of "wrong" (> 1e-2), "suspicious" (> 1e-4), "fine" (> 1e-7), "good"; or "zero", "kinks only"."""
        if self.kinks == self.checked:
            return "kinks only"
        if self.is_zero and self.max_relative_error <= GOOD:
            return "zero"
        bands = [(1e-2, "wrong"), (1e-4, "suspicious"), (GOOD, "fine")]
        return next((word for bound, word in bands if self.max_relative_error > bound), "good")


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found; printing it gives a table.

    Attributes
    ----------
    entries
        one `GradientEntry` for each array and term
    tolerance
        the relative error that is allowed
    """

    entries: tuple[GradientEntry, ...]
    tolerance: float
    rows: int
    h: float

    @property
    def max_relative_error(self) -> float:
        """The largest of all entries."""
        return max(entry.max_relative_error for entry in self.entries)

    @property
    def ok(self) -> bool:
        """Every entry is within the tolerance, and not all gradients vanish (that would prove nothing)."""
        is_empty = all(entry.verdict in ("zero", "kinks only") for entry in self.entries)
        return self.max_relative_error <= self.tolerance and not is_empty

    def __str__(self) -> str:
        head = ("term", "array", "shape", "compared", "max relative error", "kinks", "verdict")
        table = [head, *map(_cells, self.entries)]
        widths = [max(len(row[i]) for row in table) for i in range(len(head))]
        lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in table]
        lines.insert(1, "-" * max(map(len, lines)))
        return "\n".join([line.rstrip() for line in lines] + [self._summary()])

    def _summary(self) -> str:
        where = f"float64, {self.rows} rows, h = {self.h:g}"
        bad = [entry for entry in self.entries if entry.max_relative_error > self.tolerance]
        if bad:
            worst = max(bad, key=lambda entry: entry.max_relative_error)
            at = f"{worst.name}{list(worst.index)}" if worst.index else worst.name
            found = f"analytic {worst.analytic:.9g}, numerical {worst.numeric:.9g}"
            return f"NOT OK: {len(bad)} above {self.tolerance:g} ({where}); worst at {at}: {found}"
        if not self.ok:
            return f"NOT OK: every gradient compared is zero or at a kink ({where}); choose other rows or weights"
        zeros = sum(entry.verdict == "zero" for entry in self.entries)
        note = f"; {zeros} zero gradients prove little: dead units, or weights at 0?" if zeros else ""
        return f"ok: max relative error {self.max_relative_error:.1e} <= {self.tolerance:g} ({where}){note}"


def _cells(entry: GradientEntry) -> tuple[str, ...]:
    return (
        entry.term,
        entry.name,
        str(entry.shape),
        "all together" if entry.name == DIRECTION else f"{entry.checked} of {math.prod(entry.shape)}",
        f"{entry.max_relative_error:.1e}",
        str(entry.kinks),
        entry.verdict,
    )


def check_gradients(
    model: "Model",
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    training: bool = False,
    h: float = 1e-5,
    tolerance: float = 1e-6,
    samples: int = 32,
    seed: int = 0,
) -> GradientReport:
    """Compare the gradient that training uses with central differences, in float64 and on a copy of the model.

    First the mean loss alone, by every parameter and every input, then the penalties alone. The relative error of an
    element is |a - n| / max(|a|, |n|, floor); the floor 1e-8 max(1, |J|) / step keeps rounding out. At a kink (a ReLU
    whose input passes 0 within h) there is no derivative: such elements are found by their one-sided slopes and
    counted apart. One random direction of all parameters together covers the elements that are not sampled.

    Parameters
    ----------
    model
        compiled model of either type; it is not changed
    x, y, sample_weight
        as for ``fit``; a few rows are enough, and they are faster and have fewer kinks
    training
        True checks the training mode: dropout with one fixed mask
    h
        step for a value w: h max(1, |w|)
    tolerance
        relative error up to which the report is ok: 1e-7 is what differences reach in a small smooth net, and rounding
        grows with depth; a wrong formula is rarely wrong by less than 1e-3
    samples
        elements of each array to compare at most: half of them those of largest gradient, half at random
    seed
        key of the random choices

    Returns
    -------
    GradientReport
        ``ok``, ``max_relative_error``, ``entries``; printing it gives a table

    Raises
    ------
    NncppError
        if the model is not compiled
    ShapeError, DataError, TypeError
        for x, y and sample_weight as ``fit`` would

    References
    ----------
    Goodfellow, Bengio, Courville, Deep Learning, 2016, 11.5; the bands of ``verdict`` are those of Stanford's CS231n.

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.datasets.digits()
    >>> model = nn.Sequential([nn.Input(64), nn.Dense(16, "tanh"), nn.Dense(10, "softmax")])
    >>> model.compile(loss="nllm")
    >>> nn.check_gradients(model, x[:8], y[:8]).ok
    True
    """
    settings = _Settings(
        number("h", h, "(0, 0.1]"),
        number("tolerance", tolerance, "(0, inf)"),
        whole_number("samples", samples, at_least=1),
        random_seed(seed),
    )
    objective = _Objective(model, x, y, sample_weight, flag("training", training))
    entries = [*_data_entries(objective, settings), *_penalty_entries(objective, settings)]
    return GradientReport(tuple(entries), settings.tolerance, objective.examples.rows, settings.h)


@dataclass(frozen=True)
class _Settings:
    h: float
    tolerance: float
    samples: int
    seed: int


class _Objective:
    """A float64 copy of a model on fixed rows: the mean loss and the penalty, each with its gradient."""

    def __init__(self, model: "Model", x: Any, y: Any, sample_weight: Any, training: bool) -> None:
        compilation = model._require_compiled("check_gradients")
        examples = model._examples(x, y, sample_weight)
        twin = model._clone("float64")
        self.network, self.whole, self.training = twin._network, twin._require_objective("check_gradients"), training
        losses = [loss._core(_core.float64) for loss in compilation.losses]
        self.data = _core.float64.Objective(self.network.core, losses, compilation.loss_weights, [])
        self.whole.require_valid(*examples)
        # copies, so that elements can be moved; integers stay what they are and have no gradient
        inputs = [np.array(x, np.float64 if x.dtype.kind == "f" else None, order="C") for x in examples.inputs]
        self.examples = examples._replace(inputs=inputs)

    def loss(self) -> float:
        if self.training:  # the same step every time, so the same dropout
            return self.data.gradient(*self.examples, True, 0, False)[0].value
        return self.data.evaluate(*self.examples).value

    def penalty(self) -> float:
        return self.whole.evaluate(*self.examples).penalty

    def gradients(self) -> tuple[Vector, list[Vector], Vector]:
        """Of the loss by theta, of the loss by the inputs, of the penalty by theta."""
        _, by_theta, by_inputs = self.data.gradient(*self.examples, self.training, 0, True)
        _, whole, _ = self.whole.gradient(*self.examples, self.training, 0, False)
        return by_theta, by_inputs, whole - by_theta


def _data_entries(objective: _Objective, settings: _Settings) -> Iterator[GradientEntry]:
    by_theta, by_inputs, _ = objective.gradients()
    network, check = objective.network, _Check("data", objective.loss, settings)
    gradients = network.gradients(by_theta)
    for name, gradient in gradients.items():
        yield check.array(name, network.parameters[name], gradient)
    for name, x, gradient in zip(network.input_names, objective.examples.inputs, by_inputs, strict=True):
        if x.dtype == np.float64:
            yield check.array(name, x, gradient)
    if gradients:
        yield check.direction(list(network.parameters.values()), list(gradients.values()))


def _penalty_entries(objective: _Objective, settings: _Settings) -> Iterator[GradientEntry]:
    network, check = objective.network, _Check("penalty", objective.penalty, settings)
    gradients = network.gradients(objective.gradients()[2])
    penalized = {offset for offset, _, _, _ in network.penalties()}
    for segment in network.core.segments:
        if segment.offset in penalized:
            yield check.array(segment.name, network.parameters[segment.name], gradients[segment.name])


class _Check:
    """Compares one term's gradients with differences; every array gets random numbers of its own."""

    def __init__(self, term: str, function: Callable[[], float], settings: _Settings) -> None:
        self.term, self.function, self.settings = term, function, settings
        self.count = 0

    def array(self, name: str, values: Vector, gradient: Vector) -> GradientEntry:
        """Some elements of one array, moved one at a time; `values` is the memory that the function reads."""
        point, claimed = values.reshape(-1), gradient.reshape(-1)
        chosen = self._choose(claimed)
        slopes = [
            self._slope([point[i : i + 1]], [np.ones(1)], float(claimed[i]), max(1.0, abs(float(point[i]))))
            for i in chosen
        ]
        places = [tuple(map(int, np.unravel_index(i, values.shape))) for i in chosen]
        return self._entry(name, values.shape, slopes, places)

    def direction(self, values: list[Vector], gradients: list[Vector]) -> GradientEntry:
        """All elements of all arrays at once, by the same amount up or down: random signs, length 1."""
        ends = np.cumsum([point.size for point in values])
        random = _core.normal(self.settings.seed, "check", self._next(), int(ends[-1]))
        way = np.copysign(1 / math.sqrt(random.size), random)
        ways = [part.reshape(point.shape) for part, point in zip(np.split(way, ends[:-1]), values, strict=True)]
        claimed = sum(float(np.vdot(gradient, part)) for gradient, part in zip(gradients, ways, strict=True))
        return self._entry(DIRECTION, (way.size,), [self._slope(values, ways, claimed, 1.0)], [()])

    def _slope(self, points: list[Vector], ways: list[Vector], claimed: float, scale: float) -> Slope:
        origins = [point.copy() for point in points]

        def line(step: float) -> float:
            try:
                for point, origin, way in zip(points, origins, ways, strict=True):
                    point[...] = origin + step * way
                return self.function()
            finally:
                for point, origin in zip(points, origins, strict=True):
                    point[...] = origin

        return compare(line, claimed, self.settings.h * scale, self.settings.tolerance, has_many_kinks=len(points) > 1)

    def _choose(self, gradient: Vector) -> NDArray[np.int64]:
        count, step = self.settings.samples, self._next()
        if gradient.size <= count:
            return np.arange(gradient.size)
        largest = np.argsort(-np.abs(gradient), kind="stable")[: count // 2]
        order = _core.permutation(self.settings.seed, "check", step, gradient.size)
        return np.sort(np.r_[largest, order[~np.isin(order, largest)][: count - count // 2]])

    def _next(self) -> int:
        self.count += 1
        return self.count

    def _entry(
        self, name: str, shape: tuple[int, ...], slopes: list[Slope], places: list[tuple[int, ...]]
    ) -> GradientEntry:
        smooth = [i for i, slope in enumerate(slopes) if not slope.is_kink]
        worst = max(smooth or range(len(slopes)), key=lambda i: slopes[i].error)
        return GradientEntry(
            term=self.term,
            name=name,
            shape=shape,
            checked=len(slopes),
            kinks=len(slopes) - len(smooth),
            max_relative_error=slopes[worst].error if smooth else 0.0,
            index=places[worst],
            analytic=slopes[worst].analytic,
            numeric=slopes[worst].numeric,
            is_zero=all(slope.analytic == 0.0 for slope in slopes),
        )
