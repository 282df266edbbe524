"""The language models in PyTorch."""

import re

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from bench.language import LanguageModel

KINDS = {
    "weight_ih": "weight",
    "weight_hh": "recurrent_weight",
    "bias_ih": "bias",
    "bias_hh": "recurrent_bias",
}


class LanguageNet(nn.Module):
    """Gives the logits of each step; has the initial weights."""

    def __init__(self, workload: LanguageModel) -> None:
        super().__init__()
        make = {"SimpleRNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[workload.cell]
        self.embedding = nn.Embedding(workload.words, workload.dimensions)
        self.recurrent = make(
            workload.dimensions,
            workload.units,
            num_layers=workload.depth,
            bidirectional=workload.is_bidirectional,
            batch_first=True,
        )
        self.output = nn.Linear(workload.features, workload.words)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                value = workload.weights.get(weight_name(name, workload.prefixes))
                if value is None:  # a second bias where nncpp has one
                    parameter.zero_()
                else:
                    parameter.copy_(torch.from_numpy(value if name == "embedding.weight" else value.T))

    def forward(self, x: Tensor | PackedSequence) -> Tensor:
        """(n, steps, words) for words (n, steps), (positions, words) for packed ones."""
        if isinstance(x, PackedSequence):
            h, _ = self.recurrent(x._replace(data=self.embedding(x.data)))
            z: Tensor = self.output(h.data)
        else:
            h, _ = self.recurrent(self.embedding(x))
            z = self.output(h)
        return z


def weight_name(name: str, prefixes: tuple[str, ...]) -> str:
    """PyTorch's name of a parameter as LanguageModel.weights has it."""
    found = re.fullmatch(r"recurrent\.(\w+)_l(\d+)(_reverse)?", name)
    if found is None:
        return name.replace(".", "/")
    kind, layer, is_reverse = found.groups()
    return f"recurrent_{layer}/{prefixes[-1 if is_reverse else 0]}{KINDS[kind]}"
