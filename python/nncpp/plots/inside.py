"""What telemetry saw, layer by layer: panels of the history's picture."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Array
from ..telemetry import Telemetry
from ._style import QUIET, TRAIN, finish, some_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Records = dict[str, dict[str, Array]]
GOOD_RATIO = 1e-3  # CS231n, "Babysitting the learning process": higher, the rate is too high; lower, too low
GRADIENT, RATIO = "gradient_norm", "update_ratio"
CURVES = {
    RATIO: "update : parameter ratio",
    GRADIENT: "gradient norm",
    "dead": "dead units",
    "saturated": "saturated units",
}


def telemetry_panels(telemetry: Telemetry | None) -> list[Callable[["Axes"], None]]:
    """What draws each panel; none for what no layer has a number of."""
    if telemetry is None or not telemetry.steps:
        return []
    records = {layer: {key: _finite(values) for key, values in telemetry[layer].items()} for layer in telemetry}
    steps = np.asarray(telemetry.steps)
    panels: list[Callable[[Axes], None]] = [
        partial(_draw_curves, steps=steps, records=records, key=key)
        for key in CURVES
        if any(_is_measured(record[key]) for record in records.values())
    ]
    active = {layer: record for layer, record in records.items() if _is_measured(record["mean"])}
    if active:
        panels.append(partial(_draw_activations, steps=steps, records=active))
    return panels


def layer_colours(layers: Iterable[str]) -> dict[str, Any]:
    """From dark, the first, to light, the last: depth is seen in every panel."""
    from matplotlib import colormaps

    names = list(layers)
    return dict(zip(names, colormaps["viridis"](np.linspace(0.0, 0.85, len(names))), strict=True))


def _draw_curves(axes: "Axes", steps: Array, records: Records, key: str) -> None:
    shown = some_of(len(steps))
    is_norm = key in (RATIO, GRADIENT)
    marker = "o" if len(steps) <= 30 else None
    for layer, colour in layer_colours(records).items():
        values = records[layer][key]
        if is_norm:
            values = np.where(values > 0, values, np.nan)  # a logarithm has no place for others
        if _is_measured(values):
            axes.plot(steps[shown], values[shown], color=colour, label=layer, linewidth=1.6, marker=marker,
                      markersize=3)  # fmt: skip
    if key == RATIO:
        axes.axhline(GOOD_RATIO, color="black", linewidth=1.0, linestyle=(0, (4, 3)), label="1e-3", zorder=1.8)
    finish(axes, CURVES[key], "step")
    if is_norm:
        _log_axis(axes)
    else:
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")


def _log_axis(axes: "Axes") -> None:
    """A label for each decade; for 1, 2 and 5 where there are few decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_activations(axes: "Axes", steps: Array, records: Records) -> None:
    """Mean +- deviation by depth, at the first and the last record: a signal that dies or explodes is a funnel."""
    layers = list(records)
    shown = {0: "#9ca3af", len(steps) - 1: TRAIN}
    for i, colour in shown.items():
        places = np.arange(len(layers)) + (0.12 if i else -0.12) * (len(shown) > 1)
        mean, deviation = ([record[key][i] for record in records.values()] for key in ("mean", "deviation"))
        axes.errorbar(places, mean, deviation, fmt="o", color=colour, markersize=5, linewidth=2,
                      label=f"step {steps[i]}")  # fmt: skip
    axes.axhline(0.0, color="#9ca3af", linewidth=0.8, zorder=1.8)
    finish(axes, "activations", "", is_counted=False)
    axes.set_ylabel("mean ± deviation", color=QUIET)
    is_crowded = sum(map(len, layers)) > 45
    axes.set_xticks(
        range(len(layers)), layers, rotation=45 if is_crowded else 0, ha="right" if is_crowded else "center"
    )
    axes.set_xlim(-0.6, len(layers) - 0.4)
    axes.legend(frameon=False, labelcolor=QUIET, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 0.99))


def _finite(values: Sequence[float]) -> Array:
    """The numbers; NaN for those that no axis has a place for."""
    numbers = np.asarray(values, np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _is_measured(values: Array) -> bool:
    return bool(np.isfinite(values).any())
