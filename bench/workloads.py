"""The work every library is given: multilayer perceptrons, their initial weights and their data."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LEARNING_RATE = 1e-3

Array: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = tuple[Array, NDArray[np.int64]]


@dataclass(frozen=True)
class Workload:
    """ReLU hidden layers, softmax output, mean negative log likelihood, Adam, float32."""

    sizes: tuple[int, ...]  # inputs, hidden layers, classes
    batch_size: int
    num_batches: int  # in an epoch

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.sizes))} batch {self.batch_size}"

    @cached_property
    def weights(self) -> list[tuple[Array, Array]]:
        """A weight (in, out), He normal, and a zero bias (out,) for each layer."""
        random = np.random.default_rng(0)
        return [
            (random.normal(0, sqrt(2 / n), (n, m)).astype(np.float32), np.zeros(m, np.float32))
            for n, m in pairwise(self.sizes)
        ]

    @cached_property
    def data(self) -> Rows:
        """The rows of an epoch."""
        return self._rows(self.batch_size * self.num_batches, seed=1)

    @cached_property
    def held_out(self) -> Rows:
        """Rows that are not in an epoch, enough for their mean loss to be a steady number."""
        return self._rows(5000, seed=2)

    def _rows(self, n: int, seed: int) -> Rows:
        """(n, inputs) and labels (n,) of a linear teacher; its noise keeps gradients from vanishing."""
        inputs, classes = self.sizes[0], self.sizes[-1]
        teacher = np.random.default_rng(3).standard_normal((inputs, classes), np.float32)
        random = np.random.default_rng(seed)
        x = random.standard_normal((n, inputs), np.float32) * np.float32(0.5)
        scores = x @ teacher
        noise = random.standard_normal((n, classes), np.float32) * scores.std()
        return x, np.argmax(scores + noise, axis=1)

    def batches(self) -> list[Rows]:
        """The rows of an epoch in their order, cut into batches."""
        x, y = self.data
        return list(zip(np.split(x, self.num_batches), np.split(y, self.num_batches), strict=True))

    def multiply_adds(self, measure: str) -> int:
        """The multiply-adds that no implementation can leave out."""
        forward = sum(n * m for n, m in pairwise(self.sizes))
        # A layer takes three products (output, dL/dweight, dL/dinput); the first needs no dL/dinput.
        step = self.batch_size * (3 * forward - self.sizes[0] * self.sizes[1])
        return {
            "step": step,
            "epoch": self.num_batches * step,
            "predict 1": forward,
            "predict 1000": 1000 * forward,
        }[measure]


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload((4, 8, 3), batch_size=16, num_batches=1000),
        Workload((64, 128, 10), batch_size=32, num_batches=250),
        Workload((784, 256, 128, 10), batch_size=64, num_batches=100),
        Workload((784, 256, 128, 10), batch_size=256, num_batches=40),
        Workload((1024, 1024, 1024, 1024, 10), batch_size=256, num_batches=20),
    )
}
