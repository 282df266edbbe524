"""Neural networks for small and medium problems on CPUs: fast, exact, checked, small.

>>> import nncpp as nn
>>> (x, y), (x_test, y_test) = nn.datasets.split(nn.datasets.digits(), test=0.25, seed=0)
>>> model = nn.Sequential([nn.Input(64), nn.Dense(128, "relu"), nn.Dense(10, "softmax")])
>>> model.compile(nn.Adam(1e-3), "nllm", metrics=["accuracy"])
>>> history = model.fit(x, y, epochs=10, validation_data=(x_test, y_test))
>>> history["val_accuracy"][-1] > 0.9
True
"""

from . import (
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    preprocessing,
    regularizers,
    schedules,
)
from .callbacks import Callback, EarlyStopping, ReduceOnPlateau
from .checks import check_gradients, numerical_gradient
from .config import show_config
from .constraints import MaxNorm
from .errors import DataError, DivergenceError, FileError, NncppError, ShapeError
from .history import History
from .layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    GaussianNoise,
    Input,
    Layer,
    Maxout,
    PReLU,
    Standardize,
    Whiten,
)
from .losses import (
    NLL,
    NLLM,
    AbsoluteLoss,
    HingeLoss,
    HuberLoss,
    KLLoss,
    MaxMarginLoss,
    MulticlassHingeLoss,
    SquaredLoss,
)
from .minimization import minimize
from .model import Model
from .models import (
    BinnedRegressor,
    LinearSVM,
    LogisticRegression,
    Perceptron,
    ProjectionPursuitRegression,
    SoftmaxRegression,
)
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
    "AbsoluteLoss",
    "Activation",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "BatchNorm",
    "BinnedRegressor",
    "Callback",
    "DataError",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "FileError",
    "GaussianNoise",
    "HingeLoss",
    "History",
    "HuberLoss",
    "Input",
    "KLLoss",
    "Layer",
    "LinearSVM",
    "LogisticRegression",
    "MaxMarginLoss",
    "MaxNorm",
    "Maxout",
    "Model",
    "Module",
    "MulticlassHingeLoss",
    "NncppError",
    "PReLU",
    "Perceptron",
    "ProjectionPursuitRegression",
    "RMSProp",
    "ReduceOnPlateau",
    "Sequential",
    "ShapeError",
    "SoftmaxRegression",
    "SquaredLoss",
    "Standardize",
    "Whiten",
    "__version__",
    "callbacks",
    "check_gradients",
    "constraints",
    "datasets",
    "get_num_threads",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "minimize",
    "models",
    "numerical_gradient",
    "optimizers",
    "preprocessing",
    "regularizers",
    "schedules",
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
