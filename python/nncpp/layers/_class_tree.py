"""Binary trees whose leaves are classes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._arguments import shown, whole_number
from ..errors import DataError

Tree: TypeAlias = "int | tuple[Tree, Tree]"  # a class, or (left, right)
Numbers: TypeAlias = NDArray[np.int64]

MOST_LEVELS = 200  # of a nested tree: so deep may JSON nest


class ClassTree(NamedTuple):
    """The classes from left to right, and the inner nodes: each before its left subtree, that before its right one.

    Attributes
    ----------
    leaves
        (V) the class at each place
    splits
        (V - 1) by node: the first place on its right
    """

    leaves: Numbers
    splits: Numbers

    @classmethod
    def of(cls, tree: Tree) -> Self:
        """The same of nested pairs."""
        leaves: list[int] = []
        splits: list[int] = []
        rest: list[tuple[Tree, int | None]] = [(tree, None)]  # what is to be met, and whose right side it begins
        while rest:
            part, node = rest.pop()
            if node is not None:
                splits[node] = len(leaves)
            if isinstance(part, tuple):
                rest += [(part[1], len(splits)), (part[0], None)]
                splits.append(0)
            else:
                leaves.append(part)
        return cls(np.array(leaves, np.int64), np.array(splits, np.int64))

    def levels(self) -> Iterator[tuple[Numbers, Numbers, NDArray[np.bool_]]]:
        """From the root down: places of the leaves that lie deeper, the node each meets there, is it on its left."""
        places = np.arange(len(self.leaves))
        node, first, end = np.zeros_like(places), np.zeros_like(places), np.full_like(places, len(places))
        while len(places) > 0:
            split = self.splits[node]
            is_left = places < split
            yield places, node, is_left
            node = np.where(is_left, node + 1, node + split - first)
            first, end = np.where(is_left, first, split), np.where(is_left, split, end)
            goes_on = end - first > 1
            places, node, first, end = (values[goes_on] for values in (places, node, first, end))


def balanced(first: int, end: int) -> Tree:
    """Classes first ... end - 1, as many on both sides everywhere, or one more on the left."""
    if end - first == 1:
        return first
    middle = (first + end + 1) // 2
    return balanced(first, middle), balanced(middle, end)


def huffman(counts: list[float]) -> Tree:
    """The tree of least mean depth, (sum over classes of count times depth); of two alike the class, or older, first.

    Huffman, "A method for the construction of minimum-redundancy codes", Proceedings of the IRE 40, 1952.
    """
    heap: list[tuple[float, int, Tree]] = [(count, c, c) for c, count in enumerate(counts)]
    heapq.heapify(heap)
    for made in range(len(counts), 2 * len(counts) - 1):
        rare, _, right = heapq.heappop(heap)
        frequent, _, left = heap[0]
        heapq.heapreplace(heap, (rare + frequent, made, (left, right)))
    return heap[0][2]


def nested(tree: Any, level: int = 0) -> Tree:
    """A caller's tree, pairs or lists of two, as tuples of ints; DataError for another form."""
    if not isinstance(tree, tuple | list):
        return whole_number("tree", tree)
    if level == MOST_LEVELS:
        raise DataError(f"tree: expected at most {MOST_LEVELS} levels, got more; counts make trees of any depth")
    if len(tree) != 2:
        raise DataError(f"tree: expected pairs (left, right), got {len(tree)} parts in {shown(tree)}")
    return nested(tree[0], level + 1), nested(tree[1], level + 1)
