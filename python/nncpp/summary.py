"""The table that ``model.summary()`` prints."""

from .data import batch_shape
from .graph import Node
from .network import Network, total_size


def summary_text(name: str, dtype: str, network: Network) -> str:
    """One line for each node: layer, shape of a batch, parameters ("shared" where they were counted above)."""
    rows = [("layer", "output", "parameters")]
    counted = set()
    for node in [*network.graph.inputs, *network.graph.nodes]:
        label = network.graph.name(node)
        own = {key: values for key, values in network.parameters.items() if key.startswith(f"{label}/")}
        parameters = "shared" if own and label in counted else f"{total_size(own):,}"
        counted.add(label)
        rows.append((f"{label} ({_kind(node)})", batch_shape(network.shapes[node]), parameters))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}".rstrip() for row in rows]
    total, rule = total_size(network.parameters), "-" * (sum(widths) + 4)
    size = network.theta.itemsize * total / 1024
    return "\n".join(
        [f"{name}, {dtype}", rule, lines[0], rule, *lines[1:], rule, f"{total:,} parameters, {size:,.1f} KiB"]
    )


def _kind(node: Node) -> str:
    layer = node.layer
    if layer is None:
        return "Input"
    activation = getattr(layer, "activation", "identity")
    return layer.kind if activation == "identity" else f"{layer.kind}, {activation}"
