"""SimpleRNN, LSTM and GRU: layers that go through a sequence step by step and remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypedDict, Unpack, cast

import numpy as np

from .. import _core
from .._arguments import flag, number, one_of, whole_number
from ..constraints import Constraint
from ..data import Array
from ..graph import Node
from ..initializers import Initializer
from ..regularizers import Regularizer
from ._layer import Formulas, Layer, given, optional
from .last_step import Columns, LastStep

POINTWISE = tuple(name for name in _core.activation_names if name not in ("softmax", "log_softmax"))


class RecurrentOptions(TypedDict, total=False):
    """What every recurrent layer takes by name only."""

    return_sequences: bool
    return_state: bool
    reverse: bool
    stateful: int | None
    truncate: int | None
    dropout: float
    recurrent_dropout: float
    weight_initializer: Any
    recurrent_initializer: Any
    weight_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    weight_constraint: Any
    recurrent_constraint: Any
    name: str | None


class Recurrent(Layer):
    """Base of recurrent layers: cells of some gates and one state or two, on (N, T, D)."""

    _gates: ClassVar[int]
    _states: ClassVar[int] = 1

    def __init__(
        self,
        units: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        reverse: bool = False,
        stateful: int | None = None,
        truncate: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        weight_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        weight_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        weight_constraint: Any = None,
        recurrent_constraint: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.units = whole_number("units", units, at_least=1)
        self.return_sequences = flag("return_sequences", return_sequences)
        self.return_state = flag("return_state", return_state)
        self.reverse = flag("reverse", reverse)
        self.stateful = None if stateful is None else whole_number("stateful", stateful, at_least=1)
        self.truncate = None if truncate is None else whole_number("truncate", truncate, at_least=1)
        self.dropout = number("dropout", dropout, "[0, 1)")
        self.recurrent_dropout = number("recurrent_dropout", recurrent_dropout, "[0, 1)")
        self.weight_initializer = Initializer.of(weight_initializer, "weight_initializer")
        self.recurrent_initializer = Initializer.of(recurrent_initializer, "recurrent_initializer")
        self.weight_regularizer = optional(Regularizer, weight_regularizer, "weight_regularizer")
        self.recurrent_regularizer = optional(Regularizer, recurrent_regularizer, "recurrent_regularizer")
        self.bias_regularizer = optional(Regularizer, bias_regularizer, "bias_regularizer")
        self.weight_constraint = optional(Constraint, weight_constraint, "weight_constraint")
        self.recurrent_constraint = optional(Constraint, recurrent_constraint, "recurrent_constraint")

    def __call__(self, inputs: Node | Sequence[Node], initial_state: Node | Sequence[Node] | None = None) -> Any:
        """The node of v; with return_state the nodes [v, h], of an LSTM [v, h, c].

        Parameters
        ----------
        inputs
            the node of u, or [u, h] and, of an LSTM, [u, h, c]
        initial_state
            h, or [h, c], nodes (N, H) that it begins with; None begins with 0

        Raises
        ------
        TypeError
            if it is given anything but nodes
        """
        nodes = [*_listed(inputs), *([] if initial_state is None else _listed(initial_state))]
        node = super().__call__(nodes)
        if not self.return_state:
            return node
        states = (
            [Columns(s * self.units, self.units)(node) for s in range(self._states)] if self._states > 1 else [node]
        )
        if not self.return_sequences:
            return [states[0], *states]
        return [states[0], *(LastStep(first=self.reverse)(state) for state in states)]

    @property
    def regularizers(self) -> Mapping[str, Regularizer]:
        """The penalty on each of its parameters that has one, by the parameter's name."""
        return given(
            weight=self.weight_regularizer, recurrent_weight=self.recurrent_regularizer, bias=self.bias_regularizer
        )

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """The constraint on each of its parameters that has one, by the parameter's name."""
        return given(weight=self.weight_constraint, recurrent_weight=self.recurrent_constraint)

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:  # noqa: ARG002
        """D + H for each gate of each unit at each step."""
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        return int(shape[0]) * self._gates * self.units * (int(shape[1]) + self.units)

    def reversed(self) -> Self:
        """The same layer in the other direction."""
        return cast(Self, Layer.from_config({**self.config(), "reverse": not self.reverse}))

    def _formulas(self, forward: tuple[str, ...], backward: tuple[str, ...], through: str, product: str) -> Formulas:
        """Of one step: ``through`` is what the next step gives dh_t, ``product`` the gradient of h U."""
        last, before, after = ("first", "t+1", "t-1") if self.reverse else ("last", "t-1", "t+1")
        value, rest = f"h_t of the {last} step", f"; {last} dh_t = dv"
        if self.return_sequences:
            value, rest = "h_t of all steps", " + dv of step t"
        gradients = (
            "dW = sum over steps of u_t^T da_t",
            f"dU = sum over steps of h_before^T {product}",
            "db = sum over steps and rows of da_t",
            "du = da_t W^T of all steps",
        )

        def placed(*lines: str) -> tuple[str, ...]:
            return tuple(line.replace("before", f"{{{before}}}").replace("after", f"{{{after}}}") for line in lines)

        return Formulas(
            placed(*forward, f"v = {value}"),
            placed(f"dh_t = {through}{rest}", *backward, *gradients),
            {"W": "weight", "U": "recurrent_weight", "b": "bias"},
        )

    def _options(self) -> _core.RecurrentOptions:
        return _core.RecurrentOptions(
            self.units,
            self.return_sequences,
            self.reverse,
            self.return_state,
            self.stateful or 0,
            self.truncate or 0,
            self.dropout,
            self.recurrent_dropout,
            self.weight_initializer._core(),
            self.recurrent_initializer._core(),
        )

    def _without_chance(self) -> Layer:
        return Layer.from_config({**self.config(), "dropout": 0.0, "recurrent_dropout": 0.0})


class SimpleRNN(Recurrent):
    """h_t = f(x_t W + h_{t-1} U + b);  u (N, T, D) of steps x_t, W (D, H), U (H, H), b (H); H units.

    v (N, H) is the state after the last step of each sequence, or with ``return_sequences`` all of them, (N, T, H).
    With ``lengths`` given to the model, the last step is each sequence's own. h_0 = 0 unless it is given.

    da_t = f'(a_t) dh_t, dh_{t-1} = da_t U^T + what comes from v;  dW, dU, db are sums over steps and rows.
    Elman, "Finding structure in time", Cognitive Science 14, 1990; Werbos, "Backpropagation through time: what it does
    and how to do it", Proc. IEEE 78, 1990.

    Parameters
    ----------
    units
        H
    activation
        f, a name of ``nn.Activation`` that acts on each number alone
    return_sequences
        True: v has the states of all steps
    return_state
        True: called on nodes the layer returns [v, h], of an LSTM [v, h, c], h and c (N, H) after the last step: what
        another layer may begin with. On its own (``build``) an LSTM then has h and c side by side in v
    reverse
        True goes from the last step of each sequence to its first; v stays in the order of u
    stateful
        number of streams: row i of a batch goes on where row i of the batch before ended, until an epoch ends. For long
        texts cut into batches; a batch has at most so many rows
    truncate
        k: gradients do not go back from the steps 0, k, 2k ... to the one before them, while states go on; truncated
        backpropagation through time (Williams, Peng 1990)
    dropout, recurrent_dropout
        probability that in training an entry of x_t, of h_{t-1}, is 0 where it meets W, U; the same entries at all
        steps of a sequence (Gal, Ghahramani, "A theoretically grounded application of dropout in recurrent neural
        networks", NIPS 2016)
    weight_initializer, recurrent_initializer
        name or object of ``nn.initializers``; each gate on its own. b is 0 at first
    weight_regularizer, recurrent_regularizer, bias_regularizer
        L1, L2, ElasticNet or None
    weight_constraint, recurrent_constraint
        MaxNorm or None
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number, a name or an object that is not one of those
    ShapeError
        when the model is built: for an input that is not (N, T, D), or first states that are not (N, H)

    Examples
    --------
    A running sum, by weights set by hand:

    >>> import nncpp as nn
    >>> layer = nn.SimpleRNN(1, "identity", return_sequences=True).build((3, 1))
    >>> layer.parameters["weight"][...] = layer.parameters["recurrent_weight"][...] = 1
    >>> layer.forward([[[1.0], [2.0], [4.0]]])[0, :, 0]
    array([1., 3., 7.], dtype=float32)
    """

    _gates = 1

    def __init__(self, units: int, activation: str = "tanh", **options: Unpack[RecurrentOptions]) -> None:
        super().__init__(units, **self._known(options))
        self.activation = one_of("activation", activation, POINTWISE)

    @property
    def formulas(self) -> Formulas:
        """Step by step."""
        return self._formulas(
            ("a_t = u_t W + h_before U + b", f"h_t = {self.activation}(a_t)"),
            (f"da_t = {self.activation}'(a_t) dh_t",),
            "da_after U^T",
            "da_t",
        )

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.SimpleRNN(self._options(), self.activation)


class LSTM(Recurrent):
    """Long short-term memory: gates i, f, g, o, in this order in the columns of W, U and b, and a cell c.

    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), g = tanh(a_g), where a = x_t W + h_{t-1} U + b;
    c_t = f c_{t-1} + i g,  h_t = o tanh(c_t).  u (N, T, D), W (D, 4 H), U (H, 4 H), b (4 H), v (N, H) or (N, T, H).

    Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; with forget gates: Gers, Schmidhuber,
    Cummins, "Learning to forget", Neural Computation 12, 2000.

    Parameters
    ----------
    units
        H
    forget_bias
        what the bias of the forget gate begins with; 1 lets the cell remember at first (Jozefowicz, Zaremba, Sutskever,
        "An empirical exploration of recurrent network architectures", ICML 2015). PyTorch begins near 0
    return_sequences, return_state, reverse, stateful, truncate, dropout, recurrent_dropout, weight_initializer,
    recurrent_initializer, weight_regularizer, recurrent_regularizer, bias_regularizer, weight_constraint,
    recurrent_constraint, name
        as for ``SimpleRNN``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``SimpleRNN``

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> tagger = nn.Sequential([nn.LSTM(16, return_sequences=True), nn.Dense(3, "softmax")])
    >>> tagger.predict(np.zeros((2, 7, 5))).shape
    (2, 7, 3)

    An encoder whose last states a decoder begins with:

    >>> source, target = nn.Input((7, 5)), nn.Input((4, 2))
    >>> _, h, c = nn.LSTM(16, return_state=True)(source)
    >>> v = nn.LSTM(16, return_sequences=True)(target, initial_state=[h, c])
    >>> nn.Model([source, target], v).predict([np.zeros((2, 7, 5)), np.zeros((2, 4, 2))]).shape
    (2, 4, 16)
    """

    _gates = 4
    _states = 2

    def __init__(self, units: int, *, forget_bias: float = 1.0, **options: Unpack[RecurrentOptions]) -> None:
        super().__init__(units, **self._known(options))
        self.forget_bias = number("forget_bias", forget_bias)

    @property
    def formulas(self) -> Formulas:
        """Step by step; a has the four gates side by side."""
        return self._formulas(
            (
                "a_t = u_t W + h_before U + b",
                "i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)",
                "c_t = f c_before + i g",
                "h_t = o tanh(c_t)",
            ),
            (
                "dc_t = f_after dc_after + o (1 - tanh(c_t)^2) dh_t",
                "da_i, da_f = g i (1 - i) dc_t, c_before f (1 - f) dc_t",
                "da_g, da_o = i (1 - g^2) dc_t, tanh(c_t) o (1 - o) dh_t",
            ),
            "da_after U^T",
            "da_t",
        )

    def _first_values(self) -> Mapping[str, Array]:
        return {"bias": np.repeat([0.0, self.forget_bias, 0.0, 0.0], self.units)}

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.LSTM(self._options())


class GRU(Recurrent):
    """Gated recurrent unit: gates r, z, n, in this order in the columns of W, U and both biases.

    r, z = sigmoid(a_r + q_r), sigmoid(a_z + q_z), n = tanh(a_n + r q_n), where a = x_t W + b and q = h_{t-1} U + b';
    h_t = (1 - z) n + z h_{t-1}.  u (N, T, D), W (D, 3 H), U (H, 3 H), b and b' (3 H), v (N, H) or (N, T, H). b' is the
    parameter recurrent_bias. The reset gate acts after the product, as PyTorch has it.

    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation", EMNLP
    2014.

    Parameters
    ----------
    units
        H
    return_sequences, return_state, reverse, stateful, truncate, dropout, recurrent_dropout, weight_initializer,
    recurrent_initializer, weight_regularizer, recurrent_regularizer, bias_regularizer, weight_constraint,
    recurrent_constraint, name
        as for ``SimpleRNN``

    Raises
    ------
    DataError, TypeError, ShapeError
        as for ``SimpleRNN``

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.GRU(4).build((7, 3))
    >>> {name: value.shape for name, value in layer.parameters.items()}
    {'weight': (3, 12), 'recurrent_weight': (4, 12), 'bias': (12,), 'recurrent_bias': (12,)}
    """

    _gates = 3

    def __init__(self, units: int, **options: Unpack[RecurrentOptions]) -> None:
        super().__init__(units, **self._known(options))

    @property
    def formulas(self) -> Formulas:
        """Step by step; a and q have the three gates side by side, and q has a bias of its own, c."""
        formulas = self._formulas(
            (
                "a_t = u_t W + b",
                "q_t = h_before U + c",
                "r, z, n = sigmoid(a_r + q_r), sigmoid(a_z + q_z), tanh(a_n + r q_n)",
                "h_t = (1 - z) n + z h_before",
            ),
            (
                "da_n, dq_n = (1 - z) (1 - n^2) dh_t, r da_n",
                "da_r, dq_r = q_n r (1 - r) da_n, da_r",
                "da_z, dq_z = (h_before - n) z (1 - z) dh_t, da_z",
            ),
            "z_after dh_after + dq_after U^T",
            "dq_t",
        )
        backward = (*formulas.backward[:-1], "dc = sum over steps and rows of dq_t", formulas.backward[-1])
        return Formulas(formulas.forward, backward, {**formulas.symbols, "c": "recurrent_bias"})

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.GRU(self._options())


def _listed(nodes: Any) -> list[Any]:
    return list(nodes) if isinstance(nodes, list | tuple) else [nodes]
