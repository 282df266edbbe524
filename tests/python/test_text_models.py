"""The window scorer of max margin and the window classifier, on sentences whose rule is known."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import GRADIENT, ROUNDING

EXACT = ROUNDING["float64"]
PEOPLE = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn"]
PLACES = ["Rome", "Oslo", "Bern", "Lima", "Cairo", "Kyoto"]


def tagged(people: list[str], places: list[str]) -> tuple[Any, Any]:
    """Sentences of two patterns; PER before a verb, LOC behind a preposition."""
    words, tags = [], []
    for person in people:
        for place in places:
            words += [f"{person} lives in {place} now".split(), f"From {place} came {person} , of course .".split()]
            tags += [["B-PER", "O", "O", "B-LOC", "O"], ["O", "B-LOC", "O", "B-PER", "O", "O", "O", "O"]]
    return words, tags


TRAIN, TEST = tagged(PEOPLE[:4], PLACES[:4]), tagged(PEOPLE[3:], PLACES[3:])


def flags(tags: Any, kind: str = "B-LOC") -> Any:
    return [[tag == kind for tag in row] for row in tags]


def scorer(**options: Any) -> Any:
    return nn.text.WindowScorer(**{"learning_rate": 0.05, "epochs": 20, "dtype": "float64", **options})


def tagger(**options: Any) -> Any:
    return nn.text.WindowClassifier(
        **{
            "window": 3,
            "dimensions": 12,
            "hidden": 16,
            "learning_rate": 0.01,
            "epochs": 15,
            "dtype": "float64",
            **options,
        }
    )


# --- scorer ---------------------------------------------------------------------------------------------------------


def test_the_scorer_of_the_text_has_176_parameters_and_the_word_vectors() -> None:
    model = nn.text.WindowScorer(epochs=1).fit(TRAIN[0])
    shapes = {name: value.shape for name, value in model.model.parameters.items()}
    words = len(model.vocabulary_)
    assert shapes == {"words/weight": (words, 4), "hidden/weight": (20, 8), "hidden/bias": (8,), "score/weight": (8, 1)}
    assert sum(np.prod(shape) for name, shape in shapes.items() if name != "words/weight") == 176
    assert model.word_vectors is model.model.parameters["words/weight"]


def by_hand(model: Any, windows: Any) -> Any:
    vectors, w, b, u = model.model.parameters.values()
    x = vectors[windows].reshape(len(windows), -1)
    return (1 / (1 + np.exp(-(x @ w + b)))) @ u[:, 0]


def test_scores_and_the_loss_are_those_of_the_formula() -> None:
    model = scorer(epochs=3, margin=0.5).fit(TRAIN[0])
    vocabulary = model.vocabulary_
    windows = nn.text.windows(vocabulary.encode(TEST[0]), 5, vocabulary.borders)
    scores = model.decision_function(TEST[0])
    assert [len(row) for row in scores] == [len(row) for row in TEST[0]]
    EXACT.assert_close(np.concatenate(scores), by_hand(model, windows))
    wrong = nn.text.corrupt(windows, len(vocabulary), seed=0, epoch=3, num_special=4)
    misses = np.maximum(0.5 + by_hand(model, wrong) - by_hand(model, windows), 0)
    EXACT.assert_close(model.model.evaluate([windows, wrong])["loss"], misses.mean())
    assert model.score(TEST[0]) == np.mean(by_hand(model, windows) > by_hand(model, wrong))


def test_the_gradients_of_words_and_weights_are_those_of_differences() -> None:
    model = scorer(epochs=1).fit(TRAIN[0])
    windows = nn.text.windows(model.vocabulary_.encode(TRAIN[0][:2]), 5, model.vocabulary_.borders)
    wrong = nn.text.corrupt(windows, len(model.vocabulary_), num_special=4)
    report = nn.check_gradients(model.model, [windows, wrong], tolerance=GRADIENT)
    assert report.ok, report


def test_plain_text_tells_which_words_fit() -> None:
    untrained = scorer(learning_rate=0.0, epochs=1).fit(TRAIN[0]).score(TEST[0])
    model = scorer().fit(TRAIN[0])
    assert untrained < 0.75
    assert model.score(TEST[0]) > 0.85
    right, wrong = model.decision_function([["Ann", "lives", "in", word, "now"] for word in ("Rome", "lives")])
    assert right[3] > wrong[3]


def test_marked_words_are_told_from_others() -> None:
    model = scorer().fit(TRAIN[0], flags(TRAIN[1]))
    assert model.score(TEST[0], flags(TEST[1])) > 0.95
    for row, tags in zip(model.decision_function(TRAIN[0]), flags(TRAIN[1]), strict=True):
        assert tags[int(row.argmax())]


def test_a_scorer_is_decided_by_its_seed() -> None:
    first, again, other = (scorer(epochs=2, seed=seed).fit(TRAIN[0]) for seed in (3, 3, 4))
    assert first.model.flat_parameters.tobytes() == again.model.flat_parameters.tobytes()
    assert first.model.flat_parameters.tobytes() != other.model.flat_parameters.tobytes()


def test_sentences_of_weight_zero_teach_nothing() -> None:
    weights = np.arange(len(TRAIN[0])) % 2
    garbled = [sentence if weights[i] else sentence[::-1] for i, sentence in enumerate(TRAIN[0])]
    options: dict[str, Any] = {"vocabulary": nn.text.Vocabulary(TRAIN[0]), "trainable": False, "batch_size": 10**4}
    plain, changed = (scorer(epochs=2, **options).fit(x, None, weights) for x in (TRAIN[0], garbled))
    EXACT.assert_close(plain.model.flat_parameters, changed.model.flat_parameters)
    marked = scorer(epochs=1).fit(TRAIN[0], flags(TRAIN[1]), weights)
    assert 0 <= marked.score(TEST[0], flags(TEST[1]), np.ones(len(TEST[0]))) <= 1


# --- classifier -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case_dimensions", [0, 3])
def test_probabilities_are_those_of_the_formula(case_dimensions: int) -> None:
    model = tagger(epochs=2, case_dimensions=case_dimensions).fit(*TRAIN)
    vocabulary, p = model.vocabulary_, model.model.parameters
    x = p["words/weight"][nn.text.windows(vocabulary.encode(TEST[0]), 3, vocabulary.borders)].reshape(-1, 36)
    if case_dimensions:
        codes = [[1 if w in ",." else 4 if w[0].isupper() else 3 for w in sentence] for sentence in TEST[0]]
        x = np.hstack([x, p["cases/weight"][nn.text.windows(codes, 3)].reshape(len(x), -1)])
    hidden = np.tanh(x @ p["dense/weight"] + p["dense/bias"])
    z = hidden @ p["tags/weight"] + p["tags/bias"]
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    rows = model.predict_proba(TEST[0])
    assert [row.shape for row in rows] == [(len(sentence), 3) for sentence in TEST[0]]
    EXACT.assert_close(np.concatenate(rows), expected)
    guessed = [tag for tags in model.predict(TEST[0]) for tag in tags]
    assert guessed == model.classes_[expected.argmax(axis=1)].tolist()
    true = [tag for tags in TEST[1] for tag in tags]
    assert model.score(*TEST) == np.mean(np.array(guessed) == true)


def test_unknown_names_are_found_by_their_neighbours() -> None:
    rare = [["Xaver", "lives", "in", "Pisa", "now"]], [["B-PER", "O", "O", "B-LOC", "O"]]
    model = tagger(epochs=30).fit(TRAIN[0] + rare[0], TRAIN[1] + rare[1])
    assert "Xaver" not in model.vocabulary_
    assert nn.text.bio_f1(TEST[1], model.predict(TEST[0])).f1 > 0.95
    majority = [["O"] * len(tags) for tags in TEST[1]]
    assert nn.text.bio_f1(TEST[1], majority).f1 == 0.0


def test_how_a_word_is_written_tells_names_where_words_do_not() -> None:
    words = [["Rose", "saw", "a", "rose"], ["a", "rose", "saw", "Rose"], ["rose", "Rose"], ["Rose", "rose"]]
    tags = [["B-PER" if word == "Rose" else "O" for word in sentence] for sentence in words]
    blind = tagger(window=1, lower=True, epochs=60).fit(words, tags)
    seeing = tagger(window=1, lower=True, case_dimensions=2, epochs=60).fit(words, tags)
    assert blind.predict([["Rose"]]) == blind.predict([["rose"]])
    assert seeing.predict(words) == tags


CASES = {"Rome": 4, "A": 4, "USA": 5, "U.S.": 5, "iPod": 6, "McCoy": 6, "rome": 3, "e-mail": 3, "F-16": 5, "3.5": 2,
         "-": 1, "": 1, "\u5317": 6, "\u00c9t\u00e9": 4, "1990s": 3}  # fmt: skip


@pytest.mark.parametrize("word", CASES)
def test_how_words_are_written(word: str) -> None:
    from nncpp.text._window_classifier import _case

    assert _case(word) == CASES[word]


def test_pretrained_vectors_stay_where_they_are_not_trained() -> None:
    vocabulary = nn.text.Vocabulary(TRAIN[0])
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), 7))
    kept = tagger(vocabulary=vocabulary, pretrained=vectors, trainable=False, dimensions=None, epochs=2).fit(*TRAIN)
    assert (kept.word_vectors == vectors).all()
    moved = tagger(vocabulary=vocabulary, pretrained=vectors, dimensions=7, epochs=2).fit(*TRAIN)
    assert (moved.word_vectors != vectors).any()
    assert moved.vocabulary_ is vocabulary
    never_seen = vocabulary[vocabulary.padding]
    assert (moved.word_vectors[never_seen] == vectors[never_seen]).all()


def test_several_hidden_layers_none_and_dropout() -> None:
    deep = tagger(hidden=(8, 6), dropout=0.2, epochs=1).fit(*TRAIN)
    assert [deep.model.parameters[f"{name}/weight"].shape for name in ("dense", "dense_1", "tags")] == [
        (36, 8), (8, 6), (6, 3)]  # fmt: skip
    linear = tagger(hidden=(), epochs=1).fit(*TRAIN)
    assert set(linear.model.parameters) == {"words/weight", "tags/weight", "tags/bias"}


def test_weights_of_sentences_are_weights_of_their_words() -> None:
    weights = np.arange(1.0, len(TRAIN[0]) + 1)
    model = tagger(epochs=1).fit(*TRAIN, weights)
    right = [np.array(a) == b for a, b in zip(model.predict(TRAIN[0]), TRAIN[1], strict=True)]
    expected = sum(w * r.sum() for w, r in zip(weights, right, strict=True)) / sum(
        w * len(r) for w, r in zip(weights, right, strict=True)
    )
    EXACT.assert_close(model.score(*TRAIN, weights), expected)


def test_the_networks_go_through_a_file(tmp_path: Path) -> None:
    model = tagger(epochs=1, case_dimensions=2).fit(*TRAIN)
    model.model.save(tmp_path / "tagger.safetensors")
    loaded = nn.load(tmp_path / "tagger.safetensors")
    inputs = model._inputs(TEST[0], model.vocabulary_)
    assert loaded.predict(inputs).tobytes() == model.model.predict(inputs).tobytes()


def test_a_fit_that_fails_leaves_what_was_learned() -> None:
    for model, bad in ((tagger(epochs=1), [["O"]]), (scorer(epochs=1), [[True]])):
        model.fit(*TRAIN) if bad == [["O"]] else model.fit(TRAIN[0])
        before, words = model.model, model.vocabulary_
        with pytest.raises(nn.ShapeError):
            model.fit([["a", "b"]], bad)
        assert model.model is before
        assert model.vocabulary_ is words


def test_no_sentences_give_no_tags() -> None:
    model = tagger(epochs=1).fit(*TRAIN)
    assert model.predict([]) == []
    assert model.predict([[], ["Ann"], []])[::2] == [[], []]


def test_hyper_parameters_are_fixed_and_printed() -> None:
    model = nn.text.WindowClassifier(3, hidden=4, case_dimensions=2, learning_rate=0.5)
    assert repr(model) == "WindowClassifier(window=3, hidden=(4,), case_dimensions=2, learning_rate=0.5)"
    assert repr(nn.text.WindowScorer(margin=2, seed=1)) == "WindowScorer(margin=2.0, seed=1)"
    for name in ("window", "hidden", "learning_rate"):
        with pytest.raises(AttributeError, match="fixed"):
            setattr(model, name, 5)
    assert repr(copy.copy(model)) == repr(model)
    assert repr(pickle.loads(pickle.dumps(model))) == repr(model)
