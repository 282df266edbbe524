"""3, 6 and 20 hidden units on one noisy curve: too few cannot follow it, too many follow the noise.

python hidden_units.py [FOLDER]    draws FOLDER/hidden_units.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt

UNITS = (3, 6, 20)
POINTS, NOISE = 40, 0.3


def curve(x: np.ndarray) -> np.ndarray:
    return np.sin(2.5 * x) + 0.3 * x


def fitted(units: int, x: np.ndarray, y: np.ndarray) -> nn.Model:
    """The network after 6000 steps on all points: its squared error hardly falls any more."""
    wide = nn.initializers.Uniform(-3, 3)
    layers = [nn.Dense(units, "tanh", weight_initializer=wide, bias_initializer=wide), nn.Dense(1)]
    model = nn.Sequential([nn.Input(1), *layers], seed=0, dtype="float64")
    model.compile(nn.Adam(0.02), "squared")
    model.fit(x[:, None], y, epochs=6000, batch_size=len(x), verbose=False)
    return model


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(-3, 3, POINTS)
    y = curve(x) + NOISE * rng.normal(size=POINTS)
    fine = np.linspace(-3, 3, 400)
    errors = {}
    figure, panels = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained", sharey=True)
    for axes, units in zip(panels, UNITS, strict=True):
        model = fitted(units, x, y)
        train = np.sqrt(np.mean((model.predict(x[:, None])[:, 0] - y) ** 2))
        p = model.predict(fine[:, None])[:, 0]
        errors[units] = train, np.sqrt(np.mean((p - curve(fine)) ** 2))
        print(f"{units:2} hidden units: error on the points {train:.3f}, of the curve {errors[units][1]:.3f}")
        axes.plot(fine, curve(fine), "--", color="grey", label="true curve")
        axes.plot(x, y, "o", color="#1f5fa8", markersize=4, label="points")
        axes.plot(fine, p, color="#d9622b", linewidth=2, label="network")
        axes.set(title=f"{units} hidden units", xlabel="$x$", ylim=(-2.5, 2.5))
    panels[0].legend(frameon=False)
    figure.savefig(folder / "hidden_units.png", dpi=120)
    assert errors[3][0] > errors[6][0] > errors[20][0], "more units come nearer to the points"
    assert errors[6][1] < min(errors[3][1], errors[20][1]), "but 6 to the curve"


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
