"""Rows for the table of bad input: preprocessing."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case

Shape, Data, File = nn.ShapeError, nn.DataError, nn.FileError
Standardizer, Whitener = nn.preprocessing.Standardizer, nn.preprocessing.Whitener


def fitted(s: Subject) -> Any:
    return Standardizer().fit(s.x)


def loaded(content: bytes) -> Any:
    return lambda s: nn.preprocessing.load(s.file(content))


def _saved(s: Subject) -> bytes:
    fitted(s).save(s.folder / "scaler")
    return (s.folder / "scaler").read_bytes()


def _flipped(s: Subject) -> Any:
    content = bytearray(_saved(s))
    content[-9] ^= 1
    return nn.preprocessing.load(s.file(bytes(content)))


PREPROCESSING: list[Case] = [
    case("scaler not fitted", lambda s: Standardizer().transform(s.x), nn.NncppError, "Standardizer", "fit(x)"),
    case("whitener not fitted", lambda s: Whitener().inverse_transform(s.x), nn.NncppError, "Whitener", "fit(x)"),
    case("scaler without a mean", lambda s: Standardizer().mean, nn.NncppError, "not fitted"),
    case("scaler saved before fit", lambda s: Standardizer().save(s.folder / "a"), nn.NncppError, "not fitted"),
    case("scaler of one row", lambda s: Standardizer().fit(s.x[:1]), Shape, "x", "2 rows", "1"),
    case("whitener of no rows", lambda s: Whitener().fit(s.x[:0]), Shape, "x", "2 rows", "0"),
    case("scaler of one column", lambda s: Standardizer().fit(s.x[:, 0]), Shape, "(N, D)", "(12,)", "x[:, None]"),
    case("scaler of no columns", lambda s: Standardizer().fit(s.x[:, :0]), Shape, "(N, D)", "(12, 0)"),
    case("scaler of an image", lambda s: Standardizer().fit(s.x[None]), Shape, "(N, D)", "(1, 12, 4)"),
    case("scaler of NaN", lambda s: Standardizer().fit(s.x_with(np.nan)), Data, "x", "column 2", "NaN"),
    case("whitener of infinity", lambda s: Whitener().fit(s.x_with(np.inf)), Data, "x", "column 2", "infinity"),
    case("whitener of huge numbers", lambda s: Whitener().fit(s.x_with(1e300)), Data, "x", "column 2", "large"),
    case("scaler of words", lambda s: Standardizer().fit(s.x.astype(str)), TypeError, "x", "real numbers"),
    case("scaler of None", lambda s: Standardizer().fit(None), TypeError, "x", "None"),
    case("transform a column too few", lambda s: fitted(s).transform(s.x[:, 1:]), Shape, "x", "(N, 4)", "(12, 3)"),
    case("transform one sample", lambda s: fitted(s).transform(s.x[0]), Shape, "x", "(N, D)", "(4,)"),
    case("transform NaN", lambda s: fitted(s).transform(s.x_with(np.nan)), Data, "x", "NaN", "row 3, column 2"),
    case("transform infinity", lambda s: fitted(s).transform(s.x_with(np.inf)), Data, "x", "infinity", "row 3"),
    case(
        "invert a column too many",
        lambda s: Whitener(components=2).fit(s.x).inverse_transform(s.x),
        Shape,
        "z",
        "(N, 2)",
        "(12, 4)",
    ),
    case("invert NaN", lambda s: fitted(s).inverse_transform(s.x_with(np.nan)), Data, "z", "NaN", "row 3"),
    case("scaler with_deviation None", lambda s: Standardizer(with_deviation=None), TypeError, "with_deviation"),
    case("whitener unknown method", lambda s: Whitener(method="svd"), Data, "method", "pca, zca"),
    case("whitener components 0", lambda s: Whitener(components=0), Data, "components", ">= 1"),
    case("whitener components 1.5", lambda s: Whitener(components=1.5), TypeError, "components", "1.5"),
    case("whitener components 5 of 4", lambda s: Whitener(components=5).fit(s.x), Data, "at most 4", "5"),
    case("whitener zca components", lambda s: Whitener(method="zca", components=2), Data, "components", "zca", "pca"),
    case("whitener epsilon 1", lambda s: Whitener(epsilon=1.0), Data, "epsilon", "[0, 1)"),
    case("load a missing scaler", lambda s: nn.preprocessing.load(s.folder / "no"), File, "does not exist"),
    case("load a scaler of text", loaded(b"mean,deviation"), File, "bad.safetensors", "not a safetensors file"),
    case("load a changed scaler", _flipped, File, "bad.safetensors", "checksum"),
    case("load a model as a scaler", lambda s: loaded(s.saved())(s), File, "no preprocessing", "nn.load"),
    case("load a scaler as a model", lambda s: nn.load(s.file(_saved(s))), File, "no model", "nn.preprocessing.load"),
    case("load a scaler by a number", lambda s: nn.preprocessing.load(3), TypeError, "path", "int"),
    case("save a scaler nowhere", lambda s: fitted(s).save(s.folder / "no" / "a"), File, "does not exist"),
]
