"""Decision boundaries and confusion matrices: what stands where."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn

pytest.importorskip("matplotlib")
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = map(to_rgb, ("#1f5fa8", "#d9622b", "#3c8d5a"))


class Halves:
    """Class 1 where x_1 > 2 x_2; P = sigmoid(x_1 - 2 x_2)."""

    def predict_classes(self, x: Any) -> Any:
        return (x[:, 0] > 2 * x[:, 1]).astype(int)

    def predict(self, x: Any) -> Any:
        return (1 + np.tanh(x[:, :1] / 2 - x[:, 1:])) / 2


class Scores(Halves):
    """Class 1 where the score is above 0: no probabilities, although some are between 0 and 1."""

    def predict(self, x: Any) -> Any:
        return 0.1 * (x[:, :1] - 2 * x[:, 1:])


class Named:
    """As scikit-learn has it: labels are words."""

    def predict(self, x: Any) -> Any:
        return np.array(["cat", "dog", "owl"])[(x[:, 0] > 0).astype(int) + (x[:, 0] > 1)]


X = np.array([[-2.0, -1.0], [2.0, -1.0], [-1.0, 1.0], [2.0, 2.0], [0.5, 0.0]])
Y = np.array([0, 1, 0, 1, 1])


def lines(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axes.get_lines()}


def pixel(axes: Any, x: float, y: float) -> Any:
    """The colour of the area there."""
    (image,) = axes.images
    colours = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    rows, columns = colours.shape[:2]
    return colours[int((y - bottom) / (top - bottom) * rows), int((x - left) / (right - left) * columns)]


def tint(colour: Any) -> Any:
    return 1 - 0.22 * (1 - np.array(colour))


def test_areas_are_what_the_model_says_and_points_what_the_data_say() -> None:
    (axes,) = nn.plots.decision_boundary(Halves(), X, Y).axes
    for x, y, colour in ((2, 0, ORANGE), (-2, 0, BLUE), (1.0, 0.4, ORANGE), (1.0, 0.6, BLUE), (2, 2, BLUE)):
        np.testing.assert_allclose(pixel(axes, x, y), tint(colour), atol=1e-7)
    for label, rows, colour in (("0", X[[0, 2]], BLUE), ("1", X[[1, 3, 4]], ORANGE)):
        np.testing.assert_array_equal(lines(axes)[label].get_xydata(), rows)
        assert to_rgb(lines(axes)[label].get_color()) == colour


def test_two_classes_have_the_lines_of_their_probability() -> None:
    (axes,) = nn.plots.decision_boundary(Halves(), X, Y).axes
    found = {level: path.vertices for contour in axes.collections
             for level, path in zip(contour.levels, contour.get_paths(), strict=True)}  # fmt: skip
    assert set(found) == {0.1, 0.5, 0.9}
    for level, points in found.items():
        np.testing.assert_allclose(points[:, 0] - 2 * points[:, 1], np.log(level / (1 - level)), atol=1e-3)


@pytest.mark.parametrize("model", [Scores(), nn.LinearSVM(), nn.Perceptron()], ids=["scores", "svm", "perceptron"])
def test_scores_are_not_drawn_as_probabilities(model: Any) -> None:
    if hasattr(model, "fit"):
        model.fit(X, Y)
    (axes,) = nn.plots.decision_boundary(model, X, Y).axes
    assert not axes.collections
    assert list(lines(axes)) == ["0", "1"]


def test_a_model_of_ours_of_two_or_three_classes() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    for classes, contours in ((2, 2), (3, 0)):
        y = (x[:, 0] > 0).astype(int) + (x[:, 0] > 0.7) * (classes == 3)
        model = nn.Sequential([nn.Input(2), nn.Dense(8, "tanh"), nn.Dense(classes, "softmax")])
        model.compile(nn.Adam(0.1), "nllm")
        model.fit(x, y, epochs=30)
        (axes,) = nn.plots.decision_boundary(model, x, y, resolution=50).axes
        np.testing.assert_allclose(pixel(axes, -2, 0), tint(BLUE), atol=1e-7)
        np.testing.assert_allclose(pixel(axes, 2, 0), tint(GREEN if classes == 3 else ORANGE), atol=1e-7)
        assert len(axes.collections) == contours


def test_labels_may_be_words_and_plus_and_minus_one() -> None:
    (axes,) = nn.plots.decision_boundary(Named(), X, ["cat", "owl", "cat", "owl", "dog"]).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["cat", "dog", "owl"]
    (axes,) = nn.plots.decision_boundary(Halves(), X, 2 * Y - 1).axes
    np.testing.assert_array_equal(lines(axes)["1"].get_xydata(), X[Y == 1])


def test_it_draws_on_the_axes_it_is_given_without_a_legend() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    assert nn.plots.decision_boundary(Halves(), X, Y, axes=axes, title="halves") is figure
    assert axes.get_title(loc="left") == "halves"
    assert axes.get_legend() is None
    axes = figure.add_subplot()
    nn.plots.decision_boundary(Halves(), X, Y, axes=axes, names=["left", "right"])
    assert [text.get_text() for text in axes.get_legend().get_texts()][:2] == ["left", "right"]


@pytest.mark.parametrize("x", [X[:1], np.tile(X[:1], (3, 1)), X * 1e6], ids=["one row", "equal rows", "large"])
def test_odd_rows_are_drawn(x: Any, tmp_path: Path) -> None:
    nn.plots.decision_boundary(Halves(), x, Y[: len(x)], resolution=20, path=tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


MATRIX = np.array([[8, 2, 0], [1, 9, 0], [0, 5, 15]])


def words(axes: Any) -> dict[tuple[int, int], str]:
    """By (true, predicted)."""
    return {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts}


def test_a_confusion_matrix_has_a_count_in_each_cell_that_is_not_empty() -> None:
    (axes,) = nn.plots.confusion(MATRIX).axes
    assert words(axes) == {(i, j): str(MATRIX[i, j]) for i, j in np.argwhere(MATRIX)}
    assert axes.get_title(loc="left") == "32 of 40 right, 80.0%"
    assert axes.get_xlabel() == "predicted"
    assert axes.get_ylabel() == "true"
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first class is at the top"


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [("true", ["80%", "20%", "10%", "90%", "25%", "75%"]), ("predicted", ["89%", "12%", "11%", "56%", "31%", "100%"]),
     ("all", ["20%", "5%", "2%", "22%", "12%", "38%"])],
)  # fmt: skip
def test_shares_of_rows_columns_and_all(normalize: str, expected: list[str]) -> None:
    (axes,) = nn.plots.confusion(MATRIX, normalize=normalize).axes
    assert list(words(axes).values()) == expected


def test_right_is_blue_wrong_is_orange_and_deeper_is_more() -> None:
    (axes,) = nn.plots.confusion(MATRIX).axes
    colours = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(colours[2, 2], 1 - np.sqrt(0.75) * (1 - np.array(BLUE)))
    np.testing.assert_allclose(colours[2, 1], 1 - np.sqrt(0.25) * (1 - np.array(ORANGE)))
    np.testing.assert_array_equal(colours[0, 2], 1)


def test_labels_or_probabilities_give_the_matrix_of_the_metrics() -> None:
    y, p = [0, 0, 1, 2, 2], np.eye(3)[[0, 1, 1, 2, 0]]
    (axes,) = nn.plots.confusion(y, p, names=["a", "b", "c"]).axes
    counts = nn.metrics.confusion_matrix(y, p)
    assert words(axes) == {(i, j): str(counts[i, j]) for i, j in np.argwhere(counts)}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_many_classes_have_colours_and_no_numbers() -> None:
    (axes,) = nn.plots.confusion(np.eye(100)).axes
    assert not axes.texts
    assert len(axes.get_xticks()) <= 30


def test_no_rows_at_all() -> None:
    (axes,) = nn.plots.confusion(np.zeros((2, 2), int)).axes
    assert axes.get_title(loc="left") == "no rows"
