"""Classes: the areas that a model gives them in the plane, and what is taken for what."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import one_of, shown, whole_number
from ..data import Array, array
from ..errors import DataError, ShapeError
from ..metrics import confusion_matrix
from ._style import QUIET, TRAIN, VALIDATION, finish, new_figure, some_of, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = (TRAIN, VALIDATION, "#3c8d5a", "#8a5fb0", "#c2a032", "#b5486b", "#3a9aa8", "#7a6a58", "#5b7083", "#9a9a3c")
NORMALIZE = ("true", "predicted", "all")
MOST_NUMBERS = 30  # classes, with more of which no number could be read


def decision_boundary(
    model: Any,
    x: Any,
    y: Any,
    *,
    axes: "Axes | None" = None,
    names: Any = None,
    resolution: int = 300,
    path: str | os.PathLike[str] | None = None,
    title: str | None = None,
    dpi: int = 150,
) -> "Figure":
    """Classes in the plane: areas as the model predicts them, rows as points in the colour of their own class.

    Two classes with probabilities also get the lines P = 0.1, 0.5 and 0.9.

    Parameters
    ----------
    model : object
        A trained model of two columns and one output; anything with ``predict_classes``, or ``predict`` that gives
        labels, will do. Probabilities are those of ``predict_proba`` or, beside ``predict_classes``, of ``predict``.
    x : array
        (n, 2) rows.
    y : array
        (n,) labels.
    axes : Axes, optional
        Where to draw; by default a new figure, with a legend.
    names : sequence of str, optional
        The names of the classes, in the order of their labels; they are shown in a legend.
    resolution : int
        Points on a side at which the model is asked.
    path, title, dpi
        As for ``plot_history``; the title is that of the panel.

    Raises
    ------
    NncppError
        matplotlib is not installed, or the model has no classes.
    ShapeError, DataError, TypeError
        x or y that cannot be used, a number of names that is not that of the classes.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1]
    >>> figure = nn.plots.decision_boundary(nn.LogisticRegression(l2=0.01).fit(x, y), x, y)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['0', '1', 'P = 0.5', 'P = 0.1, 0.9']
    """
    points, truth = _rows(x, y)
    side = whole_number("resolution", resolution, at_least=2, at_most=2000)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1.0)
    ends = np.stack([low - margin, high + margin])
    u, v = np.linspace(ends[0], ends[1], side).T
    plane = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    predicted = _labels(model, plane)
    if hasattr(model, "predict_classes") and truth.dtype.kind in "if" and (truth == -1).any():
        truth = (truth > 0).astype(np.int64)  # -1 and 1, which models of one unit are trained on too
    if (truth.dtype.kind in "biuf") != (predicted.dtype.kind in "biuf"):
        raise DataError(f"y: expected labels as the model gives them, {predicted.dtype}, got {truth.dtype}")
    classes = np.unique(np.concatenate([truth, predicted]))
    p = _probabilities(model, plane, predicted == classes[1]) if len(classes) == 2 else None
    named = _names(names, classes)

    has_legend = axes is None or names is not None
    if axes is None:
        axes = new_figure(1, 1, None, dpi).add_subplot()
    colours = [CLASSES[k % len(CLASSES)] for k in range(len(classes))]
    areas = np.searchsorted(classes, predicted).reshape(side, side)
    axes.imshow(
        _tints(colours)[areas], extent=(*ends[:, 0], *ends[:, 1]), origin="lower", interpolation="nearest", zorder=0
    )
    some = some_of(len(points))
    dots: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.5, "linestyle": "none"}
    dots["markersize"] = 4.5 if len(points) > 20 else 9
    for k, label in enumerate(classes):
        rows = points[some][truth[some] == label]
        axes.plot(*rows.T, marker="o", color=colours[k], label=named[k], **dots)
    if p is not None:
        _draw_contours(axes, u, v, p.reshape(side, side))
    finish(axes, title or "", "$x_1$", is_counted=False)
    place = axes.get_subplotspec()
    if place is None or place.is_first_col():
        axes.set_ylabel("$x_2$", color=QUIET)
    axes.locator_params(nbins=6)
    axes.grid(visible=False)
    axes.set_aspect("auto")
    axes.set(xlim=ends[:, 0], ylim=ends[:, 1])
    if has_legend:
        axes.legend(frameon=False, labelcolor=QUIET, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return written(axes.figure.canvas.figure, path)  # the whole one, also where the axes are in a part of it


def confusion(
    y_true: Any,
    y_pred: Any = None,
    *,
    names: Any = None,
    normalize: str | None = None,
    path: str | os.PathLike[str] | None = None,
    title: str | None = None,
    dpi: int = 150,
) -> "Figure":
    """The confusion matrix: a row for each class, a column for each prediction; right ones blue, mistakes orange.

    The deeper a colour, the larger the share of the row.

    Parameters
    ----------
    y_true, y_pred : array
        As for ``nn.metrics.confusion_matrix``; or its result as the only one.
    names : sequence of str, optional
        The names of the classes.
    normalize : str, optional
        What the numbers are: None counts, "true" shares of the row (on the diagonal recall), "predicted" shares of the
        column (precision), "all" shares of all.
    path, title, dpi
        As for ``plot_history``.

    Raises
    ------
    NncppError
        matplotlib is not installed.
    ShapeError, DataError, TypeError
        Labels or a matrix that cannot be used, a number of names that is not that of the classes.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> import nncpp as nn
    >>> figure = nn.plots.confusion([[8, 2], [1, 9]], names=["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['8', '2', '1', '9']
    """
    if normalize is not None:
        one_of("normalize", normalize, NORMALIZE)
    counts = _matrix(y_true) if y_pred is None else confusion_matrix(y_true, y_pred)
    count = len(counts)
    named = _names(names, np.arange(count))
    shares = _shares(counts, "true")
    numbers = counts if normalize is None else _shares(counts, normalize)
    figure = new_figure(1, 1, title, dpi)
    side = min(9.0, 2.2 + 0.55 * count)
    figure.set_size_inches(side + 0.4, side)
    axes = figure.add_subplot()
    # the square root: a mistake in 50 rows is still seen
    depth = np.sqrt(shares)[..., None]
    full = _colours([TRAIN, VALIDATION])[np.where(np.eye(count, dtype=bool), 0, 1)]
    axes.imshow(1 - depth * (1 - full), interpolation="nearest")
    for i, j in np.ndindex(counts.shape):
        if count <= MOST_NUMBERS and counts[i, j]:
            text = f"{counts[i, j]:.6g}" if normalize is None else f"{numbers[i, j]:.0%}"
            axes.text(j, i, text, ha="center", va="center", color="white" if depth[i, j] > 0.6 else "#374151",
                      fontsize=9 if count <= 15 else 6)  # fmt: skip
    right, total = np.trace(counts), counts.sum()
    done = f"{right:.6g} of {total:.6g} right, {right / total:.1%}" if total else "no rows"
    finish(axes, done, "predicted", is_counted=False)
    axes.set_ylabel("true", color=QUIET)
    step = -(-count // MOST_NUMBERS)
    is_long = sum(map(len, named[::step])) > 8 * side
    axes.set_xticks(range(0, count, step), named[::step], rotation=90 if is_long else 0)
    axes.set_yticks(range(0, count, step), named[::step])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    # white lines between the cells
    axes.set_xticks(np.arange(1, count) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, count) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5 if count <= MOST_NUMBERS else 0.4)
    return written(figure, path)


def _rows(x: Any, y: Any) -> tuple[Array, Array]:
    """(n, 2) finite numbers, (n,) labels."""
    points, truth = array(x, "x"), np.asarray(y)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ShapeError(f"x: expected rows of two columns, (n, 2), got {points.shape}; give model and rows of two")
    if not np.isfinite(points).all():
        raise DataError("x: expected finite numbers, got NaN or infinity")
    if truth.shape == (len(points), 1):
        truth = truth[:, 0]
    if truth.shape != (len(points),):
        raise ShapeError(f"y: expected a label for each row, ({len(points)},), got {truth.shape}")
    return points.astype(np.float64), truth


def _labels(model: Any, plane: Array) -> Array:
    predict = getattr(model, "predict_classes", None) or getattr(model, "predict", None)
    if predict is None:
        raise TypeError(f"model: expected an object with predict_classes or predict, got {shown(model)}")
    labels = np.asarray(predict(plane))
    if labels.shape != (len(plane),):
        raise ShapeError(f"model: expected one label for each row, ({len(plane)},), got {labels.shape}")
    return labels


def _probabilities(model: Any, plane: Array, is_second: Array) -> Array | None:
    """P(second class), where the model has probabilities: numbers that are above 1/2 where it says so."""
    predict = model.predict if hasattr(model, "predict_classes") else getattr(model, "predict_proba", None)
    if predict is None:
        return None
    p = np.asarray(predict(plane)).reshape(len(plane), -1)[:, -1]
    is_clear = np.abs(p - 0.5) > 1e-6
    agrees = p.min() >= 0 and p.max() <= 1 and ((p > 0.5) == is_second)[is_clear].all()
    return p if agrees else None


def _draw_contours(axes: "Axes", u: Array, v: Array, p: Array) -> None:
    for levels, label, colour, width, style in (
        ([0.5], "P = 0.5", "black", 1.3, "-"),
        ([0.1, 0.9], "P = 0.1, 0.9", QUIET, 0.7, "--"),
    ):
        crossed = [level for level in levels if p.min() < level < p.max()]
        if crossed:
            axes.contour(u, v, p, crossed, colors=colour, linewidths=width, linestyles=style)
            axes.plot([], [], style, color=colour, linewidth=width, label=label)  # for the legend


def _names(names: Any, classes: Array) -> list[str]:
    if names is None:
        return [str(label) for label in classes]
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        raise TypeError(f"names: expected a sequence of strings, got {shown(names)}")
    named = [str(name) for name in names]
    if len(named) != len(classes):
        raise DataError(f"names: expected {len(classes)}, one for each class, got {len(named)}")
    return named


def _matrix(value: Any) -> Array:
    counts = array(value, "y_true")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) == 0:
        raise ShapeError(f"y_true: without y_pred expected a confusion matrix (K, K), got {counts.shape}")
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise DataError("y_true: expected a confusion matrix of finite numbers >= 0, got others")
    return counts


def _shares(counts: Array, of: str) -> Array:
    """0 where there is nothing to take a share of."""
    totals = counts.sum(axis={"true": 1, "predicted": 0, "all": None}[of], keepdims=True)
    shares: Array = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    return shares


def _colours(names: list[str]) -> Array:
    from matplotlib.colors import to_rgb

    return np.array([to_rgb(name) for name in names])


def _tints(names: list[str]) -> Array:
    """Light enough for points to be seen on them."""
    return 1 - 0.22 * (1 - _colours(names))
