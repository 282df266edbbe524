"""Tables: CSV and NPZ files as named columns; a wrong cell is named by its place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp._tables import is_number, read_table


@pytest.fixture
def csv(tmp_path: Path) -> Any:
    def write(text: str | bytes) -> Any:
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_table(path)

    return write


@pytest.fixture
def npz(tmp_path: Path) -> Any:
    def write(**arrays: Any) -> Any:
        np.savez(tmp_path / "data.npz", **arrays)
        return read_table(tmp_path / "data.npz")

    return write


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_columns_are_found_by_name(delimiter: str, end: str, mark: str, csv: Any) -> None:
    rows = [["a", " größe ", "kind"], ["1", " 2.5", "x"], ["-3e2", "0", ' " y" ']]
    table = csv(mark + end.join(delimiter.join(row) for row in rows) + end + end)
    assert (list(table.columns), table.rows) == (["a", "größe", "kind"], 2)
    assert table.numbers(["größe", "a"]).tolist() == [[2.5, 1.0], [0.0, -300.0]]
    assert table.labels("kind") == ["x", '" y"']


def test_quoted_cells_may_hold_delimiters_and_line_breaks(csv: Any) -> None:
    table = csv('name,n\n"one, two",1\n"three\nfour",bad\n')
    assert table.labels("name") == ["one, two", "three\nfour"]
    with pytest.raises(nn.DataError, match=r"row 2 \(line 4\), column 'n': .*'bad'"):
        table.numbers(["n"])


@pytest.mark.parametrize("cell", ["", "  ", "NA", "n/a", "NaN", "null", "None", "?"])
def test_a_missing_value_is_named_by_its_place(cell: str, csv: Any) -> None:
    table = csv(f"a,b\n1,2\n3,{cell}\n")
    for read in (lambda: table.numbers(["a", "b"]), lambda: table.labels("b")):
        with pytest.raises(nn.DataError, match=r"data\.csv: row 2 \(line 3\), column 'b': missing value"):
            read()


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "1,5", "0x10", "12 m"])
def test_a_cell_that_is_no_finite_number_is_named_by_its_place(cell: str, csv: Any) -> None:
    table = csv(f'a,b\n1,2\n3,"{cell}"\n')
    assert not is_number(cell)
    with pytest.raises(nn.DataError, match=r"row 2 \(line 3\), column 'b': expected a finite number"):
        table.numbers(["b"])


def test_a_missing_column_is_named_with_those_there_are(csv: Any) -> None:
    with pytest.raises(nn.DataError, match="'c', got a, b"):
        csv("a,b\n1,2\n").numbers(["a", "c"])


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", nn.DataError, "nothing"),
        ("a,b\n", nn.DataError, "at least one row"),
        ("a,b\n1,2\n3\n", nn.DataError, "line 3: expected 2 cells as in the header, got 1"),
        ("a,a\n1,2\n", nn.DataError, "'a' twice"),
        ("a,\n1,2\n", nn.DataError, "an empty one"),
        ("1,2\n3,4\n", nn.DataError, "got numbers"),
        (b"a,b\n\xff,2\n", nn.FileError, "UTF-8"),
        ('a,b\n"1,2\n', nn.FileError, "CSV"),
    ],
    ids=["empty", "no rows", "short row", "a name twice", "no name", "no header", "latin", "open quote"],
)
def test_what_is_no_table_is_refused(text: str | bytes, error: Any, words: str, csv: Any) -> None:
    with pytest.raises(error, match=words) as raised:
        csv(text)
    assert "data.csv" in str(raised.value)


def test_arrays_in_an_npz_are_columns(npz: Any) -> None:
    table = npz(x=np.arange(6).reshape(3, 2), y=np.array(["a", "b", "a"])[:, None], other=np.ones(7))
    assert list(table.columns) == ["x0", "x1", "y"]
    assert table.numbers(["x1", "x0"]).tolist() == [[1, 0], [3, 2], [5, 4]]
    assert table.labels("y") == ["a", "b", "a"]
    assert list(npz(x=np.ones((2, 1))).columns) == ["x0"]


def test_a_number_of_an_npz_that_is_not_finite_is_named_by_its_row(npz: Any) -> None:
    for value, words in ((np.nan, "missing value"), (np.inf, "expected a finite number")):
        with pytest.raises(nn.DataError, match=rf"data\.npz: row 2, column 'x1': {words}"):
            npz(x=np.array([[1, 2], [3, value]])).numbers(["x0", "x1"])


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ({"z": np.ones((2, 2))}, nn.DataError, "array x"),
        ({"x": np.ones(3)}, nn.ShapeError, "(3,)"),
        ({"x": np.ones((0, 3))}, nn.ShapeError, "(0, 3)"),
        ({"x": np.array([["a"]])}, nn.DataError, "numbers"),
        ({"x": np.ones((3, 2)), "y": np.ones(2)}, nn.ShapeError, "one for each row of x, got (2,)"),
        ({"x": np.ones((3, 2)), "y": np.ones(3, complex)}, nn.DataError, "complex128"),
        ({"x": np.array([[None]])}, nn.FileError, "NPZ"),
    ],
    ids=["no x", "one axis", "no rows", "text", "another length", "complex", "objects"],
)
def test_arrays_that_are_no_table_are_refused(arrays: Any, error: Any, words: str, npz: Any) -> None:
    with pytest.raises(error) as raised:
        npz(**arrays)
    assert words in str(raised.value)
    assert "data.npz" in str(raised.value)


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=np.ones((50, 4)))
    content = path.read_bytes()
    for broken in (b"", b"a,b\n1,2\n", content[:-30], content[:200] + b"\0" * 99 + content[299:]):
        path.write_bytes(broken)
        with pytest.raises(nn.FileError, match=r"data\.npz"):
            read_table(path)
    with pytest.raises(nn.FileError, match="does not exist"):
        read_table(tmp_path / "none.npz")
