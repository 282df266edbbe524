"""Entities: spans of BIO tags, and F1 as in the shared tasks of CoNLL."""

import itertools
from typing import Any

import numpy as np
import pytest

import nncpp as nn

SPANS = {
    "O O": [],
    "B-P I-P O B-L": [(0, 2, "P"), (3, 4, "L")],
    "I-P I-P": [(0, 2, "P")],
    "O I-P O": [(1, 2, "P")],
    "B-P B-P I-P": [(0, 1, "P"), (1, 3, "P")],
    "I-P B-P": [(0, 1, "P"), (1, 2, "P")],
    "B-P I-L I-L": [(0, 1, "P"), (1, 3, "L")],
    "B-P O I-P": [(0, 1, "P"), (2, 3, "P")],
    "B I O I": [(0, 2, ""), (3, 4, "")],
    "B-A-B I-A-B": [(0, 2, "A-B")],
}


@pytest.mark.parametrize("tags", SPANS)
def test_entities_begin_and_end_as_in_the_evaluation_of_conll(tags: str) -> None:
    assert nn.text.bio_spans(tags.split()) == SPANS[tags]


def test_a_sentence_without_words_has_no_entities() -> None:
    assert nn.text.bio_spans([]) == []
    assert nn.text.bio_tags([], 0) == []


# conlleval: a chunk starts and ends by the tag, the tag before and their types


def _starts(before: str, tag: str, kind_before: str, kind: str) -> bool:
    return tag != "O" and (tag == "B" or before == "O" or kind != kind_before)


def _ends(before: str, tag: str, kind_before: str, kind: str) -> bool:
    return before != "O" and (tag in {"B", "O"} or kind != kind_before)


def chunks(tags: list[str]) -> set[tuple[int, int, str]]:
    found, start = set(), 0
    pairs = [("O", ""), *[(tag[0], tag[2:]) for tag in tags], ("O", "")]
    for i, ((before, kind_before), (tag, kind)) in enumerate(itertools.pairwise(pairs)):
        if _ends(before, tag, kind_before, kind):
            found.add((start, i, kind_before))
        if _starts(before, tag, kind_before, kind):
            start = i
    return found


def every(length: int) -> Any:
    return itertools.product(["O", "B-P", "I-P", "B-L", "I-L"], repeat=length)


def test_all_short_sentences_have_the_chunks_of_an_independent_reader() -> None:
    for tags in itertools.chain.from_iterable(every(length) for length in range(1, 6)):
        assert set(nn.text.bio_spans(tags)) == chunks(list(tags))


def test_spans_become_tags_and_come_back() -> None:
    for tags in every(5):
        spans = nn.text.bio_spans(tags)
        written = nn.text.bio_tags(reversed(spans), len(tags))
        assert nn.text.bio_spans(written) == spans
        assert [tag == "O" for tag in written] == [tag == "O" for tag in tags]
    assert nn.text.bio_tags([(0, 2, "")], 3) == ["B", "I", "O"]


# --- F1, numbers by hand ----------------------------------------------------------------------------------------------

TRUE = ["B-PER I-PER O B-LOC", "O B-ORG I-ORG I-ORG", "B-LOC B-LOC O"]
GUESS = ["B-PER I-PER O B-ORG", "O B-ORG I-ORG O", "B-LOC I-LOC O"]
# true: PER 0-2, LOC 3-4 | ORG 1-4 | LOC 0-1, LOC 1-2; predicted: PER 0-2, ORG 3-4 | ORG 1-3 | LOC 0-2; right: PER 0-2


def split(sentences: list[str]) -> list[list[str]]:
    return [sentence.split() for sentence in sentences]


def test_precision_recall_and_f1_by_hand() -> None:
    scores = nn.text.bio_f1(split(TRUE), split(GUESS))
    assert (scores.true, scores.predicted, scores.correct) == (5, 4, 1)
    assert (scores.precision, scores.recall) == (1 / 4, 1 / 5)
    assert scores.f1 == pytest.approx(2 / 9, rel=1e-15)
    by_type = {kind: (part.true, part.predicted, part.correct) for kind, part in scores.by_type.items()}
    assert by_type == {"LOC": (3, 1, 0), "ORG": (1, 2, 0), "PER": (1, 1, 1)}
    assert scores.by_type["PER"].f1 == 1.0
    assert str(scores).splitlines()[-1].split() == ["all", "0.2500", "0.2000", "0.2222", "5", "4", "1"]


def test_tags_alone_do_not_count() -> None:
    scores = nn.text.bio_f1([["B-PER", "I-PER", "I-PER"]], [["B-PER", "I-PER", "O"]])
    assert (scores.f1, scores.true, scores.predicted) == (0.0, 1, 1)
    same = nn.text.bio_f1([["I-PER", "I-PER"]], [["B-PER", "I-PER"]])
    assert same.f1 == 1.0


def test_what_would_be_divided_by_zero_is_zero() -> None:
    nothing = nn.text.bio_f1([["O", "O"]], [["O", "O"]])
    assert (nothing.precision, nothing.recall, nothing.f1, dict(nothing.by_type)) == (0.0, 0.0, 0.0, {})
    missed = nn.text.bio_f1([["B-A"]], [["O"]])
    assert (missed.precision, missed.recall, missed.f1) == (0.0, 0.0, 0.0)
    assert nn.text.bio_f1([], []).f1 == 0.0


def test_f1_is_that_of_an_independent_count(rng: np.random.Generator) -> None:
    names = np.array(["O", "O", "B-P", "I-P", "B-L", "I-L"])
    true = [names[rng.integers(0, 6, length)].tolist() for length in rng.integers(1, 12, 300)]
    guess = [[tag if rng.random() < 0.8 else str(rng.choice(names)) for tag in tags] for tags in true]
    a = {(i, *chunk) for i, tags in enumerate(true) for chunk in chunks(tags)}
    b = {(i, *chunk) for i, tags in enumerate(guess) for chunk in chunks(tags)}
    scores = nn.text.bio_f1(true, guess)
    assert scores.precision == pytest.approx(len(a & b) / len(b), rel=1e-15)
    assert scores.recall == pytest.approx(len(a & b) / len(a), rel=1e-15)
    assert scores.f1 == pytest.approx(2 * len(a & b) / (len(a) + len(b)), rel=1e-15)
    for kind in "PL":
        part = scores.by_type[kind]
        assert (part.true, part.predicted) == (sum(c[3] == kind for c in a), sum(c[3] == kind for c in b))
        assert part.correct == sum(c[3] == kind for c in a & b)
    assert scores.correct == sum(part.correct for part in scores.by_type.values())


def test_padding_is_never_looked_at() -> None:
    true, guess = split(TRUE), split(GUESS)
    expected = nn.text.bio_f1(true, guess)
    lengths = [len(tags) for tags in true]
    padded = [[*tags, "B-PER", None, 3] for tags in true]
    assert nn.text.bio_f1(padded, [[*tags, "?"] for tags in guess], lengths=lengths) == expected
    assert nn.text.bio_f1(np.array([["O", "B-P"]]), np.array([["O", "B-P"]]), lengths=[1]).true == 0
