"""Network: a graph with its vectors. Built from Python's Graph, computed by the core's Network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from . import _core
from ._moments import Rows
from ._sparse import SparseRows
from .data import Array, batch_shape
from .errors import DataError, ShapeError
from .graph import Graph
from .layers import Layer
from .layers._adapted import Adapted

T = TypeVar("T")

PRECISIONS = {"float32": _core.float32, "float64": _core.float64, "dual": _core.dual}


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
    input_kinds
        "numbers", "tokens" or "sparse"
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
        self.input_kinds = [node.kind for node in graph.inputs]
        self.output_shapes = [self.shapes[node] for node in graph.outputs]
        for layer in graph.layers:
            self._take_first_values(layer)
        self.adapted_layers = [layer for layer in graph.layers if isinstance(layer, Adapted)]
        self._first_state = {
            name: self.state[name].copy() for layer in self.adapted_layers for name in self._states(layer)
        }
        for node in graph.nodes:
            if node.origin is not None and node.layer is not None:
                self._take_values(node.layer, node.origin._network)

    def _take_first_values(self, layer: Layer) -> None:
        """A variable or a constant begins with the values that it was made from."""
        for name, values in layer._first_values().items():
            own = f"{self.graph.names[layer]}/{name}"
            to = numbers(self.parameters[own] if own in self.parameters else self.state[own])
            with np.errstate(over="ignore"):
                to[...] = values
            if not np.isfinite(to).all():
                raise DataError(
                    f"{own}: expected numbers that {self.theta.dtype.name} can hold, got {abs(values).max():g}"
                )

    def _take_values(self, layer: Layer, origin: Network) -> None:
        """A layer of a model that was called on nodes starts from the values it has there."""
        old, new = f"{origin.graph.names[layer]}/", f"{self.graph.names[layer]}/"
        for mine, theirs in ((self.parameters, origin.parameters), (self.state, origin.state)):
            for name in theirs:
                if name.startswith(old):
                    numbers(mine[new + name.removeprefix(old)])[...] = theirs[name]

    def gradients(self, flat: Array) -> dict[str, Array]:
        """Views by name into a vector like theta."""
        return views(flat, self.core.segments)

    def penalties(self) -> list[tuple[int, int, float, float]]:
        """(offset, size, l1, l2) of each piece of theta that has a regularizer."""
        found = self._found(lambda layer: layer.regularizers)
        return [(segment.offset, segment.size, entry.l1, entry.l2) for segment, entry in found]

    def constraints(self) -> list[tuple[int, int, int, float]]:
        """(offset, rows, columns, limit) of each piece of theta with a constraint; a unit's weights are a column."""
        found = self._found(lambda layer: layer.constraints)
        return [(s.offset, s.fan_in, s.size // s.fan_in, entry.limit) for s, entry in found]

    def rate_factors(self, factors: Mapping[str, float] | str | None) -> list[tuple[int, int, float]]:
        """(offset, size, factor) of each piece of theta, from an optimizer's ``rate_factors``."""
        segments = self.core.segments
        if factors is None:
            return []
        if isinstance(factors, str):
            return [(s.offset, s.size, s.fan_in**-0.5) for s in segments]
        layers = [s.name.partition("/")[0] for s in segments]
        names = dict.fromkeys([*layers, *self.parameters])
        for name in factors:
            if name not in names:
                raise DataError(f"rate_factors: expected names among {', '.join(names)}, got {name!r}")
        return [
            (s.offset, s.size, factors.get(s.name, factors.get(layer, 1.0)))
            for s, layer in zip(segments, layers, strict=True)
        ]

    def _found(self, options: Callable[[Layer], Mapping[str, T]]) -> list[tuple[_core.Segment, T]]:
        """What layers ask for by the names of their parameters, with the pieces of theta that these are."""
        segments = {segment.name: segment for segment in self.core.segments}
        return [
            (segments[f"{self.graph.names[layer]}/{name}"], option)
            for layer in self.graph.layers
            for name, option in options(layer).items()
        ]

    def adapt(self, inputs: Sequence[Array | SparseRows]) -> None:
        """Fits the state of each adapted layer to the inputs that it stands behind; of all of them, or none."""
        if not self.adapted_layers:
            return
        for x, name, shape in zip(inputs, self.input_names, self.input_shapes, strict=True):
            if len(x) == 0:
                raise ShapeError("x: expected at least 1 row, got 0")
            if x.shape[1:] != shape:
                raise ShapeError(f"x: expected {name} {batch_shape(shape)}, got {x.shape}")
        fitted: dict[str, Array] = {}
        for layer in self.adapted_layers:
            used = [node.inputs[0] for node in self.graph.nodes if node.layer is layer]
            if any(node.layer is not None for node in used):
                raise DataError(f"{self.graph.names[layer]}: expected to stand directly behind an Input")
            places = [i for node in used for i, entry in enumerate(self.graph.inputs) if entry is node]
            arrays = [(inputs[i], self.graph.inputs[i].factor) for i in places]
            rows = [Rows(x, factor) for x, factor in arrays if not isinstance(x, SparseRows)]
            state = layer._fitted_state(rows, self.theta.dtype.name)
            fitted |= {f"{self.graph.names[layer]}/{name}": values for name, values in state.items()}
        for name, values in fitted.items():
            self.state[name][...] = values

    def not_adapted(self) -> list[str]:
        """Names of the adapted layers that still have the state they start with."""
        return [
            self.graph.names[layer]
            for layer in self.adapted_layers
            if all((self.state[name] == self._first_state[name]).all() for name in self._states(layer))
        ]

    def _states(self, layer: Layer) -> list[str]:
        return [name for name in self.state if name.startswith(f"{self.graph.names[layer]}/")]


def numbers(array: Array) -> Array:
    """An array without the slopes that dual numbers have; any other one as it is."""
    values: Array = array if array.dtype.names is None else array["value"]
    return values


def precision(dtype: str) -> _core.Precision:
    """The core's classes for "float32", "float64", or "dual", in which nothing is trained."""
    return PRECISIONS[dtype]


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
