"""Layers: hyper-parameters and names. What they compute is in the core, under the same names."""

from . import operators
from ._layer import Layer
from .activation import Activation
from .batch_norm import BatchNorm
from .conv import Conv1D, Conv2D
from .custom import CustomActivation, CustomLayer, Parameter
from .dense import Dense
from .dropout import Dropout
from .gaussian_noise import GaussianNoise
from .input import Input
from .maxout import Maxout
from .prelu import PReLU
from .standardize import Standardize
from .whiten import Whiten

__all__ = [
    "Activation",
    "BatchNorm",
    "Conv1D",
    "Conv2D",
    "CustomActivation",
    "CustomLayer",
    "Dense",
    "Dropout",
    "GaussianNoise",
    "Input",
    "Layer",
    "Maxout",
    "PReLU",
    "Parameter",
    "Standardize",
    "Whiten",
    "operators",
]
