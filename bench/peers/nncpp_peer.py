"""nncpp: `fit` for epochs, `train_on_batch` for single steps."""

from itertools import cycle, islice

import nncpp as nn
from bench.workloads import LEARNING_RATE, Array, Workload


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        nn.set_num_threads(num_threads)
        self.workload = workload
        self.batches = workload.batches()
        inputs, *hidden, classes = workload.sizes
        self.model = nn.Sequential(
            [
                nn.Input(inputs),
                *(nn.Dense(units, activation="relu") for units in hidden),
                nn.Dense(classes, activation="softmax"),
            ],
            dtype="float32",
        )
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

    def predict(self, x: Array) -> Array:
        probabilities: Array = self.model.predict(x)
        return probabilities
