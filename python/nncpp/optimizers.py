"""How a step moves theta along the gradient g. The arithmetic is in the core, one pass over flat vectors."""

from __future__ import annotations

from abc import abstractmethod

from . import _core
from ._arguments import flag, number
from ._configured import Configured
from .errors import DataError


class Optimizer(Configured):
    """Base of all optimizers. ``learning_rate`` may be changed at any time, the rest is fixed.

    Examples
    --------
    >>> import nncpp as nn
    >>> optimizer = nn.Adam(1e-3)
    >>> optimizer.learning_rate = 1e-4
    >>> optimizer.learning_rate = float("nan")
    Traceback (most recent call last):
    nncpp.errors.DataError: learning_rate: expected a number in [0, inf), got nan
    """

    learning_rate: float

    def __setattr__(self, name: str, value: object) -> None:
        if name == "learning_rate":
            self.__dict__[name] = number(name, value, "[0, inf)")
        else:
            super().__setattr__(name, value)

    @abstractmethod
    def _core(self, precision: _core.Precision) -> _core.Optimizer: ...


class SGD(Optimizer, kind="sgd"):
    """v = momentum v - learning_rate g; theta += v. With ``nesterov``: theta += momentum v - learning_rate g.

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever, Martens, Dahl, Hinton,
    "On the importance of initialization and momentum in deep learning", ICML 2013.

    Parameters
    ----------
    learning_rate
        >= 0
    momentum
        in [0, 1); 0 keeps no v
    nesterov
        the look-ahead form; needs momentum

    Raises
    ------
    DataError
        if a number is outside its interval, or for ``nesterov`` without momentum
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.learning_rate = learning_rate
        self.momentum = number("momentum", momentum, "[0, 1)")
        self.nesterov = flag("nesterov", nesterov)
        if nesterov and self.momentum == 0.0:
            raise DataError("nesterov: expected momentum > 0 with it, got momentum 0; write momentum=0.9")

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.SGD(self.momentum, self.nesterov)


class AdaGrad(Optimizer, kind="adagrad"):
    """r += g^2; theta -= learning_rate g / (sqrt(r) + epsilon).

    Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12, 2011.

    Parameters
    ----------
    learning_rate
        >= 0
    epsilon
        > 0
    epsilon_inside_root
        divides by sqrt(r + epsilon) instead

    Raises
    ------
    DataError
        if a number is outside its interval
    """

    def __init__(self, learning_rate: float = 0.01, epsilon: float = 1e-10, epsilon_inside_root: bool = False) -> None:
        self.learning_rate = learning_rate
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.epsilon_inside_root = flag("epsilon_inside_root", epsilon_inside_root)

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.AdaGrad(self.epsilon, self.epsilon_inside_root)


class RMSProp(Optimizer, kind="rmsprop"):
    """r = rho r + (1 - rho) g^2; theta -= learning_rate g / (sqrt(r) + epsilon).

    Tieleman, Hinton, "Neural networks for machine learning", lecture 6.5, 2012. Some courses call it Adadelta and put
    epsilon inside the root.

    Parameters
    ----------
    learning_rate
        >= 0
    rho
        in [0, 1)
    epsilon
        > 0
    epsilon_inside_root
        divides by sqrt(r + epsilon) instead

    Raises
    ------
    DataError
        if a number is outside its interval
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        epsilon: float = 1e-8,
        epsilon_inside_root: bool = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.rho = number("rho", rho, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.epsilon_inside_root = flag("epsilon_inside_root", epsilon_inside_root)

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.RMSProp(self.rho, self.epsilon, self.epsilon_inside_root)


class Adadelta(Optimizer, kind="adadelta"):
    """u = g sqrt(s + epsilon) / sqrt(r + epsilon); theta -= learning_rate u.

    r = rho r + (1 - rho) g^2 before, s = rho s + (1 - rho) u^2 after: the units of u are those of theta, so a rate of
    1 serves. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012.

    Parameters
    ----------
    learning_rate
        >= 0
    rho
        in [0, 1)
    epsilon
        > 0; sqrt(epsilon) sets the size of the first steps

    Raises
    ------
    DataError
        if a number is outside its interval
    """

    def __init__(self, learning_rate: float = 1.0, rho: float = 0.9, epsilon: float = 1e-6) -> None:
        self.learning_rate = learning_rate
        self.rho = number("rho", rho, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.Adadelta(self.rho, self.epsilon)


class Adam(Optimizer, kind="adam"):
    """theta -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).

    m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, t counts steps from 1.
    Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015; epsilon outside the root, as printed there.

    Parameters
    ----------
    learning_rate
        >= 0
    beta1, beta2
        in [0, 1)
    epsilon
        > 0
    bias_correction
        False leaves the two divisions by 1 - beta^t out
    epsilon_inside_root
        divides by sqrt(v / (1 - beta2^t) + epsilon) instead

    Raises
    ------
    DataError
        if a number is outside its interval
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        bias_correction: bool = True,
        *,
        epsilon_inside_root: bool = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = number("beta1", beta1, "[0, 1)")
        self.beta2 = number("beta2", beta2, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.bias_correction = flag("bias_correction", bias_correction)
        self.epsilon_inside_root = flag("epsilon_inside_root", epsilon_inside_root)

    def _adam(self, precision: _core.Precision, weight_decay: float) -> _core.Optimizer:
        return precision.Adam(
            self.beta1, self.beta2, self.epsilon, self.epsilon_inside_root, self.bias_correction, weight_decay
        )

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return self._adam(precision, weight_decay=0.0)


class AdamW(Adam, kind="adamw"):
    """theta *= 1 - learning_rate weight_decay; then the step of Adam.

    Every parameter decays, biases too, as in PyTorch; ``nn.L2`` on weights is a penalty in J, which Adam rescales.
    Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Parameters
    ----------
    learning_rate
        >= 0
    beta1, beta2
        in [0, 1)
    epsilon
        > 0
    weight_decay
        >= 0
    bias_correction, epsilon_inside_root
        as in ``Adam``

    Raises
    ------
    DataError
        if a number is outside its interval
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        bias_correction: bool = True,
        epsilon_inside_root: bool = False,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, bias_correction, epsilon_inside_root=epsilon_inside_root)
        self.weight_decay = number("weight_decay", weight_decay, "[0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return self._adam(precision, self.weight_decay)
