"""nn.Embedding and inputs of tokens, against NumPy's indexing and np.add.at."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot
from tolerances import ROUNDING, TRAINING


def tokens(vocabulary: int, *shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, vocabulary, shape)


def window_model(dtype: str = "float64", **options: Any) -> Any:
    """Classes of windows of 5 tokens of 20."""
    layers = [nn.Embedding(20, 4, name="words", **options), nn.Flatten(), nn.Dense(6, "tanh"), nn.Dense(3, "softmax")]
    model = nn.Sequential([nn.Input(5, dtype="int64"), *layers], seed=3, dtype=dtype)
    model.compile(nn.SGD(0.1), "nllm", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(7,), (4, 5), (3, 2, 4)], ids=str)
def test_it_is_indexing_and_its_gradient_is_a_sum_over_places(dtype: str, shape: tuple[int, ...]) -> None:
    u = tokens(11, 6, *shape)
    model = nn.Sequential([nn.Input(shape, dtype="int64"), nn.Embedding(11, 3, name="e")], dtype=dtype, seed=1)
    weight = model.parameters["e/weight"]
    assert (model.predict(u) == weight[u]).all()
    model.compile(loss="squared")
    y = np.random.default_rng(1).normal(size=(*u.shape, 3))
    loss, gradients = model.loss_and_gradients(u, y)  # a mean over places
    error = weight[u].astype(np.float64) - y
    expected = np.zeros((11, 3))
    np.add.at(expected, u, 2 * error / u.size)
    ROUNDING[dtype].assert_close(loss, (error**2).sum() / u.size)
    ROUNDING[dtype].assert_close(gradients["e/weight"], expected)
    assert not gradients["e/weight"][np.setdiff1d(np.arange(11), u)].any()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "list"])
def test_tokens_of_any_whole_type_are_the_same(dtype: str) -> None:
    model, x, y = window_model(), tokens(20, 30, 5), tokens(3, 30)
    given = x.tolist() if dtype == "list" else np.asfortranarray(x.astype(dtype))
    assert (model.predict(given) == model.predict(x)).all()
    twin = copy.deepcopy(model)
    twin.fit(x, y, epochs=2)
    model.fit(given, y, epochs=2)
    assert snapshot(twin) == snapshot(model)


def test_windows_are_trained_as_numpy_trains_them() -> None:
    model, x, y = window_model(), tokens(20, 8, 5), tokens(3, 8)
    p = {name: values.copy() for name, values in model.parameters.items()}
    for _ in range(20):
        model.train_on_batch(x, y)
        u = p["words/weight"][x].reshape(8, -1)
        h = np.tanh(u @ p["dense/weight"] + p["dense/bias"])
        z = h @ p["dense_1/weight"] + p["dense_1/bias"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        dz = (e / e.sum(axis=1, keepdims=True) - np.eye(3)[y]) / 8
        dh = dz @ p["dense_1/weight"].T * (1 - h**2)
        du = (dh @ p["dense/weight"].T).reshape(8, 5, 4)
        dwords = np.zeros_like(p["words/weight"])
        np.add.at(dwords, x, du)
        for name, gradient in {
            "words/weight": dwords,
            "dense/weight": u.T @ dh,
            "dense/bias": dh.sum(axis=0),
            "dense_1/weight": h.T @ dz,
            "dense_1/bias": dz.sum(axis=0),
        }.items():
            p[name] -= 0.1 * gradient
    for name, values in model.parameters.items():
        TRAINING["float64"].assert_close(values, p[name])


def test_first_values_are_small_and_uniform() -> None:
    weight = nn.Embedding(500, 20).build((3,), seed=4, dtype="float64").parameters["weight"]
    assert np.abs(weight).max() <= 0.05
    assert weight.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.03)


def test_pretrained_vectors_are_where_training_begins(rng: np.random.Generator) -> None:
    vectors, x, y = rng.normal(size=(20, 4)), tokens(20, 10, 5), tokens(3, 10)
    model = window_model(pretrained=vectors)
    assert (model.parameters["words/weight"] == vectors).all()
    before = vectors.copy()
    model.fit(x, y)
    assert (model.parameters["words/weight"] != before)[np.unique(x)].any(axis=1).all()
    assert (vectors == before).all(), "the caller's array is not the model's"
    assert "pretrained=<array (20, 4)>" in repr(model.layers[0])


@pytest.mark.parametrize("optimizer", [nn.SGD(0.1, momentum=0.9), nn.Adam(0.01), nn.AdamW(0.01)], ids=str)
def test_a_frozen_embedding_stays_as_it_is(optimizer: Any, rng: np.random.Generator) -> None:
    vectors = rng.normal(size=(20, 4))
    model = window_model(pretrained=vectors, trainable=False)
    model.compile(optimizer, "nllm")
    others = model.parameters["dense/weight"].copy()
    model.fit(tokens(20, 40, 5), tokens(3, 40), epochs=3)
    assert (model.parameters["words/weight"] == vectors).all()
    assert (model.parameters["dense/weight"] != others).any()
    _, gradients = model.loss_and_gradients(tokens(20, 4, 5), tokens(3, 4))
    assert not gradients["words/weight"].any()


def test_two_embeddings_on_one_input_and_one_embedding_in_two_places(rng: np.random.Generator) -> None:
    x, y = nn.Input(3, name="x", dtype="int64"), nn.Input(2, name="y", dtype="int32")
    shared, small = nn.Embedding(9, 4, name="shared"), nn.Embedding(12, 2, name="small")
    outputs = [nn.Flatten()(shared(x)), nn.Flatten()(small(x)), nn.Flatten()(shared(y))]
    model = nn.Model([x, y], nn.layers.Concatenate()(outputs), dtype="float64")
    u, v = tokens(9, 5, 3), tokens(9, 5, 2, seed=1)
    first, second = model.parameters["shared/weight"], model.parameters["small/weight"]
    expected = np.concatenate([first[u].reshape(5, -1), second[u].reshape(5, -1), first[v].reshape(5, -1)], axis=1)
    assert (model.predict([u, v]) == expected).all()
    model.compile(nn.Adam(0.01), "squared")
    target = rng.normal(size=expected.shape)
    d = 2 * (expected - target) / 5
    by_shared, by_small = np.zeros((9, 4)), np.zeros((12, 2))
    np.add.at(by_shared, u, d[:, :12].reshape(5, 3, 4))
    np.add.at(by_shared, v, d[:, 18:].reshape(5, 2, 4))
    np.add.at(by_small, u, d[:, 12:18].reshape(5, 3, 2))
    gradients = model.loss_and_gradients({"y": v, "x": u}, target, inputs=True)[1]
    assert set(gradients) == {"shared/weight", "small/weight"}, "tokens have no gradient"
    ROUNDING["float64"].assert_close(gradients["shared/weight"], by_shared)
    ROUNDING["float64"].assert_close(gradients["small/weight"], by_small)
    with pytest.raises(nn.DataError, match=r"expected tokens 0 \.\.\. 8, got 9"):  # the smaller vocabulary counts
        model.predict([np.full((5, 3), 9), v])


def test_a_gradient_does_not_remember_the_batch_before() -> None:
    model = window_model()
    model.loss_and_gradients(tokens(20, 40, 5), tokens(3, 40))
    x, y = np.zeros((2, 5), int), [0, 1]
    gradient = model.loss_and_gradients(x, y)[1]["words/weight"]
    assert gradient[0].any()
    assert not gradient[1:].any()


def test_regularizers_move_every_row() -> None:
    model = window_model(weight_regularizer=nn.L2(0.1))
    gradient = model.loss_and_gradients(np.zeros((2, 5), int), [0, 1])[1]["words/weight"]
    weight = model.parameters["words/weight"]
    ROUNDING["float64"].assert_close(gradient[1:], 0.1 * weight[1:])
    model.fit(tokens(20, 30, 5), tokens(3, 30))
    assert nn.check_gradients(model, tokens(20, 6, 5), tokens(3, 6)).ok


@pytest.mark.parametrize("mode", ["differences", "exact"])
def test_gradients_are_checked(mode: str) -> None:
    report = nn.check_gradients(window_model(), tokens(20, 6, 5), tokens(3, 6), mode=mode)
    assert report.ok, str(report)
    assert "words/weight" in {entry.name for entry in report.entries}
    alone = nn.check_gradients(nn.Embedding(6, 3), tokens(6, 4, 2))
    assert alone.ok
    assert "input" not in {entry.name for entry in alone.entries}


def test_files_copies_and_configs_keep_tokens_and_values(tmp_path: Path, rng: np.random.Generator) -> None:
    model, x, y = window_model(pretrained=rng.normal(size=(20, 4)), trainable=False), tokens(20, 30, 5), tokens(3, 30)
    model.fit(x, y)
    model.save(tmp_path / "model.safetensors")
    assert "pretrained" not in str(model.config()), "numbers are in the tensors"
    for other in (nn.load(tmp_path / "model.safetensors"), copy.deepcopy(model)):
        assert (other.predict(x) == model.predict(x)).all()
        assert other._network.graph.inputs[0].dtype == "int64"
        other.fit(x, y)
        assert (other.parameters["words/weight"] == model.parameters["words/weight"]).all()
    assert repr(nn.Input(5, dtype=np.int32)) == "Input((5,), name=None, dtype='int32')"
    assert repr(nn.Embedding(5, 2)) == "Embedding(vocabulary=5, dimensions=2)"


def test_checkpoints_splits_and_weights_take_tokens(tmp_path: Path) -> None:
    x, y = tokens(20, 60, 5), tokens(3, 60)
    options = {"epochs": 4, "validation_split": 0.2, "class_weight": {1: 2.0}, "sample_weight": np.linspace(1, 2, 60)}
    whole, parts = window_model(), window_model()
    whole.fit(x, y, **options)
    path = tmp_path / "run.ckpt"
    parts.fit(x, y, **{**options, "epochs": 2}, checkpoint=path)
    again = window_model()
    again.fit(x, y, **options, checkpoint=path, resume=True)
    assert snapshot(again) == snapshot(whole)
    stopping = nn.EarlyStopping(patience=1, second_run="restart")
    again.fit(x, y, epochs=3, validation_split=0.3, callbacks=stopping)


def test_text_of_a_model_shows_tokens() -> None:
    model = window_model()
    assert "words (Embedding" in model.summary(detail=True)
    text = model.explain_backward([[1, 2, 3, 4, 5]], [0])
    assert "input (1, 5), input" in text
    assert "[1  2  3  4  5]" in text
    assert "v (1, 5, 4) = W (20, 4)[u (1, 5)]" in text
    assert "dW (20, 4) = in row c the sum of dv" in text
    assert nn.preflight(model, tokens(20, 40, 5), tokens(3, 40)).entries


def test_it_learns_what_a_token_stands_for() -> None:
    x = tokens(50, 400, 1)
    y = x[:, 0] % 7 % 2
    model = nn.Sequential([nn.Input(1, dtype="int64"), nn.Embedding(50, 1), nn.Flatten(), nn.Dense(1, "sigmoid")])
    model.compile(nn.Adam(0.05), "nll", metrics=["accuracy"])
    history = model.fit(x, y, epochs=30)
    assert history["accuracy"][-1] > 0.99


def test_the_number_of_threads_changes_no_bit() -> None:
    x, y = tokens(300, 2000, 8), tokens(3, 2000)

    def bits(count: int) -> bytes:
        layers = [nn.Embedding(300, 33), nn.Flatten(), nn.Dense(3, "softmax")]
        model = nn.Sequential([nn.Input(8, dtype="int64"), *layers])
        model.compile(nn.Adam(0.01), "nllm")
        with nn.threads(count):
            model.fit(x, y, batch_size=1000)
        return bytes(model.flat_parameters.tobytes())

    assert bits(1) == bits(2) == bits(3)


def test_a_sequential_without_an_input_takes_the_type_of_the_tokens() -> None:
    model = nn.Sequential([nn.Embedding(20, 4), nn.Flatten(), nn.Dense(3, "softmax")])
    model.compile("adam", "nllm")
    model.fit(tokens(20, 10, 5), tokens(3, 10))
    assert model._network.graph.inputs[0].kind == "tokens"
