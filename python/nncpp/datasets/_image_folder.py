"""A folder of pictures with a subfolder for each class."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import one_of, shown, whole_number
from .._files import as_folder, explained
from ..errors import FileError, NncppError, ShapeError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}
LONGEST = 2**16 - 1  # pixels of a side, as in JPEG


def read_images(
    folder: str | os.PathLike[str], size: int | tuple[int, int] | None = None, mode: str = "RGB"
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
    """Images in the subfolders of a folder, one subfolder for each class.

    Classes and files come in the order of their names; names that begin with a dot are passed over, and so are files
    beside the subfolders. Needs Pillow: ``pip install "nncpp[images]"``.

    Parameters
    ----------
    folder : str or path
        folder/class/image; BMP, GIF (its first picture), JPEG, PNG, PPM, TIFF or WebP, turned as its EXIF data say.
    size : int or (height, width), optional
        Every image is resized to it, each new pixel a weighted mean of all pixels below it (Pillow's BILINEAR). By
        default all images must be of one size.
    mode : str
        "RGB", "RGBA", or "L": grey, 0.299 R + 0.587 G + 0.114 B. Transparency counts in "RGBA" only.

    Returns
    -------
    x : (N, height, width, 3, 4 or 1) uint8
    y : (N,) int64
        Index of the class.
    names : list of str
        The classes.

    Raises
    ------
    NncppError
        Pillow is not installed.
    FileError
        There is no class, a class without images, or a file that is no image of 8 bits a channel, or is damaged.
    ShapeError
        Images of different sizes, and no `size`.
    DataError, TypeError
        `folder`, `size` or `mode` is something else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nncpp as nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         (Path(folder) / name).mkdir()
    ...         _ = (Path(folder) / name / "1.ppm").write_bytes(b"P6 2 1 255 " + bytes([255, 0, 0, 0, 0, 255]))
    ...     x, y, names = nn.datasets.read_images(folder)
    >>> x.shape, x[0].tolist(), y.tolist(), names
    ((2, 1, 2, 3), [[[255, 0, 0], [0, 0, 255]]], [0, 1], ['cat', 'dog'])
    """
    one_of("mode", mode, CHANNELS)
    shape = None if size is None else _height_and_width(size)
    folder = as_folder(folder)
    classes = [entry for entry in _entries(folder) if entry.is_dir()]
    if not classes:
        raise FileError(f"{folder}: expected a subfolder of images for each class, found none")
    files: list[Path] = []
    y: list[int] = []
    for label, of_class in enumerate(classes):
        images = _entries(of_class)
        if not images:
            raise FileError(f"{of_class}: expected images of the class {of_class.name!r}, found none")
        files += images
        y += [label] * len(images)

    pixels = (_pixels(file, shape, mode) for file in files)
    first = next(pixels)
    x = np.empty((len(files), *first.shape), np.uint8)
    x[0] = first
    for i, image in enumerate(pixels, start=1):
        if image.shape != first.shape:
            (height, width, _), (here, across, _) = first.shape, image.shape
            raise ShapeError(
                f"{files[i]}: expected {height} x {width} pixels as in {files[0].name}, got {here} x {across}; "
                "give size=(height, width)"
            )
        x[i] = image
    return x, np.array(y, np.int64), [of_class.name for of_class in classes]


def _height_and_width(size: Any) -> tuple[int, int]:
    sides = size if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2:
        raise TypeError(f"size: expected a whole number or (height, width), got {shown(size)}")
    height, width = (whole_number("size", side, at_least=1, at_most=LONGEST) for side in sides)
    return height, width


def _entries(folder: Path) -> list[Path]:
    with explained(folder, "read"):
        return sorted((entry for entry in folder.iterdir() if not entry.name.startswith(".")), key=lambda e: e.name)


def _pixels(file: Path, shape: tuple[int, int] | None, mode: str) -> NDArray[np.uint8]:
    """(height, width, channels)."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError as error:
        raise NncppError('read_images needs Pillow: pip install "nncpp[images]"') from error
    with explained(file, "read"), file.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture: Image.Image = Image.open(stream, formats=FORMATS)
            mode_of_file = picture.mode
            picture = ImageOps.exif_transpose(picture).convert(mode)
        except UnidentifiedImageError as error:
            raise FileError(f"{file}: expected an image, one of {', '.join(FORMATS)}, got something else") from error
        except Exception as error:  # Pillow's decoders raise whatever they stumble over
            raise FileError(f"{file}: the image is too large, cut off or damaged: {error}") from error
    if mode_of_file.startswith(("F", "I")):  # convert has cut its numbers off at 255
        raise FileError(f"{file}: expected 8 bits a channel, got Pillow's mode {mode_of_file}; convert the image first")
    if shape is not None:
        picture = picture.resize(shape[::-1], Image.Resampling.BILINEAR)
    return np.asarray(picture).reshape(picture.height, picture.width, CHANNELS[mode])
