"""Terms: what can be checked, as one number that some arrays decide, with the gradient claimed for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._sparse import SparseRows
from ..errors import DataError, ShapeError
from .numerical import value_of

if TYPE_CHECKING:
    from ..data import Examples
    from ..module import Module
    from ..network import Network

Vector = NDArray[np.float64]


class Term(ABC):
    """One function of named arrays.

    Attributes
    ----------
    name
        what it is: "data", "penalty", "layer", "loss", "function"
    arrays
        the memory that ``value`` reads, float64; whoever writes there moves the point
    directional
        names of the arrays that a direction goes through
    has_gradient_everywhere
        whether ``gradients`` follows when the point is moved
    """

    name: str
    arrays: dict[str, Vector]
    directional: tuple[str, ...]
    has_gradient_everywhere = True

    @abstractmethod
    def value(self) -> float:
        """The number at the present point."""

    @abstractmethod
    def gradients(self) -> dict[str, Vector]:
        """The gradient claimed for the present point, by every array."""

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Moves the point back in the end."""
        origins = {name: values.copy() for name, values in self.arrays.items()}
        try:
            yield
        finally:
            for name, values in origins.items():
                self.arrays[name][...] = values

    def require_fixed(self) -> float:
        """The value, if it is the same twice.

        Raises
        ------
        DataError
            if it is not
        """
        first, second = self.value(), self.value()
        if first != second and not (np.isnan(first) and np.isnan(second)):
            raise DataError(
                f"{self.name}: expected the same value for the same point, got {first:.17g} and then {second:.17g}; "
                "let its random numbers begin anew in every call"
            )
        return first


class DataTerm(Term):
    """Mean loss of a network over the rows: by all parameters and all inputs of real numbers."""

    def __init__(
        self, name: str, network: Network, objective: _core.Objective, examples: Examples, training: bool
    ) -> None:
        self.name, self._network, self._objective, self._training = name, network, objective, training
        # copies, so that entries can be moved; integers and sparse rows stay what they are and have no gradient
        self._inputs = {
            name: np.array(x, np.float64, order="C")
            for name, x in zip(network.input_names, examples.inputs, strict=True)
            if not isinstance(x, SparseRows) and x.dtype.kind == "f"
        }
        named = zip(network.input_names, examples.inputs, strict=True)
        self._examples = examples._replace(inputs=[self._inputs.get(name, x) for name, x in named])
        self.arrays = {**network.parameters, **self._inputs}
        self.directional = tuple(network.parameters) or tuple(self.arrays)

    def value(self) -> float:
        """Mean loss; in training that of one step, which has the same random numbers every time."""
        if self._training:
            return self._objective.gradient(*self._examples, True, 0, False)[0].value
        return self._objective.evaluate(*self._examples).value

    def gradients(self) -> dict[str, Vector]:
        """By backpropagation, as in training."""
        _, by_theta, by_inputs = self._objective.gradient(*self._examples, self._training, 0, True)
        named = zip(self._network.input_names, by_inputs, strict=True)
        of_inputs = {name: dx for name, dx in named if dx is not None and name in self._inputs}
        return {**self._network.gradients(by_theta), **of_inputs}


class PenaltyTerm(Term):
    """The penalties of a network, by the parameters that have one."""

    name = "penalty"
    directional = ()

    def __init__(self, network: Network, whole: _core.Objective, data: _core.Objective, examples: Examples) -> None:
        self._network, self._whole, self._data, self._examples = network, whole, data, examples
        penalized = {offset for offset, _, _, _ in network.penalties()}
        self.arrays = {s.name: network.parameters[s.name] for s in network.core.segments if s.offset in penalized}

    def value(self) -> float:
        """Of the parameters alone."""
        return self._whole.evaluate(*self._examples).penalty

    def gradients(self) -> dict[str, Vector]:
        """What the penalties add to the gradient of the loss."""
        whole, data = (o.gradient(*self._examples, False, 0, False)[1] for o in (self._whole, self._data))
        named = self._network.gradients(whole - data)
        return {name: named[name] for name in self.arrays}


class LayerTerm(Term):
    """sum(v * p) of a layer's output v and fixed random numbers p, so that dL/dv = p: by all parameters and inputs."""

    name = "layer"

    def __init__(self, module: Module, inputs: list[Vector], is_real: list[bool], training: bool, seed: int) -> None:
        self._module, self._inputs, self._is_real, self._training = module, inputs, is_real, training
        self._names = ["input"] if len(inputs) == 1 else [f"input_{i}" for i in range(len(inputs))]
        self.arrays = {**module.parameters, **self._real(inputs)}
        self.directional = tuple(module.parameters) or tuple(self.arrays)
        shape = module._core.forward(inputs, training, 0).shape
        self._projection = _core.normal(seed, "check", 2**31, int(np.prod(shape))).reshape(shape)

    def value(self) -> float:
        """The projection of the output."""
        return float(np.vdot(self._module._core.forward(self._inputs, self._training, 0), self._projection))

    def gradients(self) -> dict[str, Vector]:
        """By the layer's own backward."""
        core = self._module._core
        output = core.forward(self._inputs, self._training, 0)
        by_inputs, by_name = core.backward(self._inputs, output, self._projection, self._training, 0)
        return {**by_name, **self._real(by_inputs)}

    def _real(self, arrays: list[Vector]) -> dict[str, Vector]:
        """By name those of inputs that have a gradient."""
        named = zip(self._names, arrays, self._is_real, strict=True)
        return {name: values for name, values, is_real in named if is_real}


class FunctionTerm(Term):
    """Any function of one array, with a gradient that is an array, or a function of the same array."""

    name = "function"
    directional = ("x",)

    def __init__(self, f: Callable[[Any], Any], x: Vector, gradient: Any) -> None:
        self._f, self._gradient, self.arrays = f, gradient, {"x": x}
        self.has_gradient_everywhere = callable(gradient)

    def value(self) -> float:
        """f(x); f gets a copy."""
        return value_of(self._f, self.arrays["x"].copy())

    def gradients(self) -> dict[str, Vector]:
        """As given."""
        x = self.arrays["x"]
        given = np.asarray(self._gradient(x.copy()) if callable(self._gradient) else self._gradient)
        if given.dtype.kind not in "biuf":
            raise TypeError(f"gradient: expected real numbers, got {given.dtype}")
        if given.shape != x.shape:
            raise ShapeError(f"gradient: expected shape {x.shape} as x has, got {given.shape}")
        return {"x": given.astype(np.float64)}
