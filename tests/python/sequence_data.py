"""Sequences of different lengths for tests, and models that read them."""

from typing import Any, NamedTuple

import numpy as np

import nncpp as nn

ROWS, STEPS, COLUMNS, CLASSES = 23, 6, 3, 4


class Data(NamedTuple):
    """Inputs (n, T, D), labels of steps (n, T) and of rows (n,), lengths (n,)."""

    x: Any
    tags: Any
    labels: Any
    lengths: Any

    @property
    def counts(self) -> Any:
        """(n, T): True for the steps that count."""
        return np.arange(STEPS) < self.lengths[:, None]

    def with_rubbish(self) -> "Data":
        """The same with NaN and impossible labels in the padding."""
        x, tags = self.x.copy(), self.tags.copy()
        x[~self.counts], tags[~self.counts] = np.nan, 10**9
        return self._replace(x=x, tags=tags)

    def rows(self, index: Any) -> "Data":
        return Data(*(values[index] for values in self))


def data(rows: int = ROWS, seed: int = 0) -> Data:
    """Labels that some direction of x decides; 0 in the padding."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, STEPS + 1, rows)
    lengths[:3] = STEPS, 1, 3
    x = rng.normal(size=(rows, STEPS, COLUMNS))
    scores = x @ np.random.default_rng(1).normal(size=(COLUMNS, CLASSES))
    found = Data(x, scores.argmax(axis=-1), scores[:, 0].argmax(axis=-1), lengths)
    x[~found.counts], found.tags[~found.counts] = 0.0, 0
    return found


def tagger(*, dtype: str = "float32", chance: bool = False, optimizer: Any = "adam", metrics: Any = "accuracy") -> Any:
    """A class for each step."""
    random = [nn.Dropout(0.2), nn.BatchNorm(), nn.GaussianNoise(0.1), nn.SpatialDropout1D(0.2)] if chance else []
    layers = [nn.Dense(5, "tanh"), *random, nn.Dense(CLASSES, "softmax")]
    return _compiled(layers, dtype, optimizer, metrics)


def recurrent_tagger(*, dtype: str = "float32", optimizer: Any = "adam", metrics: Any = "accuracy") -> Any:
    """A class for each step, by those before and after it."""
    layers = [nn.Bidirectional(nn.LSTM(3, return_sequences=True)), nn.Dense(CLASSES, "softmax")]
    return _compiled(layers, dtype, optimizer, metrics)


def last_state(*, dtype: str = "float32", optimizer: Any = "adam", metrics: Any = "accuracy") -> Any:
    """A class for each row, by the state after its last step."""
    return _compiled([nn.GRU(4), nn.Dense(CLASSES, "softmax")], dtype, optimizer, metrics)


def _compiled(layers: list[Any], dtype: str, optimizer: Any, metrics: Any) -> Any:
    model = nn.Sequential([nn.Input((STEPS, COLUMNS)), *layers], seed=1, dtype=dtype)
    model.compile(optimizer, "nllm", metrics=metrics)
    return model


def pooled(*, dtype: str = "float32", optimizer: Any = "adam", metrics: Any = "accuracy") -> Any:
    """A class for each row, by what its steps have at most and in the mean."""
    x = nn.Input((STEPS, COLUMNS))
    h = nn.Dense(6, "tanh")(x)
    both = nn.ops.concatenate([nn.GlobalMaxPool1D()(h), nn.GlobalAveragePool1D()(h)], axis=-1)
    model = nn.Model(x, nn.Dense(CLASSES, "softmax")(both), seed=1, dtype=dtype)
    model.compile(optimizer, "nllm", metrics=metrics)
    return model


class Break(nn.Callback):
    """Ctrl-C after a step of the second epoch."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_batch_end(self, step: int, scores: dict[str, float]) -> None:
        if self.model.history.epochs == 1 and step == self.step:
            raise KeyboardInterrupt
