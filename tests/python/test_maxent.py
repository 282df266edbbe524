"""MaxEnt: the numbers of the text, the gradient of its objective, votes, many features, scikit-learn's solution."""

import ast
import re
import textwrap
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn

pytest.importorskip("scipy")

QUEBEC = (["in", "Québec"], 1)
CLASSES = ["LOCATION", "DRUG", "PERSON"]
PRINTED = [0.586, 0.238, 0.176]
EXACT = [0.5855610465820337, 0.2380713554662065, 0.17636759795175985]  # exp(1.2), exp(0.3), 1 over their sum


def in_capitalized(c: str, d: Any) -> bool:
    tokens, i = d
    return c == "LOCATION" and tokens[i - 1] == "in" and tokens[i][0].isupper()


def accented(c: str, d: Any) -> bool:
    return c == "LOCATION" and "é" in d[0][d[1]]


def ends_in_c(c: str, d: Any) -> bool:
    return c == "DRUG" and bool(d[0][d[1]].endswith("c"))


FUNCTIONS = [in_capitalized, accented, ends_in_c]


def in_quebec(kind: str) -> nn.MaxEnt:
    """The same model three times: by functions, by templates, and by some of each."""
    functions = {"in_capitalized": 1.8, "accented": -0.6, "ends_in_c": 0.3}
    templates = {("prev word=in & is capitalized", "LOCATION"): 1.8, ("has accented letter", "LOCATION"): -0.6,
                 ("suffix 1=c", "DRUG"): 0.3}  # fmt: skip
    names = ["prev word & is capitalized", "has accented letter", "suffix 1"]
    if kind == "functions":
        return nn.MaxEnt(FUNCTIONS, classes=CLASSES, weights=functions)
    if kind == "templates":
        return nn.MaxEnt(names, classes=CLASSES, weights=templates)
    first, second = list(templates.items())[:1], list(functions.items())[1:]
    return nn.MaxEnt([names[0], *FUNCTIONS[1:]], classes=CLASSES, weights=dict([*first, *second]))


@pytest.mark.parametrize("kind", ["functions", "templates", "both"])
def test_probabilities_of_in_quebec_are_those_printed(kind: str) -> None:
    model = in_quebec(kind)
    np.testing.assert_allclose(model.predict_proba([QUEBEC])[0], PRINTED, rtol=0, atol=0.00051)
    np.testing.assert_allclose(model.predict_proba([QUEBEC])[0], EXACT, rtol=0, atol=1e-12)
    others = [(["in", "Arcadia"], 1), (["taking", "Zantac"], 1), (["saw", "Sue"], 1)]
    z = np.array([[1.8, 0, 0], [0, 0.3, 0], [0, 0, 0]])
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(others), expected, rtol=0, atol=1e-12)
    assert model.predict([QUEBEC, *others[:2]]).tolist() == ["LOCATION", "LOCATION", "DRUG"]


@pytest.mark.parametrize("kind", ["functions", "templates", "both"])
def test_votes_are_weights_times_features(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    votes = in_quebec(kind).explain(QUEBEC)
    assert [vote.votes.tolist() for vote in votes.entries] == [[1.8, 0, 0], [-0.6, 0, 0], [0, 0.3, 0]]
    np.testing.assert_allclose(votes.scores, [1.2, 0.3, 0], rtol=0, atol=1e-15)
    assert votes.probabilities is not None
    np.testing.assert_allclose(votes.probabilities, EXACT, rtol=0, atol=1e-12)
    printed = capsys.readouterr().out
    assert printed == f"{votes}\n"
    lines = printed.splitlines()
    assert lines[0].split() == CLASSES
    assert lines[-2].split() == ["sum", "1.200", "0.300", "0.000"]
    assert lines[-1].split() == ["P", "0.586", "0.238", "0.176"]


def test_the_table_of_votes_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"feature {i}" for i in range(30)]
    data = [{name: float(i + 1) for name in names} for i in range(8)]
    votes = nn.MaxEnt(["entries"], l2=0.1).fit(data, list("abcdefgh")).explain(data[0])
    lines = capsys.readouterr().out.splitlines()
    assert len(votes.entries) == 30
    assert len(lines) == 1 + 20 + 3
    assert lines[-3].startswith("10 more")
    assert len(lines[0].split()) == 6
    columns = np.array([[float(cell) for cell in re.findall(r" (-?\d+\.\d{3})\b", line)] for line in lines[1:-1]])
    np.testing.assert_allclose(columns[:-1].sum(axis=0), columns[-1], rtol=0, atol=0.0005 * 22)


# --- the objective ----------------------------------------------------------------------------------------------------


SENTENCE = "the old man of the sea saw a great white whale near Nantucket and the whale saw the old man"
WORDS = SENTENCE.split()


def few() -> tuple[list[Any], list[str]]:
    """Words in their sentence, in three classes by their lengths."""
    return [(WORDS, i) for i in range(len(WORDS))], ["abc"[min(len(word), 7) // 3] for word in WORDS]


def long_word(c: str, d: Any) -> float:
    return len(d[0][d[1]]) / 5 if c == "c" else 0.0


def not_b(c: str, d: Any) -> bool:
    return c != "b" and d[1] % 2 == 0


def objective(model: nn.MaxEnt, data: list[Any], labels: list[str], weights: Any) -> Callable[[Any], float]:
    """J of all weights in one vector, from the formula: every f_i(c, d) by itself."""
    phi = model._features.encode(data, model.columns_).toarray()
    f = np.array([[[g(c, d) for g in model._features.functions.values()] for c in model.classes_] for d in data])
    right = np.searchsorted(model.classes_, labels)

    def j(theta: Any) -> float:
        w, lam = theta[: model.weight.size].reshape(model.weight.shape), theta[model.weight.size :]
        s = phi @ w + f @ lam
        log_p = s[np.arange(len(s)), right] - np.log(np.exp(s).sum(axis=1))
        return float(-np.average(log_p, weights=weights) + model.l2 / 2 * theta @ theta)

    return j


def test_the_gradient_vanishes_where_fit_ends_and_only_there() -> None:
    data, labels = few()
    weights = np.random.default_rng(0).uniform(0.5, 2, size=len(data))
    model = nn.MaxEnt(["prev word", "suffix 2", long_word, not_b], l2=0.03, tolerance=1e-10)
    model.fit(data, labels, weights)
    theta = np.concatenate([model.weight.ravel(), model.function_weight])
    j = objective(model, data, labels, weights)
    assert np.abs(nn.numerical_gradient(j, theta)).max() < 1e-8
    assert np.abs(nn.numerical_gradient(j, np.zeros_like(theta))).max() > 0.01
    assert model.result_.loss == pytest.approx(j(theta), rel=1e-12)


def test_the_gradient_is_that_of_central_differences() -> None:
    data, labels = few()
    model = nn.MaxEnt(["prev word", "suffix 2", long_word, not_b], l2=0.03, max_iterations=1).fit(data, labels)
    rng = np.random.default_rng(1)
    model.weight[...], model.function_weight[...] = rng.normal(size=model.weight.shape), rng.normal(size=2)
    inputs = {"templates_input": model._features.encode(data, model.columns_),
              "functions_input": model._features.values(data, model.classes_.tolist())}  # fmt: skip
    loss, gradients = model.model.loss_and_gradients(inputs, np.searchsorted(model.classes_, labels))
    mine = np.concatenate([gradients["templates/weight"].ravel(), gradients["functions/weight"].ravel()])
    theta = np.concatenate([model.weight.ravel(), model.function_weight])
    j = objective(model, data, labels, None)
    assert loss == pytest.approx(j(theta), rel=1e-12)
    numerical = nn.numerical_gradient(j, theta)
    np.testing.assert_allclose(mine, numerical, rtol=1e-7, atol=1e-9)


def test_a_function_for_each_pair_is_the_template() -> None:
    """f(c, d) = [c = c_k] phi_j(d) for all k and j, written out, has the weights of the template's features."""
    data, labels = few()
    template = nn.MaxEnt(["suffix 1"], l2=0.05, tolerance=1e-9).fit(data, labels)
    pairs = [(name, label) for name in template.columns_ for label in template.classes_]

    def function(name: str, label: str) -> Callable[[str, Any], bool]:
        return lambda c, d: c == label and f"suffix 1={d[0][d[1]][-1]}" == name

    functions = nn.MaxEnt([function(*pair) for pair in pairs], l2=0.05, tolerance=1e-9).fit(data, labels)
    np.testing.assert_allclose(functions.function_weight, template.weight.ravel(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(functions.predict_proba(data), template.predict_proba(data), rtol=0, atol=1e-7)


def test_optimizers_come_to_the_same_minimum() -> None:
    data, labels = few()
    options: dict[str, Any] = {"l2": 0.1, "batch_size": len(data), "epochs": 3000}
    expected = nn.MaxEnt(["suffix 2", not_b], l2=0.1, tolerance=1e-9).fit(data, labels).predict_proba(data)
    for update in ("exact", "lazy"):
        method = nn.AdaGrad(0.5, update=update)
        model = nn.MaxEnt(["suffix 2", not_b], method=method, **options).fit(data, labels)
        np.testing.assert_allclose(model.predict_proba(data), expected, rtol=0, atol=1e-4, err_msg=update)


def test_fit_replaces_what_was_set_and_failure_changes_nothing() -> None:
    model = in_quebec("both")
    with pytest.raises(nn.DataError, match="at least 2 classes"):
        model.fit([QUEBEC], ["LOCATION"])
    np.testing.assert_allclose(model.predict_proba([QUEBEC])[0], EXACT, rtol=0, atol=1e-12)
    model.fit([QUEBEC, (["saw", "Sue"], 1)], ["LOCATION", "PERSON"])
    assert model.classes_.tolist() == ["LOCATION", "PERSON"]
    assert model.predict([QUEBEC, (["saw", "Sue"], 1)]).tolist() == ["LOCATION", "PERSON"]


def test_data_of_weight_2_count_twice() -> None:
    data, labels = few()
    twice = nn.MaxEnt(["suffix 2"], l2=0.1, tolerance=1e-9).fit([*data, data[0]], [*labels, labels[0]])
    weighted = nn.MaxEnt(["suffix 2"], l2=0.1, tolerance=1e-9).fit(data, labels, [2.0, *[1.0] * (len(data) - 1)])
    np.testing.assert_allclose(weighted.weight, twice.weight, rtol=0, atol=1e-6)
    assert weighted.score(data, labels, [2.0] * len(data)) == weighted.score(data, labels)


# --- many features ----------------------------------------------------------------------------------------------------


MANY = """
    import resource, time
    import numpy as np
    import nncpp as nn
    y = np.arange(20_000) % 2
    data = [{f"f{j}": 1.0 for j in range(50 * i, 50 * (i + 1))} for i in range(20_000)]
    for entries, is_yes in zip(data, y):
        entries["yes" if is_yes else "no"] = 1.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    method = nn.AdaGrad(0.5, update="lazy")
    model = nn.MaxEnt(["entries"], method=method, epochs=1, batch_size=64).fit(data, y)
    assert model.weight.shape == (1_000_002, 2)
    assert model.score([{"yes": 1.0}, {"no": 1.0}], [1, 0]) == 1.0
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, time.process_time() - start)
"""


def test_a_million_features_need_no_dense_matrix(interpreter: Callable[..., str]) -> None:
    """20,000 data and 1,000,002 features would be 149 GB; entries, names and moments are some hundred MB."""
    megabytes, seconds = map(float, interpreter(textwrap.dedent(MANY)).split())
    assert megabytes < 500
    assert seconds < 30


def test_memory_of_a_matrix_grows_with_its_entries() -> None:
    data = [{f"f{j}": 1.0 for j in range(20 * i, 20 * (i + 1))} for i in range(300)]
    features = nn.MaxEnt(["entries"])._features
    tracemalloc.start()
    columns, rows = features.learn(data, 1)
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows.shape == (300, 6000)
    assert len(rows.data) == 300 * 20
    del columns
    assert peak < 2 * 2**20, "a dense matrix is 13.7 MB"
    assert size <= peak


# --- scikit-learn -----------------------------------------------------------------------------------------------------


def sentences(module: str) -> list[str]:
    """Of the docstrings of a module of the standard library."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    nodes = ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds)]
    return [entry for text in texts for entry in re.split(r"[.:]\s+", text.lower()) if len(entry.split()) > 3]


@pytest.mark.oracle
@pytest.mark.parametrize("l2", [1e-2, 1e-3])
def test_probabilities_of_real_text_are_those_of_scikit_learn(l2: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    feature_extraction = pytest.importorskip("sklearn.feature_extraction")
    modules = ["_pydecimal", "statistics", "argparse", "difflib"]
    found = [(text, module) for module in modules for text in sentences(module)]
    x, y = (list(part) for part in zip(*found, strict=True))
    assert len(x) > 400
    mine = nn.MaxEnt(["bag of words", "n-grams 2"], l2=l2, min_count=2, tolerance=1e-8).fit(x[::2], y[::2])
    # their features are counted by code of their own
    words = [text.split() for text in x]
    grams = [w + [" ".join(pair) for pair in pairwise(w)] for w in words]
    vectorizer = feature_extraction.text.CountVectorizer(analyzer=list, min_df=2)
    train, test = vectorizer.fit_transform(grams[::2]), vectorizer.transform(grams[1::2])
    assert train.shape[1] == len(mine.columns_) > 500
    theirs = linear_model.LogisticRegression(
        C=1 / (l2 * len(x[::2])), fit_intercept=False, solver="lbfgs", tol=1e-9, max_iter=10_000
    ).fit(train, y[::2])
    assert mine.classes_.tolist() == theirs.classes_.tolist()
    np.testing.assert_allclose(mine.predict_proba(x[::2]), theirs.predict_proba(train), rtol=0, atol=1e-4)
    np.testing.assert_allclose(mine.predict_proba(x[1::2]), theirs.predict_proba(test), rtol=0, atol=1e-4)
    assert mine.score(x[1::2], y[1::2]) == pytest.approx(theirs.score(test, y[1::2]), abs=1e-12)
