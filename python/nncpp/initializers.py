"""How the first values of weights and biases come about. The numbers are drawn in the core, from the model's seed."""

from __future__ import annotations

from abc import abstractmethod

from . import _core
from ._arguments import number
from ._configured import Configured


class Initializer(Configured):
    """Base of all initializers. fan_in and fan_out are the inputs and outputs of a unit, D and K for a Dense layer.

    Raises
    ------
    DataError, TypeError
        for an argument that is no finite number, or outside its interval

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Dense(2, weight_initializer=nn.initializers.Constant(0.5)).build((3,)).parameters["weight"]
    array([[0.5, 0.5],
           [0.5, 0.5],
           [0.5, 0.5]], dtype=float32)
    """

    @abstractmethod
    def _core(self) -> _core.Initializer: ...


class Constant(Initializer, kind="constant"):
    """w = value, every one the same.

    Parameters
    ----------
    value
        finite
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = number("value", value)

    def _core(self) -> _core.Initializer:
        return _core.Initializer("constant", self.value)


class Zeros(Initializer, kind="zeros"):
    """w = 0, as biases start."""

    def _core(self) -> _core.Initializer:
        return _core.Initializer("constant", 0.0)


class Ones(Initializer, kind="ones"):
    """w = 1."""

    def _core(self) -> _core.Initializer:
        return _core.Initializer("constant", 1.0)


class Normal(Initializer, kind="normal"):
    """N(mean, deviation^2).

    Parameters
    ----------
    mean
        finite
    deviation
        >= 0
    """

    def __init__(self, mean: float = 0.0, deviation: float = 0.01) -> None:
        self.mean = number("mean", mean)
        self.deviation = number("deviation", deviation, "[0, inf)")

    def _core(self) -> _core.Initializer:
        return _core.Initializer("normal", self.mean, self.deviation)


class Uniform(Initializer, kind="uniform"):
    """U(low, high).

    Parameters
    ----------
    low, high
        finite, low <= high
    """

    def __init__(self, low: float = -0.05, high: float = 0.05) -> None:
        self.low = number("low", low)
        self.high = number("high", high, f"[{self.low}, inf)")

    def _core(self) -> _core.Initializer:
        return _core.Initializer("uniform", self.low, self.high)


class _FanScaled(Initializer):
    def _core(self) -> _core.Initializer:
        return _core.Initializer(self.kind)


class GlorotUniform(_FanScaled, kind="glorot_uniform"):
    """U(-r, r), r = sqrt(6 / (fan_in + fan_out)): variance 2 / (fan_in + fan_out).

    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
    equation 16.

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> weight = nn.Dense(50, weight_initializer="glorot_uniform").build((100,)).parameters["weight"]
    >>> bool(np.abs(weight).max() <= np.sqrt(6 / 150))
    True
    """


class GlorotNormal(_FanScaled, kind="glorot_normal"):
    """N(0, 2 / (fan_in + fan_out)).

    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
    equation 12.
    """


class HeUniform(_FanScaled, kind="he_uniform"):
    """U(-r, r), r = sqrt(6 / fan_in): variance 2 / fan_in, for layers of rectifiers.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015; the uniform density of the same variance.
    """


class HeNormal(_FanScaled, kind="he_normal"):
    """N(0, 2 / fan_in), for layers of rectifiers.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, 2.2.

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> weight = nn.Dense(500, "relu", weight_initializer="he_normal").build((200,)).parameters["weight"]
    >>> bool(abs(weight.std() - np.sqrt(2 / 200)) < 1e-3)
    True
    """


class LecunNormal(_FanScaled, kind="lecun_normal"):
    """N(0, 1 / fan_in).

    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.6.
    """


class Orthogonal(Initializer, kind="orthogonal"):
    """gain Q, with Q^T Q = I (or Q Q^T = I): the Q of the QR of a normal matrix, signs fixed.

    Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    ICLR 2014.

    Parameters
    ----------
    gain
        finite

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> weight = nn.Dense(3, weight_initializer="orthogonal").build((5,), dtype="float64").parameters["weight"]
    >>> bool(np.allclose(weight.T @ weight, np.eye(3)))
    True
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("gain", gain)

    def _core(self) -> _core.Initializer:
        return _core.Initializer("orthogonal", self.gain)
