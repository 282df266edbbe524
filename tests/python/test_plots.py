"""Learning curves and what telemetry saw: the numbers they show, the files they are written to."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.telemetry import QUANTITIES, Telemetry

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


def telemetry(records: int = 3, **layers: dict[str, Any]) -> Telemetry:
    """Records at steps 50, 100, ...; NaN where a layer is not given a number."""
    values = np.full((records, len(layers), len(QUANTITIES)), NAN)
    for place, entries in enumerate(layers.values()):
        for quantity, numbers in entries.items():
            values[:, place, QUANTITIES.index(quantity)] = numbers
    return Telemetry(list(layers), 50 * np.arange(1, records + 1), values)


SEEN = telemetry(
    dense={"update_ratio": [np.inf, 1e-2, 1e-3], "gradient_norm": [1.0, 0.1, 0.0], "dead": [0.0, 0.25, 0.5],
           "mean": [0.1, 0.2, 0.3], "deviation": [1.0, 1.5, 2.0]},
    gate={"mean": [0.0, 0.0, -1.0], "deviation": [0.5, 0.5, 0.25]},
    out={"update_ratio": [2e-3, 1e-3, 5e-4], "gradient_norm": [3.0, 2.0, 1.0], "saturated": [1.0, 0.5, 0.0]},
)  # fmt: skip


def inside(seen: Telemetry) -> dict[str, Any]:
    return {axes.get_title(loc="left"): axes for axes in nn.History([{"loss": 1.0}], seen).plot().axes}


def test_telemetry_has_its_panels_after_the_scores() -> None:
    assert list(inside(SEEN)) == [
        "loss", "update : parameter ratio", "gradient norm", "dead units", "saturated units", "activations"
    ]  # fmt: skip
    assert list(inside(Telemetry())) == ["loss"]
    assert list(inside(telemetry(1, pool={"mean": 1.0, "deviation": 0.0}))) == ["loss", "activations"]


def test_each_layer_has_a_curve_over_the_steps_where_it_has_numbers() -> None:
    shown = inside(SEEN)
    ratios = curves(shown["update : parameter ratio"])
    np.testing.assert_array_equal(ratios["dense"], [NAN, 1e-2, 1e-3])  # infinity has no place on an axis
    assert ratios["out"] == [2e-3, 1e-3, 5e-4]
    assert "gate" not in ratios
    np.testing.assert_array_equal(
        curves(shown["gradient norm"])["dense"], [1.0, 0.1, NAN]
    )  # nor 0 on a logarithmic one
    assert curves(shown["dead units"]) == {"dense": [0.0, 0.25, 0.5]}
    assert curves(shown["saturated units"]) == {"out": [1.0, 0.5, 0.0]}
    for title, axes in list(shown.items())[1:-1]:
        assert list(axes.get_lines()[0].get_xdata()) == [50, 100, 150], title


def test_the_ratio_has_a_logarithmic_axis_and_the_line_of_a_thousandth() -> None:
    shown = inside(SEEN)
    axes = shown["update : parameter ratio"]
    assert axes.get_yscale() == shown["gradient norm"].get_yscale() == "log"
    assert curves(axes)["1e-3"] == [1e-3, 1e-3]
    assert axes.get_ylim()[0] < 1e-3 < axes.get_ylim()[1]
    assert shown["dead units"].get_ylim() == (-0.02, 1.02)


def test_a_layer_has_one_colour_in_all_panels_and_in_the_legend() -> None:
    figure = nn.History([{"loss": 1.0}], SEEN).plot()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["dense", "gate", "out"]
    colours = {line.get_label(): tuple(line.get_color()) for line in legend.get_lines()}
    assert len(set(colours.values())) == 3
    for axes in figure.axes[1:-1]:
        for line in axes.get_lines():
            assert line.get_label() == "1e-3" or tuple(line.get_color()) == colours[line.get_label()]


def test_activations_by_depth_are_those_of_the_first_and_the_last_record() -> None:
    axes = inside(SEEN)["activations"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["dense", "gate"]
    bars = {bar.get_label(): bar for bar in axes.containers}
    assert list(bars) == ["step 50", "step 150"]
    points, _, (lines,) = bars["step 150"]
    assert list(points.get_ydata()) == [0.3, -1.0]
    np.testing.assert_allclose([segment[:, 1] for segment in lines.get_segments()], [[-1.7, 2.3], [-1.25, -0.75]])


def test_one_record_is_drawn_once() -> None:
    axes = inside(telemetry(1, dense={"mean": 1.0, "deviation": 2.0}))["activations"]
    assert [bar.get_label() for bar in axes.containers] == ["step 50"]


def test_a_long_run_is_thinned() -> None:
    axes = inside(telemetry(30_000, dense={"update_ratio": np.geomspace(1e-2, 1e-4, 30_000)}))[
        "update : parameter ratio"
    ]
    steps = list(axes.get_lines()[0].get_xdata())
    assert len(steps) <= 2001
    assert (steps[0], steps[-1]) == (50, 50 * 30_000)


def test_telemetry_of_a_fit_is_drawn() -> None:
    x, y = nn.datasets.digits()
    model = nn.Sequential([nn.Input(64), nn.Dense(8, "relu"), nn.Dense(8, "tanh"), nn.Dense(10, "softmax")])
    model.compile("adam", "nllm")
    history = model.fit(x, y, epochs=2, telemetry=10)
    shown = {axes.get_title(loc="left"): axes for axes in history.plot().axes}
    assert len(shown) == 6
    for layer in ("dense", "dense_1", "dense_2"):
        drawn = curves(shown["update : parameter ratio"])[layer]
        assert drawn == history.telemetry[layer]["update_ratio"]
