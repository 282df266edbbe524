"""Metrics of numbers."""

from __future__ import annotations

import numpy as np

from ._metric import Metric
from ._rows import Rows


class MAE(Metric, kind="mae"):
    """Mean absolute error: weighted mean over the rows of the mean over the outputs of abs(p - y).

    The loss "absolute" is the sum over the outputs.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.MAE()([1.0, 4.0], [1.5, 3.0], loss="squared")
    0.75
    """

    tasks = ("regression",)
    is_better_larger = False

    def _score(self, rows: Rows) -> float:
        return rows.mean(np.abs(rows.predictions - rows.truth).mean(axis=1))


class R2(Metric, kind="r2"):
    """Coefficient of determination: the mean over the outputs of 1 - sum w (y - p)^2 / sum w (y - mean of y)^2.

    1 is perfect, 0 no better than the mean. Where y does not vary it is 1 if all predictions are exact, else 0.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.metrics.R2()([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], loss="squared")
    0.5
    """

    tasks = ("regression",)

    def _score(self, rows: Rows) -> float:
        total = rows.weights.sum()
        if total == 0:
            return float("nan")
        mean = rows.weights @ rows.truth / total
        error = rows.weights @ (rows.truth - rows.predictions) ** 2
        spread = rows.weights @ (rows.truth - mean) ** 2
        unexplained = np.divide(error, spread, out=(error > 0).astype(np.float64), where=spread > 0)
        return float(1 - unexplained.mean())
