"""The graph of a model as a picture: an SVG, made of text alone."""

import os
import unicodedata
from collections.abc import Sequence
from itertools import cycle

from .._arguments import shown
from .._files import as_path, write_bytes_atomically
from ..architecture import Architecture
from ..errors import DataError
from ..graph import Graph, Node
from ..network import Network, total_size
from ..summary import Line, lines_of
from ._layout import Layout, layout
from ._style import QUIET, TRAIN, VALIDATION

BOX, PORTS, PITCH = 46.0, 24.0, 90.0  # the height of a box, between arrows at one, from rank to rank
MARGIN, HEAD, PAD = 20.0, 52.0, 12.0  # around all, the line at the top, inside a box
LONGEST = 36  # characters of a name
INK, EDGE = "#1f2937", "#94a3b8"
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
ROLES = {  # fill and border
    "input": ("#e3edf8", TRAIN),
    "output": ("#fbe9df", VALIDATION),
    "variable": ("#e4f2e8", "#3c8d5a"),
    "constant": ("#f3f4f6", "#9ca3af"),
    "layer": ("#ffffff", "#cbd5e1"),
}
SHARED = ("#8a5fb0", "#3c8d5a", "#c2a032", "#b5486b", "#3a9aa8", "#7a6a58")


class GraphPicture(str):
    """The text of an SVG = Scalable Vector Graphics; a notebook shows the picture.

    Raises
    ------
    TypeError
        as for ``str``

    Examples
    --------
    >>> from nncpp.plots import GraphPicture
    >>> GraphPicture("<svg/>")
    <SVG picture, 6 characters>
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<SVG picture, {len(self):,} characters>"

    def _repr_svg_(self) -> str:
        return str(self)


def graph(model: Architecture | Node, path: str | os.PathLike[str] | None = None) -> GraphPicture:
    """The model as a graph: a box for each place of a layer, an arrow for each value that one takes from another.

    A box has name, kind and activation, the shape of a batch, the number of parameters. Inputs are blue and round,
    outputs orange, variables green, constants grey. A layer that stands in several places, which share its weights, has
    a stripe of one colour in all of them. Needs neither matplotlib nor a program.

    Parameters
    ----------
    model : model or node
        A model that is built, or an expression of ``nn.variable`` and ``nn.ops``.
    path : path, optional
        Where to write the picture, .svg.

    Returns
    -------
    GraphPicture
        The text of the SVG; a notebook shows it as a picture.

    Raises
    ------
    NncppError, DataError, TypeError
        The model is not built yet; a suffix other than .svg; anything but a model or a node.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> import nncpp as nn
    >>> picture = nn.plots.graph(nn.Sequential([nn.Input(64), nn.Dense(10, "softmax")]))
    >>> picture.count('class="edge"'), "Dense, softmax" in picture
    (1, True)
    """
    if not isinstance(model, Architecture | Node):
        raise TypeError(f"model: expected a model or a node, got {shown(model)}")
    if path is not None and as_path(path).suffix.lower() not in ("", ".svg"):
        raise DataError(f"{path}: expected the suffix .svg, got {as_path(path).suffix}")
    if isinstance(model, Node):
        network, name, about = Network(Graph.of(model), 0, "float64"), "expression", ""
    else:
        network, name, about = model._network, model.name, f"{model.dtype}, "
    about += f"{total_size(network.parameters):,} parameters"
    picture = picture_of(name, about, lines_of(network), network.graph.outputs)
    if path is not None:
        write_bytes_atomically(path, picture.encode())
    return picture


def picture_of(name: str, about: str, lines: Sequence[Line], outputs: Sequence[Node]) -> GraphPicture:
    """A box for each line, each after those whose nodes it uses."""
    number = {line.node: i for i, line in enumerate(lines)}
    boxes = [_Box(line, is_output=line.node in outputs) for line in lines]
    edges = [(number[used], number[line.node]) for line in lines for used in line.node.inputs]
    places = layout([box.width for box in boxes], edges)
    spans = [(x - box.width / 2, x + box.width / 2) for x, box in zip(places.centres, boxes, strict=True)]
    spans += [(x, x) for bends in places.bends for x in bends]
    left, right = min(low for low, _ in spans) - MARGIN, max(high for _, high in spans) + MARGIN
    name = _short(name)
    right = max(right, left + 2 * MARGIN + max(_extent(name, 15, is_bold=True), _extent(about, 12)))
    places = _moved(places, -left)
    width, height = right - left, HEAD + 2 * MARGIN + PITCH * max(places.ranks) + BOX
    body = [
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#ffffff"/>',
        _text(MARGIN, MARGIN + 14, name, f'font-size="15" font-weight="bold" fill="{INK}"'),
        _text(MARGIN, MARGIN + 32, about, f'fill="{QUIET}"'),
        *_arrows(places, edges, boxes),
        *_drawn(places, boxes),
    ]
    return GraphPicture(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" font-size="12">\n'
        + "\n".join([f"<title>{_clean(name)}</title>", *body])
        + "\n</svg>\n"
    )


class _Box:
    """What stands in a box, and how wide it must be."""

    def __init__(self, line: Line, is_output: bool) -> None:
        self.line = line
        kind = "" if line.node.layer is None else line.node.layer.kind.lower()
        self.role = (
            "input" if line.node.layer is None
            else kind if kind in ROLES
            else "output" if is_output
            else "layer"
        )  # fmt: skip
        self.name = _short(line.name)
        self.kind = _short(line.kind) + (" · output" if is_output else "")
        self.parameters = "" if line.parameters == "0" else line.parameters
        above = _extent(self.name, 13, is_bold=True) + _extent(line.shape, 12)
        below = _extent(self.kind, 12) + _extent(self.parameters, 12)
        self.width = max(120.0, max(above, below) + 18 + 2 * PAD)


def _drawn(places: Layout, boxes: list[_Box]) -> list[str]:
    """The boxes, one group of elements for each."""
    shared = dict.fromkeys(box.line.node.layer for box in boxes if box.line.parameters == "shared")
    stripes = dict(zip(shared, cycle(SHARED), strict=False))
    drawn = []
    for rank, x, box in zip(places.ranks, places.centres, boxes, strict=True):
        left, right, top = x - box.width / 2, x + box.width / 2, _top(rank)
        fill, border = ROLES[box.role]
        layer = box.line.node.layer
        rounding = BOX / 2 if box.role in ("input", "variable", "constant") else 5
        stripe = ""
        if layer in stripes:
            stripe = f'<rect x="{left + 3:.1f}" y="{top + 6:.1f}" width="4" height="{BOX - 12:.0f}" rx="2" '
            stripe += f'fill="{stripes[layer]}"/>'
        drawn.append(
            f'<g class="node {box.role}"><title>{_clean(box.line.name if layer is None else repr(layer))}</title>'
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{BOX:.0f}" rx="{rounding:.0f}" '
            f'fill="{fill}" stroke="{border}" stroke-width="1.3"/>{stripe}'
            + _text(left + PAD, top + 19, box.name, f'font-size="13" font-weight="bold" fill="{INK}"')
            + _text(right - PAD, top + 19, box.line.shape, f'text-anchor="end" fill="{INK}"')
            + _text(left + PAD, top + 36, box.kind, f'fill="{QUIET}"')
            + (_text(right - PAD, top + 36, box.parameters, f'text-anchor="end" fill="{QUIET}"'))
            + "</g>"
        )
    return drawn


def _arrows(places: Layout, edges: list[tuple[int, int]], boxes: list[_Box]) -> list[str]:
    """From the foot of a box to the head of another, through the slots between, upright where they pass boxes."""
    starts = _ports(edges, places, boxes, at_start=True)
    ends = _ports(edges, places, boxes, at_start=False)
    drawn = []
    for i, (start, end) in enumerate(edges):
        x, y = starts[i], _top(places.ranks[start]) + BOX
        way = f"M{x:.1f} {y:.1f}"
        for rank, bend in enumerate([*places.bends[i], ends[i]], places.ranks[start] + 1):
            top = _top(rank) - (6.0 if rank == places.ranks[end] else 0.0)  # the arrow's head
            middle = (y + top) / 2
            way += f"C{x:.1f} {middle:.1f} {bend:.1f} {middle:.1f} {bend:.1f} {top:.1f}"
            x, y = bend, top
            if rank < places.ranks[end]:
                y += BOX
                way += f"V{y:.1f}"
        drawn.append(
            f'<g class="edge"><path d="{way}" fill="none" stroke="{EDGE}" stroke-width="1.4"/>'
            f'<path d="M{x - 4:.1f} {y - 2:.1f}h8l-4 8z" fill="{EDGE}"/></g>'
        )
    return drawn


def _ports(edges: list[tuple[int, int]], places: Layout, boxes: list[_Box], at_start: bool) -> list[float]:
    """Where each edge meets the box at its start or end: side by side, in the order of where they go or come from."""
    at: dict[int, list[int]] = {}
    for i, edge in enumerate(edges):
        at.setdefault(edge[0 if at_start else 1], []).append(i)
    ports = [0.0] * len(edges)
    for node, mine in at.items():
        towards = {i: [*places.bends[i], places.centres[edges[i][1]]][0] if at_start
                   else [places.centres[edges[i][0]], *places.bends[i]][-1] for i in mine}  # fmt: skip
        step = min(PORTS, boxes[node].width / (len(mine) + 1))
        for k, i in enumerate(sorted(mine, key=lambda i: towards[i])):
            ports[i] = places.centres[node] + (k - (len(mine) - 1) / 2) * step
    return ports


def _moved(places: Layout, by: float) -> Layout:
    return Layout(places.ranks, [x + by for x in places.centres], [[x + by for x in bends] for bends in places.bends])


def _top(rank: int) -> float:
    return HEAD + MARGIN + PITCH * rank


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{_clean(text)}</text>' if text else ""


def _clean(text: str) -> str:
    """As XML may hold it."""
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return printable.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _extent(text: str, size: float, is_bold: bool = False) -> float:
    """Width in pixels, rather too much: that of DejaVu Sans, the widest of the usual fonts."""
    ems = sum(
        1.05 if unicodedata.east_asian_width(letter) in "WF" or letter in "mwMW@%…"
        else 0.42 if letter in "iljtfrI.,:;'|!()[] /-"
        else 0.78 if letter.isupper()
        else 0.64
        for letter in text
    )  # fmt: skip
    return ems * size * (1.12 if is_bold else 1.0)
