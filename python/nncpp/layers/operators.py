"""Operators of the flow graph: layers that also take arrays without rows, and broadcast. People call ``nn.ops``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import _core
from .._arguments import MAX_AXES, flag, whole_number
from ..data import Array, array
from ..errors import DataError, ShapeError
from ..graph import Node
from ._layer import Layer


class _Operator(Layer):
    """Shapes are checked when it is called, not only when the model is built."""

    def __call__(self, inputs: Node | Sequence[Node]) -> Node:
        node = super().__call__(inputs)
        node.shape  # noqa: B018 - raises ShapeError
        return node


# --- where a graph begins -------------------------------------------------------------------------------------------


class _Values(_Operator):
    def __init__(self, value: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.value = values_of("value", value).tolist()  # as JSON has it

    def __repr__(self) -> str:
        return f"{self.kind}({np.shape(self.value)}, name={self.name!r})"

    def _first_values(self) -> Mapping[str, Array]:
        return {"value": np.array(self.value, np.float64)}


class Variable(_Values):
    """v = W, a trained array, the same for every sample; dW = dv. People call ``nn.variable``."""

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Variable(np.shape(self.value))


class Constant(_Values):
    """v = C, an array that is not trained, the same for every sample: what numbers in an expression become."""

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Constant(np.shape(self.value))


def values_of(argument: str, value: Any) -> Array:
    """Finite numbers that a variable or a constant can hold, as float64."""
    values = array(value, argument).astype(np.float64)
    if values.size == 0 or values.ndim > MAX_AXES:
        raise ShapeError(f"{argument}: expected 1 number or more in at most {MAX_AXES} axes, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise DataError(f"{argument}: expected finite numbers, got {values[~np.isfinite(values)][0]}")
    return values


# --- element by element ---------------------------------------------------------------------------------------------


class _Arithmetic(_Operator):
    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Arithmetic(self.kind)


class Add(_Arithmetic):
    """v = a + b; da = db = dv."""


class Subtract(_Arithmetic):
    """v = a - b; da = dv, db = -dv."""


class Multiply(_Arithmetic):
    """v = a b; da = b dv, db = a dv."""


class Divide(_Arithmetic):
    """v = a / b; da = dv / b, db = -v dv / b."""


class Power(_Arithmetic):
    """v = a^b; da = b a^(b - 1) dv, 0 where b is 0; db = v log(a) dv where a > 0, else 0."""


class Maximum(_Arithmetic):
    """v = max(a, b); da = dv where a >= b, db = dv where a < b."""


class Minimum(_Arithmetic):
    """v = min(a, b); da = dv where a <= b, db = dv where a > b."""


class _Comparison(_Operator):
    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Comparison(self.kind)


class Greater(_Comparison):
    """v = 1 where a > b, else 0; da = db = 0."""


class GreaterEqual(_Comparison):
    """v = 1 where a >= b, else 0; da = db = 0."""


class Less(_Comparison):
    """v = 1 where a < b, else 0; da = db = 0."""


class LessEqual(_Comparison):
    """v = 1 where a <= b, else 0; da = db = 0."""


class _Elementwise(_Operator):
    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Elementwise(self.kind)


class Negative(_Elementwise):
    """v = -u; du = -dv."""


class Exp(_Elementwise):
    """v = exp(u); du = v dv."""


class Log(_Elementwise):
    """v = log(u); du = dv / u."""


class Sqrt(_Elementwise):
    """v = sqrt(u); du = dv / (2 v)."""


class Square(_Elementwise):
    """v = u^2; du = 2 u dv."""


class Abs(_Elementwise):
    """v = abs(u); du = sign(u) dv, 0 where u is 0."""


class Where(_Operator):
    """v = a where c is not 0, else b; da = dv where c is not 0, db = dv elsewhere, dc = 0."""

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Where()


# --- sums and products ----------------------------------------------------------------------------------------------


class Matmul(_Operator):
    """v = a b, a (..., M, K), b (..., K, N), stacks broadcast, (K) is a row or a column; da = dv b^T, db = a^T dv."""

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Matmul()


class _Reduction(_Operator):
    def __init__(self, axis: Any = None, keepdims: bool = False, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = None if axis is None else axes_of("axis", axis)
        self.keepdims = flag("keepdims", keepdims)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Reduction(self.kind, self.axis, self.keepdims)


class Sum(_Reduction):
    """v = sum of u over axes of a sample; du = dv."""


class Mean(_Reduction):
    """v = mean of u over n numbers along axes of a sample; du = dv / n."""


class Max(_Reduction):
    """v = largest of u along axes of a sample; du = dv at the first of the largest, 0 elsewhere."""


# --- elsewhere ------------------------------------------------------------------------------------------------------


class Reshape(_Operator):
    """v = u in another shape of a sample, the numbers in their order; one length may be -1: what is left over."""

    def __init__(self, shape: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.shape = axes_of("shape", shape)
        if any(axis < 1 and axis != -1 for axis in self.shape) or self.shape.count(-1) > 1:
            raise DataError(f"shape: expected lengths >= 1, of which one may be -1, got {tuple(self.shape)}")

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Reshape(self.shape)


class Transpose(_Operator):
    """v = u with the axes of a sample in another order: axis i of v is axis axes[i] of u; by default reversed."""

    def __init__(self, axes: Any = None, name: str | None = None) -> None:
        super().__init__(name)
        self.axes = None if axes is None else axes_of("axes", axes)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Transpose(self.axes)


class Slice(_Operator):
    """v = u[start, start + step, ...] along each axis of a sample; du = dv there, 0 elsewhere.

    Parameters
    ----------
    axes
        (start, length, step) for each axis of a sample
    """

    def __init__(self, axes: Sequence[Sequence[int]], name: str | None = None) -> None:
        super().__init__(name)
        self.axes = [list(axis) for axis in axes]

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Slice(self.axes)


class Concatenate(_Operator):
    """v = operands one behind the other along an axis of a sample; each du = its part of dv."""

    def __init__(self, axis: int = 0, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = whole_number("axis", axis, at_least=-MAX_AXES)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Concatenate(self.axis)


class Gather(_Operator):
    """v = np.take(u, indices, axis) of each sample; du = dv added up over the places of each element."""

    def __init__(self, axis: int = 0, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = whole_number("axis", axis, at_least=-MAX_AXES)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Gather(self.axis)


def axes_of(argument: str, value: Any) -> list[int]:
    """Whole numbers, from one or several; negative ones count from the end."""
    axes = value if isinstance(value, tuple | list) else (value,)
    return [whole_number(argument, axis, at_least=-(2**40)) for axis in axes]
