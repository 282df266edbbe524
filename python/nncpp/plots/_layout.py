"""A place for every node of an acyclic graph: ranks, an order within them in which few edges cross, coordinates.

Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures", IEEE Trans. SMC 11, 1981.
An edge that skips ranks has a slot in each of them, as narrow as a line, so it passes boxes by.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

SWEEPS = 16
GAP = 28.0  # between neighbours in a rank
LANE = 6.0  # the width of a slot
STIFFNESS = 16.0  # of a link that is the only one at both its ends: a chain stays straight


class Layout(NamedTuple):
    """Each node's rank and centre; for each edge (from, to) in the order given the centres of its slots."""

    ranks: list[int]
    centres: list[float]
    bends: list[list[float]]


def layout(widths: Sequence[float], edges: Sequence[tuple[int, int]]) -> Layout:
    """Nodes 0, 1, ... of these widths, each after those it has edges from."""
    ranks = _ranks(len(widths), edges)
    rank_of, sizes = list(ranks), list(widths)
    chains: list[list[int]] = []  # the slots of each edge
    links: list[tuple[int, int]] = []  # between neighbouring ranks
    for start, end in edges:
        chain = list(range(len(sizes), len(sizes) + ranks[end] - ranks[start] - 1))
        rank_of += range(ranks[start] + 1, ranks[end])
        sizes += [LANE] * len(chain)
        links += zip([start, *chain], [*chain, end], strict=True)
        chains.append(chain)
    above: list[list[int]] = [[] for _ in sizes]
    below: list[list[int]] = [[] for _ in sizes]
    for start, end in links:
        above[end].append(start)
        below[start].append(end)
    rows = _ordered(rank_of, above, below)
    centres = _placed(rows, sizes, above, below)
    return Layout(ranks, centres[: len(widths)], [[centres[slot] for slot in chain] for chain in chains])


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The longest way from a source; a source itself stands right before the first node that uses it."""
    ranks = [0] * count
    for start, end in sorted(edges, key=lambda edge: edge[1]):
        ranks[end] = max(ranks[end], ranks[start] + 1)
    for source in set(range(count)) - {end for _, end in edges}:
        ranks[source] = min((ranks[end] - 1 for start, end in edges if start == source), default=0)
    return ranks


def _ordered(ranks: list[int], above: list[list[int]], below: list[list[int]]) -> list[list[int]]:
    """Rows by rank; each node near the mean place of its neighbours, swept down and up, the best order kept."""
    rows: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for node, rank in enumerate(ranks):
        rows[rank].append(node)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    place: dict[int, float] = {node: i for row in rows for i, node in enumerate(row)}
    for sweep in range(SWEEPS):
        is_down = sweep % 2 == 0
        near = above if is_down else below
        for row in rows if is_down else reversed(rows):
            if sweep % 4 > 1:
                row.reverse()  # so that nodes of equal mean change sides
            row.sort(key=lambda node: _mean([place[other] for other in near[node]], place[node]))
            place.update((node, i) for i, node in enumerate(row))
        if (crossings := _crossings(rows, below)) < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _crossings(rows: list[list[int]], below: list[list[int]]) -> int:
    """Pairs of links of which one starts further left and ends further right."""
    total = 0
    place = {node: i for row in rows for i, node in enumerate(row)}
    for row in rows:
        ends: list[int] = []
        for node in row:
            mine = [place[other] for other in below[node]]
            total += sum(len(ends) - bisect_right(ends, end) for end in mine)
            for end in mine:
                insort(ends, end)
    return total


def _placed(rows: list[list[int]], sizes: list[float], above: list[list[int]], below: list[list[int]]) -> list[float]:
    """Centres: each row by least squares towards its neighbours, in its order and without overlap, down and up."""
    centres = [0.0] * len(sizes)
    both = [up + down for up, down in zip(above, below, strict=True)]

    def pull(node: int, other: int) -> float:
        upper, lower = (node, other) if other in below[node] else (other, node)
        return STIFFNESS if len(set(below[upper])) == 1 == len(set(above[lower])) else 1.0

    pulls = [{other: pull(node, other) for other in both[node]} for node in range(len(sizes))]
    for sweep in range(4 * SWEEPS):
        is_down = sweep % 2 == 0
        near = both if sweep >= SWEEPS else above if is_down else below
        for row in rows if is_down else reversed(rows):
            wanted = []
            for node in row:
                weight = sum(pulls[node][other] for other in near[node])
                moment = sum(pulls[node][other] * centres[other] for other in near[node])
                wanted.append(moment / weight if weight else centres[node])
            _place_row(row, wanted, sizes, centres)
    return centres


def _place_row(row: list[int], wanted: list[float], sizes: list[float], centres: list[float]) -> None:
    """Least squares of centre - wanted with x_(i+1) >= x_i + what both need: isotonic, by pooling neighbours."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (sizes[left] + sizes[right]) / 2 + GAP)
    pools: list[tuple[float, int]] = []  # mean, of how many
    for target, offset in zip(wanted, offsets, strict=True):
        mean, count = target - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        pools.append((mean, count))
    places = [mean for mean, count in pools for _ in range(count)]
    for node, x, offset in zip(row, places, offsets, strict=True):
        centres[node] = x + offset


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
