"""Text and tagged sentences from files."""

import os
import re
from pathlib import Path

from .._arguments import shown, whole_number
from .._files import as_path, read_bytes
from ..errors import DataError, FileError

BLANKS = re.compile(r"[ \t]+")  # not every white space of Unicode: words may have a no-break space in them


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    r"""The text in a file; lines end in ``\n``, and a byte order mark is left out.

    Parameters
    ----------
    path : str or path
        A plain text.
    encoding : str
        "utf-8", "latin-1", "utf-16", ...

    Returns
    -------
    str

    Raises
    ------
    FileError
        The file cannot be read, or is not in this encoding.
    DataError, TypeError
        There is no such encoding; `path` is no path.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nncpp as nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "poem.txt"
    ...     _ = path.write_bytes(b"Two lines\r\nof text\r\n")
    ...     nn.text.read_text(path)
    'Two lines\nof text\n'
    """
    path = as_path(path)
    if not isinstance(encoding, str):
        raise TypeError(f"encoding: expected a name such as 'utf-8', got {shown(encoding)}")
    content = read_bytes(path)
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        line = content.count(b"\n", 0, getattr(error, "start", 0)) + 1
        reason = getattr(error, "reason", error)
        raise FileError(
            f"{path}: line {line}: not {encoding}: {reason}; give its encoding, such as encoding='latin-1'"
        ) from error
    except (LookupError, ValueError):
        raise DataError(f"encoding: expected a text encoding such as 'utf-8', got {encoding!r}") from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_conll(
    path: str | os.PathLike[str],
    columns: tuple[int, ...] = (0, -1),
    *,
    separator: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8",
) -> tuple[list[list[str]], ...]:
    r"""Sentences in columns, as in the shared tasks of CoNLL: a token in each line, an empty line behind each sentence.

    Lines that begin with ``-DOCSTART-`` stand between documents and are passed over.

    Parameters
    ----------
    path : str or path
        Lines of equally many fields: a word and what is known of it.
    columns : several int
        Which fields to take, from 0; negative ones from the last. (0, -1) is the word and its tag in the files of 2000
        and 2003; (1, 3) the word and its part of speech in CoNLL-U.
    separator : str, optional
        What stands between fields. None: blanks and tabs, any number of them. "\t" for CoNLL-U, whose words may have
        blanks.
    comment : str, optional
        Lines that begin with it before the first token of a sentence are passed over: "#" for CoNLL-U. None: there are
        none, and "#" is a word.
    encoding : str
        Of the file.

    Returns
    -------
    tuple
        For each of the columns a list of sentences, lists of strings: ``words, tags = read_conll(path)``.

    Raises
    ------
    FileError
        The file cannot be read or has no sentence; a line has more or fewer fields than the first.
    DataError, TypeError
        A column that there is not; an argument is something else.

    References
    ----------
    E. Tjong Kim Sang, F. De Meulder, "Introduction to the CoNLL-2003 shared task", CoNLL 2003.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nncpp as nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "train.txt"
    ...     _ = path.write_text("-DOCSTART- -X- O\n\nIn IN O\nParis NNP B-LOC\n\nYes UH O\n")
    ...     nn.text.read_conll(path)
    ([['In', 'Paris'], ['Yes']], [['O', 'B-LOC'], ['O']])
    """
    path = as_path(path)
    wanted = tuple(whole_number("columns", column, at_least=-(2**31)) for column in _several(columns))
    for argument, value in (("separator", separator), ("comment", comment)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{argument}: expected a string or None, got {shown(value)}")
        if value == "":
            raise DataError(f"{argument}: expected a string that is not empty, or None")
    found: tuple[list[list[str]], ...] = tuple([] for _ in wanted)
    sentence: list[list[str]] = []
    count = 0  # of fields

    def close() -> None:
        if sentence:
            for sentences, column in zip(found, wanted, strict=True):
                sentences.append([fields[column] for fields in sentence])
            sentence.clear()

    for number, line in enumerate(read_text(path, encoding).split("\n"), start=1):
        if not line.strip() or line.startswith("-DOCSTART-"):
            close()
        elif sentence or comment is None or not line.startswith(comment):
            fields = BLANKS.split(line.strip(" \t")) if separator is None else line.split(separator)
            count = count or _fields(path, number, fields, wanted)
            if len(fields) != count:
                advice = "; for lines of remarks give comment='#'" if line.startswith("#") and comment is None else ""
                raise FileError(f"{path}: line {number}: expected {count} fields, got {len(fields)}{advice}")
            sentence.append(fields)
    close()
    if count == 0:
        raise FileError(f"{path}: expected sentences of a token in each line, found none")
    return found


def _several(columns: object) -> tuple[object, ...]:
    if not isinstance(columns, tuple | list):
        raise TypeError(f"columns: expected several, such as (0, -1), got {shown(columns)}")
    if not columns:
        raise DataError("columns: expected at least one, got none")
    return tuple(columns)


def _fields(path: Path, number: int, fields: list[str], columns: tuple[int, ...]) -> int:
    """How many there are, in the first line that has a token."""
    for column in columns:
        if not -len(fields) <= column < len(fields):
            raise DataError(f"columns: expected some of 0 ... {len(fields) - 1}, as {path} has in line {number}, "
                            f"got {column}")  # fmt: skip
    return len(fields)
