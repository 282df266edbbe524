"""Operators of the flow graph: layers that also take arrays without rows, and broadcast. People call ``nn.ops``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import _core
from .._arguments import MAX_AXES, flag, whole_number
from ..data import Array, array
from ..errors import DataError, ShapeError
from ..graph import Node
from ._layer import Formulas, Layer


class Operator(Layer):
    """Base of all operators. Shapes are checked when it is called, not only when the model is built.

    Attributes
    ----------
    _terms
        what v is, then the gradient of each operand, where it does not repeat
    """

    _terms: ClassVar[tuple[str, ...]] = ()

    def __call__(self, inputs: Node | Sequence[Node]) -> Node:
        """The node that it computes from other nodes. Raises TypeError for anything else, and ShapeError."""
        node = super().__call__(inputs)
        node.shape  # noqa: B018 - raises ShapeError
        return node

    @property
    def formulas(self) -> Formulas:
        """Of the operands u, or u1, u2, ..."""
        if not self._terms:
            return super().formulas
        value, *gradients = self._terms
        names = [f"du{i}" for i, _ in enumerate(gradients, 1)] if len(gradients) > 1 else ["du"]
        lines = tuple(f"{name} = {gradient}" for name, gradient in zip(names, gradients, strict=True))
        return Formulas((f"v = {value}",), lines)


# --- where a graph begins -------------------------------------------------------------------------------------------


class _Values(Operator):
    def __init__(self, value: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.value = values_of("value", value).tolist()  # as JSON has it

    def __repr__(self) -> str:
        return f"{self.kind}({np.shape(self.value)}, name={self.name!r})"

    def _first_values(self) -> Mapping[str, Array]:
        return {"value": np.array(self.value, np.float64)}


class Variable(_Values):
    """v = W, a trained array, the same for every sample; dW = dv. People call ``nn.variable``."""

    @property
    def formulas(self) -> Formulas:
        """It is the value, and its gradient that of the node."""
        return Formulas(("v = W",), ("dW = dv",), {"W": "value"})

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Variable(np.shape(self.value))


class Constant(_Values):
    """v = C, an array that is not trained, the same for every sample: what numbers in an expression become."""

    @property
    def formulas(self) -> Formulas:
        """It has no gradient that anything would take."""
        return Formulas(("v = C",), (), {"C": "value"})

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


class _Arithmetic(Operator):
    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Arithmetic(self.kind)


class _Several(_Arithmetic):
    """One operation on two operands; several are taken from the left."""

    def __call__(self, inputs: Node | Sequence[Node]) -> Node:
        if isinstance(inputs, list | tuple) and len(inputs) > 2:
            return super().__call__([self(inputs[:-1]), inputs[-1]])
        return super().__call__(inputs)


class Add(_Several):
    """v = a + b, element by element; da = db = dv. Of more operands v = a + b + c + ...

    Samples broadcast as in NumPy, (H, W, C) and (1, 1, C) say, and gradients are summed over what repeats. A sum of an
    input and what layers make of it is a residual connection: He, Zhang, Ren, Sun, "Deep residual learning for image
    recognition", CVPR 2016.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    ShapeError
        when it is called: for shapes that do not broadcast, and for one operand

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> x = nn.Input((8, 8, 16))
    >>> model = nn.Model(x, nn.Add()([x, nn.Conv2D(16, 3, "relu", padding="same")(x)]))
    >>> model.predict(np.zeros((2, 8, 8, 16))).shape
    (2, 8, 8, 16)
    """

    _terms = "u1 + u2", "dv", "dv"


class Subtract(_Arithmetic):
    """v = a - b; da = dv, db = -dv."""

    _terms = "u1 - u2", "dv", "-dv"


class Multiply(_Several):
    """v = a b, element by element; da = b dv, db = a dv. Of more operands v = a b c ...

    Samples broadcast as in NumPy, (H, W, C) and (1, 1, C) say, and gradients are summed over what repeats. With an
    operand in (0, 1) it is a gate.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    ShapeError
        when it is called: for shapes that do not broadcast, and for one operand

    Examples
    --------
    >>> import nncpp as nn
    >>> x = nn.Input(3)
    >>> gate = nn.Dense(3, "sigmoid", weight_initializer="zeros")(x)
    >>> nn.Model(x, nn.Multiply()([x, gate])).predict([[1.0, 2.0, 4.0]])
    array([[0.5, 1. , 2. ]], dtype=float32)
    """

    _terms = "u1 u2", "u2 dv", "u1 dv"


class Divide(_Arithmetic):
    """v = a / b; da = dv / b, db = -v dv / b."""

    _terms = "u1 / u2", "dv / u2", "-v dv / u2"


class Power(_Arithmetic):
    """v = a^b; da = b a^(b - 1) dv, 0 where b is 0; db = v log(a) dv where a > 0, else 0."""

    _terms = "u1^u2", "u2 u1^(u2 - 1) dv, 0 where u2 is 0", "v log(u1) dv where u1 > 0, else 0"


class Maximum(_Arithmetic):
    """v = max(a, b); da = dv where a >= b, db = dv where a < b."""

    _terms = "max(u1, u2)", "dv where u1 >= u2, else 0", "dv where u1 < u2, else 0"


class Minimum(_Arithmetic):
    """v = min(a, b); da = dv where a <= b, db = dv where a > b."""

    _terms = "min(u1, u2)", "dv where u1 <= u2, else 0", "dv where u1 > u2, else 0"


class _Comparison(Operator):
    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Comparison(self.kind)


class Greater(_Comparison):
    """v = 1 where a > b, else 0; da = db = 0."""

    _terms = "1 where u1 > u2, else 0", "0", "0"


class GreaterEqual(_Comparison):
    """v = 1 where a >= b, else 0; da = db = 0."""

    _terms = "1 where u1 >= u2, else 0", "0", "0"


class Less(_Comparison):
    """v = 1 where a < b, else 0; da = db = 0."""

    _terms = "1 where u1 < u2, else 0", "0", "0"


class LessEqual(_Comparison):
    """v = 1 where a <= b, else 0; da = db = 0."""

    _terms = "1 where u1 <= u2, else 0", "0", "0"


class _Elementwise(Operator):
    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Elementwise(self.kind)


class Negative(_Elementwise):
    """v = -u; du = -dv."""

    _terms = "-u", "-dv"


class Exp(_Elementwise):
    """v = exp(u); du = v dv."""

    _terms = "exp(u)", "v dv"


class Log(_Elementwise):
    """v = log(u); du = dv / u."""

    _terms = "log(u)", "dv / u"


class Sqrt(_Elementwise):
    """v = sqrt(u); du = dv / (2 v)."""

    _terms = "sqrt(u)", "dv / (2 v)"


class Square(_Elementwise):
    """v = u^2; du = 2 u dv."""

    _terms = "u^2", "2 u dv"


class Abs(_Elementwise):
    """v = abs(u); du = sign(u) dv, 0 where u is 0."""

    _terms = "abs(u)", "sign(u) dv"


class Where(Operator):
    """v = a where c is not 0, else b; da = dv where c is not 0, db = dv elsewhere, dc = 0."""

    _terms = "u2 where u1 is not 0, else u3", "0", "dv where u1 is not 0, else 0", "dv where u1 is 0, else 0"

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Where()


# --- sums and products ----------------------------------------------------------------------------------------------


class Matmul(Operator):
    """v = a b, a (..., M, K), b (..., K, N), stacks broadcast, (K) is a row or a column; da = dv b^T, db = a^T dv."""

    _terms = "matrix product of u1, u2", "dv u2^T", "u1^T dv"

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """K for each output."""
        return math.prod(output_shape) * int(input_shape[0][-1])

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Matmul()


class _Reduction(Operator):
    def __init__(self, axis: Any = None, keepdims: bool = False, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = None if axis is None else axes_of("axis", axis)
        self.keepdims = flag("keepdims", keepdims)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Reduction(self.kind, self.axis, self.keepdims)


class Sum(_Reduction):
    """v = sum of u over axes of a sample; du = dv."""

    _terms = "sum of u", "dv at all that went into each sum"


class Mean(_Reduction):
    """v = mean of u over n numbers along axes of a sample; du = dv / n."""

    _terms = "mean of u over n numbers", "dv / n at all that went into each mean"


class Max(_Reduction):
    """v = largest of u along axes of a sample; du = dv at the first of the largest, 0 elsewhere."""

    _terms = "largest of u", "dv at the first of the largest, else 0"


def axes_of(argument: str, value: Any) -> list[int]:
    """Whole numbers, from one or several; negative ones count from the end."""
    axes = value if isinstance(value, tuple | list) else (value,)
    return [whole_number(argument, axis, at_least=-(2**40)) for axis in axes]
