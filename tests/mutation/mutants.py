"""Mutants: mistakes planted in backward passes, and the sources that carry them all behind one switch.

A file of `areas/` names a source, the tests that have to notice, and sites: code as it stands there, with the part that
the mistakes replace between « and ». Spaces and line breaks are free, so that a formatter may move them.
"""

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
AREAS = Path(__file__).parent / "areas"
SURVIVORS = Path(__file__).parent / "survivors.toml"
HEADER = Path("cpp/include/nncpp/mutant.hpp")  # in the mutated copy only

DEFECTS = frozenset(
    {
        "sign",
        "dropped term",
        "dropped factor",
        "dropped rows",
        "dropped gradient",
        "wrong factor",
        "wrong operand",
        "wrong index",
        "wrong side",
        "wrong mode",
        "wrong random numbers",
        "swapped",
        "not transposed",
        "missing mask",
        "missing 1/N",
        "extra 1/N",
        "missing sum",
        "assign for add",
        "add for assign",
        "stale memory",
    }
)

# What mistakes are written with, beside the names at their place.
SWITCH = """\
#pragma once
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <type_traits>
namespace nncpp::testing {
inline const int mutant = [] {
  const char* number = std::getenv("NNCPP_MUTANT");
  return number == nullptr ? 0 : std::atoi(number);
}();
template <typename Tensor>
void scale(const Tensor& tensor, double factor) {
  for (auto& x : tensor) x *= static_cast<std::remove_cvref_t<decltype(x)>>(factor);
}
}  // namespace nncpp::testing
"""


class Mutant(NamedTuple):
    """One mistake: `broken` stands for what `code` has between « and »."""

    number: int  # from 1, what the switch compares with
    id: str  # "area: what is wrong"
    area: str
    defect: str
    source: Path  # relative to the root
    tests: str  # doctest filter
    code: str
    broken: str


class Site(NamedTuple):
    """A part of a source, and the mutants that replace it."""

    begin: int
    end: int
    mutants: list[Mutant]


def read() -> list[Mutant]:
    """Every mutant, in the order of the files and of their lines."""
    mutants: list[Mutant] = []
    for path in sorted(AREAS.glob("*.toml")):
        for site in (area := tomllib.loads(path.read_text(encoding="utf-8")))["site"]:
            for name, defect, broken in site["broken"]:
                number, source = len(mutants) + 1, Path(site.get("source", area["source"]))
                mutant = Mutant(
                    number, f"{path.stem}: {name}", path.stem, defect, source, area["tests"], site["code"], broken
                )
                mutants.append(mutant)
    return mutants


def survivors() -> dict[str, str]:
    """Why each mutant that lives is let live, by its id."""
    return tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))


def locate(code: str, text: str) -> tuple[int, int]:
    """Where what `code` marks lies in `text`.

    Raises
    ------
    ValueError
        Where `code` does not stand exactly once in `text`, or marks nothing.
    """
    parts = re.fullmatch(r"(.*)«(.+)»(.*)", code, re.DOTALL)
    if parts is None:
        raise ValueError(f"expected one part between « and » in {code!r}")
    before, marked, after = (r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", part))) for part in parts.groups())
    found = list(re.finditer(rf"{before}\s*({marked})\s*{after}", text))
    if len(found) != 1:
        raise ValueError(f"expected once, found {len(found)} times: {code}")
    return found[0].span(1)


def sites(mutants: list[Mutant], text: str) -> list[Site]:
    """The sites of the mutants of one source, in the order of `text`, none inside another."""
    by_place: dict[tuple[int, int], list[Mutant]] = {}
    for mutant in mutants:
        by_place.setdefault(locate(mutant.code, text), []).append(mutant)
    found = [Site(begin, end, there) for (begin, end), there in sorted(by_place.items())]
    for site, following in pairwise(found):
        if following.begin < site.end:
            raise ValueError(f"two sites overlap: {site.mutants[0].code} and {following.mutants[0].code}")
    return found


def switched(text: str, found: list[Site]) -> str:
    """`text` with every mutant in it, chosen when the program starts."""
    pieces, end = [f'#include "nncpp/{HEADER.name}"\n'], 0
    for site in found:
        original = text[site.begin : site.end]
        pieces.append(text[end : site.begin])
        if original.endswith(";"):
            chosen = f"{{ {original} }}"
            for mutant in reversed(site.mutants):
                chosen = f"if (::nncpp::testing::mutant == {mutant.number}) {{ {mutant.broken} }} else {chosen}"
            pieces.append(f"{{ {chosen} }}")
        else:
            chosen = f"({original})"
            for mutant in reversed(site.mutants):
                chosen = f"(::nncpp::testing::mutant == {mutant.number} ? ({mutant.broken}) : {chosen})"
            pieces.append(chosen)
        end = site.end
    return "".join([*pieces, text[end:]])
