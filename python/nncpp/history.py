"""History: what was measured, epoch by epoch."""

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History(Mapping[str, list[float]]):
    """A mapping from "loss", "val_accuracy", ... to a list with one entry an epoch; NaN where it was not measured.

    Attributes
    ----------
    rows
        the same by epoch: a dict for each

    Raises
    ------
    KeyError
        for a score that no epoch has; the message lists those there are

    Examples
    --------
    >>> from nncpp import History
    >>> history = History([{"loss": 2.0}, {"loss": 1.0, "val_loss": 1.5}])
    >>> history["loss"], history.epochs
    ([2.0, 1.0], 2)
    """

    def __init__(self, rows: list[dict[str, float]] | None = None) -> None:
        self.rows = [] if rows is None else rows

    @property
    def epochs(self) -> int:
        """Number of epochs."""
        return len(self.rows)

    def __getitem__(self, key: str) -> list[float]:
        if not any(key in row for row in self.rows):
            raise KeyError(f"{key}; this history has {', '.join(self) or 'no epochs'}")
        return [row.get(key, float("nan")) for row in self.rows]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for row in self.rows for key in row))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<History of {self.epochs} epochs: {', '.join(self)}>"

    def plot(self, path: "str | PathLike[str] | None" = None, *, title: str | None = None, dpi: int = 150) -> "Figure":
        """Draws the learning curves; needs matplotlib (``pip install nncpp[plot]``).

        Parameters
        ----------
        path
            picture to write: .png, .svg or .pdf; None writes none
        title
            line above the panels
        dpi
            pixels an inch, for .png

        Returns
        -------
        matplotlib.figure.Figure
            to show in a notebook or to change

        Raises
        ------
        NncppError, DataError, FileError
            without matplotlib; without a finished epoch; if the file cannot be written

        Examples
        --------
        >>> from nncpp import History
        >>> figure = History([{"loss": 2.0}, {"loss": 1.0}]).plot(title="training")
        """
        from .plots import plot_history

        return plot_history(self, path, title=title, dpi=dpi)
