"""XOR: no line separates its classes, so no linear model gets more than 3 of 4 right; one hidden layer gets all.

python xor.py [FOLDER]    draws FOLDER/xor.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")  # no display needed
import matplotlib.pyplot as plt

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([0, 1, 1, 0])


def trained(*hidden: nn.Layer) -> nn.Model:
    model = nn.Sequential([nn.Input(2), *hidden, nn.Dense(1, "sigmoid")], seed=1)
    model.compile(nn.Adam(0.05), "nll", metrics=["accuracy"])
    model.fit(X, Y, epochs=1000, batch_size=4, verbose=False)
    return model


def main(folder: Path) -> None:
    models = {"linear": trained(), "4 hidden units": trained(nn.Dense(4, "tanh"))}
    accuracy = {name: model.evaluate(X, Y)["accuracy"] for name, model in models.items()}
    for name, value in accuracy.items():
        print(f"{name:>14}: {value:.0%} of the 4 points")
    assert accuracy["linear"] <= 0.75
    assert accuracy["4 hidden units"] == 1

    figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
    for axes, (name, model) in zip(panels, models.items(), strict=True):
        nn.plots.decision_boundary(model, X, Y, axes=axes, title=f"{name}: {accuracy[name]:.0%}")
    figure.savefig(folder / "xor.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
