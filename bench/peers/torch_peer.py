"""PyTorch: eager, fused Adam; images (n, channels, rows, columns) in its default memory format; sequences packed."""

from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, TensorDataset

from bench.classifiers import Classifier, Conv, Dense, MaxPool
from bench.language import LanguageModel
from bench.peers.torch_language import LanguageNet
from bench.workload import LEARNING_RATE, Array, Integers, Rows, Workload


def model_of(workload: Workload) -> nn.Module:
    match workload:
        case LanguageModel():
            return LanguageNet(workload)
        case Classifier():
            return classifier(workload)
    raise TypeError(f"no net for {workload.name}")


def classifier(workload: Classifier) -> nn.Sequential:
    """The net that gives logits, with the initial weights."""
    layers: list[nn.Module] = []
    weights = iter(workload.weights)
    for layer, shape in workload.layers:
        match layer:
            case Conv(filters, size, padding):
                weight, bias = next(weights)
                conv = nn.Conv2d(shape[-1], filters, size, padding=padding)
                layers += [_set(conv, weight.transpose(3, 2, 0, 1), bias), nn.ReLU()]
            case MaxPool(size):
                layers.append(nn.MaxPool2d(size))
            case Dense(units):
                weight, bias = next(weights)
                if len(shape) > 1:
                    layers.append(nn.Flatten())
                    # Flatten takes a pixel's channels apart: (rows, columns, channels) to (channels, rows, columns).
                    weight = weight.reshape(*shape, units).transpose(2, 0, 1, 3).reshape(-1, units)
                layers += [_set(nn.Linear(len(weight), units), weight.T, bias), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _set(layer: nn.Conv2d | nn.Linear, weight: Array, bias: Array) -> nn.Module:
    assert layer.bias is not None
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer


class Peer:
    memory_format = torch.contiguous_format
    fused = True

    def __init__(self, workload: Workload, num_threads: int) -> None:
        torch.set_num_threads(num_threads)
        self.workload = workload
        self.batches = [self.tensors(rows) for rows in workload.batches()]
        self.loader = DataLoader(
            TensorDataset(*self.tensors(workload.data)), batch_size=workload.batch_size, shuffle=True
        )
        self.reset()

    def tensors(self, rows: Rows) -> tuple[Tensor, ...]:
        """Inputs, labels, and lengths if there are any."""
        columns = (self.arrange(rows.x), rows.y, rows.lengths)
        return tuple(torch.from_numpy(column) for column in columns if column is not None)

    def reset(self) -> None:
        model = model_of(self.workload)
        self.model = model.to(memory_format=self.memory_format) if self.workload.has_images else model  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, fused=self.fused)

    def step(self, x: Tensor, y: Tensor, lengths: Tensor | None = None) -> None:
        self.optimizer.zero_grad()
        if lengths is None:
            loss = cross_entropy(self.model(x).flatten(0, -2), y.flatten())
        else:
            loss = cross_entropy(self.model(pack(x, lengths)), pack(y, lengths).data)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    def run_steps(self, count: int) -> None:
        for batch in islice(cycle(self.batches), count):
            self.step(*batch)

    def run_epochs(self, count: int) -> None:
        for _ in range(count):
            for x, *others in self.loader:
                self.step(x.contiguous(memory_format=self.memory_format), *others)

    def arrange(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if self.workload.has_images else x

    @torch.inference_mode()
    def predict(self, x: NDArray[Any], lengths: Integers | None) -> Array:
        rows = torch.from_numpy(x)
        if lengths is None:
            probabilities = self.model(rows).softmax(dim=-1)
        else:
            packed = pack(rows, torch.from_numpy(lengths))
            packed = packed._replace(data=self.model(packed).softmax(dim=-1))
            probabilities, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        array: Array = probabilities.numpy()
        return array


def pack(x: Tensor, lengths: Tensor) -> PackedSequence:
    return pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
