"""Architecture: what a model is made of. What it does is in predictor.py, compiled.py and model.py."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from ._arguments import data_type, flag, object_name, random_seed, shown
from .data import Array
from .errors import DataError, NncppError
from .graph import Graph, Node
from .layers import Input, Layer
from .network import Network, total_size
from .summary import summary_text

if TYPE_CHECKING:
    from .plots import GraphPicture

N = TypeVar("N", bound=Node)


class Architecture:
    """A graph of layers with its parameters; the base of Predictor."""

    def __init__(self, name: str | None, seed: int, dtype: Any) -> None:
        self.name = object_name("name", name) or type(self).__name__.lower()
        self.seed = random_seed(seed)
        self.dtype = data_type(dtype)
        self._built: Network | None = None

    def _build(self, graph: Graph) -> None:
        self._built = Network(graph, self.seed, self.dtype)

    @property
    def _network(self) -> Network:
        if self._built is None:
            raise NncppError(f"{self.name}: not built yet; begin it with nn.Input(shape), or call fit or predict first")
        return self._built

    def __call__(self, inputs: Any) -> Any:
        """The node that this model computes from other nodes; a list where it has several outputs."""
        given, graph = nodes_of("inputs", inputs, Node), self._network.graph
        if len(given) != len(graph.inputs):
            raise DataError(f"{self.name}: expected {len(graph.inputs)} nodes, got {len(given)}")
        nodes: dict[Node, Node] = {
            own: node if own.scale is None else node * own.scale for own, node in zip(graph.inputs, given, strict=True)
        }
        for node in graph.nodes:
            nodes[node] = Node(node.layer, tuple(nodes[u] for u in node.inputs), origin=self)
        return one_or_list([nodes[node] for node in graph.outputs])

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Mapping "dense/weight" -> writable view, in the order of the graph.

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(2), nn.Dense(1)])
        >>> model.parameters["dense/weight"][...] = [[1.0], [2.0]]
        >>> model.predict([[10.0, 1.0]])
        array([[12.]], dtype=float32)
        """
        return self._network.parameters

    @property
    def flat_parameters(self) -> Array:
        """The same memory as one vector. Names start at whole cache lines; the padding between stays 0."""
        return self._network.theta

    @property
    def state(self) -> Mapping[str, Array]:
        """Mapping "standardize/mean" -> writable view: what layers keep and no optimizer touches."""
        return self._network.state

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, in the order of the graph."""
        return list(self._network.graph.layers)

    def count_parameters(self) -> int:
        """Number of trainable numbers.

        Examples
        --------
        >>> import nncpp as nn
        >>> nn.Sequential([nn.Input(2), nn.Dense(3)]).count_parameters()
        9
        """
        return total_size(self.parameters)

    def summary(self, detail: bool = False) -> str:
        """Prints a table of layers, output shapes and parameters; returns the text.

        A * marks layers whose window does not reach the end of its input, and a line below says what they drop and
        which paddings would fit.

        Parameters
        ----------
        detail
            True adds what each layer costs for one sample: multiply-adds (products with weights) and the memory of its
            output

        Raises
        ------
        NncppError, TypeError
            before the model is built; for a detail that is neither True nor False

        Examples
        --------
        >>> import nncpp as nn
        >>> text = nn.Sequential([nn.Input(2), nn.Dense(3, "relu")], name="small").summary()
        small, float32
        ---------------------------------------
        layer                output  parameters
        ---------------------------------------
        input (Input)        (N, 2)           0
        dense (Dense, relu)  (N, 3)           9
        ---------------------------------------
        9 parameters, 0.0 KiB
        """
        text = summary_text(self.name, self.dtype, self._network, flag("detail", detail))
        print(text)  # noqa: T201
        return text

    def plot_graph(self, path: str | PathLike[str] | None = None) -> GraphPicture:
        """The model as a graph, an SVG that a notebook shows; what ``nn.plots.graph`` draws.

        Parameters
        ----------
        path
            picture to write, .svg; None writes none

        Raises
        ------
        NncppError, DataError, FileError
            before the model is built; for another suffix; if the file cannot be written

        Examples
        --------
        >>> import nncpp as nn
        >>> nn.Sequential([nn.Input(2), nn.Dense(3, "relu")]).plot_graph().startswith("<svg ")
        True
        """
        from .plots import graph

        return graph(self, path)

    def config(self) -> dict[str, Any]:
        """Class, name, seed, dtype and graph, as JSON has them."""
        about = {"class": type(self).__name__, "name": self.name, "seed": self.seed, "dtype": self.dtype}
        return {**about, **self._network.graph.config()}


def nodes_of(argument: str, value: Any, kind: type[N]) -> list[N]:
    """A list of nodes, from one or several."""
    nodes = list(value) if isinstance(value, list | tuple) else [value]
    for node in nodes:
        if not isinstance(node, kind):
            what = "nn.Input(...)" if kind is Input else "a node (nn.Input(...), or what a layer gives)"
            raise TypeError(f"{argument}: expected {what}, got {shown(node)}")
    if not nodes:
        raise DataError(f"{argument}: expected at least one")
    return nodes


def one_or_list(values: list[Any]) -> Any:
    """A single value by itself, several as they are."""
    return values[0] if len(values) == 1 else values
