"""Sequences, tokens and sparse rows where they meet other parts of the engine: models with and without a time axis side
by side, data that changes during a call, rows that wait for their turn."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp._sparse import SparseRows

N, T, D, H = 7, 5, 3, 4
LENGTHS = np.array([5, 1, 3, 5, 2, 4, 1])


def recurrent(returns: bool) -> dict[str, Any]:
    return {
        "gru": nn.GRU(H, return_sequences=returns),
        "lstm": nn.LSTM(H, return_sequences=returns),
        "both": nn.Bidirectional(nn.SimpleRNN(H, return_sequences=returns)),
    }


def with_weights_of(model: Any, other: Any) -> Any:
    for mine, theirs in zip(model.parameters.values(), other.parameters.values(), strict=True):
        mine[...] = theirs
    return model


@pytest.mark.parametrize("returns", [False, True])
@pytest.mark.parametrize("kind", recurrent(False))
def test_recurrent_layers_read_what_has_no_time_axis_of_its_own(
    kind: str, returns: bool, rng: np.random.Generator
) -> None:
    x, y = rng.normal(size=(N, T, D)), rng.normal(size=(N, 2))
    tail = [] if not returns else [nn.GlobalMaxPool1D()]
    plain = nn.Sequential([nn.Input((T, D)), recurrent(returns)[kind], *tail, nn.Dense(2)], dtype="float64")
    flat = nn.Input(T * D)
    h = nn.ops.reshape(flat, (T, D))
    for layer in [recurrent(returns)[kind], *tail, nn.Dense(2)]:
        h = layer(h)
    shaped = with_weights_of(nn.Model(flat, h, dtype="float64"), plain)
    for model in (plain, shaped):
        model.compile(nn.SGD(0.1), "squared")
    rows = x.reshape(N, T * D)
    for part in (slice(N), slice(2), slice(N)):  # the same plan with batches of other sizes
        np.testing.assert_array_equal(shaped.predict(rows[part]), plain.predict(x[part]))
    assert shaped.train_on_batch(rows, y) == plain.train_on_batch(x, y)
    for mine, theirs in zip(shaped.parameters.values(), plain.parameters.values(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_recurrent_layer_reads_what_a_convolution_gives(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(N, T, D)), rng.integers(0, 2, N)
    model = nn.Sequential([nn.Input((T, D)), nn.Conv1D(4, 3), nn.GRU(H), nn.Dense(2, "softmax")], dtype="float64")
    model.compile(nn.SGD(0.1), "nllm")
    each = np.concatenate([model.predict(x[i : i + 1]) for i in range(N)])
    np.testing.assert_allclose(model.predict(x), each, rtol=1e-13)
    assert nn.check_gradients(model, x, y).ok


def test_lengths_are_of_the_inputs_with_steps_alone(rng: np.random.Generator) -> None:
    steps, flat = nn.Input((T, D)), nn.Input(T * D)
    whole = nn.GRU(H)(nn.ops.reshape(flat, (T, D)))
    model = nn.Model([steps, flat], [nn.GRU(H)(steps), whole], dtype="float64")
    x = [rng.normal(size=(N, T, D)), rng.normal(size=(N, T * D))]
    without = model.predict(x)
    for _ in range(2):
        packed = model.predict(x, lengths=LENGTHS)
        np.testing.assert_array_equal(packed[1], without[1])
        for i, length in enumerate(LENGTHS):
            alone = model.predict([x[0][i : i + 1], x[1][i : i + 1]], lengths=[length])
            np.testing.assert_allclose(packed[0][i], alone[0][0], rtol=1e-13)
        np.testing.assert_array_equal(model.predict(x)[0], without[0])


def test_two_outputs_are_compared_step_by_step_or_not_at_all(rng: np.random.Generator) -> None:
    x = [rng.normal(size=(N, T, D)), rng.normal(size=(N, T, D))]
    a, b = nn.Input((T, D)), nn.Input((T, D))
    score = nn.Dense(1)
    model = nn.Model([a, b], [score(a), score(b)], dtype="float64")
    model.compile("sgd", "max_margin")
    packed, gradients = model.loss_and_gradients(x, lengths=LENGTHS)
    counts = np.arange(T) < LENGTHS[:, None]
    first, second = (model.predict(x)[k][counts] for k in (0, 1))
    np.testing.assert_allclose(packed, np.mean(np.maximum(0, 1 - first + second)), rtol=1e-13)
    active = (1 - first + second > 0) / counts.sum()
    expected = active.T @ (x[1][counts] - x[0][counts])
    np.testing.assert_allclose(gradients["dense/weight"], expected.T, rtol=1e-12, atol=1e-15)

    flat = nn.Input(T)
    rows = nn.ops.reshape(nn.Dense(T)(flat), (T, 1))
    mixed = nn.Model([a, flat], [nn.Dense(1)(a), rows])
    mixed.compile("sgd", "max_margin")
    with pytest.raises(nn.DataError, match=r"compares dense and reshape, only one of which has steps"):
        mixed.loss_and_gradients([x[0], x[1][:, :, 0]], lengths=LENGTHS)


def test_targets_have_the_steps_of_their_output(rng: np.random.Generator) -> None:
    model = nn.Sequential([nn.Input((T, 2, D)), nn.Dense(3, "softmax")])
    model.compile("sgd", "nllm")
    x, labels = rng.normal(size=(N, T, 2, D)), rng.integers(0, 3, (N, T, 2))
    assert np.isfinite(model.evaluate(x, labels, lengths=LENGTHS)["loss"])
    with pytest.raises(nn.ShapeError, match=rf"y: expected {T} steps for dense, got \({N}, 2, {T}\)"):
        model.evaluate(x, labels.transpose(0, 2, 1), lengths=LENGTHS)


class Spoil(nn.Callback):
    """Writes into the caller's arrays while fit reads them."""

    def __init__(self, indptr: Any, value: int) -> None:
        self.indptr, self.value = indptr, value

    def on_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self.indptr[9] = self.value


@pytest.mark.parametrize("value", [10**12, -1, 1])
def test_sparse_rows_that_change_during_fit_are_told(value: int, rng: np.random.Generator) -> None:
    entries = rng.permuted(np.tile(np.arange(30), (16, 1)), axis=1)[:, :4]
    x = SparseRows(rng.normal(size=64), np.sort(entries).ravel(), np.arange(0, 65, 4), (16, 30))
    model = nn.Sequential([nn.Input(30, sparse=True), nn.Dense(1)], dtype="float64")
    model.compile("adam", "squared")
    with pytest.raises(nn.DataError, match="expected indptr to ascend to 64"):
        model.fit(x, np.ones(16), batch_size=8, shuffle=False, callbacks=[Spoil(x.indptr, value)])
    assert all(np.isfinite(p).all() for p in model.parameters.values())


def embedder(regularizer: Any = None) -> Any:
    layers = [nn.Input(4, dtype="int64"), nn.Embedding(4000, 8, weight_regularizer=regularizer, name="e")]
    model = nn.Sequential([*layers, nn.Flatten(), nn.Dense(1)], seed=2, dtype="float64")
    model.compile(nn.Adam(0.02), "squared")
    return model


def test_predictions_are_of_rows_that_are_up_to_date(rng: np.random.Generator) -> None:
    rows, whole = embedder(), embedder(nn.L2(1e-300))  # a penalty that rounds to 0: all rows take part in each step
    everything = np.arange(4000).reshape(-1, 4)
    for _ in range(12):
        x, y = rng.integers(0, 4000, (8, 4)), rng.normal(size=(8, 1))
        rows.train_on_batch(x, y)
        whole.train_on_batch(x, y)
    np.testing.assert_allclose(rows.predict(everything), whole.predict(everything), rtol=1e-10, atol=1e-13)


def test_threads_that_predict_bring_rows_up_to_date_once(rng: np.random.Generator) -> None:
    model, everything = embedder(), np.arange(4000).reshape(-1, 4)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            model.train_on_batch(rng.integers(0, 4000, (8, 4)), rng.normal(size=(8, 1)))
            found = list(pool.map(lambda _: model.predict(everything), range(4)))
            for values in found:
                np.testing.assert_array_equal(values, model.predict(everything))


def test_gradients_between_steps_leave_no_trace(rng: np.random.Generator) -> None:
    """All plans of a model share the vector of gradients, which is 0 but in the rows of the last batch."""
    alone, watched = embedder(), embedder()
    for step in range(8):
        x, y = rng.integers(0, 4000, (8, 4)), rng.normal(size=(8, 1))
        others = rng.integers(0, 4000, (40 if step % 2 else 3, 4))
        alone.parameters  # noqa: B018  # settles, as those of the watched one do
        watched.loss_and_gradients(others, np.ones((len(others), 1)), inputs=True)
        watched.explain_backward(others[:2], np.ones((2, 1)))
        assert alone.train_on_batch(x, y) == watched.train_on_batch(x, y)
    for mine, theirs in zip(alone.parameters.values(), watched.parameters.values(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_step_that_is_not_taken_leaves_the_next_one_right(rng: np.random.Generator) -> None:
    alone, broken = embedder(), embedder()
    for _ in range(4):
        x, y = rng.integers(0, 4000, (8, 4)), rng.normal(size=(8, 1))
        with pytest.raises(nn.NncppError, match="not taken"):
            broken.train_on_batch(rng.integers(0, 4000, (8, 4)), np.full((8, 1), 1e200))
        alone.parameters  # noqa: B018
        broken.parameters  # noqa: B018
        assert alone.train_on_batch(x, y) == broken.train_on_batch(x, y)
    for mine, theirs in zip(alone.parameters.values(), broken.parameters.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-15)
