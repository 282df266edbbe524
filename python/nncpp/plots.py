"""Pictures: learning curves, schedules, ridge functions. matplotlib is imported only when one is drawn."""

import io
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import whole_number
from ._files import as_path, write_bytes_atomically
from .errors import DataError, NncppError
from .metrics import is_better_larger

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .data import Array
    from .schedules import Schedule

TRAIN, VALIDATION, QUIET = "#1f5fa8", "#d9622b", "#6b7280"
MOST_POINTS = 2000  # of a curve that has one for each step, of a cloud that has one for each row


def plot_history(
    history: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
    dpi: int = 150,
) -> "Figure":
    """Learning curves: one panel for the loss and one for each metric, training and validation in each.

    The best epoch in validation is marked. A loss that spans more than two decades gets a logarithmic axis.

    Parameters
    ----------
    history : History or mapping of str to list of float
        What ``fit`` returns: "loss", "accuracy", "val_loss", ... with one number an epoch.
    path : path, optional
        Where to write the picture; the suffix says the format (.png, .svg, .pdf).
    title : str, optional
        A line above the panels.
    dpi : int
        Pixels an inch, for .png.

    Returns
    -------
    matplotlib.figure.Figure
        To show in a notebook or to change.

    Raises
    ------
    NncppError
        matplotlib is not installed.
    DataError
        No finished epoch, or a suffix that matplotlib does not know.
    FileError
        The file cannot be written.

    Examples
    --------
    >>> from nncpp.plots import plot_history
    >>> figure = plot_history({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['loss']
    """
    names = _panels(history)
    columns = min(2, len(names))
    rows = math.ceil(len(names) / columns)
    figure = _figure(rows, columns, title, dpi)
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, place)
        _draw_panel(axes, name, list(history.get(name, [])), list(history.get(f"val_{name}", [])))
    return _written(figure, path)


def plot_schedule(
    schedule: "Schedule", path: str | os.PathLike[str] | None, steps: int, steps_per_epoch: int
) -> "Figure":
    """The learning rate over the steps; what ``Schedule.plot`` draws."""
    count = whole_number("steps", steps, at_least=1)
    per_epoch = whole_number("steps_per_epoch", steps_per_epoch, at_least=1)
    shown = _some_of(count)
    figure = _figure(1, 1)
    axes = figure.add_subplot()
    axes.plot(shown, [schedule(t, t // per_epoch) for t in shown], color=TRAIN, linewidth=1.8)
    axes.set_ylim(bottom=0.0)
    _finish(axes, "learning rate", "step")
    return _written(figure, path)


def plot_ridge_functions(
    functions: "Sequence[Callable[[Array], Array]]",
    projections: "Array",
    residual: "Array",
    shares: "Array",
    path: str | os.PathLike[str] | None,
    *,
    title: str | None,
    dpi: int,
) -> "Figure":
    """Each g_m over w_m . x among its partial residuals; what ``ProjectionPursuitRegression.plot`` draws."""
    columns = 2 if len(functions) == 4 else min(3, len(functions))
    rows = math.ceil(len(functions) / columns)
    figure = _figure(rows, columns, title, dpi)
    shown = _some_of(len(residual))
    first = None
    for m, g in enumerate(functions):
        v = projections[shown, m]
        first = axes = figure.add_subplot(rows, columns, m + 1, sharey=first)
        axes.plot(v, residual[shown] + g(v), "o", color=TRAIN, markersize=2.5, markeredgewidth=0, alpha=0.35)
        line = np.linspace(v.min(), v.max(), 400)
        axes.plot(line, g(line), color=VALIDATION, linewidth=2.2)
        _finish(axes, f"term {m + 1}: {shares[m]:.1%} of the variance", f"$w_{{{m + 1}}} \\cdot x$", is_counted=False)
    return _written(figure, path)


def _some_of(count: int) -> list[int]:
    """0 ... count - 1, or as many of them as can be seen."""
    return sorted({i * (count - 1) // MOST_POINTS for i in range(MOST_POINTS + 1)})


def _figure(rows: int, columns: int, title: str | None = None, dpi: int = 150) -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise NncppError('plots need matplotlib: pip install "nncpp[plot]"') from error
    # Figure without pyplot: no global state, no display, nothing to close
    figure = Figure(figsize=(5.4 * columns, 3.6 * rows + 0.3), dpi=dpi, layout="constrained")
    if title is not None:
        figure.suptitle(title, fontsize=13, fontweight="bold")
    return figure


def _panels(history: Mapping[str, Sequence[float]]) -> list[str]:
    names = list(dict.fromkeys(name.removeprefix("val_") for name, values in history.items() if len(values)))
    names = [name for name in names if name != "run"]  # which one, not how it went
    if not names:
        raise DataError("history: expected at least one finished epoch, got none; call fit first")
    return sorted(names, key=lambda name: name != "loss")


def _draw_panel(axes: "Axes", name: str, train: list[float], validation: list[float]) -> None:
    marker = "o" if max(len(train), len(validation)) <= 30 else None
    style: dict[str, Any] = {"marker": marker, "markersize": 3.5, "linewidth": 1.8}
    if train:
        axes.plot(range(1, len(train) + 1), train, color=TRAIN, label="training", **style)
    if validation:
        axes.plot(range(1, len(validation) + 1), validation, color=VALIDATION, label="validation", **style)
        if name.endswith("loss") or is_better_larger(name):  # of others nobody knows which way is better
            _mark_best(axes, name, validation)
        axes.legend(frameon=False, labelcolor=QUIET)
    values = [value for value in train + validation if math.isfinite(value)]
    if name == "loss" and values and min(values) > 0 and max(values) > 100 * min(values):
        axes.set_yscale("log")
    _finish(axes, name, "epoch")


def _finish(axes: "Axes", title: str, below: str, is_counted: bool = True) -> None:
    """Title, and a horizontal axis, of whole numbers if it counts, with its label below; nothing that distracts."""
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel(below, color=QUIET)
    if is_counted:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    axes.tick_params(which="both", colors=QUIET, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#d1d5db")


def _mark_best(axes: "Axes", name: str, values: list[float]) -> None:
    best = max if is_better_larger(name) else min
    finite = [(value, epoch) for epoch, value in enumerate(values, 1) if math.isfinite(value)]
    if not finite:
        return
    value = best(value for value, _ in finite)
    epoch = next(epoch for v, epoch in finite if v == value)
    axes.plot([epoch], [value], "o", markersize=8, markerfacecolor="none", color=VALIDATION)
    axes.annotate(
        f"{value:.4g}", (epoch, value), xytext=(0, 9 if best is min else -16), textcoords="offset points",
        ha="center", color=VALIDATION, fontsize=9,
    )  # fmt: skip


def require_picture(path: str | os.PathLike[str]) -> str:
    """The format that a picture's name asks for; DataError if matplotlib has no such one."""
    from matplotlib.backend_bases import FigureCanvasBase

    suffix = as_path(path).suffix.removeprefix(".").lower() or "png"
    if suffix not in FigureCanvasBase.get_supported_filetypes():
        raise DataError(f"{path}: expected a picture format such as .png, .svg or .pdf, got .{suffix}")
    return suffix


def _written(figure: "Figure", path: str | os.PathLike[str] | None) -> "Figure":
    """The figure, which is also in a file now if there is a path."""
    if path is not None:
        picture = io.BytesIO()
        figure.savefig(picture, format=require_picture(path))
        write_bytes_atomically(as_path(path), picture.getvalue())
    return figure
