"""An optimizer on gradients that a test chooses."""

from typing import Any

import numpy as np

import nncpp as nn


class Driver:
    """A model of one row of weights w, whose loss has whatever gradient is asked for.

    The loss (w x - y)^2 of one row has the gradient 2 (w x - y) x; with y = w x - 1/2 that is x.
    """

    def __init__(self, optimizer: Any, start: Any, dtype: str = "float64") -> None:
        start = np.asarray(start)
        self.model = nn.Sequential([nn.Input(start.size), nn.Dense(1, use_bias=False)], dtype=dtype)
        self.model.compile(optimizer, "squared")
        self.w = self.model.parameters["dense/weight"].reshape(-1)
        self.w[:] = start.reshape(-1)

    def step(self, gradient: Any) -> Any:
        """The weights after one step."""
        x = np.asarray(gradient, np.float64).reshape(1, -1)
        self.model.train_on_batch(x, x @ self.w.astype(np.float64) - 0.5)
        return self.w.copy()

    def steps(self, gradients: Any) -> Any:
        """The weights after each step."""
        return np.array([self.step(gradient) for gradient in gradients])
