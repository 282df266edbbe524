"""The graph of a model as an SVG: what stands in it, and that nothing lies on anything else."""

import itertools
import re
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import nncpp as nn
from nncpp.graph import Node
from nncpp.plots._layout import layout
from nncpp.plots.diagram import picture_of
from nncpp.summary import Line

SVG = "{http://www.w3.org/2000/svg}"


class Box(NamedTuple):
    role: str
    left: float
    top: float
    right: float
    bottom: float
    texts: list[Any]
    stripe: str | None

    @property
    def words(self) -> list[str]:
        return [text.text for text in self.texts]

    def holds(self, x: Any, y: Any, inset: float = 0.5) -> Any:
        is_beside = (self.left + inset < x) & (x < self.right - inset)
        return is_beside & (self.top + inset < y) & (y < self.bottom - inset)


class Picture(NamedTuple):
    width: float
    height: float
    boxes: list[Box]
    edges: list[np.ndarray]  # points on each


def parsed(svg: str) -> Picture:
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    groups = {kind: [g for g in root.findall(f"{SVG}g") if g.get("class", "").startswith(kind)]
              for kind in ("node", "edge")}  # fmt: skip
    edges = [points(g.findall(f"{SVG}path")[0].get("d") or "") for g in groups["edge"]]
    return Picture(float(root.get("width", 0)), float(root.get("height", 0)), [box(g) for g in groups["node"]], edges)


def box(group: Any) -> Box:
    frame, *stripes = group.findall(f"{SVG}rect")
    left, top, width, height = (float(frame.get(key)) for key in ("x", "y", "width", "height"))
    stripe = stripes[0].get("fill") if stripes else None
    role = group.get("class").removeprefix("node ")
    return Box(role, left, top, left + width, top + height, group.findall(f"{SVG}text"), stripe)


def points(path: str) -> np.ndarray:
    """Along M, cubic C and V."""
    found: list[Any] = []
    for letter, rest in re.findall(r"([MCV])([^MCV]*)", path):
        numbers = [float(number) for number in rest.split()]
        if letter == "M":
            found.append(np.array([numbers]))
        elif letter == "V":
            found.append(np.column_stack([np.full(9, found[-1][-1, 0]), np.linspace(found[-1][-1, 1], numbers[0], 9)]))
        else:
            t = np.linspace(0, 1, 40)[:, None]
            a, (b, c, d) = found[-1][-1], np.reshape(numbers, (3, 2))
            found.append((1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d)
    return np.concatenate(found)


def drawn(wiring: dict[str, str], outputs: str = "") -> tuple[Picture, list[tuple[str, str]]]:
    """From {"c": "ab"}: c takes a and b. Names without inputs are inputs."""
    nodes: dict[str, Node] = {}
    for name, used in wiring.items():
        nodes[name] = Node(nn.Dense(3), tuple(nodes[u] for u in used)) if used else nn.Input(3)
    lines = [Line(node, name, "Dense, relu", "(N, 3)", "12") for name, node in nodes.items()]
    svg = picture_of("wired", "by hand", lines, [nodes[name] for name in outputs or list(wiring)[-1]])
    return parsed(svg), [(u, name) for name, used in wiring.items() for u in used]


def random_wiring(seed: int) -> dict[str, str]:
    rng = np.random.default_rng(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"[: rng.integers(2, 26)]
    wiring = {}
    for i, letter in enumerate(letters):
        wiring[letter] = (
            "".join(rng.choice(list(letters[:i]), rng.integers(0, min(i, 3) + 1), replace=True)) if i else ""
        )
    return wiring


WIRINGS: dict[str, dict[str, str]] = {
    "one node": {"a": ""},
    "a row of 20": {chr(97 + i): chr(96 + i) if i else "" for i in range(21)},
    "skip connections": {"a": "", "b": "a", "c": "b", "d": "ca", "e": "d", "f": "e", "g": "fd", "h": "g"},
    "two towers": {"a": "", "b": "", "c": "a", "d": "b", "e": "c", "f": "d", "g": "ef"},
    "several outputs": {"a": "", "b": "a", "c": "b", "d": "b", "e": "a", "f": "ce"},
    "every node sees all before": {c: "abcdefg"[:i] for i, c in enumerate("abcdefg")},
    "one value twice": {"a": "", "b": "aa", "c": "bbb"},
    **{f"random {seed}": random_wiring(seed) for seed in range(25)},
}


@pytest.mark.parametrize("name", WIRINGS)
def test_a_box_for_each_node_and_an_arrow_for_each_edge(name: str) -> None:
    picture, edges = drawn(WIRINGS[name])
    boxes = {box.words[0]: box for box in picture.boxes}
    assert list(boxes) == list(WIRINGS[name])
    assert len(picture.edges) == len(edges)
    for (start, end), way in zip(edges, picture.edges, strict=True):
        (x, y), (u, v) = way[0], way[-1]
        assert boxes[start].left < x < boxes[start].right
        assert y == boxes[start].bottom
        assert boxes[end].left < u < boxes[end].right
        assert boxes[end].top - 7 < v < boxes[end].top
        assert (np.diff(way[:, 1]) >= 0).all(), "downwards only"


@pytest.mark.parametrize("name", WIRINGS)
def test_nothing_lies_on_anything_else(name: str) -> None:
    picture, _ = drawn(WIRINGS[name])
    for a, b in itertools.combinations(picture.boxes, 2):
        apart = a.right + 20 <= b.left or b.right + 20 <= a.left or a.bottom + 20 <= b.top or b.bottom + 20 <= a.top
        assert apart, (a.words, b.words)
    for box, way in itertools.product(picture.boxes, picture.edges):
        assert not box.holds(*way.T).any(), box.words
    corners = [[(box.left, box.top), (box.right, box.bottom)] for box in picture.boxes]
    places = np.concatenate([*picture.edges, *corners])
    assert (places > 0).all()
    assert (places < [picture.width, picture.height]).all()


def crossings(picture: Picture) -> int:
    """Pairs of edges that meet away from their ends."""
    total = 0
    for a, b in itertools.combinations(picture.edges, 2):
        heights = np.arange(max(a[0, 1], b[0, 1]) + 3, min(a[-1, 1], b[-1, 1]) - 3)
        if len(heights):
            side = np.sign(np.interp(heights, a[:, 1], a[:, 0]) - np.interp(heights, b[:, 1], b[:, 0]))
            total += int(np.count_nonzero(np.diff(side[side != 0])))
    return total


@pytest.mark.parametrize(
    ("wiring", "most"),
    [
        (WIRINGS["skip connections"], 0),
        (WIRINGS["two towers"], 0),
        (WIRINGS["one value twice"], 0),
        # the pairs in the order given would cross ten times
        ({**dict.fromkeys("abcde", ""), **dict(zip("fghij", "edcba", strict=True))}, 0),
        # K(3, 3) cannot be drawn with fewer than 1 crossing; in two rows every order has 9
        ({"a": "", "b": "", "c": "", "d": "abc", "e": "abc", "f": "abc"}, 9),
    ],
    ids=["skip", "towers", "twice", "reversed", "complete"],
)
def test_few_edges_cross(wiring: dict[str, str], most: int) -> None:
    assert crossings(drawn(wiring)[0]) <= most


def test_a_row_of_layers_is_straight() -> None:
    picture, _ = drawn(WIRINGS["a row of 20"])
    assert {round(x, 1) for way in picture.edges for x in way[:, 0]} == {round(picture.edges[0][0, 0], 1)}


def test_blocks_with_skip_connections_do_not_drift() -> None:
    wiring = {"a": ""}
    for first, second, end, before in zip("behk", "cfil", "dgjm", "adgj", strict=True):
        wiring |= {first: before, second: first, end: second + before}
    middles = {box.words[0]: (box.left + box.right) / 2 for box in drawn(wiring)[0].boxes}
    assert np.ptp([middles[name] for name in "adgj"]) < 10


def test_ranks_are_the_longest_ways_and_a_source_stands_beside_its_use() -> None:
    edges = [(0, 1), (1, 2), (0, 2), (2, 4), (3, 4)]
    found = layout([100.0] * 5, edges)
    assert found.ranks == [0, 1, 2, 2, 3]
    assert [len(bends) for bends in found.bends] == [0, 0, 1, 0, 0]


def widths(text: Any) -> float:
    """As DejaVu Sans sets it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    size, weight = float(text.get("font-size", 12)), text.get("font-weight", "normal")
    return float(TextPath((0, 0), text.text, prop=FontProperties(family="DejaVu Sans", weight=weight, size=size))
                 .get_extents().width)  # fmt: skip


@pytest.mark.parametrize(
    "name", ["out", "WWWWWWWWWWWW", "mmmmmmmmmmmmmmmm", "a_rather_long_name_of_a_layer_12", "%@%@%@%@", "x" * 200]
)
def test_no_text_runs_out_of_its_box_or_into_its_neighbour(name: str) -> None:
    pytest.importorskip("matplotlib")
    model = nn.Sequential([nn.Input(64, name=f"{name}i"), nn.Dense(1234, "relu", name=name), nn.Dense(2)], name=name)
    for box in parsed(model.plot_graph()).boxes:
        spans: dict[float, list[tuple[float, float]]] = {}
        for text in box.texts:
            x, width = float(text.get("x")), widths(text)
            start = x - width if text.get("text-anchor") == "end" else x
            assert box.left + 8 <= start
            assert start + width <= box.right - 8
            spans.setdefault(float(text.get("y")), []).append((start, start + width))
        for row in spans.values():
            for (_, end), (start, _) in itertools.pairwise(sorted(row)):
                assert end + 6 < start


def test_a_box_says_name_kind_shape_and_parameters() -> None:
    model = nn.Sequential(
        [nn.Input(64), nn.Dense(128, "relu"), nn.Dropout(0.2), nn.Dense(10, "softmax")], name="digits"
    )
    assert [(box.role, box.words) for box in parsed(model.plot_graph()).boxes] == [
        ("input", ["input", "(N, 64)", "Input"]),
        ("layer", ["dense", "(N, 128)", "Dense, relu", "8,320"]),
        ("layer", ["dropout", "(N, 128)", "Dropout"]),
        ("output", ["dense_1", "(N, 10)", "Dense, softmax · output", "1,290"]),
    ]
    root = ET.fromstring(model.plot_graph())
    assert [text.text for text in root.findall(f"{SVG}text")] == ["digits", "float32, 9,610 parameters"]


def test_shared_layers_have_one_colour_and_others_none() -> None:
    a, b, first, second = nn.Input(4), nn.Input(4), nn.Dense(3, "tanh"), nn.Dense(2)
    drop, own = nn.Dropout(0.5), nn.Dense(1)
    model = nn.Model([a, b], [second(drop(first(a))), own(second(drop(first(b))))])
    boxes = parsed(model.plot_graph()).boxes
    stripes = {name: [box.stripe for box in boxes if box.words[0] == name] for name in {b.words[0] for b in boxes}}
    (one, other) = {stripes["dense"][0], stripes["dense_1"][0]}
    assert one
    assert other
    assert stripes["dense"] == [stripes["dense"][0]] * 2
    assert stripes["dense_1"] == [stripes["dense_1"][0]] * 2
    assert stripes["dense_2"] == [None]
    assert stripes["dropout"] == [None, None]
    assert sum("shared" in box.words for box in boxes) == 2


def test_names_are_escaped() -> None:
    name = "<script>&\"'\u0007é层"
    model = nn.Sequential([nn.Input(2), nn.Dense(1, name=name)], name="]]>&amp;\ud800")
    picture = model.plot_graph()
    assert "<script>" not in picture
    assert ET.fromstring(picture).findtext(f"{SVG}title") == "]]>&amp;\ufffd"
    assert parsed(picture).boxes[1].words[0] == "<script>&\"'\ufffdé层"


def test_it_is_text_a_picture_and_a_file(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input(2), nn.Dense(1)])
    picture = model.plot_graph(tmp_path / "model.svg")
    assert (tmp_path / "model.svg").read_text(encoding="utf-8") == picture == nn.plots.graph(model)
    assert picture._repr_svg_() == str(picture)
    assert [file.name for file in tmp_path.iterdir()] == ["model.svg"]
    assert len(repr(picture)) < 50


def test_an_expression_has_variables_constants_and_operators() -> None:
    x, y, z = nn.variable(-2.0, name="x"), nn.variable(5.0, name="y"), nn.variable(np.ones(3), name="z")
    picture = parsed(nn.plots.graph((x + y) * z + 1.0))
    boxes = {box.words[0]: box for box in picture.boxes}
    assert {name: box.role for name, box in boxes.items()} == {
        "x": "variable", "y": "variable", "z": "variable", "constant": "constant",
        "add": "layer", "multiply": "layer", "add_1": "output",
    }  # fmt: skip
    assert boxes["z"].words == ["z", "(3,)", "Variable", "3"]
    assert len(picture.edges) == 6
    assert boxes["z"].top == boxes["add"].top, "beside the sum it is multiplied with"


def test_a_model_of_operators_and_layers_skips_ranks() -> None:
    a = nn.Input(4, name="a")
    hidden = nn.Dense(4, "relu")(nn.Dense(4, "tanh")(a))
    picture = parsed(nn.Model(a, [nn.Dense(2)(hidden + a), hidden]).plot_graph())
    assert [box.role for box in picture.boxes].count("output") == 2
    assert len(picture.edges) == 5
    for box, way in itertools.product(picture.boxes, picture.edges):
        assert not box.holds(*way.T).any()
