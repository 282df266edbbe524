"""Text -> tokens, by a few rules that fit on a page."""

import functools
import re
import unicodedata
from dataclasses import dataclass

from .._arguments import flag, shown

# quotes and full stops as people write them, by their numbers: they look like others
_QUOTE = "\u2019"
_CLOSING = r"[\"'\u201d\u2019\u00bb)\]]*"
_OPENING = r"[\"'\u201c\u2018\u00ab(\[]*"
# . ! ? and what closes with them, before white space, what opens, and the first character of what may be a sentence
_END = re.compile(rf"[.!?\u2026]+{_CLOSING}(?=\s+{_OPENING}([^\W_]))|[\u3002\uff01\uff1f]+[\u201d\u300d\u300f]*")
_ABBREVIATION = re.compile(r"(?:\b[^\W\d_]|\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|No|Inc|Co|Corp|Ltd|Gen|Col|Sen|Rep))\.$")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")


@dataclass(frozen=True)
class Tokenizer:
    """Cuts a text into tokens; calling it gives their list.

    The text is brought to Unicode's form NFC first, so an accented letter is one character however it was typed. Then,
    from left to right, a token is the first of these that fits:

    1. a number: digits with ``.`` or ``,`` between: ``1,000.50``
    2. a word: letters, digits, ``_`` and combining marks, also with single apostrophes or hyphens between: ``don't``,
       ``F-16``
    3. any other character that is not white space: ``(``, ``$``, each dot of ``...``

    White space is between tokens, and in none of them.

    Parameters
    ----------
    lower
        True makes letters small first
    characters
        True makes every character a token, white space too, for models that read and write letters

    Raises
    ------
    TypeError
        for what is no string, or no flag

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.Tokenizer()("Museums in Paris don't charge $1,000.50!")
    ['Museums', 'in', 'Paris', "don't", 'charge', '$', '1,000.50', '!']
    >>> nn.text.Tokenizer(lower=True, characters=True)("Ah, so")
    ['a', 'h', ',', ' ', 's', 'o']
    """

    lower: bool = False
    characters: bool = False

    def __post_init__(self) -> None:
        flag("lower", self.lower)
        flag("characters", self.characters)

    def __call__(self, text: str) -> list[str]:
        """The tokens of a text."""
        text = unicodedata.normalize("NFC", _string(text))
        if self.lower:
            text = text.lower()
        return list(text) if self.characters else _token().findall(text)


def tokenize(text: str, *, lower: bool = False, characters: bool = False) -> list[str]:
    """The tokens of a text, by the rules of ``Tokenizer``.

    Parameters
    ----------
    text : str
        Of any length.
    lower : bool
        True makes letters small first.
    characters : bool
        True makes every character a token.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        `text` is no string; `lower` or `characters` no flag.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.tokenize("They're 3.5 km away (or more)...", lower=True)
    ["they're", '3.5', 'km', 'away', '(', 'or', 'more', ')', '.', '.', '.']
    """
    return Tokenizer(lower, characters)(text)


def sentences(text: str) -> list[str]:
    """The sentences of a text, as they stand there, without the white space around them.

    One ends at an empty line; and behind ``.``, ``!``, ``?`` or an ellipsis, with closing quotes and brackets, where
    white space and then anything but a small letter follow, opening quotes and brackets aside. But not behind a single
    letter (``J. Smith``) or one of a few English abbreviations (``Dr.``, ``Mr.``, ``vs.``, ``Inc.``). Rules like these
    are wrong now and then, say behind ``U.S.``; a classifier does better.

    Parameters
    ----------
    text : str
        Of any length.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        `text` is no string.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.sentences("Dr. Wu came at 5 p.m. sharp. Did she? It cost 3.50 in all.")
    ['Dr. Wu came at 5 p.m. sharp.', 'Did she?', 'It cost 3.50 in all.']
    """
    found = []
    for paragraph in _PARAGRAPH.split(_string(text).replace("\r\n", "\n")):
        start = 0
        for end in _END.finditer(paragraph):
            goes_on = (end[1] or "").islower() or _ABBREVIATION.search(paragraph, start, end.end())
            if not goes_on:
                found.append(paragraph[start : end.end()])
                start = end.end()
        found.append(paragraph[start:])
    return [sentence.strip() for sentence in found if sentence.strip()]


def _string(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text: expected a string, got {shown(text)}")
    return text


@functools.cache
def _token() -> re.Pattern[str]:
    # Python's \w leaves out combining marks, without which words of Hindi or Thai would fall apart.
    marks = "".join(c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.category(c).startswith("M"))
    word = rf"[\w{re.escape(marks)}]"
    return re.compile(rf"\d+(?:[.,]\d+)+|{word}+(?:['{_QUOTE}-]{word}+)*|\S")
