"""nn.Input(n, sparse=True): a model gives what it gives for the same rows with their zeros."""

import copy
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp._sparse import SparseRows
from snapshots import snapshot
from tolerances import ROUNDING, TRAINING

COLUMNS = 30


@dataclass
class Csr:
    """What is neither SciPy's nor nncpp's."""

    data: Any
    indices: Any
    indptr: Any
    shape: Any


def csr(dense: Any) -> Csr:
    rows, columns = np.nonzero(dense)
    return Csr(dense[rows, columns], columns, np.searchsorted(rows, np.arange(len(dense) + 1)), dense.shape)


def dense_rows(n: int = 40, columns: int = COLUMNS, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, columns)) * (rng.random((n, columns)) < 0.15)
    x[[1, n - 1]] = 0  # rows without an entry
    return x


def labels(n: int = 40) -> Any:
    return np.random.default_rng(9).integers(0, 3, n)


def model_of(sparse: bool, dtype: str = "float64", optimizer: Any = "adam", **options: Any) -> Any:
    layers = [nn.Dense(6, "tanh", **options), nn.Dense(3, "softmax")]
    model = nn.Sequential([nn.Input(COLUMNS, sparse=sparse), *layers], seed=3, dtype=dtype)
    model.compile(optimizer, "nllm", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_gradients_and_predictions_are_those_of_dense_rows(dtype: str) -> None:
    x, y = dense_rows(), labels()
    dense, sparse = model_of(False, dtype), model_of(True, dtype)
    tolerance = ROUNDING[dtype]
    tolerance.assert_close(sparse.predict(csr(x)), dense.predict(x))
    loss, gradients = sparse.loss_and_gradients(csr(x), y, inputs=True)
    expected, by_name = dense.loss_and_gradients(x, y)
    tolerance.assert_close(loss, expected)
    assert set(gradients) == set(by_name), "sparse rows have no gradient"
    for name, gradient in gradients.items():
        tolerance.assert_close(gradient, by_name[name])


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad"])
def test_training_is_that_of_dense_rows(optimizer: str) -> None:
    x, y = dense_rows(), labels()
    dense, sparse = model_of(False, optimizer=optimizer), model_of(True, optimizer=optimizer)
    options = {"epochs": 5, "batch_size": 16, "validation_split": 0.2, "class_weight": {1: 2.0}}
    seen, expected = sparse.fit(csr(x), y, **options), dense.fit(x, y, **options)
    for key in expected:
        if key != "time":
            TRAINING["float64"].assert_close(seen[key], expected[key])
    TRAINING["float64"].assert_close(sparse.flat_parameters, dense.flat_parameters)
    assert sparse.evaluate(csr(x), y)["accuracy"] == dense.evaluate(x, y)["accuracy"]


def test_a_second_run_joins_sparse_rows() -> None:
    x, y = dense_rows(), labels()
    dense, sparse = model_of(False), model_of(True)
    for model, rows in ((dense, x), (sparse, csr(x))):
        model.fit(
            rows, y, epochs=4, validation_split=0.25, callbacks=nn.EarlyStopping(patience=1, second_run="restart")
        )
    TRAINING["float64"].assert_close(sparse.flat_parameters, dense.flat_parameters)


def test_a_penalty_moves_all_rows_of_the_weight() -> None:
    x, y = dense_rows(), labels()
    x[:, 4] = 0
    dense, sparse = (model_of(is_sparse, weight_regularizer=nn.L2(0.1)) for is_sparse in (False, True))
    for model, rows in ((dense, x), (sparse, csr(x))):
        model.fit(rows, y, epochs=2)
    assert sparse.loss_and_gradients(csr(x), y)[1]["dense/weight"][4].any()
    TRAINING["float64"].assert_close(sparse.flat_parameters, dense.flat_parameters)


@pytest.mark.parametrize("make", ["csr_matrix", "csr_array", "csc_matrix", "coo_array", "lil_matrix"])
@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "float32", "float64"])
def test_every_form_of_scipy_and_every_type_of_numbers(make: str, dtype: str) -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    x = np.abs(3 * dense_rows()).astype(dtype)
    model = model_of(True)
    expected = model.predict(csr(x.astype(np.float64)))
    assert (model.predict(getattr(scipy_sparse, make)(x)) == expected).all()


def test_entries_out_of_order_or_given_twice_are_added_up_and_the_callers_matrix_stays() -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    x = scipy_sparse.csr_matrix(
        (np.array([1.0, 2.0, 4.0, 8.0]), np.array([7, 2, 7, 2]), np.array([0, 3, 4])), shape=(2, COLUMNS)
    )
    assert (model_of(True).predict(x) == model_of(True).predict(csr(x.toarray()))).all()
    assert x.indices.tolist() == [7, 2, 7, 2]


def test_numbers_and_sparse_rows_side_by_side() -> None:
    x, z, y = dense_rows(), np.random.default_rng(4).normal(size=(40, 2)), labels()

    def model(sparse: bool) -> Any:
        a, b = nn.Input(COLUMNS, name="a", sparse=sparse), nn.Input(2, name="b")
        found = nn.Model([a, b], nn.Dense(3, "softmax")(nn.layers.Concatenate()([nn.Dense(4, "tanh")(a), b])))
        found.compile("sgd", "nllm")
        return found

    sparse, dense = model(True), model(False)
    sparse.fit({"a": csr(x), "b": z}, y, epochs=3)
    dense.fit([x, z], y, epochs=3)
    TRAINING["float32"].assert_close(sparse.predict([csr(x), z]), dense.predict([x, z]))
    assert set(sparse.loss_and_gradients([csr(x), z], y, inputs=True)[1]) == {*sparse.parameters, "b"}


def test_a_million_columns_cost_what_the_entries_cost() -> None:
    n, columns, entries = 2000, 10**6, 20
    rng = np.random.default_rng(1)
    indices = np.sort(rng.integers(0, columns // entries, (n, entries)) + np.arange(entries) * (columns // entries))
    x = Csr(rng.normal(size=n * entries), indices.ravel(), np.arange(n + 1) * entries, (n, columns))
    y = (x.data.reshape(n, entries).sum(axis=1) > 0).astype(int)
    model = nn.Sequential([nn.Input(columns, sparse=True), nn.Dense(2, "softmax", weight_initializer="zeros")])
    model.compile(nn.AdaGrad(0.5), "nllm", metrics=["accuracy"])
    tracemalloc.start()
    history = model.fit(x, y, epochs=10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert history["accuracy"][-1] > 0.95
    assert peak < 4 * 8 * n * entries  # a copy or two of the entries; the matrix with its zeros has 16 GB
    assert model.parameters["dense/weight"].any(axis=1).sum() == len(np.unique(indices))


def test_minimize_takes_sparse_rows() -> None:
    pytest.importorskip("scipy")
    x, y = dense_rows(), labels()
    results = [
        nn.minimize(model, rows, y, max_iterations=8)
        for model, rows in (
            (model_of(True, weight_regularizer="l2"), csr(x)),
            (model_of(False, weight_regularizer="l2"), x),
        )
    ]
    TRAINING["float64"].assert_close(results[0].history, results[1].history)


@pytest.mark.parametrize("mode", ["differences", "exact"])
def test_gradients_are_checked(mode: str) -> None:
    report = nn.check_gradients(model_of(True), csr(dense_rows(6)), labels(6), mode=mode)
    assert report.ok, str(report)
    assert "dense/weight" in {entry.name for entry in report.entries}


def test_second_order_takes_sparse_rows() -> None:
    x, y = dense_rows(8), labels(8)
    v = np.linspace(-1, 1, model_of(True).flat_parameters.size)
    products = [
        nn.hessian_vector_product(model_of(True), csr(x), y, v),
        nn.hessian_vector_product(model_of(False), x, y, v),
    ]
    ROUNDING["float64"].assert_close(*products)


def test_files_checkpoints_and_copies(tmp_path: Path) -> None:
    x, y = csr(dense_rows()), labels()
    whole, parts = model_of(True), model_of(True)
    whole.fit(x, y, epochs=4)
    path = tmp_path / "run.ckpt"
    parts.fit(x, y, epochs=2, checkpoint=path)
    again = model_of(True)
    again.fit(x, y, epochs=4, checkpoint=path, resume=True)
    assert snapshot(again) == snapshot(whole)
    whole.save(tmp_path / "model.safetensors")
    for other in (nn.load(tmp_path / "model.safetensors"), copy.deepcopy(whole)):
        assert (other.predict(x) == whole.predict(x)).all()
    assert repr(nn.Input(3, sparse=True)) == "Input((3,), name=None, sparse=True)"
    assert "sparse" not in model_of(False).config()["inputs"][0], "models without one have the files they had"


def test_text_and_checks_before_training() -> None:
    model, x, y = model_of(True), dense_rows(), labels()
    model.summary()
    small = nn.Sequential([nn.Input(3, sparse=True), nn.Dense(2)])
    small.compile(loss="squared")
    text = small.explain_backward(csr(np.array([[0.0, 2.0, 0.0]])), [[0.0, 1.0]])
    assert "[0  2  0]" in text
    names, expected = (
        {entry.name for entry in nn.preflight(*arguments).entries}
        for arguments in ((model, csr(x), y), (model_of(False), x, y))
    )
    assert names == expected - {"inputs"}, "a column of a sparse matrix has no scale"


def test_a_sequential_without_an_input_takes_the_kind_of_x() -> None:
    x, y = dense_rows(), labels()
    model = nn.Sequential([nn.Dense(3, "softmax")])
    model.compile("adam", "nllm")
    model.fit(csr(x), y)
    assert model._network.graph.inputs[0].sparse


def test_datasets_are_split_by_rows() -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    x, y = dense_rows(), labels()
    (a, y_a), (b, y_b) = nn.datasets.split((scipy_sparse.csr_array(x), y), test=0.25, seed=1)
    (dense_a, _), (dense_b, _) = nn.datasets.split((x, y), test=0.25, seed=1)
    assert (a.toarray() == dense_a).all()
    assert (b.toarray() == dense_b).all()
    assert (len(y_a), len(y_b)) == (30, 10)


def test_the_number_of_threads_changes_no_bit() -> None:
    x, y = csr(dense_rows(3000, 90)), labels(3000)

    def bits(count: int) -> bytes:
        model = nn.Sequential([nn.Input(90, sparse=True), nn.Dense(50, "relu"), nn.Dense(3, "softmax")])
        model.compile("adam", "nllm")
        with nn.threads(count):
            model.fit(x, y, batch_size=1500)
        return bytes(model.flat_parameters.tobytes())

    assert bits(1) == bits(2) == bits(3)


@pytest.mark.parametrize(
    "rows", [slice(3), slice(5, None), slice(7, 2), slice(-4, None), slice(None, None, 3)], ids=str
)
def test_slices_are_those_of_the_rows_with_their_zeros(rows: slice) -> None:
    x = dense_rows()
    part = SparseRows.of(csr(x), "x")[rows]
    assert part.shape == x[rows].shape
    assert (part.toarray() == x[rows]).all()


def test_rows_are_taken_by_number_and_joined_and_measured(rng: np.random.Generator) -> None:
    x = dense_rows()
    rows, picked = SparseRows.of(csr(x), "x"), rng.integers(0, 40, 12)
    assert (rows[picked].toarray() == x[picked]).all()
    joined = SparseRows.joined([rows[:3], rows[1:2], rows[30:]])
    assert (joined.toarray() == np.concatenate([x[:3], x[1:2], x[30:]])).all()
    ROUNDING["float64"].assert_close(rows.distances(5), ((x - x[5]) ** 2).sum(axis=1))
    assert rows[np.array([5, 5])].distances(0)[1] == 0.0
