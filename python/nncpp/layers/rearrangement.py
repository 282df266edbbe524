"""Operators that put the numbers of a sample elsewhere: another shape, an order, a part, several in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _core
from .._arguments import MAX_AXES, whole_number
from ..errors import DataError
from .operators import Operator, axes_of


class Reshape(Operator):
    """v = u in another shape of a sample, the numbers in their order, the last axis fastest; du = dv in that of u.

    Nothing is moved: v and dv have the memory of u and du where nothing else reads u.

    Parameters
    ----------
    shape
        of one sample, a whole number or several; one length may be -1: what is left over
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a shape that is none
    ShapeError
        when it is called: for a sample of another size

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Reshape((8, 8, -1)).build((64,)).output_shape
    (8, 8, 1)
    """

    _terms = "u in another shape", "dv in the shape of u"

    def __init__(self, shape: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.shape = axes_of("shape", shape)
        if any(axis < 1 and axis != -1 for axis in self.shape) or self.shape.count(-1) > 1:
            raise DataError(f"shape: expected lengths >= 1, of which one may be -1, got {tuple(self.shape)}")

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Reshape(self.shape)


class Transpose(Operator):
    """v = u with the axes of a sample in another order: axis i of v is axis axes[i] of u; by default reversed."""

    _terms = "u with its axes in another order", "dv with the axes back in order"

    def __init__(self, axes: Any = None, name: str | None = None) -> None:
        super().__init__(name)
        self.axes = None if axes is None else axes_of("axes", axes)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Transpose(self.axes)


class Slice(Operator):
    """v = u[start, start + step, ...] along each axis of a sample; du = dv there, 0 elsewhere.

    Parameters
    ----------
    axes
        (start, length, step) for each axis of a sample
    """

    _terms = "part of u", "dv at that part, else 0"

    def __init__(self, axes: Sequence[Sequence[int]], name: str | None = None) -> None:
        super().__init__(name)
        self.axes = [list(axis) for axis in axes]

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Slice(self.axes)


class Concatenate(Operator):
    """v = operands one behind the other along an axis of a sample; each du = its part of dv.

    The other axes are of one length each. Szegedy et al., "Going deeper with convolutions", CVPR 2015: channels of
    several convolutions side by side.

    Parameters
    ----------
    axis
        of a sample; by default the last: columns of vectors, channels of images. ``nn.ops.concatenate`` begins with the
        first, as NumPy does
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for an axis that is no whole number
    ShapeError
        when it is called: for an axis that samples do not have, and for samples that differ along another one

    Examples
    --------
    >>> import nncpp as nn
    >>> x = nn.Input((8, 8, 3))
    >>> towers = [nn.Conv2D(4, size, "relu", padding="same")(x) for size in (1, 3, 5)]
    >>> nn.Concatenate()(towers).shape
    (8, 8, 12)
    """

    _terms = "concatenate(u)", "its part of dv each"

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = whole_number("axis", axis, at_least=-MAX_AXES)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Concatenate(self.axis)


class Gather(Operator):
    """v = np.take(u, indices, axis) of each sample; du = dv added up over the places of each element."""

    _terms = "elements of u1 at the indices u2", "dv added up by element", "0"

    def __init__(self, axis: int = 0, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = whole_number("axis", axis, at_least=-MAX_AXES)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Gather(self.axis)
