"""nncpp: `fit` for epochs, `train_on_batch` for single steps."""

from itertools import cycle, islice

import nncpp as nn
from bench.workloads import LEARNING_RATE, Array, Conv, Dense, MaxPool, Workload


def model_of(workload: Workload) -> nn.Sequential:
    layers: list[nn.Input | nn.layers.Layer] = [nn.Input(workload.input_shape)]
    for layer, shape in workload.layers:
        match layer:
            case Conv(filters, size, padding):
                layers.append(nn.Conv2D(filters, size, activation="relu", padding=padding))
            case MaxPool(size):
                layers.append(nn.MaxPool2D(size))
            case Dense(units):
                if len(shape) > 1:
                    layers.append(nn.Flatten())
                layers.append(nn.Dense(units, activation="relu"))
    layers[-1] = nn.Dense(workload.classes, activation="softmax")
    return nn.Sequential(layers, dtype="float32")


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        nn.set_num_threads(num_threads)
        self.workload = workload
        self.batches = workload.batches()
        self.model = model_of(workload)
        self.reset()

    def reset(self) -> None:
        initial = (array for pair in self.workload.weights for array in pair)
        for parameter, value in zip(self.model.parameters.values(), initial, strict=True):
            parameter[...] = value
        self.model.compile(optimizer=nn.Adam(LEARNING_RATE), loss="nllm")

    def run_steps(self, count: int) -> None:
        for x, y in islice(cycle(self.batches), count):
            self.model.train_on_batch(x, y)

    def run_epochs(self, count: int) -> None:
        x, y = self.workload.data
        self.model.fit(x, y, epochs=count, batch_size=self.workload.batch_size, verbose=0)

    def arrange(self, x: Array) -> Array:
        return x

    def predict(self, x: Array) -> Array:
        probabilities: Array = self.model.predict(x)
        return probabilities
