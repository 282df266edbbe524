"""Word vectors from the text files of GloVe and word2vec."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._arguments import data_type, one_of, random_seed, shown
from .._files import as_path, explained
from ..errors import DataError, FileError
from ._vocabulary import Vocabulary

Matrix = NDArray[Any]


@overload
def read_vectors(
    path: str | os.PathLike[str],
    vocabulary: None = None,
    *,
    missing: str = "normal",
    seed: int = 0,
    dtype: Any = "float32",
) -> tuple[list[str], Matrix]: ...
@overload
def read_vectors(
    path: str | os.PathLike[str],
    vocabulary: Vocabulary,
    *,
    missing: str = "normal",
    seed: int = 0,
    dtype: Any = "float32",
) -> Matrix: ...
def read_vectors(
    path: str | os.PathLike[str],
    vocabulary: Vocabulary | None = None,
    *,
    missing: str = "normal",
    seed: int = 0,
    dtype: Any = "float32",
) -> tuple[list[str], Matrix] | Matrix:
    r"""Word vectors from a text file: all of them, or those of a vocabulary.

    A line is a word and D numbers, with blanks between. A first line of two whole numbers, how many words and D, is the
    header of word2vec; GloVe has none. A word may have blanks in it. Of a word that comes twice the first line counts.

    Parameters
    ----------
    path : str or path
        The file, in UTF-8. It is read line by line: memory is needed for what is kept only.
    vocabulary : Vocabulary, optional
        Whose words to keep.
    missing : str
        Rows of the vocabulary's words that the file does not have: "zeros", or "normal", drawn from the normal
        distribution with the mean and deviation of each column of the rows found.
    seed : int
        Key of what is drawn.
    dtype : str
        "float32" or "float64".

    Returns
    -------
    words, matrix
        Without a vocabulary: list of V strings and (V, D) numbers.
    matrix
        With one: (V, D), a row for each token, as ``pretrained=`` of ``nn.Embedding`` takes it.

    Raises
    ------
    FileError
        The file cannot be read, is empty or cut off, or a line is no word and D finite numbers.
    DataError, TypeError
        No word of the vocabulary is in the file; an argument is something else.

    References
    ----------
    J. Pennington, R. Socher, C. Manning, "GloVe: global vectors for word representation", EMNLP 2014; T. Mikolov et
    al., "Efficient estimation of word representations in vector space", 2013.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nncpp as nn
    >>> vocabulary = nn.text.Vocabulary.of_words(["dog", "cow", "cat"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "vectors.txt"
    ...     _ = path.write_text("cat 0.5 -1\ndog 0.25 2\n")
    ...     words, matrix = nn.text.read_vectors(path)
    ...     chosen = nn.text.read_vectors(path, vocabulary, missing="zeros")
    >>> words, matrix.shape
    (['cat', 'dog'], (2, 2))
    >>> chosen
    array([[ 0.25,  2.  ],
           [ 0.  ,  0.  ],
           [ 0.5 , -1.  ]], dtype=float32)
    """
    path = as_path(path)
    one_of("missing", missing, ("normal", "zeros"))
    kind, seed = data_type(dtype), random_seed(seed)
    if vocabulary is not None and not isinstance(vocabulary, Vocabulary):
        raise TypeError(f"vocabulary: expected an nn.text.Vocabulary or None, got {shown(vocabulary)}")
    found: dict[str, Matrix] = {}
    for number, word, fields in _lines(path):
        if word in found or (vocabulary is not None and word not in vocabulary):
            continue
        found[word] = _numbers(path, number, fields, kind)
    if vocabulary is None:
        return list(found), np.stack(list(found.values()))
    if not found:
        raise DataError(f"vocabulary: expected a word that is in {path}, there is none; are its words lower case?")
    rows = np.stack(list(found.values()))
    matrix = np.zeros((len(vocabulary), rows.shape[1]))
    if missing == "normal":
        matrix = _core.normal(seed, "text", 0, matrix.size).reshape(matrix.shape)
        matrix = rows.mean(axis=0, dtype=np.float64) + rows.std(axis=0, dtype=np.float64) * matrix
    matrix[[vocabulary[word] for word in found]] = rows
    return matrix.astype(kind)


def _lines(path: Path) -> Iterator[tuple[int, str, list[bytes]]]:
    """Number, word and fields of each line behind the header."""
    with explained(path, "read"), path.open("rb") as file:
        first, second = file.readline(), file.readline()
        header = _header(first, second)
        width = header[1] if header else len(first.split()) - 1
        if width < 1:
            raise FileError(f"{path}: line 1: expected a word and its numbers, got {_beginning(first)}")
        file.seek(len(first) if header else 0)
        count, start = 0, 2 if header else 1
        for number, line in enumerate(file, start):
            fields = line.rstrip(b" \t\r\n").replace(b"\t", b" ").rsplit(b" ", width)
            if len(fields) != width + 1 or not fields[0].strip():
                raise FileError(f"{path}: line {number}: expected a word and {width} numbers, got {_beginning(line)}")
            count += 1
            yield number, _word(path, number, fields[0]), fields[1:]
        if header and count != header[0]:
            raise FileError(f"{path}: expected {header[0]:,} words, as line 1 says, got {count:,}; it is cut off, or "
                            "several files in one")  # fmt: skip


def _header(first: bytes, second: bytes) -> tuple[int, int] | None:
    """How many words and numbers, where the first line says so and the second agrees."""
    fields = first.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        return None
    count, width = int(fields[0]), int(fields[1])
    return (count, width) if len(second.split()) > width >= 1 else None


def _word(path: Path, number: int, field: bytes) -> str:
    try:
        return field.strip().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: line {number}: the word is not UTF-8: {error.reason}") from error


def _numbers(path: Path, number: int, fields: list[bytes], kind: str) -> Matrix:
    try:
        with np.errstate(over="ignore"):
            numbers = np.array(fields, "S").astype(np.float64).astype(kind)
    except ValueError:
        numbers = np.full(1, np.nan)
    if not np.isfinite(numbers).all():
        raise FileError(f"{path}: line {number}: expected {len(fields)} finite numbers in {kind}, got "
                        f"{_beginning(b' '.join(fields))}")  # fmt: skip
    return numbers


def _beginning(line: bytes) -> str:
    text = line.strip().decode("utf-8", "replace")
    return repr(text[:40]) + ("..." if len(text) > 40 else "") if text else "an empty line"
