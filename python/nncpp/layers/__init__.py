"""Layers: hyper-parameters and names. What they compute is in the core, under the same names."""

from ._layer import Layer
from .activation import Activation
from .dense import Dense
from .dropout import Dropout
from .input import Input
from .standardize import Standardize

__all__ = ["Activation", "Dense", "Dropout", "Input", "Layer", "Standardize"]
