"""Words <-> tokens, whole numbers."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._arguments import shown, whole_number
from .._files import as_path, read_bytes, write_bytes_atomically
from ..errors import DataError, FileError, ShapeError
from ._padding import pad
from ._sequences import Tokens, integers_of, listed, words_of

FORMAT = "nncpp vocabulary 1"
SPECIAL = ("padding", "unknown", "start", "end")


class Vocabulary:
    """The words of some text, each with its token: a whole number 0 ... V - 1.

    Special entries come first, then the words that were counted, the most frequent first; of equal counts the one first
    in the order of code points. So the same text gives the same tokens, in whatever order it is read. Words left out by
    ``min_count`` or ``max_size``, and words never seen, are the unknown entry. A word of the text that is written as a
    special entry is that entry.

    Parameters
    ----------
    words
        sequences of words, nested as they are: sentences, documents of sentences, one long list
    min_count
        words that are rarer are left out
    max_size
        most entries, special ones included; None keeps all
    padding, unknown, start, end
        how the special entries are written: of rows behind their end, of words that are not there, and of what stands
        before and behind a sentence. None leaves one out

    Attributes
    ----------
    words
        tuple of V strings, by token
    counts
        (V,) int64: how often each was seen; for the unknown entry how often a word that was left out
    padding, unknown, start, end
        the special entries, as given

    Raises
    ------
    DataError, TypeError
        for no words, or what are none; for special entries that are equal; for a limit that leaves nothing

    Examples
    --------
    >>> import nncpp as nn
    >>> vocabulary = nn.text.Vocabulary([["the", "cat"], ["the", "dog"]], start=None, end=None)
    >>> vocabulary.words
    ('<pad>', '<unk>', 'the', 'cat', 'dog')
    >>> vocabulary.encode(["the", "cow"]), vocabulary["dog"]
    (array([2, 1]), 4)
    >>> vocabulary.decode([2, 1])
    ['the', '<unk>']
    """

    def __init__(
        self,
        words: Any,
        *,
        min_count: int = 1,
        max_size: int | None = None,
        padding: str | None = "<pad>",
        unknown: str | None = "<unk>",
        start: str | None = "<s>",
        end: str | None = "</s>",
    ) -> None:
        least = whole_number("min_count", min_count, at_least=1)
        special = _special(padding, unknown, start, end)
        most = None if max_size is None else whole_number("max_size", max_size, at_least=len(special) + 1)
        seen: Counter[str] = Counter()
        _count(words, seen, "words")
        if not seen:
            raise DataError("words: expected at least one word, got none")
        ordered = sorted((word for word in seen if word not in special), key=lambda word: (-seen[word], word))
        kept = [word for word in ordered if seen[word] >= least][: None if most is None else most - len(special)]
        if not kept and not special:
            raise DataError(f"min_count: expected a word that is as frequent, got {least}; the largest count is "
                            f"{max(seen.values())}")  # fmt: skip
        left_out = sum(seen[word] for word in ordered[len(kept) :])
        counts = [seen[word] + (left_out if word == unknown else 0) for word in (*special, *kept)]
        self._set((*special, *kept), counts, padding, unknown, start, end)

    def _set(self, words: tuple[str, ...], counts: Iterable[int], *special: str | None) -> None:
        self.words = words
        self.counts: NDArray[np.int64] = np.fromiter(counts, np.int64, len(words))
        self.counts.flags.writeable = False
        self.padding, self.unknown, self.start, self.end = special
        self._tokens = {word: token for token, word in enumerate(words)}

    @classmethod
    def of_words(
        cls,
        words: Sequence[str],
        *,
        padding: str | None = None,
        unknown: str | None = None,
        start: str | None = None,
        end: str | None = None,
    ) -> Self:
        """The vocabulary of a list of words that differ, in its order: tags, or the words of ``read_vectors``.

        Parameters
        ----------
        words
            the words; special entries go before them, also those that stand among them
        padding, unknown, start, end
            as above, but by default there are none

        Returns
        -------
        Vocabulary
            with counts of 0
        """
        given, special = words_of("words", words), _special(padding, unknown, start, end)
        if len(set(given)) < len(given):
            raise DataError(f"words: expected words that differ, got {Counter(given).most_common(1)[0][0]!r} twice")
        every = (*special, *(word for word in given if word not in special))
        if not every:
            raise DataError("words: expected at least one word, got none")
        vocabulary = cls.__new__(cls)
        vocabulary._set(every, [0] * len(every), padding, unknown, start, end)
        return vocabulary

    @property
    def borders(self) -> tuple[int, int]:
        """Tokens of what stands before and behind a sentence, as ``windows`` takes them."""
        if self.start is None or self.end is None:
            raise DataError("borders: expected a vocabulary with start and end, this one was made without")
        return self._tokens[self.start], self._tokens[self.end]

    @property
    def num_special(self) -> int:
        """How many entries are special: tokens 0 ... num_special - 1."""
        return sum(word is not None for word in (self.padding, self.unknown, self.start, self.end))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._tokens

    def __getitem__(self, word: str) -> int:
        token = self._tokens.get(word)
        if token is None:
            if not isinstance(word, str):
                raise TypeError(f"word: expected a string, got {shown(word)}")
            if self.unknown is None:
                raise DataError(f"word: {word!r} is not in the vocabulary, which has no unknown entry")
            token = self._tokens[self.unknown]
        return token

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._description() == other._description()

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self)} words, {self.num_special} of them special>"

    def encode(self, words: Any) -> Any:
        """Tokens of words.

        Parameters
        ----------
        words
            a sequence of words, or sequences of such to any depth

        Returns
        -------
        array or list
            (n,) int64 for a sequence of words; a list of such for several sentences, and so on
        """
        entries = listed("words", words)
        if all(isinstance(entry, str) for entry in entries):
            return np.fromiter(map(self.__getitem__, entries), np.int64, len(entries))
        for i, entry in enumerate(entries):
            if isinstance(entry, str) or not isinstance(entry, Iterable):
                raise TypeError(f"words[{i}]: expected a sequence of words, as the others are, got {shown(entry)}")
        return [self.encode(entry) for entry in entries]

    def decode(self, tokens: Any, lengths: Any = None) -> list[Any]:
        """Words of tokens.

        Parameters
        ----------
        tokens
            a sequence of tokens, or sequences of such to any depth, as arrays or lists
        lengths
            (N,) for padded rows: how many tokens of each count, see ``pad``; None takes all

        Returns
        -------
        list
            of words, nested as the tokens are
        """
        if lengths is not None:
            ends = integers_of("lengths", lengths)
            if ends.shape != (len(tokens),):
                raise ShapeError(f"lengths: expected one for each of the {len(tokens)} rows, got {ends.shape}")
            return [self.decode(row[:end]) for row, end in zip(tokens, ends.tolist(), strict=True)]
        entries = listed("tokens", tokens.tolist() if isinstance(tokens, np.ndarray) else tokens)
        if not entries:
            return []
        if any(isinstance(entry, Iterable) for entry in entries):
            return [self.decode(entry) for entry in entries]
        numbers = integers_of("tokens", entries)
        if numbers.max() >= len(self):
            i = int(numbers.argmax())
            raise DataError(f"tokens: expected 0 ... {len(self) - 1}, got {numbers[i]} at place {i}")
        return [self.words[token] for token in numbers.tolist()]

    def pad(self, sentences: Any, length: int | None = None) -> tuple[Tokens, NDArray[np.int64]]:
        """Sentences of words as one array, by ``nn.text.pad``, with this vocabulary's padding.

        Parameters
        ----------
        sentences
            n sequences of words, none of them empty
        length
            T; None takes the length of the longest

        Returns
        -------
        tokens
            (n, T) int64
        lengths
            (n,) int64, for ``lengths=`` of ``fit``, ``predict`` and others
        """
        if self.padding is None:
            raise DataError("pad: expected a vocabulary with padding, this one was made without")
        return pad([self.encode(sentence) for sentence in listed("sentences", sentences)],
                   self._tokens[self.padding], length)  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a JSON file.

        Parameters
        ----------
        path
            a file name

        Raises
        ------
        FileError
            if it cannot be written
        """
        text = json.dumps(self._description(), ensure_ascii=False, indent=0)
        write_bytes_atomically(path, text.encode("utf-8", "surrogatepass"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads what ``save`` has written.

        Parameters
        ----------
        path
            a file name

        Returns
        -------
        Vocabulary

        Raises
        ------
        FileError
            if the file is missing, damaged, or something else
        """
        path = as_path(path)
        data = read_bytes(path)
        try:
            content = json.loads(data.decode("utf-8", "surrogatepass"))
            if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
                raise DataError(f"expected {FORMAT!r} as its format")
            counts = integers_of("counts", content.pop("counts"))
            vocabulary = cls.of_words(content.pop("words"), **content)
            if counts.shape != (len(vocabulary),):
                raise DataError(f"expected a count for each of {len(vocabulary)} words, got {len(counts)}")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            # the parser's own words, of DataError and ShapeError too; its position is line and column
            raise FileError(f"{path}: expected a vocabulary that save has written: {error}") from error
        vocabulary._set(vocabulary.words, counts, *(content[name] for name in SPECIAL))
        return vocabulary

    def _description(self) -> dict[str, Any]:
        special = {name: getattr(self, name) for name in SPECIAL}
        return {"format": FORMAT, **special, "words": list(self.words), "counts": self.counts.tolist()}


def _special(*words: str | None) -> tuple[str, ...]:
    """Those that there are."""
    for name, word in zip(SPECIAL, words, strict=True):
        if word is not None and not isinstance(word, str):
            raise TypeError(f"{name}: expected a string or None, got {shown(word)}")
    special = tuple(word for word in words if word is not None)
    if len(set(special)) < len(special):
        raise DataError(f"padding, unknown, start, end: expected different words, got {', '.join(special)}")
    return special


def _count(words: Any, seen: Counter[str], argument: str) -> None:
    entries = listed(argument, words)
    strings = [entry for entry in entries if isinstance(entry, str)]
    if len(strings) == len(entries):
        seen.update(strings)
        return
    for i, entry in enumerate(entries):
        if isinstance(entry, str):
            raise TypeError(f"{argument}[{i}]: expected a sequence of words, as others are, got {entry!r}")
        _count(entry, seen, f"{argument}[{i}]")
