"""Augmentation: images that are turned, moved and cut at random in training, so that no row is twice the same."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._arguments import one_of
from ._layer import Formulas, Layer
from ._window import pair

DIRECTIONS = ("horizontal", "vertical", "both")


class Augmentation(Layer):
    """Base of layers that change images at random in training, and leave them as they are in prediction.

    u (N, H, W, C) -> v (N, h, w, C). Each pixel of v is one of u, or 0, and each dv goes back to the pixel that it came
    from. Which one is a function of (seed, layer, epoch, row of x): a row is changed in the same way whatever the size
    of batches, their order and the number of threads, anew in each epoch, and again so when a training is resumed. In
    ``train_on_batch`` the step counts as the epoch.
    """

    @property
    def formulas(self) -> Formulas:
        """In prediction nothing is changed."""
        return Formulas(("v = u",), ("du = dv",))


class RandomFlip(Augmentation):
    """Training: left and right of an image change places with probability 1/2. Prediction: v = u.

    u, v (N, H, W, C). With direction "both" left and right do, and top and bottom, each with probability 1/2. For
    images that may be seen so: cats, not digits.
    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012, 4.1.

    Parameters
    ----------
    direction
        "horizontal", "vertical" (top and bottom) or "both"
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        for another direction
    ShapeError
        from a model: for what is no image

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.RandomFlip().build((1, 3, 1))
    >>> row = [[[1.0], [2.0], [3.0]]]
    >>> layer.forward([row] * 3, training=True, step=1)[:, 0, :, 0]
    array([[1., 2., 3.],
           [3., 2., 1.],
           [3., 2., 1.]], dtype=float32)
    """

    def __init__(self, direction: str = "horizontal", name: str | None = None) -> None:
        super().__init__(name)
        self.direction = one_of("direction", direction, DIRECTIONS)

    def _without_chance(self) -> Layer:
        return RandomShift(0, name=self.name)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.RandomFlip(self.direction != "vertical", self.direction != "horizontal")


class RandomShift(Augmentation):
    """Training: an image is moved by whole pixels, down and to the right. Prediction: v = u.

    u, v (N, H, W, C); v[y, x] = u[y - a, x - b], 0 outside of the image, each of a = -rows ... rows and of b = -columns
    ... columns equally likely.
    Simard, Steinkraus, Platt, "Best practices for convolutional neural networks", ICDAR 2003.

    Parameters
    ----------
    pixels
        the most that it is moved, a whole number >= 0 or (rows, columns)
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        unless pixels are whole numbers 0 ... 2^20
    ShapeError
        from a model: for what is no image

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.RandomShift((0, 1)).build((1, 3, 1))
    >>> row = [[[1.0], [2.0], [3.0]]]
    >>> layer.forward([row] * 3, training=True)[:, 0, :, 0]
    array([[1., 2., 3.],
           [2., 3., 0.],
           [2., 3., 0.]], dtype=float32)
    """

    def __init__(self, pixels: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.pixels = pair("pixels", pixels, at_least=0)

    def _without_chance(self) -> Layer:
        return RandomShift(0, name=self.name)

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.RandomShift(*self.pixels)


class CenterCrop(Augmentation):
    """The middle (h, w) pixels of an image, in training too: what ``RandomCrop`` gives in prediction.

    u (N, H, W, C), v (N, h, w, C); v[y, x] = u[y + a, x + b], a = floor((H - h) / 2), b = floor((W - w) / 2).

    Parameters
    ----------
    size
        h = w, or (h, w)
    name
        unique in a model

    Raises
    ------
    DataError, TypeError
        unless size is one or two whole numbers >= 1
    ShapeError
        from a model: for what is no image, or a smaller one

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.CenterCrop((1, 2)).build((1, 4, 1))
    >>> layer.forward([[[[1.0], [2.0], [3.0], [4.0]]]])[:, 0, :, 0]
    array([[2., 3.]], dtype=float32)
    """

    is_random = False

    def __init__(self, size: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.size = pair("size", size)

    @property
    def formulas(self) -> Formulas:
        """Without the pixels outside."""
        return Formulas(("v = the middle of u",), ("du = dv in the middle, 0 around it",))

    def _core(self, precision: _core.Precision) -> _core.Layer:
        return precision.Crop(*self.size, self.is_random)


class RandomCrop(CenterCrop):
    """Training: a window (h, w) of an image, anywhere in it. Prediction: the middle one.

    u (N, H, W, C), v (N, h, w, C); v[y, x] = u[y + a, x + b], each of a = 0 ... H - h and of b = 0 ... W - w equally
    likely. Behind a ``ZeroPad2D`` it moves images without making them smaller.
    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012, 4.1.

    Parameters
    ----------
    size
        h = w, or (h, w)
    name
        unique in a model

    Raises
    ------
    DataError, TypeError, ShapeError
        as ``CenterCrop``

    Examples
    --------
    >>> import nncpp as nn
    >>> layer = nn.RandomCrop((1, 2)).build((1, 4, 1))
    >>> row = [[[1.0], [2.0], [3.0], [4.0]]]
    >>> layer.forward([row] * 3, training=True)[:, 0, :, 0]
    array([[2., 3.],
           [3., 4.],
           [3., 4.]], dtype=float32)
    """

    is_random = True

    def _without_chance(self) -> Layer:
        return CenterCrop(self.size, name=self.name)
