"""The votes of features for classes: why a model says what it says of a datum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_ROWS, MOST_CLASSES = 20, 6  # of the table
WIDEST = 40  # characters of a name in it


@dataclass(frozen=True)
class Vote:
    """What one feature says.

    Attributes
    ----------
    feature
        its name
    weights, votes
        lambda and lambda f, for each class
    """

    feature: str
    weights: Floats
    votes: Floats


@dataclass(frozen=True, repr=False)
class Votes:
    """The features that fire for a datum. ``str`` gives a table: of at most 20 features and the 6 best classes.

    Attributes
    ----------
    classes
        (K,) labels
    entries
        the features, those whose votes differ most first
    scores
        (K,) sum of the votes
    probabilities
        (K,) exp(scores) / Z; None for a model without probabilities
    """

    classes: NDArray[Any]
    entries: list[Vote]
    scores: Floats
    probabilities: Floats | None

    def __repr__(self) -> str:
        return f"<votes of {len(self.entries)} features for {len(self.classes)} classes>"

    def __str__(self) -> str:
        best = np.sort(np.argsort(-self.scores, kind="stable")[:MOST_CLASSES])
        rows = [["", *(_short(str(label)) for label in self.classes[best])]]
        for vote in self.entries[:MOST_ROWS]:
            numbers = [f"{number:.3f}" if number else "" for number in vote.votes[best].tolist()]
            rows.append([_short(vote.feature), *numbers])
        if len(self.entries) > MOST_ROWS:
            rest = np.sum([vote.votes[best] for vote in self.entries[MOST_ROWS:]], axis=0)
            rows.append([f"{len(self.entries) - MOST_ROWS} more", *(f"{number:.3f}" for number in rest)])
        rows.append(["sum", *(f"{score:.3f}" for score in self.scores[best])])
        if self.probabilities is not None:
            rows.append(["P", *(f"{p:.3f}" for p in self.probabilities[best])])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
            .rstrip()
            for row in rows
        )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 3]}..."
