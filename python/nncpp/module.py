"""Module: one layer on its own, forward and backward by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import data_type, flag, random_seed, sample_shape, whole_number
from .data import Array, array
from .graph import kind_name

if TYPE_CHECKING:
    from .layers import Layer


class Module:
    """A layer with its own parameters; made by ``layer.build(input_shape, seed=0, dtype="float32")``.

    forward  u -> v;  backward  u, v, dL/dv -> dL/du;  weight_gradients  u, v, dL/dv -> dL/dW.
    It remembers nothing of a pass: what backward needs is given to it. For a layer of several inputs u is a list.
    ``training`` and ``step`` matter to layers that are random in training; give backward what forward was given.

    Attributes
    ----------
    parameters, state
        mappings from "weight", "bias", ... to writable views
    output_shape
        shape of one sample

    Raises
    ------
    ShapeError, DataError, TypeError
        if the layer cannot take that shape; for a seed or a dtype that there is not

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> layer = nn.Dense(1, use_bias=False).build((2,), dtype="float64")
    >>> layer.parameters["weight"][...] = [[2.0], [3.0]]
    >>> u = np.array([[1.0, 10.0]])
    >>> v = layer.forward(u)
    >>> v, layer.backward(u, v, np.ones((1, 1))), layer.weight_gradients(u, v, np.ones((1, 1)))["weight"].T
    (array([[32.]]), array([[2., 3.]]), array([[ 1., 10.]]))
    """

    def __init__(self, layer: Layer, input_shape: Any, seed: int = 0, dtype: Any = "float32") -> None:
        self.layer = layer
        self.dtype = data_type(dtype)
        self._has_several_inputs = isinstance(input_shape, list)
        shapes = [sample_shape("input_shape", shape) for shape in self._listed(input_shape)]
        precision = _core.float32 if self.dtype == "float32" else _core.float64
        name = layer.name or kind_name(layer)
        self._core = precision.Module(layer._core(precision), shapes, name, random_seed(seed))
        self.output_shape = self._core.output_shape
        self.parameters: Mapping[str, Array] = self._core.parameters
        self.state: Mapping[str, Array] = self._core.state
        for own, values in layer._first_values().items():
            (self.parameters if own in self.parameters else self.state)[own][...] = values

    def forward(self, u: Any, training: bool = False, step: int = 0) -> Array:
        """V (N, ...), from u (N, ...).

        Raises
        ------
        ShapeError, DataError, TypeError
            if u is not what the layer was built for; for a step outside 0 ... 2**32 - 1
        """
        inputs = self._inputs(u)  # a local: where a custom layer fails, its traceback shows these arrays
        return self._core.forward(inputs, flag("training", training), _step(step))

    def backward(self, u: Any, v: Any, dv: Any, training: bool = False, step: int = 0) -> Any:
        """dL/du, like u; v is what forward gave for u, dv = dL/dv has its shape.

        Raises
        ------
        ShapeError, DataError, TypeError
            as ``forward``, and if v or dv has another shape
        """
        inputs, _ = self._backward(u, v, dv, training, step)
        return inputs if self._has_several_inputs else inputs[0]

    def weight_gradients(self, u: Any, v: Any, dv: Any, training: bool = False, step: int = 0) -> Mapping[str, Array]:
        """dL/dW of each parameter, summed over the rows; keys as in ``parameters``.

        Raises
        ------
        ShapeError, DataError, TypeError
            as ``backward``
        """
        return self._backward(u, v, dv, training, step)[1]

    def _backward(self, u: Any, v: Any, dv: Any, training: bool, step: int) -> tuple[list[Array], Mapping[str, Array]]:
        inputs, output, doutput = self._inputs(u), self._as_array(v, "v"), self._as_array(dv, "dv")
        options = flag("training", training), _step(step)
        return self._core.backward(inputs, output, doutput, *options)

    def _listed(self, value: Any) -> Sequence[Any]:
        return list(value) if self._has_several_inputs else [value]

    def _inputs(self, u: Any) -> list[Array]:
        return [self._as_array(value, "u") for value in self._listed(u)]

    def _as_array(self, value: Any, argument: str) -> Array:
        return np.require(array(value, argument), self.dtype, ["C", "ALIGNED"])  # the core looks at its shape


def _step(value: object) -> int:
    return whole_number("step", value, at_most=2**32 - 1)  # a word of the random numbers' counter
