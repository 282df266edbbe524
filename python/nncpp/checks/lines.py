"""Lines through a point along which a term is looked at: one entry of an array, or a direction of several arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .terms import Term, Vector

DIRECTION = "(direction)"


class Line(Protocol):
    """A way to move some of a term's numbers."""

    @property
    def name(self) -> str:
        """Of the array, or that of a direction."""

    @property
    def index(self) -> tuple[int, ...]:
        """Place in the array; () for a direction."""

    @property
    def scale(self) -> float:
        """By what a step is multiplied."""

    def values(self, offsets: Vector) -> Vector:
        """The term at these offsets; afterwards all is as it was."""

    def claim(self, gradients: Mapping[str, Vector]) -> float:
        """The slope at 0 that these gradients claim."""

    def way(self) -> dict[str, Vector]:
        """By how much each number of each array moves."""


@dataclass(frozen=True)
class Entry:
    """One entry of one array."""

    term: Term
    name: str
    place: int  # in the array as a vector

    @property
    def index(self) -> tuple[int, ...]:
        """Where it is in the array."""
        return tuple(map(int, np.unravel_index(self.place, self.term.arrays[self.name].shape)))

    @property
    def scale(self) -> float:
        """A power of two of about the size of the entry, at least 1."""
        return 2.0 ** max(0, math.frexp(float(self.term.arrays[self.name].flat[self.place]))[1])

    def values(self, offsets: Vector) -> Vector:
        """The term at these offsets."""
        flat, place, value = self.term.arrays[self.name].reshape(-1), self.place, self.term.value
        origin = flat[place]
        try:
            found = []
            for moved in (origin + offsets).tolist():
                flat[place] = moved
                found.append(value())
            return np.array(found)
        finally:
            flat[place] = origin

    def claim(self, gradients: Mapping[str, Vector]) -> float:
        """The gradient's entry."""
        return float(gradients[self.name].reshape(-1)[self.place])

    def way(self) -> dict[str, Vector]:
        """1 in one place."""
        way = np.zeros(self.term.arrays[self.name].shape)
        way.reshape(-1)[self.place] = 1.0
        return {self.name: way}


@dataclass(frozen=True)
class Direction:
    """All entries of several arrays at once, by amounts drawn at random; of length 1."""

    term: Term
    ways: dict[str, Vector]
    name: str = DIRECTION
    index: tuple[int, ...] = ()
    scale: float = 1.0

    def values(self, offsets: Vector) -> Vector:
        """The term at these offsets."""
        with self.term.restored():
            origins = {name: self.term.arrays[name].copy() for name in self.ways}
            found = []
            for offset in offsets.tolist():
                for name, way in self.ways.items():
                    np.add(origins[name], offset * way, out=self.term.arrays[name])
                found.append(self.term.value())
            return np.array(found)

    def claim(self, gradients: Mapping[str, Vector]) -> float:
        """The scalar product with the gradient."""
        return sum(float(np.vdot(gradients[name], way)) for name, way in self.ways.items())

    def way(self) -> dict[str, Vector]:
        """As given."""
        return self.ways


def lines_of(term: Term, gradients: Mapping[str, Vector], samples: int | None, seed: int) -> list[Line]:
    """All entries, or some of each array; and a direction of all arrays that the term wants in it."""
    lines: list[Line] = []
    for number, name in enumerate(term.arrays):
        lines += [Entry(term, name, int(place)) for place in _chosen(gradients[name], samples, seed, number)]
    names = [name for name in term.directional if term.arrays[name].size > 0]
    if names:
        sizes = [term.arrays[name].size for name in names]
        random = _core.normal(seed, "check", len(term.arrays), sum(sizes))
        way = random + np.copysign(1.0, random)  # none far smaller than others, so that each counts
        parts = np.split(way / math.sqrt(np.dot(way, way)), np.cumsum(sizes)[:-1])
        shaped = (part.reshape(term.arrays[name].shape) for name, part in zip(names, parts, strict=True))
        lines.append(Direction(term, dict(zip(names, shaped, strict=True))))
    return lines


def _chosen(gradient: Vector, samples: int | None, seed: int, number: int) -> NDArray[np.int64]:
    """Half of them where the gradient is largest, half at random; in order."""
    if samples is None or gradient.size <= samples:
        return np.arange(gradient.size)
    largest = np.argsort(-np.abs(gradient), axis=None, kind="stable")[: samples // 2]
    order = _core.permutation(seed, "check", number, gradient.size)
    rest = order[~np.isin(order, largest)][: samples - len(largest)]
    return np.sort(np.r_[largest, rest])
