"""Three arms of a spiral: a linear softmax gets about half of the points right, 100 hidden ReLUs nearly all.

After the case study of CS231n, "Convolutional Neural Networks for Visual Recognition", Stanford.

python spiral.py [FOLDER]    draws FOLDER/spiral.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt

ARMS, POINTS = 3, 100


def spiral() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    arm = np.repeat(np.arange(ARMS), POINTS)
    radius = np.tile(np.linspace(0, 1, POINTS), ARMS)
    angle = 4 * (arm + radius) + 0.2 * rng.normal(size=len(arm))
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1), arm


def trained(hidden: list[nn.Layer], x: np.ndarray, y: np.ndarray) -> nn.Model:
    model = nn.Sequential([nn.Input(2), *hidden, nn.Dense(ARMS, "softmax", weight_regularizer=nn.L2(1e-4))], seed=0)
    model.compile(nn.Adam(0.02), "nllm", metrics=["accuracy"])
    model.fit(x, y, epochs=500, batch_size=len(x), verbose=False)
    return model


def main(folder: Path) -> None:
    x, y = spiral()
    hidden = nn.Dense(100, "relu", weight_initializer="he_normal")
    models = {"linear softmax": trained([], x, y), "100 hidden ReLUs": trained([hidden], x, y)}
    accuracy = {name: model.evaluate(x, y)["accuracy"] for name, model in models.items()}
    for name, value in accuracy.items():
        print(f"{name:>16}: {value:.1%}")
    assert 0.4 < accuracy["linear softmax"] < 0.6
    assert accuracy["100 hidden ReLUs"] > 0.95

    figure, panels = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained", sharey=True)
    for axes, (name, model) in zip(panels, models.items(), strict=True):
        nn.plots.decision_boundary(model, x, y, axes=axes, title=f"{name}: {accuracy[name]:.1%}")
    figure.savefig(folder / "spiral.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
