"""Language models: perplexity, and text that is drawn from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nncpp as nn

V, T = 5, 6


def chain(transition: Any) -> nn.Model:
    """A model whose prediction is a given row of probabilities for each token."""
    transition = np.asarray(transition, np.float64)
    size = len(transition)
    model = nn.Sequential(
        [
            nn.Input(T, dtype="int64"),
            nn.Embedding(size, size, pretrained=np.log(transition)),
            nn.Activation("softmax"),
        ],
        dtype="float64",
    )
    model.compile(loss="nllm", metrics="perplexity")
    return model


@pytest.fixture
def transition() -> Any:
    p = np.random.default_rng(3).uniform(0.05, 1, (V, V))
    return p / p.sum(axis=1, keepdims=True)


def test_perplexity_is_the_exponential_of_the_mean_surprise(transition: Any) -> None:
    random = np.random.default_rng(0)
    x, y = random.integers(0, V, (7, T)), random.integers(0, V, (7, T))
    expected = np.exp(-np.log(transition[x, y]).mean())
    model = chain(transition)
    assert model.evaluate(x, y)["perplexity"] == pytest.approx(expected, rel=1e-12)
    metric = nn.metrics.Perplexity()
    assert metric(y, model.predict(x), loss="nllm") == pytest.approx(expected, rel=1e-12)


def test_perplexity_is_of_the_steps_that_count(transition: Any) -> None:
    random = np.random.default_rng(1)
    x, y, lengths = random.integers(0, V, (7, T)), random.integers(0, V, (7, T)), random.integers(1, T + 1, 7)
    counts = np.arange(T) < lengths[:, None]
    expected = np.exp(-np.log(transition[x[counts], y[counts]]).mean())
    y[~counts] = -1
    model = chain(transition)
    assert model.evaluate(x, y, lengths=lengths)["perplexity"] == pytest.approx(expected, rel=1e-12)
    p = model.predict(x, lengths=lengths)
    assert nn.metrics.Perplexity()(y, p, loss="nllm", lengths=lengths) == pytest.approx(expected, rel=1e-12)


def test_perplexity_is_told_while_training(transition: Any) -> None:
    model = chain(transition)
    x = np.random.default_rng(2).integers(0, V, (8, T))
    history = model.fit(x, x, epochs=2, validation_data=(x, x))
    np.testing.assert_allclose(history["perplexity"], np.exp(history["loss"]), rtol=1e-12)
    np.testing.assert_allclose(history["val_perplexity"], np.exp(history["val_loss"]), rtol=1e-12)


def test_perplexity_of_an_impossible_class_is_infinite() -> None:
    assert nn.metrics.Perplexity()([1], [[1.0, 0.0]], loss="nllm") == np.inf


@pytest.mark.parametrize("loss", [nn.losses.NLLM(label_smoothing=0.1), "kl"])
def test_perplexity_goes_with_the_mean_of_minus_log_p_only(loss: Any) -> None:
    model = nn.Sequential([nn.Input(2), nn.Dense(3, "softmax")])
    with pytest.raises(nn.DataError, match="perplexity needs the loss nllm without label smoothing, dense has"):
        model.compile(loss=loss, metrics="perplexity")


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_as_often_as_the_model_says(transition: Any, temperature: float) -> None:
    expected = transition[2] ** (1 / temperature)
    expected /= expected.sum()
    p = np.tile(transition[2], (V, 1))  # the same for every token: draws are independent
    draws = nn.text.sample(chain(p), [0], 4000, temperature=temperature, seed=1)
    frequency = np.bincount(draws, minlength=V) / len(draws)
    deviation = np.sqrt(expected * (1 - expected) / len(draws))
    assert (abs(frequency - expected) < 4 * deviation).all()


def test_each_token_depends_on_those_before_it(transition: Any) -> None:
    draws = nn.text.sample(chain(transition), [1], 6000, seed=2)
    pairs = np.zeros((V, V))
    np.add.at(pairs, (draws[:-1], draws[1:]), 1)
    np.testing.assert_allclose(pairs / pairs.sum(axis=1, keepdims=True), transition, atol=0.06)


def test_a_low_temperature_takes_the_most_probable_token(transition: Any) -> None:
    expected, token = [], 3
    for _ in range(20):
        token = int(transition[token].argmax())
        expected.append(token)
    assert nn.text.sample(chain(transition), [0, 3], 20, temperature=1e-3).tolist() == expected


def test_a_draw_is_a_function_of_its_seed(transition: Any) -> None:
    model = chain(transition)
    first = nn.text.sample(model, [0], 50, seed=5)
    assert first.dtype == np.int64
    np.testing.assert_array_equal(nn.text.sample(model, [0], 50, seed=5), first)
    np.testing.assert_array_equal(nn.text.sample(model, [0], 20, seed=5), first[:20])
    assert (nn.text.sample(model, [0], 50, seed=6) != first).any()


def test_a_start_longer_than_the_model_sees_counts_by_its_end(transition: Any) -> None:
    model = chain(transition)
    long, short = [4] * 20 + [1, 2, 3, 0, 1, 2], [1, 2, 3, 0, 1, 2]
    np.testing.assert_array_equal(nn.text.sample(model, long, 9), nn.text.sample(model, short, 9))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([], 3), {}, nn.DataError, "start: expected at least one token"),
        (([0.5], 3), {}, TypeError, "start: expected whole numbers"),
        (([[0]], 3), {}, nn.ShapeError, "start: expected a sequence of tokens"),
        (([V], 3), {}, nn.DataError, "expected tokens 0 ... 4, got 5"),
        (([0], 0), {}, nn.DataError, "count: expected"),
        (([0], 3), {"temperature": 0}, nn.DataError, "temperature: expected"),
        (([0], 3), {"temperature": float("nan")}, nn.DataError, "temperature: expected"),
        (([0], 3), {"seed": -1}, nn.DataError, "seed: expected"),
    ],
)
def test_what_cannot_be_drawn(
    transition: Any, arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.text.sample(chain(transition), *arguments, **options)


def test_a_model_that_predicts_no_next_token() -> None:
    model = nn.Sequential([nn.Input(3), nn.Dense(2, "softmax")])
    with pytest.raises(nn.ShapeError, match=r"model: expected tokens \(T,\) to probabilities \(T, V\), got \(3,\)"):
        nn.text.sample(model, [0], 1)
    with pytest.raises(TypeError, match="model: expected a model, got str"):
        nn.text.sample("model", [0], 1)  # type: ignore[arg-type]
