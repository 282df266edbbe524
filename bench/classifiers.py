"""Perceptrons and convolutional nets: their layers, initial weights and data."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod, sqrt
from typing import TypeAlias

import numpy as np

from bench.workload import Array, Rows, Workload

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


@dataclass(frozen=True, kw_only=True)
class Classifier(Workload):
    """Hidden layers with ReLU."""

    input_shape: Shape
    hidden: tuple[Layer, ...]
    classes: int

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

    def rows(self, n: int, seed: int) -> Rows:
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
        return Rows(x, np.argmax(scores + noise, axis=1))

    def multiply_adds(self, rows: Rows) -> tuple[int, int]:
        first, *others = (layer.multiply_adds(shape) for layer, shape in self.layers if not isinstance(layer, MaxPool))
        n = len(rows.x)
        # A layer takes three products (output, dL/dweight, dL/dinput); the first needs no dL/dinput.
        return n * (first + sum(others)), n * (2 * first + 3 * sum(others))


def perceptron(*sizes: int, batch_size: int, num_batches: int) -> Classifier:
    """A multilayer perceptron: inputs, hidden layers, classes."""
    inputs, *hidden, classes = sizes
    return Classifier(
        net="-".join(map(str, sizes)),
        input_shape=(inputs,),
        hidden=tuple(map(Dense, hidden)),
        classes=classes,
        batch_size=batch_size,
        num_batches=num_batches,
        predicted=(1, 1000),
        num_held_out=5000,
    )


def convnet(net: str, input_shape: Shape, *hidden: Layer) -> Classifier:
    """Of images of 10 classes."""
    return Classifier(
        net=net,
        input_shape=input_shape,
        hidden=hidden,
        classes=10,
        batch_size=64,
        num_batches=20,
        predicted=(1, 64),
        num_held_out=1000,
    )
