"""scikit-learn: MLPClassifier.partial_fit, which takes one step on a batch and one epoch on all rows."""

from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from bench.classifiers import Classifier, Dense
from bench.peers.peer import UnsupportedWorkloadError
from bench.workload import LEARNING_RATE, Array, Integers, Workload


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        if not isinstance(workload, Classifier):
            raise UnsupportedWorkloadError("no recurrent layers")
        if workload.has_images:
            raise UnsupportedWorkloadError("no convolutions")
        self.workload = workload
        self.batches = [(x, y) for x, y, _ in workload.batches()]
        self.reset()

    def reset(self) -> None:
        self.model = MLPClassifier(
            [layer.units for layer in self.workload.hidden if isinstance(layer, Dense)],
            batch_size=self.workload.batch_size,
            learning_rate_init=LEARNING_RATE,
            alpha=0,  # no weight penalty
            shuffle=False,
        )
        # The first call builds the network; then the parameters are set in place, the optimizer built anew.
        self.model.partial_fit(*self.batches[0], classes=np.arange(self.workload.classes))
        for i, (weight, bias) in enumerate(self.workload.weights):
            self.model.coefs_[i][...] = weight
            self.model.intercepts_[i][...] = bias
        del self.model._optimizer

    def run_steps(self, count: int) -> None:
        for x, y in islice(cycle(self.batches), count):
            self.model.partial_fit(x, y)

    def run_epochs(self, count: int) -> None:
        self.model.set_params(shuffle=True)
        for _ in range(count):
            self.model.partial_fit(self.workload.data.x, self.workload.data.y)

    def arrange(self, x: NDArray[Any]) -> NDArray[Any]:
        return x

    def predict(self, x: NDArray[Any], lengths: Integers | None) -> Array:
        probabilities: Array = self.model.predict_proba(x)
        return probabilities
