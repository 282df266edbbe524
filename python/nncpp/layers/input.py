"""Input: where a model's data come in."""

from typing import Any

import numpy as np

from .._arguments import flag, number, object_name, sample_shape, shown
from ..errors import DataError, ShapeError
from ..graph import Node

_WHOLE = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_TYPES = (*_WHOLE, "float32", "float64")


class Input(Node):
    """A batch of samples, (N, ...): the first entry of a Sequential, or the first node of a graph.

    With a scale the node's value is ``scale`` times what is given, in ``fit``, ``predict`` and everywhere else: rows
    are multiplied as they are gathered and converted, so images of uint8 stay uint8 in memory. A gradient dJ/dx that
    a model returns is with respect to the x that was given.

    With a dtype of whole numbers the samples are tokens 0, 1, 2, ... that stand for words or the like: an ``Embedding``
    reads them. With ``sparse=True`` they are rows of a sparse matrix in compressed form (CSR): a ``Dense`` reads them,
    at a cost of their entries there and back, and no dense matrix is ever made. Neither has a gradient.

    Parameters
    ----------
    shape
        shape of one sample, a whole number or several; () is one token for each sample
    name
        unique in a model; by default input, input_1, ...
    dtype
        "int64" or another type of whole numbers for tokens; None, "float32" or "float64" for numbers. Arrays of any
        such type may come in
    sparse
        True takes a SciPy sparse matrix or array, or an object with .indptr, .indices, .data and .shape
    scale
        number > 0, also to the model's dtype; None multiplies by nothing

    Raises
    ------
    DataError, TypeError
        unless every axis is a whole number >= 1; for a dtype that there is not; for a scale that is not finite or not
        above 0; for tokens or sparse rows with a scale, and tokens that are sparse
    ShapeError
        for sparse rows of more than one axis

    Examples
    --------
    >>> import nncpp as nn
    >>> a = nn.Input(20, name="true")
    >>> score = nn.Dense(1)(a)

    Pixels 0 ... 255 come in as 0 ... 1:

    >>> import numpy as np
    >>> model = nn.Sequential([nn.Input(3, scale=1 / 255), nn.Activation("identity")])
    >>> model.predict(np.array([[0, 85, 255]], np.uint8)).round(4)
    array([[0.    , 0.3333, 1.    ]], dtype=float32)

    Five tokens a sample, each of which becomes a row of 8 numbers:

    >>> nn.Embedding(100, 8)(nn.Input(5, dtype="int64")).shape
    (5, 8)
    """

    def __init__(
        self,
        shape: Any,
        name: str | None = None,
        dtype: Any = None,
        sparse: bool = False,
        *,
        scale: float | None = None,
    ) -> None:
        super().__init__(None, ())
        self.name = object_name("name", name)
        self.dtype = None if dtype is None else _type_name(dtype)
        is_one_token = self.dtype in _WHOLE and isinstance(shape, tuple | list) and not shape
        self._shape = () if is_one_token else sample_shape("shape", shape)
        self.sparse = flag("sparse", sparse)
        self.scale = None if scale is None else number("scale", scale, "(0, inf)")
        if self.sparse and self.dtype in _WHOLE:
            raise DataError(f"dtype: expected a type of numbers with sparse=True, got {self.dtype!r}; leave it out")
        if self.kind != "numbers" and self.scale is not None:
            raise DataError(f"scale: expected None for {self.kind}, got {self.scale}; it multiplies dense numbers")
        if self.sparse and len(self._shape) != 1:
            raise ShapeError(f"shape: expected one axis with sparse=True, the number of columns, got {self._shape}")

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"Input({self.shape}, name={self.name!r}{options})"

    @property
    def kind(self) -> str:
        """What comes in: "numbers", "tokens", or "sparse" rows."""
        return "sparse" if self.sparse else "tokens" if self.dtype in _WHOLE else "numbers"

    @property
    def options(self) -> dict[str, Any]:
        """Arguments that are not as by default, but for shape and name."""
        given = {"dtype": self.dtype, "sparse": self.sparse or None, "scale": self.scale}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def factor(self) -> float:
        """The scale, 1 where there is none."""
        return 1.0 if self.scale is None else self.scale


def _type_name(value: Any) -> str:
    """The name, "int64", from that or from NumPy's type."""
    try:
        name = str(np.dtype(value).name)
    except TypeError:
        name = ""
    if name not in _TYPES:
        raise DataError(f"dtype: expected one of {', '.join(_TYPES)} or None, got {shown(value)}")
    return name
