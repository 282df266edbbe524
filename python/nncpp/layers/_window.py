"""Arguments of layers that move a window over an image, (N, H, W, C), or over a sequence, (N, T, C)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from .. import _core
from .._arguments import flag, one_of, shown, whole_number
from ..errors import DataError
from ._layer import Layer

MOST = 2**20  # as the core has it


class Windowed(Layer):
    """Base of layers with a window; ``over`` tells where it goes.

    Attributes
    ----------
    is_sequence
        class attribute: samples are (T, C), and the window has one length
    """

    is_sequence = False

    @property
    @abstractmethod
    def window(self) -> _core.Window:
        """How it moves."""

    def over(self, shape: Sequence[int]) -> list[_core.Sweep]:
        """Along rows and columns of a sample of that shape, or along the steps of a sequence.

        Raises
        ------
        ShapeError
            for a sample that is smaller than the window
        """
        rows, columns = self.window.over(shape)
        return [columns] if self.is_sequence else [rows, columns]

    def _window(self, size: Any, strides: Any, padding: Any, dilation: Any, strict: bool) -> _core.Window:
        return window_of(size, strides, padding, dilation, strict=strict, is_sequence=self.is_sequence)


def window_of(size: Any, strides: Any, padding: Any, dilation: Any, *, strict: bool, is_sequence: bool) -> _core.Window:
    """From what length_of(), padding_of() and flag() let pass."""
    zeros = (0, 0) if isinstance(padding, str) else padding
    if is_sequence:
        sides = zeros if isinstance(zeros, list | tuple) else (zeros, zeros)
        both = ((0, 0), (sides[0], sides[1]))
        size, strides, dilation = ((1, value) for value in (size, strides, dilation))
    else:
        axes = zeros if isinstance(zeros, list | tuple) else (zeros, zeros)
        rows, columns = (side if isinstance(side, list | tuple) else (side, side) for side in axes)
        both = ((rows[0], rows[1]), (columns[0], columns[1]))
    return _core.Window(size, strides, dilation, both, padding == "same", strict, is_sequence)


def pair(argument: str, value: Any, at_least: int = 1) -> tuple[int, int]:
    """(rows, columns) from two whole numbers, or from one for both."""
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise DataError(f"{argument}: expected a whole number or (rows, columns), got {shown(value)}")
    rows, columns = (whole_number(argument, entry, at_least=at_least, at_most=MOST) for entry in values)
    return rows, columns


def length_of(argument: str, value: Any, is_sequence: bool) -> Any:
    """Along a sequence one whole number >= 1, along an image (rows, columns)."""
    return whole_number(argument, value, at_least=1, at_most=MOST) if is_sequence else pair(argument, value)


def padding_of(value: Any, is_sequence: bool = False) -> Any:
    """Zeros at each side: "valid", "same", a number, or a number by axis or by end.

    (rows, columns) or ((top, bottom), (left, right)) of images; (before, after) of sequences.
    """
    if isinstance(value, str):
        return one_of("padding", value, ["valid", "same"])
    if not isinstance(value, tuple | list):
        return _zeros(value)
    form = "(before, after)" if is_sequence else "(rows, columns) or ((top, bottom), (left, right))"
    if len(value) != 2 or any(isinstance(side, tuple | list) and (is_sequence or len(side) != 2) for side in value):
        raise DataError(f"padding: expected 'valid', 'same', a whole number or {form}, got {shown(value)}")
    return tuple(tuple(map(_zeros, side)) if isinstance(side, tuple | list) else _zeros(side) for side in value)


def _zeros(value: Any) -> int:
    return whole_number("padding", value, at_most=MOST)


def strict_of(value: object) -> bool:
    """Whether what the window would drop is an error."""
    return flag("strict", value)
