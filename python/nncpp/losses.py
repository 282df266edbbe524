"""Losses, each in its pair with the activation of the output, so that dL/dz is exact and stable for any z.

L = sum_i w_i L_i / sum_i w_i over the rows of a batch, w the sample weights. z goes into the output's activation, p
comes out of it; s is an output without one, a score.
Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2; Bishop, Pattern Recognition and Machine Learning,
2006, by section below.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from . import _core
from ._arguments import number, shown
from ._configured import Configured
from .errors import DataError


class Loss(Configured):
    """Base of all losses.

    Attributes
    ----------
    task
        what its outputs are: numbers ("regression"), columns each right or wrong ("binary"), one class of several
        ("classes"), scores of which the first is to be larger ("ranking"), or the loss itself ("expression"); metrics
        go by it
    threshold
        above it an output of a binary task says yes; None where only comparing outputs tells
    targets
        the two values of a target of one column, no and yes
    formulas
        L_i, and its gradient by the output: by z where the loss takes over the activation
    takes_over
        the activation of the output that is part of the loss; None where the output's is its own

    Raises
    ------
    DataError
        for an argument outside its interval; from ``compile``: if the activation of the output is not the loss's own
    ShapeError, DataError
        from ``fit`` and ``evaluate``: for targets of another shape, or outside the range given for the loss

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Sequential([nn.Input(1), nn.Dense(1)]).compile(loss="nll")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nncpp.errors.DataError: dense: loss 'nll' needs an output with activation 'sigmoid', got 'identity'; ...
    """

    task: ClassVar[Literal["regression", "binary", "classes", "ranking", "expression"]]
    threshold: ClassVar[float | None] = None
    targets: tuple[int, int] = (0, 1)
    formulas: ClassVar[tuple[str, str]] = ("what its own rule says", "dL_i/dv")
    takes_over: ClassVar[str | None] = None
    _elsewhere: ClassVar[Mapping[str, str]] = {
        "mse": "squared",
        "mean_squared_error": "squared",
        "mae": "absolute",
        "mean_absolute_error": "absolute",
        "binary_crossentropy": "nll",
        "categorical_crossentropy": "nllm",
        "sparse_categorical_crossentropy": "nllm",
        "cross_entropy": "nllm",
        "categorical_hinge": "multiclass_hinge",
        "kl_divergence": "kl",
    }

    @property
    def num_outputs(self) -> int:
        """1; or 2 for a loss that compares two outputs, and so takes no target."""
        return self._core(_core.float64).num_outputs

    @property
    def takes_target(self) -> bool:
        """Whether ``fit`` is given y for it."""
        return self.num_outputs == 1

    def _core_for(self, precision: _core.Precision, output_shape: tuple[int, ...]) -> _core.Loss:  # noqa: ARG002
        """The core's loss for an output of this shape of one sample."""
        return self._core(precision)

    @abstractmethod
    def _core(self, precision: _core.Precision) -> _core.Loss: ...


class SquaredLoss(Loss, kind="squared"):
    """L_i = sum_k (p_k - y_k)^2, with a linear output (activation "identity"); dL_i/dz = 2 (p - y).

    With another output the gradient goes on through its activation. Targets: (n, K) numbers, or (n,) where K = 1.
    Bishop, 3.1.1.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss=nn.SquaredLoss())
    >>> model.evaluate([[1.0], [2.0]], [1.0, 4.0])  # (0 + 2^2) / 2
    {'loss': 2.0}
    """

    task = "regression"
    formulas = ("sum_k (p_k - y_k)^2", "2 (p - y)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.SquaredLoss()


class AbsoluteLoss(Loss, kind="absolute"):
    """L_i = sum_k abs(p_k - y_k), with any output; dL_i/dp = sign(p - y), and 0 where p = y.

    Least by the median of y given x. Targets: (n, K) numbers, or (n,) where K = 1. Bishop, 1.5.5 (Minkowski, q = 1).

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss=nn.AbsoluteLoss())
    >>> model.evaluate([[1.0], [2.0]], [1.0, 5.0])  # (0 + 3) / 2
    {'loss': 1.5}
    """

    task = "regression"
    formulas = ("sum_k abs(p_k - y_k)", "sign(p - y)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.AbsoluteLoss()


class HuberLoss(Loss, kind="huber"):
    """L_i = sum_k h(p_k - y_k), h(e) = e^2 / 2 for abs(e) <= delta, else delta (abs(e) - delta / 2), with any output.

    dL_i/dp = p - y, clipped to [-delta, delta]. Targets: (n, K) numbers, or (n,) where K = 1.
    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964.

    Parameters
    ----------
    delta
        > 0: the error from which on it grows no faster than in proportion

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss=nn.HuberLoss(delta=2.0))
    >>> model.evaluate([[1.0], [2.0]], [2.0, 5.0])  # (1^2 / 2 + 2 (3 - 1)) / 2
    {'loss': 2.25}
    """

    task = "regression"
    formulas = ("sum_k h(p_k - y_k), h(e) = e^2 / 2 up to delta, then linear", "(p - y, cut at -delta and delta)")

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number("delta", delta, "(0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.HuberLoss(self.delta)


class HingeLoss(Loss, kind="hinge"):
    """L_i = sum_k max(1 - y_k s_k, 0), y_k in {-1, +1}, with a linear output; dL_i/ds_k = -y_k where y_k s_k < 1.

    With an L2 penalty on the weights this is the linear support vector machine. Targets: (n, K) of the two values
    declared, or (n,) where K = 1. Cortes, Vapnik, "Support-vector networks", Machine Learning 20, 1995.

    Parameters
    ----------
    targets
        the values that y has: (-1, 1), or (0, 1), which are then taken for -1 and +1

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss=nn.HingeLoss(targets=(0, 1)))
    >>> model.evaluate([[0.5], [2.0]], [0, 1])  # (1 + 0.5 and 0) / 2
    {'loss': 0.75}
    """

    task = "binary"
    formulas = ("sum_k max(1 - y_k s_k, 0)", "(-y where y s < 1, else 0)")
    threshold = 0.0

    def __init__(self, targets: Any = (-1, 1)) -> None:
        if not isinstance(targets, tuple | list):
            raise TypeError(f"targets: expected (-1, 1) or (0, 1), got {shown(targets)}")
        if tuple(targets) not in ((-1, 1), (0, 1)):
            raise DataError(f"targets: expected (-1, 1) or (0, 1), got {tuple(targets)}")
        self.targets = (int(targets[0]), 1)

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.HingeLoss(self.targets == (0, 1))


class MaxMarginLoss(Loss, kind="max_margin"):
    """L_i = max(margin + s_c - s, 0) for two linear outputs s, s_c; dL_i/ds = -1 and dL_i/ds_c = 1 where L_i > 0.

    s is to lie above s_c, the score of something worse, by the margin. It takes no targets: ``fit(x)``. Outputs of
    several units add up over the units.
    Collobert et al., "Natural language processing (almost) from scratch", JMLR 12, 2011.

    Parameters
    ----------
    margin
        > 0

    Examples
    --------
    >>> import nncpp as nn
    >>> good, bad, score = nn.Input(1), nn.Input(1), nn.Dense(1, weight_initializer="ones")
    >>> model = nn.Model([good, bad], [score(good), score(bad)])
    >>> model.compile(loss=nn.MaxMarginLoss(), metrics="accuracy")
    >>> model.evaluate([[[3.0], [1.0]], [[0.0], [2.0]]])  # (0 + (1 + 2 - 1)) / 2
    {'loss': 1.0, 'accuracy': 0.5}
    """

    task = "ranking"
    formulas = ("sum_k max(margin + c_k - s_k, 0)", "(-1 for s and 1 for c where margin + c - s > 0, else 0)")

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = number("margin", margin, "(0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.MaxMarginLoss(self.margin)


class MulticlassHingeLoss(Loss, kind="multiclass_hinge"):
    """L_i = sum_{j != y} max(margin + s_j - s_y, 0), with a linear output of K scores, y the right class.

    dL_i/ds_j = 1 where the term of j is above 0, dL_i/ds_y = -(how many of them are). Targets: (n,) labels 0 ... K - 1,
    or (n, K) one-hot. Weston, Watkins, "Support vector machines for multi-class pattern recognition", ESANN 1999.

    Parameters
    ----------
    margin
        > 0

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(3), nn.Dense(3, weight_initializer="zeros")])
    >>> model.compile(loss=nn.MulticlassHingeLoss())
    >>> model.evaluate([[1.0, 2.0, 3.0]], [2])  # all scores 0: 1 + 1
    {'loss': 2.0}
    """

    task = "classes"
    formulas = (
        "sum over j != y of max(margin + s_j - s_y, 0)",
        "(1 where term j is > 0; at y minus their number)",
    )

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = number("margin", margin, "(0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.MulticlassHingeLoss(self.margin)


class NLL(Loss, kind="nll"):
    """L_i = -sum_k y_k log p_k + (1 - y_k) log(1 - p_k), with activation "sigmoid"; dL_i/dz = p - y.

    Binary negative log likelihood. Targets: (n, K) in [0, 1], or (n,) where K = 1. Bishop, 4.3.2; Szegedy et al.,
    "Rethinking the Inception architecture for computer vision", CVPR 2016, for the smoothing.

    Parameters
    ----------
    label_smoothing
        e in [0, 1): (1 - e) y + e / 2 stands for y

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, "sigmoid", weight_initializer="zeros")])
    >>> model.compile(loss=nn.NLL())
    >>> round(model.evaluate([[1.0], [2.0]], [0, 1])["loss"], 4)  # p = 1/2: log 2
    0.6931
    """

    task = "binary"
    formulas = ("-sum_k y_k log p_k + (1 - y_k) log(1 - p_k)", "(p - y)")
    takes_over = "sigmoid"
    threshold = 0.5

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = number("label_smoothing", label_smoothing, "[0, 1)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.NLL(self.label_smoothing)


class NLLM(Loss, kind="nllm"):
    """L_i = -sum_k y_k log p_k, with activation "softmax"; dL_i/dz = p - y.

    Multi-class negative log likelihood. Targets: (n,) labels 0 ... K - 1, or (n, K) distributions. Bishop, 4.3.4;
    Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, for the smoothing.

    Parameters
    ----------
    label_smoothing
        e in [0, 1): (1 - e) y + e / K stands for y

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(4, "softmax", weight_initializer="zeros")])
    >>> model.compile(loss=nn.NLLM())
    >>> round(model.evaluate([[1.0], [2.0]], [0, 3])["loss"], 4)  # p = 1/4: log 4
    1.3863
    """

    task = "classes"
    formulas = ("-sum_k y_k log p_k", "(p - y)")
    takes_over = "softmax"

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = number("label_smoothing", label_smoothing, "[0, 1)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.NLLM(self.label_smoothing)


class KLLoss(Loss, kind="kl"):
    """L_i = T^2 sum_k y_k (log y_k - log q_k), q = softmax(z / T), with activation "softmax"; dL_i/dz = T (q - y).

    Distillation: y is what a larger net, or an average of nets, gives at temperature T; T^2 keeps the size of the
    gradient whatever T. Targets: (n, K) distributions. Hinton, Vinyals, Dean, "Distilling the knowledge in a neural
    network", 2015.

    Parameters
    ----------
    temperature
        T > 0; predictions are those of T = 1

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(2, "softmax", weight_initializer="zeros")])
    >>> model.compile(loss=nn.KLLoss(temperature=3.0))
    >>> round(model.evaluate([[1.0]], [[0.0, 1.0]])["loss"], 4)  # q = 1/2: 9 log 2
    6.2383
    """

    task = "classes"
    formulas = ("T^2 sum_k y_k (log y_k - log q_k), q = softmax(z / T)", "T (q - y)")
    takes_over = "softmax"

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = number("temperature", temperature, "(0, inf)")

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.KLLoss(self.temperature)


class ExpressionLoss(Loss, kind="expression"):
    """L_i = sum_k v_ik: the output v is the loss, computed by the graph; dL_i/dv = 1. It takes no targets: ``fit(x)``.

    What the loss needs comes in through inputs, labels too. An output without rows, such as a penalty on variables,
    counts once.

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.Input(1), nn.Input(1)
    >>> error = nn.Dense(1, weight_initializer="ones")(x) - y
    >>> model = nn.Model([x, y], nn.ops.sum(error**4))
    >>> model.compile(loss="expression")
    >>> model.evaluate([[[1.0], [2.0]], [[0.0], [4.0]]])  # (1 + 16) / 2
    {'loss': 8.5}
    """

    task = "expression"
    formulas = ("sum_k v_k, of the output itself", "1")

    @property
    def takes_target(self) -> bool:
        """False."""
        return False

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.ExpressionLoss()
