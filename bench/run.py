"""Compares nncpp with other libraries on the same work; README.md says how."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from time import sleep

from bench.client import Client, UnusableError
from bench.footprint import import_seconds, installed_bytes
from bench.machine import description, peak
from bench.peers import PEERS
from bench.report import Result, Timing, footprint_table, timing_table
from bench.workload import Workload
from bench.workloads import WORKLOADS

# what is compared -> (what the library does, what the peer does)
COMPARISONS = {
    "step in fit": ("epoch", "step"),  # an epoch's share
    "step by call": ("step", "step"),
    "epoch": ("epoch", "epoch"),
}

CHECKED_STEPS = (0, 1, 20)
TOLERANCE = 1e-3  # between the losses after them, relative
PAUSE = 0.01  # seconds before each slice: threads of the other library that still spin go to sleep


@dataclass(frozen=True)
class Method:
    """How many pairs of slices, and how long a slice is."""

    pairs: int = 15
    slice_seconds: float = 0.1


QUICK = Method(pairs=5, slice_seconds=0.05)


def compare(library: Client, peer: Client, workload: Workload, peak_rate: float | None, method: Method) -> Result:
    """The answers first; then, if they agree, the times."""
    try:
        for client in (library, peer):
            client.set_up(workload.name)
    except UnusableError as error:
        return Result(workload.name, library.num_threads, peer.library, problem=str(error))
    losses = [(library.loss(steps), peer.loss(steps)) for steps in CHECKED_STEPS]
    differences = [abs(ours - theirs) / abs(theirs) for ours, theirs in losses]
    result = Result(workload.name, library.num_threads, peer.library, max(differences))
    for steps, (ours, theirs), difference in zip(CHECKED_STEPS, losses, differences, strict=True):
        if not difference <= TOLERANCE:  # or not a number
            problem = f"not timed: loss {theirs:.6f} after {steps} steps, {library.library} {ours:.6f}"
            return replace(result, problem=problem)
    predictions = [f"predict {rows}" for rows in workload.predicted]
    for name, measures in (COMPARISONS | {measure: (measure, measure) for measure in predictions}).items():
        result.timings[name] = time_pairs(
            library, peer, workload=workload, measures=measures, peak_rate=peak_rate, method=method
        )
    return result


def time_pairs(
    library: Client,
    peer: Client,
    *,
    workload: Workload,
    measures: tuple[str, str],
    peak_rate: float | None,
    method: Method,
) -> Timing:
    """Slices of work in turn: library, peer, library, peer, ..."""
    ours, theirs = measures
    our_count = library.count_in(ours, method.slice_seconds)
    their_count = peer.count_in(theirs, method.slice_seconds)
    steps = workload.num_batches if measures == COMPARISONS["step in fit"] else 1
    times = []
    for _ in range(method.pairs):
        sleep(PAUSE)
        our_time = library.seconds(ours, our_count) / (our_count * steps)
        sleep(PAUSE)
        their_time = peer.seconds(theirs, their_count) / their_count
        times.append((our_time, their_time))
    low, middle, high = quantiles((theirs / ours for ours, theirs in times), n=4, method="inclusive")
    return Timing(
        floor=1e6 * workload.work(theirs) / peak_rate if peak_rate else None,
        library=1e6 * median(ours for ours, _ in times),
        peer=1e6 * median(theirs for _, theirs in times),
        ratio=(low, middle, high),
    )


def compare_all(
    library: str,
    peers: list[str],
    workloads: list[Workload],
    peak_rates: dict[int, float | None],
    method: Method,
) -> Iterator[Result]:
    """A result for each number of threads, peer and workload."""
    for threads, peak_rate in peak_rates.items():
        with Client(library, threads) as ours:
            for name in peers:
                try:
                    theirs = Client(name, threads)
                except UnusableError:
                    yield from (Result(workload.name, threads, name, problem="missing") for workload in workloads)
                    continue
                with theirs:
                    for workload in workloads:
                        yield compare(ours, theirs, workload, peak_rate, method)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer and shorter slices: a first impression")
    add("--workload", nargs="+", default=[""], metavar="TEXT", help="those with TEXT in the name (default: all)")
    add("--threads", nargs="+", type=int, default=[1, 2], metavar="N", help="numbers of threads (default: 1 2)")
    add("--peer", nargs="+", choices=PEERS, default=[*PEERS][1:], help="(default: all)")
    add("--library", choices=PEERS, default="nncpp", help="what the peers are compared with (default: nncpp)")
    add("--output", type=Path, default="bench.json", metavar="FILE", help="JSON (default: bench.json)")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    method = QUICK if args.quick else Method()
    machine = description()
    peak_rates = {threads: peak(threads) for threads in args.threads}
    workloads = [workload for workload in WORKLOADS.values() if any(text in workload.name for text in args.workload)]
    results = []
    try:
        for result in compare_all(args.library, args.peer, workloads, peak_rates, method):
            outcome = result.problem or "done"
            print(f"{result.workload}, threads {result.threads}, {result.peer}: {outcome}", file=sys.stderr)
            results.append(result)
    except UnusableError as error:
        sys.exit(f"{args.library}: {error}")

    missing = {result.peer for result in results if result.problem == "missing"}
    present = list(dict.fromkeys(PEERS[name] for name in (args.library, *args.peer) if name not in missing))
    imports = import_seconds(present, rounds=method.pairs)
    sizes = {name: installed_bytes(name) for name in present}
    print(timing_table(args.library, args.peer, results), footprint_table(imports, sizes), sep="\n\n")
    record = {
        "machine": machine,
        "peak_multiply_adds_per_second": peak_rates,
        "method": asdict(method) | {"checked_steps": CHECKED_STEPS, "tolerance": TOLERANCE},
        "library": args.library,
        "results": [asdict(result) for result in results],
        "import_seconds": imports,
        "installed_bytes": sizes,
    }
    args.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
