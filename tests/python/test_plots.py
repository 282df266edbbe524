"""Learning curves: the numbers they show, the files they are written to."""

from pathlib import Path
from typing import Any

import pytest

import nncpp as nn

pytest.importorskip("matplotlib")

ROWS = [{"loss": 2.0}, {"loss": 1.0, "val_loss": 1.5}, {"loss": 0.5, "val_loss": 1.25}]
NAN = float("nan")


def panels(rows: Any) -> dict[str, Any]:
    return {axes.get_title(loc="left"): axes for axes in nn.History(rows).plot().axes}


def curves(axes: Any) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}


@pytest.mark.parametrize(
    ("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")], ids=["png", "svg", "pdf"]
)
def test_a_picture_has_the_format_of_its_name(suffix: str, head: bytes, tmp_path: Path) -> None:
    nn.History([{**row, "accuracy": 0.5} for row in ROWS]).plot(tmp_path / f"curves.{suffix}", title="run")
    assert (tmp_path / f"curves.{suffix}").read_bytes().startswith(head)
    assert [file.name for file in tmp_path.iterdir()] == [f"curves.{suffix}"]


def test_every_score_has_a_panel_and_the_loss_comes_first() -> None:
    shown = panels([{"accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.4, "val_loss": 2.0}])
    assert list(shown) == ["loss", "accuracy"]
    assert curves(shown["accuracy"])["training"] == [0.5]
    assert curves(shown["accuracy"])["validation"] == [0.4]


def test_curves_begin_at_epoch_1_and_show_the_numbers() -> None:
    axes = panels(ROWS)["loss"]
    assert curves(axes)["training"] == [2.0, 1.0, 0.5]
    assert list(axes.get_lines()[0].get_xdata()) == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "values", "epoch"),
    [("loss", [0.5, 0.2, 0.3], 2), ("accuracy", [0.5, 0.2, 0.9], 3), ("loss", [NAN, 0.4, 0.4], 2)],
)
def test_the_best_epoch_of_the_validation_is_marked(name: str, values: list[float], epoch: int) -> None:
    axes = panels([{f"val_{name}": value} for value in values])[name]
    mark = axes.get_lines()[-1]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([epoch], [values[epoch - 1]])
    assert [text.get_text() for text in axes.texts] == [f"{values[epoch - 1]:.4g}"]


def test_nothing_is_marked_where_nobody_knows_which_way_is_better() -> None:
    assert not panels([{"val_worst": 1.0}, {"val_worst": 2.0}])["worst"].texts


@pytest.mark.parametrize(
    ("losses", "scale"), [([1.0, 0.005], "log"), ([1.0, 0.02], "linear"), ([1.0, 0.0], "linear"), ([NAN], "linear")]
)
def test_a_loss_over_two_decades_has_a_logarithmic_axis(losses: list[float], scale: str) -> None:
    assert panels([{"loss": loss} for loss in losses])["loss"].get_yscale() == scale


@pytest.mark.parametrize(
    ("rows", "name", "error"),
    [([], "a.png", nn.DataError), (ROWS, "no/a.png", nn.FileError), (ROWS, "a.bmp8", nn.DataError)],
    ids=["no epochs", "no folder", "no format"],
)
def test_a_picture_that_cannot_be_is_refused(rows: Any, name: str, error: Any, tmp_path: Path) -> None:
    with pytest.raises(error):
        nn.History(rows).plot(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
