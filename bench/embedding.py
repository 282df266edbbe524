"""How the time of a training step depends on the size of the vocabulary, where a batch has 1,024 tokens.

    python -m bench.embedding

Slices of steps on 10,000 and on 1,000,000 rows of 64 numbers take turns in one process, one thread; printed are the
median times and the ratios in pairs.
"""

import statistics
import time

import numpy as np

import nncpp as nn

VOCABULARIES = 10_000, 1_000_000
DIMENSIONS, CLASSES = 64, 10
BATCH, WINDOW = 128, 8  # tokens: 1,024
NUM_BATCHES = 64
PAIRS = 30


class Slices:
    """Steps of one model."""

    def __init__(self, vocabulary: int, update: str) -> None:
        rng = np.random.default_rng(0)
        self.model = nn.Sequential(
            [
                nn.Input(WINDOW, dtype="int64"),
                nn.Embedding(vocabulary, DIMENSIONS),
                nn.Flatten(),
                nn.Dense(CLASSES, "softmax"),
            ]
        )
        self.model.compile(nn.Adam(1e-3, update=update), "nllm")
        self.batches = [
            (rng.integers(vocabulary, size=(BATCH, WINDOW)), rng.integers(CLASSES, size=BATCH))
            for _ in range(NUM_BATCHES)
        ]
        for _ in range(2):  # makes the memory of each row that is met
            self.time()

    def time(self) -> float:
        """Seconds of a step."""
        start = time.perf_counter()
        for x, y in self.batches:
            self.model.train_on_batch(x, y)
        return (time.perf_counter() - start) / NUM_BATCHES


def main() -> None:
    """Prints a line for each way to update."""
    nn.set_num_threads(1)
    small, large = (f"{vocabulary:,} rows" for vocabulary in VOCABULARIES)
    print(f"us a step   {small:>12}   {large:>14}   ratio   quartiles")
    for update in ("exact", "lazy"):
        of_small, of_large = (Slices(vocabulary, update) for vocabulary in VOCABULARIES)
        times = [(of_small.time(), of_large.time()) for _ in range(PAIRS)]
        low, middle, high = statistics.quantiles((large / small for small, large in times), n=4)
        medians = [1e6 * statistics.median(column) for column in zip(*times, strict=True)]
        print(f"{update:9}   {medians[0]:12.1f}   {medians[1]:14.1f}   {middle:5.2f}   {low:.2f} - {high:.2f}")


if __name__ == "__main__":
    main()
