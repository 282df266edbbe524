"""The features of a model, and what they say of data: sparse rows for templates, an array for functions f(c, d)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import shown
from .._sparse import SparseRows
from ..errors import DataError, ShapeError
from .templates import Template, template, value_of

Floats = NDArray[np.float64]
Function = Callable[[Any, Any], Any]


class Features:
    """Templates and functions f(c, d), told apart, each under its name."""

    def __init__(self, features: Any) -> None:
        if isinstance(features, str | Template) or not isinstance(features, Iterable):
            raise TypeError(f"features: expected a list of templates and functions, got {shown(features)}")
        self.all = tuple(_feature(feature) for feature in features)
        names = [_name(i, feature) for i, feature in enumerate(self.all, 1)]
        if not names:
            raise DataError("features: expected at least one template or function, got none")
        for name in names:
            if names.count(name) > 1:
                raise DataError(f"features: expected different names, got {name!r} twice")
        self.templates = [feature for feature in self.all if isinstance(feature, Template)]
        self.functions: dict[str, Function] = {
            name: feature for name, feature in zip(names, self.all, strict=True) if not isinstance(feature, Template)
        }

    def learn(self, data: Sequence[Any], min_count: int) -> tuple[dict[str, int], SparseRows]:
        """The columns of all features that fire for at least ``min_count`` of the data, and the rows."""
        columns: dict[str, int] = {}
        rows = self._rows(data, lambda name: columns.setdefault(name, len(columns)), columns)
        if min_count > 1:
            kept = np.bincount(rows.indices, minlength=len(columns)) >= min_count
            names = (name for name, stays in zip(columns, kept.tolist(), strict=True) if stays)
            rows, columns = _with_columns(rows, kept), {name: column for column, name in enumerate(names)}
        return columns, rows

    def encode(self, data: Sequence[Any], columns: Mapping[str, int]) -> SparseRows:
        """The rows of data in columns that are known; other features are left out."""
        return self._rows(data, columns.get, columns)

    def fired(self, datum: Any, place: str = "x[0]") -> dict[str, float]:
        """What templates say of a datum."""
        found: dict[str, float] = {}
        for entry in self.templates:
            try:
                features = entry(datum)
            except TypeError as error:
                raise TypeError(f"{place}: {entry.name}: {error}") from error
            except DataError as error:
                raise DataError(f"{place}: {entry.name}: {error}") from error
            for name, value in features.items():
                found[name] = found.get(name, 0.0) + value
        return found

    def values(self, data: Sequence[Any], classes: Sequence[Any]) -> Floats:
        """f_m(c_k, d_n) as an array (n, k, m)."""
        found = np.empty((len(data), len(classes), len(self.functions)))
        for i, datum in enumerate(data) if self.functions else ():
            for k, label in enumerate(classes):
                for m, (name, function) in enumerate(self.functions.items()):
                    found[i, k, m] = value_of(f"x[{i}]: {name}({label!r}, d)", function(label, datum))
        return found

    def _rows(
        self, data: Sequence[Any], column_of: Callable[[str], int | None], columns: Mapping[str, int]
    ) -> SparseRows:
        """Rows of the columns that there are in the end; a feature without a column is left out."""
        indptr, indices, values = array("q", [0]), array("q"), array("d")
        for i, datum in enumerate(data):
            fired = ((column_of(name), value) for name, value in self.fired(datum, f"x[{i}]").items())
            for column, value in sorted((column, value) for column, value in fired if column is not None):
                indices.append(column)
                values.append(value)
            indptr.append(len(indices))
        return SparseRows(np.array(values), np.array(indices), np.array(indptr), (len(data), len(columns)))


def _with_columns(rows: SparseRows, kept: NDArray[np.bool_]) -> SparseRows:
    """Without the columns that are not kept; the others move together."""
    stays, renumbered = kept[rows.indices], np.cumsum(kept) - 1
    before = np.concatenate([[0], np.cumsum(stays)])
    return SparseRows(
        rows.data[stays], renumbered[rows.indices[stays]], before[rows.indptr], (len(rows), int(kept.sum()))
    )


def data_of(x: Any) -> list[Any]:
    """Data, at least one."""
    if isinstance(x, str | Mapping) or not (isinstance(x, Iterable) and hasattr(x, "__len__")):
        raise TypeError(f"x: expected a list of data, got {shown(x)}; for one datum use [x]")
    data = list(x)
    if not data:
        raise ShapeError("x: expected at least 1 datum, got none")
    return data


def _feature(feature: Any) -> Template | Function:
    if isinstance(feature, str):
        return template(feature)
    if not callable(feature):
        raise TypeError(f"features: expected a template or a function f(c, d), got {shown(feature)}")
    return feature  # type: ignore[no-any-return]


def _name(i: int, feature: Template | Function) -> str:
    """A lambda's is that of its place among all features, from 1."""
    if isinstance(feature, Template):
        return feature.name
    name = str(getattr(feature, "__name__", "<lambda>"))
    return f"f{i}" if name == "<lambda>" else name
