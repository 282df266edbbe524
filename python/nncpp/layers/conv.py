"""Conv2D and Conv1D: filters that see a window of an image or a sequence, the same ones everywhere."""

from __future__ import annotations

from typing import Any, Unpack

from .. import _core
from .._arguments import whole_number
from ..errors import DataError
from ._filters import WindowedFilters, WindowedOptions
from ._window import length_of


class Conv2D(WindowedFilters):
    """v = f(z), z[y, x, k] = b[k] + sum over i, j, c of u[y S + i D - P, x S + j D - P, c] W[i, j, c, k].

    u (N, H, W, C), W (F_h, F_w, C / G, K), b (K), v (N, H', W', K): K filters of F_h x F_w with strides S, dilation D
    and padding P by rows and columns, H' = (H - D (F_h - 1) - 1 + P_top + P_bottom) / S + 1, rounded down. Outside of
    the image u = 0. Filters are not turned over (a cross-correlation). With G groups, filters k of group g see the
    channels c of group g only; G = C is a depthwise convolution.

    dz = f'(z) dv;  dW[i, j, c, k] = sum over n, y, x of u dz, db = sum over n, y, x of dz; du adds dz W up where z took
    its u from. LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE
    86, 1998.

    Parameters
    ----------
    filters
        number of filters K
    kernel_size
        F, a whole number or (rows, columns)
    activation
        f, by a name of ``nn.Activation``
    strides, dilation
        S and D, a whole number or (rows, columns)
    padding
        "valid": none. "same": H' = H and W' = W, with (V S - V - S + F) / 2 zeros at each end of an axis of V pixels,
        the odd one after; also for strides above 1, where Keras means V / S pixels. Or zeros at each side: a whole
        number, (rows, columns), ((top, bottom), (left, right))
    groups
        G, a divisor of C and K
    strict
        True: rows and columns that the last step would not reach are a ShapeError; ``summary`` marks them otherwise
    use_bias, weight_initializer, bias_initializer, weight_regularizer, bias_regularizer, weight_constraint
        as for ``Dense``; the fans are those of a window, F_h F_w C / G and F_h F_w K / G
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those
    ShapeError
        when the model is built: for an input that is no image, one smaller than the filter, or channels that the groups
        do not divide

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Conv2D(6, 5, "relu", padding=2).build((28, 28, 1)).output_shape
    (28, 28, 6)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        activation: str = "identity",
        *,
        strides: Any = 1,
        padding: Any = "valid",
        dilation: Any = 1,
        groups: int = 1,
        **options: Unpack[WindowedOptions],
    ) -> None:
        super().__init__(filters, kernel_size, activation, strides=strides, padding=padding, **options)
        self.dilation = length_of("dilation", dilation, self.is_sequence)
        self.groups = whole_number("groups", groups, at_least=1)
        if self.filters % self.groups != 0:
            raise DataError(f"groups: expected a divisor of the {self.filters} filters, got {self.groups}")

    @property
    def window(self) -> _core.Window:
        """How the filters move."""
        return self._window(self.kernel_size, self.strides, self.padding, self.dilation, self.strict)

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """F_h F_w C / G for each output, those with zeros of the padding too."""
        return super().multiply_adds(input_shape, output_shape) // self.groups

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Conv2D(
            self.filters,
            self.window,
            self.groups,
            self.activation,
            self.use_bias,
            self.weight_initializer._core(),
            self.bias_initializer._core(),
        )


class Conv1D(Conv2D):
    """v = f(z), z[t, k] = b[k] + sum over i, c of u[t S + i D - P, c] W[i, c, k]: ``Conv2D`` along a sequence.

    u (N, T, C), W (F, C / G, K), b (K), v (N, T', K), T' = (T - D (F - 1) - 1 + P_before + P_after) / S + 1, rounded
    down. Waibel, Hanazawa, Hinton, Shikano, Lang, "Phoneme recognition using time-delay neural networks", IEEE Trans.
    Acoustics, Speech, Signal Processing 37, 1989.

    Parameters
    ----------
    filters, kernel_size, activation, strides, dilation, groups, strict
        as for ``Conv2D``, one whole number each
    padding
        "valid", "same", or zeros at each end: a whole number, (before, after)
    use_bias, weight_initializer, bias_initializer, weight_regularizer, bias_regularizer, weight_constraint, name
        as for ``Conv2D``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``Conv2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Conv1D(8, 3, strides=2).build((20, 4)).output_shape
    (9, 8)
    """

    is_sequence = True
