"""Dropout: in training, numbers are set to 0 at random."""

from __future__ import annotations

from .. import _core
from .._arguments import number
from ._layer import Formulas, Layer


class Dropout(Layer):
    """Training: v = m u / (1 - rate), each m_i = 0 with probability ``rate``, else 1. Prediction: v = u.

    u, v, m (N, ...). m is a function of seed, layer, step and index, so training can be repeated bit for bit.
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15, 2014; scaled in training.

    Parameters
    ----------
    rate
        probability of dropping, in [0, 1)
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        unless rate is a number in [0, 1)

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Dropout(0.5).build((4,)).forward([[1.0, 2.0, 3.0, 4.0]])
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    def __init__(self, rate: float, name: str | None = None) -> None:
        super().__init__(name)
        self.rate = number("rate", rate, "[0, 1)")

    @property
    def formulas(self) -> Formulas:
        """In prediction nothing is dropped."""
        return Formulas(("v = u",), ("du = dv",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Dropout(self.rate)
