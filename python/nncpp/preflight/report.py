"""What preflight found, as entries and as text."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH = 110  # of a printed line

Status = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Entry:
    """One finding.

    Attributes
    ----------
    name
        of the check: "inputs", "labels", "targets", "pairing", "weights", "activations", "units", "initial loss",
        "regularization", "tiny subset", "learning rate"
    status
        "ok"; "warn": training will be slower or worse than it need be; "fail": it will not work; "skipped": there is
        nothing to check, or something found before explains whatever would come out
    seen
        what was seen, with the figures
    advice
        what to do; empty where nothing is to be done
    """

    name: str
    status: Status
    seen: str
    advice: str = ""

    @property
    def is_problem(self) -> bool:
        """Whether it warns or fails."""
        return self.status in ("warn", "fail")


@dataclass(frozen=True)
class PreflightReport:
    """What `preflight` found; printing it gives a table.

    Attributes
    ----------
    entries
        at least one `Entry` for each check, in the order of the checks
    """

    entries: tuple[Entry, ...]

    @property
    def ok(self) -> bool:
        """No check warns or fails."""
        return not self.problems

    @property
    def problems(self) -> tuple[Entry, ...]:
        """The entries that warn or fail."""
        return tuple(entry for entry in self.entries if entry.is_problem)

    @property
    def lines(self) -> list[str]:
        """The printed lines."""
        width = max(len(entry.name) for entry in self.entries)
        lines = [line for entry in self.entries for line in _lines(entry, width)]
        return [*lines, "-" * max(map(len, lines)), self._summary()]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _summary(self) -> str:
        if self.ok:
            return "ok: ready to train"
        return f"NOT OK: {', '.join(dict.fromkeys(entry.name for entry in self.problems))}"


def _lines(entry: Entry, width: int) -> list[str]:
    """Status and name, then what was seen, and below it, behind an arrow, what to do."""
    mark = {"ok": "ok", "warn": "WARN", "fail": "FAIL", "skipped": "-"}[entry.status]
    head = f"{mark:<4}  {entry.name:<{width}}  "
    indent = " " * len(head)
    lines = textwrap.wrap(entry.seen, WIDTH, initial_indent=head, subsequent_indent=indent)
    if entry.advice:
        lines += textwrap.wrap(
            entry.advice, WIDTH, initial_indent=f"{indent}-> ", subsequent_indent=f"{indent}   ", break_on_hyphens=False
        )
    return lines


def listed(names: Sequence[str]) -> str:
    """Names in a row, the first few of many."""
    return ", ".join(names[:6]) + (f", ... ({len(names)} in all)" if len(names) > 6 else "")
