"""What the readers of labelled images return."""

import numpy as np
from numpy.typing import NDArray

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (N, H, W, C) and (N,)
