"""The flow graph as Python sees it: symbolic nodes, tracing from outputs back to inputs, names, the core's Graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from .errors import DataError

if TYPE_CHECKING:
    from .architecture import Architecture
    from .layers import Input, Layer


class Node:
    """A value that is not computed yet: what ``layer(node)`` returns. It only remembers where it comes from."""

    def __init__(self, layer: Layer | None, inputs: tuple[Node, ...], origin: Architecture | None = None) -> None:
        self.layer = layer  # None for an input
        self.inputs = inputs
        self.origin = origin  # the model whose trained values the layer starts from

    def __repr__(self) -> str:
        return f"<node of {self.layer!r}>"


class Graph:
    """Everything between inputs and outputs, each node after those it uses, and each layer's name.

    Unnamed layers and inputs are called dense, dense_1, ... in the order of the graph.

    Raises
    ------
    DataError
        if two layers have one name, an output needs an input that is not given, or an input leads nowhere
    """

    def __init__(self, inputs: Sequence[Input], outputs: Sequence[Node]) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        if len(set(inputs)) < len(inputs):
            raise DataError("inputs: expected each input once")
        traced = _trace(outputs)
        self.nodes = [node for node in traced if node.layer is not None]
        self.layers = list(dict.fromkeys(node.layer for node in self.nodes if node.layer is not None))
        self.names: dict[Node | Layer, str] = _names([*self.inputs, *self.layers])
        for node in traced:
            if node.layer is None and node not in self.inputs:
                raise DataError(f"inputs: an output needs {node!r}, which is not among the model's inputs")
        for node in self.inputs:
            if node not in traced:
                raise DataError(f"inputs: no output depends on {self.names[node]!r}; leave it out")

    def name(self, node: Node) -> str:
        """The name of a node's layer, or of an input."""
        return self.names[node.layer or node]

    @property
    def input_names(self) -> list[str]:
        """One name for each input."""
        return [self.names[node] for node in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """One name for each output: its layer's, numbered where a layer gives several outputs."""
        taken: set[str] = set()
        return [_free(self.name(node), taken) for node in self.outputs]

    def build(self, precision: _core.Precision) -> tuple[_core.Graph, list[int], dict[Node, tuple[int, ...]]]:
        """The core's graph, the ids of the outputs, and the shape of one sample at each node.

        A layer object becomes one core object, however often it stands in the graph: its places share weights.
        """
        graph = precision.Graph()
        ids: dict[Node, int] = {node: graph.input(node.shape, self.names[node]) for node in self.inputs}
        layers = {layer: layer._core(precision) for layer in self.layers}
        for node in self.nodes:
            if node.layer is not None:
                ids[node] = graph.add(layers[node.layer], [ids[u] for u in node.inputs], self.name(node))
        return graph, [ids[node] for node in self.outputs], {node: graph.shape(ids[node]) for node in ids}

    def config(self) -> dict[str, Any]:
        """The graph as JSON has it; a node is [name of its layer, numbers of the nodes it uses], inputs come first."""
        numbers = {node: i for i, node in enumerate([*self.inputs, *self.nodes])}
        return {
            "inputs": [{"name": self.names[node], "shape": list(node.shape)} for node in self.inputs],
            "layers": [{**layer.config(), "name": self.names[layer]} for layer in self.layers],
            "nodes": [[self.name(node), [numbers[u] for u in node.inputs]] for node in self.nodes],
            "outputs": [numbers[node] for node in self.outputs],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        """The graph that ``config`` describes, with new layers."""
        from .layers import Input, Layer

        inputs = [Input(tuple(entry["shape"]), name=entry["name"]) for entry in config["inputs"]]
        layers = {entry["name"]: Layer.from_config(entry) for entry in config["layers"]}
        nodes: list[Node] = list(inputs)
        for name, used in config["nodes"]:
            nodes.append(Node(layers[name], tuple(nodes[i] for i in used)))
        return cls(inputs, [nodes[i] for i in config["outputs"]])


def _trace(outputs: Sequence[Node]) -> list[Node]:
    done: dict[Node, None] = {}
    stack = list(reversed(outputs))
    while stack:
        waiting = next((node for node in stack[-1].inputs if node not in done), None)
        if waiting is not None:
            stack.append(waiting)
        else:
            done.setdefault(stack.pop())
    return list(done)


def _names(members: Iterable[Input | Layer]) -> dict[Node | Layer, str]:
    members = list(members)
    taken: set[str] = set()
    for name in (member.name for member in members if member.name is not None):
        if name in taken:
            raise DataError(f"name: two layers are called {name!r}; names are unique in a model")
        taken.add(name)
    names: dict[Node | Layer, str] = {}
    for member in members:
        words = type(member).__name__.replace("ReLU", "relu")  # one word
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).lower()
        names[member] = member.name or _free(kind, taken)
    return names


def _free(name: str, taken: set[str]) -> str:
    """The first of name, name_1, name_2, ... that is free; it is taken from then on."""
    number = 0
    while (candidate := f"{name}_{number}" if number else name) in taken:
        number += 1
    taken.add(candidate)
    return candidate
