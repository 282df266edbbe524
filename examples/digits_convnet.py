"""Two convolutions read 99 of 100 handwritten digits of 8 x 8 pixels; one hidden layer, 97 to 98.

python digits_convnet.py [FOLDER]    draws FOLDER/digits_convnet.png: the digits it is least sure of
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt

EPOCHS = 15


def data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    x, y = nn.datasets.digits()
    return nn.datasets.split((x.reshape(-1, 8, 8, 1), y), test=0.25, seed=0)


def trained(train: tuple[np.ndarray, np.ndarray], seed: int = 0) -> nn.Model:
    layers = [
        nn.Input((8, 8, 1)),
        nn.Conv2D(32, 3, "relu", padding="same", weight_initializer="he_normal"),
        nn.Conv2D(32, 3, "relu", padding="same", weight_initializer="he_normal"),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Dense(64, "relu", weight_initializer="he_normal"),
        nn.Dropout(0.3),
        nn.Dense(10, "softmax"),
    ]
    model = nn.Sequential(layers, seed=seed)
    model.compile(nn.Adam(nn.schedules.CosineDecay(2e-3, EPOCHS, unit="epoch")), "nllm", metrics="accuracy")
    model.fit(*train, epochs=EPOCHS, verbose=False)
    return model


def main(folder: Path) -> None:
    train, (x, y) = data()
    model = trained(train)
    probabilities = model.predict(x)
    read = probabilities.argmax(axis=1)
    accuracy = np.mean(read == y)
    print(f"{model.count_parameters():,} parameters")
    print(f"{accuracy:.1%} of {len(y)} digits are read that it has not seen")
    assert accuracy > 0.98

    of_the_truth = probabilities[np.arange(len(y)), y]
    figure, panels = plt.subplots(2, 4, figsize=(8, 4.6), layout="constrained")
    for axes, row in zip(panels.flat, np.argsort(of_the_truth), strict=False):
        axes.imshow(-x[row, ..., 0], cmap="gray")
        axes.set_title(f"a {y[row]}, read as {read[row]}\n({y[row]}: {of_the_truth[row]:.1%})")
        axes.set_axis_off()
    figure.savefig(folder / "digits_convnet.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
