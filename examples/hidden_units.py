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
POINTS, NOISE = 50, 0.25
STARTS = 5  # of the weights; the deepest of the five minima is shown


def curve(x: np.ndarray) -> np.ndarray:
    return np.sin(2.5 * x) + 0.3 * x


def trained(units: int, x: np.ndarray, y: np.ndarray, seed: int) -> nn.Model:
    wide = nn.initializers.Uniform(-2, 2)
    hidden = nn.Dense(units, "tanh", weight_initializer=wide, bias_initializer=wide)
    model = nn.Sequential([nn.Input(1), hidden, nn.Dense(1)], seed=seed)
    model.compile(nn.Adam(0.02), "squared")
    model.fit(x, y, epochs=3000, batch_size=len(x), verbose=False)
    return model


def main(folder: Path) -> None:
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(-3, 3, (POINTS, 1)), axis=0)
    y = curve(x) + NOISE * rng.normal(size=x.shape)
    fine = np.linspace(-3, 3, 400)[:, None]
    on_points, on_curve = {}, {}
    figure, panels = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained", sharey=True)
    for axes, units in zip(panels, UNITS, strict=True):
        models = [trained(units, x, y, seed) for seed in range(STARTS)]
        model = min(models, key=lambda model: model.evaluate(x, y)["loss"])
        on_points[units] = np.sqrt(model.evaluate(x, y)["loss"])
        on_curve[units] = np.sqrt(model.evaluate(fine, curve(fine))["loss"])
        print(f"{units:2} hidden units: error {on_points[units]:.3f} on the points, {on_curve[units]:.3f} on the curve")
        axes.plot(fine, curve(fine), "--", color="grey", label="true curve")
        axes.plot(x, y, "o", color="#1f5fa8", markersize=4, label="points, with noise")
        axes.plot(fine, model.predict(fine), color="#d9622b", linewidth=2, label="network")
        axes.set(title=f"{units} hidden units", xlabel="$x$", ylim=(-2.8, 2.8))
    panels[0].legend(frameon=False, loc="upper left", ncols=3, fontsize=8)
    figure.savefig(folder / "hidden_units.png", dpi=120)
    assert on_points[3] > on_points[6] > on_points[20], "more units come nearer to the points"
    assert on_curve[6] < min(on_curve[3], on_curve[20]), "but 6 come nearest to the curve"


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
