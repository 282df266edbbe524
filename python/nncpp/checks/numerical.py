"""Central differences of any function."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import number
from ..errors import ShapeError

Vector = NDArray[np.float64]


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-5) -> Vector:
    """dF/dx by central differences: (f(x + h_i e_i) - f(x - h_i e_i)) / 2 h_i with h_i = h max(1, |x_i|).

    Two calls of `f` for each element; the error is about h^2 f''' / 6 + 1e-16 |f| / h.

    Parameters
    ----------
    f
        function of an array like `x` that returns one number; it gets a float64 copy and may do anything with it
    x
        array of real numbers of any shape; it is not changed
    h
        step, > 0

    Returns
    -------
    array like `x`, float64

    Raises
    ------
    TypeError
        if `x` or what `f` returns is not made of real numbers
    ShapeError
        if `f` returns more than one number
    DataError
        if `h` is not a number > 0

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> nn.numerical_gradient(lambda x: np.sum(x**2), [[1.0, -2.0]]).round(6)
    array([[ 2., -4.]])
    """
    step, point = number("h", h, "(0, inf)"), real_array("x", x)
    gradient = np.empty_like(point)
    for i in np.ndindex(point.shape):
        h_i = step * max(1.0, abs(float(point[i])))
        gradient[i] = (_shifted(f, point, i, h_i) - _shifted(f, point, i, -h_i)) / (2 * h_i)
    return gradient


def _shifted(f: Callable[[Any], Any], point: Vector, i: tuple[int, ...], step: float) -> float:
    moved = point.copy()
    moved[i] += step
    return value_of(f, moved)


def value_of(f: Callable[[Any], Any], x: Vector) -> float:
    """The one number f(x).

    Raises
    ------
    TypeError
        if it is not real
    ShapeError
        if there are several
    """
    value = np.asarray(f(x))
    if value.dtype.kind not in "biuf":
        raise TypeError(f"f: expected it to return a real number, got {value.dtype}")
    if value.size != 1:
        raise ShapeError(f"f: expected it to return one number, got shape {value.shape}")
    return float(value.reshape(()))


def real_array(argument: str, value: Any) -> Vector:
    """A float64 copy.

    Raises
    ------
    TypeError
        if it is not made of real numbers
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{argument}: expected real numbers, got {array.dtype}")
    return np.array(array, np.float64, order="C")
