"""Bad input to MaxEnt, to the perceptron over features, and to templates."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Data, Early, Shape, Subject, case

TEXTS, TOPICS = ["stocks hit a low", "rain and wind", "stocks rise"], ["money", "weather", "money"]
WORD = (["in", "Rome"], 1)


def fit(features: Any, x: Any = None, y: Any = None, **options: Any) -> Callable[[Subject], Any]:
    """A fit that fails leaves no model."""

    def call(_: Subject) -> Any:
        model = nn.MaxEnt(features, method="adagrad", epochs=1)
        try:
            return model.fit(TEXTS if x is None else x, TOPICS if y is None else y, **options)
        finally:
            assert model._model is None

    return call


def made(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda _: nn.MaxEnt(*arguments, **options)


def perceptron(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda _: nn.maxent.FeaturePerceptron(*arguments, **options)


def of(template: str, datum: Any) -> Callable[[Subject], Any]:
    return lambda _: nn.maxent.template(template)(datum)


def given(**changes: Any) -> Callable[[Subject], Any]:
    options = {"classes": ["a", "b"], "weights": {"f": 1.0, ("word=x", "b"): 2.0}, **changes}
    return lambda _: nn.MaxEnt(["word", f], **options)


def f(c: Any, d: Any) -> bool:
    return bool(c == d)


def nan(c: Any, d: Any) -> Any:
    return np.nan


def word(c: Any, d: Any) -> Any:
    return "yes"


MAXENT = [
    case("no features", made([]), Data, "features", "at least one"),
    case("features as a string", made("bag of words"), TypeError, "features", "list", "bag of words"),
    case("a feature that is a number", made(["word", 3]), TypeError, "features", "template", "3 (int)"),
    case("an unknown template", made(["previous word"]), Data, "template", "'previous word'", "prev ..."),
    case("a suffix of no length", made(["suffix"]), Data, "template", "'suffix'", "suffix n"),
    case("a suffix of length 0", made(["suffix 0"]), Data, "template", "'suffix 0'"),
    case("a template before no word", made(["prev"]), Data, "template", "'prev'"),
    case("a text before another", made(["prev bag of words"]), Data, "template", "'prev bag of words'"),
    case("half a conjunction", made(["word & "]), Data, "template", "''"),
    case("a template twice", made(["word", "tag", "word"]), Data, "features", "different", "'word' twice"),
    case("a function twice", made([f, f]), Data, "features", "different", "'f' twice"),
    case("a template of no name", lambda _: nn.maxent.Template(" ", len), Data, "name", "' '"),
    case("a template named as a conjunction", lambda _: nn.maxent.Template("a & b", len), Data, "name", "&"),
    case("a template named by a number", lambda _: nn.maxent.Template(3, len), TypeError, "name", "3 (int)"),
    case("a template of no function", lambda _: nn.maxent.Template("a", 3), TypeError, "function", "3 (int)"),
    case("a template from a number", lambda _: nn.maxent.template(3), TypeError, "template", "3 (int)"),
    case("a penalty below 0", made(["word"], -1), Data, "l2", "[0, inf)", "-1"),
    case("a cut-off of 0", made(["word"], min_count=0), Data, "min_count", ">= 1", "0"),
    case("a method of another library", made(["word"], method="saga"), Data, "method", "L-BFGS-B", "saga"),
    case("a perceptron at rate 0", perceptron(["word"], rate=0), Data, "rate", "(0, inf)", "0"),
    case("a perceptron of no features", perceptron([]), Data, "features", "at least one"),
    case("a perceptron averaged in words", perceptron(["word"], averaged="yes"), TypeError, "averaged", "yes"),
    case("MaxEnt before fit", lambda _: nn.MaxEnt(["word"]).predict([WORD]), Early, "MaxEnt", "fit(x, y)"),
    case("votes before fit", lambda _: nn.MaxEnt(["word"]).explain(WORD), Early, "MaxEnt", "fit(x, y)"),
    case("lambdas before fit", lambda _: nn.MaxEnt(["word"]).weight, Early, "MaxEnt", "fit(x, y)"),
    case("a fit of one text", fit(["bag of words"], x="stocks"), TypeError, "x", "list of data", "[x]"),
    case("a fit of a generator", fit(["bag of words"], x=(t for t in TEXTS)), TypeError, "x", "list", "generator"),
    case("a fit of no data", fit(["bag of words"], x=[], y=[]), Shape, "x", "at least 1 datum"),
    case("a fit of too few labels", fit(["bag of words"], y=["money"]), Shape, "y", "(3,)", "(1,)"),
    case("a fit of one topic", fit(["bag of words"], y=["money"] * 3), Data, "y", "at least 2 classes", "money"),
    case("a fit of texts as words", fit(["word"]), TypeError, "x[0]", "word", "(tokens, position)"),
    case("a fit of numbers as texts", fit(["bag of words"], x=[*TEXTS[:2], 3]), TypeError, "x[2]", "3 (int)"),
    case("a fit of texts as mappings", fit(["entries"]), TypeError, "x[0]", "entries", "mapping"),
    case("an entry that is NaN", fit(["entries"], x=[{}, {"a": np.nan}, {}]), Data, "x[1]", "entries", "a", "nan"),
    case("an entry that is a list", fit(["entries"], x=[{"a": [1]}, {}, {}]), TypeError, "x[0]", "a", "[1] (list)"),
    case("a function that gives NaN", fit([nan]), Data, "x[0]", "nan('money', d)", "nan"),
    case("a function that gives words", fit([word]), TypeError, "x[0]", "word('money', d)", "yes"),
    case(
        "a cut-off that leaves nothing",
        lambda _: nn.MaxEnt(["bag of words"], min_count=3).fit(TEXTS, TOPICS),
        Data,
        "min_count",
        "at least 3",
        "none",
    ),
    case(
        "a perceptron of weights of zero",
        lambda _: nn.maxent.FeaturePerceptron(["bag of words"]).fit(TEXTS, TOPICS, [0, 0, 0]),
        Data,
        "sample_weight",
        "zeros",
    ),
    case("MaxEnt with weights below 0", fit(["bag of words"], sample_weight=[1, -1, 1]), Data, "sample_weight", "-1"),
    case("a word beyond the sentence", of("word", (["in"], 1)), Data, "position", "<= 0", "1"),
    case("a word before the sentence", of("word", (["in"], -1)), Data, "position", ">= 0", "-1"),
    case("a word at no place", of("word", (["in"], "in")), TypeError, "position", "whole number", "in"),
    case("a word that is a number", of("word", ([3], 0)), TypeError, "tokens", "strings", "3 (int)"),
    case("a text of numbers", of("bag of words", [3, 4]), TypeError, "tokens", "strings", "3 (int)"),
    case("tags that are a number", of("tag", (["in"], 0, 3)), TypeError, "list of tokens", "3 (int)"),
    case("weights without classes", given(classes=None), Data, "classes", "both"),
    case("classes without weights", given(weights=None), Data, "classes", "both"),
    case("weights for one class", given(classes=["a"]), Data, "classes", "at least 2", "a"),
    case("a class twice", given(classes=["a", "b", "a"]), Data, "classes", "different"),
    case("weights in a list", given(weights=[1.0]), TypeError, "weights", "mapping"),
    case("a weight of an unknown function", given(weights={"g": 1.0}), Data, "weights", "'f'", "'g'"),
    case("a weight of an unknown class", given(weights={("word=x", "c"): 1.0}), Data, "weights", "(feature, label)"),
    case("a weight that is NaN", given(weights={"f": np.nan}), Data, "weights: 'f'", "nan"),
    case("no weights", lambda _: nn.MaxEnt(["word"], classes=["a", "b"], weights={}), Data, "weights", "at least one"),
]
