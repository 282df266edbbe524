"""Bidirectional: a recurrent layer in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .. import _core
from .._arguments import one_of, shown
from ..constraints import Constraint
from ..data import Array
from ..errors import DataError
from ..regularizers import Regularizer
from ._layer import Formulas, Layer
from .recurrent import Recurrent

T = TypeVar("T")

MERGES = {
    "concat": ("f, b side by side", "dv, first half", "dv, second half"),
    "sum": ("f + b", "dv", "dv"),
    "product": ("f b", "b dv", "f dv"),
    "average": ("(f + b) / 2", "dv / 2", "dv / 2"),
}


class Bidirectional(Layer):
    """Two recurrent layers of one sort: one goes from the first step to the last, one from the last to the first.

    u (N, T, D); with ``return_sequences`` v_t is merged from what both say at step t, else v from what each has at its
    end. With "concat" v has 2 H columns, the forward ones first; "sum", "product" and "average" keep H. Parameters are
    forward_weight, ... and backward_weight, ...; du is the sum of both.
    Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Trans. Signal Processing 45, 1997.

    Parameters
    ----------
    layer
        a SimpleRNN, LSTM or GRU, whose options both directions have; neither ``reverse`` nor ``stateful``, and without
        ``return_state``
    merge
        "concat", "sum", "product" or "average"
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for another layer, or a name that there is not
    ShapeError
        when the model is built: for an input that is not (N, T, D)

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Bidirectional(nn.LSTM(16, return_sequences=True), merge="sum").build((7, 5)).output_shape
    (7, 16)
    """

    def __init__(self, layer: Recurrent, merge: str = "concat", name: str | None = None) -> None:
        super().__init__(name)
        if isinstance(layer, Mapping):
            layer = Recurrent.from_config(layer)
        if not isinstance(layer, Recurrent):
            raise TypeError(f"layer: expected a SimpleRNN, LSTM or GRU, got {shown(layer)}")
        if layer.reverse or layer.return_state or layer.stateful is not None:
            raise DataError(f"layer: expected one without reverse, return_state and stateful, got {layer!r}")
        self.layer = layer
        self.merge = one_of("merge", merge, tuple(MERGES))

    @property
    def regularizers(self) -> Mapping[str, Regularizer]:
        """The penalty on each of its parameters that has one, by the parameter's name."""
        return _both(self.layer.regularizers)

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """The constraint on each of its parameters that has one, by the parameter's name."""
        return _both(self.layer.constraints)

    @property
    def formulas(self) -> Formulas:
        """What each direction does is written at ``nn.SimpleRNN``, ``nn.LSTM`` and ``nn.GRU``."""
        kind, (value, forward, backward) = self.layer.kind, MERGES[self.merge]
        return Formulas(
            (
                f"f = {kind} of u from the first step, by W_f",
                f"b = {kind} of u from the last step, by W_b",
                f"v = {value}",
            ),
            (f"df = {forward}", f"db = {backward}", f"du = du of both {kind}s, added"),
            {"W_f": "forward_weight", "W_b": "backward_weight"},
        )

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:
        """Those of both directions."""
        return 2 * self.layer.multiply_adds(input_shape, output_shape)

    def _first_values(self) -> Mapping[str, Array]:
        return _both(self.layer._first_values())

    def _without_chance(self) -> Layer:
        return Layer.from_config({**self.config(), "layer": self.layer._without_chance().config()})

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Bidirectional(self.layer._core(precision), self.layer.reversed()._core(precision), self.merge)


def _both(options: Mapping[str, T]) -> Mapping[str, T]:
    return {f"{direction}_{name}": value for direction in ("forward", "backward") for name, value in options.items()}
