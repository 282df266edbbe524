"""Every tolerance of the tests, by dtype; no test has one of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Tolerance:
    """|got - expected| <= absolute + relative |expected|."""

    relative: float
    absolute: float

    def assert_close(self, got: Any, expected: Any) -> None:
        np.testing.assert_allclose(got, expected, rtol=self.relative, atol=self.absolute)


ROUNDING = {  # the same sums in another order
    "float32": Tolerance(1e-5, 1e-6),
    "float64": Tolerance(1e-12, 1e-12),
}
TRAINING = {  # 20 steps, where rounding adds up
    "float32": Tolerance(1e-3, 1e-4),
    "float64": Tolerance(1e-10, 1e-10),
}
GRADIENT = 1e-7  # relative error against differences in float64
GRADIENT_FLOOR = 1e-5  # entries smaller than this are measured against it


def printed(decimals: int) -> Tolerance:
    """For a number that a source printed with so many decimals: half a unit of the last place, and a little."""
    return Tolerance(0.0, 0.51 * 10.0**-decimals)
