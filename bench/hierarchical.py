"""How the time of a training step depends on the number of classes, hierarchical softmax beside softmax.

    python -m bench.hierarchical

128 rows of 128 numbers, classes as often as words are (1 / rank), Adam with update="lazy", one thread; median times of
slices of steps.
"""

import statistics
import time
from collections.abc import Iterator

import numpy as np

import nncpp as nn

CLASSES = 1_000, 10_000, 100_000
BATCH, FEATURES = 128, 128
NUM_BATCHES, SLICES = 8, 9


def batches(classes: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and their classes."""
    rng = np.random.default_rng(0)
    frequency = 1 / np.arange(1, classes + 1)
    for _ in range(NUM_BATCHES):
        rows = rng.standard_normal((BATCH, FEATURES), np.float32)
        yield rows, rng.choice(classes, BATCH, p=frequency / frequency.sum())


class Slices:
    """Steps of one model."""

    def __init__(self, classes: int, is_hierarchical: bool) -> None:
        optimizer = nn.Adam(1e-3, update="lazy")
        self.batches: list[tuple[object, object]]
        if is_hierarchical:
            h, c = nn.Input(FEATURES), nn.Input((), dtype="int64")
            layer = nn.HierarchicalSoftmax(counts=1 / np.arange(1, classes + 1))
            self.model: nn.Model = nn.Model([h, c], layer([h, c]))
            self.model.compile(optimizer, "expression")
            self.batches = [([x, y], None) for x, y in batches(classes)]
        else:
            self.model = nn.Sequential([nn.Input(FEATURES), nn.Dense(classes, "softmax")])
            self.model.compile(optimizer, "nllm")
            self.batches = list(batches(classes))
        self.time()  # makes the memory that steps need

    def time(self) -> float:
        """Seconds of a step."""
        start = time.perf_counter()
        for x, y in self.batches:
            self.model.train_on_batch(x, y)
        return (time.perf_counter() - start) / NUM_BATCHES


def models(classes: int) -> Iterator[Slices]:
    """One at a time, so that each has the memory for itself."""
    yield Slices(classes, True)
    yield Slices(classes, False)


def main() -> None:
    """Prints a line for each number of classes."""
    nn.set_num_threads(1)
    print("ms a step   hierarchical    softmax   times as fast")
    for classes in CLASSES:
        fast, slow = (1e3 * statistics.median(model.time() for _ in range(SLICES)) for model in models(classes))
        print(f"{classes:9,}   {fast:12.3f}   {slow:8.2f}   {slow / fast:13.0f}")


if __name__ == "__main__":
    main()
