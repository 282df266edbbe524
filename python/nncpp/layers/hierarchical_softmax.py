"""HierarchicalSoftmax: one class of very many, by a path of choices between left and right."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .._arguments import shown, whole_number
from ..data import Array, array
from ..errors import DataError, ShapeError
from ..graph import Graph, Node
from ..initializers import Initializer
from ._class_tree import ClassTree, balanced, huffman, nested
from ._layer import Formulas, Layer

if TYPE_CHECKING:
    from ..model import Model


class HierarchicalSoftmax(Layer):
    """v = -log P(c | h), c one of V classes: the leaves of a binary tree, and each inner node tells left from right.

    z_j = h w_j + b_j;  P(left at node j) = 1 / (1 + exp(-z_j));  P(c | h) = product of these along the path to c, so
    v = sum over the nodes j on the path of log(1 + exp(-s_j z_j)), s_j = 1 to the left and -1 to the right.
    Inputs h (N, ..., D) and c (N, ...), tokens: v (N, ..., 1), W (V - 1, D), b (V - 1). c may be (N, ..., 1) too.

    The output is the loss itself: it is trained by ``loss="expression"``. A step touches the nodes on the paths of the
    batch's classes and no others, so that it costs about D log2 V for each row where a softmax costs D V. The
    probabilities of all classes add up to 1; ``log_probabilities`` and ``top_k`` tell them of rows h, which
    ``body(model)`` predicts. With weights of 0 a class of path length l begins at 2^-l: with counts near its frequency.
    Morin, Bengio, "Hierarchical probabilistic neural network language model", AISTATS 2005; Mikolov et al.,
    "Distributed representations of words and phrases and their compositionality", NIPS 2013 (Huffman tree).

    Parameters
    ----------
    classes
        number of classes V >= 2, for a balanced tree
    counts
        how often each class occurs, (V,) numbers >= 0, for a Huffman tree: the shortest paths on average
    tree
        nested pairs of the classes 0 ... V - 1, such as ``((0, 1), (2, (3, 4)))``. One of the three is given
    weight_initializer, bias_initializer
        name or object of ``nn.initializers``
    name
        unique in a model

    Raises
    ------
    DataError, ShapeError, TypeError
        unless one of classes, counts and tree is given, and is such; for an unknown initializer

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> x, c = nn.Input(2), nn.Input((), dtype="int64")
    >>> h, layer = nn.Dense(3, "tanh")(x), nn.HierarchicalSoftmax(counts=[5, 1, 1, 2])
    >>> model = nn.Model([x, c], layer([h, c]))
    >>> model.compile(nn.Adam(0.1), loss="expression")
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> history = model.fit([rows, [3, 1]], epochs=100)
    >>> layer.code_lengths
    array([1, 3, 3, 2])

    What it has learned of rows without a class:

    >>> layer.log_probabilities(model, layer.body(model).predict(rows)).argmax(axis=1)
    array([3, 1])
    """

    def __init__(
        self,
        classes: int | None = None,
        counts: Any = None,
        tree: Any = None,
        *,
        weight_initializer: Any = "zeros",
        bias_initializer: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        given = [argument for argument in (classes, counts, tree) if argument is not None]
        if len(given) != 1:
            raise DataError(f"HierarchicalSoftmax: expected one of classes, counts and tree, got {len(given)} of them")
        self.classes = None if classes is None else whole_number("classes", classes, at_least=2)
        self.counts = None if counts is None else _counts(counts)
        self.tree = None if tree is None else nested(tree)
        self.weight_initializer = Initializer.of(weight_initializer, "weight_initializer")
        self.bias_initializer = Initializer.of(bias_initializer, "bias_initializer")
        if self.tree is not None:
            _require_all_classes(self._tree.leaves)

    def __repr__(self) -> str:
        text = super().__repr__()
        return text if self.counts is None else text.replace(repr(self.counts), f"<{len(self.counts)} counts>")

    @cached_property
    def _tree(self) -> ClassTree:
        if self.tree is not None:
            return ClassTree.of(self.tree)
        if self.counts is not None:
            return ClassTree.of(huffman(list(self.counts)))
        assert self.classes is not None  # one of the three is given
        return ClassTree.of(balanced(0, self.classes))

    @property
    def code_lengths(self) -> Array:
        """(V,) nodes on the path to each class."""
        lengths = np.zeros(len(self._tree.leaves), np.int64)
        for places, _, _ in self._tree.levels():
            lengths[self._tree.leaves[places]] += 1
        return lengths

    def body(self, model: Model) -> Model:
        """The part of a model that computes h, with a copy of its values: for ``log_probabilities`` and ``top_k``.

        Parameters
        ----------
        model
            has this layer in one place

        Raises
        ------
        DataError, TypeError
            for a model where it stands in no place or in several; for what is no model

        Examples
        --------
        >>> import nncpp as nn
        >>> x, c = nn.Input(2), nn.Input((), dtype="int64")
        >>> layer = nn.HierarchicalSoftmax(4)
        >>> model = nn.Model([x, c], layer([nn.Dense(3)(x), c]))
        >>> layer.body(model).predict([[0.0, 0.0]])
        array([[0., 0., 0.]], dtype=float32)
        """
        from ..model import Model

        if not isinstance(model, Model):
            raise TypeError(f"model: expected a model, got {shown(model)}")
        graph = model._network.graph
        places = [node for node in graph.nodes if node.layer is self]
        if len(places) != 1:
            raise DataError(f"model: expected one with {self!r} in one place, got it in {len(places)}")
        copies: dict[Node, Node] = {node: node for node in graph.inputs}
        for node in graph.nodes:
            copies[node] = Node(node.layer, tuple(copies[u] for u in node.inputs), origin=model)
        h = copies[places[0].inputs[0]]
        return Model(Graph.of(h).inputs, h, dtype=model.dtype)

    def log_probabilities(self, parameters: Model | Mapping[str, Array], h: Any) -> Array:
        """Log P(c | h) of every class, (N, ..., V) in float64: the work of a whole softmax.

        Parameters
        ----------
        parameters
            a model with this layer, or a mapping with "weight" and "bias"
        h
            (N, ..., D) the layer's first input

        Raises
        ------
        DataError, ShapeError, TypeError
            for a model without this layer, other parameters, or other rows

        Examples
        --------
        >>> import numpy as np, nncpp as nn
        >>> layer = nn.HierarchicalSoftmax(tree=((0, 1), 2))
        >>> parameters = {"weight": np.zeros((2, 1)), "bias": np.zeros(2)}
        >>> np.exp(layer.log_probabilities(parameters, [[7.0]]))
        array([[0.25, 0.25, 0.5 ]])
        """
        weight, bias, rows = self._numbers(parameters, h)
        z = rows @ weight.T + bias
        of_left, of_right = -np.logaddexp(0.0, -z), -np.logaddexp(0.0, z)
        result = np.zeros((*rows.shape[:-1], len(bias) + 1))
        for places, node, is_left in self._tree.levels():
            result[..., self._tree.leaves[places]] += np.where(is_left, of_left[..., node], of_right[..., node])
        return result

    def top_k(self, parameters: Model | Mapping[str, Array], h: Any, k: int) -> tuple[Array, Array]:
        """The k most probable classes of each row, best first, and log P of each.

        A best-first search: it goes on from the most probable node met so far, and a class that is reached is the most
        probable one left. So it meets those nodes alone that are more probable than the last class it finds.

        Parameters
        ----------
        parameters, h
            as for ``log_probabilities``
        k
            1 ... V

        Returns
        -------
        classes, log_probabilities
            (N, ..., k) int64 and float64

        Raises
        ------
        DataError, ShapeError, TypeError
            as for ``log_probabilities``, and for another k

        Examples
        --------
        >>> import numpy as np, nncpp as nn
        >>> layer = nn.HierarchicalSoftmax(tree=((0, 1), 2))
        >>> parameters = {"weight": np.zeros((2, 1)), "bias": np.array([0.0, -1.0])}
        >>> classes, log_p = layer.top_k(parameters, [[7.0]], 2)
        >>> classes
        array([[2, 1]])
        """
        weight, bias, rows = self._numbers(parameters, h)
        k = whole_number("k", k, at_least=1, at_most=len(bias) + 1)
        found = [self._best(weight, bias, row, k) for row in rows.reshape(-1, rows.shape[-1])]
        pairs = np.array(found).reshape(*rows.shape[:-1], k, 2)
        return pairs[..., 0].astype(np.int64), -pairs[..., 1]

    def _best(self, weight: Array, bias: Array, row: Array, k: int) -> list[tuple[int, float]]:
        """Classes and their -log P, for one row."""
        leaves, splits = self._tree
        best: list[tuple[int, float]] = []
        heap = [(0.0, 0, len(leaves), 0)]  # -log P of a subtree, its leaves from ... to, its node
        while len(best) < k:
            surprise, first, end, node = heapq.heappop(heap)
            if end - first == 1:
                best.append((leaves[first], surprise))
                continue
            z, split = row @ weight[node] + bias[node], splits[node]
            heapq.heappush(heap, (surprise + np.logaddexp(0.0, -z), first, split, node + 1))
            heapq.heappush(heap, (surprise + np.logaddexp(0.0, z), split, end, node + split - first))
        return best

    def _numbers(self, parameters: Any, h: Any) -> tuple[Array, Array, Array]:
        """Weight, bias and rows in float64."""
        from ..model import Model

        if isinstance(parameters, Model):
            names = parameters._network.graph.names
            if self not in names:
                raise DataError(
                    f"parameters: expected a model with the layer {self!r}, got one without; see model.layers"
                )
            parameters = {own: parameters.parameters[f"{names[self]}/{own}"] for own in ("weight", "bias")}
        if not isinstance(parameters, Mapping):
            raise TypeError(f"parameters: expected a model, or a mapping with weight and bias, got {shown(parameters)}")
        if not {"weight", "bias"} <= set(parameters):
            raise DataError(f"parameters: expected the keys weight and bias, got {', '.join(map(str, parameters))}")
        weight, bias, rows = (
            array(value, argument).astype(np.float64)
            for value, argument in ((parameters["weight"], "weight"), (parameters["bias"], "bias"), (h, "h"))
        )
        nodes = len(self._tree.splits)
        if weight.ndim != 2 or len(weight) != nodes or bias.shape != (nodes,):
            expected = f"weight ({nodes}, D) and bias ({nodes},)"
            raise ShapeError(f"parameters: expected {expected}, got {weight.shape} and {bias.shape}")
        if rows.ndim < 1 or rows.shape[-1] != weight.shape[1]:
            raise ShapeError(f"h: expected (N, ..., {weight.shape[1]}), got {rows.shape}")
        return weight, bias, rows

    @property
    def formulas(self) -> Formulas:
        """u1 is h and u2 the class, which has no gradient; z of nodes that are not on its path is never computed."""
        return Formulas(
            ("z = u1 W^T + b", "v = sum over nodes on the path to u2 of log(1 + exp(-s z)), s = 1 left, -1 right"),
            (
                "dz = -dv s / (1 + exp(s z)) on the path, else 0",
                "dW = dz^T u1",
                "db = sum over rows of dz",
                "du1 = dz W",
            ),
            {"W": "weight", "b": "bias"},
        )

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:  # noqa: ARG002
        """D for each node on a path of mean length: by the counts, if there are some."""
        weights = None if self.counts is None or not any(self.counts) else self.counts
        return round(float(np.average(self.code_lengths, weights=weights)) * int(np.prod(input_shape[0])))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.HierarchicalSoftmax(
            *self._tree, self.weight_initializer._core(), self.bias_initializer._core()
        )


def _counts(value: Any) -> tuple[float, ...]:
    counts = array(value, "counts")
    if counts.ndim != 1 or len(counts) < 2:
        raise ShapeError(f"counts: expected a number for each of 2 classes or more, (V,), got {counts.shape}")
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise DataError("counts: expected finite numbers >= 0")
    return tuple(counts.tolist())


def _require_all_classes(leaves: Array) -> None:
    if len(leaves) < 2:
        raise DataError(f"tree: expected pairs of 2 classes or more, got {leaves[0]}")
    places, wrong = np.zeros(len(leaves), np.int64), leaves[leaves >= len(leaves)]
    np.add.at(places, leaves[leaves < len(leaves)], 1)
    if len(wrong) > 0:
        raise DataError(f"tree: expected the classes 0 ... {len(leaves) - 1} of {len(leaves)} leaves, got {wrong[0]}")
    if (places != 1).any():
        raise DataError(f"tree: expected each class once, got {places.argmax()} {places.max()} times")
