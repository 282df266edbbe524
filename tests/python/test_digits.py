"""The digits inside the package: one hidden layer, 1348 rows to train on, 449 to test on, five seeds."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn

SEEDS = range(5)


def accuracies(digits: Any, hidden: list[Any], dtype: str = "float32") -> Any:
    """On test data. A seed decides the split, the first weights, and the order of rows."""
    found = []
    for seed in SEEDS:
        train, test = nn.datasets.split(digits, test=0.25, seed=seed)
        model = nn.Sequential([nn.Input(64), *hidden, nn.Dense(10, "softmax")], seed=seed, dtype=dtype)
        model.compile(nn.Adam(2e-3), "nllm", metrics="accuracy")
        model.fit(*train, epochs=30)
        found.append(model.evaluate(*test)["accuracy"])
    return np.array(found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_hidden_layer_reads_more_than_97_of_100_digits(dtype: str, digits: Any) -> None:
    found = accuracies(digits, [nn.Dense(128, "relu", weight_initializer="he_normal"), nn.Dropout(0.3)], dtype)
    assert found.mean() >= 0.975, found
    assert found.min() >= 0.965, found


def test_a_hidden_layer_reads_more_digits_than_none(digits: Any) -> None:
    found, linear = accuracies(digits, [nn.Dense(128, "relu")]), accuracies(digits, [])
    assert found.mean() > linear.mean() + 0.005, (found, linear)
    assert linear.mean() > 0.93, "but a linear model is not far behind"


@pytest.mark.oracle
def test_as_many_digits_are_read_as_scikit_learn_reads(digits: Any) -> None:
    neural_network = pytest.importorskip("sklearn.neural_network")
    theirs = []
    for seed in SEEDS:
        train, test = nn.datasets.split(digits, test=0.25, seed=seed)
        model = neural_network.MLPClassifier(
            128, alpha=0, batch_size=32, learning_rate_init=2e-3, max_iter=30, n_iter_no_change=30, random_state=seed
        )
        with pytest.warns(UserWarning, match="Maximum iterations"):
            model.fit(*train)
        theirs.append(model.score(*test))
    ours = accuracies(digits, [nn.Dense(128, "relu")])
    assert ours.mean() > np.mean(theirs) - 0.005, (ours, theirs)
