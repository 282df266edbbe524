"""Two classes in the plane: more hidden units allow more turns of the boundary between them.

python decision_boundaries.py [FOLDER]    draws FOLDER/decision_boundaries.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt

WIDTHS = (1, 3, 6, 20)


def rings(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A core of class 0 inside a ring of class 1, with an island of class 0 beyond."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, size=(n, 2))
    radius, island = np.hypot(*x.T), np.hypot(x[:, 0] - 2.2, x[:, 1] - 2.2)
    y = (radius > 1.2) & (island > 1)
    return x, np.where(rng.uniform(size=n) < 0.02, ~y, y).astype(int)


def trained(width: int, x: np.ndarray, y: np.ndarray) -> nn.Model:
    model = nn.Sequential([nn.Input(2), nn.Dense(width, "tanh"), nn.Dense(1, "sigmoid")], seed=3)
    model.compile(nn.Adam(0.03), "nll", metrics=["accuracy"])
    model.fit(x, y, epochs=300, batch_size=50, verbose=False)
    return model


def main(folder: Path) -> None:
    train, test = rings(500, seed=0), rings(2000, seed=1)
    accuracy = {}
    figure, panels = plt.subplots(1, len(WIDTHS), figsize=(15, 4.4), layout="constrained", sharey=True)
    for axes, width in zip(panels, WIDTHS, strict=True):
        model = trained(width, *train)
        accuracy[width] = model.evaluate(*test)["accuracy"]
        print(f"{width:2} hidden units: {accuracy[width]:.1%} of {len(test[1])} new points")
        nn.plots.decision_boundary(model, *train, axes=axes, title=f"{width} hidden: {accuracy[width]:.1%}")
    figure.savefig(folder / "decision_boundaries.png", dpi=120)
    assert accuracy[1] < 0.9 < accuracy[6]
    assert accuracy[1] < accuracy[3] < accuracy[20]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
