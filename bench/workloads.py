"""The work every library is given: nets, their initial weights and their data."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LEARNING_RATE = 1e-3

Array: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = tuple[Array, NDArray[np.int64]]
Shape: TypeAlias = tuple[int, ...]  # of a sample: (inputs,), or an image's (rows, columns, channels)


@dataclass(frozen=True)
class Dense:
    """Of all numbers of a sample, an image's by row, column, channel."""

    units: int

    def output_shape(self, shape: Shape) -> Shape:
        return (self.units,)

    def weight_shape(self, shape: Shape) -> Shape:
        return prod(shape), self.units

    def multiply_adds(self, shape: Shape) -> int:
        return prod(shape) * self.units


@dataclass(frozen=True)
class Conv:
    """Filters of size x size pixels, stride 1, with zeros at each side."""

    filters: int
    size: int
    padding: int = 0

    def output_shape(self, shape: Shape) -> Shape:
        rows, columns, _ = shape
        grown = 2 * self.padding - self.size + 1
        return rows + grown, columns + grown, self.filters

    def weight_shape(self, shape: Shape) -> Shape:
        return self.size, self.size, shape[-1], self.filters

    def multiply_adds(self, shape: Shape) -> int:
        """Of the sum as it is written, without the zeros of the padding."""
        rows, columns, channels = shape
        return self._products(rows) * self._products(columns) * channels * self.filters

    def _products(self, pixels: int) -> int:
        """Pairs of a window and a pixel in it, along an axis."""
        starts = range(-self.padding, pixels + self.padding - self.size + 1)
        return sum(min(start + self.size, pixels) - max(start, 0) for start in starts)


@dataclass(frozen=True)
class MaxPool:
    """Windows of size x size pixels, side by side."""

    size: int = 2

    def output_shape(self, shape: Shape) -> Shape:
        rows, columns, channels = shape
        return rows // self.size, columns // self.size, channels


Layer: TypeAlias = Dense | Conv | MaxPool


@dataclass(frozen=True)
class Workload:
    """Hidden layers with ReLU, softmax output, mean negative log likelihood, Adam, float32."""

    net: str
    input_shape: Shape
    hidden: tuple[Layer, ...]
    classes: int
    batch_size: int
    num_batches: int  # in an epoch
    predicted: tuple[int, ...] = (1, 1000)  # rows in a call of predict
    num_held_out: int = 5000

    @property
    def name(self) -> str:
        return f"{self.net} batch {self.batch_size}"

    @property
    def has_images(self) -> bool:
        return len(self.input_shape) > 1

    @property
    def layers(self) -> Iterator[tuple[Layer, Shape]]:
        """Each layer, the output too, with the shape of its input."""
        shape = self.input_shape
        for layer in (*self.hidden, Dense(self.classes)):
            yield layer, shape
            shape = layer.output_shape(shape)

    @cached_property
    def weights(self) -> list[tuple[Array, Array]]:
        """A weight, He normal, and a zero bias (out,) for each layer but pools.

        The weight of a Dense is (in, out), of a Conv (rows, columns, in, out).
        """
        random = np.random.default_rng(0)
        shapes = [layer.weight_shape(shape) for layer, shape in self.layers if not isinstance(layer, MaxPool)]
        return [
            (random.normal(0, sqrt(2 / prod(shape[:-1])), shape).astype(np.float32), np.zeros(shape[-1], np.float32))
            for shape in shapes
        ]

    @cached_property
    def data(self) -> Rows:
        """The rows of an epoch."""
        return self._rows(self.batch_size * self.num_batches, seed=1)

    @cached_property
    def held_out(self) -> Rows:
        """Rows that are not in an epoch, enough for their mean loss to be a steady number."""
        return self._rows(self.num_held_out, seed=2)

    def _rows(self, n: int, seed: int) -> Rows:
        """(n, inputs) or images, and labels (n,) of a linear teacher; its noise keeps gradients from vanishing."""
        teacher = np.random.default_rng(3).standard_normal((prod(self.input_shape), self.classes), np.float32)
        random = np.random.default_rng(seed)
        x = random.standard_normal((n, *self.input_shape), np.float32) * np.float32(0.5)
        if self.has_images:
            # Faint blocks of 4 x 4 pixels: training amplifies rounding less than it does with noise alone.
            rows, columns, channels = self.input_shape
            blocks = random.standard_normal((n, rows // 4, columns // 4, channels), np.float32)
            x = np.float32(0.1) * (x + blocks.repeat(4, axis=1).repeat(4, axis=2))
        scores = x.reshape(n, -1) @ teacher
        noise = random.standard_normal((n, self.classes), np.float32) * scores.std()
        return x, np.argmax(scores + noise, axis=1)

    def batches(self) -> list[Rows]:
        """The rows of an epoch in their order, cut into batches."""
        x, y = self.data
        return list(zip(np.split(x, self.num_batches), np.split(y, self.num_batches), strict=True))

    def multiply_adds(self, measure: str) -> int:
        """The multiply-adds of `measure` by the formulas."""
        first, *others = (layer.multiply_adds(shape) for layer, shape in self.layers if not isinstance(layer, MaxPool))
        if measure.startswith("predict "):
            return int(measure.removeprefix("predict ")) * (first + sum(others))
        # A layer takes three products (output, dL/dweight, dL/dinput); the first needs no dL/dinput.
        step = self.batch_size * (2 * first + 3 * sum(others))
        return {"step": step, "epoch": self.num_batches * step}[measure]


def perceptron(*sizes: int, batch_size: int, num_batches: int) -> Workload:
    """A multilayer perceptron: inputs, hidden layers, classes."""
    inputs, *hidden, classes = sizes
    net = "-".join(map(str, sizes))
    return Workload(net, (inputs,), tuple(map(Dense, hidden)), classes, batch_size, num_batches)


def convnet(net: str, input_shape: Shape, *hidden: Layer) -> Workload:
    """Of images of 10 classes."""
    return Workload(
        net, input_shape, hidden, classes=10, batch_size=64, num_batches=20, predicted=(1, 64), num_held_out=1000
    )


WORKLOADS = {
    workload.name: workload
    for workload in (
        perceptron(4, 8, 3, batch_size=16, num_batches=1000),
        perceptron(64, 128, 10, batch_size=32, num_batches=250),
        perceptron(784, 256, 128, 10, batch_size=64, num_batches=100),
        perceptron(784, 256, 128, 10, batch_size=256, num_batches=40),
        perceptron(1024, 1024, 1024, 1024, 10, batch_size=256, num_batches=20),
        convnet(
            "LeNet-5",
            (28, 28, 1),
            *(Conv(6, 5, padding=2), MaxPool(), Conv(16, 5), MaxPool()),
            *(Dense(120), Dense(84)),
        ),
        convnet(
            "32-32-pool-64-64-pool-128-10",
            (32, 32, 3),
            *(Conv(32, 3, padding=1), Conv(32, 3, padding=1), MaxPool()),
            *(Conv(64, 3, padding=1), Conv(64, 3, padding=1), MaxPool()),
            Dense(128),
        ),
    )
}
