"""Linear layers in a row are one linear layer: (x W1 + b1) W2 + b2 = x (W1 W2) + (b1 W2 + b2).

So depth gives nothing without a function between the layers that bends.

python linear_layers_collapse.py [FOLDER]    draws FOLDER/linear_layers_collapse.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt


def collapsed(model: nn.Model) -> nn.Model:
    """One Dense layer that does what the model's layers do one after the other."""
    layers = list(zip(*[iter(model.parameters.values())] * 2, strict=True))
    weight, bias = layers[0]
    for next_weight, next_bias in layers[1:]:
        weight, bias = weight @ next_weight, bias @ next_weight + next_bias
    single = nn.Sequential([nn.Input(len(weight)), nn.Dense(len(bias), name="single")], dtype="float64")
    single.parameters["single/weight"][:] = weight
    single.parameters["single/bias"][:] = bias
    return single


def trained(activation: str, x: np.ndarray, y: np.ndarray) -> nn.Model:
    layers = [nn.Dense(16, activation), nn.Dense(16, activation), nn.Dense(1)]
    model = nn.Sequential([nn.Input(1), *layers], seed=0, dtype="float64")
    model.compile(nn.Adam(0.01), "squared")
    model.fit(x, y, epochs=300, batch_size=50, verbose=False)
    return model


def main(folder: Path) -> None:
    x = np.linspace(-3, 3, 200)[:, None]
    y = np.sin(x)
    deep, bent = trained("identity", x, y), trained("tanh", x, y)
    single = collapsed(deep)
    difference = abs(deep.predict(x) - single.predict(x)).max()
    print(f"3 linear layers, {deep.flat_parameters.size} numbers, against one of 2: they differ by {difference:.1e}")
    assert difference < 1e-12
    line = np.polyval(np.polyfit(x[:, 0], y[:, 0], 1), x)
    print(f"3 linear layers against the best line: {abs(deep.predict(x) - line).max():.3f}")
    assert bent.evaluate(x, y)["loss"] < 0.01 < deep.evaluate(x, y)["loss"]

    figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
    axes.plot(x, y, color="grey", linewidth=4, alpha=0.4, label="sin x")
    axes.plot(x, deep.predict(x), color="#1f5fa8", linewidth=2, label="3 linear layers")
    axes.plot(x[::10], single.predict(x[::10]), "o", color="#1f5fa8", markersize=5, label="their product, 1 layer")
    axes.plot(x, bent.predict(x), color="#d9622b", linewidth=1.5, label="the same with tanh between")
    axes.set(xlabel="$x$", title="Linear layers collapse to one")
    axes.legend(frameon=False)
    figure.savefig(folder / "linear_layers_collapse.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
