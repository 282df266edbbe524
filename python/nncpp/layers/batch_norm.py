"""BatchNorm: columns of mean 0 and variance 1 over each batch, then a scale and a shift that are learned."""

from __future__ import annotations

import math
from typing import Any

from .. import _core
from .._arguments import number
from ..initializers import Initializer
from ._layer import Formulas, Layer


class BatchNorm(Layer):
    """v = gamma x + beta, x = (u - mean) / sqrt(var + epsilon);  u, v (N, ..., D), all else (D).

    Training: mean and var are those of the batch over all axes but the last, M = N ... rows, var with M below. The
    gradient goes through both, exactly for any epsilon: with dx = gamma dv,
    du = (dx - mean(dx) - x mean(dx x)) / sqrt(var + epsilon), dgamma = sum of x dv, dbeta = sum of dv. State follows:
    running_mean = momentum running_mean + (1 - momentum) mean, and running_var likewise with var M / (M - 1), the
    unbiased variance, as PyTorch has it (whose momentum is the weight of the *new* value).

    Prediction: mean = running_mean, var = running_var, which start as 0 and 1 and are saved with the model.

    A training batch with M = 1 has no variance. It takes running_mean and running_var as prediction does, constants in
    its gradient, and leaves them as they are. ``fit`` warns where the last batch of an epoch will be such a one.

    gamma and beta are no weights: there is no regularizer for them. Before an activation, use ``Dense(...,
    use_bias=False)`` with none: beta is the bias. A constant column gives x = 0, never NaN.
    Ioffe, Szegedy, "Batch normalization", ICML 2015.

    Parameters
    ----------
    momentum
        weight of the old value in running_mean and running_var, in [0, 1)
    epsilon
        > 0
    gamma_initializer, beta_initializer
        name or object of ``nn.initializers``
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for a number outside its interval, and for an epsilon that the model's dtype takes for 0

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.BatchNorm(epsilon=3.0).build((1,))
    >>> layer.forward([[1.0], [3.0]], training=True)  # mean 2, variance 1
    array([[-0.5],
           [ 0.5]], dtype=float32)
    >>> layer.forward([[1.0], [3.0]])  # mean 0, variance 1
    array([[0.5],
           [1.5]], dtype=float32)
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        *,
        gamma_initializer: Any = "ones",
        beta_initializer: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.momentum = number("momentum", momentum, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.gamma_initializer = Initializer.of(gamma_initializer, "gamma_initializer")
        self.beta_initializer = Initializer.of(beta_initializer, "beta_initializer")

    @property
    def formulas(self) -> Formulas:
        """In prediction mean and var are the running ones, constants in the gradient; e is epsilon."""
        return Formulas(
            ("v = gamma (u - m) / sqrt(s + e) + beta",),
            (
                "dgamma = sum over rows of dv (u - m) / sqrt(s + e)",
                "dbeta = sum over rows of dv",
                "du = gamma dv / sqrt(s + e)",
            ),
            {"gamma": "gamma", "beta": "beta", "m": "running_mean", "s": "running_var"},
        )

    def multiply_adds(self, input_shape: Any, output_shape: tuple[int, ...]) -> int:  # noqa: ARG002
        """One for each output: in prediction it is a scale and a shift."""
        return math.prod(output_shape)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.BatchNorm(
            self.momentum, self.epsilon, self.gamma_initializer._core(), self.beta_initializer._core()
        )


def single_row_warning(layer: str, rows: int, batch_size: int) -> str | None:
    """What to say where an epoch of so many rows has a batch of one, which the layer of that name cannot normalize."""
    if rows % batch_size != 1 % batch_size:
        return None
    which = "every batch" if batch_size == 1 else "the last batch of each epoch"
    good = next((size for size in range(batch_size + 1, rows + 1) if rows % size != 1), None)
    advice = f"take batch_size={good}" if good else "give more rows"
    return (
        f"{layer}: {which} has 1 row ({rows} rows, batch_size={batch_size}), which has no variance: running_mean and "
        f"running_var are used for it, and left as they are; {advice}"
    )
