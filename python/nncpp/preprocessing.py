"""Preprocessing: columns brought to a common scale, fitted to the training rows and applied to all others.

In a model, ``nn.Standardize()`` and ``nn.Whiten()`` do the same as layers behind its Input, and are saved with it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

import numpy as np

from . import data, serialization
from ._arguments import flag, number, one_of, whole_number
from ._configured import Configured
from ._files import as_path, read_bytes, write_bytes_atomically
from ._moments import WHITENING_METHODS, Principal, Rows, mean_and_deviation, principal_directions
from .data import Array
from .errors import DataError, FileError, NncppError, ShapeError

__all__ = ["Preprocessor", "Standardizer", "Whitener", "load"]


class Preprocessor(Configured):
    """Base of Standardizer and Whitener: x (N, D) -> z (N, K), and back.

    Everything is computed in float64. Results have the dtype of a float32 or float64 array, and float64 for others.

    Raises
    ------
    DataError, TypeError
        for an argument that is outside its interval or of another type

    Examples
    --------
    The test rows are scaled by what the training rows are like:

    >>> import nncpp as nn
    >>> scaler = nn.preprocessing.Standardizer().fit([[1.0, 10.0], [3.0, 30.0]])
    >>> scaler.transform([[2.0, 40.0]])
    array([[0., 2.]])
    """

    _fitted: Mapping[str, Array]

    def __init__(self) -> None:
        self._set({})

    def fit(self, x: Any) -> Self:
        """Learns from the training rows, and forgets what it was fitted to before.

        Parameters
        ----------
        x
            (N, D), at least 2 rows: NumPy, lists or a frame

        Raises
        ------
        ShapeError, DataError, TypeError
            for data that cannot be used, NaN and infinity too; it stays as it was then
        """
        rows = _rows(x, "x")
        if len(rows) < 2:
            raise ShapeError(f"x: expected at least 2 rows, got {len(rows)}")
        self._set(self._fit(rows))
        return self

    def transform(self, x: Any) -> Array:
        """Z (N, K) of rows x (N, D).

        Raises
        ------
        NncppError
            before ``fit``
        ShapeError, DataError, TypeError
            for data that cannot be used, with another number of columns than ``fit`` saw, or not finite
        """
        rows = _finite_rows(x, "x", len(self.mean))
        return self._forward(rows.astype(np.float64, order="C")).astype(rows.dtype, copy=False)

    def fit_transform(self, x: Any) -> Array:
        """``fit(x).transform(x)``.

        Raises
        ------
        ShapeError, DataError, TypeError
            as for ``fit``
        """
        return self.fit(x).transform(x)

    def inverse_transform(self, z: Any) -> Array:
        """The rows x (N, D) that z (N, K) came from.

        Raises
        ------
        NncppError, ShapeError, DataError, TypeError
            as for ``transform``
        """
        rows = _finite_rows(z, "z", len(self.deviation))
        return self._backward(rows.astype(np.float64, order="C")).astype(rows.dtype, copy=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes arguments and what ``fit`` found to one file; ``nn.preprocessing.load`` reads it.

        Parameters
        ----------
        path
            file to write, by custom ``.safetensors``

        Raises
        ------
        NncppError
            before ``fit``
        FileError
            if it cannot be written; an old file of that name is then still whole
        """
        header = {**serialization.origin(), "preprocessing": self.config()}
        write_bytes_atomically(path, serialization.encode(header, self._require_fitted()))

    @property
    def mean(self) -> Array:
        """(D,) of the columns of x."""
        return self._require_fitted()["mean"]

    @property
    def deviation(self) -> Array:
        """(K,) that the columns of z are divided by."""
        return self._require_fitted()["deviation"]

    def _require_fitted(self) -> Mapping[str, Array]:
        if not self._fitted:
            raise NncppError(f"{self.kind}: not fitted yet; call fit(x) first")
        return self._fitted

    def _set(self, fitted: Mapping[str, Array]) -> None:
        vars(self)["_fitted"] = fitted  # arguments are fixed, what fit finds is not

    @abstractmethod
    def _fit(self, x: Array) -> Mapping[str, Array]: ...

    @abstractmethod
    def _shapes(self, columns: int) -> Mapping[str, tuple[int, ...]]:
        """Of what ``_fit`` finds for so many columns."""

    @abstractmethod
    def _forward(self, x: Array) -> Array: ...

    @abstractmethod
    def _backward(self, z: Array) -> Array: ...


class Standardizer(Preprocessor):
    """z = (x - mean) / deviation;  x, z (N, D); mean and deviation (D) of the columns of the training rows.

    deviation^2 = sum (x - mean)^2 / N; where a column is constant it is 1, so such a column becomes 0.
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3.

    Parameters
    ----------
    with_deviation
        False only subtracts the mean: every deviation is 1

    Examples
    --------
    >>> import nncpp as nn
    >>> scaler = nn.preprocessing.Standardizer()
    >>> scaler.fit_transform([[1, 5], [3, 5]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> scaler.inverse_transform([[2.0, 0.0]])
    array([[4., 5.]])
    """

    def __init__(self, *, with_deviation: bool = True) -> None:
        super().__init__()
        self.with_deviation = flag("with_deviation", with_deviation)

    def _fit(self, x: Array) -> Mapping[str, Array]:
        mean, deviation = mean_and_deviation([Rows(x)], "float64")
        return {"mean": mean, "deviation": deviation if self.with_deviation else np.ones_like(deviation)}

    def _shapes(self, columns: int) -> Mapping[str, tuple[int, ...]]:
        return {"mean": (columns,), "deviation": (columns,)}

    def _forward(self, x: Array) -> Array:
        return (x - self.mean) / self.deviation

    def _backward(self, z: Array) -> Array:
        return z * self.deviation + self.mean


class Whitener(Preprocessor):
    """z = (x - mean) V / deviation;  x (N, D), V (D, K), z (N, K) with mean 0 and covariance I on the training rows.

    X - mean = U S V^T is the singular value decomposition of the centred training rows: the columns of V are principal
    directions, deviation = S / sqrt(N - 1). A direction without variance, S_i <= epsilon S_1, has deviation 0 and
    gives z_i = 0: dividing by its rounding errors would blow them up. The floor is relative to the largest direction;
    where columns have scales far apart, use a Standardizer before.
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3; "zca": Bell, Sejnowski, "The independent components
    of natural scenes are edge filters", Vision Research 37, 1997.

    Parameters
    ----------
    method
        "pca": columns of z are principal directions, by falling variance; "zca": they are turned back by V^T, so
        that z is as near to x as whitening allows
    components
        K: only the first directions are kept, and ``inverse_transform`` gives the projection on them; None keeps all D
    epsilon
        floor, in [0, 1)

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> x = np.random.default_rng(0).normal(size=(100, 2)) @ [[3.0, 1.0], [0.0, 0.5]]
    >>> whitener = nn.preprocessing.Whitener()
    >>> z = whitener.fit_transform(x)
    >>> bool(np.allclose(np.cov(z.T), np.eye(2), atol=1e-10))
    True
    >>> bool(np.allclose(whitener.inverse_transform(z), x))
    True
    """

    def __init__(self, *, method: str = "pca", components: int | None = None, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.method = one_of("method", method, WHITENING_METHODS)
        self.components = None if components is None else whole_number("components", components, at_least=1)
        self.epsilon = number("epsilon", epsilon, "[0, 1)")
        if self.method == "zca" and self.components is not None:
            raise DataError("components: expected None with method='zca', which keeps the columns; use method='pca'")

    @property
    def directions(self) -> Array:
        """V^T (K, D): orthonormal rows, by falling deviation; the largest entry of each is positive."""
        return self._require_fitted()["directions"]

    def _fit(self, x: Array) -> Mapping[str, Array]:
        columns, kept = x.shape[1], self.components
        if kept is not None and kept > columns:
            raise DataError(f"components: expected at most {columns}, the columns of x, got {kept}")
        mean, directions, deviation = principal_directions([Rows(x)], "float64", self.epsilon)
        return {"mean": mean, "directions": directions[:kept], "deviation": deviation[:kept]}

    def _shapes(self, columns: int) -> Mapping[str, tuple[int, ...]]:
        kept = self.components or columns
        return {"mean": (columns,), "directions": (kept, columns), "deviation": (kept,)}

    def _forward(self, x: Array) -> Array:
        principal = Principal(**self._require_fitted())
        return principal.whitened(x - principal.mean, self.method)

    def _backward(self, z: Array) -> Array:
        principal = Principal(**self._require_fitted())
        return principal.coloured(z, self.method) + principal.mean


def load(path: str | PathLike[str]) -> Preprocessor:
    """Reads what ``save`` of a Standardizer or Whitener wrote: it gives the same bits.

    Parameters
    ----------
    path
        file of ``save``

    Raises
    ------
    FileError
        if the file is missing, damaged, of another program, of a model, or of a newer nncpp

    Examples
    --------
    >>> import tempfile, nncpp as nn
    >>> scaler = nn.preprocessing.Standardizer().fit([[1.0], [3.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scaler.save(f"{folder}/scaler.safetensors")
    ...     nn.preprocessing.load(f"{folder}/scaler.safetensors").transform([[5.0]])
    array([[3.]])
    """
    path = as_path(path)
    header, tensors = serialization.decode(read_bytes(path), str(path), "preprocessing")
    try:
        preprocessor = Preprocessor.from_config(header["preprocessing"])
        shapes = preprocessor._shapes(tensors["mean"].size)
        stored = {name: array.shape for name, array in tensors.items() if array.dtype == np.float64}
        if stored != shapes or len(tensors) != len(shapes):
            raise DataError(f"expected float64 arrays {shapes}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileError(f"{path}: damaged: its description of the preprocessing cannot be used ({error})") from error
    preprocessor._set(tensors)
    return preprocessor


def _rows(value: Any, argument: str) -> Array:
    rows = data.array(value, argument)
    if rows.ndim != 2 or rows.shape[1] == 0:
        advice = f"; for one column use {argument}[:, None]" if rows.ndim == 1 else ""
        raise ShapeError(f"{argument}: expected rows of columns, (N, D), got {rows.shape}{advice}")
    return rows


def _finite_rows(value: Any, argument: str, columns: int) -> Array:
    """Rows with as many columns as were fitted, in float32 if they come so, else in float64."""
    rows = _rows(value, argument)
    if rows.shape[1] != columns:
        raise ShapeError(f"{argument}: expected {data.batch_shape((columns,))} as fitted, got {rows.shape}")
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        found = "NaN" if np.isnan(rows[row, column]) else "infinity"
        raise DataError(
            f"{argument}: expected finite numbers, got {found} in row {row}, column {column}; "
            "drop or fill such rows first"
        )
    return rows if rows.dtype == np.float32 else rows.astype(np.float64, copy=False)
