"""nncpp: `fit` for epochs, `train_on_batch` for single steps."""

from itertools import chain, cycle, islice
from typing import Any

from numpy.typing import NDArray

import nncpp as nn
from bench.classifiers import Classifier, Conv, Dense, MaxPool
from bench.language import LanguageModel
from bench.workload import LEARNING_RATE, Array, Integers, Workload


def classifier(workload: Classifier) -> nn.Sequential:
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


def language_model(workload: LanguageModel) -> nn.Sequential:
    make = {"SimpleRNN": nn.SimpleRNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[workload.cell]
    layers: list[nn.Input | nn.layers.Layer] = [
        nn.Input(workload.steps, dtype="int64"),
        nn.Embedding(workload.words, workload.dimensions, name="embedding"),
    ]
    for i in range(workload.depth):
        name = f"recurrent_{i}"
        if workload.is_bidirectional:
            layers.append(nn.Bidirectional(make(workload.units, return_sequences=True), merge="concat", name=name))
        else:
            layers.append(make(workload.units, return_sequences=True, name=name))
    layers.append(nn.Dense(workload.words, activation="softmax", name="output"))
    return nn.Sequential(layers, dtype="float32")


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        nn.set_num_threads(num_threads)
        self.workload = workload
        self.batches = workload.batches()
        self.initial: dict[str, Array]
        match workload:
            case LanguageModel():
                self.model = language_model(workload)
                self.initial = workload.weights
            case Classifier():
                self.model = classifier(workload)
                self.initial = dict(zip(self.model.parameters, chain.from_iterable(workload.weights), strict=True))
        self.reset()

    def reset(self) -> None:
        assert self.initial.keys() == self.model.parameters.keys()
        for name, value in self.initial.items():
            self.model.parameters[name][...] = value
        self.model.compile(optimizer=nn.Adam(LEARNING_RATE), loss="nllm")

    def run_steps(self, count: int) -> None:
        for x, y, lengths in islice(cycle(self.batches), count):
            self.model.train_on_batch(x, y, lengths=lengths)

    def run_epochs(self, count: int) -> None:
        x, y, lengths = self.workload.data
        self.model.fit(x, y, lengths=lengths, epochs=count, batch_size=self.workload.batch_size, verbose=0)

    def arrange(self, x: NDArray[Any]) -> NDArray[Any]:
        return x

    def predict(self, x: NDArray[Any], lengths: Integers | None) -> Array:
        probabilities: Array = self.model.predict(x, lengths=lengths)
        return probabilities
