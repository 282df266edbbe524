"""Penalties on weights, added to the objective: l1 sum |w| + l2 / 2 sum w^2."""

from ._arguments import number
from ._configured import Configured


class Regularizer(Configured):
    """Base of all regularizers: the two factors of the penalty."""

    l1: float = 0.0
    l2: float = 0.0


class L1(Regularizer, kind="l1"):
    """l1 sum |w|; gradient l1 sign(w), with sign(0) = 0.

    Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.1.2.

    Parameters
    ----------
    l1
        factor >= 0

    Raises
    ------
    DataError
        if the factor is negative or not finite
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = number("l1", l1, "[0, inf)")


class L2(Regularizer, kind="l2"):
    """l2 / 2 sum w^2; gradient l2 w (weight decay). The half is not in every library: Keras' L2(c) is L2(2 c) here.

    Goodfellow, Bengio, Courville, Deep Learning, 2016, 7.1.1.

    Parameters
    ----------
    l2
        factor >= 0

    Raises
    ------
    DataError
        if the factor is negative or not finite
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = number("l2", l2, "[0, inf)")


class ElasticNet(Regularizer, kind="elastic_net"):
    """l1 sum |w| + l2 / 2 sum w^2.

    Zou, Hastie, "Regularization and variable selection via the elastic net", J. R. Statist. Soc. B 67, 2005.

    Parameters
    ----------
    l1, l2
        factors >= 0

    Raises
    ------
    DataError
        if a factor is negative or not finite
    """

    def __init__(self, l1: float = 0.01, l2: float = 0.01) -> None:
        self.l1 = number("l1", l1, "[0, inf)")
        self.l2 = number("l2", l2, "[0, inf)")
