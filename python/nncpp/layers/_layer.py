"""Layer: the base of all layers. Pure configuration; weights belong to the model that a layer stands in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core
from .._arguments import object_name
from .._configured import Configured
from ..constraints import Constraint
from ..data import Array
from ..graph import Node
from ..regularizers import Regularizer

if TYPE_CHECKING:
    from ..module import Module

C = TypeVar("C", bound=Configured)


@dataclass(frozen=True)
class Formulas:
    """What a layer computes, one "name = expression" a line, in the order of computation.

    Names: u is the input (u1, u2, ... of several), v the output, z what goes into a built-in activation, dv = dL/dv and
    likewise; parameters and state are called as in ``symbols``.

    Attributes
    ----------
    forward, backward
        lines from u to v, and from dv to du and the parameters
    symbols
        "W" -> "weight": how parameters and state are written
    """

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    symbols: Mapping[str, str] = field(default_factory=dict)


class Layer(Configured):
    """Base of all layers.

    A layer used in two places of one model shares its weights between them.

    Parameters
    ----------
    name
        unique in a model; by default the class name in small letters, numbered: dense, dense_1, ...

    Raises
    ------
    DataError, TypeError
        for a name that is empty, has a "/" in it, or is no string

    Examples
    --------
    >>> import nncpp as nn
    >>> a, b, layer = nn.Input(3), nn.Input(3), nn.Dense(2)
    >>> list(nn.Model([a, b], [layer(a), layer(b)]).parameters)
    ['dense/weight', 'dense/bias']
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = object_name("name", name)

    def __call__(self, inputs: Node | Sequence[Node]) -> Node:
        """The node that this layer computes from other nodes.

        Parameters
        ----------
        inputs
            a node, or several for a layer of several inputs

        Raises
        ------
        TypeError
            if it is given anything but nodes: arrays go to a model, or to ``layer.build(shape).forward``
        """
        nodes = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
        for node in nodes:
            if not isinstance(node, Node):
                raise TypeError(
                    f"{self!r}: expected nodes (nn.Input(...) or what a layer returns), got {type(node).__name__}; "
                    "for arrays use layer.build(shape).forward(u)"
                )
        return Node(self, nodes)

    def build(self, input_shape: Any, seed: int = 0, dtype: Any = "float32") -> Module:
        """The layer on its own, with parameters: forward, backward and weight gradients by hand.

        Parameters
        ----------
        input_shape
            shape of one sample; a list of shapes for a layer of several inputs
        seed
            key of its first weights and random numbers
        dtype
            "float32" or "float64"

        Raises
        ------
        ShapeError, DataError, TypeError
            as for ``nn.Module``

        Examples
        --------
        >>> import numpy as np, nncpp as nn
        >>> layer = nn.Dense(3, activation="tanh").build((4,), seed=0, dtype="float64")
        >>> layer.forward(np.ones((2, 4))).shape
        (2, 3)
        """
        from ..module import Module

        return Module(self, input_shape, seed=seed, dtype=dtype)

    @property
    def regularizers(self) -> Mapping[str, Regularizer]:
        """The penalty on each of its parameters that has one, by the parameter's name."""
        return {}

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """The constraint on each of its parameters that has one, by the parameter's name."""
        return {}

    @property
    def formulas(self) -> Formulas:
        """What ``model.explain_backward`` writes of it, in prediction; here the name alone."""
        name = type(self).__name__.lower()
        return Formulas((f"v = {name}(u)",), (f"du = dv times the derivative of {name}",))

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:  # noqa: ARG002
        """Products with weights, each added to a sum, that one sample costs forward; 0 for all other arithmetic.

        Parameters
        ----------
        input_shape, output_shape
            of one sample; a list of input shapes for a layer of several inputs
        """
        return 0

    def _first_values(self) -> Mapping[str, Array]:
        """What parameters and state by these names begin with, where that is not the core's business."""
        return {}

    def _without_chance(self) -> Layer:
        """What it is without random numbers, of the same shapes, parameters and name."""
        return self

    @abstractmethod
    def _core(self, precision: _core.Precision) -> _core.Layer: ...


def optional(family: type[C], value: object, argument: str) -> C | None:
    """What a caller means by an object of a family, a name, or None."""
    return None if value is None else family.of(value, argument)


def given(**options: C | None) -> dict[str, C]:
    """Those that are not None."""
    return {name: option for name, option in options.items() if option is not None}
