"""Gradients against numbers: of a model, a layer, a loss, an expression, or any function.

`subjects` and `terms` say what can be checked, `lines` where it is looked at, `estimates` and `slopes` what the numbers
tell about one slope, `report` and `explanation` how it is shown; `run` goes through them.
"""

from .check import check_gradients
from .numerical import numerical_gradient

__all__ = ["check_gradients", "numerical_gradient"]
