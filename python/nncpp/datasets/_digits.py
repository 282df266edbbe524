"""The handwritten digits. What they are, their source and their licence: digits.md."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Images of handwritten digits and what they show.

    Returns
    -------
    x : (1797, 64) float32
        8 x 8 pixels row by row, ink between 0 and 1.
    y : (1797,) int64
        The digit, 0 to 9.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
    https://doi.org/10.24432/C50P49 (CC BY 4.0).

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.datasets.digits()
    >>> x.shape, y[:5].tolist()
    ((1797, 64), [0, 1, 2, 3, 4])
    """
    with np.load(Path(__file__).with_name("digits.npz")) as archive:
        # sixteenths are exact in float32
        return archive["images"].astype(np.float32) / np.float32(16), archive["labels"].astype(np.int64)
