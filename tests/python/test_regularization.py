"""Every regularizer does what it claims: trainings that differ in it alone, on each of five seeds.

The data are digits: half of them are test data, some hundreds are trained on, where it says so with wrong labels. The
thresholds hold with room to spare on ten seeds.
"""

from typing import Any

import numpy as np
import pytest

import nncpp as nn

SEEDS = range(5)
ALL_SEEDS = pytest.mark.parametrize("seed", SEEDS)


def noisy_digits(digits: Any, seed: int, rows: int, wrong: float) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(x, y) to train on, with a share of labels drawn at random, and (x, y) to test on, with none."""
    (x, y), test = nn.datasets.split(digits, test=0.5, seed=seed)
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(rows) < wrong, rng.integers(10, size=rows), y[:rows])
    return (x[:rows], labels), test


def model_of(*layers: Any, seed: int, optimizer: Any = None) -> Any:
    model = nn.Sequential([nn.Input(64), *layers, nn.Dense(10, "softmax")], seed=seed)
    model.compile(nn.Adam(2e-3) if optimizer is None else optimizer, "nllm", metrics="accuracy")
    return model


# --- penalties: 600 rows, 32 units, Adam with a rate that falls to 0, as L1 needs to settle at 0 --------------------


def penalized(digits: Any, seed: int, regularizer: Any) -> tuple[Any, float]:
    """The first layer's weights, and the accuracy on test data."""
    train, test = noisy_digits(digits, seed, rows=600, wrong=0.0)
    rate = nn.schedules.LinearDecay(5e-3, duration=60 * 19, final_rate=0.0)
    model = model_of(nn.Dense(32, "relu", weight_regularizer=regularizer), seed=seed, optimizer=nn.Adam(rate))
    model.fit(*train, epochs=60)
    return model.parameters["dense/weight"], model.evaluate(*test)["accuracy"]


def share_of_zeros(weights: Any) -> float:
    return float((np.abs(weights) < 1e-3).mean())


@ALL_SEEDS
@pytest.mark.parametrize("regularizer", [nn.L1(1e-3), nn.ElasticNet(1e-3, 1e-3)], ids=["L1", "elastic net"])
def test_l1_makes_weights_zero(regularizer: Any, seed: int, digits: Any) -> None:
    """Plain: less than 1 % of the weights are. With L2 alone 14 to 24 %: those of pixels that are black in all rows."""
    weights, accuracy = penalized(digits, seed, regularizer)
    plain, plain_accuracy = penalized(digits, seed, None)
    l2, _ = penalized(digits, seed, nn.L2(1e-3))
    assert share_of_zeros(plain) < 0.02
    assert share_of_zeros(weights) > max(0.5, 2 * share_of_zeros(l2))
    assert accuracy > plain_accuracy - 0.03, "and they are not needed"


@ALL_SEEDS
def test_more_l2_makes_weights_smaller(seed: int, digits: Any) -> None:
    norms = [np.linalg.norm(penalized(digits, seed, nn.L2(factor))[0]) for factor in (0.0, 1e-3, 1e-2)]
    assert norms[1] < 0.85 * norms[0]
    assert norms[2] < 0.7 * norms[1]


@ALL_SEEDS
def test_elastic_net_makes_weights_zero_and_the_others_smaller_than_l1_does(seed: int, digits: Any) -> None:
    l1, elastic = (penalized(digits, seed, regularizer)[0] for regularizer in (nn.L1(1e-3), nn.ElasticNet(1e-3, 1e-2)))
    assert np.linalg.norm(elastic) < 0.85 * np.linalg.norm(l1)
    assert share_of_zeros(elastic) > 0.4


# --- max norm -------------------------------------------------------------------------------------------------------


class LargestNorm(nn.Callback):
    """The largest norm of a unit's incoming weights after each step."""

    def __init__(self) -> None:
        self.norms: list[float] = []

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        weights = self.model.parameters["dense/weight"].astype(np.float64)
        self.norms.append(np.linalg.norm(weights, axis=0).max())


@ALL_SEEDS
@pytest.mark.parametrize("limit", [0.5, 1.5])
def test_max_norm_bounds_every_unit_after_every_step(limit: float, seed: int, digits: Any) -> None:
    train, _ = noisy_digits(digits, seed, rows=300, wrong=0.0)
    bounded, free = LargestNorm(), LargestNorm()
    for constraint, norms in ((nn.MaxNorm(limit), bounded), (None, free)):
        model = model_of(nn.Dense(32, "relu", weight_constraint=constraint), seed=seed, optimizer=nn.Adam(1e-2))
        model.fit(*train, epochs=10, callbacks=norms)
    rounding = 1 + 64 * np.finfo(np.float32).eps
    assert max(bounded.norms) <= limit * rounding
    assert max(bounded.norms) > limit / rounding, "some unit is at the limit"
    assert max(free.norms) > 1.3 * limit, "without the constraint the norms grow beyond it"


# --- noise: 200 rows, 15 % of them with a random label, 128 units, 150 epochs ---------------------------------------


def losses(digits: Any, seed: int, *layers: Any, **options: Any) -> tuple[float, float]:
    """Loss on training data and on test data, both in prediction."""
    train, test = noisy_digits(digits, seed, rows=200, wrong=0.15)
    model = model_of(*layers, seed=seed)
    model.fit(*train, **{"epochs": 150, **options})
    return model.evaluate(*train)["loss"], model.evaluate(*test)["loss"]


@ALL_SEEDS
@pytest.mark.parametrize("kind", ["Dropout", "GaussianNoise"])
def test_noise_in_training_closes_the_gap_between_training_and_test(kind: str, seed: int, digits: Any) -> None:
    noisy = {
        "Dropout": [nn.Dropout(0.2), nn.Dense(128, "relu"), nn.Dropout(0.5)],
        "GaussianNoise": [nn.GaussianNoise(0.3), nn.Dense(128, "relu")],
    }
    train, test = losses(digits, seed, nn.Dense(128, "relu"))
    noisy_train, noisy_test = losses(digits, seed, *noisy[kind])
    assert noisy_test - noisy_train < 0.6 * (test - train)
    assert noisy_test < 0.95 * test, "not only because the training data are fitted worse"


# --- early stopping -------------------------------------------------------------------------------------------------


@ALL_SEEDS
def test_early_stopping_keeps_the_best_of_a_training_that_goes_on_too_long(seed: int, digits: Any) -> None:
    train, (x, y) = noisy_digits(digits, seed, rows=200, wrong=0.15)
    held_out, test = (x[:200], y[:200]), (x[200:], y[200:])
    stopped, whole = (model_of(nn.Dense(128, "relu"), seed=seed) for _ in range(2))
    history = stopped.fit(*train, epochs=150, validation_data=held_out, callbacks=nn.EarlyStopping(patience=10))
    whole.fit(*train, epochs=150)
    assert history.epochs < 150
    assert stopped.evaluate(*held_out)["loss"] == min(history["val_loss"])
    assert stopped.evaluate(*test)["loss"] < 0.95 * whole.evaluate(*test)["loss"]


# --- batch normalization: 800 rows, 4 layers of 32 units, 25 epochs, first weights of a hundredth -------------------


def deep(seed: int, is_normalized: bool) -> Any:
    layers: list[Any] = []
    for _ in range(4):
        layers.append(nn.Dense(32, use_bias=not is_normalized, weight_initializer=nn.initializers.Normal(0.01)))
        layers += [nn.BatchNorm()] if is_normalized else []
        layers.append(nn.Activation("relu"))
    return model_of(*layers, seed=seed, optimizer=nn.SGD(0.1))


@ALL_SEEDS
def test_batch_norm_trains_from_weights_that_are_too_small(seed: int, digits: Any) -> None:
    train, test = noisy_digits(digits, seed, rows=800, wrong=0.0)
    accuracy = {}
    for is_normalized in (True, False):
        model = deep(seed, is_normalized)
        model.fit(*train, epochs=25)
        accuracy[is_normalized] = model.evaluate(*test)["accuracy"]
    assert accuracy[False] < 0.2, "the signal is lost on its way, and chance is 10 %"
    assert accuracy[True] > 0.9


@ALL_SEEDS
def test_batch_norm_predicts_by_running_statistics(seed: int, digits: Any) -> None:
    (x, y), _ = noisy_digits(digits, seed, rows=800, wrong=0.0)
    model = deep(seed, is_normalized=True)
    model.fit(x, y, epochs=25)
    first = x.astype(np.float64) @ model.parameters["dense/weight"]
    mean, var = (model.state[f"batch_norm/running_{name}"] for name in ("mean", "var"))
    assert np.abs(mean - first.mean(axis=0)).max() < 0.3 * first.std(axis=0).max(), "those of all rows, nearly"
    np.testing.assert_allclose(var, first.var(axis=0), rtol=0.4)
    alone = np.concatenate([model.predict(x[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(alone, model.predict(x)[:20], rtol=1e-5, atol=1e-6)
