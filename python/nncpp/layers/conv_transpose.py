"""Conv2DTranspose and Conv1DTranspose: filters that every pixel draws, to make an image larger."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from .. import _core
from .._arguments import shown, whole_number
from ..errors import DataError
from ._filters import FilterOptions, Filters
from ._layer import Formulas
from ._window import MOST, length_of, padding_of, pair, window_of


class Conv2DTranspose(Filters):
    """v = f(z), z = b + the transpose of a ``Conv2D``, of the one that would make an image like u from one like v.

    Each u[y, x, c] adds u W[i, j, k, c] to z[y S + i D - P, x S + j D - P, k], where that is in the image.
    u (N, H, W, C), W (F_h, F_w, K, C), which is that of the ``Conv2D``, b (K), v (N, H', W', K): K filters of F_h x F_w
    with strides S, dilation D and padding P by rows and columns,
    H' = (H - 1) S + D (F_h - 1) + 1 - P_top - P_bottom + Q. A ``Conv2D`` with stride S makes one H of S different
    H'; the output padding Q, below S, says which.

    dz = f'(z) dv;  du = the ``Conv2D`` of dz, dW adds dz u up where they met, db = sum over n and pixels of dz.
    Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", CVPR 2010; Dumoulin, Visin, "A guide to convolution
    arithmetic for deep learning", arXiv:1603.07285, 2016, chapter 4.

    Parameters
    ----------
    filters
        number of filters K
    kernel_size
        F, a whole number or (rows, columns)
    activation
        f, by a name of ``nn.Activation``
    strides, dilation
        S and D, a whole number or (rows, columns): how much larger v is, and how far apart a filter's weights are
    padding
        P, what is cut off at each side: "valid": nothing. "same": H' = H S and W' = W S, with D (F - 1) + 1 - S cut
        off in all, the odd one after (where that is below 0, as much is left open after). Or a whole number, (rows,
        columns), ((top, bottom), (left, right))
    output_padding
        Q, a whole number or (rows, columns), below the strides; 0 with "same"
    use_bias, weight_initializer, bias_initializer, weight_regularizer, bias_regularizer
        as for ``Dense``; the fans are F_h F_w C and F_h F_w K
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those
    ShapeError
        when the model is built: for an input that is no image, or padding that leaves nothing of the output

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Conv2DTranspose(6, 3, "relu", strides=2, padding="same").build((7, 7, 16)).output_shape
    (14, 14, 6)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        activation: str = "identity",
        *,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = 0,
        dilation: Any = 1,
        **options: Unpack[FilterOptions],
    ) -> None:
        super().__init__(filters, kernel_size, activation, strides=strides, **self._known(options))
        self.padding = padding_of(padding, self.is_sequence)
        if self.is_sequence:
            self.output_padding: Any = whole_number("output_padding", output_padding, at_most=MOST)
        else:
            self.output_padding = pair("output_padding", output_padding, at_least=0)
        self.dilation = length_of("dilation", dilation, self.is_sequence)
        if np.greater_equal(self.output_padding, self.strides).any():
            raise DataError(
                f"output_padding: expected less than the strides {shown(self.strides)}, got {shown(output_padding)}"
            )
        if self.padding == "same" and np.any(self.output_padding):
            raise DataError(f"output_padding: expected 0 with padding 'same', got {shown(output_padding)}")

    @property
    def formulas(self) -> Formulas:
        """Windows are those of the ``Conv2D``: a row for each pixel of u."""
        return self._formulas(
            "u W^T, added up",
            weight="(windows of {dz})^T u",
            bias="sum over pixels of {dz}",
            u="(windows of {dz}) W",
        )

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """F_h F_w K for each input, those that go to what is cut off too."""
        return int(math.prod(input_shape) * np.prod(self.kernel_size) * output_shape[-1])

    def _core(self, precision: _core.Precision) -> _core.Layer:
        padding, open_ = self._numbers()
        return precision.Conv2DTranspose(
            self.filters,
            window_of(
                self.kernel_size, self.strides, padding, self.dilation, strict=False, is_sequence=self.is_sequence
            ),
            (0, open_) if self.is_sequence else open_,
            self.activation,
            self.use_bias,
            self.weight_initializer._core(),
            self.bias_initializer._core(),
        )

    def _numbers(self) -> tuple[Any, Any]:
        """Padding and output padding, where "same" stands for some."""
        if self.padding != "same":
            return self.padding, self.output_padding
        sizes, strides, dilations = map(np.atleast_1d, (self.kernel_size, self.strides, self.dilation))
        beyond = [int(d * (f - 1) + 1 - s) for f, s, d in zip(sizes, strides, dilations, strict=True)]
        padding = [(more // 2, more - more // 2) if more > 0 else (0, 0) for more in beyond]
        left = [max(-more, 0) for more in beyond]
        return (padding[0], left[0]) if self.is_sequence else (padding, left)


class Conv1DTranspose(Conv2DTranspose):
    """v = f(z), z = b + the transpose of a ``Conv1D``: each u[t, c] adds u W[i, k, c] to z[t S + i D - P, k].

    u (N, T, C), W (F, K, C), b (K), v (N, T', K), T' = (T - 1) S + D (F - 1) + 1 - P_before - P_after + Q.

    Parameters
    ----------
    filters, kernel_size, activation, strides, output_padding, dilation
        as for ``Conv2DTranspose``, one whole number each
    padding
        "valid", "same", or what is cut off at each end: a whole number, (before, after)
    use_bias, weight_initializer, bias_initializer, weight_regularizer, bias_regularizer, name
        as for ``Conv2DTranspose``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``Conv2DTranspose``

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Conv1DTranspose(8, 4, strides=2, padding=1).build((20, 4)).output_shape
    (40, 8)
    """

    is_sequence = True
