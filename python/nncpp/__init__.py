"""Neural networks for small and medium problems on CPUs: fast, exact, checked, small.

>>> import nncpp as nn
>>> (x, y), (x_test, y_test) = nn.datasets.split(nn.datasets.digits(), test=0.25, seed=0)
>>> model = nn.Sequential([nn.Input(64), nn.Dense(128, "relu"), nn.Dense(10, "softmax")])
>>> model.compile(nn.Adam(1e-3), "nllm", metrics=["accuracy"])
>>> history = model.fit(x, y, epochs=10, validation_data=(x_test, y_test))
>>> history["val_accuracy"][-1] > 0.9
True
"""

from . import callbacks, datasets, initializers, layers, losses, metrics, optimizers, regularizers
from .callbacks import Callback, EarlyStopping
from .checks import check_gradients, numerical_gradient
from .config import show_config
from .errors import DataError, DivergenceError, FileError, NncppError, ShapeError
from .history import History
from .layers import Activation, Dense, Dropout, Input, Layer, Standardize
from .losses import NLL, NLLM, SquaredLoss
from .model import Model
from .module import Module
from .optimizers import SGD, Adadelta, AdaGrad, Adam, AdamW, RMSProp
from .regularizers import L1, L2, ElasticNet
from .sequential import Sequential
from .serialization import load
from .threads import get_num_threads, set_num_threads, threads

__all__ = [
    "L1",
    "L2",
    "NLL",
    "NLLM",
    "SGD",
    "Activation",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "Callback",
    "DataError",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "FileError",
    "History",
    "Input",
    "Layer",
    "Model",
    "Module",
    "NncppError",
    "RMSProp",
    "Sequential",
    "ShapeError",
    "SquaredLoss",
    "Standardize",
    "__version__",
    "callbacks",
    "check_gradients",
    "datasets",
    "get_num_threads",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "numerical_gradient",
    "optimizers",
    "regularizers",
    "set_num_threads",
    "show_config",
    "threads",
]


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # slow to import, seldom asked for

    try:
        return version("nncpp")
    except PackageNotFoundError:  # a source tree on the path, not installed
        return "0+source"
