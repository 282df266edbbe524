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

    def _without_chance(self) -> Layer:
        return type(self)(0.0, name=self.name)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Dropout(self.rate)


class SpatialDropout2D(Dropout):
    """Training: v = m u / (1 - rate), m (N, C): a whole channel of an image is kept or dropped. Prediction: v = u.

    u, v (N, H, W, C). Pixels beside each other say much the same, so that ``Dropout`` of single numbers leaves most of
    a channel's content in place; each m is for all pixels of one channel of one sample.
    Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", CVPR 2015.

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
    ShapeError
        when the model is built: for an input that is no image

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> v = nn.SpatialDropout2D(0.5).build((4, 4, 100)).forward(np.ones((1, 4, 4, 100)), training=True)
    >>> bool((v == v[:, :1, :1]).all()), bool((v == 0).any()), float(v.max())
    (True, True, 2.0)
    """

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.SpatialDropout2D(self.rate)


class SpatialDropout1D(Dropout):
    """Training: v = m u / (1 - rate), m (N, C): a whole channel of a sequence is kept or dropped. Prediction: v = u.

    u, v (N, T, C): ``SpatialDropout2D`` of an image of one row.

    Parameters
    ----------
    rate, name
        as for ``SpatialDropout2D``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``SpatialDropout2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.SpatialDropout1D(0.5).build((3, 1)).forward([[[1.0], [2.0], [3.0]]])[0, :, 0]
    array([1., 2., 3.], dtype=float32)
    """

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.SpatialDropout1D(self.rate)
