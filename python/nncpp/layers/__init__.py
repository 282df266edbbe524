"""Layers: hyper-parameters and names. What they compute is in the core, under the same names."""

from . import operators, rearrangement
from ._layer import Layer
from .activation import Activation
from .augmentation import CenterCrop, RandomCrop, RandomFlip, RandomShift
from .batch_norm import BatchNorm
from .bidirectional import Bidirectional
from .conv import Conv1D, Conv2D
from .conv_transpose import Conv1DTranspose, Conv2DTranspose
from .custom import CustomActivation, CustomLayer, Parameter
from .dense import Dense
from .dropout import Dropout, SpatialDropout1D, SpatialDropout2D
from .embedding import Embedding
from .flatten import Flatten
from .gaussian_noise import GaussianNoise
from .hierarchical_softmax import HierarchicalSoftmax
from .input import Input
from .locally_connected import LocallyConnected1D, LocallyConnected2D
from .maxout import Maxout
from .operators import Add, Multiply
from .pooling import (
    AveragePool1D,
    AveragePool2D,
    GlobalAveragePool1D,
    GlobalAveragePool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    LpPool2D,
    MaxPool1D,
    MaxPool2D,
)
from .prelu import PReLU
from .rearrangement import Concatenate, Reshape
from .recurrent import GRU, LSTM, SimpleRNN
from .standardize import Standardize
from .up_sample import UpSample1D, UpSample2D
from .whiten import Whiten
from .zero_pad import ZeroPad1D, ZeroPad2D

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "AveragePool1D",
    "AveragePool2D",
    "BatchNorm",
    "Bidirectional",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "CustomActivation",
    "CustomLayer",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool1D",
    "GlobalAveragePool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "HierarchicalSoftmax",
    "Input",
    "Layer",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "LpPool2D",
    "MaxPool1D",
    "MaxPool2D",
    "Maxout",
    "Multiply",
    "PReLU",
    "Parameter",
    "RandomCrop",
    "RandomFlip",
    "RandomShift",
    "Reshape",
    "SimpleRNN",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "Standardize",
    "UpSample1D",
    "UpSample2D",
    "Whiten",
    "ZeroPad1D",
    "ZeroPad2D",
    "operators",
    "rearrangement",
]
