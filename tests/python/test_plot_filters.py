"""Weights as images: each pixel is the weight it stands for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(0)


def picture(figure: Any) -> Any:
    """(rows, columns) or (rows, columns, 3), NaN between the images."""
    values = figure.axes[0].images[0].get_array()
    return np.asarray(np.ma.filled(values, np.nan))


def tile(figure: Any, row: int, column: int, height: int, width: int) -> Any:
    top, left = 1 + row * (height + 1), 1 + column * (width + 1)
    return picture(figure)[top : top + height, left : left + width]


def title(figure: Any) -> str:
    return str(figure.axes[0].get_title(loc="left"))


def test_each_unit_is_an_image_over_its_largest_weight() -> None:
    weights = RNG.normal(size=(12, 6))
    figure = nn.plots.filters(weights, shape=(3, 4))
    assert picture(figure).shape == (2 * 4 + 1, 3 * 5 + 1)
    for k in range(6):
        expected = weights[:, k].reshape(3, 4) / abs(weights[:, k]).max()
        np.testing.assert_allclose(tile(figure, k // 3, k % 3, 3, 4), expected)
    assert np.isnan(picture(figure)[::4]).all()
    assert np.isnan(picture(figure)[:, ::5]).all()
    assert title(figure) == "6 filters of 3 x 4"


def test_zero_is_white_and_signs_have_colours() -> None:
    figure = nn.plots.filters(np.array([[-1.0], [0.0], [0.0], [1.0]]))
    image = figure.axes[0].images[0]
    colours = image.to_rgba(tile(figure, 0, 0, 2, 2))
    np.testing.assert_array_equal(colours[0, 1], 1)
    assert colours[0, 0, 2] > 4 * colours[0, 0, 0], "blue below 0"
    assert colours[1, 1, 0] > 4 * colours[1, 1, 2], "orange above 0"


def test_one_scale_for_all_has_a_bar() -> None:
    weights = np.array([[1.0, 4.0], [-1.0, 2.0], [0.5, 0.0], [0.0, -2.0]])
    figure = nn.plots.filters(weights, scale="joint")
    np.testing.assert_allclose(tile(figure, 0, 0, 2, 2), [[0.25, -0.25], [0.125, 0.0]])
    assert [text.get_text() for text in figure.axes[1].get_yticklabels()] == ["-4", "0", "4"]
    assert len(nn.plots.filters(weights).axes) == 1


def test_sorted_by_norm_and_cut() -> None:
    weights = np.ones((4, 9)) * np.array([3, 1, 4, 1, 5, 9, 2, 6, 5])
    figure = nn.plots.filters(weights, scale="joint", sort="norm", most=4)
    assert [tile(figure, k // 2, k % 2, 2, 2)[0, 0] * 9 for k in range(4)] == pytest.approx([9, 6, 5, 5])
    assert title(figure) == "4 of 9 filters of 2 x 2"


def test_a_unit_of_zeros_is_white() -> None:
    np.testing.assert_array_equal(tile(nn.plots.filters(np.zeros((4, 1))), 0, 0, 2, 2), 0)


def test_filters_of_a_convolution_in_grey_and_in_colour() -> None:
    weights = RNG.normal(size=(5, 4, 3, 2))
    figure = nn.plots.filters(weights)
    for k in range(2):
        w = weights[..., k]
        np.testing.assert_allclose(tile(figure, 0, k, 5, 4), (1 + w / abs(w).max()) / 2)
    one = nn.plots.filters(weights[:, :, 1:2])
    np.testing.assert_allclose(tile(one, 0, 1, 5, 4), weights[:, :, 1, 1] / abs(weights[:, :, 1, 1]).max())


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_of_a_model_are_those_of_its_first_convolution(channels: int) -> None:
    model = nn.Sequential([nn.Input((8, 8, channels)), nn.Conv2D(6, (3, 2), "relu"), nn.Conv2D(4, 3)])
    figure = nn.plots.filters(model)
    assert title(figure) == "conv2d: 6 filters of 3 x 2"
    w = model.parameters["conv2d/weight"][..., 4] / abs(model.parameters["conv2d/weight"][..., 4]).max()
    columns = (picture(figure).shape[1] - 1) // 3
    expected = w[..., 0] if channels == 1 else (1 + w) / 2
    np.testing.assert_allclose(tile(figure, 4 // columns, 4 % columns, 3, 2), expected)
    with pytest.raises(nn.ShapeError, match="1 or 3 channels, got 6"):
        nn.plots.filters(model, "conv2d_1")


def test_a_filter_that_is_as_high_as_the_input_is_large_keeps_its_shape() -> None:
    model = nn.Sequential([nn.Input((9, 1, 1)), nn.Conv2D(2, (9, 1))])
    assert title(nn.plots.filters(model)) == "conv2d: 2 filters of 9 x 1"


def test_filters_along_a_sequence_have_a_row_for_each_channel() -> None:
    model = nn.Sequential([nn.Input((20, 4)), nn.Conv1D(1, 9)])
    figure = nn.plots.filters(model)
    assert title(figure) == "conv1d: 1 filter of 4 x 9"
    w = model.parameters["conv1d/weight"][..., 0]
    np.testing.assert_allclose(tile(figure, 0, 0, 4, 9), w.T / abs(w).max())


def test_inputs_that_are_a_square_of_three_channels() -> None:
    weights = RNG.normal(size=(2 * 2 * 3, 1))
    np.testing.assert_allclose(
        tile(nn.plots.filters(weights), 0, 0, 2, 2), (1 + weights.reshape(2, 2, 3) / abs(weights).max()) / 2
    )


def test_pieces_of_maxout_are_images_too() -> None:
    model = nn.Sequential([nn.Input(9), nn.Maxout(4, 2)])
    figure = nn.plots.filters(model)
    assert title(figure) == "maxout: 8 filters of 3 x 3"
    w = model.parameters["maxout/weight"][:, 0, 1]
    np.testing.assert_allclose(tile(figure, 0, 1, 3, 3), w.reshape(3, 3) / abs(w).max())


def test_the_layer_of_a_model_is_the_first_or_the_one_named(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input(64), nn.Standardize(), nn.Dense(12, "relu", name="eyes"), nn.Dense(4, name="out")])
    assert title(nn.plots.filters(model)) == "eyes: 12 filters of 8 x 8"
    figure = nn.plots.filters(model, "out", shape=(4, 3), path=tmp_path / "f.png")
    assert title(figure) == "out: 4 filters of 4 x 3"
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
