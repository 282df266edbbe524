"""PyTorch: eager, fused Adam; images (n, channels, rows, columns) in its default memory format."""

from itertools import cycle, islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.workloads import LEARNING_RATE, Array, Conv, Dense, MaxPool, Workload


def model_of(workload: Workload) -> nn.Sequential:
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
        self.batches = [(torch.from_numpy(self.arrange(x)), torch.from_numpy(y)) for x, y in workload.batches()]
        x, y = workload.data
        rows = TensorDataset(torch.from_numpy(self.arrange(x)), torch.from_numpy(y))
        self.loader = DataLoader(rows, batch_size=workload.batch_size, shuffle=True)
        self.loss = nn.CrossEntropyLoss()
        self.reset()

    def reset(self) -> None:
        self.model = model_of(self.workload).to(memory_format=self.memory_format)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, fused=self.fused)

    def step(self, x: Tensor, y: Tensor) -> None:
        self.optimizer.zero_grad()
        self.loss(self.model(x), y).backward()
        self.optimizer.step()

    def run_steps(self, count: int) -> None:
        for x, y in islice(cycle(self.batches), count):
            self.step(x, y)

    def run_epochs(self, count: int) -> None:
        for _ in range(count):
            for x, y in self.loader:
                self.step(x.contiguous(memory_format=self.memory_format), y)

    def arrange(self, x: Array) -> Array:
        return np.ascontiguousarray(np.moveaxis(x, -1, 1))

    @torch.inference_mode()
    def predict(self, x: Array) -> Array:
        probabilities: Array = torch.softmax(self.model(torch.from_numpy(x)), dim=1).numpy()
        return probabilities
