"""Pictures of a training run. matplotlib is imported only when one is drawn."""

import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._files import as_path, write_bytes_atomically
from .errors import DataError, NncppError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAIN, VALIDATION, QUIET = "#1f5fa8", "#d9622b", "#6b7280"


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
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise NncppError('plots need matplotlib: pip install "nncpp[plot]"') from error

    names = _panels(history)
    columns = min(2, len(names))
    rows = math.ceil(len(names) / columns)
    # Figure without pyplot: no global state, no display, nothing to close
    figure = Figure(figsize=(5.4 * columns, 3.6 * rows + 0.3), dpi=dpi, layout="constrained")
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, place)
        _draw_panel(axes, name, list(history.get(name, [])), list(history.get(f"val_{name}", [])))
    if title is not None:
        figure.suptitle(title, fontsize=13, fontweight="bold")
    if path is not None:
        _write(figure, as_path(path))
    return figure


def _panels(history: Mapping[str, Sequence[float]]) -> list[str]:
    names = list(dict.fromkeys(name.removeprefix("val_") for name, values in history.items() if len(values)))
    if not names:
        raise DataError("history: expected at least one finished epoch, got none; call fit first")
    return sorted(names, key=lambda name: name != "loss")


def _draw_panel(axes: "Axes", name: str, train: list[float], validation: list[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    marker = "o" if max(len(train), len(validation)) <= 30 else None
    style: dict[str, Any] = {"marker": marker, "markersize": 3.5, "linewidth": 1.8}
    if train:
        axes.plot(range(1, len(train) + 1), train, color=TRAIN, label="training", **style)
    if validation:
        axes.plot(range(1, len(validation) + 1), validation, color=VALIDATION, label="validation", **style)
        if name.endswith(("loss", "accuracy")):  # of others nobody knows which way is better
            _mark_best(axes, name, validation)
        axes.legend(frameon=False, labelcolor=QUIET)
    values = [value for value in train + validation if math.isfinite(value)]
    if name == "loss" and values and min(values) > 0 and max(values) > 100 * min(values):
        axes.set_yscale("log")
    axes.set_title(name, loc="left", fontweight="bold")
    axes.set_xlabel("epoch", color=QUIET)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    axes.tick_params(which="both", colors=QUIET, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#d1d5db")


def _mark_best(axes: "Axes", name: str, values: list[float]) -> None:
    best = max if "accuracy" in name else min
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


def _write(figure: "Figure", path: Path) -> None:
    picture = io.BytesIO()
    figure.savefig(picture, format=require_picture(path))
    write_bytes_atomically(path, picture.getvalue())
