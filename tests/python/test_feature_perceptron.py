"""The perceptron over features: its rule by hand, the averaged weights by the definition, that of nn.Perceptron."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core
from nncpp.maxent import FeaturePerceptron

TEXTS = ["stocks hit a yearly low", "rain and a low wind", "stocks and bonds rise", "wind turns to rain",
         "the low hit bonds", "yearly rain", "the team hit the wall", "a team of stocks"]  # fmt: skip
TOPICS = ["money", "weather", "money", "weather", "money", "weather", "sport", "sport"]


def is_long(c: str, d: Any) -> float:
    return len(d.split()) / 4 if c == "money" else 0.0


def starts_with_the(c: str, d: Any) -> bool:
    return c != "weather" and bool(d.startswith("the"))


FEATURES = ["bag of words", "n-grams 2", is_long, starts_with_the]


def joint(text: str, label: str) -> dict[Any, float]:
    """All f_i(c, d) that are not 0, counted anew."""
    words = text.split()
    names = [f"bag of words={w}" for w in words] + [f"n-grams 2={a} {b}" for a, b in pairwise(words)]
    found: dict[Any, float] = {}
    for name in names:
        found[name, label] = found.get((name, label), 0) + 1
    found |= {"is_long": is_long(label, text), "starts_with_the": float(starts_with_the(label, text))}
    return found


def naive(orders: Any, rates: Any) -> tuple[dict[Any, float], dict[Any, float], list[int]]:
    """Last and mean weights by the definition: dictionaries, and the sum of all of them after each datum."""
    weights: dict[Any, float] = {}
    total: dict[Any, float] = {}
    seen, mistakes = 0, []
    classes = sorted(set(TOPICS))
    for order in orders:
        mistakes.append(0)
        for i in order:
            scores = {c: sum(weights.get(k, 0) * v for k, v in joint(TEXTS[i], c).items()) for c in classes}
            rival = max((c for c in classes if c != TOPICS[i]), key=lambda c: scores[c])
            if scores[TOPICS[i]] <= scores[rival]:
                mistakes[-1] += 1
                for label, sign in ((TOPICS[i], 1), (rival, -1)):
                    for k, v in joint(TEXTS[i], label).items():
                        weights[k] = weights.get(k, 0) + sign * rates[i] * v
            for k, v in weights.items():
                total[k] = total.get(k, 0) + v
            seen += 1
        if mistakes[-1] == 0:
            break
    return weights, {k: v / seen for k, v in total.items()}, mistakes


def weights_of(model: FeaturePerceptron) -> dict[Any, float]:
    single = dict(zip(["is_long", "starts_with_the"], model.function_weight.tolist(), strict=True))
    return single | {
        (name, str(label)): model.weight[row, k]
        for name, row in model.columns_.items()
        for k, label in enumerate(model.classes_)
    }


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weights_are_those_of_the_definition(averaged: bool, is_weighted: bool, seed: int) -> None:
    sample_weight = np.random.default_rng(seed).uniform(0.5, 2, len(TEXTS)) if is_weighted else np.ones(len(TEXTS))
    model = FeaturePerceptron(FEATURES, averaged=averaged, rate=0.5, epochs=20, seed=seed)
    model.fit(TEXTS, TOPICS, sample_weight)
    orders = [_core.permutation(seed, "order", epoch, len(TEXTS)) for epoch in range(20)]
    last, mean, mistakes = naive(orders, 0.5 * sample_weight)
    assert model.mistakes_ == mistakes
    assert mistakes[0] > 1
    expected, found = (mean if averaged else last), weights_of(model)
    assert set(expected) <= set(found)
    for key, value in found.items():
        assert value == pytest.approx(expected.get(key, 0.0), rel=1e-12, abs=1e-14), key


def test_three_steps_by_hand() -> None:
    """x is of a, x y of b, y of a; a tie is a mistake.

    s = (0, 0): W_x = (1, -1). s(x y) = (1, -1): W_x = (0, 0), W_y = (-1, 1). s(y) = (-1, 1): W_y = (0, 0).
    """
    model = FeaturePerceptron(["bag of words"], epochs=1, shuffle=False, averaged=True)
    model.fit(["x", "x y", "y"], ["a", "b", "a"])
    assert model.mistakes_ == [3]
    np.testing.assert_allclose(model.weight, [[1 / 3, -1 / 3], [-1 / 3, 1 / 3]], rtol=0, atol=1e-15)
    last = FeaturePerceptron(["bag of words"], epochs=1, shuffle=False).fit(["x", "x y", "y"], ["a", "b", "a"])
    assert last.weight.tolist() == [[0, 0], [0, 0]]


def test_of_entries_it_is_the_perceptron_of_numbers() -> None:
    x, y = nn.datasets.digits()
    x, y = x[:200].astype(np.float64), y[:200]
    data = [{**{str(j): value for j, value in enumerate(row)}, "bias": 1.0} for row in x.tolist()]
    mine = FeaturePerceptron(["entries"], epochs=3, averaged=True, seed=5).fit(data, y)
    theirs = nn.Perceptron(epochs=3, averaged=True, seed=5).fit(x, y)
    assert mine.mistakes_ == theirs.mistakes_
    expected = {**{str(j): row for j, row in enumerate(theirs.weight)}, "bias": theirs.bias}
    for name, row in mine.columns_.items():
        np.testing.assert_allclose(mine.weight[row], expected[name], rtol=1e-12, atol=1e-12)
    assert (mine.predict(data) == theirs.predict(x)).all()


def test_scores_and_votes_have_no_probabilities(capsys: pytest.CaptureFixture[str]) -> None:
    model = FeaturePerceptron(FEATURES).fit(TEXTS, TOPICS)
    votes = model.explain(TEXTS[0])
    assert votes.probabilities is None
    np.testing.assert_allclose(model.decision_function(TEXTS[:1])[0], votes.scores, rtol=0, atol=1e-12)
    assert capsys.readouterr().out.splitlines()[-1].startswith("sum")
    assert model.score(TEXTS, TOPICS) == 1.0
