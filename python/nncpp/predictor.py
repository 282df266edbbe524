"""Predictor: what a model does as soon as it has parameters, compiled or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import data
from .architecture import Architecture, one_or_list
from .data import Array
from .errors import NncppError
from .graph import Node
from .network import Network


class Predictor(Architecture):
    """Data in, predictions out; the base of Compiled."""

    @contextmanager
    def _built_for(self, x: Any) -> Iterator[Network]:  # noqa: ARG002
        """The network; a Sequential that waits for the shape of x is built, and stays so if the block goes well."""
        yield self._network

    def adapt(self, x: Any) -> None:
        """Fits each ``nn.Standardize`` and ``nn.Whiten`` to x: mean, deviation, directions, computed in float64.

        Parameters
        ----------
        x
            training inputs, as for ``fit``; read once, in pieces

        Raises
        ------
        ShapeError, DataError, TypeError
            for data that cannot be used, NaN and infinity too; no layer is changed then

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(2), nn.Standardize()])
        >>> model.adapt([[1.0, 7.0], [3.0, 7.0]])
        >>> model.state["standardize/mean"], model.state["standardize/deviation"]
        (array([2., 7.], dtype=float32), array([1., 1.], dtype=float32))
        """
        with self._built_for(x) as network:
            network.adapt(data.inputs(x, network.input_names, network.input_shapes, network.input_kinds))

    def predict(self, x: Any, *, lengths: Any = None) -> Any:
        """Outputs for all rows, (n, ...) of the model's dtype; a list of arrays where there are several.

        With ``lengths``, as for ``fit``, an output with steps is 0 behind the end of each sequence.

        Raises
        ------
        ShapeError, DataError, TypeError
            for data that cannot be used

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(2), nn.Dense(2, "softmax", weight_initializer="zeros")])
        >>> model.predict([[1.0, 2.0]])
        array([[0.5, 0.5]], dtype=float32)
        """
        if self._built is not None:
            return self._predict(self._network, x, lengths)
        with self._built_for(x) as network:
            return self._predict(network, x, lengths)

    def _predict(self, network: Network, x: Any, lengths: Any) -> Any:
        inputs = data.inputs(x, network.input_names, network.input_shapes, network.input_kinds)
        return one_or_list(network.core.predict(inputs, data.lengths(lengths)))

    def predict_classes(self, x: Any, *, lengths: Any = None) -> Any:
        """Labels (n,) int64: the largest output's index; of a single unit 1 where p > 1/2 (sigmoid) or s > 0 (hinge).

        Raises
        ------
        NncppError
            for a single unit with neither sigmoid nor the loss "hinge"
        ShapeError, DataError, TypeError
            as for ``predict``

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, "sigmoid", weight_initializer="ones")])
        >>> model.predict_classes([[-2.0], [2.0]])
        array([0, 1])
        """
        predictions = self.predict(x, lengths=lengths)
        several = predictions if isinstance(predictions, list) else [predictions]
        return one_or_list(
            [
                self._classes(p, node, threshold)
                for p, node, threshold in zip(several, self._network.graph.outputs, self._thresholds(), strict=True)
            ]
        )

    def _classes(self, p: Array, node: Node, threshold: float | None) -> Array:
        if p.shape[-1] > 1:
            return np.asarray(p.argmax(axis=-1), np.int64)
        if threshold is None:
            name = self._network.graph.name(node)
            raise NncppError(
                f"predict_classes: {name} has one unit, neither sigmoid nor loss 'hinge', so no classes; use predict"
            )
        return (p[..., 0] > threshold).astype(np.int64)

    def _thresholds(self) -> list[float | None]:
        """By output: above which value a single unit says yes; None where that is not known."""
        activations = [getattr(node.layer, "activation", None) for node in self._network.graph.outputs]
        return [0.5 if activation == "sigmoid" else None for activation in activations]
