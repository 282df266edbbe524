"""The binary files of CIFAR-10 and CIFAR-100: records of labels and 3 x 32 x 32 pixels."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from .._arguments import one_of, shown
from .._files import as_folder, as_path, explained
from ..errors import DataError, FileError
from ._labelled import Labelled

PIXELS = 3 * 32 * 32
CIFAR10 = {"class": 10}  # what the labels of a record are called, and how many values each has
CIFAR100 = {"coarse": 20, "fine": 100}


def read_cifar(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], labels: str | None = None) -> Labelled:
    """Images and labels in files of the binary version of CIFAR-10 or CIFAR-100, one file after the other.

    Parameters
    ----------
    paths : path or several
        Records of one label, or the coarse and the fine one, and 32 x 32 pixels of red, then of green, then of blue.
    labels : str, optional
        None: files of CIFAR-10. "fine" or "coarse": files of CIFAR-100, and which of its labels to take.

    Returns
    -------
    x : (N, 32, 32, 3) uint8
    y : (N,) int64

    Raises
    ------
    FileError
        A file is missing, empty, no whole number of records, or has a label that there is not.
    DataError, TypeError
        No files; `labels` or a path is something else.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nncpp as nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "data_batch_1.bin"
    ...     _ = path.write_bytes(bytes([7] + 1024 * [255] + 1024 * [128] + 1024 * [0]))
    ...     x, y = nn.datasets.read_cifar(path)
    >>> x.shape, x[0, 0, 0].tolist(), y.tolist()
    ((1, 32, 32, 3), [255, 128, 0], [7])
    """
    if labels is not None:
        one_of("labels", labels, CIFAR100)
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    if not isinstance(paths, Iterable):
        raise TypeError(f"paths: expected a path or several, got {shown(paths)}")
    files = [_read(as_path(path, "paths"), labels) for path in paths]
    if not files:
        raise DataError("paths: expected at least one file, got none")
    x = np.empty((sum(len(y) for _, y in files), 32, 32, 3), np.uint8)
    np.concatenate([images for images, _ in files], out=x)
    return x, np.concatenate([y for _, y in files])


def cifar10(folder: str | os.PathLike[str]) -> tuple[Labelled, Labelled]:
    """CIFAR-10 from the files of its binary version.

    Parameters
    ----------
    folder : str or path
        Where data_batch_1.bin ... data_batch_5.bin and test_batch.bin lie.

    Returns
    -------
    (x, y), (x_test, y_test)
        Images (N, 32, 32, 3) uint8, classes (N,) int64, 0 to 9.

    Raises
    ------
    FileError
        A file is missing or cannot be read by ``read_cifar``.
    TypeError
        `folder` is no path.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.datasets.cifar10("no such folder")
    Traceback (most recent call last):
    nncpp.errors.FileError: no such folder: expected a folder, there is none of this name
    """
    folder = as_folder(folder)
    return read_cifar(folder / f"data_batch_{i}.bin" for i in range(1, 6)), read_cifar(folder / "test_batch.bin")


def cifar100(folder: str | os.PathLike[str], labels: str = "fine") -> tuple[Labelled, Labelled]:
    """CIFAR-100 from the files of its binary version.

    Parameters
    ----------
    folder : str or path
        Where train.bin and test.bin lie.
    labels : str
        "fine": 100 classes. "coarse": 20, of five of these each.

    Returns
    -------
    (x, y), (x_test, y_test)
        Images (N, 32, 32, 3) uint8, classes (N,) int64.

    Raises
    ------
    FileError
        A file is missing or cannot be read by ``read_cifar``.
    DataError, TypeError
        `labels` is something else, or `folder` no path.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.datasets.cifar100("cifar-100-binary", labels="rough")
    Traceback (most recent call last):
    nncpp.errors.DataError: labels: expected one of coarse, fine, got 'rough'
    """
    one_of("labels", labels, CIFAR100)
    folder = as_folder(folder)
    return read_cifar(folder / "train.bin", labels), read_cifar(folder / "test.bin", labels)


def _read(path: Path, labels: str | None) -> Labelled:
    """The images as a view, and the labels."""
    counts, others = (CIFAR10, CIFAR100) if labels is None else (CIFAR100, CIFAR10)
    length = len(counts) + PIXELS
    with explained(path, "read"), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0 or size % length != 0:
            remark = ""
            if size > 0 and size % (len(others) + PIXELS) == 0:
                remark = "; for a file of CIFAR-10 give labels=None, for one of CIFAR-100 'fine' or 'coarse'"
            raise FileError(f"{path}: expected a multiple of {length} bytes, got {size:,}{remark}")
        records = np.frombuffer(file.read(size), np.uint8).reshape(-1, length)
    for column, (name, count) in enumerate(counts.items()):
        y = records[:, column]
        if y.max() >= count:
            raise FileError(f"{path}: expected {name} labels 0 ... {count - 1}, got {y.max()} in record {y.argmax()}")
    images = records[:, len(counts) :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, records[:, list(counts).index(labels or "class")].astype(np.int64)
