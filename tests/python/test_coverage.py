"""docs/coverage.md: what it names exists, and so do the tests that it cites."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import nncpp as nn

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "coverage.md"
SECTIONS = ["Models", "Activations", "Losses", "Optimizers", "Schedules", "Regularization",
            "Initialization and preprocessing", "Flow graphs", "Convolutional networks",
            "Sequences and language", "Checks", "Second order"]  # fmt: skip


class Row(NamedTuple):
    section: str
    item: str
    names: str
    tests: str
    checked_against: str


def rows() -> list[Row]:
    found, section = [], ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| item "):
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            assert len(cells) == 4, line
            found.append(Row(section, *cells))
    return found


ROWS = rows()


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_section_of_the_table_is_there() -> None:
    assert list(dict.fromkeys(row.section for row in ROWS)) == SECTIONS
    assert len({row.item for row in ROWS}) == len(ROWS) > 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.item)
def test_a_row_names_what_exists(row: Row) -> None:
    assert quoted(row.names), row
    for name in quoted(row.names):
        assert eval(name, {"nn": nn}) is not None, name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.item)
def test_a_row_cites_tests_that_exist(row: Row) -> None:
    assert quoted(row.tests), row
    assert row.checked_against, row
    for citation in quoted(row.tests):
        file, _, test = citation.partition("::")
        source = (ROOT / "tests" / ("cpp" if file.endswith(".cpp") else "python") / file).read_text(encoding="utf-8")
        assert test, citation
        assert (f'"{test}"' if file.endswith(".cpp") else f"def {test}(") in source, citation
