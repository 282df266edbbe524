"""Backpropagation in words: every value, delta and gradient of one small batch, with its shape and its formula."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ._sparse import SparseRows
from .data import Array, Examples
from .graph import Node
from .layers import Activation, Layer
from .module import Module

if TYPE_CHECKING:
    from .compiled import Compiled

MOST = 6  # rows and columns of an array whose numbers are shown
INDENT = "    "


def explain_backward(model: Compiled, examples: Examples) -> str:
    """The text of ``model.explain_backward``."""
    return "\n".join(_Explanation(model, examples).lines())


class _Explanation:
    """One forward and backward pass in prediction, kept whole.

    ``values`` and ``gradients`` are those of the nodes: z and dJ/dz at an output whose activation the loss takes over.
    """

    def __init__(self, model: Compiled, examples: Examples) -> None:
        self.compilation, self.examples = model._require_compiled("explain_backward"), examples
        self.network, self.dtype = model._network, model.dtype
        self.graph, compilation = self.network.graph, self.compilation
        nodes: list[Node] = [*self.graph.inputs, *self.graph.nodes]
        losses = compilation.core_losses(self.network)
        data_only = self.network.precision.Objective(self.network.core, losses, compilation.loss_weights, [])
        data, flat, values, gradients = data_only.inspect(*examples, False, 0)
        self.value, whole, _, _ = model._require_objective("explain_backward").inspect(*examples, False, 0)
        self.data_value, self.sums = data.value, data.sums
        self.by_data, self.by_theta = self.network.gradients(flat), self.network.gradients(whole)
        given = dict(zip(nodes, examples.inputs, strict=False))  # tokens and sparse rows are no tensors
        self.values = {
            node: _dense(given[node]) if value is None else value for node, value in zip(nodes, values, strict=True)
        }
        self.gradients = dict(zip(nodes, gradients, strict=True))
        self.names = _place_names(nodes, [self.graph.name(node) for node in nodes])
        self.taken_over = {
            self.graph.outputs[k]
            for k, loss in zip(compilation.first_outputs, compilation.losses, strict=True)
            if loss.takes_over is not None
        }
        self.by_node: dict[Node, dict[str, Array]] = {node: self._quantities(node) for node in self.graph.nodes}

    def lines(self) -> Iterator[str]:
        """The whole text."""
        yield f"J = {self.value.value:.6g} on {self._rows()}, as in prediction: no dropout, no noise."
        if self.examples.lengths is not None:
            yield "Steps that count are packed as one sequence, (1, steps, ...): first steps first, long rows first."
        yield "dv is short for dJ/dv. Shapes stand where they differ from that on the left."
        if any(len(node.inputs) > 1 for node in self.graph.nodes):
            yield "Where an operand repeats, its gradient is summed over all places that it goes to."
        yield from ("", "FORWARD")
        for source in self.graph.inputs:
            scale = "" if source.scale is None else f" times {source.scale:g}"
            yield f"{self.names[source]} {_shape(self.values[source])}, input{scale}"
            yield from _numbers(self.values[source])
        for node in self.graph.nodes:
            yield from self._forward(node)
        yield from ("", "LOSS")
        yield from self._losses()
        yield from ("", "BACKWARD")
        for node in reversed(self.graph.nodes):
            yield from self._backward(node)
        for source in self.graph.inputs:
            yield from self._arriving(source)
        yield from ("", "GRADIENT OF J")
        yield from self._totals()

    # --- one node ---------------------------------------------------------------------------------------------------

    def _quantities(self, node: Node) -> dict[str, Array]:
        """Every array that its formulas speak of, by its name there."""
        layer, inputs = _layer(node), [self.values[u] for u in node.inputs]
        formulas, prefix = layer.formulas, f"{self.graph.names[layer]}/"
        found = {"u": inputs[0]} if len(inputs) == 1 else {f"u{i}": u for i, u in enumerate(inputs, 1)}
        gradients = [self.gradients[u] for u in node.inputs]
        names = ["du"] if len(inputs) == 1 else [f"du{i}" for i, _ in enumerate(inputs, 1)]
        # what flows to a node that several take is a sum; its shape is that of each part
        found |= {name: g for name, g in zip(names, gradients, strict=True) if g is not None}
        stored = {**self.network.parameters, **self.network.state}
        found |= {symbol: stored[prefix + name] for symbol, name in formulas.symbols.items() if prefix + name in stored}
        value, gradient = self.values[node], self.gradients[node]
        f = getattr(layer, "activation", "identity")
        if node in self.taken_over:
            found["z"], found["v"] = value, self._apply(f, value)
            found |= {} if gradient is None else {"dz": gradient}
        else:
            found["v"] = value
            found |= {} if gradient is None else {"dv": gradient}
            if any(line.startswith("z =") for line in formulas.forward) and hasattr(layer, "activation"):
                found["z"] = self._linear(node).forward(inputs[0])
                if gradient is not None:
                    found["dz"] = self._module(Activation(f), found["z"]).backward(found["z"], value, gradient)
        found |= self._weight_gradients(node, formulas.symbols, found)
        of_inputs = [(source, (name.removeprefix("d"), name)) for source, name in zip(node.inputs, names, strict=True)]
        for source, kinds in [(node, ("v", "z", "dv", "dz")), *of_inputs]:
            if not source.has_rows:  # the engine keeps such an array as a batch of one
                found |= {name: found[name][0] for name in kinds if name in found}
        return found

    def _weight_gradients(self, node: Node, symbols: Mapping[str, str], found: Mapping[str, Array]) -> dict[str, Array]:
        """DW of this place of the layer; where it stands in one place only, that of the whole pass."""
        layer, gradient = _layer(node), self.gradients[node]
        prefix = f"{self.graph.names[layer]}/"
        named = {symbol: name for symbol, name in symbols.items() if prefix + name in self.by_data}
        if gradient is None or not named:
            return {}
        if not node.inputs:  # a variable, of which each place has its gradient
            return {f"d{symbol}": gradient[0] for symbol in named}
        if sum(other.layer is layer for other in self.graph.nodes) == 1:
            return {f"d{symbol}": self.by_data[prefix + name] for symbol, name in named.items()}
        linear = node in self.taken_over
        module = self._linear(node) if linear else self._module_of(node, layer)
        gradients = module.weight_gradients(found["u"], found["z" if linear else "v"], gradient)
        return {f"d{symbol}": gradients[name] for symbol, name in named.items()}

    def _apply(self, f: str, z: Array) -> Array:
        return self._module(Activation(f), z).forward(z)

    def _linear(self, node: Node) -> Module:
        """A node's layer without its activation."""
        return self._module_of(node, Layer.from_config({**_layer(node).config(), "activation": "identity"}))

    def _module_of(self, node: Node, layer: Layer) -> Module:
        """A layer by itself, with the values that a node's layer has in the model."""
        module = self._module(layer, self.values[node.inputs[0]])
        prefix = f"{self.graph.names[_layer(node)]}/"
        for mine, theirs in ((module.parameters, self.network.parameters), (module.state, self.network.state)):
            for name, values in mine.items():
                values[...] = theirs[prefix + name]
        return module

    def _module(self, layer: Layer, u: Array) -> Module:
        return layer.build(u.shape[1:], dtype=self.dtype)

    # --- what is written ----------------------------------------------------------------------------------------------

    def _forward(self, node: Node) -> Iterator[str]:
        found = self.by_node[node]
        used = ", ".join(self.names[u] for u in node.inputs)
        yield f"{self.names[node]} = {_layer(node)!r}" + (f" of {used}" if used else "")
        for line in self._of_inputs(node, _layer(node).formulas.forward):
            yield from _line(line, found)

    @staticmethod
    def _of_inputs(node: Node, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Lines that are written for one input u, of a node that has several or none."""
        count = len(node.inputs)
        if count == 1:
            return lines
        if count == 0:
            return tuple(line.replace("(u)", "()") for line in lines if not line.startswith("du ="))
        names = ", ".join(f"u{i}" for i in range(1, count + 1))
        return tuple(
            line.replace("(u)", f"({names})").replace("du =", f"{names.replace('u', 'du')} =") for line in lines
        )

    def _rows(self) -> str:
        lengths = self.examples.lengths
        of_steps = "" if lengths is None else f" of {' + '.join(map(str, lengths))} = {lengths.sum()} steps"
        return f"N = {self.examples.rows} rows{of_steps}"

    def _losses(self) -> Iterator[str]:
        weighted = self.examples.weights is not None
        over = "sum of w" if weighted else "N"
        terms = zip(
            self.compilation.losses,
            self.compilation.first_outputs,
            self.compilation.loss_weights,
            self.sums,
            strict=True,
        )
        for loss, k, factor, sums in terms:
            outputs = self.graph.outputs[k : k + loss.num_outputs]
            value, gradient = loss.formulas
            yield f"{loss!r} of {', '.join(self.names[node] for node in outputs)}"
            smooth = ", y smoothed" if getattr(loss, "label_smoothing", 0.0) else ""
            yield f"{INDENT}L_i = {value}{smooth}"
            what = "sum_i w_i L_i / sum of w" if weighted else f"sum_i L_i / N, N = {sums.weight:g}"
            yield f"{INDENT}L = {what}, = {sums.loss / sums.weight if sums.weight > 0 else 0.0:.6g}"
            times = "" if factor == 1.0 else f"{factor:g} "
            times += "w_i " if weighted else ""
            for node in outputs:
                name = "dz" if node in self.taken_over else "dv"
                yield from _line(f"{name} = {times}{gradient} / {over}", self.by_node[node], f" of {self.names[node]}")
        penalty = self.value.penalty
        yield f"J = {self.data_value:.6g}" + (f" + penalty {penalty:.6g}" if self.compilation.has_penalty else "")

    def _backward(self, node: Node) -> Iterator[str]:
        yield from self._arriving(node)
        if self.gradients[node] is None:
            return
        found, lines = self.by_node[node], self._of_inputs(node, _layer(node).formulas.backward)
        if node in self.taken_over:  # dz has come from the loss; of an Activation z is u itself
            rest = tuple(line for line in lines if not line.startswith("dz ="))
            lines = rest if len(rest) < len(lines) else ("du = dz",)
        for line in lines:
            # du is shown where it arrives
            yield from _line(line, found, has_numbers=not re.match(r"du\d*\b", line))

    def _arriving(self, node: Node) -> Iterator[str]:
        """Where a node's gradient comes from."""
        gradient = self.gradients[node]
        if gradient is None:  # no output depends on it
            return
        users = [other for other in self.graph.nodes if node in other.inputs and self.gradients[other] is not None]
        sources = [f"du of {self.names[other]}" for other in users]
        yield self.names[node]
        if node in self.graph.outputs:
            sources.insert(0, "the loss's, above")
        name = "dz" if node in self.taken_over else "dv"
        gradient = gradient if node.has_rows else gradient[0]
        yield from _line(f"{name} = {' + '.join(sources)}", {name: gradient}, has_numbers=sources[0].startswith("du"))

    def _totals(self) -> Iterator[str]:
        regularizers = {
            f"{self.graph.names[layer]}/{name}": entry
            for layer in self.graph.layers
            for name, entry in layer.regularizers.items()
        }
        for name, gradient in self.by_theta.items():
            layer, _, own = name.partition("/")
            places = [node for node in self.graph.nodes if self.graph.names[_layer(node)] == layer]
            symbol = next((s for s, n in _layer(places[0]).formulas.symbols.items() if n == own), own)
            parts = [f"d{symbol} of {self.names[node]}" for node in places if self.gradients[node] is not None]
            entry = regularizers.get(name)
            if entry is not None and entry.l1 > 0:
                parts.append(f"{entry.l1:g} sign({symbol})")
            if entry is not None and entry.l2 > 0:
                parts.append(f"{entry.l2:g} {symbol}")
            yield f"{INDENT}{name} {_shape(gradient)} = {' + '.join(parts) or '0'}"
            yield from _numbers(gradient)


def _dense(values: Array | SparseRows) -> Array:
    return values.toarray() if isinstance(values, SparseRows) else values


def _layer(node: Node) -> Layer:
    assert node.layer is not None  # inputs are not asked
    return node.layer


def _place_names(nodes: Sequence[Node], names: Sequence[str]) -> dict[Node, str]:
    """A layer in several places is called by them: score (place 1), score (place 2)."""
    places: dict[str, int] = {}
    result = {}
    for node, name in zip(nodes, names, strict=True):
        places[name] = places.get(name, 0) + 1
        result[node] = f"{name} (place {places[name]})" if names.count(name) > 1 else name
    return result


def _line(line: str, found: Mapping[str, Array], where: str = "", has_numbers: bool = True) -> Iterator[str]:
    """A formula with shapes written in, and below it the numbers of what it gives."""
    left, right = line.split(" = ", 1)
    result = found.get(left)
    shape = None if result is None else result.shape

    written = {left}

    def with_shape(match: re.Match[str]) -> str:
        values = found[match["name"]]
        if shape is None or values.shape == shape or match["name"] in written:
            return match[0]
        written.add(match["name"])
        return f"{match[0]} {_shape(_transposed(values) if match['transposed'] else values)}"

    symbols = "|".join(sorted(map(re.escape, found), key=len, reverse=True))
    annotated = re.sub(rf"(?<![\w'])(?P<name>{symbols})(?P<transposed>\^T)?(?![\w'(^])", with_shape, right)
    yield f"{INDENT}{left}{where}{'' if result is None else ' ' + _shape(result)} = {annotated}"
    if has_numbers and result is not None:
        yield from _numbers(result)


def _transposed(values: Array) -> Array:
    return np.swapaxes(values, -1, -2) if values.ndim > 1 else values


def _shape(values: Array) -> str:
    return str(values.shape)


def _numbers(values: Array) -> Iterator[str]:
    """The numbers of an array, where they are few; a batch of one array as that array."""
    while values.ndim > 2 and len(values) == 1:
        values = values[0]
    if values.ndim > 2 or max(values.shape, default=1) > MOST:
        return
    shown = [[f"{value + 0.0:.6g}" for value in row] for row in np.atleast_2d(values).tolist()]
    width = max(len(cell) for row in shown for cell in row)
    for row in shown:
        yield f"{INDENT}{INDENT}[{'  '.join(f'{cell:>{width}}' for cell in row)}]"
