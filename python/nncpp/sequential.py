"""Sequential: a model that is a row of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from . import data
from ._arguments import sample_shape, shown
from ._sparse import SparseRows
from .errors import DataError, ShapeError
from .graph import Graph, Node
from .layers import Embedding, Input, Layer
from .model import Model
from .network import Network


class Sequential(Model):
    """Layers one after the other.

    With an ``nn.Input`` at its head it is built at once; without, at the first ``fit`` or ``predict``, for the shape of
    x. One that is not built yet may be called on nodes, in several places: they share its layers' weights.

    Parameters
    ----------
    layers
        an ``nn.Input`` (or none), then layers or models
    name, seed, dtype
        as for ``Model``

    Raises
    ------
    ShapeError, DataError, TypeError
        as for ``Model``

    Examples
    --------
    XOR, which no network without a hidden layer learns:

    >>> import nncpp as nn
    >>> x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> model = nn.Sequential([nn.Input(2), nn.Dense(8, "tanh"), nn.Dense(1, "sigmoid")], seed=0)
    >>> model.compile(nn.Adam(0.05), "nll")
    >>> history = model.fit(x, y, epochs=300, batch_size=4)
    >>> model.predict_classes(x)
    array([0, 1, 1, 0])
    """

    def __init__(
        self, layers: Sequence[Any], *, name: str | None = None, seed: int = 0, dtype: Any = "float32"
    ) -> None:
        self._configure(name, seed, dtype)
        if not isinstance(layers, list | tuple):
            raise TypeError(f"layers: expected a list, got {shown(layers)}")
        items = list(layers)
        head = items.pop(0) if items and isinstance(items[0], Input) else None
        for item in items:
            if isinstance(item, type):
                raise TypeError(f"layers: got the class {item.__name__}; write {item.__name__}(...)")
            if isinstance(item, Input):
                raise DataError("layers: expected nn.Input at the head only")
            if not isinstance(item, Layer | Model):
                raise TypeError(f"layers: expected layers or models, got {shown(item)}")
        if not items:
            raise DataError("layers: expected at least one layer")
        self._items: list[Layer | Model] = items
        if head is not None:
            self._build(self._chain(head))

    def __call__(self, inputs: Any) -> Any:
        """The node that these layers compute from another."""
        if self._built is not None:
            return super().__call__(inputs)
        for item in self._items:
            inputs = item(inputs)
        return inputs

    def _chain(self, head: Input) -> Graph:
        node: Node = head
        for item in self._items:
            node = item(node)
            if not isinstance(node, Node):
                raise DataError(f"layers: expected models of one output, {item.name} has {len(node)}")
        return Graph([head], [node])

    @contextmanager
    def _built_for(self, x: Any) -> Iterator[Network]:
        if self._built is not None:
            yield self._network
            return
        is_sparse = hasattr(x, "tocsr") or hasattr(x, "indptr")
        rows = SparseRows.of(x, "x") if is_sparse else data.array(x, "x")
        if rows.ndim < 2:
            column = "; for one column use x[:, None]" if rows.ndim == 1 else ""
            raise ShapeError(f"x: expected rows of samples, (N, ...), got {rows.shape}{column}")
        dtype = "int64" if isinstance(self._items[0], Embedding) else None
        try:
            self._build(self._chain(Input(sample_shape("x", rows.shape[1:]), dtype=dtype, sparse=is_sparse)))
            yield self._network
        except BaseException:  # what is wrong with x must not decide the model's shape
            self._built = self._objective = self._trainer = None
            raise
