"""One library in one process: reads a request a line from standard input, writes an answer a line, both JSON.

    {"command": "setup", "workload": NAME}                  -> {} or {"error": what the library lacks}
    {"command": "loss", "steps": K}                         -> {"loss": L}
    {"command": "time", "measure": MEASURE, "count": N}     -> {"seconds": S}
    {"command": "memory", "workload": NAME, "batch_size": N, "steps": K}
                                                            -> {"imported": BYTES, "peak": BYTES} or {"error": ...}

The first line it writes, unasked, is {} or {"error": why the library cannot be used}.
"""

import json
import os
import resource
import sys
from dataclasses import replace
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from bench.peers.peer import Peer, UnsupportedWorkloadError
from bench.workload import Workload, head
from bench.workloads import WORKLOADS


def loss(peer: Peer, workload: Workload, steps: int) -> float:
    """The mean negative log likelihood of the held-out rows, or their steps, after some steps of training."""
    peer.reset()
    peer.run_steps(steps)
    x, y, lengths = workload.held_out
    probabilities = np.take_along_axis(peer.predict(peer.arrange(x), lengths), y[..., np.newaxis], axis=-1)[..., 0]
    if lengths is not None:
        probabilities = probabilities[np.arange(y.shape[1]) < lengths[:, np.newaxis]]
    return float(-np.log(probabilities).mean(dtype=np.float64))


def seconds(peer: Peer, workload: Workload, measure: str, count: int) -> float:
    """The time of doing `measure` `count` times, from the initial weights on."""
    peer.reset()
    if measure.startswith("predict"):
        rows, _, lengths = head(workload.held_out, int(measure.removeprefix("predict ")))
        x = peer.arrange(rows)
        start = perf_counter()
        for _ in range(count):
            peer.predict(x, lengths)
    else:
        run = {"step": peer.run_steps, "epoch": peer.run_epochs}[measure]
        start = perf_counter()
        run(count)
    return perf_counter() - start


def peak_bytes() -> int:
    """The most memory that was ever resident in this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def serve(library: str, num_threads: int) -> None:
    # What a library prints must not get among the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        print(json.dumps(content), file=answers)

    try:
        make_peer: type[Peer] = import_module(f"bench.peers.{library}_peer").Peer
    except ImportError as error:
        answer({"error": str(error)})
        return
    imported = peak_bytes()
    answer({})
    for line in sys.stdin:
        try:
            match json.loads(line):
                case {"command": "setup", "workload": name}:
                    workload = WORKLOADS[name]
                    peer = make_peer(workload, num_threads)
                    answer({})
                case {"command": "loss", "steps": steps}:
                    answer({"loss": loss(peer, workload, steps)})
                case {"command": "time", "measure": measure, "count": count}:
                    answer({"seconds": seconds(peer, workload, measure, count)})
                case {"command": "memory", "workload": name, "batch_size": size, "steps": steps}:
                    make_peer(replace(WORKLOADS[name], batch_size=size, num_batches=1), num_threads).run_steps(steps)
                    answer({"imported": imported, "peak": peak_bytes()})
                case request:
                    raise ValueError(f"unknown request {request!r}")
        except UnsupportedWorkloadError as error:
            answer({"error": str(error)})


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
