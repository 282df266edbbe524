"""Text to words to tokens: the tokenizer's rules, vocabularies, padding."""

import random
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nncpp as nn

PADDED_LENGTHS = [3, 4]  # of sequences of 3 and 5 words at length 4
PADDED_MASK = [[1, 1, 1, 0], [1, 1, 1, 1]]  # CS224n 2017, assignment 3, q2_rnn.py, test_pad_sequences

TOKENS = {
    "don't panic": ["don't", "panic"],
    "the dogs' dinner": ["the", "dogs", "'", "dinner"],
    "F-16, twenty-one -- and -5": ["F-16", ",", "twenty-one", "-", "-", "and", "-", "5"],
    "3.14 and 1,000.50, or 7.": ["3.14", "and", "1,000.50", ",", "or", "7", "."],
    "3rd of 3.5km": ["3rd", "of", "3.5", "km"],
    "(a)b...": ["(", "a", ")", "b", ".", ".", "."],
    "a_b x@y.org": ["a_b", "x", "@", "y", ".", "org"],
    "rock\u2019n\u2019roll": ["rock\u2019n\u2019roll"],
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902": ["\u0939\u093f\u0928\u094d\u0926\u0940",
                                                                        "\u092e\u0947\u0902"],
    "\u5317\u4eac\u3002": ["\u5317\u4eac", "\u3002"],
    "a\u00a0b\u2028c\td": ["a", "b", "c", "d"],
    " \n\t": [],
    "": [],
}  # fmt: skip


@pytest.mark.parametrize("text", TOKENS)
def test_tokens_are_numbers_words_and_marks(text: str) -> None:
    assert nn.text.tokenize(text) == TOKENS[text]


def test_how_an_accent_was_typed_does_not_matter() -> None:
    assert nn.text.tokenize("cafe\u0301s") == nn.text.tokenize("caf\u00e9s") == ["caf\u00e9s"]


@given(st.text())
def test_tokens_are_the_text_without_white_space(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert "".join(nn.text.tokenize(text)) == "".join(composed.split())
    assert "".join(nn.text.tokenize(text, characters=True)) == composed
    assert nn.text.tokenize(text, lower=True) == nn.text.tokenize(composed.lower())


def test_a_tokenizer_is_its_arguments() -> None:
    tokenizer = nn.text.Tokenizer(lower=True, characters=True)
    assert tokenizer("A b") == ["a", " ", "b"]
    assert tokenizer == nn.text.Tokenizer(True, True) != nn.text.Tokenizer()
    assert repr(tokenizer) == "Tokenizer(lower=True, characters=True)"


SENTENCES = {
    "One. Two! Three? Four": ["One.", "Two!", "Three?", "Four"],
    'He said "No." Then he left.': ['He said "No."', "Then he left."],
    "Pi is 3.14 here. (So it is.) Yes": ["Pi is 3.14 here.", "(So it is.)", "Yes"],
    "Dr. A. Wu vs. Mr. Li met e.g. here": ["Dr. A. Wu vs. Mr. Li met e.g. here"],
    "Wait... what? \u00c9tude. 7 more": ["Wait... what?", "\u00c9tude.", "7 more"],
    "A title\n\nIt goes\non.\r\n \r\nEnd": ["A title", "It goes\non.", "End"],
    "\u4f60\u597d\u3002\u518d\u89c1\uff01": ["\u4f60\u597d\u3002", "\u518d\u89c1\uff01"],
    " ": [],
}


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_end_where_the_rules_say(text: str) -> None:
    assert nn.text.sentences(text) == SENTENCES[text]


# --- vocabulary -----------------------------------------------------------------------------------------------------

TEXT = [["b", "a", "b"], ["c", "a", "b", "d"], ["Z"]]


def test_words_are_ordered_by_count_then_by_word() -> None:
    vocabulary = nn.text.Vocabulary(TEXT)
    assert vocabulary.words == ("<pad>", "<unk>", "<s>", "</s>", "b", "a", "Z", "c", "d")
    assert vocabulary.counts.tolist() == [0, 0, 0, 0, 3, 2, 1, 1, 1]
    assert (len(vocabulary), vocabulary.num_special, vocabulary.borders) == (9, 4, (2, 3))
    assert "a" in vocabulary
    assert "x" not in vocabulary
    words = [word for sentence in TEXT for word in sentence]
    for seed in range(5):
        random.Random(seed).shuffle(words)
        assert nn.text.Vocabulary(words) == vocabulary == nn.text.Vocabulary([[[w] for w in words]])
    assert nn.text.Vocabulary(words, unknown="?") != vocabulary


def test_rare_words_and_words_beyond_the_size_are_unknown() -> None:
    rare = nn.text.Vocabulary(TEXT, min_count=2)
    assert rare.words[4:] == ("b", "a")
    assert rare.counts[1] == 3
    small = nn.text.Vocabulary(TEXT, max_size=6, start=None, end=None)
    assert small.words == ("<pad>", "<unk>", "b", "a", "Z", "c")
    assert small.counts.tolist() == [0, 1, 3, 2, 1, 1]
    assert small["d"] == small["never"] == 1
    assert small.counts.sum() == sum(map(len, TEXT))


def test_a_word_written_as_a_special_entry_is_that_entry() -> None:
    vocabulary = nn.text.Vocabulary(["<unk>", "a", "<unk>", "</s>", "b"], min_count=2)
    assert vocabulary.words == ("<pad>", "<unk>", "<s>", "</s>")
    assert vocabulary.counts.tolist() == [0, 4, 0, 1]


def test_tags_need_no_special_entries() -> None:
    tags = nn.text.Vocabulary.of_words(["O", "B-PER", "I-PER"])
    assert tags.encode(["B-PER", "O"]).tolist() == [1, 0]
    with pytest.raises(nn.DataError, match="no unknown entry"):
        tags["B-LOC"]
    with pytest.raises(nn.DataError, match="start and end"):
        _ = tags.borders
    given = nn.text.Vocabulary.of_words(["</s>", "the", "<unk>"], unknown="<unk>")
    assert given.words == ("<unk>", "</s>", "the")


def test_encode_and_decode_keep_the_nesting() -> None:
    vocabulary = nn.text.Vocabulary(TEXT)
    flat = vocabulary.encode(["b", "Z"])
    assert (flat.dtype, flat.tolist()) == (np.int64, [4, 6])
    assert vocabulary.encode([]).shape == (0,)
    assert vocabulary.encode(np.array(["a", "b"])).tolist() == [5, 4]
    deep = [TEXT, [["a"], []]]
    assert vocabulary.decode(vocabulary.encode(deep)) == deep
    assert vocabulary.decode(np.array([[4, 5], [5, 4]])) == [["b", "a"], ["a", "b"]]
    assert vocabulary.decode(np.int32([4])) == ["b"]
    assert vocabulary.decode([]) == []


def test_padded_rows_come_back_by_their_lengths() -> None:
    vocabulary = nn.text.Vocabulary(TEXT)
    tokens, lengths = vocabulary.pad(TEXT)
    assert (tokens.dtype, lengths.dtype) == (np.int64, np.int64)
    assert tokens.tolist() == [[4, 5, 4, 0], [7, 5, 4, 8], [6, 0, 0, 0]]
    assert lengths.tolist() == [3, 4, 1]
    assert vocabulary.decode(tokens, lengths) == TEXT


def test_longer_sequences_lose_their_end() -> None:
    tokens, lengths = nn.text.pad([[1, 1, 1], [1, 2, 3, 4, 5]], padding=9, length=4)
    assert lengths.tolist() == PADDED_LENGTHS
    assert (tokens != 9).astype(int).tolist() == PADDED_MASK
    assert tokens[1].tolist() == [1, 2, 3, 4]
    assert nn.text.pad([[1], [2]], length=3)[0].tolist() == [[1, 0, 0], [2, 0, 0]]


def test_a_vocabulary_is_the_same_after_a_file(tmp_path: Path) -> None:
    for vocabulary in (
        nn.text.Vocabulary([["na\u00efve", "\u5317\u4eac", 'a"b\\', "\udc80", "a\nb"]], min_count=1),
        nn.text.Vocabulary(TEXT, max_size=5, padding=None, start="^", end=None),
        nn.text.Vocabulary.of_words(["O"]),
    ):
        vocabulary.save(tmp_path / "words.json")
        loaded = nn.text.Vocabulary.load(tmp_path / "words.json")
        assert loaded == vocabulary
        assert hash(loaded) == hash(vocabulary)
        assert loaded.num_special == vocabulary.num_special
        assert loaded.counts.tolist() == vocabulary.counts.tolist()


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "words.json"
    nn.text.Vocabulary(["a", "b"]).save(path)
    good = path.read_text()
    broken: dict[str, Any] = {
        good[:-3]: "line",
        "[1]": "format",
        good.replace("vocabulary 1", "vocabulary 2"): "format",
        good.replace('"a"', '"b"'): "twice",
        good.replace('"a"', "7"): r"words\[4\]",
        good.replace('"words"', '"wrods"'): "words",
        good.replace("1\n]", "1,\n1\n]"): "a count for each of 6",
        good.replace("1\n]", "-1\n]"): ">= 0",
        good.replace('"counts"', '"padding2": 1, "counts"'): "padding2",
        good.replace('"<pad>"', "3", 1): "padding",
        "\x00\x01": "line 1",
        "[" * 100_000: "vocabulary that save has written",
    }
    for content, words in broken.items():
        assert content != good
        path.write_text(content)
        with pytest.raises(nn.FileError, match=words):
            nn.text.Vocabulary.load(path)


def test_counts_cannot_be_changed() -> None:
    vocabulary = nn.text.Vocabulary(TEXT)
    with pytest.raises(ValueError, match="read-only"):
        vocabulary.counts[0] = 1
    assert repr(vocabulary) == "<Vocabulary of 9 words, 4 of them special>"


LAZY = """
import sys
import nncpp as nn
assert not any(name.startswith("nncpp.text") for name in sys.modules)
assert "text" in dir(nn)
print(nn.text.tokenize("It is there."))
from nncpp import text
from nncpp.text import Vocabulary
assert text is nn.text and Vocabulary is text.Vocabulary
"""


def test_it_is_loaded_when_it_is_used(interpreter: Callable[..., str]) -> None:
    assert interpreter(LAZY) == "['It', 'is', 'there', '.']\n"
