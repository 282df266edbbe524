"""Adapted layers: those whose state comes from the training inputs, all at once, before the first step."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from .._moments import Rows
from ..data import Array


@runtime_checkable
class Adapted(Protocol):
    """What ``model.adapt`` asks of such a layer. It stands directly behind an Input."""

    def _fitted_state(self, arrays: Sequence[Rows], dtype: str) -> Mapping[str, Array]:
        """Its state by name, from the rows (N, D) of all inputs that it stands behind, as ``dtype`` reads them."""
