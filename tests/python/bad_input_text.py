"""Bad input to nn.text: tokens, vocabularies, windows, streams, readers, entities."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Data, Early, File, Shape, Subject, case

WORDS = [["a", "b"], ["a"]]


def vocabulary(words: Any = WORDS, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.Vocabulary(words, **options)


def encode(words: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.Vocabulary(WORDS).encode(words)


def decode(tokens: Any, lengths: Any = None) -> Callable[[Subject], Any]:
    return lambda s: nn.text.Vocabulary(WORDS).decode(tokens, lengths)


def windows(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.windows(*arguments, **options)


def corrupt(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.corrupt(*arguments, **options)


def f1(true: Any, predicted: Any, lengths: Any = None) -> Callable[[Subject], Any]:
    return lambda s: nn.text.bio_f1(true, predicted, lengths)


def spans(*entries: Any, length: Any = 3) -> Callable[[Subject], Any]:
    return lambda s: nn.text.bio_tags(entries, length)


def conll(content: str = "a b O\n", **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.read_conll(s.file(content.encode()), **options)


def vectors(content: str = "a 1 2\n", **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.read_vectors(s.file(content.encode()), **options)


def scorer(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.WindowScorer(**{"epochs": 1, **options}).fit(*arguments)


def tagger(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.text.WindowClassifier(**{"epochs": 1, **options}).fit(*arguments)


def score_of_few_tags(s: Subject) -> Any:
    return nn.text.WindowClassifier(dimensions=2, epochs=1).fit(WORDS, TAGS).score(WORDS, [["O"], ["O"]])


TAGS = [["O", "B-A"], ["O"]]
KNOWN = nn.text.Vocabulary(WORDS)
ENDLESS, STRICT = nn.text.Vocabulary(WORDS, end=None), nn.text.Vocabulary(WORDS, unknown=None)

TEXT: list[Case] = [
    case("tokenize bytes", lambda s: nn.text.tokenize(b"a b"), TypeError, "text", "string", "bytes"),
    case("tokenize words", lambda s: nn.text.tokenize(["a"]), TypeError, "text", "string", "list"),
    case("tokenize with a number for a flag", lambda s: nn.text.tokenize("a", lower=1), TypeError, "lower", "1"),
    case("a tokenizer of a name", lambda s: nn.text.Tokenizer(characters="yes"), TypeError, "characters", "yes"),
    case("sentences of None", lambda s: nn.text.sentences(None), TypeError, "text", "None"),
    case("a vocabulary of a text", vocabulary("some words"), TypeError, "words", "some words", "nn.text.tokenize"),
    case("a vocabulary of texts and sentences", vocabulary(["a", ["b"]]), TypeError, "words[0]", "'a'"),
    case("a vocabulary of numbers", vocabulary([1, 2]), TypeError, "words[0]", "1"),
    case("a vocabulary of nothing", vocabulary([]), Data, "words", "at least one"),
    case("a vocabulary of empty sentences", vocabulary([[], [[]]]), Data, "words", "at least one"),
    case("a vocabulary of None", vocabulary(None), TypeError, "words", "None"),
    case("a count of none", vocabulary(min_count=0), Data, "min_count", ">= 1"),
    case("a count of a half", vocabulary(min_count=0.5), TypeError, "min_count", "0.5"),
    case("a size without room for a word", vocabulary(max_size=4), Data, "max_size", ">= 5"),
    case("a count that leaves nothing", vocabulary(min_count=3, padding=None, unknown=None, start=None, end=None), Data,
         "min_count", "3", "largest count is 2"),
    case("special entries that are equal", vocabulary(start="|", end="|"), Data, "padding, unknown, start, end", "|"),
    case("a special entry that is a number", vocabulary(unknown=0), TypeError, "unknown", "0"),
    case("a word twice", lambda s: nn.text.Vocabulary.of_words(["O", "O"]), Data, "words", "'O' twice"),
    case("words of a vocabulary as a text", lambda s: nn.text.Vocabulary.of_words("abc"), TypeError, "words", "abc"),
    case("encode a text", encode("a b"), TypeError, "words", "nn.text.tokenize"),
    case("encode words and sentences", encode(["a", ["b"]]), TypeError, "words[0]", "a"),
    case("encode numbers", encode([1]), TypeError, "words[0]", "1"),
    case("a word to look up that is a number", lambda s: nn.text.Vocabulary(WORDS)[3], TypeError, "word", "3"),
    case("decode a token too large", decode([4, 6]), Data, "tokens", "0 ... 5", "6", "place 1"),
    case("decode a negative token", decode([[4], [-1]]), Data, "tokens", ">= 0", "-1"),
    case("decode fractions", decode([0.5]), TypeError, "tokens", "whole numbers", "float64"),
    case("decode words", decode(["a"]), TypeError, "tokens"),
    case("decode with too few lengths", decode([[4], [5]], [1]), Shape, "lengths", "2 rows", "(1,)"),
    case("pad without padding", lambda s: nn.text.Vocabulary(WORDS, padding=None).pad(WORDS), Data, "pad", "without"),
    case("pad an empty sentence", lambda s: nn.text.Vocabulary(WORDS).pad([["a"], []]), Data, "sequences[1]",
         "leave it out"),
    case("pad no sequences", lambda s: nn.text.pad([]), Data, "sequences", "at least 1"),
    case("pad to no length", lambda s: nn.text.pad([[1]], length=0), Data, "length", ">= 1"),
    case("pad with a negative number", lambda s: nn.text.pad([[1]], padding=-1), Data, "padding", "-1"),
    case("pad words", lambda s: nn.text.pad([["a"]]), TypeError, "sequences[0]"),
    case("pad numbers", lambda s: nn.text.pad([1, 2]), Shape, "sequences[0]", "(n,)", "()"),
    case("a vocabulary of no file", lambda s: nn.text.Vocabulary.load(s.folder / "no"), File, "no", "does not exist"),
    case("a vocabulary of another file", lambda s: nn.text.Vocabulary.load(s.file(b"{}")), File, "format"),
    case("a vocabulary to a folder", lambda s: nn.text.Vocabulary(WORDS).save(s.folder), File, "folder"),
    case("windows of even size", windows([4, 5], 4), Data, "size", "odd", "4"),
    case("windows of no size", windows([4, 5], 0), Data, "size", ">= 1"),
    case("windows of words", windows(WORDS), TypeError, "sentences[0]"),
    case("windows of a text", windows("a b"), TypeError, "sentences", "nn.text.tokenize"),
    case("windows of fractions", windows([[0.5]]), TypeError, "sentences[0]", "float64"),
    case("windows of negative tokens", windows([[4, -2]]), Data, "sentences[0]", "-2", "(1)"),
    case("windows of three axes", windows(np.ones((2, 2, 2), int)), Shape, "sentences[0]", "(2, 2)"),
    case("windows with three borders", windows([4], 3, padding=(1, 2, 3)), Data, "padding", "(start, end)", "3"),
    case("windows with a word for a border", windows([4], 3, padding=("<s>", "</s>")), TypeError, "padding", "<s>"),
    case("corrupt a window of even size", corrupt([[4, 5]], 9), Shape, "windows", "odd", "(1, 2)"),
    case("corrupt a sentence", corrupt([4, 5, 6], 9), Shape, "windows", "(3,)"),
    case("corrupt by one word", corrupt([[0, 0, 0]], 1), Data, "vocabulary_size", "at least 2", "1"),
    case("corrupt by special entries", corrupt([[0, 0, 0]], 5, num_special=4), Data, "vocabulary_size", "at least 6"),
    case("corrupt unknown tokens", corrupt([[4, 9, 4]], 9), Data, "windows", "0 ... 8", "9"),
    case("corrupt with a negative seed", corrupt([[4, 5, 4]], 9, -1), Data, "seed", "-1"),
    case("corrupt in a far epoch", corrupt([[4, 5, 4]], 9, epoch=2**32), Data, "epoch", "2**32 - 1"),
    case("streams of a short text", lambda s: nn.text.token_streams([1, 2, 3, 4], 2, 2), Data, "tokens", "5", "got 4"),
    case("streams of sentences", lambda s: nn.text.token_streams([[1, 2]], 1, 1), Shape, "tokens", "(1, 2)"),
    case("streams of no rows", lambda s: nn.text.token_streams([1, 2], 0, 1), Data, "streams", ">= 1"),
    case("streams of no steps", lambda s: nn.text.token_streams([1, 2], 1, 0), Data, "steps", ">= 1"),
    case("a tag that is none", lambda s: nn.text.bio_spans(["O", "X-PER"]), Data, "tags[1]", "'B-...'", "X-PER"),
    case("a tag of nothing", lambda s: nn.text.bio_spans([""]), Data, "tags[0]", "''"),
    case("a tag of O with a type", lambda s: nn.text.bio_spans(["O-PER"]), Data, "tags[0]", "O-PER"),
    case("tags as numbers", lambda s: nn.text.bio_spans([0, 1]), TypeError, "tags[0]", "0"),
    case("tags as a text", lambda s: nn.text.bio_spans("O O"), TypeError, "tags", "O O"),
    case("spans that overlap", spans((0, 2, "A"), (1, 3, "B")), Data, "spans[1]", "overlap"),
    case("an empty span", spans((1, 1, "A")), Data, "spans[0]", "end", ">= 2"),
    case("a span beyond the sentence", spans((1, 4, "A")), Data, "spans[0]", "end", "<= 3", "4"),
    case("a span of two", spans((1, 2)), TypeError, "spans[0]", "(start, end, type)"),
    case("spans in a sentence of no length", spans(length=-1), Data, "length", "-1"),
    case("F1 of fewer sentences", f1([["O"], ["O"]], [["O"]]), Shape, "predicted", "2 sentences", "1"),
    case("F1 of shorter sentences", f1([["O", "O"]], [["O"]]), Shape, "predicted[0]", "2 tags", "1", "lengths"),
    case("F1 of one sentence", f1(["O"], ["O"]), TypeError, "true[0]", "O"),
    case("F1 with lengths too large", f1([["O"]], [["O"]], [2]), Shape, "true[0]", "at least 2", "1"),
    case("F1 with too few lengths", f1([["O"], ["O"]], [["O"], ["O"]], [1]), Shape, "lengths", "2 sentences", "(1,)"),
    case("more right than predicted", lambda s: nn.text.EntityScores(3, 1, 2), Data, "correct", "<= 1", "2"),
    case("a negative number of entities", lambda s: nn.text.EntityScores(-1, 1, 1), Data, "true", "-1"),
    case("text of no file", lambda s: nn.text.read_text(s.folder / "no"), File, "no", "does not exist"),
    case("text of a folder", lambda s: nn.text.read_text(s.folder), File, "cannot read"),
    case("text of a number", lambda s: nn.text.read_text(3), TypeError, "path", "int"),
    case("text in no encoding", lambda s: nn.text.read_text(s.file(b"a"), "utf-9"), Data, "encoding", "utf-9"),
    case("text in an encoding of bytes", lambda s: nn.text.read_text(s.file(b"a"), "hex"), Data, "encoding", "hex"),
    case("text in a number", lambda s: nn.text.read_text(s.file(b"a"), 8), TypeError, "encoding", "8"),
    case("text cut off", lambda s: nn.text.read_text(s.file(b"a\nb\xc3")), File, "line 2", "utf-8", "latin-1"),
    case("CoNLL of no file", lambda s: nn.text.read_conll(s.folder / "no"), File, "no", "does not exist"),
    case("CoNLL without sentences", conll("\n\n"), File, "none"),
    case("CoNLL of a ragged line", conll("a b O\nc O\n"), File, "line 2", "3 fields", "2"),
    case("CoNLL of a column too many", conll(columns=(0, 3)), Data, "columns", "0 ... 2", "line 1", "3"),
    case("CoNLL of no columns", conll(columns=()), Data, "columns", "at least one"),
    case("CoNLL of one column as a number", conll(columns=0), TypeError, "columns", "0"),
    case("CoNLL of a named column", conll(columns=("word",)), TypeError, "columns", "word"),
    case("CoNLL with nothing between", conll(separator=""), Data, "separator", "empty"),
    case("CoNLL with a number for a remark", conll(comment=1), TypeError, "comment", "1"),
    case("vectors of no file", lambda s: nn.text.read_vectors(s.folder / "no"), File, "no", "does not exist"),
    case("vectors of a folder", lambda s: nn.text.read_vectors(s.folder), File, "cannot read"),
    case("vectors whose numbers are words", vectors("a b\n"), File, "line 1", "finite numbers"),
    case("vectors of a list of words", vectors(vocabulary=["a"]), TypeError, "vocabulary", "Vocabulary", "a"),
    case("vectors of no known word", vectors(vocabulary=nn.text.Vocabulary(["b"])), Data, "vocabulary", "lower case"),
    case("vectors that are missing", vectors(missing="mean"), Data, "missing", "normal, zeros", "mean"),
    case("vectors of whole numbers", vectors(dtype="int64"), Data, "dtype", "int64"),
    case("a scorer of even windows", scorer(WORDS, window=4), Data, "window", "odd", "4"),
    case("a scorer of no margin", scorer(WORDS, margin=0), Data, "margin", "0"),
    case("a scorer of an unknown function", scorer(WORDS, activation="sine"), Data, "activation", "sine"),
    case("a scorer of an unknown argument", scorer(WORDS, units=3), TypeError, "WindowScorer", "units", "margin"),
    case("a scorer of no sentences", scorer([]), Data, "x", "at least 1"),
    case("a scorer of an empty sentence", scorer([["a"], []]), Data, "x[1]", "leave it out"),
    case("a scorer of tokens", scorer([[4, 5]]), TypeError, "x[0][0]", "4"),
    case("a scorer of one word", scorer([["a", "a"]]), Data, "vocabulary_size", "2 words", "5"),
    case("a scorer of marks for other sentences", scorer(WORDS, [[True, False]]), Shape, "y", "2 sentences", "1"),
    case("a scorer of too few marks", scorer(WORDS, [[True], [True]]), Shape, "y[0]", "2 words", "1"),
    case("a scorer of marks as numbers", scorer(WORDS, [[1, 0], [0]]), TypeError, "y[0]", "True or False", "1"),
    case("a scorer of no marks", scorer(WORDS, [[False, False], [False]]), Data, "y", "0 of 3"),
    case("a scorer of too few weights", scorer(WORDS, None, [1.0]), Shape, "sample_weight", "2 rows", "(1,)"),
    case("a scorer that is not fitted", lambda s: nn.text.WindowScorer().decision_function(WORDS), Early, "not fitted"),
    case("a tagger that is not fitted", lambda s: nn.text.WindowClassifier().predict(WORDS), Early, "not fitted"),
    case("a tagger of no units", tagger(WORDS, TAGS, hidden=0), Data, "hidden", ">= 1"),
    case("a tagger that drops all", tagger(WORDS, TAGS, dropout=1), Data, "dropout", "1"),
    case("a tagger of one tag", tagger(WORDS, [["O", "O"], ["O"]]), Data, "y", "2 tags", "'O'"),
    case("a tagger of too few tags", tagger(WORDS, [["O", "B-A"], []]), Shape, "y[1]", "1 words", "0"),
    case("a tagger of tags for other sentences", tagger(WORDS, [["O", "B-A"]]), Shape, "y", "2 sentences", "1"),
    case("a tagger of numbers for tags", tagger(WORDS, [[0, 1], [0]]), TypeError, "y[0][0]", "0"),
    case("a tagger scored by too few tags", score_of_few_tags, Shape, "y[0]", "2 words", "1"),
    case("a tagger of a list for a vocabulary", tagger(WORDS, TAGS, vocabulary=["a"]), TypeError, "vocabulary"),
    case("a tagger of no border", tagger(WORDS, TAGS, vocabulary=ENDLESS), Data, "borders", "start and end"),
    case("a tagger of a new word", tagger([["c", "a"]], [["O", "B"]], vocabulary=STRICT), Data, "'c'", "unknown"),
    case("vectors without words", tagger(WORDS, TAGS, pretrained=np.ones((6, 2))), Data, "pretrained", "vocabulary="),
    case("vectors of other words", tagger(WORDS, TAGS, vocabulary=KNOWN, pretrained=np.ones((5, 2))), Shape,
         "pretrained", "(6, D)", "(5, 2)"),
    case("vectors of another width", tagger(WORDS, TAGS, vocabulary=KNOWN, pretrained=np.ones((6, 2)), dimensions=3),
         Shape, "dimensions", "2", "3"),
    case("vectors that are not finite", tagger(WORDS, TAGS, vocabulary=KNOWN, pretrained=np.full((6, 2), np.nan)), Data,
         "pretrained", "NaN"),
]  # fmt: skip
