"""Exact derivatives along a direction, by dual numbers through the core: slopes of J, products of its Hessian."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import data
from ._arguments import flag, one_of, shown, whole_number
from ._sparse import SparseRows
from .data import Array
from .errors import DataError, ShapeError
from .model import Model
from .network import Network, views

TERMS = ("data", "penalty")


class ExactObjective:
    """J of a model on fixed rows in dual numbers: each number has a slope, its derivative along one direction.

    v + s e with e^2 = 0 stands for a number v of slope s, and f(v + s e) = f(v) + f'(v) s e. A pass through the
    network, in which parameters and inputs have a direction as their slopes, gives the derivative of J along it, to
    rounding and in float64: there is no step size, and nothing is subtracted. Exactly at a kink it is the derivative
    that training takes, such as 0 of relu at 0.

    Parameters
    ----------
    model
        compiled model of either dtype; it is not changed, and what becomes of it is not seen
    x, y, sample_weight, lengths
        as for ``fit``
    training
        True computes as a training step does: dropout with one fixed mask, BatchNorm by the batch

    Attributes
    ----------
    step : int
        which training step's random numbers, 0 at first

    Raises
    ------
    NncppError
        if the model is not compiled, or a layer or a loss in it is written in Python
    ShapeError, DataError, TypeError
        for x, y, sample_weight and lengths as ``fit`` would; for anything but a model

    References
    ----------
    Griewank, Walther, Evaluating Derivatives, 2nd ed., 2008, 3.1.

    Examples
    --------
    J = (w u + b - y)^2, so dJ/dw = 2 (w u + b - y) u and dJ/du = 2 (w u + b - y) w:

    >>> import nncpp as nn
    >>> from nncpp.second_order import ExactObjective
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss="squared")
    >>> exact = ExactObjective(model, [[3.0]], [1.0])
    >>> exact.slope("dense/weight", (0, 0)), exact.slope("input", (0, 0))
    (12.0, 4.0)
    """

    def __init__(  # noqa: PLR0917
        self,
        model: Model,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        training: bool = False,
        lengths: Any = None,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"model: expected an nncpp Model, got {shown(model)}")
        self.training, self.step = flag("training", training), 0
        examples = model._checked("exact derivatives", x, y, sample_weight, lengths)
        self.network = network = Network(model._network.graph, model.seed, "dual")
        self.objective = model._require_compiled("exact derivatives").objective(network)
        for mine, theirs in ((network.parameters, model.parameters), (network.state, model.state)):
            for name, values in theirs.items():
                mine[name]["value"] = values
        inputs = {
            name: _with_slopes(u, network.theta.dtype)
            for name, u, kind in zip(network.input_names, examples.inputs, network.input_kinds, strict=True)
            if kind == "numbers" and not isinstance(u, SparseRows)
        }
        named = zip(network.input_names, examples.inputs, strict=True)
        self.examples = examples._replace(inputs=[inputs.get(name, u) for name, u in named])
        self.arrays = {**network.parameters, **inputs}

    def slope(self, name: str, index: Any, term: str = "data") -> float:
        """Derivative by one number of a parameter or an input.

        Parameters
        ----------
        name
            "dense/weight", or an input's name
        index
            place in that array, a whole number for each axis
        term
            "data", the mean loss, or "penalty"

        Raises
        ------
        DataError, TypeError
            for a name, a place or a term that there is not
        """
        shape = self._array(name).shape
        place = tuple(whole_number("index", i) for i in (index if isinstance(index, tuple | list) else (index,)))
        if len(place) != len(shape) or any(i >= axis for i, axis in zip(place, shape, strict=True)):
            raise DataError(f"index: expected a place in {name} {shape}, got {place}")
        way = np.zeros(shape)
        way[place] = 1.0
        return self.derivative({name: way}, term)

    def derivative(self, direction: Mapping[str, Any], term: str = "data") -> float:
        """Derivative along a direction.

        Parameters
        ----------
        direction
            arrays by the names of parameters and inputs; what is left out stands still
        term
            "data", the mean loss, or "penalty"

        Raises
        ------
        ShapeError, DataError, TypeError
            for a name or a term that there is not, an array of another shape, numbers that are not finite

        Examples
        --------
        >>> import nncpp as nn
        >>> from nncpp.second_order import ExactObjective
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
        >>> model.compile(loss="squared")
        >>> ExactObjective(model, [[3.0]], [1.0]).derivative({"dense/weight": [[2.0]], "dense/bias": [1.0]})
        28.0
        """
        with self._along(direction):
            if one_of("term", term, TERMS) == "data" and not self.training:
                return self.objective.evaluate(*self.examples).loss_slope
            value, _, _ = self.objective.gradient(*self.examples, self.training, self.step, False)
            return value.loss_slope if term == "data" else value.penalty_slope

    def differentiate(self, direction: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Gradient g of J, penalties included, by the parameters, and the derivative of g along a direction.

        Along parameters alone that derivative is H v.

        Parameters
        ----------
        direction
            as for ``derivative``

        Returns
        -------
        dict, dict
            both like ``model.parameters``, in float64

        Raises
        ------
        ShapeError, DataError, TypeError
            as for ``derivative``

        Examples
        --------
        J = (w u - y)^2 at u = 3, so the derivative of dJ/dw = 2 (w u - y) u by w is 2 u^2:

        >>> import nncpp as nn
        >>> from nncpp.second_order import ExactObjective
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, use_bias=False, weight_initializer="ones")])
        >>> model.compile(loss="squared")
        >>> ExactObjective(model, [[3.0]], [1.0]).differentiate({"dense/weight": [[1.0]]})
        ({'dense/weight': array([[12.]])}, {'dense/weight': array([[18.]])})
        """
        with self._along(direction):
            _, flat, _ = self.objective.gradient(*self.examples, self.training, self.step, False)
        return self.network.gradients(flat["value"].copy()), self.network.gradients(flat["slope"].copy())

    def _array(self, name: str) -> Array:
        if name not in self.arrays:
            raise DataError(f"direction: expected names among {', '.join(self.arrays)}, got {shown(name)}")
        return self.arrays[name]

    @contextmanager
    def _along(self, direction: Mapping[str, Any]) -> Iterator[None]:
        """The slopes are those of the direction, and then 0 again."""
        ways = {name: _way(name, values, self._array(name).shape) for name, values in direction.items()}
        try:
            for name, way in ways.items():
                self.arrays[name]["slope"] = way
            yield
        finally:
            for name in ways:
                self.arrays[name]["slope"] = 0.0


def _with_slopes(values: Array, dtype: np.dtype[Any]) -> Array:
    """Dual numbers that do not move."""
    numbers = np.zeros(values.shape, dtype)
    numbers["value"] = values
    return numbers


def _way(name: str, values: Any, shape: tuple[int, ...]) -> Array:
    way = data.array(values, name)
    if way.shape != shape:
        raise ShapeError(f"{name}: expected a direction {shape}, got {way.shape}")
    if not np.isfinite(way).all():
        raise DataError(f"{name}: expected a direction of finite numbers, got NaN or infinity")
    return way


def hessian_vector_product(
    model: Model, x: Any, y: Any, v: Any, sample_weight: Any = None, *, training: bool = False, lengths: Any = None
) -> Any:
    """H v, H = d^2 J / dtheta^2 on all rows as one batch: exact to rounding, in float64, nothing changes.

    H v = d/dr g(theta + r v) at r = 0: one pass forward and backward in dual numbers, whose slopes begin as v. It takes
    about ten times as long as a gradient, and no n x n matrix. J is that of ``model.loss_and_gradients``, penalties
    included; the second derivative of L1 is taken to be 0, as that of relu is, and of every other kink.

    Parameters
    ----------
    model
        compiled model of either dtype
    x, y, sample_weight, lengths
        as for ``fit``; y is None where the loss takes no targets
    v
        a vector like ``model.flat_parameters``, or arrays by name as in ``model.parameters``, 0 where left out
    training
        True computes as the next training step does, with dropout

    Returns
    -------
    array or dict
        float64, in the form of v; a dict has all names

    Raises
    ------
    NncppError
        if the model is not compiled, or a layer or a loss in it is written in Python
    ShapeError, DataError, TypeError
        for x, y, sample_weight and lengths as ``fit`` would; for a v of another shape, or that is not finite

    References
    ----------
    Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.

    Examples
    --------
    J = mean of (u w - y)^2 has the Hessian 2/N U'U:

    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(2), nn.Dense(1, use_bias=False)])
    >>> model.compile(loss="squared")
    >>> x, y = [[1.0, 0.0], [1.0, 2.0]], [0.0, 1.0]
    >>> nn.hessian_vector_product(model, x, y, {"dense/weight": [[1.0], [0.0]]})
    {'dense/weight': array([[2.],
           [2.]])}
    """
    exact = ExactObjective(model, x, y, sample_weight, training, lengths)
    exact.step = model._require_trainer("hessian_vector_product").t
    if isinstance(v, Mapping):
        if strange := [name for name in v if name not in model.parameters]:
            raise DataError(f"v: expected names among {', '.join(model.parameters)}, got {shown(strange[0])}")
        return exact.differentiate(v)[1]
    segments = model._network.core.segments
    _, products = exact.differentiate(views(_way("v", v, model.flat_parameters.shape), segments))
    flat = np.zeros(model.flat_parameters.shape)
    for name, place in views(flat, segments).items():
        place[...] = products[name]
    return flat


def optimal_step(model: Model, x: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None) -> float:
    """The step e* = g'g / g'Hg down the gradient g, on all rows: the best one where J is its quadratic model.

    J(theta - e g) = J - e g'g + e^2/2 g'Hg + ..., least at e*, by g'g e* / 2; for a quadratic J that is exact. A
    learning rate above 2 e* raises it.

    Parameters
    ----------
    model
        compiled model of either dtype; it is not changed
    x, y, sample_weight, lengths
        as for ``fit``

    Returns
    -------
    float
        e*; infinity where g'Hg <= 0, as the quadratic model then falls without end; 0 where g is 0

    Raises
    ------
    NncppError, ShapeError, DataError, TypeError
        as for ``hessian_vector_product``

    References
    ----------
    Goodfellow, Bengio, Courville, Deep Learning, 2016, 4.3.1.

    Examples
    --------
    J = mean of (w - y)^2 has the Hessian 2:

    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, use_bias=False)])
    >>> model.compile(loss="squared")
    >>> nn.optimal_step(model, [[1.0], [1.0]], [3.0, 5.0])
    0.5
    """
    exact = ExactObjective(model, x, y, sample_weight, lengths=lengths)
    gradient, _ = exact.differentiate({})
    _, product = exact.differentiate(gradient)
    square, curvature = _dot(gradient, gradient), _dot(gradient, product)
    if square == 0.0:
        return 0.0
    return square / curvature if curvature > 0.0 else math.inf


def _dot(a: Mapping[str, Array], b: Mapping[str, Array]) -> float:
    return math.fsum(float(np.vdot(a[name], b[name])) for name in a)
