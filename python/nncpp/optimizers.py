"""How a step moves theta along the gradient g. The arithmetic is in the core, one pass over flat vectors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from . import _core
from ._arguments import flag, number, one_of, shown
from ._configured import Configured
from ._rates import Rate, as_rate
from .errors import DataError


class _Options(TypedDict, total=False):
    """What every optimizer takes besides its own arguments, by name only; see ``Optimizer``."""

    clip_value: float | None
    clip_norm: float | None
    rate_factors: Mapping[str, float] | str | None
    update: str


class _AdamOptions(_Options, total=False):
    """What Adam and AdamW take by name."""

    bias_correction: bool
    epsilon_inside_root: bool


class Optimizer(Configured):
    """Base of all optimizers. ``learning_rate`` may be changed at any time, the rest is fixed.

    Parameters
    ----------
    learning_rate
        a number >= 0, a schedule of ``nn.schedules``, or a function of (step, epoch), both counted from 0 since
        ``compile``; it may be asked for a step ahead of time, or twice. A file keeps of a function the number that it
        gave last
    clip_value
        > 0: each entry of the gradient is brought into [-clip_value, clip_value]
    clip_norm
        > 0: then g *= clip_norm / max(norm(g), clip_norm), g the gradient of J for all parameters together. Pascanu,
        Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013
    rate_factors
        mapping from a parameter or a layer ("dense/weight", "dense") to a factor >= 0 on its rate; 0 freezes it, the
        parameter's entry goes before the layer's. Or "fan_in": 1 / sqrt(n), n the inputs of a unit of the layer;
        Collobert, as in Stanford CS224n, lecture notes 3, 2.7
    update
        what becomes of the rows of an embedding, or of a weight of a sparse input, that a batch does not pick. Either
        way a step takes time for the rows it picks only.
        "exact": what the formula says of a gradient of 0: momentum moves them on, moments fade, AdamW's decay goes on.
        All is made up for, to rounding, when a row is picked again, and before anybody looks at the model.
        "lazy": nothing. Neither they nor their moments change before they are picked again: momentum that is due is
        never spent, old moments count as those of the step before, and rows decay in the steps that pick them only,
        while the bias correction of Adam counts all steps; as LazyAdam of TensorFlow and SparseAdam of PyTorch have
        it. Another method than that of Kingma, Ba, ICLR 2015, but for SGD without momentum and AdaGrad, where a
        gradient of 0 is no step

    Raises
    ------
    DataError
        if a number is outside its interval; from ``compile``, if no parameter and no layer has a name
    TypeError
        for a value of another type

    Examples
    --------
    >>> import nncpp as nn
    >>> optimizer = nn.Adam(1e-3, clip_norm=1.0)
    >>> optimizer.learning_rate = nn.schedules.CosineDecay(1e-3, duration=10_000)
    >>> optimizer.learning_rate = float("nan")
    Traceback (most recent call last):
    nncpp.errors.DataError: learning_rate: expected a number in [0, inf), got nan
    """

    learning_rate: Rate

    def __init__(
        self,
        learning_rate: Rate,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        rate_factors: Mapping[str, float] | str | None = None,
        update: str = "exact",
    ) -> None:
        self.learning_rate = learning_rate
        self.clip_value = None if clip_value is None else number("clip_value", clip_value, "(0, inf)")
        self.clip_norm = None if clip_norm is None else number("clip_norm", clip_norm, "(0, inf)")
        self.rate_factors = _rate_factors(rate_factors)
        self.update = one_of("update", update, ("exact", "lazy"))

    def __setattr__(self, name: str, value: object) -> None:
        if name == "learning_rate":
            self.__dict__[name] = as_rate(value)
            self.__dict__.pop("_last_rate", None)
        else:
            super().__setattr__(name, value)

    def config(self) -> dict[str, Any]:
        """The kind and the arguments, as JSON has them; in place of a function the number that it gave last."""
        config = super().config()
        if callable(config["learning_rate"]):
            last = self.__dict__.get("_last_rate")
            config["learning_rate"] = self.rate_at(0, 0) if last is None else last
        return config

    def rate_at(self, step: int, epoch: int) -> float:
        """The learning rate of a step. Raises DataError or TypeError for what is no number >= 0."""
        rate = self.learning_rate
        if not callable(rate):
            return rate
        value: Any = rate(step, epoch)
        if not (isinstance(value, float) and 0.0 <= value < float("inf")):
            value = number(f"learning_rate: {rate!r} at step {step}, epoch {epoch}", value, "[0, inf)")
        self.__dict__["_last_rate"] = result = float(value)
        return result

    @property
    def _clipping(self) -> dict[str, float]:
        limits = {"clip_value": self.clip_value, "clip_norm": self.clip_norm}
        return {name: limit for name, limit in limits.items() if limit is not None}

    @abstractmethod
    def _core(self, precision: _core.Precision) -> _core.Optimizer: ...


def _rate_factors(value: Mapping[str, float] | str | None) -> dict[str, float] | str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return one_of("rate_factors", value, ("fan_in",))
    if not isinstance(value, Mapping):
        raise TypeError(f"rate_factors: expected a mapping from names to factors, or 'fan_in', got {shown(value)}")
    return {str(name): number(f"rate_factors: {name}", factor, "[0, inf)") for name, factor in value.items()}


class SGD(Optimizer, kind="sgd"):
    """v = momentum v - learning_rate g; theta += v. With ``nesterov``: theta += momentum v - learning_rate g.

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever, Martens, Dahl, Hinton,
    "On the importance of initialization and momentum in deep learning", ICML 2013.

    Parameters
    ----------
    learning_rate, options
        as for ``Optimizer``
    momentum
        in [0, 1); 0 keeps no v
    nesterov
        the look-ahead form; needs momentum

    Raises
    ------
    DataError
        if a number is outside its interval, or for ``nesterov`` without momentum
    """

    def __init__(
        self, learning_rate: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Unpack[_Options]
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = number("momentum", momentum, "[0, 1)")
        self.nesterov = flag("nesterov", nesterov)
        if nesterov and self.momentum == 0.0:
            raise DataError("nesterov: expected momentum > 0 with it, got momentum 0; write momentum=0.9")

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.SGD(self.momentum, self.nesterov, self.update)


class AdaGrad(Optimizer, kind="adagrad"):
    """r += g^2; theta -= learning_rate g / (sqrt(r) + epsilon).

    Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12, 2011.

    Parameters
    ----------
    learning_rate, options
        as for ``Optimizer``
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
        learning_rate: Rate = 0.01,
        epsilon: float = 1e-10,
        epsilon_inside_root: bool = False,
        **options: Unpack[_Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.epsilon_inside_root = flag("epsilon_inside_root", epsilon_inside_root)

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.AdaGrad(self.epsilon, self.epsilon_inside_root, self.update)


class RMSProp(Optimizer, kind="rmsprop"):
    """r = rho r + (1 - rho) g^2; theta -= learning_rate g / (sqrt(r) + epsilon).

    Tieleman, Hinton, "Neural networks for machine learning", lecture 6.5, 2012. Some courses call it Adadelta and put
    epsilon inside the root.

    Parameters
    ----------
    learning_rate, options
        as for ``Optimizer``
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
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        epsilon: float = 1e-8,
        epsilon_inside_root: bool = False,
        **options: Unpack[_Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.epsilon_inside_root = flag("epsilon_inside_root", epsilon_inside_root)

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.RMSProp(self.rho, self.epsilon, self.epsilon_inside_root, self.update)


class Adadelta(Optimizer, kind="adadelta"):
    """u = g sqrt(s + epsilon) / sqrt(r + epsilon); theta -= learning_rate u.

    r = rho r + (1 - rho) g^2 before, s = rho s + (1 - rho) u^2 after: the units of u are those of theta, so a rate of
    1 serves. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012.

    Parameters
    ----------
    learning_rate, options
        as for ``Optimizer``
    rho
        in [0, 1)
    epsilon
        > 0; sqrt(epsilon) sets the size of the first steps

    Raises
    ------
    DataError
        if a number is outside its interval
    """

    def __init__(
        self, learning_rate: Rate = 1.0, rho: float = 0.9, epsilon: float = 1e-6, **options: Unpack[_Options]
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.Adadelta(self.rho, self.epsilon, self.update)


class Adam(Optimizer, kind="adam"):
    """theta -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).

    m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, t counts steps from 1.
    Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015; epsilon outside the root, as printed there.

    Parameters
    ----------
    learning_rate, options
        as for ``Optimizer``
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

    weight_decay: float = 0.0  # of AdamW

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        bias_correction: bool = True,
        *,
        epsilon_inside_root: bool = False,
        **options: Unpack[_Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta1 = number("beta1", beta1, "[0, 1)")
        self.beta2 = number("beta2", beta2, "[0, 1)")
        self.epsilon = number("epsilon", epsilon, "(0, inf)")
        self.bias_correction = flag("bias_correction", bias_correction)
        self.epsilon_inside_root = flag("epsilon_inside_root", epsilon_inside_root)

    def _core(self, precision: _core.Precision) -> _core.Optimizer:
        return precision.Adam(
            self.beta1,
            self.beta2,
            self.epsilon,
            self.epsilon_inside_root,
            self.bias_correction,
            self.weight_decay,
            self.update,
        )


class AdamW(Adam, kind="adamw"):
    """theta *= 1 - learning_rate weight_decay; then the step of Adam.

    Every parameter decays, biases too, as in PyTorch; ``nn.L2`` on weights is a penalty in J, which Adam rescales.
    Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Parameters
    ----------
    learning_rate, options
        as for ``Optimizer``
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
        learning_rate: Rate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        **options: Unpack[_AdamOptions],
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, **options)
        self.weight_decay = number("weight_decay", weight_decay, "[0, inf)")
