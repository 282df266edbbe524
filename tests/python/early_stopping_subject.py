"""What the tests of early stopping share: a model, its data, and a callback that remembers."""

from typing import Any

import numpy as np

import nncpp as nn
from snapshots import snapshot

NAN, INF = float("nan"), float("inf")
N, M, BATCH, EPOCHS = 45, 20, 8, 12  # rows of training and validation
RNG = np.random.default_rng(0)
X = 3 + 2 * RNG.normal(size=(N + M, 4))
Y = (X[:, 0] > 3).astype(int) + (X[:, 1] > 4) * RNG.integers(2, size=N + M)
WEIGHTS = RNG.uniform(0.5, 2, N + M)
STRATEGIES = ["restart", "continue"]
LIMIT: dict[str, dict[str, Any]] = {"restart": {}, "continue": {"second_epochs": 3}}
FIRST, SECOND = 6, {"restart": 4, "continue": 2}  # epochs of the runs of `begun`


def new_model(optimizer: Any = None, metrics: Any = "accuracy", l2: float = 1e-3) -> Any:
    layers = [nn.Dense(6, "tanh", weight_regularizer=nn.L2(l2)), nn.Dropout(0.2), nn.Dense(3, "softmax")]
    model = nn.Sequential([nn.Input(4), nn.Standardize(), *layers], seed=5, dtype="float64")
    model.compile(nn.Adam(0.03) if optimizer is None else optimizer, "nllm", metrics=metrics)
    return model


def fit(model: Any, stopping: Any, *callbacks: Any, **options: Any) -> Any:
    arguments = {"epochs": EPOCHS, "batch_size": BATCH, "validation_data": (X[N:], Y[N:]), **options}
    return model.fit(X[:N], Y[:N], callbacks=[stopping, *callbacks], **arguments)


def values_of(model: Any) -> dict[str, Any]:
    """Parameters, state, moments, steps and epochs."""
    return {name: bits for name, bits in snapshot(model).items() if name != "history"}


def scored_by(scores: list[float]) -> Any:
    """A metric that says these numbers in turn."""
    remaining = iter(scores)

    def score(y_true: Any, y_pred: Any) -> float:
        return next(remaining)

    return score


class Keep(nn.Callback):
    """Keeps everything of the model after each epoch, and what it is told."""

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.values: list[dict[str, Any]] = []
        self.theta: list[Any] = []
        self.logs: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.epochs.append(epoch)
        self.values.append(values_of(self.model))
        self.theta.append(self.model.flat_parameters.copy())
        self.logs.append(logs)
