"""Input: where a model's data come in."""

from typing import Any

from .._arguments import object_name, sample_shape
from ..graph import Node


class Input(Node):
    """A batch of samples, (N, ...): the first entry of a Sequential, or the first node of a graph.

    Parameters
    ----------
    shape
        shape of one sample, a whole number or several
    name
        unique in a model; by default input, input_1, ...

    Raises
    ------
    DataError, TypeError
        unless every axis is a whole number >= 1

    Examples
    --------
    >>> import nncpp as nn
    >>> a = nn.Input(20, name="true")
    >>> score = nn.Dense(1)(a)
    """

    def __init__(self, shape: Any, name: str | None = None) -> None:
        super().__init__(None, ())
        self._shape = sample_shape("shape", shape)
        self.name = object_name("name", name)

    def __repr__(self) -> str:
        return f"Input({self.shape}, name={self.name!r})"
