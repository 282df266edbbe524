"""Rows for the table of bad input: tokens, embeddings and sparse rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, case

Shape, Data = nn.ShapeError, nn.DataError
TOKENS = np.arange(12).reshape(4, 3) % 5


@dataclass
class Csr:
    data: Any
    indices: Any
    indptr: Any
    shape: Any = (2, 4)


def rows(**changes: Any) -> Csr:
    """[[0, 1, 0, 2], [0, 0, 3, 0]], but for what is wrong with it."""
    return Csr(**{"data": np.array([1.0, 2.0, 3.0]), "indices": [1, 3, 2], "indptr": [0, 2, 3], **changes})


def embedding(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.Embedding(*arguments, **options)


def entrance(*arguments: Any, **options: Any) -> Any:
    return lambda s: nn.Input(*arguments, **options)


def words(layer: Any = None, shape: Any = 3, **options: Any) -> Any:
    layer = nn.Embedding(5, 2, name="words") if layer is None else layer
    return nn.Sequential([nn.Input(shape, name="text", dtype="int64", **options), layer, nn.Flatten(), nn.Dense(1)])


def sparse() -> Any:
    model = nn.Sequential([nn.Input(4, name="counts", sparse=True), nn.Dense(1)])
    model.compile(loss="squared")
    return model


def tokens(x: Any) -> Any:
    def call(s: Any) -> Any:
        model = words()
        model.compile(loss="squared")
        return model.fit(x, np.zeros(len(x)))

    return call


def predicted(x: Any) -> Any:
    return lambda s: words().predict(x)


def fitted(x: Any) -> Any:
    return lambda s: sparse().fit(x, np.zeros(2))


def on_numbers(s: Any) -> Any:
    return nn.Sequential([nn.Input(3, name="text"), nn.Embedding(5, 2, name="words")])


def activation_of_sparse_rows(s: Any) -> Any:
    return nn.Sequential([nn.Input(4, sparse=True), nn.Activation("tanh", name="f")])


def with_value(position: tuple[int, int], value: int) -> Any:
    x = TOKENS.copy()
    x[position] = value
    return x


EMBEDDING: list[Case] = [
    case("no vocabulary", embedding(0, 2), Data, "vocabulary", "0"),
    case("vocabulary is a float", embedding(2.5, 2), TypeError, "vocabulary", "2.5"),
    case("no dimensions", embedding(3, 0), Data, "dimensions", "0"),
    case("vectors of another size", embedding(3, 2, pretrained=np.ones((2, 3))), Shape, "pretrained", "(3, 2)"),
    case("vectors with NaN", embedding(1, 1, pretrained=[[np.nan]]), Data, "pretrained", "finite"),
    case("vectors of words", embedding(1, 1, pretrained=[["a"]]), TypeError, "pretrained", "real numbers"),
    case("trainable is a number", embedding(3, 2, trainable=1), TypeError, "trainable"),
    case("weight decays and is frozen", embedding(3, 2, trainable=False, weight_regularizer="l2"), Data, "trainable"),
    case("unknown initializer of vectors", embedding(3, 2, weight_initializer="small"), Data, "weight_initializer"),
    case("unknown dtype of an input", entrance(3, dtype="complex64"), Data, "dtype", "complex64", "int64"),
    case("dtype that is none", entrance(3, dtype="words"), Data, "dtype", "words"),
    case("sparse is a number", entrance(3, sparse=1), TypeError, "sparse"),
    case("sparse tokens", entrance(3, dtype="int64", sparse=True), Data, "dtype", "sparse=True"),
    case("tokens with a scale", entrance(3, dtype="int64", scale=2.0), Data, "scale", "tokens"),
    case("sparse rows with a scale", entrance(3, sparse=True, scale=2.0), Data, "scale", "sparse"),
    case("sparse images", entrance((3, 4), sparse=True), Shape, "shape", "(3, 4)"),
    case("an embedding of numbers", on_numbers, Shape, "words", "text", 'dtype="int64"'),
    case("a dense of tokens", lambda s: words(nn.Dense(2, name="first")), Shape, "first", "text", "Embedding"),
    case("an activation of sparse rows", activation_of_sparse_rows, Shape, "f", "Dense"),
    case("a token too large", tokens(with_value((2, 1), 5)), Data, "x", "0 ... 4", "5", "row 2"),
    case("a negative token", tokens(with_value((3, 0), -1)), Data, "x", "0 ... 4", "-1", "row 3"),
    case("a token too large to predict", predicted(with_value((2, 1), 5)), Data, "x", "0 ... 4", "5"),
    case("tokens as floats", tokens(TOKENS.astype(float)), TypeError, "x", "whole numbers", "astype"),
    case("tokens as words", tokens([["a", "b", "c"]]), TypeError, "x", "real numbers"),
    case("tokens of another length", predicted(TOKENS[:, :2]), Shape, "text", "(N, 3)", "(4, 2)"),
    case("one sample of tokens", predicted(TOKENS[0]), Shape, "text", "x[None]"),
    case("an array for sparse rows", fitted(np.ones((2, 4))), TypeError, "x", "sparse", "csr_array"),
    case("sparse rows for an array", lambda s: s.fit(rows()), TypeError, "x", "Csr", "sparse=True"),
    case("sparse rows for tokens", predicted(rows()), TypeError, "x", "Csr"),
    case("sparse rows of other columns", fitted(rows(shape=(2, 5))), Shape, "counts", "(N, 4)", "(2, 5)"),
    case("a column too many", fitted(rows(indices=[1, 4, 2])), Data, "x", "4", "row 0"),
    case("a negative column", fitted(rows(indices=[-1, 3, 2])), Data, "x", "-1", "row 0"),
    case("columns out of order", fitted(rows(indices=[3, 1, 2])), Data, "x", "row 0"),
    case("a column twice", fitted(rows(indices=[1, 1, 2])), Data, "x", "row 0"),
    case("columns as floats", fitted(rows(indices=[1.0, 3.0, 2.0])), TypeError, "x.indices", "float64"),
    case("fewer columns than values", fitted(rows(indices=[1, 3])), Shape, "x", "indices (2,)", "(3,)"),
    case("rows that begin late", fitted(rows(indptr=[1, 2, 3])), Data, "x", "indptr", "0 to 3"),
    case("rows that end early", fitted(rows(indptr=[0, 1, 2])), Data, "x", "indptr", "0 to 3"),
    case("rows that go back", fitted(rows(indptr=[0, 4, 3])), Data, "x", "indptr"),
    case("too few rows", fitted(rows(indptr=[0, 3])), Shape, "x", "indptr (3,)", "(2,)"),
    case("a sparse vector", fitted(rows(shape=(4,))), Shape, "x", "(4,)"),
    case("values that are complex", fitted(rows(data=np.ones(3, complex))), TypeError, "x", "complex128"),
    case("a value is NaN", fitted(rows(data=np.array([1.0, 2.0, np.nan]))), Data, "x", "finite", "row 1"),
    case("a value is infinite in float32", fitted(rows(data=np.array([1.0, 1e39, 3.0]))), Data, "x", "finite", "row 0"),
    case("NaN to predict", lambda s: sparse().predict(rows(data=np.array([1.0, 2.0, np.nan]))), Data, "x", "finite"),
    case("two tables of sparse rows", fitted([rows(), rows()]), TypeError, "x", "sparse"),
]  # fmt: skip
