"""Penalties on weights, added to the objective: l1 sum |w| + l2 / 2 sum w^2."""

from ._arguments import number
from ._configured import Configured


class Regularizer(Configured):
    """Base of all regularizers: l1 sum |w| + l2 / 2 sum w^2; gradient l1 sign(w) + l2 w, with sign(0) = 0.

    Parameters
    ----------
    l1, l2
        factors >= 0; one that a member does not take is 0

    Raises
    ------
    DataError, TypeError
        for a factor that is negative or no finite number

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.Dense(1, weight_initializer="ones", weight_regularizer=nn.ElasticNet(l1=0.1, l2=0.02))
    >>> model = nn.Sequential([nn.Input(3), layer])
    >>> model.compile(loss="squared")
    >>> round(model.evaluate([[0.0, 0.0, 0.0]], [0.0])["penalty"], 6)  # 0.1 * 3 + 0.02 / 2 * 3
    0.33
    """

    l1: float = 0.0
    l2: float = 0.0


class L1(Regularizer, kind="l1"):
    """l1 sum |w|, which makes weights exactly 0. Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.1.2."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = number("l1", l1, "[0, inf)")


class L2(Regularizer, kind="l2"):
    """l2 / 2 sum w^2, weight decay. Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.1.1.

    The half is not in every library: Keras' L2(c) is L2(2 c) here.
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = number("l2", l2, "[0, inf)")


class ElasticNet(Regularizer, kind="elastic_net"):
    """l1 sum |w| + l2 / 2 sum w^2.

    Zou, Hastie, "Regularization and variable selection via the elastic net", J. R. Statist. Soc. B 67, 2005.
    """

    def __init__(self, l1: float = 0.01, l2: float = 0.01) -> None:
        self.l1 = number("l1", l1, "[0, inf)")
        self.l2 = number("l2", l2, "[0, inf)")
