"""Flow graphs on their own: trained arrays, and the value and the gradients of an expression."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _core, data
from ._arguments import shown
from .architecture import nodes_of
from .data import Array
from .errors import DataError, ShapeError
from .graph import Graph, Node
from .layers import Input, operators
from .network import Network


def variable(value: Any, name: str | None = None) -> Node:
    """A trained array W in a flow graph, the same for every sample; v = W, dW = dv.

    In a model it is a parameter "name/value", shared by all places where this node is used, and begins with the value
    given. Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.5.1.

    Parameters
    ----------
    value
        a number or an array of at most 5 axes
    name
        unique in a model; by default variable, variable_1, ...

    Raises
    ------
    ShapeError, DataError, TypeError
        for an empty array, numbers that are not finite, or what is no array of numbers

    Examples
    --------
    y = w x^2, fitted:

    >>> import nncpp as nn
    >>> x, w = nn.Input(1), nn.variable(1.0, name="w")
    >>> model = nn.Model(x, w * x**2)
    >>> model.compile(nn.SGD(0.1), "squared")
    >>> history = model.fit([[1.0], [-1.0]], [3.0, 3.0], epochs=100)
    >>> round(float(model.parameters["w/value"]), 3)
    3.0
    """
    return operators.Variable(value, name)(())


def value_and_gradients(
    expression: Node, wrt: Any, inputs: Mapping[Node, Any] | None = None
) -> tuple[float, list[Array]]:
    """The value of an expression and its gradient with respect to nodes of its graph, in float64, inference mode.

    An expression with rows (N) stands for its mean over them, and the gradients are those of the mean. The gradient of
    a variable or an inner node without rows has its shape, that of a node with rows is (N, ...); of a node that the
    expression does not depend on it is 0. Layers in the expression have the first values of seed 0, layers of a model
    that was called have the model's values.

    Parameters
    ----------
    expression
        node of one number
    wrt
        nodes: variables, inputs, or any others; one or a list
    inputs
        mapping from each ``nn.Input`` that the expression depends on to its rows

    Returns
    -------
    value, gradients
        number; one array for each node of `wrt`, in that order

    Raises
    ------
    ShapeError
        if the expression has more than one number: fold it with ``nn.ops.sum``; for rows of another shape
    DataError, TypeError
        for an input that is missing, or that the expression does not need; for what is no node or cannot be used

    Examples
    --------
    (x + y) z at (-2, 5, -4), and the gradient of the inner node q = x + y:

    >>> import nncpp as nn
    >>> x, y, z = nn.variable(-2.0), nn.variable(5.0), nn.variable(-4.0)
    >>> q = x + y
    >>> value, gradients = nn.value_and_gradients(q * z, [x, y, z, q])
    >>> value, [float(gradient) for gradient in gradients]
    (-12.0, [-4.0, -4.0, 3.0, -4.0])
    """
    if not isinstance(expression, Node):
        raise TypeError(f"expression: expected a node, got {shown(expression)}")
    if math.prod(expression.shape) != 1:
        raise ShapeError(
            f"expression: expected one number, got shape {expression.shape}; use nn.ops.sum or nn.ops.mean"
        )
    nodes = nodes_of("wrt", wrt, Node)
    given = {} if inputs is None else inputs
    if not isinstance(given, Mapping):
        raise TypeError(f"inputs: expected a mapping from nn.Input to arrays, got {shown(given)}")
    graph = Graph.of(expression)
    for node in graph.inputs:
        if node not in given:
            raise DataError(f"inputs: the expression needs {node!r}; give inputs={{node: array}}")
    for other in given:
        if other not in graph.inputs and other not in nodes:
            raise DataError(f"inputs: the expression does not need {other!r}; leave it out")
    network = Network(graph, 0, "float64")
    arrays = data.inputs(
        {name: given[node] for name, node in zip(network.input_names, graph.inputs, strict=True)},
        network.input_names,
        network.input_shapes,
        network.input_kinds,
    )
    objective = _core.float64.Objective(network.core, [_core.float64.ExpressionLoss()], [1.0], [])
    value, flat, _, by_node = objective.inspect(arrays, [], None, None, False, 0)
    of_parameters = network.gradients(flat)
    rows = len(arrays[0]) if arrays else 1
    places = {node: i for i, node in enumerate([*graph.inputs, *graph.nodes])}

    def gradient(node: Node) -> Array:
        if isinstance(node.layer, operators.Variable) and node.layer in graph.names:  # in a model's place of it too
            return of_parameters[f"{graph.name(node)}/value"]
        if node not in places:
            batch = len(data.array(given[node], "inputs")) if node in given else rows
            return np.zeros((batch, *node.shape) if node.has_rows else node.shape)
        found = by_node[places[node]]
        assert found is not None  # all have one: constants and inputs too
        if isinstance(node, Input) and node.scale is not None:  # by what is given
            found = found * node.scale
        return found if node.has_rows else np.asarray(found[0])

    return value.value, [gradient(node) for node in nodes]
