"""Rows for the table of bad input: hierarchical softmax."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, case

Shape, Data = nn.ShapeError, nn.DataError
H, CLASSES = np.zeros((4, 3)), np.array([[0], [1], [2], [3]])
PARAMETERS = {"weight": np.zeros((3, 3)), "bias": np.zeros(3)}


def made(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.HierarchicalSoftmax(*arguments, **options)


def deep(levels: int) -> Any:
    tree: Any = 0
    for c in range(1, levels + 1):
        tree = (tree, c)
    return tree


def model(h: Any = 3, c: Any = 1, dtype: Any = "int64", name: str = "tree") -> Any:
    h, c = nn.Input(h, name="h"), nn.Input(c, name="c", dtype=dtype)
    return nn.Model([h, c], nn.HierarchicalSoftmax(4, name=name)([h, c]))


def connected(*arguments: Any, **options: Any) -> Any:
    return lambda s: model(*arguments, **options)


def fitted(h: Any, c: Any, y: Any = None) -> Any:
    def call(s: Any) -> Any:
        net = model()
        net.compile(loss="expression")
        return net.fit([h, c], y)

    return call


def asked(parameters: Any = PARAMETERS, h: Any = H, k: Any = None) -> Any:
    layer = nn.HierarchicalSoftmax(4)
    return lambda s: layer.log_probabilities(parameters, h) if k is None else layer.top_k(parameters, h, k)


def alone(s: Any) -> Any:
    return nn.HierarchicalSoftmax(4, name="tree")(nn.Input(3)).shape


def shared(s: Any) -> Any:
    h, c = nn.Input(3), nn.Input(1, dtype="int64")
    layer = nn.HierarchicalSoftmax(4, name="tree")
    return layer.body(nn.Model([h, c], layer([h, c]) + layer([2 * h, c])))


HIERARCHICAL: list[Case] = [
    case("a tree of nothing", made(), Data, "classes, counts and tree", "0"),
    case("a tree of classes and counts", made(2, [1, 2]), Data, "classes, counts and tree", "2"),
    case("a tree of one class", made(1), Data, "classes", "2", "1"),
    case("a tree of 2.5 classes", made(2.5), TypeError, "classes", "2.5"),
    case("counts of one class", made(counts=[3]), Shape, "counts", "(1,)"),
    case("counts in a table", made(counts=[[3, 4]]), Shape, "counts", "(1, 2)"),
    case("a negative count", made(counts=[3, -1]), Data, "counts", ">= 0"),
    case("a count is NaN", made(counts=[3, np.nan]), Data, "counts", "finite"),
    case("counts of words", made(counts=["a", "b"]), TypeError, "counts", "real numbers"),
    case("a tree of three sides", made(tree=(0, 1, 2)), Data, "tree", "(left, right)", "3 parts"),
    case("a tree of one side", made(tree=((0,), 1)), Data, "tree", "(left, right)", "1 parts"),
    case("a tree that is a class", made(tree=0), Data, "tree", "2 classes", "0"),
    case("a tree of words", made(tree=("a", "b")), TypeError, "tree", "whole number", "'a'"),
    case("a tree with a class twice", made(tree=((0, 1), 1)), Data, "tree", "once", "1 2 times"),
    case("a tree without a class", made(tree=((0, 1), 3)), Data, "tree", "0 ... 2", "3"),
    case("a tree with a negative class", made(tree=(0, -1)), Data, "tree", ">= 0", "-1"),
    case("a tree too deep", made(tree=deep(201)), Data, "tree", "200 levels", "counts"),
    case("an unknown initializer of nodes", made(2, weight_initializer="small"), Data, "weight_initializer", "small"),
    case("a tree on numbers", connected(dtype=None), Shape, "tree", "tokens", "c", 'dtype="int64"'),
    case("a tree with two classes a row", connected(c=2), Shape, "tree", "(N)", "(N, 2)"),
    case("a tree with too few steps", connected(h=(5, 3), c=4), Shape, "tree", "(N, 5)", "(N, 4)"),
    case("a tree on one input", alone, Shape, "tree", "2 inputs", "1"),
    case("a class outside the tree", fitted(H, CLASSES + 1), Data, "x[1]", "0 ... 3", "4"),
    case("classes as floats", fitted(H, CLASSES / 1), TypeError, "x[1]", "whole numbers"),
    case("classes of a tree as targets", fitted(H, CLASSES, CLASSES), Data, "y", "None"),
    case("probabilities of another model", asked(lambda: None), TypeError, "parameters", "weight and bias"),
    case("probabilities of a model without the tree", asked(model(name="other")), Data, "parameters", "model.layers"),
    case("probabilities without a bias", asked({"weight": H}), Data, "parameters", "bias"),
    case("probabilities of another tree", asked({"weight": H, "bias": H}), Shape, "parameters", "(3, D)", "(4, 3)"),
    case("probabilities of other rows", asked(h=H[:, :2]), Shape, "h", "(N, ..., 3)", "(4, 2)"),
    case("probabilities of words", asked(h=[["a"] * 3]), TypeError, "h", "real numbers"),
    case("no best classes", asked(k=0), Data, "k", "0"),
    case("more best classes than there are", asked(k=5), Data, "k", "4", "5"),
    case("best classes in floats", asked(k=1.5), TypeError, "k", "1.5"),
    case("the body of a layer", lambda s: nn.HierarchicalSoftmax(4).body(nn.Dense(2)), TypeError, "model", "Dense"),
    case("the body of another model", lambda s: nn.HierarchicalSoftmax(4).body(model()), Data, "model", "in 0"),
    case("the body of a tree in two places", shared, Data, "model", "one place", "in 2"),
]  # fmt: skip
