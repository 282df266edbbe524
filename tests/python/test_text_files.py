"""Readers of text, of tagged sentences, of word vectors; what is wrong with a file is told with its line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING

CONLL_2003 = (
    "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\n# # B-NP O\n1,000 CD I-NP O\n"
    "-DOCSTART- -X- -X- O\n\nNo\u00a0break UH O O"
)
CONLL_U = "# sent_id = 1\n# text = Le Monde dit\n1\tLe Monde\tPROPN\n2\tdit\tVERB\n\n# x\n1\t#\tSYM\n2\t# x\tSYM\n\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.txt"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_columns_of_conll_2003(end: str, path: Path) -> None:
    path.write_bytes(CONLL_2003.replace("\n", end).encode())
    words, tags = nn.text.read_conll(path)
    assert words == [["EU", "rejects"], ["#", "1,000"], ["No\u00a0break"]]
    assert tags == [["B-ORG", "O"], ["O", "O"], ["O"]]
    (chunks,) = nn.text.read_conll(str(path), columns=(2,))
    assert chunks == [["B-NP", "B-VP"], ["B-NP", "I-NP"], ["O"]]


def test_remarks_stand_before_a_sentence_only(path: Path) -> None:
    path.write_text(CONLL_U)
    words, tags = nn.text.read_conll(path, columns=(1, 2), separator="\t", comment="#")
    assert words == [["Le Monde", "dit"], ["#", "# x"]]
    assert tags == [["PROPN", "VERB"], ["SYM", "SYM"]]


def test_lines_of_conll_that_differ_are_told(path: Path) -> None:
    for text, words in {
        "a O\nb\n": "line 2: expected 2 fields, got 1",
        "a O\n\nb X O\n": "line 3: expected 2 fields, got 3",
        "a O\n\n# a remark it is\n": "line 3: .*comment='#'",
        "": "found none",
        "-DOCSTART- O\n\n \n": "found none",
        "# only\n": "found none",
    }.items():
        path.write_text(text)
        with pytest.raises(nn.FileError, match=words):
            nn.text.read_conll(path, comment="#" if "only" in text else None)
    path.write_bytes(b"a O\nb O\nc\xff O\n")
    with pytest.raises(nn.FileError, match="line 3: not utf-8"):
        nn.text.read_conll(path)
    assert nn.text.read_conll(path, encoding="latin-1")[0] == [["a", "b", "c\u00ff"]]


def test_a_text_is_read_in_its_encoding(path: Path) -> None:
    text = "Caf\u00e9\nna\u00efve\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert nn.text.read_text(path, "utf-8" if encoding == "utf-8-sig" else encoding) == text
    with pytest.raises(nn.FileError, match=r"line 1: not utf-8: .*encoding='latin-1'"):
        nn.text.read_text(path)
    path.write_bytes(b"")
    assert nn.text.read_text(path) == ""


# --- word vectors -----------------------------------------------------------------------------------------------------

GLOVE = "the 0.5 -1.25 3\n, 1e-3 2 -0\n. . . 7 8 9\nthe 0 0 0\n"


def test_glove_has_no_header(path: Path) -> None:
    path.write_text(GLOVE)
    words, matrix = nn.text.read_vectors(path, dtype="float64")
    assert words == ["the", ",", ". . ."]
    assert (matrix.dtype, matrix.tolist()) == (np.float64, [[0.5, -1.25, 3], [0.001, 2, 0], [7, 8, 9]])
    assert nn.text.read_vectors(path)[1].dtype == np.float32


@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
def test_word2vec_has_one(end: str, path: Path) -> None:
    path.write_bytes("2 3\n</s> 1 2 3\nna\u00efve 4 5 6\n".replace("\n", end).encode())
    words, matrix = nn.text.read_vectors(path)
    assert words == ["</s>", "na\u00efve"]
    assert matrix.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_two_whole_numbers_are_no_header_where_the_next_line_disagrees(path: Path) -> None:
    path.write_text("1990 7\nyear 3\n")
    words, matrix = nn.text.read_vectors(path)
    assert words == ["1990", "year"]
    assert matrix.tolist() == [[7], [3]]


def test_a_vocabulary_gets_a_row_for_each_word(path: Path, rng: np.random.Generator) -> None:
    table = rng.normal(size=(400, 3)) * [1, 2, 3] + [5, 0, -5]
    path.write_text("\n".join(f"w{i} " + " ".join(map(str, row)) for i, row in enumerate(table.tolist())))
    vocabulary = nn.text.Vocabulary([[f"w{i}" for i in range(0, 800, 2)]])
    matrix = nn.text.read_vectors(path, vocabulary, dtype="float64")
    known = list(range(0, 400, 2))
    assert (matrix[vocabulary.encode([f"w{i}" for i in known])] == table[known]).all()
    missing = [0, 1, 2, 3, *vocabulary.encode([f"w{i}" for i in range(400, 800, 2)])]
    drawn = (matrix[missing] - table[known].mean(axis=0)) / table[known].std(axis=0)
    assert np.abs(drawn.mean(axis=0)).max() < 4 / np.sqrt(len(missing))
    assert np.abs(drawn.std(axis=0) - 1).max() < 4 / np.sqrt(2 * len(missing))
    assert (nn.text.read_vectors(path, vocabulary, dtype="float64") == matrix).all()
    assert (nn.text.read_vectors(path, vocabulary, seed=1, dtype="float64")[missing] != matrix[missing]).all()
    zeros = nn.text.read_vectors(path, vocabulary, missing="zeros")
    assert not zeros[missing].any()
    ROUNDING["float32"].assert_close(zeros[vocabulary.encode(["w8"])][0], table[8])


BROKEN: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "line 1: .*an empty line"),
    "a word alone": (b"the\n", "line 1: expected a word and its numbers, got 'the'"),
    "a number too few": (b"the 1 2\na 1\n", "line 2: expected a word and 2 numbers, got 'a 1'"),
    "an empty line": (b"the 1 2\n\na 1 2\n", "line 2: .*an empty line"),
    "no word": (b"the 1 2\n 1 2\n", "line 2"),
    "a word for a number": (b"the 1 2\na b c d\n", "line 2: expected 2 finite numbers in float32, got 'c d'"),
    "NaN": (b"the 1 2\na 1 nan\n", "line 2: .*finite"),
    "too large for float32": (b"the 1 2\na 1 1e39\n", "line 2: .*float32"),
    "no UTF-8": (b"the 1 2\n\xff 1 2\n", "line 2: the word is not UTF-8"),
    "fewer than the header says": (b"3 2\nthe 1 2\na 1 2\n", "expected 3 words, as line 1 says, got 2"),
    "wider than the header says": (b"2 2\nthe 1 2\na 1\n", "line 3"),
    "bytes": (bytes(range(256)), "line"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_of_vectors_is_told(name: str, path: Path) -> None:
    content, words = BROKEN[name]
    path.write_bytes(content)
    with pytest.raises(nn.FileError, match=f"file.txt: .*{words}" if "line 1 says" in words else words):
        nn.text.read_vectors(path)


def test_vectors_of_other_words_are_no_help(path: Path) -> None:
    path.write_text(GLOVE)
    with pytest.raises(nn.DataError, match="lower case"):
        nn.text.read_vectors(path, nn.text.Vocabulary(["The", "THE"]))
