"""Language models: a class, one of as many as there are words, for each step of a sequence."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from bench.workload import Array, Rows, Workload

GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}


@dataclass(frozen=True, kw_only=True)
class LanguageModel(Workload):
    """An Embedding, recurrent layers, and a Dense layer with softmax at each step."""

    cell: str  # of GATES
    depth: int = 1
    is_bidirectional: bool = False
    has_lengths: bool = False
    words: int = 1000
    dimensions: int = 128
    units: int = 128
    steps: int = 35

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Of the names of a recurrent layer's weights: one a direction."""
        return ("forward_", "backward_") if self.is_bidirectional else ("",)

    @property
    def features(self) -> int:
        """Outputs of a recurrent layer at a step."""
        return self.units * len(self.prefixes)

    @property
    def inputs(self) -> list[int]:
        """Inputs of each recurrent layer at a step."""
        return [self.dimensions] + [self.features] * (self.depth - 1)

    @cached_property
    def weights(self) -> dict[str, Array]:
        """By the names in nncpp: gates side by side, i f g o of an LSTM, r z n of a GRU; biases are zero."""
        random = np.random.default_rng(0)

        def weight(n: int, units: int) -> Array:
            return random.normal(0, 1 / sqrt(n), (n, units)).astype(np.float32)

        gates = GATES[self.cell] * self.units
        weights = {"embedding/weight": random.standard_normal((self.words, self.dimensions), np.float32)}
        for i, n in enumerate(self.inputs):
            for prefix in self.prefixes:
                name = f"recurrent_{i}/{prefix}"
                weights[f"{name}weight"] = weight(n, gates)
                weights[f"{name}recurrent_weight"] = weight(self.units, gates)
                weights[f"{name}bias"] = np.zeros(gates, np.float32)
                if self.cell == "GRU":
                    weights[f"{name}recurrent_bias"] = np.zeros(gates, np.float32)
        weights["output/weight"] = weight(self.features, self.words)
        weights["output/bias"] = np.zeros(self.words, np.float32)
        return weights

    def rows(self, n: int, seed: int) -> Rows:
        """Words (n, steps); half the labels are what a table says for the word, the others are noise."""
        random = np.random.default_rng(seed)
        x, noise = random.integers(self.words, size=(2, n, self.steps))
        table = np.random.default_rng(3).permutation(self.words)
        y = np.where(random.random(x.shape) < 0.5, table[x], noise)
        if not self.has_lengths:
            return Rows(x, y)
        # 1 ... steps, spread evenly in each batch: all batches are as much work.
        lengths = np.linspace(1, self.steps, self.batch_size).round().astype(np.int64)
        return Rows(x, y, random.permuted(np.tile(lengths, (n // self.batch_size, 1)), axis=1).ravel())

    def multiply_adds(self, rows: Rows) -> tuple[int, int]:
        """Of the steps that count; the first has no recurrent product, as h_0 = 0. All have three in training."""
        positions = int(rows.x.size if rows.lengths is None else rows.lengths.sum())
        gates = GATES[self.cell] * self.units * len(self.prefixes)
        output = sum(self.inputs) * gates * positions
        output += self.depth * self.units * gates * (positions - len(rows.x))
        output += self.features * self.words * positions
        return output, 3 * output


def language_models() -> Iterator[LanguageModel]:
    """Each cell, and two layers of LSTMs in both directions; all steps count, or 1 to all of them."""
    for suffix, has_lengths in (("", False), (" + lengths", True)):
        for cell in GATES:
            yield _language_model(f"LM {cell}{suffix}", cell, has_lengths=has_lengths)
        yield _language_model(
            f"LM bidirectional LSTM{suffix}", "LSTM", depth=2, is_bidirectional=True, has_lengths=has_lengths
        )


def _language_model(
    net: str, cell: str, *, depth: int = 1, is_bidirectional: bool = False, has_lengths: bool
) -> LanguageModel:
    return LanguageModel(
        net=net,
        cell=cell,
        depth=depth,
        is_bidirectional=is_bidirectional,
        has_lengths=has_lengths,
        batch_size=32,
        num_batches=8,
        predicted=(1, 32),
        num_held_out=128,
    )
