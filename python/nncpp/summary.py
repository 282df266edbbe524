"""The table that ``model.summary()`` prints."""

from __future__ import annotations

import math
from typing import NamedTuple

from . import _core
from ._arguments import whole_number
from .data import batch_shape
from .graph import Node
from .layers._window import Windowed
from .network import Network, total_size

DETAILS = """\
multiply-adds: products with weights, one sample forward; a training step takes about three times as many
bytes: the output of one sample; 0 where it is that of the layer before, in another shape"""


class Line(NamedTuple):
    """What is told about a node.

    Attributes
    ----------
    parameters
        their number; "shared" where they were counted at another place of the layer
    multiply_adds, bytes
        of one sample
    note
        what the layer does not see of its input, and how it would; strides that do not make it smaller; else ""
    """

    node: Node
    name: str
    kind: str
    shape: str
    parameters: str
    multiply_adds: int = 0
    bytes: int = 0
    note: str = ""


def lines_of(network: Network) -> list[Line]:
    """One for each node, inputs first."""
    lines = []
    counted = set()
    for node in [*network.graph.inputs, *network.graph.nodes]:
        name = network.graph.name(node)
        own = {key: values for key, values in network.parameters.items() if key.startswith(f"{name}/")}
        parameters = "shared" if own and name in counted else f"{total_size(own):,}"
        counted.add(name)
        costs = _multiply_adds(node), _bytes(node, network)
        lines.append(Line(node, name, _kind(node), _shape(node), parameters, *costs, _dropped(node)))
    return lines


def summary_text(name: str, dtype: str, network: Network, detail: bool) -> str:
    """One line for each node: layer, shape of a batch, parameters, with ``detail`` its cost. Then notes on marks."""
    lines = lines_of(network)
    total = total_size(network.parameters)
    rows: list[tuple[str, ...]] = [("layer", "output", "parameters", "multiply-adds", "bytes")]
    for line in lines:
        shape = f"{line.shape} *" if line.note else line.shape
        rows.append(
            (f"{line.name} ({line.kind})", shape, line.parameters, f"{line.multiply_adds:,}", f"{line.bytes:,}")
        )
    sums = sum(line.multiply_adds for line in lines), sum(line.bytes for line in lines)
    rows.append(("total", "", f"{total:,}", f"{sums[0]:,}", f"{sums[1]:,}"))
    table = _table(rows if detail else [row[:3] for row in rows[:-1]])
    head, body = table[0], table[1:]
    rule = "-" * max(map(len, table))
    size = network.theta.itemsize * total / 1024
    end = [body.pop(), rule] if detail else []
    return "\n".join(
        [f"{name}, {dtype}", rule, head, rule, *body, rule, *end]
        + [f"{total:,} parameters, {size:,.1f} KiB", *([DETAILS] if detail else [])]
        + [f"* {line.name} {line.note}" for line in lines if line.note]
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns side by side: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = "<<>>>"
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=False)).rstrip()
        for row in rows
    ]


def _shape(node: Node) -> str:
    return batch_shape(node.shape) if node.has_rows else str(node.shape)


def _kind(node: Node) -> str:
    layer = node.layer
    if layer is None:
        return "Input"
    activation = getattr(layer, "activation", "identity")
    return layer.kind if activation == "identity" else f"{layer.kind}, {activation}"


# --- what a layer costs ---------------------------------------------------------------------------------------------


def _multiply_adds(node: Node) -> int:
    if node.layer is None:
        return 0
    shapes = [used.shape for used in node.inputs]
    count = node.layer.multiply_adds(shapes[0] if len(shapes) == 1 else shapes, node.shape)
    return whole_number(f"{node.layer.name or node.layer.kind}: multiply_adds", count)


def _bytes(node: Node, network: Network) -> int:
    is_view = node.layer is not None and node.layer._core(network.precision).is_view
    return 0 if is_view else math.prod(node.shape) * network.theta.itemsize


# --- what a window does not reach -----------------------------------------------------------------------------------


def _dropped(node: Node) -> str:
    """What the layer's window leaves out at the end, and the paddings with which it would not; or strides in vain."""
    if not isinstance(node.layer, Windowed):
        return ""
    sweeps = node.layer.over(node.inputs[0].shape)
    axes = ["step"] if node.layer.is_sequence else ["row", "column"]
    dropped = [_count(sweep.dropped, axis) for sweep, axis in zip(sweeps, axes, strict=True) if sweep.dropped > 0]
    if not dropped:
        keeps = getattr(node.layer, "padding", None) == "same" and any(sweep.stride > 1 for sweep in sweeps)
        return "keeps the size of its input although it has strides, which is what padding 'same' says" if keeps else ""
    zeros = " of its zeros" if all(sweep.dropped <= sweep.padding[1] for sweep in sweeps) else ""
    fitting = " or ".join(_fitting(sweeps))
    return f"drops {' and '.join(dropped)}{zeros}" + (f"; padding {fitting} drops none" if fitting else "")


def _fitting(sweeps: list[_core.Sweep]) -> list[str]:
    """Paddings, as the layer takes them: with as many zeros at both ends, if that fits, and with more at the end."""
    axes = [_that_fit(sweep) for sweep in sweeps]
    if not all(axes):
        return []
    paddings = [tuple(axis[0] for axis in axes), tuple(axis[-1] for axis in axes)]
    return list(dict.fromkeys(map(_written, paddings)))


def _that_fit(sweep: _core.Sweep) -> list[_core.Zeros]:
    """Without the zeros that are dropped; or those with more, as long as no window lies in zeros only."""
    before, after = sweep.padding
    if sweep.dropped <= after:
        return [(before, after - sweep.dropped)]
    extent = sweep.dilation * (sweep.size - 1) + 1
    return [zeros for zeros in sweep.fitting_paddings if max(zeros) < extent]


def _written(padding: tuple[_core.Zeros, ...]) -> str:
    """(before, after) along each axis, in the shortest form."""
    if any(before != after for before, after in padding):
        return str(padding[0] if len(padding) == 1 else padding)
    sides = [before for before, _ in padding]
    return str(sides[0] if len(set(sides)) == 1 else tuple(sides))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
