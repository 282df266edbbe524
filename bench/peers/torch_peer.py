"""PyTorch: eager, fused Adam."""

from itertools import cycle, islice

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.workloads import LEARNING_RATE, Array, Workload


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        torch.set_num_threads(num_threads)
        self.workload = workload
        self.batches = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in workload.batches()]
        x, y = map(torch.from_numpy, workload.data)
        self.loader = DataLoader(TensorDataset(x, y), batch_size=workload.batch_size, shuffle=True)
        self.loss = nn.CrossEntropyLoss()
        self.reset()

    def reset(self) -> None:
        layers: list[nn.Module] = []
        for weight, bias in self.workload.weights:
            dense = nn.Linear(*weight.shape)
            with torch.no_grad():
                dense.weight.copy_(torch.from_numpy(weight.T))
                dense.bias.copy_(torch.from_numpy(bias))
            layers += [dense, nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, fused=True)

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
                self.step(x, y)

    @torch.inference_mode()
    def predict(self, x: Array) -> Array:
        probabilities: Array = torch.softmax(self.model(torch.from_numpy(x)), dim=1).numpy()
        return probabilities
