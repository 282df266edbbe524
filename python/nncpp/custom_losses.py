"""Losses that a caller writes: as two functions of arrays, or as an expression of the flow graph."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from . import _core
from ._arguments import shown
from .data import Array
from .errors import DataError, NncppError
from .graph import Graph, Node
from .layers import Input
from .losses import Loss
from .network import PRECISIONS, Network


class _OwnLoss(Loss):
    """What a caller says of a loss beside its formula: ``task``, and ``threshold`` where that is "binary"."""

    task: ClassVar[Literal["regression", "binary", "classes", "ranking"]] = "regression"

    def _about(self) -> tuple[str, str, float]:
        if self.task == "binary" and self.threshold is None:
            raise DataError(f"{self.kind}: expected a threshold with task 'binary', such as threshold = 0.5")
        return self.kind, self.task, 0.5 if self.threshold is None else self.threshold


class CustomLoss(_OwnLoss):
    """L_i = g(p_i, y_i), written in Python: ``losses`` and ``gradient``, for all rows of a batch at once.

    p is what the output gives, behind its activation, and y the target like it; where ``task`` is "classes" labels (N,)
    if those are given. Both are copies, of the model's dtype. The losses of rows stay apart, so that sample weights
    count: the mean is taken by the model. With more axes, p (N, T, K), each of the N T rows has its loss.

    The kind is the name of the class, or ``class Focal(nn.CustomLoss, kind="focal")``: the name for ``compile`` and for
    files. Keep arguments as attributes. Errors are as for ``nn.CustomLayer``.

    Attributes
    ----------
    task
        "regression", "binary" or "classes": which metrics it goes with
    threshold
        above it an output of a binary task says yes

    Raises
    ------
    DataError
        from the class statement: for a kind that another class has; from ``compile``: for another task, or a binary one
        without a threshold
    NncppError
        from a model: if a method raised; ShapeError, TypeError if it returned something else than was expected

    Examples
    --------
    L_i = sum_k log cosh(p_k - y_k):

    >>> import numpy as np, nncpp as nn
    >>> class LogCosh(nn.CustomLoss, kind="log_cosh"):
    ...     def losses(self, p, y):
    ...         return np.log(np.cosh(p - y)).sum(axis=-1)
    ...
    ...     def gradient(self, p, y):
    ...         return np.tanh(p - y)
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss="log_cosh")
    >>> round(model.evaluate([[1.0], [2.0]], [1.0, 3.0])["loss"], 4)  # (0 + log cosh 1) / 2
    0.2169
    """

    @abstractmethod
    def losses(self, p: Array, y: Array) -> Any:
        """L_i of each row, (N,).

        Parameters
        ----------
        p
            output (N, K)
        y
            targets like p, or labels (N,)
        """

    @abstractmethod
    def gradient(self, p: Array, y: Array) -> Any:
        """dL_i/dp_i of each row, like p: not divided by N.

        Parameters
        ----------
        p, y
            as for ``losses``
        """

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return precision.PythonLoss(*self._about(), self)


class GraphLoss(_OwnLoss):
    """L_i = g(p_i, y_i), written as an expression of the flow graph, which knows its gradient.

    A subclass has ``expression(p, y)``; kind, arguments, ``task`` and ``threshold`` are as for ``nn.CustomLoss``.
    ``compile(loss=function)`` makes one of a function(p, y); that cannot be saved.

    Raises
    ------
    DataError, ShapeError, TypeError
        from ``compile``: if the expression is no node, does not depend on p and y, does not give one number for each
        row, or has variables in it

    Examples
    --------
    L_i = sum_k ((p_k - y_k) / y_k)^2:

    >>> import nncpp as nn
    >>> class RelativeError(nn.GraphLoss):
    ...     def expression(self, p, y):
    ...         return nn.ops.sum(nn.ops.square((p - y) / y), axis=-1)
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
    >>> model.compile(loss=RelativeError())
    >>> model.evaluate([[1.0], [2.0]], [1.0, 4.0])  # (0 + (2 / 4)^2) / 2
    {'loss': 0.125}
    """

    @abstractmethod
    def expression(self, p: Node, y: Node) -> Node:
        """The node of L_i: a number for each row.

        Parameters
        ----------
        p, y
            nodes of the output and of the target, both of the output's shape
        """

    @property
    def num_outputs(self) -> int:
        """1."""
        return 1

    def _core_for(self, precision: _core.Precision, output_shape: tuple[int, ...]) -> _core.Loss:
        p, y = Input(output_shape, name="p"), Input(output_shape, name="y")
        node = self.expression(p, y)
        if not isinstance(node, Node):
            raise TypeError(f"loss {self.kind}: expected expression(p, y) to give a node, got {shown(node)}")
        graph = Graph.of(node)
        if p not in graph.inputs or y not in graph.inputs:
            missing = "y" if p in graph.inputs else "p"
            raise DataError(f"loss {self.kind}: expected an expression of p and y, got one that does not use {missing}")
        dtype = next(name for name, entry in PRECISIONS.items() if entry is precision)
        return precision.GraphLoss(*self._about(), Network(Graph([p, y], [node]), seed=0, dtype=dtype).core)

    def _core(self, precision: _core.Precision) -> _core.Loss:
        return self._core_for(precision, (1,))


class _FunctionLoss(GraphLoss):
    """A caller's function of two nodes."""

    def __init__(self, function: Callable[[Node, Node], Node]) -> None:
        self.function = function
        self.kind = getattr(function, "__name__", type(function).__name__)  # type: ignore[misc]

    def expression(self, p: Node, y: Node) -> Node:
        return self.function(p, y)

    def config(self) -> dict[str, Any]:
        raise NncppError(
            f"save: the loss is the function {self.kind}, which no file can hold; make it a class with "
            "expression(self, p, y), derived from nn.GraphLoss"
        )


def loss(value: object) -> Loss:
    """The loss that a caller means: a name, an object, or a function(p, y) of nodes.

    Raises
    ------
    DataError, TypeError
        for an unknown name; for anything else

    Examples
    --------
    >>> from nncpp.custom_losses import loss
    >>> loss("squared")
    SquaredLoss()
    """
    if callable(value) and not isinstance(value, Loss | type):
        return _FunctionLoss(value)
    return Loss.of(value, "loss")
