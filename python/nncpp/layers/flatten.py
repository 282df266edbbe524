"""Flatten: the numbers of a sample in one row."""

from __future__ import annotations

from .. import _core
from ._layer import Formulas, Layer


class Flatten(Layer):
    """v = u with the numbers of each sample in one row;  u (N, ...), v (N, D), D numbers a sample. du = dv as u has it.

    Row-major, the last axis fastest: pixel (y, x, c) of an image (H, W, C) is number (y W + x) C + c. Nothing is moved:
    v and dv have the memory of u and du where nothing else reads u.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a name that is none

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input((28, 28, 1)), nn.Conv2D(6, 5), nn.Flatten(), nn.Dense(10)])
    >>> model.parameters["dense/weight"].shape
    (3456, 10)
    """

    @property
    def formulas(self) -> Formulas:
        """The same numbers under another shape."""
        return Formulas(("v = u in one row",), ("du = dv in the shape of u",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Reshape([-1])
