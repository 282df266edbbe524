"""Tables for the command line: CSV files with a header, and NPZ files with arrays x and y, as named columns."""

import csv
import math
import os
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._files import as_path, explained
from .errors import DataError, FileError, ShapeError

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


@dataclass(frozen=True)
class Table:
    """Columns of text (CSV) or of numbers (NPZ), each with one entry a row; `lines` are the rows' lines in the file."""

    source: str
    columns: dict[str, Any]
    lines: Sequence[int] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

    def column(self, name: str) -> Any:
        """One column as it was read. Raises DataError if there is none of that name."""
        if name not in self.columns:
            raise DataError(f"{self.source}: expected a column {name!r}, got {_listed(self.columns)}")
        return self.columns[name]

    def numbers(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Columns as one array (rows, len(names)).

        Raises
        ------
        DataError
            for a column that is not there, and for the first cell that is not a finite number
        """
        result = np.empty((self.rows, len(names)))
        for j, name in enumerate(names):
            cells = self.column(name)
            try:
                result[:, j] = cells
            except ValueError:
                pass  # looked for below
            else:
                if np.isfinite(result[:, j]).all():
                    continue
            self._raise_for_cell(name, cells)
        return result

    def labels(self, name: str) -> list[str]:
        """A column as text, without spaces around it. Raises DataError for a missing value."""
        cells = [_text(cell) for cell in self.column(name)]
        for row, cell in enumerate(cells):
            if cell.lower() in _MISSING:
                raise self._missing(row, name)
        return cells

    def place(self, row: int, name: str) -> str:
        """Where a cell is, for messages; rows count from 1, as people do."""
        line = f" (line {self.lines[row]})" if self.lines is not None else ""
        return f"{self.source}: row {row + 1}{line}, column {name!r}"

    def _raise_for_cell(self, name: str, cells: Sequence[Any]) -> None:
        for row, cell in enumerate(cells):
            text = _text(cell)
            if text.lower() in _MISSING:
                raise self._missing(row, name)
            if not is_number(text):
                raise DataError(f"{self.place(row, name)}: expected a finite number, got {text!r}")

    def _missing(self, row: int, name: str) -> DataError:
        return DataError(f"{self.place(row, name)}: missing value; fill it in or leave the row out")


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a .npz file, or any other as CSV.

    Raises
    ------
    FileError
        if the file is missing or not what its name says
    DataError, ShapeError
        if it holds no table
    """
    name = as_path(path)
    return _read_npz(name) if name.suffix.lower() == ".npz" else _read_csv(name)


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _read_csv(path: Path) -> Table:
    rows, lines = [], []
    try:
        # utf-8-sig: spreadsheets put a mark before the first name
        with explained(path, "read"), path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = max(",;\t", key=file.readline().count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path}: expected a CSV file in UTF-8: {error}") from error
    if len(rows) < 2:
        raise DataError(f"{path}: expected a header and at least one row, got {'no row' if rows else 'nothing'}")
    names = _header(path, rows[0])
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(names):
            raise DataError(f"{path}: line {line}: expected {len(names)} cells as in the header, got {len(row)}")
    return Table(str(path), dict(zip(names, zip(*rows[1:], strict=True), strict=True)), lines[1:])


def _header(path: Path, row: list[str]) -> list[str]:
    names = [name.strip() for name in row]
    for name in names:
        if not name or names.count(name) > 1:
            what = f"{name!r} twice" if name else "an empty one"
            raise DataError(f"{path}: expected a header with a different name for each column, got {what}")
    if all(map(is_number, names)):
        raise DataError(f"{path}: expected a header with the names of the columns, got numbers: {_listed(names)}")
    return names


def _read_npz(path: Path) -> Table:
    with explained(path, "read"):
        try:
            with zipfile.ZipFile(path):  # np.load takes other files too
                pass
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in ("x", "y") if name in archive}
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise FileError(f"{path}: expected an NPZ file with arrays x and y: {error}") from error
    if "x" not in arrays:
        raise DataError(f"{path}: expected an array x (rows, columns), got none of that name")
    x, y = arrays["x"], arrays.get("y")
    if x.ndim != 2 or x.size == 0:
        raise ShapeError(f"{path}: expected x (rows, columns), got {x.shape}")
    for name, array, kinds in (("x", x, "biuf"), ("y", y, "biufU")):
        if array is not None and array.dtype.kind not in kinds:
            raise DataError(
                f"{path}: expected {name} to hold {'numbers or text' if name == 'y' else 'numbers'}, got {array.dtype}"
            )
    columns = {f"x{j}": x[:, j] for j in range(x.shape[1])}
    if y is not None:
        if y.shape not in ((len(x),), (len(x), 1)):
            raise ShapeError(f"{path}: expected y ({len(x)},), one for each row of x, got {y.shape}")
        columns["y"] = y.reshape(-1)
    return Table(str(path), columns)


def _text(cell: Any) -> str:
    return str(cell).strip()


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:12]) + (f", ... ({len(shown)} in all)" if len(shown) > 12 else "")
