"""History: a mapping from scores to their values by epoch, and its picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn

ROWS = [{"loss": 2.0}, {"loss": 1.0, "val_loss": 1.5}, {"loss": 0.5, "val_loss": 1.25}]


def test_a_history_is_a_mapping_to_lists() -> None:
    history = nn.History([dict(row) for row in ROWS])
    assert list(history) == ["loss", "val_loss"]
    assert history["loss"] == [2.0, 1.0, 0.5]
    np.testing.assert_array_equal(history["val_loss"], [np.nan, 1.5, 1.25])
    assert (len(history), history.epochs, "loss" in history, "accuracy" in history) == (2, 3, True, False)
    assert dict(history)["loss"] == history["loss"]
    assert history.get("accuracy") is None


def test_an_empty_history_has_no_epochs() -> None:
    assert (len(nn.History()), nn.History().epochs, list(nn.History())) == (0, 0, [])
    with pytest.raises(KeyError, match="no epochs"):
        _ = nn.History()["loss"]


@pytest.mark.parametrize(
    ("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")], ids=["png", "svg", "pdf"]
)
def test_a_picture_has_the_format_of_its_name(suffix: str, head: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = nn.History([{**row, "accuracy": 0.5} for row in ROWS]).plot(tmp_path / f"curves.{suffix}", title="run")
    assert (tmp_path / f"curves.{suffix}").read_bytes().startswith(head)
    assert len(figure.axes) == 2, "a panel for the loss and one for the accuracy"


def test_curves_show_the_numbers() -> None:
    pytest.importorskip("matplotlib")
    axes: Any = nn.History(ROWS).plot().axes[0]
    values = [list(line.get_ydata()) for line in axes.get_lines()]
    assert [2.0, 1.0, 0.5] in values


@pytest.mark.parametrize(
    ("rows", "name", "error"),
    [([], "a.png", nn.DataError), (ROWS, "no/a.png", nn.FileError), (ROWS, "a.bmp8", nn.NncppError)],
    ids=["no epochs", "no folder", "no format"],
)
def test_a_picture_that_cannot_be_is_refused(rows: Any, name: str, error: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(error):
        nn.History(rows).plot(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
