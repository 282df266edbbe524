"""GaussianNoise: in training, normal numbers are added."""

from __future__ import annotations

from .. import _core
from .._arguments import number
from ._layer import Formulas, Layer


class GaussianNoise(Layer):
    """Training: v = u + deviation n, n_i ~ N(0, 1). Prediction: v = u. du = dv in both.

    u, v, n (N, ...). n is a function of (seed, layer, epoch, row of x): a row has the same noise whatever the size of
    batches, their order and the number of threads, and another in each epoch. In ``train_on_batch`` the step counts as
    the epoch. Behind an Input it is input noise, which for small deviations does what a penalty on the slopes of the
    network would.
    Sietsma, Dow, "Creating artificial neural networks that generalize", Neural Networks 4, 1991; Bishop, "Training
    with noise is equivalent to Tikhonov regularization", Neural Computation 7, 1995.

    Parameters
    ----------
    deviation
        of the noise, >= 0, in the units of u
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        unless deviation is a finite number >= 0

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.GaussianNoise(0.1).build((1000,))
    >>> bool(abs(layer.forward([[2.0] * 1000], training=True).std() - 0.1) < 0.01)
    True
    >>> bool((layer.forward([[2.0] * 1000]) == 2.0).all())
    True
    """

    def __init__(self, deviation: float, name: str | None = None) -> None:
        super().__init__(name)
        self.deviation = number("deviation", deviation, "[0, inf)")

    @property
    def formulas(self) -> Formulas:
        """In prediction there is no noise."""
        return Formulas(("v = u",), ("du = dv",))

    def _without_chance(self) -> Layer:
        return GaussianNoise(0.0, name=self.name)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.GaussianNoise(self.deviation)
