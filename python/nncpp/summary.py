"""The table that ``model.summary()`` prints."""

from typing import NamedTuple

from .data import batch_shape
from .graph import Node
from .network import Network, total_size


class Line(NamedTuple):
    """What is told about a node; parameters are "shared" where they were counted at another place of the layer."""

    node: Node
    name: str
    kind: str
    shape: str
    parameters: str


def lines_of(network: Network) -> list[Line]:
    """One for each node, inputs first."""
    lines = []
    counted = set()
    for node in [*network.graph.inputs, *network.graph.nodes]:
        name = network.graph.name(node)
        own = {key: values for key, values in network.parameters.items() if key.startswith(f"{name}/")}
        parameters = "shared" if own and name in counted else f"{total_size(own):,}"
        counted.add(name)
        lines.append(Line(node, name, _kind(node), _shape(node), parameters))
    return lines


def summary_text(name: str, dtype: str, network: Network) -> str:
    """One line for each node: layer, shape of a batch, parameters."""
    told = [(f"{line.name} ({line.kind})", line.shape, line.parameters) for line in lines_of(network)]
    rows = [("layer", "output", "parameters"), *told]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}".rstrip() for row in rows]
    total, rule = total_size(network.parameters), "-" * (sum(widths) + 4)
    size = network.theta.itemsize * total / 1024
    return "\n".join(
        [f"{name}, {dtype}", rule, lines[0], rule, *lines[1:], rule, f"{total:,} parameters, {size:,.1f} KiB"]
    )


def _shape(node: Node) -> str:
    return batch_shape(node.shape) if node.has_rows else str(node.shape)


def _kind(node: Node) -> str:
    layer = node.layer
    if layer is None:
        return "Input"
    activation = getattr(layer, "activation", "identity")
    return layer.kind if activation == "identity" else f"{layer.kind}, {activation}"
