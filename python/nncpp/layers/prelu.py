"""PReLU: a rectifier that learns its slope below zero."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._arguments import flag
from ..initializers import Constant, Initializer
from ._layer import Formulas, Layer

SLOPE = Constant(0.25)


class PReLU(Layer):
    """v = u where u > 0, else a u;  u, v (N, ..., D), the parameter slope a (D), or (1) for all columns.

    du = dv where u > 0, else a dv;  da = sum of u dv where u <= 0, over all axes but the last; shared, over all.
    a = 0 is relu, a = 0.01 leaky_relu. There is no regularizer for it: decay would pull it to relu.
    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015.

    Parameters
    ----------
    shared
        True has one slope for all columns
    slope_initializer
        name or object of ``nn.initializers``
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        if shared is not True or False; for an initializer that there is not

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.PReLU().build((2,))
    >>> layer.parameters["slope"]
    array([0.25, 0.25], dtype=float32)
    >>> layer.forward([[4.0, -4.0]])
    array([[ 4., -1.]], dtype=float32)
    """

    def __init__(self, shared: bool = False, slope_initializer: Any = SLOPE, name: str | None = None) -> None:
        super().__init__(name)
        self.shared = flag("shared", shared)
        self.slope_initializer = Initializer.of(slope_initializer, "slope_initializer")

    @property
    def formulas(self) -> Formulas:
        """The slope is s."""
        return Formulas(
            ("v = u where u > 0, else s u",),
            ("ds = sum over rows of u dv where u <= 0", "du = dv where u > 0, else s dv"),
            {"s": "slope"},
        )

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.PReLU(self.shared, self.slope_initializer._core())
