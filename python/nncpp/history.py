"""History: what was measured, epoch by epoch."""

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import TYPE_CHECKING

from .telemetry import Telemetry

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History(Mapping[str, list[float]]):
    """A mapping from "loss", "val_accuracy", ... to a list with one entry an epoch; NaN where it was not measured.

    Attributes
    ----------
    rows
        the same by epoch: a dict for each
    telemetry : Telemetry
        what ``fit(telemetry=every)`` recorded inside the layers; empty where it did not

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

    def __init__(self, rows: list[dict[str, float]] | None = None, telemetry: Telemetry | None = None) -> None:
        self.rows = [] if rows is None else rows
        self.telemetry = Telemetry() if telemetry is None else telemetry

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

    def hints(self) -> list[str]:
        """What the curves and the telemetry say, in words: what was seen, with the number, and what to try.

        Of curves of at least 5 epochs: a training loss that rises, swings, hardly falls or has settled, and a
        validation loss that rises while the training loss falls. Of ``fit(telemetry=every)``: steps far from 1e-3 of
        the weights, gradients that vanish or explode from layer to layer, dead and saturated units. A training that
        goes well has no hints.

        Examples
        --------
        >>> from nncpp import History
        >>> history = History([{"loss": loss} for loss in (1.0, 1.2, 1.5, 1.9, 2.4)])
        >>> for hint in history.hints():
        ...     print(hint[:60])
        the training loss rose, from 1 to 2.4 in 5 epochs: divide th
        """
        from .hints import hints_of

        return hints_of(self, self.telemetry)

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
