"""Pools: what the windows of an image, or of a sequence, come to, channel by channel."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._arguments import number, shown
from ..errors import DataError
from ._layer import Formulas, Layer
from ._window import Windowed, length_of, padding_of, strict_of

OF_MAX = Formulas(("v = max over the window of u",), ("du = dv where u is the largest, else 0, added up",))
OF_AVERAGE = Formulas(("v = mean over the window of u",), ("du = dv / pixels in the window, added up",))


class _Pool(Windowed):
    """Base of pools with a window."""

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        *,
        strict: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.pool_size = length_of("pool_size", pool_size, self.is_sequence)
        self.strides = None if strides is None else length_of("strides", strides, self.is_sequence)
        self.padding = padding_of(padding, self.is_sequence)
        self.strict = strict_of(strict)
        if not isinstance(self.padding, str):
            sides = self.padding if isinstance(self.padding, tuple) else (self.padding,) * 2
            sizes = self.pool_size if isinstance(self.pool_size, tuple) else (self.pool_size,) * 2
            for side, size in zip(sides, sizes, strict=True):
                if max(side if isinstance(side, tuple) else (side,)) >= size:
                    raise DataError(
                        f"padding: expected less than the window of {size}, which could lie wholly in it, "
                        f"got {shown(padding)}"
                    )

    @property
    def window(self) -> _core.Window:
        """How it moves."""
        strides = self.pool_size if self.strides is None else self.strides
        return self._window(self.pool_size, strides, self.padding, 1 if self.is_sequence else (1, 1), self.strict)


class MaxPool2D(_Pool):
    """v[y, x, c] = max of u[i, j, c] over the pixels i, j of window y, x that lie in the image.

    u (N, H, W, C), v (N, H', W', C), H' = (H - F + P_top + P_bottom) / S + 1, rounded down. Padding is never the
    largest. NaN comes through. du = dv at the largest pixel, of several equal ones at the first in row-major order; 0
    elsewhere; where windows overlap it adds up. For backward only the place in the window is kept, one byte for each
    output, two in windows of more than 256 pixels.

    Usual are F = 2, S = 2, and F = 3, S = 2, where windows overlap. LeCun, Bottou, Bengio, Haffner, "Gradient-based
    learning applied to document recognition", Proc. IEEE 86, 1998.

    Parameters
    ----------
    pool_size
        F, a whole number or (rows, columns)
    strides
        S, a whole number or (rows, columns); None: those of the window, so that windows lie side by side
    padding
        "valid": none. "same": H' = H and W' = W, for strides of 1. Or pixels at each side: a whole number, (rows,
        columns), ((top, bottom), (left, right)), less than the window
    strict
        True: rows and columns that the last step would not reach are a ShapeError; ``summary`` marks them otherwise
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number or an object that is not one of those, and for a padding as long as the window
    ShapeError
        when the model is built: for an input that is no image, or one smaller than the window

    Examples
    --------
    >>> import nncpp as nn
    >>> u = [[[[1.0], [2.0], [7.0]], [[4.0], [3.0], [5.0]]]]
    >>> nn.MaxPool2D(2, strides=1).build((2, 3, 1)).forward(u)[0, :, :, 0]
    array([[4., 7.]], dtype=float32)
    """

    @property
    def formulas(self) -> Formulas:
        """Of each window."""
        return OF_MAX

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.MaxPool2D(self.window)


class MaxPool1D(MaxPool2D):
    """v[t, c] = max of u[i, c] over the steps i of window t that lie in the sequence: ``MaxPool2D`` of a sequence.

    u (N, T, C), v (N, T', C), T' = (T - F + P_before + P_after) / S + 1, rounded down.

    Parameters
    ----------
    pool_size, strides, strict, name
        as for ``MaxPool2D``, one whole number each
    padding
        "valid", "same", or steps at each end: a whole number, (before, after)

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``MaxPool2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.MaxPool1D(2).build((4, 1)).forward([[[1.0], [2.0], [4.0], [3.0]]])[0, :, 0]
    array([2., 4.], dtype=float32)
    """

    is_sequence = True


class AveragePool2D(_Pool):
    """v[y, x, c] = mean of u[i, j, c] over the pixels i, j of window y, x that lie in the image.

    u (N, H, W, C), v (N, H', W', C), H' = (H - F + P_top + P_bottom) / S + 1, rounded down. Padding does not count: at
    the border the mean is of fewer pixels. du = dv / number of those pixels; where windows overlap it adds up.

    Parameters
    ----------
    pool_size, strides, padding, strict, name
        as for ``MaxPool2D``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``MaxPool2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> u = [[[[1.0], [2.0], [6.0]], [[4.0], [3.0], [5.0]]]]
    >>> nn.AveragePool2D(2, strides=1).build((2, 3, 1)).forward(u)[0, :, :, 0]
    array([[2.5, 4. ]], dtype=float32)
    """

    @property
    def formulas(self) -> Formulas:
        """Of each window."""
        return OF_AVERAGE

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.AveragePool2D(self.window)


class AveragePool1D(AveragePool2D):
    """v[t, c] = mean of u[i, c] over the steps i of window t that lie in the sequence: ``AveragePool2D`` of a sequence.

    u (N, T, C), v (N, T', C), T' = (T - F + P_before + P_after) / S + 1, rounded down.

    Parameters
    ----------
    pool_size, strides, padding, strict, name
        as for ``MaxPool1D``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``MaxPool1D``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.AveragePool1D(2).build((4, 1)).forward([[[1.0], [2.0], [4.0], [3.0]]])[0, :, 0]
    array([1.5, 3.5], dtype=float32)
    """

    is_sequence = True


class LpPool2D(_Pool):
    """v[y, x, c] = (sum of |u[i, j, c]|^p)^(1/p) over the pixels i, j of window y, x that lie in the image.

    u (N, H, W, C), v (N, H', W', C), H' = (H - F + P_top + P_bottom) / S + 1, rounded down. With p = 2 the L2 norm of
    the window; p = 1 sums magnitudes, and v nears their maximum as p grows. It is not divided by the number of pixels.
    du = dv sign(u) (|u| / v)^(p - 1), 0 where u = 0; where windows overlap it adds up. Powers are taken in units of the
    largest |u|, so that they neither overflow nor vanish. Sermanet, Chintala, LeCun, "Convolutional neural networks
    applied to house numbers digit classification", ICPR 2012.

    Parameters
    ----------
    pool_size, strides, padding, strict, name
        as for ``MaxPool2D``
    p
        the exponent, at least 1

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``MaxPool2D``, and for a p that is not such a number

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.LpPool2D().build((2, 2, 1)).forward([[[[3.0], [0.0]], [[-4.0], [0.0]]]])[0, :, :, 0]
    array([[5.]], dtype=float32)
    """

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        *,
        p: float = 2.0,
        strict: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(pool_size, strides, padding, strict=strict, name=name)
        self.p = number("p", p, "[1, inf)")

    @property
    def formulas(self) -> Formulas:
        """Of each window."""
        p, slope = f"{self.p:g}", "u / v" if self.p == 2 else f"sign(u) (|u| / v)^{self.p - 1:g}"
        return Formulas((f"v = (sum over the window of |u|^{p})^(1/{p})",), (f"du = dv {slope}, added up",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.LpPool2D(self.window, self.p)


class GlobalMaxPool2D(Layer):
    """v[c] = max of u[i, j, c] over all pixels: whether something is anywhere in the image.

    u (N, H, W, C), v (N, C). du = dv at the largest pixel, of several equal ones at the first, 0 elsewhere. NaN comes
    through.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    ShapeError
        when the model is built: for an input that is no image

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.GlobalMaxPool2D().build((1, 2, 2)).forward([[[[1.0, 4.0], [3.0, 2.0]]]])
    array([[3., 4.]], dtype=float32)
    """

    is_sequence = False

    @property
    def formulas(self) -> Formulas:
        """The window is the image."""
        return OF_MAX

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.GlobalMaxPool2D(self.is_sequence)


class GlobalMaxPool1D(GlobalMaxPool2D):
    """v[c] = max of u[i, c] over all steps: ``GlobalMaxPool2D`` of a sequence.

    u (N, T, C), v (N, C).

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    ShapeError
        when the model is built: for an input that is no sequence

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.GlobalMaxPool1D().build((2, 2)).forward([[[1.0, 4.0], [3.0, 2.0]]])
    array([[3., 4.]], dtype=float32)
    """

    is_sequence = True


class GlobalAveragePool2D(Layer):
    """v[c] = mean of u[i, j, c] over all pixels: an image of any size becomes C numbers.

    u (N, H, W, C), v (N, C). du = dv / (H W). Lin, Chen, Yan, "Network in network", ICLR 2014.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    ShapeError
        when the model is built: for an input that is no image

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.GlobalAveragePool2D().build((1, 2, 2)).forward([[[[1.0, 4.0], [3.0, 2.0]]]])
    array([[2., 3.]], dtype=float32)
    """

    is_sequence = False

    @property
    def formulas(self) -> Formulas:
        """The window is the image."""
        return OF_AVERAGE

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.GlobalAveragePool2D(self.is_sequence)


class GlobalAveragePool1D(GlobalAveragePool2D):
    """v[c] = mean of u[i, c] over all steps: ``GlobalAveragePool2D`` of a sequence.

    u (N, T, C), v (N, C). du = dv / T.

    Parameters
    ----------
    name
        unique in a model

    Raises
    ------
    ShapeError
        when the model is built: for an input that is no sequence

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.GlobalAveragePool1D().build((2, 2)).forward([[[1.0, 4.0], [3.0, 2.0]]])
    array([[2., 3.]], dtype=float32)
    """

    is_sequence = True
