"""The error J over the two weights of one linear unit: a long valley, and how SGD, momentum and Adam walk down.

python error_surface.py [FOLDER]    draws FOLDER/error_surface.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt

START = (-1.6, 1.4)
STEPS = 60
OPTIMIZERS = {
    "SGD(0.15)": (nn.SGD(0.15), "#1f5fa8"),
    "SGD(0.05, momentum=0.8)": (nn.SGD(0.05, momentum=0.8), "#d9622b"),
    "Adam(0.15)": (nn.Adam(0.15), "#3c8d5a"),
}


def path(optimizer: nn.optimizers.Optimizer, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The weights (steps + 1, 2) on the way down."""
    model = nn.Sequential([nn.Input(2), nn.Dense(1, use_bias=False, name="unit")], seed=0, dtype="float64")
    model.compile(optimizer, "squared")
    weights = model.parameters["unit/weight"]  # a view: it follows the steps
    weights[:, 0] = START
    seen = [weights[:, 0].copy()]
    for _ in range(STEPS):
        model.train_on_batch(x, y)
        seen.append(weights[:, 0].copy())
    return np.array(seen)


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)) @ np.array([[1.6, 1.2], [0.3, -0.4]])  # inputs that go together
    best = np.array([1.0, 0.5])
    y = x @ best

    def error(w: np.ndarray) -> np.ndarray:
        return np.mean((w @ x.T - y) ** 2, axis=-1)

    grid = np.linspace(-2.2, 2.9, 121)
    plane = np.stack(np.meshgrid(grid, grid), axis=-1)
    figure, axes = plt.subplots(figsize=(6.5, 6), layout="constrained")
    axes.contour(grid, grid, error(plane), np.logspace(-2, 1.5, 16), colors="#9aa3af", linewidths=0.8)
    for name, (optimizer, colour) in OPTIMIZERS.items():
        w = path(optimizer, x, y)
        loss = error(w)
        print(f"{name:>24}: J = {loss[0]:.2f} at first, {loss[-1]:.1e} after {STEPS} steps")
        assert loss[-1] < 0.05 * loss[0]
        axes.plot(*w.T, ".-", color=colour, linewidth=1.4, markersize=4, label=f"{name}: J = {loss[-1]:.0e}")
    axes.plot(*START, "o", color="black", label="start")
    axes.plot(*best, "*", color="black", markersize=13, label="minimum")
    axes.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal", title=f"{STEPS} steps on the error of a linear unit")
    axes.legend(loc="lower left", framealpha=0.9)
    figure.savefig(folder / "error_surface.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
