"""ZeroPad2D and ZeroPad1D: zeros around an image, or at the ends of a sequence."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._arguments import shown
from ._layer import Formulas
from ._window import Windowed, padding_of


class ZeroPad2D(Windowed):
    """v[y + P_top, x + P_left, c] = u[y, x, c], 0 elsewhere;  du = dv inside of the zeros.

    u (N, H, W, C), v (N, H + P_top + P_bottom, W + P_left + P_right, C). A convolution pads by itself, at no cost; this
    layer is for what comes before something else, or for paddings of several layers in one.

    Parameters
    ----------
    padding
        P, zeros at each side: a whole number, (rows, columns), ((top, bottom), (left, right))
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a padding that is not one of those
    ShapeError
        when the model is built: for an input that is no image

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.ZeroPad2D(((0, 1), (2, 0))).build((1, 2, 1)).forward([[[[1.0], [2.0]]]])[0, :, :, 0]
    array([[0., 0., 1., 2.],
           [0., 0., 0., 0.]], dtype=float32)
    """

    def __init__(self, padding: Any = 1, name: str | None = None) -> None:
        super().__init__(name)
        if isinstance(padding, str):
            raise TypeError(f"padding: expected whole numbers, got {shown(padding)}")
        self.padding = padding_of(padding, self.is_sequence)

    @property
    def formulas(self) -> Formulas:
        """Zeros have no gradient that anything would take."""
        return Formulas(("v = u with zeros around it",), ("du = dv inside of the zeros",))

    @property
    def window(self) -> _core.Window:
        """One pixel, which goes over the padded image."""
        one = 1 if self.is_sequence else (1, 1)
        return self._window(one, one, self.padding, one, strict=False)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.ZeroPad2D(self.window)


class ZeroPad1D(ZeroPad2D):
    """v[t + P_before, c] = u[t, c], 0 elsewhere: ``ZeroPad2D`` of a sequence;  du = dv inside of the zeros.

    u (N, T, C), v (N, T + P_before + P_after, C). With (P, 0) before a ``Conv1D`` of P + 1 steps a convolution sees the
    past only.

    Parameters
    ----------
    padding
        P, zeros at each end: a whole number, (before, after)
    name
        unique in a model

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``ZeroPad2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.ZeroPad1D((2, 0)).build((3, 1)).forward([[[1.0], [2.0], [3.0]]])[0, :, 0]
    array([0., 0., 1., 2., 3.], dtype=float32)
    """

    is_sequence = True
