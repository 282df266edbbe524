"""The flow graph as Python sees it: symbolic nodes, tracing from outputs back to inputs, names, the core's Graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from .errors import DataError, ShapeError

if TYPE_CHECKING:
    from .architecture import Architecture
    from .layers import Input, Layer


class Node:
    """A value that is not computed yet: what ``layer(node)`` returns. It only remembers where it comes from.

    ``+ - * / @ **``, ``-x``, ``> >= < <=`` and ``x[...]`` are the operators of ``nn.ops``.

    Attributes
    ----------
    has_rows
        False for an array that is the same for every sample: a variable, a constant, what is computed from them
    """

    __array_ufunc__ = None  # NumPy leaves ``array + node`` to the node
    __iter__ = None

    def __init__(self, layer: Layer | None, inputs: tuple[Node, ...], origin: Architecture | None = None) -> None:
        self.layer = layer  # None for an input
        self.inputs = inputs
        self.origin = origin  # the model whose trained values the layer starts from
        self.has_rows: bool = layer is None or any(node.has_rows for node in inputs)
        self._shape: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        return f"<node of {self.layer!r}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample. Raises ShapeError where a layer cannot take what it is given."""
        for node in _trace([self], lambda node: node._shape is not None):
            if node._shape is None:
                node._shape = node._computed_shape()
        assert self._shape is not None
        return self._shape

    def _computed_shape(self) -> tuple[int, ...]:
        assert self.layer is not None  # an input has a shape
        try:
            return self.layer._core(_core.float64).output_shape([node.shape for node in self.inputs])
        except ShapeError as error:
            raise ShapeError(f"{self.layer.name or kind_name(self.layer)}: {error}") from None

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a node has no value yet, so NumPy's functions cannot take it; use those of nn.ops")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Node):
            return self is other
        raise TypeError("a node has no value yet, so nothing equals it; compare by >= and <=")

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a node has no value yet, so it is neither true nor false; use nn.ops.where")

    def __add__(self, other: Any) -> Node:
        return _operator("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return _operator("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return _operator("subtract", self, other)

    def __rsub__(self, other: Any) -> Node:
        return _operator("subtract", other, self)

    def __mul__(self, other: Any) -> Node:
        return _operator("multiply", self, other)

    def __rmul__(self, other: Any) -> Node:
        return _operator("multiply", other, self)

    def __truediv__(self, other: Any) -> Node:
        return _operator("divide", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return _operator("divide", other, self)

    def __matmul__(self, other: Any) -> Node:
        return _operator("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return _operator("matmul", other, self)

    def __pow__(self, other: Any) -> Node:
        return _operator("power", self, other)

    def __rpow__(self, other: Any) -> Node:
        return _operator("power", other, self)

    def __neg__(self) -> Node:
        return _operator("negative", self)

    def __abs__(self) -> Node:
        return _operator("abs", self)

    def __gt__(self, other: Any) -> Node:
        return _operator("greater", self, other)

    def __ge__(self, other: Any) -> Node:
        return _operator("greater_equal", self, other)

    def __lt__(self, other: Any) -> Node:
        return _operator("less", self, other)

    def __le__(self, other: Any) -> Node:
        return _operator("less_equal", self, other)

    def __getitem__(self, index: Any) -> Node:
        return _operator("slice", self, index)


def _operator(name: str, *operands: Any) -> Node:
    from . import ops  # which is made of nodes

    node: Node = getattr(ops, name)(*operands)
    return node


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
        taken: dict[str, int] = {}
        return [_free(self.name(node), taken) for node in self.outputs]

    def build(self, precision: _core.Precision) -> tuple[_core.Graph, list[int], dict[Node, tuple[int, ...]]]:
        """The core's graph, the ids of the outputs, and the shape of one sample at each node.

        A layer object becomes one core object, however often it stands in the graph: its places share weights.
        """
        graph = precision.Graph()
        ids: dict[Node, int] = {
            node: graph.input(node.shape, self.names[node], node.factor, node.kind) for node in self.inputs
        }
        layers = {layer: layer._core(precision) for layer in self.layers}
        for node in self.nodes:
            if node.layer is not None:
                ids[node] = graph.add(layers[node.layer], [ids[u] for u in node.inputs], self.name(node))
        return graph, [ids[node] for node in self.outputs], {node: graph.shape(ids[node]) for node in ids}

    def config(self) -> dict[str, Any]:
        """The graph as JSON has it; a node is [name of its layer, numbers of the nodes it uses], inputs come first."""
        numbers = {node: i for i, node in enumerate([*self.inputs, *self.nodes])}
        return {
            "inputs": [{"name": self.names[node], "shape": list(node.shape), **node.options} for node in self.inputs],
            "layers": [{**layer.config(), "name": self.names[layer]} for layer in self.layers],
            "nodes": [[self.name(node), [numbers[u] for u in node.inputs]] for node in self.nodes],
            "outputs": [numbers[node] for node in self.outputs],
        }

    @classmethod
    def of(cls, *outputs: Node) -> Graph:
        """Everything that these nodes depend on, inputs in the order in which they are met."""
        return cls([node for node in _trace(outputs) if node.layer is None], outputs)  # type: ignore[misc]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        """The graph that ``config`` describes, with new layers."""
        from .layers import Input, Layer

        inputs = [Input(**entry) for entry in config["inputs"]]
        layers = {entry["name"]: Layer.from_config(entry) for entry in config["layers"]}
        nodes: list[Node] = list(inputs)
        for name, used in config["nodes"]:
            nodes.append(Node(layers[name], tuple(nodes[i] for i in used)))
        return cls(inputs, [nodes[i] for i in config["outputs"]])


def _trace(outputs: Sequence[Node], is_known: Callable[[Node], bool] = lambda _: False) -> list[Node]:
    """The nodes that lead to the outputs, each after those it uses; what is behind a known one is left out."""
    done: dict[Node, None] = {}
    stack = list(reversed(outputs))
    while stack:
        used = () if is_known(stack[-1]) else stack[-1].inputs
        waiting = next((node for node in used if node not in done), None)
        if waiting is not None:
            stack.append(waiting)
        else:
            done.setdefault(stack.pop())
    return list(done)


def _names(members: Iterable[Input | Layer]) -> dict[Node | Layer, str]:
    members = list(members)
    taken: dict[str, int] = {}
    for name in (member.name for member in members if member.name is not None):
        if name in taken:
            raise DataError(f"name: two layers are called {name!r}; names are unique in a model")
        taken[name] = 0
    names: dict[Node | Layer, str] = {}
    for member in members:
        names[member] = member.name or _free(kind_name(member), taken)
    return names


def kind_name(member: Input | Layer) -> str:
    """The name of its class as nodes are called: BatchNorm -> batch_norm."""
    words = re.sub("ReLU|[12]D", lambda word: word[0].lower(), type(member).__name__)  # one word each
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).lower()


def _free(name: str, taken: dict[str, int]) -> str:
    """The first of name, name_1, name_2, ... that is free; it is taken from then on, with the number to go on from."""
    number = taken.get(name, 0)
    while (candidate := f"{name}_{number}" if number else name) in taken:
        number += 1
    taken[candidate] = 0
    taken[name] = number + 1
    return candidate
