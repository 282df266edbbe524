"""IDX, the format of the MNIST files: a rank, the length of each axis, the elements, most significant bytes first."""

import contextlib
import gzip
import io
import math
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import as_folder, as_path, explained
from ..errors import FileError
from ._labelled import Labelled

ELEMENTS = {8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8"}
MAX_AXES = 64  # of a NumPy array
PIECE = 2**20  # memory grows with what a file has, not with what it says it has


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, also one that gzip has compressed, whatever its name ends with.

    Parameters
    ----------
    path : str or path
        0, 0, a type (8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64), the number of axes, 4 bytes for the
        length of each, the elements row by row. The largest of these numbers' bytes come first.

    Returns
    -------
    array
        Of the shape in the file, in this machine's byte order: (N, H, W) uint8 for the images of MNIST.

    Raises
    ------
    FileError
        The file is missing, empty, of another format, damaged, or shorter or longer than its header says.
    TypeError
        `path` is no path.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nncpp as nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two-images-idx3-ubyte"
    ...     _ = path.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, *range(6)]))
    ...     nn.datasets.read_idx(path)
    array([[[0, 1, 2]],
    <BLANKLINE>
           [[3, 4, 5]]], dtype=uint8)
    """
    path = as_path(path)
    with _uncompressed(path) as file:
        start = _up_to(4, file)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in ELEMENTS or start[3] > MAX_AXES:
            raise FileError(
                f"{path}: expected an IDX file, which starts with 0, 0, a type out of {', '.join(map(str, ELEMENTS))} "
                f"and at most {MAX_AXES} axes, got {list(start) or 'an empty file'}"
            )
        element, rank = np.dtype(ELEMENTS[start[2]]).newbyteorder(">"), start[3]
        lengths = _up_to(4 * rank, file)
        if len(lengths) < 4 * rank:
            raise FileError(f"{path}: expected the lengths of {rank} axes, got {len(lengths)} bytes; it is cut off")
        shape = struct.unpack(f">{rank}I", lengths)
        if 0 in shape:
            raise FileError(f"{path}: expected elements, got shape {shape}")
        size = math.prod(shape) * element.itemsize
        data = _up_to(size + 1, file)  # up to the end, where gzip has its checksum
    if len(data) != size:
        found = f"only {len(data):,}" if len(data) < size else "more"
        raise FileError(f"{path}: expected {size:,} bytes for {shape} of {element.name}, got {found}")
    return np.frombuffer(data, element).reshape(shape).astype(element.newbyteorder("="), copy=False)


def mnist(folder: str | os.PathLike[str]) -> tuple[Labelled, Labelled]:
    """The digits of MNIST, or a set of the same form such as Fashion-MNIST, from its four files.

    Parameters
    ----------
    folder : str or path
        Where train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte lie,
        or train-images.idx3-ubyte and so on, or any of these with .gz.

    Returns
    -------
    (x, y), (x_test, y_test)
        Images (N, 28, 28, 1) uint8, 0 is paper and 255 ink; classes (N,) int64, 0 to 9.

    Raises
    ------
    FileError
        A file is missing, cannot be read by ``read_idx``, or holds something else.
    TypeError
        `folder` is no path.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.datasets.mnist("no such folder")
    Traceback (most recent call last):
    nncpp.errors.FileError: no such folder: expected a folder, there is none of this name
    """
    folder = as_folder(folder)
    return _images_and_labels(folder, "train"), _images_and_labels(folder, "t10k")


def _images_and_labels(folder: Path, part: str) -> Labelled:
    images, labels = _found(folder, f"{part}-images", 3), _found(folder, f"{part}-labels", 1)
    x, y = read_idx(images), read_idx(labels)
    if x.dtype != np.uint8 or x.shape[1:] != (28, 28):
        raise FileError(f"{images}: expected (N, 28, 28) of uint8, got {x.shape} of {x.dtype}")
    if y.dtype != np.uint8 or y.shape != x.shape[:1]:
        raise FileError(
            f"{labels}: expected a label for each image, {x.shape[:1]} of uint8, got {y.shape} of {y.dtype}"
        )
    if y.max() > 9:
        raise FileError(f"{labels}: expected labels 0 ... 9, got {y.max()} in row {y.argmax()}")
    return x[..., None], y.astype(np.int64)


def _found(folder: Path, name: str, rank: int) -> Path:
    names = [f"{name}{mark}idx{rank}-ubyte{end}" for end in ("", ".gz") for mark in "-."]
    for path in (folder / name for name in names):
        if path.exists():
            return path
    raise FileError(f"{folder}: expected a file {' or '.join(names)}, found none of them")


@contextlib.contextmanager
def _uncompressed(path: Path) -> Iterator[io.BufferedIOBase]:
    with explained(path, "read"), path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            yield gzip.GzipFile(fileobj=file) if is_gzip else file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileError(f"{path}: the gzip file is cut off or damaged: {error}") from error


def _up_to(count: int, file: io.BufferedIOBase) -> bytearray:
    """The next bytes; fewer where the file ends."""
    data = bytearray()
    while piece := file.read(min(PIECE, count - len(data))):
        data += piece
    return data
