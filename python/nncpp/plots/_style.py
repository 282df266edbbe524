"""What the pictures have in common: colours, a figure, the finish of its axes, the file it is written to."""

import io
import os
from typing import TYPE_CHECKING

from .._files import as_path, write_bytes_atomically
from ..errors import DataError, NncppError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

TRAIN, VALIDATION, QUIET = "#1f5fa8", "#d9622b", "#6b7280"
MOST_POINTS = 2000  # of a curve that has one for each step, of a cloud that has one for each row


def some_of(count: int) -> list[int]:
    """0 ... count - 1, or as many of them as can be seen."""
    return sorted({i * (count - 1) // MOST_POINTS for i in range(MOST_POINTS + 1)})


def new_figure(rows: int, columns: int, title: str | None = None, dpi: int = 150) -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise NncppError('plots need matplotlib: pip install "nncpp[plot]"') from error
    # Figure without pyplot: no global state, no display, nothing to close
    figure = Figure(figsize=(5.4 * columns, 3.6 * rows + 0.3), dpi=dpi, layout="constrained")
    if title is not None:
        figure.suptitle(title, fontsize=13, fontweight="bold")
    return figure


def diverging() -> "Colormap":
    """From the blue of training over white, for 0, to the orange of validation."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("diverging", [TRAIN, "#ffffff", VALIDATION], N=257)  # odd: 0 is white


def finish(axes: "Axes", title: str, below: str, is_counted: bool = True) -> None:
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


def require_picture(path: str | os.PathLike[str]) -> str:
    """The format that a picture's name asks for; DataError if matplotlib has no such one."""
    from matplotlib.backend_bases import FigureCanvasBase

    suffix = as_path(path).suffix.removeprefix(".").lower() or "png"
    if suffix not in FigureCanvasBase.get_supported_filetypes():
        raise DataError(f"{path}: expected a picture format such as .png, .svg or .pdf, got .{suffix}")
    return suffix


def written(figure: "Figure", path: str | os.PathLike[str] | None) -> "Figure":
    """The figure, which is also in a file now if there is a path."""
    if path is not None:
        picture = io.BytesIO()
        figure.savefig(picture, format=require_picture(path))
        write_bytes_atomically(as_path(path), picture.getvalue())
    return figure
