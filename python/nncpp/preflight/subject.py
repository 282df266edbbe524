"""The model that preflight looks at: a copy without dropout and noise, on a sample of the rows."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .. import _core
from ..data import Array, Examples
from ..graph import Node
from ..layers import Layer
from ..losses import Loss
from ..model import Model

ROWS = 1000  # that go through the net


@dataclass(frozen=True)
class Term:
    """A loss with the output that it takes, the first of two where it compares.

    Attributes
    ----------
    name
        of the output
    target
        index among the targets; None where it takes none
    shape
        of the output, for one sample
    has_steps
        whether lengths count for it
    """

    name: str
    loss: Loss
    weight: float
    node: Node
    target: int | None
    shape: tuple[int, ...]
    has_steps: bool

    @property
    def columns(self) -> int:
        """Units of the output."""
        return self.shape[-1] if self.shape else 1

    @property
    def activation(self) -> str:
        """The name of the output's activation."""
        return getattr(self.node.layer, "activation", "identity")

    def targets(self, examples: Examples) -> tuple[Array, Array | None]:
        """Those that count, as rows of one number a unit, (..., K) float64, with labels as one-hot rows; their weights.

        Of a loss that takes none there are no rows.
        """
        weights = examples.weights
        if self.target is None:
            return np.empty((0, self.columns)), None
        y, shape = examples.targets[self.target], self.shape
        if self.has_steps and examples.lengths is not None:
            counts = np.less(np.arange(y.shape[1]), examples.lengths[:, None])
            y, shape = y[counts], shape[1:]
            weights = None if weights is None else np.repeat(weights, examples.lengths)
        if self.loss.task == "classes" and y.size * self.columns == len(y) * math.prod(shape):
            table = np.eye(self.columns)[y.reshape(-1).astype(np.int64)]
        else:
            table = y.reshape(-1, self.columns).astype(np.float64)
        return table, None if weights is None else np.repeat(weights, len(table) // len(y))


class Subject:
    """A quiet copy of a model and what it does on a sample of the rows, in training.

    Attributes
    ----------
    model
        the copy: same values, losses and optimizer, no randomness; adapted to x
    everything, sample
        all rows; at most ROWS of those whose weight is not 0, with inputs of 0 where a sequence has ended
    terms
        the losses
    """

    def __init__(self, model: Model, given: tuple[Any, Any, Any, Any], seed: int) -> None:
        model._require_compiled("preflight")
        twin = copy.deepcopy(model)
        with twin._built_for(given[0]) as network:
            self.everything = twin._checked("preflight", *given)
            if network.not_adapted():
                network.adapt(self.everything.inputs)
        self.model, self.seed = _quiet(twin), seed
        self.network = self.model._network
        self.graph, self.compilation = self.network.graph, self.model._require_compiled("preflight")
        self.ids = {node: i for i, node in enumerate([*self.graph.inputs, *self.graph.nodes])}
        weights = self.everything.weights
        counted = np.arange(self.everything.rows) if weights is None else np.flatnonzero(weights)
        order = _core.permutation(seed, "check", 0, len(counted))
        sample = rows_of(self.everything, np.sort(counted[order[:ROWS]]))
        self.sample = sample.without_padding(self.network.input_kinds)
        targets = {output: i for i, output in enumerate(self.compilation.target_outputs)}
        self.terms = [
            Term(
                name,
                loss,
                weight,
                self.graph.outputs[k],
                targets.get(k),
                self.network.output_shapes[k],
                k in self.compilation.outputs_with_steps,
            )
            for name, loss, weight, k in zip(
                self.compilation.names,
                self.compilation.losses,
                self.compilation.loss_weights,
                self.compilation.first_outputs,
                strict=True,
            )
        ]
        with np.errstate(all="ignore"):
            self.value, flat, self._values, _ = self.objective.inspect(*self.sample, True, 0)
        self.gradients = self.network.gradients(flat)

    @property
    def objective(self) -> _core.Objective:
        """J of the copy."""
        return self.model._require_objective("preflight")

    def fresh(self) -> Model:
        """Another copy, to train."""
        return _quiet(self.model)

    def of(self, node: Node) -> Array:
        """What a node gives, (N, ...); z of an output whose activation the loss takes over.

        With lengths N is the number of steps where there are steps: the core hands them over as one sequence.
        """
        values = self._values[self.ids[node]]
        assert values is not None  # tokens and sparse rows are not asked for
        is_packed = self.sample.lengths is not None and values.shape[1:] != self.network.shapes[node]
        return values[0] if is_packed else values

    def users(self, node: Node) -> list[Node]:
        """The nodes that take this one."""
        return [other for other in self.graph.nodes if node in other.inputs]

    def weights(self, layer: Layer | None) -> list[_core.Segment]:
        """The weights of a layer, without biases and what counts as such."""
        if layer is None:
            return []
        start = f"{self.graph.names[layer]}/"
        return [s for s in self.network.core.segments if s.kind == "weight" and s.name.startswith(start)]

    @cached_property
    def depths(self) -> dict[Node, int]:
        """Nodes with inputs and weights, and how many such there are on the longest way to each, itself included."""
        depth: dict[Node, int] = {}
        for node in [*self.graph.inputs, *self.graph.nodes]:
            below = max((depth[u] for u in node.inputs), default=0)
            depth[node] = below + bool(node.inputs and self.weights(node.layer))
        return {node: depth[node] for node in self.graph.nodes if node.inputs and self.weights(node.layer)}

    @cached_property
    def hidden(self) -> list[Node]:
        """Of those, the ones that other weights come after."""
        leads: set[Node] = set()
        for node in reversed(self.graph.nodes):
            if node in self.depths or node in leads:
                leads.update(node.inputs)
        return [node for node in self.depths if node in leads]

    @property
    def is_finite(self) -> bool:
        """Whether the loss at the start and its gradient are."""
        return math.isfinite(self.value.value) and all(np.isfinite(g).all() for g in self.gradients.values())


def rows_of(examples: Examples, rows: Sequence[int] | Array) -> Examples:
    """Some of the rows, as copies."""
    index = np.asarray(rows, np.int64)
    weights = None if examples.weights is None else examples.weights[index]
    lengths = None if examples.lengths is None else examples.lengths[index]
    return Examples([x[index] for x in examples.inputs], [y[index] for y in examples.targets], weights, lengths)


def _quiet(model: Model) -> Model:
    """The same values in a new model whose layers draw no random numbers."""
    config = model.config()
    config["layers"] = [
        {**layer._without_chance().config(), "name": entry["name"]}
        for layer, entry in zip(model.layers, config["layers"], strict=True)
    ]
    quiet = Model.from_config(config)
    quiet.flat_parameters[...] = model.flat_parameters
    for name, values in model.state.items():
        quiet.state[name][...] = values
    quiet._set_compilation(model._require_compiled("preflight"))
    return quiet
