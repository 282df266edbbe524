"""Input: where a model's data come in."""

from typing import Any

from .._arguments import number, object_name, sample_shape
from ..graph import Node


class Input(Node):
    """A batch of samples, (N, ...): the first entry of a Sequential, or the first node of a graph.

    With a scale the node's value is ``scale`` times what is given, in ``fit``, ``predict`` and everywhere else: rows
    are multiplied as they are gathered and converted, so images of uint8 stay uint8 in memory. A gradient dJ/dx that
    a model returns is with respect to the x that was given.

    Parameters
    ----------
    shape
        shape of one sample, a whole number or several
    name
        unique in a model; by default input, input_1, ...
    scale
        number > 0, also to the model's dtype; None multiplies by nothing

    Raises
    ------
    DataError, TypeError
        unless every axis is a whole number >= 1; for a scale that is not finite or not above 0

    Examples
    --------
    >>> import nncpp as nn
    >>> a = nn.Input(20, name="true")
    >>> score = nn.Dense(1)(a)

    Pixels 0 ... 255 come in as 0 ... 1:

    >>> import numpy as np
    >>> model = nn.Sequential([nn.Input(3, scale=1 / 255), nn.Activation("identity")])
    >>> model.predict(np.array([[0, 85, 255]], np.uint8)).round(4)
    array([[0.    , 0.3333, 1.    ]], dtype=float32)
    """

    def __init__(self, shape: Any, name: str | None = None, *, scale: float | None = None) -> None:
        super().__init__(None, ())
        self._shape = sample_shape("shape", shape)
        self.name = object_name("name", name)
        self.scale = None if scale is None else number("scale", scale, "(0, inf)")

    def __repr__(self) -> str:
        scale = "" if self.scale is None else f", scale={self.scale!r}"
        return f"Input({self.shape}, name={self.name!r}{scale})"

    @property
    def factor(self) -> float:
        """The scale, 1 where there is none."""
        return 1.0 if self.scale is None else self.scale
