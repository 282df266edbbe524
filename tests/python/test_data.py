"""Data of any type and layout: the same numbers give the same bits, and X is never copied as a whole."""

import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nncpp as nn
from snapshots import snapshot

ROWS, COLUMNS = 50, 6
X = np.random.default_rng(0).integers(0, 2, size=(ROWS, COLUMNS)).astype(np.float32)  # numbers that every type has
Y = np.random.default_rng(1).integers(0, 3, size=ROWS)


def trained(x: Any, y: Any = Y, sample_weight: Any = None) -> Any:
    model = nn.Sequential([nn.Input(COLUMNS), nn.Standardize(), nn.Dense(5, "tanh"), nn.Dense(3, "softmax")], seed=3)
    model.compile(loss="nllm", metrics=["accuracy"])
    model.fit(x, y, epochs=3, batch_size=16, sample_weight=sample_weight, validation_data=(x, y))
    return snapshot(model), model.predict(x).tobytes(), model.evaluate(x, y)


@pytest.fixture(scope="module")
def expected() -> Any:
    return trained(X)


DTYPES = ["float16", "float32", "float64", "bool", *(f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64))]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_of_number_gives_the_same_bits(dtype: str, expected: Any) -> None:
    assert trained(X.astype(dtype)) == expected
    if dtype in DTYPES[4:]:
        assert trained(X, Y.astype(dtype)) == expected


def strided(x: Any) -> Any:
    wide = np.full((2 * ROWS, 3 * COLUMNS), 99, x.dtype)
    wide[::2, 1::3] = x
    return wide[::2, 1::3]


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


def misaligned(x: Any) -> Any:
    return np.frombuffer(b"?" + x.tobytes(), dtype=x.dtype, offset=1).reshape(x.shape)


def repeated_in_place(x: Any) -> Any:
    """A field of records: rows with other things between."""
    records = np.zeros(len(x), [("name", "S3"), ("x", x.dtype, (COLUMNS,)), ("flag", "?")])
    records["x"] = x
    return records["x"]


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "Fortran order": np.asfortranarray,
    "strides": strided,
    "negative row stride": lambda x: x[::-1].copy()[::-1],
    "negative strides": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda x: x.T.copy().T,
    "read only": read_only,
    "misaligned": misaligned,
    "field of records": repeated_in_place,
    "list of lists": lambda x: x.tolist(),
    "list of rows": list,
    "tuple": lambda x: tuple(map(tuple, x.tolist())),
    "masked without a mask": np.ma.masked_array,
    "matrix subclass": lambda x: x.view(type("Subclass", (np.ndarray,), {})),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_every_layout_gives_the_same_bits(layout: str, dtype: str, expected: Any) -> None:
    assert trained(LAYOUTS[layout](X.astype(dtype))) == expected


@pytest.mark.parametrize("layout", ["strides", "negative strides", "read only", "misaligned", "list of lists"])
def test_targets_and_weights_may_lie_anyhow(layout: str) -> None:
    weights = np.arange(1.0, ROWS + 1)
    columns = np.repeat(Y[:, None], COLUMNS, axis=1)
    y = np.asarray(LAYOUTS[layout](columns))[:, 0]
    w = np.asarray(LAYOUTS[layout](np.repeat(weights[:, None], COLUMNS, axis=1)))[:, 0]
    assert trained(X, y, w) == trained(X, Y, weights)


def test_a_memory_mapped_file_is_read_where_it_lies(tmp_path: Path, expected: Any) -> None:
    np.save(tmp_path / "x.npy", X)
    assert trained(np.load(tmp_path / "x.npy", mmap_mode="r")) == expected


def test_pandas_frames_and_series_are_arrays(expected: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"), index=range(100, 100 + ROWS))
    assert trained(frame, pandas.Series(Y, index=frame.index)) == expected
    assert trained(frame.iloc[::-1].iloc[::-1], Y) == expected


@pytest.mark.parametrize(
    "types", [{"a": "int64", "c": "float64"}, {"b": "bool"}, {"d": "Int32", "e": "boolean"}], ids=str
)
def test_pandas_columns_may_be_of_different_types(types: Any, expected: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef")).astype(types)
    assert trained(frame, Y) == expected


def test_what_is_missing_in_a_pandas_frame_is_not_a_number() -> None:
    pandas = pytest.importorskip("pandas")
    for types in ({"a": "Int32"}, {"a": "boolean", "b": "bool"}, dict.fromkeys("abcdef", "boolean")):
        frame = pandas.DataFrame(X, columns=list("abcdef")).astype(types)
        frame.loc[7, "a"] = pandas.NA
        with pytest.raises(nn.DataError, match=r"x: .*NaN.*row 7"):
            trained(frame)


def test_pandas_labels_may_be_of_a_type_that_knows_what_is_missing(expected: Any) -> None:
    pandas = pytest.importorskip("pandas")
    for dtype in ("Int64", "UInt8"):
        assert trained(X, pandas.Series(Y).astype(dtype)) == expected


@pytest.mark.parametrize(
    "column", [list("ab") * (ROWS // 2), [None] * ROWS, [1j] * ROWS], ids=["text", "None", "complex"]
)
def test_a_pandas_column_that_is_not_of_numbers_is_refused(column: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef")).assign(f=column)
    with pytest.raises(TypeError, match="x: expected real numbers"):
        trained(frame)


def test_one_column_of_targets_is_the_same_as_none() -> None:
    def bits(y: Any) -> Any:
        model = nn.Sequential([nn.Input(COLUMNS), nn.Dense(1, "sigmoid")])
        model.compile(loss="nll")
        model.fit(X, y, epochs=2)
        return snapshot(model)

    y = (Y > 0).astype(np.float32)
    assert bits(y) == bits(y[:, None]) == bits(y.astype(bool)) == bits(y.tolist())
    assert trained(X, Y[:, None]) == trained(X, Y)


@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4)),
    steps=st.tuples(*[st.sampled_from([-3, -2, -1, 1, 2, 3])] * 3),
    order=st.permutations([0, 1, 2]),
    dtype=st.sampled_from(["float32", "float64", "int8", "float16"]),
)
@settings(deadline=None, max_examples=150, derandomize=True)
def test_any_view_of_three_axes_predicts_as_its_copy(
    shape: tuple[int, ...], steps: tuple[int, ...], order: list[int], dtype: str
) -> None:
    whole = np.arange(np.prod([3 * n for n in shape])).reshape([3 * n for n in shape]) % 7
    view = whole.astype(dtype)[tuple(slice(None, None, step) for step in steps)].transpose(order)
    model = nn.Sequential([nn.Input(view.shape[1:]), nn.Activation("tanh")], dtype="float64")
    assert model.predict(view).tobytes() == model.predict(np.ascontiguousarray(view, np.float64)).tobytes()


MEMORY = """
import json, resource, sys
import numpy as np, nncpp as nn
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
x = np.ones((20000, 1000), np.float64)[:, ::-1]
y = np.zeros(len(x), int)
model = nn.Sequential([nn.Input(1000), nn.Standardize(), nn.Dense(4, "tanh"), nn.Dense(2, "softmax")])
model.compile(loss="nllm")
model.fit(x[:64], y[:64], batch_size=32)
before = peak()
model.fit(x, y, validation_split=0.1)
model.evaluate(x, y)
model.predict(x)
print(json.dumps({"size": x.nbytes, "more": peak() - before}))
"""


def test_x_is_not_copied(interpreter: Callable[..., str]) -> None:
    memory = json.loads(interpreter(MEMORY))
    assert memory["more"] < 0.1 * memory["size"], memory


def test_python_allocates_little_in_fit() -> None:
    x, y = np.ones((4000, 500), np.float64), np.zeros(4000, int)
    model = nn.Sequential([nn.Input(500), nn.Dense(4, "tanh"), nn.Dense(2, "softmax")])
    model.compile(loss="nllm")
    tracemalloc.start()
    model.fit(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.05 * x.nbytes


def test_data_are_not_changed() -> None:
    x, y, w = X.copy(), Y.copy(), np.ones(ROWS)
    trained(x, y, w)
    assert (x == X).all()
    assert (y == Y).all()
    assert (w == 1).all()


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((5, 8, 6), "x[..., None]"),
        ((5, 48), "x.reshape(-1, 8, 6, 1)"),
        ((5, 1, 8, 6), "x.transpose(0, 2, 3, 1)"),
        ((8, 6, 1), "x[None]"),
    ],
)
def test_images_that_lie_otherwise_are_told_how_to_lie(shape: tuple[int, ...], advice: str) -> None:
    model = nn.Sequential([nn.Input((8, 6, 1)), nn.Conv2D(2, 3)])
    x = np.zeros(shape, np.uint8)
    with pytest.raises(nn.ShapeError, match=rf"^x: expected input \(N, 8, 6, 1\), got .*; .*{re.escape(advice)}$"):
        model.predict(x)
    assert model.predict(eval(advice)).shape[1:] == (6, 4, 2)
