"""LocallyConnected2D and LocallyConnected1D: filters that see a window, other ones at every position."""

from __future__ import annotations

from typing import Any, Unpack

from .. import _core
from ..errors import DataError
from ..initializers import Orthogonal
from ._filters import WindowedFilters, WindowedOptions
from ._layer import Formulas
from ._window import length_of


class LocallyConnected2D(WindowedFilters):
    """v = f(z), z[y, x, k] = b[y, x, k] + sum over i, j, c of u[y S + i - P, x S + j - P, c] W[i, j, c, y, x, k].

    As ``Conv2D``, but nothing is shared: each position has filters of its own, for images where the same thing stands
    in the same place always. u (N, H, W, C), W (F_h, F_w, C, H', W', K), b (H', W', K), v (N, H', W', K): images of one
    size, and H' W' times the weights of ``Conv2D``. W[:, :, :, y, x] are the filters at (y, x); a unit's weights
    are W[:, :, :, y, x, k], and ``weight_constraint`` holds for each of them.

    dz = f'(z) dv;  dW[i, j, c, y, x, k] = sum over n of u dz, db = sum over n of dz; du adds dz W up where z took its u
    from. Taigman, Yang, Ranzato, Wolf, "DeepFace: closing the gap to human-level performance in face verification",
    CVPR 2014.

    Parameters
    ----------
    filters
        number of filters K at each position
    kernel_size, activation, strides, padding, strict
        as for ``Conv2D``
    use_bias, weight_initializer, bias_initializer, weight_regularizer, bias_regularizer, weight_constraint, name
        as for ``Conv2D``, with the same fans; not "orthogonal", which is for one matrix

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those
    ShapeError
        when the model is built: for an input that is no image, or one smaller than the window

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.LocallyConnected2D(4, 3, "relu", strides=2).build((9, 9, 1))
    >>> layer.output_shape, layer.parameters["weight"].shape, layer.parameters["bias"].shape
    ((4, 4, 4), (3, 3, 1, 4, 4, 4), (4, 4, 4))
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        activation: str = "identity",
        *,
        strides: Any = 1,
        padding: Any = "valid",
        **options: Unpack[WindowedOptions],
    ) -> None:
        super().__init__(filters, kernel_size, activation, strides=strides, padding=padding, **options)
        if isinstance(self.weight_initializer, Orthogonal):
            raise DataError(
                "weight_initializer: expected one for filters that stand alone, got orthogonal; use 'glorot_normal'"
            )

    @property
    def formulas(self) -> Formulas:
        """U is u as the window of a position sees it: a row for each sample."""
        return self._formulas(
            "U W",
            weight="U^T {dz}",
            bias="sum over rows of {dz}",
            u="{dz} W^T, added up",
            before=("U = window of u, at each position",),
        )

    @property
    def window(self) -> _core.Window:
        """How the filters stand beside each other."""
        no_gaps = length_of("dilation", 1, self.is_sequence)
        return self._window(self.kernel_size, self.strides, self.padding, no_gaps, self.strict)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.LocallyConnected2D(
            self.filters,
            self.window,
            self.activation,
            self.use_bias,
            self.weight_initializer._core(),
            self.bias_initializer._core(),
        )


class LocallyConnected1D(LocallyConnected2D):
    """v = f(z), z[t, k] = b[t, k] + sum over i, c of u[t S + i - P, c] W[i, c, t, k].

    u (N, T, C), W (F, C, T', K), b (T', K), v (N, T', K): ``LocallyConnected2D`` along sequences of one length.

    Parameters
    ----------
    filters
        number of filters K at each step
    kernel_size, activation, strides, padding, strict
        as for ``Conv1D``
    use_bias, weight_initializer, bias_initializer, weight_regularizer, bias_regularizer, weight_constraint, name
        as for ``LocallyConnected2D``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``LocallyConnected2D``

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.LocallyConnected1D(8, 3, strides=2).build((20, 4))
    >>> layer.output_shape, layer.parameters["weight"].shape
    ((9, 8), (3, 4, 9, 8))
    """

    is_sequence = True
