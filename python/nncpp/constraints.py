"""What weights must fulfil after every step."""

from ._arguments import number
from ._configured import Configured


class Constraint(Configured):
    """Base of all constraints: after each step the weights are projected onto the set that it allows.

    ``minimize`` knows no constraints. The first values are projected by the first step.

    Raises
    ------
    DataError, TypeError
        for a limit that is no number > 0

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> layer = nn.Dense(1, weight_initializer="ones", weight_constraint=nn.MaxNorm(0.5))
    >>> model = nn.Sequential([nn.Input(4), layer])
    >>> model.compile(nn.SGD(0.0), "squared")
    >>> loss = model.train_on_batch(np.ones((1, 4)), [0.0])
    >>> model.parameters["dense/weight"].T  # of norm 1/2
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    limit: float


class MaxNorm(Constraint, kind="max_norm"):
    """w_j = w_j min(1, limit / |w_j|), w_j the incoming weights of unit j: a column of (D, K).

    Srebro, Shraibman, "Rank, trace-norm and max-norm", COLT 2005; beside dropout: Srivastava, Hinton, Krizhevsky,
    Sutskever, Salakhutdinov, "Dropout", JMLR 15, 2014, section 5.1, with limits of 3 to 4.

    Parameters
    ----------
    limit
        largest norm of a unit's weights, > 0
    """

    def __init__(self, limit: float = 3.0) -> None:
        self.limit = number("limit", limit, "(0, inf)")
