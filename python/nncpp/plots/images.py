"""Weights as images: what the units of a first layer look for."""

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import one_of, shown, whole_number
from ..architecture import Architecture
from ..data import Array, array
from ..errors import DataError, ShapeError
from ..layers import Conv1D
from ._style import QUIET, diverging, new_figure, written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALES, SORTS = ("each", "joint"), ("none", "norm")


def filters(
    model: Any,
    layer: str | None = None,
    *,
    shape: tuple[int, ...] | None = None,
    scale: str = "each",
    sort: str = "none",
    most: int = 100,
    path: str | os.PathLike[str] | None = None,
    title: str | None = None,
    dpi: int = 150,
) -> "Figure":
    """The weights of each unit as an image, in a grid: w_k = W[:, k] in the shape of the inputs.

    0 is white, w > 0 orange, w < 0 blue; three channels are red, green and blue around grey, (1 + w / max |w|) / 2.
    Karpathy, CS231n, "Babysitting the learning process: first-layer visualizations".

    Parameters
    ----------
    model : model or array
        A model, or weights: (D, K), (D, K, m) of ``Maxout``, (height, width, 1 or 3, K) of ``Conv2D``. Filters of
        ``Conv1D`` in a model have a row for each channel, and time from left to right.
    layer : str, optional
        The name of a layer; by default the first one that has weights.
    shape : tuple of int, optional
        (height, width) or (height, width, 3) with product D; by default that of the model's input, or a square. A
        convolution's filters have their own.
    scale : str
        "each" gives every image its own largest weight, "joint" one to all, with a colour bar.
    sort : str
        "none" leaves the units in their order, "norm" puts the largest Euclidean norms first.
    most : int
        At most so many images.
    path, title, dpi
        As for ``plot_history``.

    Raises
    ------
    NncppError
        matplotlib is not installed, or the model is not built yet.
    ShapeError, DataError, TypeError
        Weights that are no images of this shape, a layer that is not there, an unknown option.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(64), nn.Dense(12, "relu"), nn.Dense(10, "softmax")])
    >>> figure = nn.plots.filters(model)
    >>> figure.axes[0].get_title(loc="left")
    'dense: 12 filters of 8 x 8'
    >>> model = nn.Sequential([nn.Input((28, 28, 1)), nn.Conv2D(6, 5, "relu"), nn.Conv2D(16, 5, "relu")])
    >>> nn.plots.filters(model).axes[0].get_title(loc="left")
    'conv2d: 6 filters of 5 x 5'
    """
    one_of("scale", scale, SCALES)
    one_of("sort", sort, SORTS)
    count = whole_number("most", most, at_least=1)
    name, weights, default = _weights(model, layer)
    if shape is not None and weights.ndim == 4:
        raise DataError(f"shape: expected None for filters {weights.shape}, which have their own, got {shown(shape)}")
    images = _images(weights, default if shape is None else shape)
    total = len(images)
    if sort == "norm":
        norms = np.linalg.norm(images.reshape(total, -1), axis=1)
        images = images[np.argsort(-norms, kind="stable")]
    images = images[:count]
    largest = np.abs(images).max(axis=None if scale == "joint" else (1, 2, 3), keepdims=True)
    grid = _grid(np.divide(images, largest, out=np.zeros_like(images), where=largest > 0))
    height, width, _ = images.shape[1:]
    figure = new_figure(1, 1, title, dpi)
    figure.set_size_inches(6.9 if scale == "joint" else 6.1, max(1.2, 6.0 * grid.shape[0] / grid.shape[1]) + 0.4)
    axes = figure.add_subplot()
    if grid.shape[2] == 3:
        axes.imshow((1 + np.nan_to_num(grid, nan=1.0)) / 2, interpolation="nearest")
    else:
        colours = diverging().with_extremes(bad="#d1d5db")
        image = axes.imshow(grid[..., 0], cmap=colours, vmin=-1, vmax=1, interpolation="nearest")
        if scale == "joint":
            bar = figure.colorbar(image, ax=axes, ticks=[-1, 0, 1], fraction=0.04, pad=0.02)
            bar.ax.set_yticklabels([f"{end * largest.item():.3g}" for end in (-1, 0, 1)], color=QUIET)
            bar.outline.set_visible(False)
            bar.ax.tick_params(length=0)
    some = f"{len(images)} of {total}" if len(images) < total else f"{total}"
    axes.set_title(
        f"{name}{some} {'filter' if total == 1 else 'filters'} of {height} x {width}", loc="left", fontweight="bold"
    )
    axes.set_axis_off()
    return written(figure, path)


def _weights(model: Any, layer: str | None) -> tuple[str, Array, tuple[int, ...] | None]:
    """What stands before the title, the weights, and the shape of one sample if that is an image."""
    if not isinstance(model, Architecture):
        return "", array(model, "model"), None
    weights_of = model.parameters
    found = {name: layer for layer, name in model._network.graph.names.items() if f"{name}/weight" in weights_of}
    if layer is not None and not isinstance(layer, str):
        raise TypeError(f"layer: expected the name of a layer, got {shown(layer)}")
    if not found or layer not in (None, *found):
        raise DataError(f"layer: expected one of {', '.join(found) or 'none: no layer has weights'}, got {layer!r}")
    name = next(iter(found)) if layer is None else layer
    weights = weights_of[f"{name}/weight"]
    if isinstance(found[name], Conv1D):
        weights = weights.transpose(1, 0, 2)[:, :, None]
    shapes = [s for s in model._network.input_shapes if len(s) > 1 and math.prod(s) == len(weights)]
    return f"{name}: ", weights, shapes[0] if shapes else None


def _images(weights: Array, shape: tuple[int, ...] | None) -> Array:
    """(K, height, width, 1 or 3) float64."""
    if weights.ndim not in (2, 3, 4) or 0 in weights.shape:
        raise ShapeError(f"model: expected weights (D, K), (D, K, m) or (height, width, in, K), got {weights.shape}")
    if not np.isfinite(weights).all():
        raise DataError("model: expected finite weights, got NaN or infinity")
    if weights.ndim == 4:
        axes = weights.shape[:3]
    else:
        weights = weights.reshape(len(weights), -1)
        axes = _shape_of(len(weights), shape)
    if axes[2] not in (1, 3):
        raise ShapeError(f"model: expected images of 1 or 3 channels, got {axes[2]}; give the weights of one of them")
    return np.moveaxis(weights.astype(np.float64).reshape(*axes, -1), -1, 0)


def _shape_of(size: int, shape: Any) -> tuple[int, int, int]:
    if shape is None:
        for channels in (1, 3):
            side = math.isqrt(size // channels)
            if channels * side**2 == size:
                return side, side, channels
        raise ShapeError(f"shape: {size} inputs are no square image; give shape=(height, width)")
    if not isinstance(shape, tuple | list) or len(shape) not in (2, 3):
        raise TypeError(f"shape: expected (height, width) or (height, width, channels), got {shown(shape)}")
    height, width, channels = (whole_number("shape", axis, at_least=1) for axis in (*shape, 1)[:3])
    if height * width * channels != size:
        raise ShapeError(f"shape: expected a product of {size}, the number of inputs, got {tuple(shape)}")
    return height, width, channels


def _grid(images: Array) -> Array:
    """All images in one: rows as long as a square needs, a line of NaN around each image, white where none is."""
    count, height, width, channels = images.shape
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    grid = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1, channels), 1.0 if channels == 3 else 0.0)
    for k, image in enumerate(images):
        top, left = (height + 1) * (k // columns), (width + 1) * (k % columns)
        grid[top : top + height + 2, left : left + width + 2] = np.nan
        grid[top + 1 : top + 1 + height, left + 1 : left + 1 + width] = image
    return grid
