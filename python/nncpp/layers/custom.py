"""Layers and activations that are written in Python."""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from .. import _core
from .._arguments import object_name, one_of, sample_shape, shown
from ..data import Array
from ..errors import DataError, ShapeError
from ..initializers import Initializer
from ._layer import Layer


class Parameter:
    """An array that a custom layer trains: its shape, its first values, and what it is.

    Parameters
    ----------
    shape
        whole number or several
    initializer
        name or object of ``nn.initializers``; by default "glorot_uniform" where there are two axes or more, else
        "zeros". The last axis counts as outputs, all before it as the inputs of each
    kind
        "weight" or "bias"; by default as the initializer, by the number of axes

    Raises
    ------
    ShapeError, DataError, TypeError
        for a shape, an initializer or a kind that there is not

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Parameter((4, 3)), nn.Parameter(3, initializer="ones")
    (Parameter((4, 3), GlorotUniform(), 'weight'), Parameter((3,), Ones(), 'bias'))
    """

    def __init__(self, shape: Any, initializer: Any = None, kind: str | None = None) -> None:
        self.shape = sample_shape("shape", shape)
        is_matrix = len(self.shape) > 1
        by_axes = "glorot_uniform" if is_matrix else "zeros"
        self.initializer = Initializer.of(by_axes if initializer is None else initializer, "initializer")
        self.kind = one_of("kind", ("bias", "weight")[is_matrix] if kind is None else kind, ("weight", "bias"))

    def __repr__(self) -> str:
        return f"Parameter({self.shape}, {self.initializer!r}, {self.kind!r})"

    def _spec(self, name: str) -> tuple[str, tuple[int, ...], bool, _core.Initializer, int, int]:
        fan_in, fan_out = (math.prod(self.shape[:-1]), self.shape[-1]) if len(self.shape) > 1 else (1, 1)
        return name, self.shape, self.kind == "bias", self.initializer._core(), fan_in, fan_out


class CustomLayer(Layer):
    """v = f(u), written in Python: the base of a caller's own layers.

    A subclass has ``output_shape``, ``forward``, ``backward``, and ``parameters`` where it trains something. It goes
    wherever a layer goes. Files keep its arguments and its kind, which is the name of the class, or
    ``class Scale(nn.CustomLayer, kind="my_scale")``; the class itself must be there before ``nn.load``.

    The core calls it with NumPy arrays over its own memory, of the model's dtype, that cannot be written to and count
    for that call only: keep a copy of what is to stay. What it returns is cast to that dtype. A layer keeps nothing
    between calls, since it may stand in two places: the same arguments give the same numbers. Random ones come from a
    ``Dropout`` or a ``GaussianNoise`` before it.

    What a method raises reaches the caller as the cause of an NncppError that names the layer; errors of nncpp keep
    their class. The model stays as it was. ``nn.check_gradients`` tells whether ``backward`` is right.

    Parameters
    ----------
    name
        unique in a model; a subclass with arguments takes it too and hands it on, and keeps each of its arguments as an
        attribute of that name

    Raises
    ------
    DataError
        from the class statement: for a kind that another class has
    TypeError
        from the class statement: if ``__init__`` takes no name
    NncppError
        from a model: if a method raised; ShapeError, TypeError if it returned something else than was expected

    Examples
    --------
    v = u W, without a bias:

    >>> import nncpp as nn
    >>> class Linear(nn.CustomLayer):
    ...     def __init__(self, units, name=None):
    ...         super().__init__(name)
    ...         self.units = units
    ...
    ...     def output_shape(self, input_shape):
    ...         return (self.units,)
    ...
    ...     def parameters(self, input_shape):
    ...         return {"weight": (*input_shape, self.units)}
    ...
    ...     def forward(self, u, parameters, training):
    ...         return u @ parameters["weight"]
    ...
    ...     def backward(self, u, v, dv, parameters, training):
    ...         return dv @ parameters["weight"].T, {"weight": u.T @ dv}
    >>> x, y = nn.datasets.digits()
    >>> model = nn.Sequential([nn.Input(64), Linear(16), nn.Activation("tanh"), nn.Dense(10, "softmax")])
    >>> model.compile(loss="nllm", metrics="accuracy")
    >>> model.fit(x, y, epochs=10)["accuracy"][-1] > 0.9
    True
    >>> nn.check_gradients(model, x[:8], y[:8]).ok
    True
    """

    def __init_subclass__(cls, **options: Any) -> None:
        if "name" not in inspect.signature(cls).parameters:
            advice = "to take name=None and hand it to super().__init__(name)"
            raise TypeError(f"{cls.__name__}: expected __init__ {advice}")
        super().__init_subclass__(**options)

    @abstractmethod
    def output_shape(self, input_shape: Any) -> Any:
        """Shape of one sample of v.

        Parameters
        ----------
        input_shape
            tuple, the shape of one sample of u; a list of them for a layer of several inputs. A shape that the layer
            cannot take it answers with ``nn.ShapeError``
        """

    def parameters(self, input_shape: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """What it trains: mapping from names to shapes, or to ``nn.Parameter``; nothing by default.

        Parameters
        ----------
        input_shape
            as for ``output_shape``
        """
        return {}

    @abstractmethod
    def forward(self, u: Any, parameters: dict[str, Array], training: bool) -> Any:
        """V (N, ...), for any N.

        Parameters
        ----------
        u
            (N, ...); a list of arrays for a layer of several inputs
        parameters
            arrays by the names of ``parameters``
        training
            True in a training step
        """

    @abstractmethod
    def backward(self, u: Any, v: Array, dv: Array, parameters: dict[str, Array], training: bool) -> Any:
        """dL/du like u; with parameters (dL/du, mapping from their names to dL/dW, summed over the rows).

        Parameters
        ----------
        u, parameters, training
            as for ``forward``
        v
            what ``forward`` gave for them
        dv
            dL/dv, like v
        """

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.PythonLayer(self.kind, Callbacks(self))


class CustomActivation(CustomLayer):
    """v = f(u) element by element, written in Python; du = f'(u) dv.

    A subclass has ``value`` and ``slope``; all else is as for ``nn.CustomLayer``.

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> class Sine(nn.CustomActivation):
    ...     def value(self, u):
    ...         return np.sin(u)
    ...
    ...     def slope(self, u, v):
    ...         return np.cos(u)
    >>> Sine().build((2,), dtype="float64").forward([[0.0, np.pi / 2]])
    array([[0., 1.]])
    """

    @abstractmethod
    def value(self, u: Array) -> Any:
        """f(u), like u.

        Parameters
        ----------
        u
            (N, ...)
        """

    @abstractmethod
    def slope(self, u: Array, v: Array) -> Any:
        """f'(u), like u.

        Parameters
        ----------
        u
            (N, ...)
        v
            f(u), where the slope is told by it
        """

    def output_shape(self, input_shape: Any) -> Any:
        """That of the input.

        Raises
        ------
        ShapeError
            for several inputs
        """
        if isinstance(input_shape, list):
            raise ShapeError(f"expected one input, got {len(input_shape)}")
        return input_shape

    def forward(self, u: Any, parameters: dict[str, Array], training: bool) -> Any:  # noqa: ARG002
        """f(u)."""
        return self.value(u)

    def backward(self, u: Any, v: Array, dv: Array, parameters: dict[str, Array], training: bool) -> Any:  # noqa: ARG002
        """f'(u) dv."""
        return self.slope(u, v) * dv


class Callbacks:
    """A custom layer as the core calls it: a list of shapes or arrays for inputs, one for parameters, in their order.

    The core looks at the arrays that come back.
    """

    def __init__(self, layer: CustomLayer) -> None:
        self.layer = layer
        self.names: tuple[str, ...] = ()  # of the parameters, known before the first pass

    def output_shape(self, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Of one sample. Raises ShapeError, DataError, TypeError if it is none."""
        return sample_shape("result", self.layer.output_shape(_one_or_list(shapes)))

    def parameters(self, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
        """A segment's specification each. Raises ShapeError, DataError, TypeError for what is no parameter."""
        given = self.layer.parameters(_one_or_list(shapes))
        if not isinstance(given, Mapping):
            raise TypeError(f"expected a mapping from names to shapes, got {shown(given)}")
        entries = {name: value if isinstance(value, Parameter) else Parameter(value) for name, value in given.items()}
        self.names = tuple(str(object_name("name", name)) for name in entries)
        return [entry._spec(name) for name, entry in entries.items()]

    def forward(self, inputs: Sequence[Array], weights: Sequence[Array], training: bool) -> Any:
        """The output."""
        return self.layer.forward(_one_or_list(inputs), self._by_name(weights), training)

    def backward(
        self, inputs: Sequence[Array], v: Array, dv: Array, weights: Sequence[Array], training: bool
    ) -> tuple[list[Any], list[Any]]:
        """The gradients by input and by parameter. Raises DataError, TypeError if there are too many or too few."""
        result = self.layer.backward(_one_or_list(inputs), v, dv, self._by_name(weights), training)
        has_gradients = isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)
        du, gradients = result if has_gradients else (result, {})
        if set(gradients) != set(self.names):
            raise DataError(
                f"expected gradients of the parameters {', '.join(self.names) or '(none)'}, "
                f"got {', '.join(map(str, gradients)) or 'none'}"
            )
        if len(inputs) == 1:
            return [du], [gradients[name] for name in self.names]
        if not isinstance(du, list | tuple) or len(du) != len(inputs):
            raise DataError(f"expected du to be a list of {len(inputs)} arrays, one for each input")
        return list(du), [gradients[name] for name in self.names]

    def _by_name(self, weights: Sequence[Array]) -> dict[str, Array]:
        return dict(zip(self.names, weights, strict=True))


def _one_or_list(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)
