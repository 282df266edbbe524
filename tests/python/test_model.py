"""Models: building, names, parameters, predictions, and what they say of themselves."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot
from tolerances import ROUNDING


def small(**options: Any) -> Any:
    layers = [nn.Input(3), nn.Dense(4, "tanh"), nn.Dense(4, "tanh"), nn.Dense(2, "softmax", name="out")]
    return nn.Sequential(layers, **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_are_those_of_the_formula(dtype: str, rng: np.random.Generator) -> None:
    model = small(dtype=dtype)
    x = rng.normal(size=(300, 3))  # more rows than the core takes at a time
    w = model.parameters
    h = np.tanh(np.tanh(x @ w["dense/weight"] + w["dense/bias"]) @ w["dense_1/weight"] + w["dense_1/bias"])
    e = np.exp(h @ w["out/weight"] + w["out/bias"])
    p = model.predict(x)
    assert p.dtype == dtype
    ROUNDING[dtype].assert_close(p, e / e.sum(axis=1, keepdims=True))


def test_layers_are_numbered_and_keep_given_names() -> None:
    assert list(small().parameters) == [
        "dense/weight", "dense/bias", "dense_1/weight", "dense_1/bias", "out/weight", "out/bias",
    ]  # fmt: skip
    names = nn.Sequential([nn.Input(2), nn.Dense(2, name="dense_1"), nn.Dense(2), nn.Dense(2)]).parameters
    assert list(dict.fromkeys(name.split("/")[0] for name in names)) == ["dense_1", "dense", "dense_2"]


def test_parameters_are_writable_views_of_one_vector() -> None:
    model = small()
    theta = model.flat_parameters
    for values in model.parameters.values():
        assert np.shares_memory(values, theta)
        values[...] = 7
    assert np.count_nonzero(theta == 7) == model.count_parameters() == 3 * 4 + 4 + 4 * 4 + 4 + 4 * 2 + 2
    assert np.count_nonzero(theta) == model.count_parameters(), "the padding stays 0"
    theta[...] = 0
    assert (model.predict(np.ones((1, 3))) == 0.5).all()


def test_views_outlive_their_model() -> None:
    weight = small().parameters["out/weight"]
    before = weight.copy()
    _ = [small(seed=i) for i in range(20)]
    assert (weight == before).all()


def test_the_mapping_of_parameters_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        small().parameters["out/weight"] = np.zeros((4, 2))


def test_the_seed_decides_the_first_weights() -> None:
    assert small(seed=1).flat_parameters.tobytes() == small(seed=1).flat_parameters.tobytes()
    assert small(seed=1).flat_parameters.tobytes() != small(seed=2).flat_parameters.tobytes()


def test_the_summary_is_printed_and_returned(capsys: pytest.CaptureFixture[str]) -> None:
    text = small(name="classifier").summary()
    assert capsys.readouterr().out == f"{text}\n"
    for words in ("classifier", "float32", "dense_1", "out (Dense, softmax)", "(N, 2)", "16", "46 parameters"):
        assert words in text


def test_a_sequential_without_input_is_built_by_its_first_data(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(8, 3)), np.arange(8) % 2
    model = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(2, "softmax")])
    with pytest.raises(nn.NncppError, match="not built"):
        _ = model.parameters
    model.compile(loss="nllm")
    model.fit(x, y)
    assert model.parameters["dense/weight"].shape == (3, 4)
    same = nn.Sequential([nn.Input(3), nn.Dense(4, "tanh"), nn.Dense(2, "softmax")])
    same.compile(loss="nllm")
    same.fit(x, y)
    assert snapshot(same) == snapshot(model)


def test_classes_are_the_largest_output_or_above_one_half(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 3))
    model = small()
    labels = model.predict_classes(x)
    assert labels.dtype == np.int64
    assert (labels == model.predict(x).argmax(axis=1)).all()
    binary = nn.Sequential([nn.Input(3), nn.Dense(1, "sigmoid")])
    assert (binary.predict_classes(x) == (binary.predict(x)[:, 0] > 0.5)).all()
    with pytest.raises(nn.NncppError, match="no classes"):
        nn.Sequential([nn.Input(3), nn.Dense(1)]).predict_classes(x)


def test_dropout_is_silent_in_predictions(rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 3))
    with_dropout = nn.Sequential([nn.Input(3), nn.Dense(4, "tanh"), nn.Dropout(0.9), nn.Dense(2)])
    without = nn.Sequential([nn.Input(3), nn.Dense(4, "tanh"), nn.Dense(2)])
    assert with_dropout.predict(x).tobytes() == without.predict(x).tobytes()


def test_standardize_uses_the_mean_and_deviation_of_the_training_data(rng: np.random.Generator) -> None:
    x = rng.normal([100.0, -5.0, 7.0], [30.0, 0.001, 1.0], size=(500, 3))
    x[:, 2] = 7.0
    model = nn.Sequential([nn.Input(3), nn.Standardize()], dtype="float64")
    model.adapt(x)
    ROUNDING["float64"].assert_close(model.state["standardize/mean"], x.mean(axis=0))
    ROUNDING["float64"].assert_close(model.state["standardize/deviation"], [*x.std(axis=0)[:2], 1.0])
    z = model.predict(x)
    assert np.abs(z.mean(axis=0)).max() < 1e-9
    assert (z[:, 2] == 0).all()


def test_columns_are_standardized_as_the_dtype_of_the_model_reads_them() -> None:
    x = np.stack([1e9 + np.arange(8) * 1e-3, np.arange(8) * 1e-42, np.arange(8) * 1e-30], axis=1)  # const, tiny, fine
    single, double = (nn.Sequential([nn.Input(3), nn.Standardize()], dtype=dtype) for dtype in ("float32", "float64"))
    single.adapt(x)
    double.adapt(x)
    assert single.state["standardize/mean"][0] == np.float32(1e9)
    assert single.state["standardize/deviation"][:2].tolist() == [1.0, 1.0]
    assert (single.predict(x)[:, 0] == 0).all()
    assert np.isfinite(single.predict(x)).all()
    for model, columns in ((single, slice(2, 3)), (double, slice(0, 3))):
        z = np.asarray(model.predict(x), np.float64)[:, columns]
        assert np.abs(z.std(axis=0) - 1).max() < 1e-3


def test_gradients_are_named_like_parameters_and_change_nothing(rng: np.random.Generator) -> None:
    model = small(dtype="float64")
    model.compile(loss="nllm")
    x, y = rng.normal(size=(8, 3)), np.arange(8) % 2
    model.train_on_batch(x, y)
    before = snapshot(model)
    loss, gradients = model.loss_and_gradients(x, y)
    assert snapshot(model) == before
    assert {name: g.shape for name, g in gradients.items()} == {n: p.shape for n, p in model.parameters.items()}
    assert loss == pytest.approx(model.evaluate(x, y)["loss"])
    kept = {name: g.copy() for name, g in gradients.items()}
    model.loss_and_gradients(2 * x, y)
    assert all((kept[name] == gradients[name]).all() for name in kept), "a later call leaves earlier gradients alone"


def test_predictions_leave_the_model_alone(rng: np.random.Generator) -> None:
    model = small()
    model.compile(loss="nllm")
    before = snapshot(model)
    model.predict(rng.normal(size=(9, 3)))
    model.evaluate(rng.normal(size=(9, 3)), np.zeros(9, int))
    assert snapshot(model) == before


def test_a_model_of_no_parameters_predicts() -> None:
    assert nn.Sequential([nn.Input(2), nn.Activation("relu")]).predict([[-1.0, 2.0]]).tolist() == [[0.0, 2.0]]


def test_a_sequence_of_vectors_goes_through_dense_row_by_row(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 5, 3))
    model = nn.Sequential([nn.Input((5, 3)), nn.Dense(2, "tanh")], dtype="float64")
    assert model.predict(x).shape == (4, 5, 2)
    flat = nn.Sequential([nn.Input(3), nn.Dense(2, "tanh")], dtype="float64")
    ROUNDING["float64"].assert_close(model.predict(x).reshape(-1, 2), flat.predict(x.reshape(-1, 3)))


def test_a_metric_may_be_a_function(rng: np.random.Generator) -> None:
    def worst(y_true: Any, y_pred: Any) -> float:
        return float(np.abs(y_true - y_pred).max())

    x, y = rng.normal(size=(10, 3)), rng.normal(size=10)
    model = nn.Sequential([nn.Input(3), nn.Dense(1)])
    model.compile(loss="squared", metrics=[worst])
    expected = np.abs(y[:, None] - model.predict(x)).max()
    assert model.evaluate(x, y)["worst"] == pytest.approx(expected)
    assert "val_worst" in model.fit(x, y, validation_data=(x, y))
