"""Whiten: raw columns in, uncorrelated columns of variance 1 out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import _core
from .._arguments import number, one_of
from .._moments import WHITENING_METHODS, Rows, principal_directions
from ..data import Array
from ._layer import Formulas, Layer


class Whiten(Layer):
    """v = (u - mean) M;  u, v (N, D); mean (D) and matrix M (D, D) are state, saved with the model.

    They come from the training inputs: ``model.adapt(x)``, or the first ``fit``; v then has mean 0 and covariance I.
    M is fitted as in ``nn.preprocessing.Whitener``. It stands directly behind an Input. du = dv M^T.
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3.

    Parameters
    ----------
    method
        "pca": columns of v are principal directions, by falling variance in u; "zca": columns of v are as near to
        those of u as whitening allows
    epsilon
        floor: a direction whose deviation is at most epsilon times the largest gives 0, in [0, 1)
    name
        unique in a model

    Raises
    ------
    ShapeError, DataError, TypeError
        for a method that there is not, an epsilon outside [0, 1). From ``adapt`` and ``fit``: for fewer than 2 rows,
        for numbers that are not finite, or if it does not stand behind an Input

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> x = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0], [4.0, 4.0]])
    >>> model = nn.Sequential([nn.Input(2), nn.Whiten()], dtype="float64")
    >>> model.adapt(x)
    >>> bool(np.allclose(np.cov(model.predict(x).T), np.eye(2)))
    True
    """

    def __init__(self, *, method: str = "pca", epsilon: float = 1e-6, name: str | None = None) -> None:
        super().__init__(name)
        self.method = one_of("method", method, WHITENING_METHODS)
        self.epsilon = number("epsilon", epsilon, "[0, 1)")

    @property
    def formulas(self) -> Formulas:
        """No parameters: mean and matrix are state."""
        return Formulas(("v = (u - m) M",), ("du = dv M^T",), {"m": "mean", "M": "matrix"})

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """D for each output."""
        return math.prod(output_shape) * int(input_shape[-1])

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Whiten()

    def _fitted_state(self, arrays: Sequence[Rows], dtype: str) -> Mapping[str, Array]:
        principal = principal_directions(arrays, dtype, self.epsilon)
        return {"mean": principal.mean, "matrix": principal.whitened(np.eye(len(principal.mean)), self.method)}
