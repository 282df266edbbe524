"""The progress bar of fit and minimize: one line for the whole training, on standard error."""

import shutil
import sys
from typing import Any

from ._arguments import shown
from .errors import DataError


class Progress:
    """Says nothing; the base of what does."""

    def update(self, rows: int, epoch: int, loss: float) -> None:
        """``rows`` more were trained on; ``loss`` is the epoch's mean so far."""

    def end_epoch(self, logs: dict[str, float]) -> None:
        """An epoch is over, with these scores."""

    def close(self) -> None:
        """Training is over, for whatever reason."""


class Bar(Progress):
    """tqdm's bar over all rows of all epochs, or of what ``word`` says, with the scores of the last one behind it."""

    def __init__(self, epochs: int, rows: int, done: int, word: str = "epoch") -> None:
        from tqdm import tqdm

        self.epochs, self.word = epochs, word
        self.scores = ""
        # shutil's answer, not tqdm's: a terminal may say that it has 0 columns, and tqdm would draw nothing
        width = shutil.get_terminal_size().columns
        self.bar: Any = tqdm(total=epochs * rows, initial=done, unit="row", unit_scale=True, ncols=width)

    def update(self, rows: int, epoch: int, loss: float) -> None:
        """Moves the bar."""
        self.bar.set_description_str(f"{self.word} {epoch + 1}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(self.scores or f"loss {loss:.4g}", refresh=False)
        self.bar.update(rows)

    def end_epoch(self, logs: dict[str, float]) -> None:
        """Shows the scores."""
        scores = {key: value for key, value in logs.items() if not key.endswith(("data_loss", "penalty"))}
        self.scores = ", ".join(f"{key} {value:.4g}" for key, value in scores.items())
        self.bar.set_postfix_str(self.scores, refresh=False)

    def close(self) -> None:
        """Leaves the bar as it stands."""
        self.bar.refresh()
        self.bar.close()


def wants_bar(verbose: object) -> bool:
    """Whether ``verbose`` asks for a bar: "auto" does where standard error is a terminal."""
    if isinstance(verbose, str) and verbose == "auto":
        return sys.stderr is not None and sys.stderr.isatty()
    if isinstance(verbose, bool | int) and verbose in (0, 1):
        return bool(verbose)
    raise DataError(f"verbose: expected 'auto', True or False, got {shown(verbose)}")
