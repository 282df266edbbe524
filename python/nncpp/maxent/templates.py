"""Templates: what holds of a datum, whatever its class. Each thing that holds is a feature by name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import groupby
from operator import and_
from typing import Any, NamedTuple

from .._arguments import number, shown, whole_number
from ..errors import DataError

Value = str | float | bool | None


class Template:
    """phi(d), a function of the datum alone; a model gives each of its features one weight per class.

    What the function returns says which features fire: a word w the feature "name=w" with value 1; a number, or True,
    the feature "name" with that value; a mapping a feature for each entry, under the entry's own key; None, False and 0
    none. ``a & b`` is a conjunction: each feature of a with each of b, their values multiplied. In place of those below
    a model takes their names, "prev word", "suffix 3 & next is capitalized".

    ====================== ===========================================================================================
    of a word              the datum is (tokens, position), or (tokens, position, tags) where tags are known
    ---------------------- -------------------------------------------------------------------------------------------
    word                   the word; "<start>" and "<end>" beyond the ends, where no other template fires
    lowercase word         in small letters
    prefix n, suffix n     its first or last n letters, of words at least that long
    shape                  X for capital letters, x for small ones, d for digits, runs as one: "U.S." is "X.X."
    is capitalized         the first letter is a capital
    is all capitals        every letter is, and there is one
    has digit              there is a digit
    has accented letter    there is a Latin letter with a mark, such as the one in "Québec"
    tag                    its tag; none where the tags do not reach that far
    prev ..., next ...     any of these, of the word before or after: "prev tag", "next next word"
    ---------------------- -------------------------------------------------------------------------------------------
    of a text              the datum is a string (split at white space) or tokens; of (tokens, position), the tokens
    ---------------------- -------------------------------------------------------------------------------------------
    bag of words           how often each token is there
    n-grams n              how often each n tokens in a row are there
    ---------------------- -------------------------------------------------------------------------------------------
    of anything
    ---------------------- -------------------------------------------------------------------------------------------
    entries                the datum is a mapping: from names to numbers, or to words
    always                 1: its weights are biases
    ====================== ===========================================================================================

    Ratnaparkhi, "A maximum entropy model for part-of-speech tagging", EMNLP 1996.

    Parameters
    ----------
    name
        how it is called; "&" joins names, so it is not in one
    function
        function(datum) -> word, number, bool, None or mapping

    Raises
    ------
    DataError
        for a name that cannot be used; when called, for a value that is not finite, or a position outside the tokens
    TypeError
        for anything but a name and a function; when called, for a datum of another form

    Examples
    --------
    >>> import nncpp as nn
    >>> length = nn.maxent.Template("length", lambda d: len(d[0][d[1]]))
    >>> length((["in", "Québec"], 1))
    {'length': 6.0}
    >>> (length & nn.maxent.template("prev word"))((["in", "Québec"], 1))
    {'length & prev word=in': 6.0}
    """

    def __init__(self, name: str, function: Callable[[Any], Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"name: expected a string, got {shown(name)}")
        if not name.strip() or "&" in name:
            raise DataError(f"name: expected a name without '&', got {name!r}")
        if not callable(function):
            raise TypeError(f"function: expected a function of a datum, got {shown(function)}")
        self.name, self.function = name, function

    def __call__(self, datum: Any) -> dict[str, float]:
        """The features that fire, and their values."""
        value = self.function(datum)
        entries: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else [(self.name, value)]
        found: dict[str, float] = {}
        for name, entry in entries:
            if isinstance(entry, str):
                found[f"{name}={entry}"] = 1.0
            elif entry is not None and (fires := value_of(name, entry)):
                found[str(name)] = fires
        return found

    def __and__(self, other: object) -> Template:
        return _Conjunction(self, other) if isinstance(other, Template) else NotImplemented

    def __repr__(self) -> str:
        return f"Template({self.name!r})"


class _Conjunction(Template):
    """Both at once."""

    def __init__(self, first: Template, second: Template) -> None:
        self.name, self.parts = f"{first.name} & {second.name}", (first, second)

    def __call__(self, datum: Any) -> dict[str, float]:
        first, second = (part(datum) for part in self.parts)
        return {f"{a} & {b}": u * v for a, u in first.items() for b, v in second.items()}


def template(text: str) -> Template:
    """A template from its name; see ``Template`` for the names.

    Parameters
    ----------
    text
        one of the names, or several joined by "&"

    Returns
    -------
    Template

    Raises
    ------
    DataError
        for a name that is not in the table, or without the number that it needs
    TypeError
        for anything but a string

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.maxent.template("suffix 2 & next is capitalized")((["of", "Paris"], 0))
    {'suffix 2=of & next is capitalized': 1.0}
    """
    if not isinstance(text, str):
        raise TypeError(f"template: expected a name, got {shown(text)}")
    return reduce(and_, (_single(" ".join(part.split())) for part in text.split("&")))


def value_of(name: str, value: Any) -> float:
    """The number that a feature has; True counts as 1."""
    return float(value) if isinstance(value, bool) else number(name, value)


class _Place(NamedTuple):
    """A word in its sentence."""

    tokens: Sequence[str]
    position: int
    tags: Sequence[str] = ()

    def moved(self, by: int) -> _Place:
        return self._replace(position=self.position + by)

    def word(self) -> str | None:
        return _string(self.tokens[self.position]) if 0 <= self.position < len(self.tokens) else None

    def tag(self) -> str | None:
        return _string(self.tags[self.position]) if 0 <= self.position < len(self.tags) else None

    def word_or_end(self) -> str:
        word = self.word()
        return word if word is not None else "<start>" if self.position < 0 else "<end>"


def _shape(word: str) -> str:
    kinds = ("X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word)
    return "".join(kind for kind, _ in groupby(kinds))


def _has_accented_letter(word: str) -> bool:
    names = (unicodedata.name(c, "") for c in unicodedata.normalize("NFC", word))
    return any(name.startswith("LATIN ") and " WITH " in name for name in names)


_OF_A_WORD: dict[str, Callable[[str], Value]] = {
    "lowercase word": str.lower,
    "shape": _shape,
    "is capitalized": lambda word: word[:1].isupper(),
    "is all capitals": str.isupper,
    "has digit": lambda word: any(map(str.isdigit, word)),
    "has accented letter": _has_accented_letter,
}
_NUMBERED: dict[str, Callable[[int], Callable[[str], Value]]] = {
    "prefix": lambda n: lambda word: word[:n] if len(word) >= n else None,
    "suffix": lambda n: lambda word: word[-n:] if len(word) >= n else None,
}
_NAMES = ["word", "tag", *_OF_A_WORD, *(f"{name} n" for name in _NUMBERED), "prev ...", "next ...", "bag of words",
          "n-grams n", "entries", "always"]  # fmt: skip


def _single(name: str) -> Template:
    """A template without a conjunction."""
    if name == "always":
        return Template(name, lambda _: True)
    if name == "entries":
        return Template(name, _entries)
    if name == "bag of words":
        return Template(name, lambda datum: _counts(name, _tokens(datum)))
    if found := re.fullmatch(r"n-grams ([1-9]\d?)", name):
        n = int(found[1])
        return Template(name, lambda datum: _counts(name, _runs(_tokens(datum), n)))
    of_a_place = _of_a_place(name)
    if of_a_place is None:
        raise DataError(f"template: unknown {name!r}; expected one of {', '.join(_NAMES)}")
    return Template(name, lambda datum: of_a_place(_place(datum)))


def _of_a_place(name: str) -> Callable[[_Place], Value] | None:
    """What it says of a word in its sentence; None if there is no template of that name."""
    first, _, rest = name.partition(" ")
    if first in ("prev", "next"):
        by, beside = -1 if first == "prev" else 1, _of_a_place(rest)
        return None if beside is None else lambda place: beside(place.moved(by))
    if name == "word":
        return _Place.word_or_end
    if name == "tag":
        return _Place.tag
    of_a_word = _OF_A_WORD.get(name)
    if first in _NUMBERED and re.fullmatch(r"[1-9]\d?", rest):
        of_a_word = _NUMBERED[first](int(rest))
    if of_a_word is None:
        return None
    return lambda place: None if (word := place.word()) is None else of_a_word(word)


def _place(datum: Any) -> _Place:
    if not (isinstance(datum, tuple) and len(datum) in (2, 3)):
        raise TypeError(f"expected (tokens, position) or (tokens, position, tags), got {shown(datum)}")
    tokens, *tags = (_sequence(part) for part in (datum[0], *datum[2:]))
    return _Place(tokens, whole_number("position", datum[1], at_most=len(tokens) - 1), *tags)


def _tokens(datum: Any) -> Sequence[str]:
    is_place = isinstance(datum, tuple) and len(datum) in (2, 3) and not isinstance(datum[1], str)
    tokens = _sequence(datum[0] if is_place else datum)
    return [_string(token) for token in tokens]


def _string(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError(f"expected tokens and tags to be strings, got {shown(token)}")
    return token


def _sequence(tokens: Any) -> Sequence[str]:
    if not isinstance(tokens, Sequence):
        raise TypeError(f"expected a string or a list of tokens, got {shown(tokens)}")
    return tokens.split() if isinstance(tokens, str) else tokens


def _entries(datum: Any) -> Mapping[str, Any]:
    if not isinstance(datum, Mapping):
        raise TypeError(f"expected a mapping from names to values, got {shown(datum)}")
    return datum


def _runs(tokens: Sequence[str], n: int) -> list[str]:
    return [" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def _counts(name: str, tokens: Sequence[str]) -> dict[str, int]:
    return {f"{name}={token}": count for token, count in Counter(tokens).items()}
