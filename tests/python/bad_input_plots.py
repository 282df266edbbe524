"""Rows for the table of bad input: pictures."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Data, File, Shape, case

X, Y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])


class Model:
    def __init__(self, *labels: Any) -> None:
        self.labels = labels

    def predict(self, x: Any) -> Any:
        return np.resize(self.labels, len(x))


def filters(weights: Any, *arguments: Any, **options: Any) -> Any:
    return lambda s: nn.plots.filters(weights, *arguments, **options)


def boundary(x: Any = X, y: Any = Y, model: Any = None, **options: Any) -> Any:
    return lambda s: nn.plots.decision_boundary(Model(0, 1) if model is None else model, x, y, **options)


def confusion(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.plots.confusion(*arguments, **options)


def unbuilt(s: Any) -> Any:
    return nn.Sequential([nn.Dense(3)]).plot_graph()


PLOTS: list[Case] = [
    case("filters of no array", filters(None), TypeError, "model", "array", "None"),
    case("filters of a vector", filters(np.ones(4)), Shape, "model", "(D, K)", "(4,)"),
    case("filters that are not finite", filters(np.full((4, 2), np.nan)), Data, "model", "finite"),
    case("filters of five channels", filters(np.ones((3, 3, 5, 2))), Shape, "1 or 3 channels", "5"),
    case("filters of no shape", filters(np.ones((7, 2))), Shape, "shape", "7 inputs", "(height, width)"),
    case("filters of another shape", filters(np.ones((6, 2)), shape=(2, 2)), Shape, "shape", "6", "(2, 2)"),
    case("filters that have a shape", filters(np.ones((3, 3, 1, 2)), shape=(3, 3)), Data, "shape", "None", "(3, 3)"),
    case("filters of a shape of one axis", filters(np.ones((4, 2)), shape=4), TypeError, "shape", "height", "4"),
    case("filters of half a pixel", filters(np.ones((4, 2)), shape=(1.5, 2)), TypeError, "shape", "1.5"),
    case("filters in no order", filters(np.ones((4, 2)), sort="size"), Data, "sort", "none, norm", "size"),
    case("filters of no scale", filters(np.ones((4, 2)), scale=1), TypeError, "scale", "each, joint", "1"),
    case("no filters", filters(np.ones((4, 2)), most=0), Data, "most", ">= 1"),
    case("filters of no layer", lambda s: nn.plots.filters(s.model, "eyes"), Data, "layer", "dense, out", "eyes"),
    case("filters of layer 0", lambda s: nn.plots.filters(s.model, 0), TypeError, "layer", "name", "0"),
    case("a plane of three columns", boundary(np.ones((2, 3))), Shape, "x", "(n, 2)", "(2, 3)"),
    case("a plane without rows", boundary(X[:0], Y[:0]), Shape, "x", "(n, 2)", "(0, 2)"),
    case("a plane with NaN", boundary(X * np.nan), Data, "x", "finite"),
    case("a plane of too few labels", boundary(y=Y[:1]), Shape, "y", "(2,)", "(1,)"),
    case("a plane of words for numbers", boundary(y=["a", "b"]), Data, "y", "int64", "<U1"),
    case("a plane without a model", boundary(model=3), TypeError, "model", "predict", "3"),
    case("a plane by a model of 4 columns", lambda s: boundary(model=s.model)(s), Shape, "x", "(N, 4)"),
    case("a plane of too few names", boundary(names=["a"]), Data, "names", "2", "1"),
    case("a plane of one name", boundary(names="ab"), TypeError, "names", "sequence", "ab"),
    case("a plane of one point", boundary(resolution=1), Data, "resolution", ">= 2"),
    case("confusion of other lengths", confusion([0, 1], [0]), Shape, "y_pred", "2 rows", "1"),
    case("confusion without predictions", confusion([0, 1, 1]), Shape, "y_true", "(K, K)", "(3,)"),
    case("confusion below 0", confusion([[1, -1], [0, 1]]), Data, "y_true", ">= 0"),
    case("confusion of too many names", confusion([[1, 0], [0, 1]], names=list("abc")), Data, "names", "2", "3"),
    case("confusion of unknown shares", confusion([[1]], normalize="rows"), Data, "normalize", "true", "rows"),
    case("confusion in no format", lambda s: confusion([[1]], path=s.folder / "c.xyz")(s), Data, "c.xyz", ".png"),
    case("confusion in no folder", lambda s: confusion([[1]], path=s.folder / "no" / "c.png")(s), File, "c.png"),
    case("a graph of no model", lambda s: nn.plots.graph(nn.Dense(3)), TypeError, "model", "Dense"),
    case("a graph that is not built", unbuilt, nn.NncppError, "sequential", "not built"),
    case("a graph as PNG", lambda s: s.model.plot_graph(s.folder / "g.png"), Data, "g.png", ".svg"),
    case("a graph in no folder", lambda s: s.model.plot_graph(s.folder / "no" / "g.svg"), File, "g.svg"),
]  # fmt: skip
