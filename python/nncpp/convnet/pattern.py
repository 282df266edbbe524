"""Layer patterns: INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC.

The grammar, in which { } is any number of times and ( ) perhaps:

    sequence = part { arrow part }
    part     = atom ( "*" times ) ( "?" )
    atom     = WORD | "[" sequence "]"
    times    = NUMBER | LETTER
    arrow    = "->" | "→" | "-"

`Tokens` cuts the text up, `parse` makes a tree of it, with one function for each rule, and `unroll` a row of places.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .. import _core
from ..errors import DataError

ACTIVATIONS = {name.upper(): name for name in _core.activation_names}
SYNONYMS = {"BN": "BATCHNORM"}
WORDS = ["INPUT", "CONV", "POOL", "FC", "DROPOUT", "BATCHNORM", *SYNONYMS, *ACTIVATIONS]
SIGNS = ["->", "→", "-", "[", "]", "*", "?"]  # each before those that it begins with
ARROWS = ["->", "→", "-"]
DEEPEST = 32  # brackets in brackets
MOST_LAYERS = 10_000
SHOWN = 24  # characters of the pattern in a message


@dataclass(frozen=True)
class Token:
    """A sign, a word or a number; ``kind`` is the sign itself, "word", "number", or "end"."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class Part:
    """A layer, or what is in brackets; so many times, and perhaps not at all."""

    word: Token | None  # None for brackets
    parts: tuple[Part, ...]
    times: Token | None
    is_optional: bool


@dataclass(frozen=True)
class Place:
    """Where a layer stands, when all is repeated.

    Attributes
    ----------
    start
        where it is in the text
    block
        number of the outermost repetition that it is in; a layer outside of all has a number of its own
    choices
        numbers of the optional parts that it is in
    """

    word: str
    start: int
    block: int
    choices: tuple[int, ...]


def location(text: str, start: int) -> str:
    """Where in the pattern, for messages."""
    before = " ".join(text[:start].split())
    if not before:
        return "at the start"
    if len(before) > SHOWN:
        end = before[-SHOWN:]
        before = f"... {end[end.find(' ') + 1 :]}"
    return f"at character {start + 1}, behind '{before}'"


def misplaced(text: str, start: int, expected: str, got: str) -> DataError:
    """What to raise for something in the pattern that cannot stand there."""
    return DataError(f"pattern: expected {expected}, got {got} {location(text, start)}")


# --- text -> tokens -------------------------------------------------------------------------------------------------


class Tokens:
    """The tokens of a text, taken one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rest = list(_tokens(text))

    @property
    def next(self) -> Token:
        """The one that comes; at last one of kind "end", again and again."""
        return self._rest[0]

    def accept(self, *kinds: str) -> Token | None:
        """The next one, if it is of these."""
        return self._rest.pop(0) if self.next.kind in kinds else None

    def unexpected(self, expected: str) -> DataError:
        """What to raise where the next one cannot stand."""
        got = "the end" if self.next.kind == "end" else repr(self.next.text)
        return misplaced(self.text, self.next.start, expected, got)


def _tokens(text: str) -> Iterator[Token]:
    start = 0
    while start < len(text):
        sign = next((sign for sign in SIGNS if text.startswith(sign, start)), "")
        end = start + len(sign) if sign else _end_of_word(text, start)
        if sign:
            yield Token("->" if sign in ARROWS else sign, sign, start)
        elif end > start:
            word = text[start:end]
            yield Token("number" if word.isdigit() else "word", word, start)
        elif not text[start].isspace():
            raise misplaced(text, start, "layers, '->', '[', ']', '*' or '?'", repr(text[start]))
        start = max(end, start + 1)
    yield Token("end", "", len(text))


def _end_of_word(text: str, start: int) -> int:
    end = start
    while end < len(text) and text[end].isascii() and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return end


# --- tokens -> tree -------------------------------------------------------------------------------------------------


def parse(text: str) -> tuple[Part, ...]:
    """The sequence that a pattern is. Raises DataError, which says what stands where something else must."""
    tokens = Tokens(text)
    parts = _sequence(tokens, 0)
    if tokens.next.kind != "end":
        raise tokens.unexpected("'->' or the end" + (", since no '[' is open" if tokens.next.kind == "]" else ""))
    return parts


def _sequence(tokens: Tokens, depth: int) -> tuple[Part, ...]:
    parts = [_part(tokens, depth)]
    while tokens.accept("->"):
        parts.append(_part(tokens, depth))
    return tuple(parts)


def _part(tokens: Tokens, depth: int) -> Part:
    word, parts = None, tuple[Part, ...]()
    if bracket := tokens.accept("["):
        if depth == DEEPEST:
            raise misplaced(tokens.text, bracket.start, f"at most {DEEPEST} brackets in each other", "more")
        parts = _sequence(tokens, depth + 1)
        if not tokens.accept("]"):
            raise tokens.unexpected(f"'->', or ']' for the '[' of character {bracket.start + 1}")
    else:
        word = _word(tokens)
    times = _times(tokens) if tokens.accept("*") else None
    return Part(word, parts, times, is_optional=tokens.accept("?") is not None)


def _word(tokens: Tokens) -> Token:
    token = tokens.accept("word")
    if token is None:
        raise tokens.unexpected("a layer or '['")
    if token.text not in WORDS:
        near = difflib.get_close_matches(token.text.upper(), WORDS, n=1)
        advice = f"did you mean {near[0]}?" if near else f"layers are {', '.join(WORDS)}"
        raise DataError(f"pattern: unknown layer {token.text!r} {location(tokens.text, token.start)}; {advice}")
    return Token("word", SYNONYMS.get(token.text, token.text), token.start)


def _times(tokens: Tokens) -> Token:
    is_letter = tokens.next.kind == "word" and len(tokens.next.text) == 1
    token = tokens.accept("number", *(["word"] if is_letter else []))
    if token is None:
        raise tokens.unexpected("a number or a letter behind '*'")
    return token


# --- tree -> places -------------------------------------------------------------------------------------------------


def letters(parts: Sequence[Part]) -> list[str]:
    """Those that stand for numbers, each once."""
    found: list[str] = []
    for part in parts:
        found += letters(part.parts)
        if part.times is not None and part.times.kind == "word":
            found.append(part.times.text)
    return list(dict.fromkeys(found))


def unroll(parts: Sequence[Part], numbers: Mapping[str, int]) -> tuple[list[Place], int]:
    """The places of all layers, optional ones too, and how many choices there are; ``numbers`` are the letters'.

    Raises DataError for more layers than a model may have.
    """
    unrolled = _Unrolled(numbers)
    if sum(map(unrolled.size, parts)) > MOST_LAYERS:
        raise DataError(f"pattern: expected at most {MOST_LAYERS:,} layers, got more; take smaller numbers behind '*'")
    for part in parts:
        unrolled.add(part, None, ())
    return unrolled.places, unrolled.choices


class _Unrolled:
    """Places so far, and what to number the next block and the next choice."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = numbers
        self.places: list[Place] = []
        self.blocks = self.choices = 0

    def times(self, part: Part) -> int:
        if part.times is None:
            return 1
        text = part.times.text
        if part.times.kind == "word":
            return self.numbers[text]
        return int(text) if len(text) < 10 else 10**10  # any number that is too large

    def size(self, part: Part) -> int:
        return self.times(part) * (1 if part.word else sum(map(self.size, part.parts)))

    def add(self, part: Part, block: int | None, choices: tuple[int, ...]) -> None:
        if self.size(part) == 0:
            return
        if part.is_optional:
            choices = (*choices, self.choices)
            self.choices += 1
        for _ in range(self.times(part)):
            inner = block
            if block is None and (part.word or part.times):
                inner = self.blocks
                self.blocks += 1
            if part.word:
                assert inner is not None
                self.places.append(Place(part.word.text, part.word.start, inner, choices))
            for each in part.parts:
                self.add(each, inner, choices)
