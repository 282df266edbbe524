"""LastStep and Columns: pieces of what a recurrent layer gives."""

from __future__ import annotations

from .. import _core
from .._arguments import flag, whole_number
from ._layer import Formulas, Layer


class LastStep(Layer):
    """v = u at the last step of each sequence, or at the first; du = dv there, else 0. u (N, T, ...), v (N, ...)."""

    def __init__(self, first: bool = False, name: str | None = None) -> None:
        super().__init__(name)
        self.first = flag("first", first)

    @property
    def formulas(self) -> Formulas:
        """With lengths, each sequence has its own."""
        place = f"the {'first' if self.first else 'last'} step"
        return Formulas((f"v = u at {place}",), (f"du = dv at {place}, else 0",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.LastStep(self.first)


class Columns(Layer):
    """v = columns first ... first + count - 1 of u; du = dv there, 0 elsewhere. u (N, ..., D), v (N, ..., count)."""

    def __init__(self, first: int, count: int, name: str | None = None) -> None:
        super().__init__(name)
        self.first = whole_number("first", first)
        self.count = whole_number("count", count, at_least=1)

    @property
    def formulas(self) -> Formulas:
        """Of the last axis."""
        place = f"columns {self.first} to {self.first + self.count - 1}"
        return Formulas((f"v = {place} of u",), (f"du = dv at {place}, else 0",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Columns(self.first, self.count)
