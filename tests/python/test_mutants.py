"""The table of mutants fits the sources of today, covers every layer and loss, and says why each survivor lives."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "mutation.md"

pytestmark = pytest.mark.skipif(not (ROOT / "cpp" / "src").is_dir(), reason="the sources are not beside the tests")

sys.path.insert(0, str(ROOT / "tests" / "mutation"))

import mutants  # noqa: E402

MUTANTS = mutants.read() if DOCS.exists() else []
SOURCES = sorted({mutant.source for mutant in MUTANTS})
LOSSES = ["squared", "absolute", "huber", "hinge", "multiclass_hinge", "max_margin", "nll", "nllm", "kl"]


def documented() -> dict[str, tuple[int, int]]:
    """Mutants and killed ones by area, as docs/mutation.md tells them."""
    text = DOCS.read_text(encoding="utf-8").split("| defect |")[0]
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| [\d.]+ % \|$", text, re.MULTILINE)
    return {area: (int(total), int(killed)) for area, total, killed in rows}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_mutant_has_one_place_in_the_sources(source: Path) -> None:
    text = (ROOT / source).read_text(encoding="utf-8")
    there = [mutant for mutant in MUTANTS if mutant.source == source]
    found = mutants.sites(there, text)
    assert sum(len(site.mutants) for site in found) == len(there)
    with_switch = mutants.switched(text, found)
    for mutant in there:
        assert with_switch.count(f"mutant == {mutant.number}") == 1


def test_mutants_are_many_and_none_comes_twice() -> None:
    assert len(MUTANTS) >= 150
    assert max(Counter(mutant.id for mutant in MUTANTS).values()) == 1
    assert max(Counter(mutant[4:] for mutant in MUTANTS).values()) == 1
    assert {mutant.defect for mutant in MUTANTS} == mutants.DEFECTS


def test_every_backward_and_every_loss_has_mutants() -> None:
    backwards = [
        path.relative_to(ROOT)
        for path in (ROOT / "cpp" / "src").rglob("*.[ch]pp")
        if re.search(r"::backward\(const Backward<T>& pass\)", path.read_text(encoding="utf-8"))
    ]
    assert len(backwards) >= 10
    assert set(backwards) <= set(SOURCES)
    assert {path.relative_to(ROOT) for path in (ROOT / "cpp" / "src" / "losses").glob("*.hpp")} - set(SOURCES) == {
        Path("cpp/src/losses/labels.hpp")  # it checks targets
    }
    names = {mutant.id for mutant in MUTANTS}
    for loss in LOSSES:
        assert any(re.search(rf": {loss}\b", name) for name in names), loss


def test_the_document_tells_the_numbers_of_the_table() -> None:
    totals, living = Counter[str](), Counter[str]()
    for mutant in MUTANTS:
        for area in (mutant.area, "all"):
            totals[area] += 1
            living[area] += mutant.id in mutants.survivors()
    assert documented() == {area: (total, total - living[area]) for area, total in totals.items()}


def test_every_survivor_exists_and_has_a_reason_in_the_document() -> None:
    text = " ".join(DOCS.read_text(encoding="utf-8").split())
    reasons = mutants.survivors()
    assert set(reasons) <= {mutant.id for mutant in MUTANTS}
    for name, reason in reasons.items():
        assert f"`{name}`: {reason}" in text


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("f(«a»);", "f(a); g(a);", "a"),
        ("x = «y + z»;", "x =\n    y + z;", "y + z"),
        ("«f(a);» g", "f(a);\n g", "f(a);"),
    ],
)
def test_a_mark_is_found_however_the_code_is_broken_into_lines(code: str, text: str, expected: str) -> None:
    begin, end = mutants.locate(code, text)
    assert text[begin:end] == expected


@pytest.mark.parametrize("code", ["f(«b»);", "«a»", "f(a);", "f(«»);"])
def test_a_mark_that_is_not_there_once_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        mutants.locate(code, "f(a); g(a);")
