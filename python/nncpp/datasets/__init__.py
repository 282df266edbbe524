"""Real data inside the package, and the split into training and test rows."""

from ._digits import digits as digits
from ._split import split as split

__all__ = ["digits", "split"]
