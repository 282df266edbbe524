"""Neural networks for small and medium problems on CPUs: fast, exact, checked, small.

>>> import nncpp as nn
>>> (x, y), (x_test, y_test) = nn.datasets.split(nn.datasets.digits(), test=0.25, seed=0)
>>> model = nn.Sequential([nn.Input(64), nn.Dense(128, "relu"), nn.Dense(10, "softmax")])
>>> model.compile(nn.Adam(1e-3), "nllm", metrics=["accuracy"])
>>> history = model.fit(x, y, epochs=10, validation_data=(x_test, y_test))
>>> history["val_accuracy"][-1] > 0.9
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import (
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    plots,
    preprocessing,
    regularizers,
    schedules,
)
from .callbacks import Callback, EarlyStopping, ReduceOnPlateau
from .checks import check_gradients, numerical_gradient
from .config import show_config
from .constraints import MaxNorm
from .convnet import convnet
from .custom_losses import CustomLoss, GraphLoss
from .errors import DataError, DivergenceError, FileError, NncppError, ShapeError
from .flow import value_and_gradients, variable
from .history import History
from .layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    AveragePool1D,
    AveragePool2D,
    BatchNorm,
    Bidirectional,
    CenterCrop,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    CustomActivation,
    CustomLayer,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePool1D,
    GlobalAveragePool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    HierarchicalSoftmax,
    Input,
    Layer,
    LocallyConnected1D,
    LocallyConnected2D,
    LpPool2D,
    Maxout,
    MaxPool1D,
    MaxPool2D,
    Multiply,
    Parameter,
    PReLU,
    RandomCrop,
    RandomFlip,
    RandomShift,
    Reshape,
    SimpleRNN,
    SpatialDropout1D,
    SpatialDropout2D,
    Standardize,
    UpSample1D,
    UpSample2D,
    Whiten,
    ZeroPad1D,
    ZeroPad2D,
)
from .losses import (
    NLL,
    NLLM,
    AbsoluteLoss,
    ExpressionLoss,
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
from .preflight import preflight
from .regularizers import L1, L2, ElasticNet
from .second_order import hessian_vector_product, optimal_step
from .sequential import Sequential
from .serialization import load
from .telemetry import Telemetry
from .threads import get_num_threads, set_num_threads, threads

if TYPE_CHECKING:
    from . import maxent, text
    from .maxent import MaxEnt

__all__ = [
    "GRU",
    "L1",
    "L2",
    "LSTM",
    "NLL",
    "NLLM",
    "SGD",
    "AbsoluteLoss",
    "Activation",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "Add",
    "AveragePool1D",
    "AveragePool2D",
    "BatchNorm",
    "Bidirectional",
    "BinnedRegressor",
    "Callback",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "CustomActivation",
    "CustomLayer",
    "CustomLoss",
    "DataError",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "Embedding",
    "ExpressionLoss",
    "FileError",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool1D",
    "GlobalAveragePool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GraphLoss",
    "HierarchicalSoftmax",
    "HingeLoss",
    "History",
    "HuberLoss",
    "Input",
    "KLLoss",
    "Layer",
    "LinearSVM",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "LogisticRegression",
    "LpPool2D",
    "MaxEnt",
    "MaxMarginLoss",
    "MaxNorm",
    "MaxPool1D",
    "MaxPool2D",
    "Maxout",
    "Model",
    "Module",
    "MulticlassHingeLoss",
    "Multiply",
    "NncppError",
    "PReLU",
    "Parameter",
    "Perceptron",
    "ProjectionPursuitRegression",
    "RMSProp",
    "RandomCrop",
    "RandomFlip",
    "RandomShift",
    "ReduceOnPlateau",
    "Reshape",
    "Sequential",
    "ShapeError",
    "SimpleRNN",
    "SoftmaxRegression",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SquaredLoss",
    "Standardize",
    "Telemetry",
    "UpSample1D",
    "UpSample2D",
    "Whiten",
    "ZeroPad1D",
    "ZeroPad2D",
    "__version__",
    "callbacks",
    "check_gradients",
    "constraints",
    "convnet",
    "datasets",
    "get_num_threads",
    "hessian_vector_product",
    "initializers",
    "layers",
    "load",
    "losses",
    "maxent",
    "metrics",
    "minimize",
    "models",
    "numerical_gradient",
    "ops",
    "optimal_step",
    "optimizers",
    "plots",
    "preflight",
    "preprocessing",
    "regularizers",
    "schedules",
    "set_num_threads",
    "show_config",
    "text",
    "threads",
    "value_and_gradients",
    "variable",
]

# by name the module, which is imported when it is asked for
_SELDOM = {"MaxEnt": "maxent", "maxent": "maxent", "text": "text"}


def __getattr__(name: str) -> Any:
    if name in _SELDOM:
        module = import_module(f".{_SELDOM[name]}", __name__)
        return module if name == _SELDOM[name] else getattr(module, name)
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # slow to import, seldom asked for

    try:
        return version("nncpp")
    except PackageNotFoundError:  # a source tree on the path, not installed
        return "0+source"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
