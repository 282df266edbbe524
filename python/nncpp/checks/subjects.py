"""From what a caller wants checked to the terms of the check."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import _core, data
from .._arguments import shown
from ..data import Examples
from ..errors import DataError, ShapeError
from ..graph import Graph, Node
from ..layers import Activation, Input, Layer
from ..losses import Loss
from ..model import Model
from ..module import Module
from ..network import Network
from .numerical import real_array
from .terms import DataTerm, FunctionTerm, LayerTerm, PenaltyTerm, Term

LOSS_OUTPUTS = ("identity", "sigmoid", "softmax")  # activations that losses take over; each takes exactly one


def terms_of(
    subject: Any, x: Any, y: Any, sample_weight: Any, lengths: Any, *, gradient: Any, training: bool, seed: int
) -> tuple[list[Term], int | None]:
    """The terms, and the number of rows.

    Raises
    ------
    TypeError
        for anything that cannot be checked, or arguments that do not go with it
    """
    if gradient is not None and isinstance(subject, Model | Loss | Layer | Module | Node):
        raise TypeError(f"gradient: expected None, as {type(subject).__name__} has its own; got {shown(gradient)}")
    if isinstance(subject, Model):
        return _of_model(subject, (x, y, sample_weight, lengths), training)
    if lengths is not None:
        raise TypeError("lengths: expected None; only models take sequences of different lengths")
    if isinstance(subject, Loss):
        return _of_loss(subject, x, y, sample_weight)
    if y is not None or sample_weight is not None:
        raise TypeError("y, sample_weight: expected None; only models and losses have targets")
    if isinstance(subject, Node):
        return _of_expression(subject, x)
    if isinstance(subject, Layer | Module):
        return _of_layer(subject, x, training, seed)
    if isinstance(subject, type) or not callable(subject):
        raise TypeError(f"subject: expected a model, a layer, a loss or a function, got {shown(subject)}")
    if gradient is None:
        raise TypeError("gradient: expected an array or a function, what f's gradient is claimed to be; got None")
    return [FunctionTerm(subject, real_array("x", x), gradient)], None


def _of_model(model: Model, given: tuple[Any, Any, Any, Any], training: bool) -> tuple[list[Term], int | None]:
    """Mean loss and penalties of a float64 copy."""
    compilation = model._require_compiled("check_gradients")
    examples = model._examples(*given)
    twin = model._clone("float64")
    network, whole = twin._network, twin._require_objective("check_gradients")
    whole.require_valid(*examples)
    examples = examples.without_padding(network.input_kinds)
    losses = compilation.core_losses(network)
    objective = _core.float64.Objective(network.core, losses, compilation.loss_weights, [])
    terms: list[Term] = [DataTerm("data", network, objective, examples, training)]
    if network.penalties():
        terms.append(PenaltyTerm(network, whole, objective, examples))
    return terms, examples.rows


def _of_loss(loss: Loss, x: Any, y: Any, sample_weight: Any) -> tuple[list[Term], int | None]:
    """The mean loss of outputs without an activation, in a network that has nothing else."""
    count = loss.num_outputs
    arrays = [x] if count == 1 else list(x) if isinstance(x, list | tuple) else []
    if len(arrays) != count:
        raise TypeError(f"x: expected a list of {count} arrays, as loss {loss.kind!r} compares outputs; got {shown(x)}")
    arrays = [data.array(value, "x") for value in arrays]
    arrays = [value[:, None] if value.ndim == 1 else value for value in arrays]
    inputs = [Input(value.shape[1:], name=f"z_{k}" if count > 1 else "z") for k, value in enumerate(arrays)]
    network, objective = _objective_of(loss, inputs)
    names, shapes = network.output_names, network.output_shapes
    y = data.targets(y, names if loss.takes_target else [], shapes if loss.takes_target else [])
    examples = Examples(
        data.inputs(arrays if count > 1 else arrays[0], network.input_names, network.input_shapes, network.input_kinds),
        y,
        data.sample_weights(sample_weight),
    )
    objective.require_valid(*examples)
    return [DataTerm("loss", network, objective, examples, False)], examples.rows


def _objective_of(loss: Loss, inputs: list[Input]) -> tuple[Network, _core.Objective]:
    for activation in LOSS_OUTPUTS:
        network = Network(Graph(inputs, [Activation(activation)(z) for z in inputs]), 0, "float64")
        try:
            core = loss._core_for(_core.float64, network.output_shapes[0])
            return network, _core.float64.Objective(network.core, [core], [1.0], [])
        except DataError:
            if activation == LOSS_OUTPUTS[-1]:
                raise
    raise AssertionError("unreachable")


def _of_expression(node: Node, x: Any) -> tuple[list[Term], int | None]:
    """The expression, or its mean over the rows: by its variables and its inputs."""
    if math.prod(node.shape) != 1:
        raise ShapeError(f"subject: expected an expression of one number, got shape {node.shape}; use nn.ops.sum")
    graph = Graph.of(node)
    given = {} if x is None else x
    if not isinstance(given, Mapping) or set(given) != set(graph.inputs):
        raise TypeError(
            f"x: expected a mapping from the expression's {len(graph.inputs)} inputs to rows, got {shown(x)}"
        )
    network = Network(graph, 0, "float64")
    names = dict(zip(graph.inputs, network.input_names, strict=True))
    rows = data.inputs(
        {names[z]: given[z] for z in names}, network.input_names, network.input_shapes, network.input_kinds
    )
    objective = _core.float64.Objective(network.core, [_core.float64.ExpressionLoss()], [1.0], [])
    term = DataTerm("expression", network, objective, Examples(rows, [], None), False)
    return [term], len(rows[0]) if rows else None


def _of_layer(subject: Layer | Module, x: Any, training: bool, seed: int) -> tuple[list[Term], int | None]:
    """A float64 copy of a layer that is built, or the layer with its first weights."""
    layer = subject.layer if isinstance(subject, Module) else subject
    has_several = isinstance(x, list | tuple) and all(isinstance(u, np.ndarray) for u in x)
    arrays = [data.array(u, "x") for u in (x if has_several else [x])]
    if isinstance(subject, Module):
        subject.forward(arrays if has_several else arrays[0])  # says in words what does not fit
    shapes = [u.shape[1:] for u in arrays]
    twin = layer.build(shapes if has_several else shapes[0], seed=seed, dtype="float64")
    if isinstance(subject, Module):
        for mine, theirs in ((twin.parameters, subject.parameters), (twin.state, subject.state)):
            for name, values in theirs.items():
                mine[name][...] = values
    # copies, so that entries can be moved; integers stay where they are and have no gradient
    inputs = [np.array(u, np.float64, order="C") for u in arrays]
    return [LayerTerm(twin, inputs, [u.dtype.kind == "f" for u in arrays], training, seed)], len(inputs[0])
