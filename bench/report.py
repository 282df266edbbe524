"""Results as records for JSON and as Markdown tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from bench.workloads import WORKLOADS


@dataclass(frozen=True)
class Timing:
    """Medians in microseconds; quartiles of peer time / library time over the pairs of slices."""

    floor: float | None
    library: float
    peer: float
    ratio: tuple[float, float, float]


@dataclass(frozen=True)
class Result:
    """One workload, one peer: the timings by measure, or the reason why there are none."""

    workload: str
    threads: int
    peer: str
    loss_difference: float | None = None  # relative, the largest
    timings: dict[str, Timing] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Usage:
    """The most bytes resident in a process that trains a net, and how many of them came after the import."""

    net: str
    batch_size: int
    peer: str
    peak: int
    added: int


def timing_table(library: str, peers: list[str], results: list[Result]) -> str:
    """Times in microseconds: a row for each measure, a column for each peer."""
    groups: dict[tuple[str, int], dict[str, Result]] = {}  # (workload, threads) -> peer -> result
    for result in sorted(results, key=lambda result: list(WORKLOADS).index(result.workload)):
        groups.setdefault((result.workload, result.threads), {})[result.peer] = result
    rows = []
    for (workload, threads), group in groups.items():
        measures = next((result.timings for result in group.values() if result.timings), ["-"])
        for measure in measures:
            timings = [result.timings[measure] for result in group.values() if result.timings]
            cells = [_comparison(group[peer], measure) for peer in peers]
            rows.append((workload, str(threads), measure, *_library_time(timings), *cells))
    return _table(("workload", "threads", "what", "floor", library, "share", *peers), rows)


def footprint_table(import_seconds: dict[str, float], installed_bytes: dict[str, int]) -> str:
    rows = [(name, f"{seconds:.3f}", _number(installed_bytes[name] / 1e6)) for name, seconds in import_seconds.items()]
    return _table(("library", "import after NumPy, s", "installed, MB"), rows)


def memory_table(usages: list[Usage]) -> str:
    rows = [
        (usage.net, str(usage.batch_size), usage.peer, *(_number(n / 1e6) for n in (usage.peak, usage.added)))
        for usage in usages
    ]
    return _table(("net", "batch", "library", "peak, MB", "above import, MB"), rows)


def _library_time(timings: list[Timing]) -> tuple[str, str, str]:
    """The floor, the library's time, and the floor's share of it."""
    if not timings:
        return "-", "-", "-"
    time, floor = median(timing.library for timing in timings), timings[0].floor
    if floor is None:
        return "-", _number(time), "-"
    return _number(floor), _number(time), f"{floor / time:.0%}"


def _comparison(result: Result, measure: str) -> str:
    """The peer's time, then how many of the library's times it is: median (lower quartile-upper quartile)."""
    if result.problem:
        return result.problem
    timing = result.timings[measure]
    low, middle, high = map(_number, timing.ratio)
    return f"{_number(timing.peer)}: {middle}x ({low}-{high})"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def _number(value: float) -> str:
    """Three significant digits, and all of those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".removesuffix(".")
