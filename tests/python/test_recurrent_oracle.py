"""Recurrent layers against PyTorch: same weights, same sequences, same numbers; with lengths, its packed sequences."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nncpp as nn
from tolerances import ROUNDING

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("default"),  # PyTorch's own
    pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"]),
    pytest.mark.parametrize("depth", [1, 2]),
    pytest.mark.parametrize("is_bidirectional", [False, True], ids=["forward", "both directions"]),
    pytest.mark.parametrize("has_lengths", [False, True], ids=["all steps", "lengths"]),
]
N, T, FEATURES, UNITS, CLASSES = 6, 5, 3, 4, 7
NAMES = {"weight_ih": "weight", "weight_hh": "recurrent_weight", "bias_ih": "bias", "bias_hh": "recurrent_bias"}
EXACT = ROUNDING["float64"]


class Pair:
    """The same net twice. Each step of each sequence is a token of its own: the Embedding's gradient is dL/dinput."""

    def __init__(self, cell: str, depth: int, *, is_bidirectional: bool, gives_steps: bool) -> None:
        self.torch: Any = pytest.importorskip("torch")
        self.prefixes = ("forward_", "backward_") if is_bidirectional else ("",)
        layers: list[Any] = [nn.Input(T, dtype="int64"), nn.Embedding(N * T, FEATURES, name="embedding")]
        for i in range(depth):
            name, returns = f"recurrent_{i}", gives_steps or i + 1 < depth
            if is_bidirectional:
                layer = getattr(nn, cell)(UNITS, return_sequences=returns)
                layers.append(nn.Bidirectional(layer, merge="concat", name=name))
            else:
                layers.append(getattr(nn, cell)(UNITS, return_sequences=returns, name=name))
        self.model = nn.Sequential([*layers, nn.Dense(CLASSES, "softmax", name="output")], dtype="float64")
        self.model.compile("sgd", "nllm")
        rng = np.random.default_rng(0)
        for value in self.model.parameters.values():
            value[...] = rng.normal(scale=0.7, size=value.shape)
        module: Any = getattr(self.torch.nn, "RNN" if cell == "SimpleRNN" else cell)
        self.recurrent = module(
            FEATURES,
            UNITS,
            num_layers=depth,
            bidirectional=is_bidirectional,
            batch_first=True,
            dtype=self.torch.float64,
        )
        values = self.model.parameters
        self.inputs, self.weight, self.bias = (
            self.torch.tensor(values[name].copy(), requires_grad=True)
            for name in ("embedding/weight", "output/weight", "output/bias")
        )
        self.gives_steps = gives_steps
        self.named = {self.name(name): parameter for name, parameter in self.recurrent.named_parameters()}
        with self.torch.no_grad():
            for name, parameter in self.named.items():  # the second bias, where nncpp has one, is 0
                parameter.copy_(self.torch.tensor(values[name].T) if name in values else 0 * parameter)

    def name(self, torch_name: str) -> str:
        """PyTorch's name of a parameter in nncpp."""
        kind, layer, is_reverse = re.fullmatch(r"(\w+)_l(\d+)(_reverse)?", torch_name).groups()  # type: ignore[union-attr]
        return f"recurrent_{layer}/{self.prefixes[-1 if is_reverse else 0]}{NAMES[kind]}"

    def logits(self, tokens: NDArray[np.int64], lengths: NDArray[np.int64] | None) -> Any:
        """PyTorch's, of each step that counts or, after the last of each sequence, of the sequence."""
        rnn = self.torch.nn.utils.rnn
        u = self.inputs[self.torch.tensor(tokens)]
        if lengths is None:
            v, last = self.recurrent(u)
        else:
            packed = rnn.pack_padded_sequence(u, lengths, batch_first=True, enforce_sorted=False)
            v, last = self.recurrent(packed)
            v, _ = rnn.pad_packed_sequence(v, batch_first=True, total_length=T)
        if self.gives_steps:
            h = v[self.torch.tensor(counts(lengths))]
        else:
            last = last[0] if isinstance(last, tuple) else last  # an LSTM's cell state is not an output
            h = self.torch.cat(list(last[-len(self.prefixes) :]), dim=1)
        return h @ self.weight + self.bias

    def assert_gradients_equal(self, gradients: Any) -> None:
        """Those of all weights and of the inputs, after PyTorch's backward."""
        expected = {name: parameter.grad.numpy().T for name, parameter in self.named.items()}
        expected |= {
            "embedding/weight": self.inputs.grad.numpy(),
            "output/weight": self.weight.grad.numpy(),
            "output/bias": self.bias.grad.numpy(),
        }
        assert gradients.keys() == self.model.parameters.keys() <= expected.keys()
        for name, gradient in gradients.items():
            EXACT.assert_close(gradient, expected[name])


def counts(lengths: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """Which steps (N, T) do."""
    if lengths is None:
        return np.ones((N, T), bool)
    return np.arange(T) < lengths[:, np.newaxis]


def sequences(*, has_lengths: bool) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Tokens, no two the same, and lengths: the longest, the shortest and a repeated one among them."""
    tokens = np.random.default_rng(1).permutation(N * T).reshape(N, T)
    return tokens, np.array([3, T, 1, 4, 3, 2]) if has_lengths else None


def test_labels_of_steps_equal_those_of_torch(cell: str, depth: int, is_bidirectional: bool, has_lengths: bool) -> None:
    pair = Pair(cell, depth, is_bidirectional=is_bidirectional, gives_steps=True)
    torch = pair.torch
    tokens, lengths = sequences(has_lengths=has_lengths)
    y = np.random.default_rng(2).integers(CLASSES, size=(N, T))
    z, counted = pair.logits(tokens, lengths), counts(lengths)
    expected = torch.nn.functional.cross_entropy(z, torch.tensor(y[counted]))
    expected.backward()
    # Nothing may read what lies in the padding.
    loss, gradients = pair.model.loss_and_gradients(
        np.where(counted, tokens, -1), np.where(counted, y, -1), lengths=lengths
    )
    EXACT.assert_close(loss, expected.item())
    pair.assert_gradients_equal(gradients)
    p = pair.model.predict(np.where(counted, tokens, -1), lengths=lengths)
    EXACT.assert_close(p[counted], z.softmax(dim=1).detach().numpy())


def test_labels_of_sequences_equal_those_of_torch(
    cell: str, depth: int, is_bidirectional: bool, has_lengths: bool
) -> None:
    pair = Pair(cell, depth, is_bidirectional=is_bidirectional, gives_steps=False)
    torch = pair.torch
    tokens, lengths = sequences(has_lengths=has_lengths)
    y = np.random.default_rng(2).integers(CLASSES, size=N)
    z = pair.logits(tokens, lengths)
    expected = torch.nn.functional.cross_entropy(z, torch.tensor(y))
    expected.backward()
    tokens = np.where(counts(lengths), tokens, -1)
    loss, gradients = pair.model.loss_and_gradients(tokens, y, lengths=lengths)
    EXACT.assert_close(loss, expected.item())
    pair.assert_gradients_equal(gradients)
    EXACT.assert_close(pair.model.predict(tokens, lengths=lengths), z.softmax(dim=1).detach().numpy())
