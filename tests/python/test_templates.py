"""Templates of features: what each finds in words, texts and mappings."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.maxent import Template, template

SENTENCE = ["The", "U.S.", "spent", "1,250", "dollars", "in", "Québec", "."]
TAGS = ["DT", "NNP", "VBD", "CD", "NNS"]


@pytest.mark.parametrize(
    ("name", "position", "expected"),
    [
        ("word", 0, {"word=The": 1}),
        ("lowercase word", 0, {"lowercase word=the": 1}),
        ("prev word", 0, {"prev word=<start>": 1}),
        ("prev word", 1, {"prev word=The": 1}),
        ("prev prev word", 2, {"prev prev word=The": 1}),
        ("next word", 6, {"next word=.": 1}),
        ("next word", 7, {"next word=<end>": 1}),
        ("next next word", 7, {"next next word=<end>": 1}),
        ("next prev word", 0, {"next prev word=The": 1}),
        ("prefix 3", 4, {"prefix 3=dol": 1}),
        ("suffix 3", 4, {"suffix 3=ars": 1}),
        ("suffix 3", 5, {}),
        ("prefix 2", 5, {"prefix 2=in": 1}),
        ("shape", 0, {"shape=Xx": 1}),
        ("shape", 1, {"shape=X.X.": 1}),
        ("shape", 3, {"shape=d,d": 1}),
        ("is capitalized", 6, {"is capitalized": 1}),
        ("is capitalized", 5, {}),
        ("is all capitals", 1, {"is all capitals": 1}),
        ("is all capitals", 0, {}),
        ("is all capitals", 3, {}),
        ("has digit", 3, {"has digit": 1}),
        ("has digit", 4, {}),
        ("has accented letter", 6, {"has accented letter": 1}),
        ("has accented letter", 4, {}),
        ("tag", 3, {"tag=CD": 1}),
        ("tag", 5, {}),
        ("prev tag", 5, {"prev tag=NNS": 1}),
        ("prev tag", 0, {}),
        ("next is capitalized", 5, {"next is capitalized": 1}),
        ("next is capitalized", 7, {}),
        ("prev word & suffix 3", 6, {"prev word=in & suffix 3=bec": 1}),
        ("  prev   word&suffix  3 ", 6, {"prev word=in & suffix 3=bec": 1}),
        ("prev tag & word & has digit", 3, {"prev tag=VBD & word=1,250 & has digit": 1}),
        ("word & has digit", 0, {}),
        ("always", 0, {"always": 1}),
    ],
)
def test_of_a_word(name: str, position: int, expected: dict[str, float]) -> None:
    assert template(name)((SENTENCE, position, TAGS)) == expected
    if "tag" not in name:
        assert template(name)((" ".join(SENTENCE), position)) == expected


@pytest.mark.parametrize("word", ["Québec", "Que\u0301bec", "naïve", "ÅNGSTRÖM", "smørrebrød"])
def test_letters_with_marks(word: str) -> None:
    assert template("has accented letter")(([word], 0)) == {"has accented letter": 1}


@pytest.mark.parametrize("word", ["Quebec", "東京", "が", "1,5", "...", "й"])
def test_letters_without_marks(word: str) -> None:
    assert template("has accented letter")(([word], 0)) == {}


@pytest.mark.parametrize("datum", ["a low b low", ["a", "low", "b", "low"], (["a", "low", "b", "low"], 2),
                                   ("a low b low", 2), ("a", "low", "b", "low")])  # fmt: skip
def test_of_a_text(datum: Any) -> None:
    assert template("bag of words")(datum) == {"bag of words=a": 1, "bag of words=low": 2, "bag of words=b": 1}
    assert template("n-grams 2")(datum) == {"n-grams 2=a low": 1, "n-grams 2=low b": 1, "n-grams 2=b low": 1}
    assert template("n-grams 4")(datum) == {"n-grams 4=a low b low": 1}
    assert template("n-grams 5")(datum) == {}


def test_of_a_mapping() -> None:
    datum = {"length": 2.5, "tag": "NN", "plural": True, "known": False, "zero": 0, "none": None, "n": np.float32(0.5)}
    assert template("entries")(datum) == {"length": 2.5, "tag=NN": 1, "plural": 1, "n": 0.5}


def test_conjunctions_multiply() -> None:
    both = Template("a", lambda _: {"a": 2.0, "b": 3.0}) & Template("c", lambda _: {"c": 5.0, "w": "x"})
    assert both(None) == {"a & c": 10, "a & w=x": 2, "b & c": 15, "b & w=x": 3}
    with pytest.raises(TypeError):
        both & "word"


@pytest.mark.parametrize("min_count", [1, 2, 3])
def test_the_cut_off_counts_data(min_count: int) -> None:
    texts = ["a a a b", "b c", "b c d"]
    model = nn.maxent.FeaturePerceptron(["bag of words"], min_count=min_count, epochs=1).fit(texts, [0, 1, 1])
    counts = {"a": 1, "b": 3, "c": 2, "d": 1}
    assert list(model.columns_) == [f"bag of words={w}" for w, count in counts.items() if count >= min_count]
    assert list(model.columns_.values()) == list(range(len(model.columns_)))
    rows = model._features.encode(texts, model.columns_)
    learned = model._features.learn(texts, min_count)[1]
    assert rows.shape == learned.shape == (3, len(model.columns_))
    for a, b in [(rows.indptr, learned.indptr), (rows.indices, learned.indices), (rows.data, learned.data)]:
        assert a.tolist() == b.tolist()
    expected = np.array(
        [[text.split().count(w) for w, count in counts.items() if count >= min_count] for text in texts]
    )
    assert rows.toarray().tolist() == expected.tolist()


def test_scipy_takes_the_rows() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rows = nn.MaxEnt(["bag of words"])._features.learn(["a a b", "", "c a"], 1)[1]
    matrix = sparse.csr_matrix((rows.data, rows.indices, rows.indptr), shape=rows.shape)
    assert matrix.toarray().tolist() == [[2, 1, 0], [0, 0, 0], [1, 0, 1]]
