"""Curves: learning curves, schedules, ridge functions."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import whole_number
from ..errors import DataError
from ..metrics import is_better_larger
from ._style import QUIET, TRAIN, VALIDATION, finish, new_figure, some_of, written
from .inside import layer_colours, telemetry_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..data import Array
    from ..schedules import Schedule


def plot_history(
    history: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
    dpi: int = 150,
) -> "Figure":
    """Learning curves: one panel for the loss and one for each metric, training and validation in each.

    The best epoch in validation is marked. A loss that spans more than two decades gets a logarithmic axis. Below them,
    if ``history.telemetry`` has records, by layer and step: the update : parameter ratio beside the line of 1e-3, the
    norm of the gradient, the fractions of dead and of saturated units; and the activations by depth.

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
    telemetry = getattr(history, "telemetry", None)
    inside = telemetry_panels(telemetry)
    draw = [partial(_draw_score, history=history, name=name) for name in _scores(history)] + inside
    columns = min(2, len(draw))
    rows = math.ceil(len(draw) / columns)
    figure = new_figure(rows, columns, title, dpi)
    for place, draw_on in enumerate(draw, 1):
        draw_on(figure.add_subplot(rows, columns, place))
    if telemetry is not None and inside:
        from matplotlib.lines import Line2D

        colours = layer_colours(telemetry)
        lines = [Line2D([], [], color=colour, linewidth=2.5, label=layer) for layer, colour in colours.items()]
        figure.legend(handles=lines, loc="outside lower left", ncols=6, frameon=False, labelcolor=QUIET)
    return written(figure, path)


def plot_schedule(
    schedule: "Schedule", path: str | os.PathLike[str] | None, steps: int, steps_per_epoch: int
) -> "Figure":
    """The learning rate over the steps; what ``Schedule.plot`` draws."""
    count = whole_number("steps", steps, at_least=1)
    per_epoch = whole_number("steps_per_epoch", steps_per_epoch, at_least=1)
    shown = some_of(count)
    figure = new_figure(1, 1)
    axes = figure.add_subplot()
    axes.plot(shown, [schedule(t, t // per_epoch) for t in shown], color=TRAIN, linewidth=1.8)
    axes.set_ylim(bottom=0.0)
    finish(axes, "learning rate", "step")
    return written(figure, path)


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
    figure = new_figure(rows, columns, title, dpi)
    shown = some_of(len(residual))
    first = None
    for m, g in enumerate(functions):
        v = projections[shown, m]
        first = axes = figure.add_subplot(rows, columns, m + 1, sharey=first)
        axes.plot(v, residual[shown] + g(v), "o", color=TRAIN, markersize=2.5, markeredgewidth=0, alpha=0.35)
        line = np.linspace(v.min(), v.max(), 400)
        axes.plot(line, g(line), color=VALIDATION, linewidth=2.2)
        finish(axes, f"term {m + 1}: {shares[m]:.1%} of the variance", f"$w_{{{m + 1}}} \\cdot x$", is_counted=False)
    return written(figure, path)


def _scores(history: Mapping[str, Sequence[float]]) -> list[str]:
    names = list(dict.fromkeys(name.removeprefix("val_") for name, values in history.items() if len(values)))
    names = [name for name in names if name != "run"]  # which one, not how it went
    if not names:
        raise DataError("history: expected at least one finished epoch, got none; call fit first")
    return sorted(names, key=lambda name: name != "loss")


def _draw_score(axes: "Axes", history: Mapping[str, Sequence[float]], name: str) -> None:
    train, validation = list(history.get(name, [])), list(history.get(f"val_{name}", []))
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
    finish(axes, name, "epoch")


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
