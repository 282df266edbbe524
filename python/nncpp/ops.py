"""Operators on nodes: what a flow graph computes besides layers.

Each gives a node, of which ``shape`` is the shape of one sample; numbers and arrays become constants. Samples broadcast
as in NumPy; batches are aligned at their rows, and an array that is the same for every sample (a variable, a constant,
what is computed from these) goes with all of them. Axes are those of a sample: nothing is ever folded over the rows.
Nodes have the operators of Python too: ``+ - * / @ **``, ``-x``, ``> >= < <=`` and ``x[...]``.

In the formulas dx is the gradient of the loss with respect to x, and dv that of the result; it is summed over what x
repeats along. Where there is no derivative a convention holds, given with the formula.

Raises
------
ShapeError
    if the shapes do not fit; the message has the operator and the shapes
DataError, TypeError
    for an axis, an index or a constant that cannot be used, NaN too, and for what is no node and no array of numbers

Examples
--------
>>> import nncpp as nn
>>> x = nn.variable([1.0, 2.0, 3.0])
>>> value, gradients = nn.value_and_gradients(nn.ops.sum(nn.ops.exp(-x) * [1.0, 0.0, 2.0]), [x])
>>> round(value, 6), gradients[0].round(6)
(0.467454, array([-0.367879, -0.      , -0.099574]))
>>> x + [1.0, 2.0]
Traceback (most recent call last):
nncpp.errors.ShapeError: add: expected shapes that broadcast, got (3,) and (2,)
"""

from collections.abc import Sequence
from typing import Any

from ._arguments import shown
from ._indexing import basic_index
from .data import array
from .errors import DataError
from .graph import Node
from .layers import Activation, operators, rearrangement

__all__ = [
    "abs",
    "add",
    "concatenate",
    "divide",
    "exp",
    "gather",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "power",
    "relu",
    "reshape",
    "sigmoid",
    "slice",
    "softmax",
    "sqrt",
    "square",
    "subtract",
    "sum",
    "tanh",
    "transpose",
    "where",
]


def add(a: Any, b: Any) -> Node:
    """Node v = a + b; da = db = dv."""
    return operators.Add()(_nodes(a=a, b=b))


def subtract(a: Any, b: Any) -> Node:
    """Node v = a - b; da = dv, db = -dv."""
    return operators.Subtract()(_nodes(a=a, b=b))


def multiply(a: Any, b: Any) -> Node:
    """Node v = a b, element by element; da = b dv, db = a dv."""
    return operators.Multiply()(_nodes(a=a, b=b))


def divide(a: Any, b: Any) -> Node:
    """Node v = a / b; da = dv / b, db = -v dv / b."""
    return operators.Divide()(_nodes(a=a, b=b))


def power(a: Any, b: Any) -> Node:
    """Node v = a^b; da = b a^(b - 1) dv, 0 where b is 0; db = v log(a) dv where a > 0, else 0."""
    return operators.Power()(_nodes(a=a, b=b))


def maximum(a: Any, b: Any) -> Node:
    """Node v = max(a, b), element by element; da = dv where a >= b, db = dv where a < b."""
    return operators.Maximum()(_nodes(a=a, b=b))


def minimum(a: Any, b: Any) -> Node:
    """Node v = min(a, b), element by element; da = dv where a <= b, db = dv where a > b."""
    return operators.Minimum()(_nodes(a=a, b=b))


def greater(a: Any, b: Any) -> Node:
    """Node v = 1 where a > b, else 0; da = db = 0."""
    return operators.Greater()(_nodes(a=a, b=b))


def greater_equal(a: Any, b: Any) -> Node:
    """Node v = 1 where a >= b, else 0; da = db = 0."""
    return operators.GreaterEqual()(_nodes(a=a, b=b))


def less(a: Any, b: Any) -> Node:
    """Node v = 1 where a < b, else 0; da = db = 0."""
    return operators.Less()(_nodes(a=a, b=b))


def less_equal(a: Any, b: Any) -> Node:
    """Node v = 1 where a <= b, else 0; da = db = 0."""
    return operators.LessEqual()(_nodes(a=a, b=b))


def where(condition: Any, a: Any, b: Any) -> Node:
    """Node v = a where the condition is not 0, else b; da = dv where it is not 0, db = dv elsewhere, dcondition = 0."""
    if isinstance(condition, bool):
        raise TypeError(
            f"condition: expected a node or an array, got {condition}; of nodes == says if they are the same one"
        )
    return operators.Where()(_nodes(condition=condition, a=a, b=b))


def negative(x: Any) -> Node:
    """Node v = -x; dx = -dv."""
    return operators.Negative()(_nodes(x=x))


def exp(x: Any) -> Node:
    """Node v = exp(x); dx = v dv."""
    return operators.Exp()(_nodes(x=x))


def log(x: Any) -> Node:
    """Node v = log(x), NaN for x < 0; dx = dv / x."""
    return operators.Log()(_nodes(x=x))


def sqrt(x: Any) -> Node:
    """Node v = sqrt(x), NaN for x < 0; dx = dv / (2 v), infinite at 0."""
    return operators.Sqrt()(_nodes(x=x))


def square(x: Any) -> Node:
    """Node v = x^2, element by element; dx = 2 x dv."""
    return operators.Square()(_nodes(x=x))


def abs(x: Any) -> Node:  # noqa: A001
    """Node v = abs(x); dx = sign(x) dv, 0 where x is 0."""
    return operators.Abs()(_nodes(x=x))


def sigmoid(x: Any) -> Node:
    """Node v = 1 / (1 + exp(-x)); dx = v (1 - v) dv."""
    return _activation("sigmoid", x)


def tanh(x: Any) -> Node:
    """Node v = tanh(x); dx = (1 - v^2) dv."""
    return _activation("tanh", x)


def relu(x: Any) -> Node:
    """Node v = max(x, 0); dx = dv where x > 0, else 0."""
    return _activation("relu", x)


def softmax(x: Any) -> Node:
    """Node v_i = exp(x_i) / sum_j exp(x_j) along the last axis of a sample; dx_i = v_i (dv_i - sum_j v_j dv_j)."""
    return _activation("softmax", x)


def log_softmax(x: Any) -> Node:
    """Node v_i = x_i - log sum_j exp(x_j) along the last axis of a sample; dx_i = dv_i - exp(v_i) sum_j dv_j."""
    return _activation("log_softmax", x)


def matmul(a: Any, b: Any) -> Node:
    """Node v = a b, as np.matmul of each sample: a (..., M, K), b (..., K, N), v (..., M, N); da = dv b^T, db = a^T dv.

    Axes before the last two are stacks, which broadcast. a (K) is a row, b (K) a column; v has no such axis then.
    """
    return operators.Matmul()(_nodes(a=a, b=b))


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Node:  # noqa: A001
    """Node v = sum of x over one axis of a sample, several, or all (None); dx = dv. keepdims leaves length 1."""
    return operators.Sum(axis, keepdims)(_nodes(x=x))


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Node:
    """Node v = mean of x over n numbers, along axes as for ``sum``; dx = dv / n."""
    return operators.Mean(axis, keepdims)(_nodes(x=x))


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Node:  # noqa: A001
    """Node v = largest of x along axes as for ``sum``; dx = dv at the first of the largest, 0 elsewhere."""
    return operators.Max(axis, keepdims)(_nodes(x=x))


def reshape(x: Any, shape: Any) -> Node:
    """Node v = x in another shape of a sample, its numbers in their order; one length may be -1: what is left over."""
    return rearrangement.Reshape(shape)(_nodes(x=x))


def transpose(x: Any, axes: Any = None) -> Node:
    """Node v = x with axis axes[i] of a sample as axis i; by default in reverse order."""
    return rearrangement.Transpose(axes)(_nodes(x=x))


def concatenate(values: Sequence[Any], axis: int = 0) -> Node:
    """Node v = the values one behind the other along an axis of a sample; arrays repeat beside values with rows."""
    if not isinstance(values, list | tuple):
        raise TypeError(f"values: expected a list of nodes and arrays, got {shown(values)}")
    return rearrangement.Concatenate(axis)([_node(f"values[{i}]", value) for i, value in enumerate(values)])


def slice(x: Any, index: Any) -> Node:  # noqa: A001
    """Node v = x[index] of each sample: whole numbers, slices, ``...``, None as in NumPy; dx = dv there, else 0."""
    node = _node("x", x)
    axes, shape = basic_index(index, node.shape)
    if axes != [(0, length, 1) for length in node.shape]:
        node = rearrangement.Slice(axes)(node)
    return node if node.shape == shape else rearrangement.Reshape(shape)(node)


def gather(x: Any, indices: Any, axis: int = 0) -> Node:
    """Node v = np.take(x, indices, axis) of each sample; dx = dv added up by element, dindices = 0.

    Indices are whole numbers or a node of such; -1 is the last element. x an array (K, D) and indices with rows (N, T)
    are an embedding (N, T, D).
    """
    node, operator = _node("x", x), rearrangement.Gather(axis)
    if isinstance(indices, Node):
        return operator([node, indices])
    places = array(indices, "indices")
    if places.dtype.kind not in "iu":
        raise TypeError(f"indices: expected whole numbers, got an array of {places.dtype.name}")
    if not -len(node.shape) <= operator.axis < len(node.shape):
        return operator([node, _node("indices", places)])  # refused there
    length = node.shape[operator.axis]
    if places.size and not (-length <= places.min() and places.max() < length):
        wrong = places[(places < -length) | (places >= length)]
        raise DataError(f"indices: expected whole numbers {-length} ... {length - 1}, got {wrong[0]}")
    return operator([node, _node("indices", places)])


def _activation(name: str, x: Any) -> Node:
    node = Activation(name)(_nodes(x=x))
    node.shape  # noqa: B018 - raises ShapeError
    return node


def _nodes(**values: Any) -> list[Node]:
    return [_node(argument, value) for argument, value in values.items()]


def _node(argument: str, value: Any) -> Node:
    if isinstance(value, Node):
        return value
    return operators.Constant(operators.values_of(argument, value))(())
