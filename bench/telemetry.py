"""What telemetry costs: the time of a step with a record every 50 steps, beside one without.

    python -m bench.telemetry

Slices of 0.05 s with and without take turns in one process, one thread; printed are the medians of the ratios in pairs.
"""

import statistics
import time
from typing import Any

import numpy as np

import nncpp as nn
from nncpp import _core

WORKLOADS = {"4-8-3 batch 16": ([4, 8, 3], 16), "64-128-10 batch 32": ([64, 128, 10], 32),
             "784-256-128-10 batch 64": ([784, 256, 128, 10], 64)}  # fmt: skip
EVERY, PAIRS, SECONDS = 50, 60, 0.05


class Slices:
    """Runs of steps of one model, of which some are recorded."""

    def __init__(self, widths: list[int], batch: int) -> None:
        rng = np.random.default_rng(0)
        model = nn.Sequential([nn.Input(widths[0]), *(nn.Dense(n, "relu") for n in widths[1:-1]),
                               nn.Dense(widths[-1], "softmax")])  # fmt: skip
        model.compile("adam", "nllm")
        self.trainer, self.batch, self.steps = model._require_trainer("bench"), batch, EVERY
        self.telemetry = _core.float32.Telemetry(model._require_objective("bench"), EVERY)
        rows = 64 * batch
        x = rng.normal(size=(rows, widths[0])).astype(np.float32)
        self.examples: Any = [x], [np.argmax(x @ rng.normal(size=(widths[0], widths[-1])), axis=1)], None, None
        self.rows = rows
        self.steps = max(EVERY, round(SECONDS / self.time(None)) // EVERY * EVERY)

    def time(self, telemetry: Any) -> float:
        """Seconds of a step."""
        order = np.arange(self.steps * self.batch) % self.rows
        totals, rates = _core.RunResult(0, 0, [(0.0, 0.0, 0.0)], 0.0), np.full(self.steps, 1e-4)
        start = time.perf_counter()
        self.trainer.run(*self.examples, order, 0, self.batch, self.steps, 1e9, rates, totals, telemetry)
        seconds = time.perf_counter() - start
        if telemetry is not None:
            steps, _ = telemetry.take()
            assert len(steps) == self.steps // EVERY
        return seconds / self.steps


def main() -> None:
    """Prints a line for each workload."""
    nn.set_num_threads(1)
    print(f"{'':24} us a step   with / without   quartiles")
    for name, (widths, batch) in WORKLOADS.items():
        slices = Slices(widths, batch)
        slices.time(slices.telemetry)
        ratios, plain = [], []
        for pair in range(PAIRS):
            seconds = {i: slices.time(slices.telemetry if i else None) for i in ((0, 1) if pair % 2 else (1, 0))}
            ratios.append(seconds[1] / seconds[0])
            plain.append(seconds[0])
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{name:24} {1e6 * min(plain):9.2f}   {middle:14.4f}   {low:.4f} - {high:.4f}")


if __name__ == "__main__":
    main()
