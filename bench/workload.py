"""What is common to all work that the libraries are given."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

LEARNING_RATE = 1e-3

Array: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]


class Rows(NamedTuple):
    """Inputs, their labels, and how many steps of each sequence count (None: all, or no sequences)."""

    x: NDArray[Any]
    y: Integers
    lengths: Integers | None = None


@dataclass(frozen=True, kw_only=True)
class Workload(ABC):
    """Softmax output, mean negative log likelihood, Adam, float32."""

    net: str
    batch_size: int
    num_batches: int  # in an epoch
    predicted: tuple[int, ...]  # rows in a call of predict
    num_held_out: int

    @property
    def name(self) -> str:
        return f"{self.net} batch {self.batch_size}"

    @property
    def has_images(self) -> bool:
        return False

    @cached_property
    def data(self) -> Rows:
        """The rows of an epoch."""
        return self.rows(self.batch_size * self.num_batches, seed=1)

    @cached_property
    def held_out(self) -> Rows:
        """Rows that are not in an epoch, enough for their mean loss to be a steady number."""
        return self.rows(self.num_held_out, seed=2)

    @abstractmethod
    def rows(self, n: int, seed: int) -> Rows:
        """Made data of a task that can be learned."""

    @abstractmethod
    def multiply_adds(self, rows: Rows) -> tuple[int, int]:
        """Those of the outputs, by the formulas; and those of training, which takes the gradients' too."""

    def batches(self) -> list[Rows]:
        """The rows of an epoch in their order, cut into batches."""
        columns = ([None] * self.num_batches if column is None else np.split(column, self.num_batches)
                   for column in self.data)  # fmt: skip
        return [Rows(*batch) for batch in zip(*columns, strict=True)]

    def work(self, measure: str) -> float:
        """The multiply-adds of `measure`."""
        if measure.startswith("predict "):
            n = int(measure.removeprefix("predict "))
            return self.multiply_adds(head(self.held_out, n))[0]
        epoch = self.multiply_adds(self.data)[1]
        return {"step": epoch / self.num_batches, "epoch": epoch}[measure]


def head(rows: Rows, n: int) -> Rows:
    """The first n."""
    return Rows(rows.x[:n], rows.y[:n], None if rows.lengths is None else rows.lengths[:n])
