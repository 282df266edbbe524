"""Entities in sentences: BIO tags, spans, and the scores of CoNLL over whole entities."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .._arguments import shown, whole_number
from ..errors import DataError, ShapeError
from ._sequences import integers_of, listed, sentences_of, words_of


class Span(NamedTuple):
    """An entity: tokens start ... end - 1 of a sentence, and what it is.

    Raises
    ------
    TypeError
        for fewer or more than three

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.Span(1, 3, "PER").type
    'PER'
    """

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class EntityScores:
    """How many entities there are, were predicted, and were predicted right; printing it gives a table.

    precision = correct / predicted, recall = correct / true, F1 = 2 precision recall / (precision + recall); what would
    be divided by 0 is 0.

    Parameters
    ----------
    true, predicted, correct
        numbers of entities
    by_type
        mapping from type to the scores of its entities alone

    Raises
    ------
    DataError, TypeError
        for what are no counts

    Examples
    --------
    >>> import nncpp as nn
    >>> scores = nn.text.EntityScores(true=4, predicted=3, correct=2)
    >>> round(scores.precision, 3), scores.recall, round(scores.f1, 3)
    (0.667, 0.5, 0.571)
    """

    true: int
    predicted: int
    correct: int
    by_type: Mapping[str, "EntityScores"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("true", "predicted"):
            whole_number(name, getattr(self, name))
        whole_number("correct", self.correct, at_most=min(self.true, self.predicted))

    @property
    def precision(self) -> float:
        """Share of the predicted entities that are right."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the true entities that were found."""
        return self.correct / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 2 correct / (true + predicted)."""
        entities = self.true + self.predicted
        return 2 * self.correct / entities if entities else 0.0

    def __str__(self) -> str:
        rows = {**self.by_type, "all": self}
        width = max(4, *map(len, rows))
        lines = [f"{'type':<{width}}  precision  recall      F1    true  predicted  correct"]
        lines += [
            f"{name or '-':<{width}}  {row.precision:9.4f}  {row.recall:.4f}  {row.f1:.4f}  {row.true:6}  "
            f"{row.predicted:9}  {row.correct:7}"
            for name, row in rows.items()
        ]
        return "\n".join(lines)


def bio_spans(tags: Any) -> list[Span]:
    """The entities that the tags of a sentence name.

    ``B-X`` begins an entity of type X. ``I-X`` goes on with it, or begins one where none of type X stands right before:
    behind ``O``, at the start, behind another type. So both ways of writing, with ``B-`` at each beginning or only
    between neighbours of one type, are read as in the evaluation of CoNLL.

    Parameters
    ----------
    tags : sequence of str
        "O", "B-X", "I-X"; or "B" and "I", where there is one type, "".

    Returns
    -------
    list of Span
        (start, end, type), by start.

    Raises
    ------
    DataError, TypeError
        Something is no such tag.

    References
    ----------
    E. Tjong Kim Sang, S. Buchholz, "Introduction to the CoNLL-2000 shared task: chunking", CoNLL 2000.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.bio_spans(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    [Span(start=0, end=2, type='PER'), Span(start=3, end=4, type='LOC'), Span(start=4, end=5, type='LOC')]
    """
    spans: list[Span] = []
    for i, tag in enumerate(words_of("tags", tags, "tag")):
        mark, _, kind = tag.partition("-")
        if mark not in ("B", "I", "O") or (mark == "O" and tag != "O"):
            raise DataError(f"tags[{i}]: expected 'O', 'B-...' or 'I-...', got {tag!r}")
        if mark == "I" and spans and spans[-1].end == i and spans[-1].type == kind:
            spans[-1] = spans[-1]._replace(end=i + 1)
        elif mark != "O":
            spans.append(Span(i, i + 1, kind))
    return spans


def bio_tags(spans: Iterable[tuple[int, int, str]], length: int) -> list[str]:
    """The tags of a sentence, with ``B-`` at the beginning of each entity.

    Parameters
    ----------
    spans : several (start, end, type)
        In any order; they do not overlap.
    length : int
        Number of tokens.

    Returns
    -------
    list of str

    Raises
    ------
    DataError, TypeError
        Spans overlap, are empty, or go beyond the sentence.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.text.bio_tags([(0, 2, "PER"), (3, 4, "LOC")], length=5)
    ['B-PER', 'I-PER', 'O', 'B-LOC', 'O']
    """
    tags = ["O"] * whole_number("length", length)
    for i, span in enumerate(listed("spans", spans)):
        if not isinstance(span, tuple | list) or len(span) != 3 or not isinstance(span[2], str):
            raise TypeError(f"spans[{i}]: expected (start, end, type), got {shown(span)}")
        start = whole_number(f"spans[{i}]: start", span[0])
        end = whole_number(f"spans[{i}]: end", span[1], at_least=start + 1, at_most=len(tags))
        if any(tag != "O" for tag in tags[start:end]):
            raise DataError(f"spans[{i}]: expected spans that do not overlap, got {tuple(span)} over another")
        kind = f"-{span[2]}" if span[2] else ""
        tags[start:end] = [f"B{kind}", *[f"I{kind}"] * (end - start - 1)]
    return tags


def bio_f1(true: Any, predicted: Any, lengths: Any = None) -> EntityScores:
    """Precision, recall and F1 over entities, as in the shared tasks of CoNLL.

    An entity is right if a true one has the same start, end and type. ``bio_spans`` tells what an entity is.

    Parameters
    ----------
    true, predicted : n sentences of tags
        Sequences of "O", "B-X", "I-X", of equal lengths.
    lengths : (n,) int, optional
        How many tags of each sentence count; what lies behind is padding and never looked at.

    Returns
    -------
    EntityScores
        Of all entities; ``by_type`` has those of each type.

    Raises
    ------
    ShapeError, DataError, TypeError
        Sentences of different number or length; something is no tag.

    References
    ----------
    E. Tjong Kim Sang, F. De Meulder, "Introduction to the CoNLL-2003 shared task", CoNLL 2003.

    Examples
    --------
    >>> import nncpp as nn
    >>> true = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC"]]
    >>> predicted = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC"]]
    >>> scores = nn.text.bio_f1(true, predicted)
    >>> round(scores.f1, 3), scores.by_type["LOC"].f1
    (0.667, 1.0)
    >>> print(scores)
    type  precision  recall      F1    true  predicted  correct
    LOC      1.0000  1.0000  1.0000       2          2        2
    PER      0.0000  0.0000  0.0000       1          1        0
    all      0.6667  0.6667  0.6667       3          3        2
    """
    there, guessed, right = Counter[str](), Counter[str](), Counter[str]()
    for a, b in _pairs(listed("true", true), listed("predicted", predicted), lengths):
        spans, guesses = bio_spans(a), bio_spans(b)
        there.update(span.type for span in spans)
        guessed.update(span.type for span in guesses)
        right.update(span.type for span in set(spans) & set(guesses))
    by_type = {kind: EntityScores(there[kind], guessed[kind], right[kind]) for kind in sorted(there | guessed)}
    return EntityScores(there.total(), guessed.total(), right.total(), by_type)


def _pairs(true: list[Any], predicted: list[Any], lengths: Any) -> Iterable[tuple[list[str], list[str]]]:
    """True and predicted tags of each sentence, without padding."""
    if len(true) != len(predicted):
        raise ShapeError(f"predicted: expected {len(true)} sentences, as in true, got {len(predicted)}")
    if lengths is not None:
        counts = integers_of("lengths", lengths)
        if counts.shape != (len(true),):
            raise ShapeError(f"lengths: expected one for each of the {len(true)} sentences, got {counts.shape}")
        for name, side in (("true", true), ("predicted", predicted)):
            for i, count in enumerate(counts.tolist()):
                if len(side[i]) < count:
                    raise ShapeError(
                        f"{name}[{i}]: expected at least {count} tags, as lengths says, got {len(side[i])}"
                    )
                side[i] = side[i][:count]
    pairs = list(zip(sentences_of("true", true, "tag"), sentences_of("predicted", predicted, "tag"), strict=True))
    for i, (a, b) in enumerate(pairs):
        if len(a) != len(b):
            raise ShapeError(
                f"predicted[{i}]: expected {len(a)} tags, as in true, got {len(b)}; give lengths if they are padded"
            )
    return pairs
