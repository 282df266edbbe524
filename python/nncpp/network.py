"""Network: a graph with its vectors. Built from Python's Graph, computed by the core's Network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from . import _core
from .data import Array
from .errors import DataError, ShapeError
from .graph import Graph
from .layers import Layer
from .layers.standardize import Standardize, mean_and_deviation


class Network:
    """The core's network and the views into its vectors by name.

    Attributes
    ----------
    graph
        nodes, layers and names
    core
        the core's Network
    theta
        all parameters, one vector; names start at whole cache lines, the padding between stays 0
    parameters, state
        mappings "dense/weight" -> writable view, in the order of the graph
    input_names, output_names, input_shapes, output_shapes
        one entry for each; shapes of one sample
    """

    def __init__(self, graph: Graph, seed: int, dtype: str) -> None:
        self.graph = graph
        self.precision = precision(dtype)
        core_graph, outputs, self.shapes = graph.build(self.precision)
        largest = max(self.shapes, key=lambda node: math.prod(self.shapes[node]))
        with memory_for(f"a model whose {graph.name(largest)} has {math.prod(self.shapes[largest]):,} outputs"):
            self.core = self.precision.Network(core_graph, outputs, seed)
        self.theta = self.core.theta
        self.parameters = MappingProxyType(views(self.theta, self.core.segments))
        self.state = MappingProxyType(views(self.core.state, self.core.states))
        self.input_names, self.output_names = graph.input_names, graph.output_names
        self.input_shapes = [self.shapes[node] for node in graph.inputs]
        self.output_shapes = [self.shapes[node] for node in graph.outputs]
        self.standardizes = [layer for layer in graph.layers if isinstance(layer, Standardize)]
        for node in graph.nodes:
            if node.origin is not None and node.layer is not None:
                self._take_values(node.layer, node.origin._network)

    def _take_values(self, layer: Layer, origin: Network) -> None:
        """A layer of a model that was called on nodes starts from the values it has there."""
        old, new = f"{origin.graph.names[layer]}/", f"{self.graph.names[layer]}/"
        for mine, theirs in ((self.parameters, origin.parameters), (self.state, origin.state)):
            for name in theirs:
                if name.startswith(old):
                    mine[new + name.removeprefix(old)][...] = theirs[name]

    def gradients(self, flat: Array) -> dict[str, Array]:
        """Views by name into a vector like theta."""
        return views(flat, self.core.segments)

    def penalties(self) -> list[tuple[int, int, float, float]]:
        """(offset, size, l1, l2) of each piece of theta that has a regularizer."""
        segments = {segment.name: segment for segment in self.core.segments}
        found = []
        for layer in self.graph.layers:
            for name, regularizer in layer.regularizers.items():
                segment = segments[f"{self.graph.names[layer]}/{name}"]
                found.append((segment.offset, segment.size, regularizer.l1, regularizer.l2))
        return found

    def adapt(self, inputs: Sequence[Array]) -> None:
        """Gives each Standardize mean and deviation of the columns it stands behind; all of them, or none."""
        if self.standardizes and any(len(x) == 0 for x in inputs):
            raise ShapeError("x: expected at least 1 row, got 0")
        found = {}
        for layer in self.standardizes:
            used = [node.inputs[0] for node in self.graph.nodes if node.layer is layer]
            if any(node.layer is not None for node in used):
                raise DataError(f"{self.graph.names[layer]}: expected to stand directly behind an Input")
            places = [i for node in used for i, entry in enumerate(self.graph.inputs) if entry is node]
            found[layer] = mean_and_deviation([inputs[i] for i in places], self.theta.dtype.name)
        for layer, (mean, deviation) in found.items():
            self._piece(layer, "mean")[...] = mean
            self._piece(layer, "deviation")[...] = deviation

    def is_adapted(self) -> bool:
        """Whether no Standardize still has the mean 0 and deviation 1 that it starts with."""
        return all(
            (self._piece(layer, "mean") != 0).any() or (self._piece(layer, "deviation") != 1).any()
            for layer in self.standardizes
        )

    def _piece(self, layer: Layer, name: str) -> Array:
        return self.state[f"{self.graph.names[layer]}/{name}"]


def precision(dtype: str) -> _core.Precision:
    """The core's classes for "float32" or "float64"."""
    return _core.float32 if dtype == "float32" else _core.float64


@contextmanager
def memory_for(what: str) -> Iterator[None]:
    """Says what there was not enough memory for; the core only knows that there was not."""
    try:
        yield
    except MemoryError as error:
        raise MemoryError(f"not enough memory for {what}") from error


def views(flat: Array, segments: Sequence[_core.Segment]) -> dict[str, Array]:
    """The segments of a flat vector by name, no copies."""
    return {s.name: flat[s.offset : s.offset + s.size].reshape(s.shape) for s in segments}


def total_size(arrays: Mapping[str, Array]) -> int:
    """Numbers in all arrays."""
    return sum(values.size for values in arrays.values())
