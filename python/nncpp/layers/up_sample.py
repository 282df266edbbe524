"""UpSample2D and UpSample1D: every pixel, or step, several times."""

from __future__ import annotations

from typing import Any

from .. import _core
from ._layer import Formulas, Layer
from ._window import length_of


class UpSample2D(Layer):
    """v[y, x, c] = u[y / S_h, x / S_w, c], rounded down: pixels repeated;  du = sum of dv over the copies of a pixel.

    u (N, H, W, C), v (N, S_h H, S_w W, C). Nearest neighbour: S_h copies down and S_w across, none in between. Behind a
    ``Conv2D`` it takes the place of a transposed one, without its checkerboards: Odena, Dumoulin, Olah, "Deconvolution
    and checkerboard artifacts", Distill, 2016.

    Parameters
    ----------
    size
        S, a whole number or (rows, columns)
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a size that is not one of those
    ShapeError
        when the model is built: for an input that is no image

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.UpSample2D((2, 3)).build((1, 2, 1)).forward([[[[1.0], [2.0]]]])[0, :, :, 0]
    array([[1., 1., 1., 2., 2., 2.],
           [1., 1., 1., 2., 2., 2.]], dtype=float32)
    """

    is_sequence = False

    def __init__(self, size: Any = 2, name: str | None = None) -> None:
        super().__init__(name)
        self.size = length_of("size", size, self.is_sequence)

    @property
    def formulas(self) -> Formulas:
        """Each number is handed on several times."""
        return Formulas(("v = u, each pixel or step repeated",), ("du = sum of dv over the copies of each",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.UpSample2D((1, self.size) if self.is_sequence else self.size, self.is_sequence)


class UpSample1D(UpSample2D):
    """v[t, c] = u[t / S, c], rounded down: ``UpSample2D`` of a sequence;  du = sum of dv over the copies of a step.

    u (N, T, C), v (N, S T, C).

    Parameters
    ----------
    size
        S, a whole number
    name
        unique in a model

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``UpSample2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.UpSample1D(2).build((3, 1)).forward([[[1.0], [2.0], [3.0]]])[0, :, 0]
    array([1., 1., 2., 2., 3., 3.], dtype=float32)
    """

    is_sequence = True
