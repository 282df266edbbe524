"""Standardizing and whitening: the classes of nn.preprocessing, and the layers that do the same inside a model."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import serialization
from nncpp.preprocessing import Preprocessor, Standardizer, Whitener
from tolerances import ROUNDING

WHITE = 1e-10  # of a covariance from I
EVERY: list[Preprocessor] = [
    Standardizer(),
    Standardizer(with_deviation=False),
    Whitener(),
    Whitener(method="zca"),
    Whitener(components=2),
]
every_preprocessor = pytest.mark.parametrize("preprocessor", EVERY, ids=repr)


@pytest.fixture
def x(rng: np.random.Generator) -> Any:
    """Correlated columns, far from 0, of scales up to 1e4 apart."""
    return rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) * [1.0, 100.0, 0.01, 1.0] + [5.0, -1e3, 0.0, 1e4]


def model_of(layer: nn.Layer, dtype: str = "float64") -> nn.Sequential:
    return nn.Sequential([nn.Input(4), layer, nn.Dense(3, "softmax")], dtype=dtype, seed=2)


def test_standardizing_is_the_formula(x: Any) -> None:
    scaler, exact = Standardizer().fit(x), ROUNDING["float64"]
    exact.assert_close(scaler.mean, x.mean(axis=0))
    exact.assert_close(scaler.deviation, x.std(axis=0))
    other = x[:7] * 2
    exact.assert_close(scaler.transform(other), (other - x.mean(axis=0)) / x.std(axis=0))


def test_the_mean_alone_can_be_subtracted(x: Any) -> None:
    scaler = Standardizer(with_deviation=False)
    assert (scaler.fit_transform(x) == x - scaler.mean).all()
    assert (scaler.deviation == 1).all()
    layer = nn.Sequential([nn.Input(4), nn.Standardize(with_deviation=False)], dtype="float64")
    layer.adapt(x)
    assert (layer.predict(x) == x - scaler.mean).all()


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_whitened_training_data_have_covariance_i(method: str, x: Any) -> None:
    z = Whitener(method=method).fit_transform(x)
    assert np.abs(z.mean(axis=0)).max() <= WHITE
    assert np.abs(np.cov(z.T) - np.eye(4)).max() <= WHITE  # np.cov divides by n - 1


def test_whitening_is_the_projection_on_the_singular_vectors(x: Any) -> None:
    _, values, v = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    v *= np.sign(v[np.arange(4), np.abs(v).argmax(axis=1)])[:, None]
    whitener, exact = Whitener().fit(x), ROUNDING["float64"]
    exact.assert_close(whitener.deviation / whitener.deviation[0], values / values[0])
    np.testing.assert_allclose(whitener.directions, v, atol=WHITE)
    np.testing.assert_allclose(whitener.transform(x), (x - x.mean(axis=0)) @ v.T / values * np.sqrt(499), atol=1e-9)


def test_zca_is_the_inverse_root_of_the_covariance(rng: np.random.Generator) -> None:
    linalg = pytest.importorskip("scipy.linalg")
    x = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3))
    root = linalg.inv(linalg.sqrtm(np.cov(x.T)))
    np.testing.assert_allclose(Whitener(method="zca").fit_transform(x), (x - x.mean(axis=0)) @ root, atol=WHITE)


def test_many_rows_pass_in_pieces_and_are_whitened_as_at_once() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(70_000, 8)) @ rng.normal(size=(8, 8)) + 3.0  # three pieces
    assert np.abs(np.cov(Whitener().fit_transform(x).T) - np.eye(8)).max() <= WHITE


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_directions_without_variance_give_zero_and_do_not_blow_up(method: str, rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 200))
    x = np.stack([a, b, a + b, np.full(200, 7.0)], axis=1)  # two directions of four
    whitener = Whitener(method=method)
    z = whitener.fit_transform(x)
    assert (whitener.deviation[2:] == 0).all()
    np.testing.assert_allclose(np.linalg.eigvalsh(np.cov(z.T)), [0, 0, 1, 1], atol=WHITE)
    np.testing.assert_allclose(whitener.inverse_transform(z), x, atol=WHITE)
    elsewhere = whitener.transform(x + np.array([0.0, 0.0, 0.0, 100.0]))  # a test row may leave the plane
    np.testing.assert_allclose(elsewhere, z, atol=WHITE)


def test_fewer_rows_than_columns_span_fewer_directions(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 6))
    whitener = Whitener().fit(x)
    assert (whitener.deviation > 0).sum() == 2
    np.testing.assert_allclose(whitener.directions @ whitener.directions.T, np.eye(6), atol=WHITE)
    np.testing.assert_allclose(whitener.inverse_transform(whitener.transform(x)), x, atol=WHITE)


def test_constant_rows_become_zero() -> None:
    x = np.full((5, 3), 0.1)
    assert (Whitener().fit_transform(x) == 0).all()
    assert (Standardizer().fit_transform(x) == 0).all()


def test_the_floor_is_relative_to_the_largest_direction(rng: np.random.Generator) -> None:
    x = rng.normal(size=(100, 2)) * [1.0, 1e-7]
    assert Whitener().fit(x).deviation[1] == 0
    assert Whitener(epsilon=1e-9).fit(x).deviation[1] > 0
    assert Whitener().fit(x * 1e-20).deviation[0] > 0


def test_the_first_components_give_the_best_projection(x: Any) -> None:
    whitener = Whitener(components=2).fit(x)
    z = whitener.transform(x)
    assert z.shape == (500, 2)
    assert np.abs(np.cov(z.T) - np.eye(2)).max() <= WHITE
    residual = x - whitener.inverse_transform(z)
    everything = Whitener().fit(x)
    ROUNDING["float64"].assert_close(np.square(residual).sum() / 499, np.square(everything.deviation[2:]).sum())


@every_preprocessor
def test_inverse_transform_undoes_transform(preprocessor: Preprocessor, rng: np.random.Generator) -> None:
    x = rng.normal(size=(50, 3)) + 10.0
    z = preprocessor.fit_transform(x)
    back = preprocessor.inverse_transform(z)
    if z.shape == x.shape:
        np.testing.assert_allclose(back, x, atol=WHITE)
    np.testing.assert_allclose(preprocessor.transform(back), z, atol=WHITE)


@every_preprocessor
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8", "bool"])
def test_floats_keep_their_dtype_and_others_become_float64(preprocessor: Preprocessor, dtype: str) -> None:
    x = np.random.default_rng(1).normal(size=(40, 3)) * 2 + 4
    x = x.astype(np.uint8 if dtype in ("int64", "uint8") else np.float64).astype(dtype)
    kept = dtype if dtype in ("float32", "float64") else "float64"
    z = preprocessor.fit_transform(x)
    assert z.dtype == kept
    assert preprocessor.inverse_transform(z).dtype == kept
    assert preprocessor.mean.dtype == np.float64


@every_preprocessor
def test_frames_lists_and_strided_arrays_are_taken(preprocessor: Preprocessor, x: Any) -> None:
    expected = preprocessor.fit_transform(x)
    assert (preprocessor.fit_transform(x.tolist()) == expected).all()
    assert (preprocessor.fit_transform(np.asfortranarray(x)) == expected).all()
    assert (preprocessor.fit_transform(np.repeat(x, 2, axis=1)[:, ::2]) == expected).all()
    pandas = pytest.importorskip("pandas")
    assert (preprocessor.fit_transform(pandas.DataFrame(x, columns=list("abcd"))) == expected).all()
    assert preprocessor.transform(x[:0]).shape == (0, expected.shape[1])


@every_preprocessor
def test_a_file_or_a_pickle_brings_back_the_same_bits(preprocessor: Preprocessor, x: Any, tmp_path: Path) -> None:
    z = preprocessor.fit_transform(x)
    preprocessor.save(tmp_path / "scaler.safetensors")
    for again in (
        nn.preprocessing.load(tmp_path / "scaler.safetensors"),
        pickle.loads(pickle.dumps(preprocessor)),
        copy.deepcopy(preprocessor),
    ):
        assert type(again) is type(preprocessor)
        assert again.config() == preprocessor.config()
        assert again.transform(x).tobytes() == z.tobytes()
        assert again.inverse_transform(z).tobytes() == preprocessor.inverse_transform(z).tobytes()


@pytest.mark.parametrize(
    ("config", "tensors"),
    [
        ({"kind": "Standardizer"}, {"mean": np.zeros(3)}),
        ({"kind": "Standardizer"}, {"mean": np.zeros(3), "deviation": np.ones(2)}),
        ({"kind": "Standardizer"}, {"mean": np.zeros(3, np.float32), "deviation": np.ones(3, np.float32)}),
        ({"kind": "Standardizer"}, {"deviation": np.ones(3)}),
        ({"kind": "Whitener"}, {"mean": np.zeros(3), "deviation": np.ones(3)}),
        ({"kind": "Whitener"}, {"mean": np.zeros(3), "deviation": np.ones(3), "directions": np.eye(2)}),
        ({"kind": "Scaler"}, {"mean": np.zeros(3), "deviation": np.ones(3)}),
        ({"kind": "Standardizer", "method": "pca"}, {"mean": np.zeros(3), "deviation": np.ones(3)}),
        (["Standardizer"], {"mean": np.zeros(3), "deviation": np.ones(3)}),
    ],
)
def test_a_file_whose_parts_do_not_belong_together_is_refused(config: Any, tensors: Any, tmp_path: Path) -> None:
    file = tmp_path / "scaler.safetensors"
    file.write_bytes(serialization.encode({**serialization.origin(), "preprocessing": config}, tensors))
    with pytest.raises(nn.FileError, match="damaged: its description"):
        nn.preprocessing.load(file)


def test_a_copy_has_a_fit_of_its_own(x: Any) -> None:
    scaler = Standardizer().fit(x)
    copy.copy(scaler).fit(2 * x)
    ROUNDING["float64"].assert_close(scaler.mean, x.mean(axis=0))


@every_preprocessor
def test_data_that_cannot_be_used_leave_the_old_fit(preprocessor: Preprocessor, x: Any) -> None:
    z = preprocessor.fit_transform(x)
    bad = x.copy()
    bad[17, 2] = np.nan
    for rows in (bad, x[:1], x[:, 0]):
        with pytest.raises(nn.NncppError):
            preprocessor.fit(rows)
    assert (preprocessor.transform(x) == z).all()


# --- in a model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_the_layer_whitens_as_the_class_does(method: str, x: Any) -> None:
    model = nn.Sequential([nn.Input(4), nn.Whiten(method=method)], dtype="float64")
    assert (model.predict(x) == x).all()  # the identity, until it is adapted
    model.adapt(x)
    v = model.predict(x)
    assert np.abs(np.cov(v.T) - np.eye(4)).max() <= WHITE
    np.testing.assert_allclose(v, Whitener(method=method).fit_transform(x), atol=1e-9)


def test_the_layer_whitens_in_float32(rng: np.random.Generator) -> None:
    x = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3)) + 100.0
    model = nn.Sequential([nn.Input(3), nn.Whiten()])
    model.adapt(x)
    assert np.abs(np.cov(model.predict(x).T) - np.eye(3)).max() < 1e-3


ADAPTED = [nn.Standardize(), nn.Standardize(with_deviation=False), nn.Whiten(), nn.Whiten(method="zca", epsilon=1e-3)]
every_adapted_layer = pytest.mark.parametrize("layer", ADAPTED, ids=repr)


@every_adapted_layer
def test_the_first_fit_adapts_and_the_next_does_not(layer: nn.Layer, x: Any) -> None:
    model, y = model_of(layer), np.arange(500) % 3
    model.compile("sgd", "nllm")
    with pytest.raises(nn.NncppError, match="adapt"):
        model.train_on_batch(x, y)
    model.fit(x[:300], y[:300])
    state = {name: values.copy() for name, values in model.state.items()}
    ROUNDING["float64"].assert_close(next(iter(state.values())), x[:300].mean(axis=0))
    model.fit(x, y)
    model.train_on_batch(x, y)
    assert all((values == state[name]).all() for name, values in model.state.items())
    model.adapt(x)
    ROUNDING["float64"].assert_close(next(iter(model.state.values())), x.mean(axis=0))


@every_adapted_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_saved_model_carries_its_preprocessing(layer: nn.Layer, dtype: str, x: Any, tmp_path: Path) -> None:
    model = model_of(layer, dtype)
    model.compile("adam", "nllm")
    model.fit(x, np.arange(500) % 3)
    model.save(tmp_path / "model.safetensors")
    for again in (nn.load(tmp_path / "model.safetensors"), copy.deepcopy(model)):
        assert again.config() == model.config()
        assert again.predict(x).tobytes() == model.predict(x).tobytes()


@every_adapted_layer
def test_a_resumed_training_keeps_its_preprocessing(layer: nn.Layer, x: Any, tmp_path: Path) -> None:
    y, file = np.arange(500) % 3, tmp_path / "run.ckpt"
    whole, first, second = (model_of(layer) for _ in range(3))
    for model in (whole, first, second):
        model.compile("adam", "nllm")
    whole.fit(x, y, epochs=3)
    first.fit(x, y, epochs=1, checkpoint=file)
    second.fit(x, y, epochs=3, checkpoint=file, resume=True)
    assert second.predict(x).tobytes() == whole.predict(x).tobytes()


def test_a_layer_behind_two_inputs_is_fitted_to_both(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) * 3 + 5
    layer, inputs = nn.Whiten(), [nn.Input(2), nn.Input(2)]
    model = nn.Model(inputs, [layer(node) for node in inputs], dtype="float64")
    model.adapt([a, b])
    both = np.concatenate(model.predict([a, b]))
    assert np.abs(np.cov(both.T) - np.eye(2)).max() <= WHITE


def test_whitened_inputs_are_learned_from_where_raw_ones_are_not(rng: np.random.Generator) -> None:
    x = rng.normal(size=(400, 2)) @ [[1.0, 0.99], [0.0, 0.01]]  # condition number 1e4
    y = x @ [30.0, -30.0]  # along the small direction

    def loss(*layers: nn.Layer) -> float:
        model = nn.Sequential([nn.Input(2), *layers, nn.Dense(1)], dtype="float64")
        model.compile(nn.SGD(0.1), "squared")
        return model.fit(x, y, epochs=20, batch_size=50)["loss"][-1]

    assert loss(nn.Whiten()) < 1e-6 * loss()


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")  # other packages' own warnings
def test_both_agree_with_scikit_learn(x: Any, digits: tuple[Any, Any]) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    scaling = pytest.importorskip("sklearn.preprocessing")
    pixels = digits[0].astype(np.float64)
    for rows in (x, pixels):
        for with_deviation in (True, False):
            theirs = scaling.StandardScaler(with_std=with_deviation).fit(rows)
            mine = Standardizer(with_deviation=with_deviation).fit(rows)
            np.testing.assert_allclose(mine.transform(rows), theirs.transform(rows), atol=WHITE)
            np.testing.assert_allclose(mine.inverse_transform(rows), theirs.inverse_transform(rows), atol=1e-9)
    for rows, components in ((x, 4), (x, 2), (pixels, 20)):
        pca = decomposition.PCA(components, whiten=True, svd_solver="full").fit(rows)
        whitener = Whitener(components=components).fit(rows)
        np.testing.assert_allclose(whitener.directions, pca.components_, atol=1e-9)
        np.testing.assert_allclose(whitener.deviation, np.sqrt(pca.explained_variance_), rtol=WHITE)
        np.testing.assert_allclose(whitener.transform(rows), pca.transform(rows), atol=1e-8)
        z = pca.transform(rows)
        np.testing.assert_allclose(whitener.inverse_transform(z), pca.inverse_transform(z), rtol=1e-9, atol=1e-9)
