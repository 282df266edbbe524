"""What a check found, as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .lines import DIRECTION
from .slopes import GOOD, Comparison, band

SHOWN = 3  # worst entries in the table
WORST = ("wrong", "suspicious", "fine", "good", "zero", "kinks only")


@dataclass(frozen=True)
class GradientEntry:
    """One row of the report: one array and the part of the objective that was differentiated by it.

    Attributes
    ----------
    term
        "data" (mean loss over the rows), "penalty" (regularizers), "layer", "loss" or "function"
    name
        "dense/weight", an input's name, or "(direction)": the slope along one random direction of all parameters
    shape
        of the array
    comparisons
        the ledger: every slope that was compared, with its place
    """

    term: str
    name: str
    shape: tuple[int, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def layer(self) -> str:
        """The name of the layer, or of the array where it belongs to none."""
        return self.name.partition("/")[0]

    @property
    def checked(self) -> int:
        """How many slopes were compared."""
        return len(self.comparisons)

    @property
    def kinks(self) -> int:
        """How many of those lie at a kink, where there is no derivative."""
        return sum(comparison.is_kink for comparison in self.comparisons)

    @property
    def worst(self) -> Comparison:
        """That of the largest relative error, of those at a kink only where there are no others."""
        return max(self.comparisons, key=lambda comparison: (not comparison.is_kink, comparison.relative_error))

    @property
    def max_relative_error(self) -> float:
        """Over all that are not at a kink."""
        return 0.0 if self.worst.is_kink else self.worst.relative_error

    @property
    def is_zero(self) -> bool:
        """The claimed gradient vanishes in every entry compared: rightly so or not, little is proved."""
        return all(comparison.analytic == 0.0 for comparison in self.comparisons)

    @property
    def verdict(self) -> str:
        """One of "wrong" (> 1e-2), "suspicious" (> 1e-4), "fine" (> 1e-7), "good"; or "zero", "kinks only"."""
        if self.worst.is_kink:
            return "kinks only"
        return "zero" if self.is_zero and self.max_relative_error <= GOOD else band(self.max_relative_error)

    @property
    def coverage(self) -> str:
        """How many of how many."""
        return "all together" if self.name == DIRECTION else f"{self.checked} of {math.prod(self.shape)}"


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found; printing it gives a table.

    Attributes
    ----------
    entries
        one `GradientEntry` for each array and term
    tolerance
        the relative error that is allowed
    method
        what the gradients were compared with
    rows
        of the data; None for a function
    explanation
        a walk through the check in plain language, where it was asked for
    """

    entries: tuple[GradientEntry, ...]
    tolerance: float
    method: str
    rows: int | None
    explanation: str = ""

    @property
    def max_relative_error(self) -> float:
        """The largest of all entries."""
        return max(entry.max_relative_error for entry in self.entries)

    @property
    def ok(self) -> bool:
        """Every entry is within the tolerance, and not all gradients vanish (that would prove nothing)."""
        return self.max_relative_error <= self.tolerance and not self._is_empty

    @property
    def _is_empty(self) -> bool:
        return all(entry.verdict in ("zero", "kinks only") for entry in self.entries)

    @property
    def worst(self) -> list[tuple[GradientEntry, Comparison]]:
        """Everything compared that is not at a kink, the largest relative error first."""
        pairs = [(entry, c) for entry in self.entries for c in entry.comparisons if not c.is_kink]
        return sorted(pairs, key=lambda pair: -pair[1].relative_error)

    @property
    def layers(self) -> dict[str, str]:
        """The worst verdict of each layer's parameters, inputs by their own names."""
        found: dict[str, str] = {}
        for entry in self.entries:
            if entry.name != DIRECTION:
                verdicts = (found.get(entry.layer, entry.verdict), entry.verdict)
                found[entry.layer] = min(verdicts, key=WORST.index)
        return found

    @property
    def unresolved(self) -> int:
        """How many slopes are so small that rounding would hide an error of 1 %."""
        return sum(not c.is_resolved for entry in self.entries for c in entry.comparisons)

    def __str__(self) -> str:
        head = ("term", "array", "shape", "compared", "max relative error", "kinks", "verdict")
        parts = [_table(head, map(_cells, self.entries))]
        parts += [self._by_layer(), self._worst_entries(), f"{self._ledger()}\n{self._summary()}", self.explanation]
        return "\n\n".join(part for part in parts if part)

    def _by_layer(self) -> str:
        names = [layer for layer in self.layers if any(entry.name.startswith(f"{layer}/") for entry in self.entries)]
        if len(names) < 2:
            return ""
        return _table(("layer", "compared", "max relative error", "kinks", "verdict"), map(self._layer_cells, names))

    def _layer_cells(self, layer: str) -> tuple[str, ...]:
        mine = [entry for entry in self.entries if entry.layer == layer]
        sums = sum(entry.checked for entry in mine), sum(math.prod(entry.shape) for entry in mine)
        error = max(entry.max_relative_error for entry in mine)
        kinks = sum(entry.kinks for entry in mine)
        return layer, "{} of {}".format(*sums), f"{error:.1e}", str(kinks), self.layers[layer]

    def _worst_entries(self) -> str:
        head = ("worst entries", "analytic", "numerical", "relative error", "verdict")
        return _table(head, (_worst_cells(*pair) for pair in self.worst[:SHOWN])) if self.worst else ""

    def _ledger(self) -> str:
        arrays = [entry for entry in self.entries if entry.name != DIRECTION]
        compared, all_of_them = sum(e.checked for e in arrays), sum(math.prod(e.shape) for e in arrays)
        direction = [entry for entry in self.entries if entry.name == DIRECTION]
        together = f"; a direction through {direction[0].shape[0]} numbers at once" if direction else ""
        text = f"covered: {len(arrays)} of {len(arrays)} arrays, {compared} of {all_of_them} entries{together}"
        if self.unresolved:
            text += f"; {self.unresolved} too small to show an error of 1 %"
        return text

    def _summary(self) -> str:
        where = "float64, " + ("" if self.rows is None else f"{self.rows} rows, ") + self.method
        bad = [entry for entry in self.entries if entry.max_relative_error > self.tolerance]
        if bad:
            worst = max(bad, key=lambda entry: entry.max_relative_error)
            found = f"analytic {worst.worst.analytic:.9g}, numerical {worst.worst.numeric:.9g}"
            at = place(worst, worst.worst)
            return f"NOT OK: {len(bad)} above {self.tolerance:g} ({where}); worst at {at}: {found}"
        if not self.ok:
            return f"NOT OK: every gradient compared is zero or at a kink ({where}); choose other rows or weights"
        zeros = sum(entry.verdict == "zero" for entry in self.entries)
        note = f"; {zeros} zero gradients prove little: dead units, or weights at 0?" if zeros else ""
        return f"ok: max relative error {self.max_relative_error:.1e} <= {self.tolerance:g} ({where}){note}"


def place(entry: GradientEntry, comparison: Comparison) -> str:
    """The name with the index: "dense/weight[0, 2]"."""
    return f"{entry.name}{list(comparison.index)}" if comparison.index else entry.name


def _cells(entry: GradientEntry) -> tuple[str, ...]:
    shown = str(entry.shape), entry.coverage, f"{entry.max_relative_error:.1e}", str(entry.kinks)
    return entry.term, entry.name, *shown, entry.verdict


def _worst_cells(entry: GradientEntry, comparison: Comparison) -> tuple[str, ...]:
    numbers = f"{comparison.analytic:.9g}", f"{comparison.numeric:.9g}", f"{comparison.relative_error:.1e}"
    return place(entry, comparison), *numbers, comparison.verdict


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [head, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in table]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(line.rstrip() for line in lines)
