"""Standardize: raw columns in, columns of mean 0 and deviation 1 out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import _core
from .._arguments import flag
from .._moments import Rows, mean_and_deviation
from ..data import Array
from ._layer import Formulas, Layer


class Standardize(Layer):
    """v = (u - mean) / deviation;  u, v (N, D); mean and deviation (D) are state, saved with the model.

    They come from the training inputs: ``model.adapt(x)``, or the first ``fit``. So the model takes raw columns, and
    test data never take part. It stands directly behind an Input. Columns are read in the model's dtype: a column
    whose deviation is 0 there has deviation 1, also where float64 would tell its numbers apart and float32 does not.
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3.

    Parameters
    ----------
    with_deviation
        False only subtracts the mean: every deviation is 1
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for with_deviation that is not True or False. From ``adapt`` and ``fit``: DataError if mean or deviation is not
        finite, or if it does not stand behind an Input

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Standardize()])
    >>> model.adapt([[1.0], [3.0]])
    >>> model.predict([[1.0], [3.0], [5.0]]).ravel()
    array([-1.,  1.,  3.], dtype=float32)
    """

    def __init__(self, *, with_deviation: bool = True, name: str | None = None) -> None:
        super().__init__(name)
        self.with_deviation = flag("with_deviation", with_deviation)

    @property
    def formulas(self) -> Formulas:
        """No parameters: mean and deviation are state."""
        return Formulas(("v = (u - m) / d",), ("du = dv / d",), {"m": "mean", "d": "deviation"})

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:  # noqa: ARG002
        """One for each output: a scale and a shift."""
        return math.prod(output_shape)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Standardize()

    def _fitted_state(self, arrays: Sequence[Rows], dtype: str) -> Mapping[str, Array]:
        mean, deviation = mean_and_deviation(arrays, dtype)
        return {"mean": mean, "deviation": deviation if self.with_deviation else np.ones_like(deviation)}
