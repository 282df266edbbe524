"""Telemetry: what went on inside the layers while they were trained, step by step."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .data import Array
from .errors import DataError, ShapeError

QUANTITIES = ("update_ratio", "parameter_norm", "gradient_norm", "mean", "deviation", "dead", "saturated")


class Telemetry(Mapping[str, dict[str, list[float]]]):
    """A mapping from the names of the layers to what ``fit(telemetry=every)`` recorded of each, one entry a record.

    Of a layer with parameters, all of them (theta) taken together as one vector:

    ``update_ratio``
        |theta after the step - theta before| / |theta before|; about 1e-3 where a rate is well chosen. Infinite for
        parameters that were all 0
    ``parameter_norm``
        |theta before the step|
    ``gradient_norm``
        |dJ/dtheta|, penalties included, before any clipping

    Of the output of every layer in training, a numbers a row, over the rows of the batch:

    ``mean``, ``deviation``
        over all numbers. Where the loss takes over the activation of an output, it is applied here
    ``dead``
        fraction of units that gave 0 in every row, so that no gradient comes through them: of relu, softplus and
        exponential. A unit is a place on the last axis
    ``saturated``
        fraction of numbers near a limit of the activation: sigmoid below 0.025 or above 0.975 and tanh beyond -0.95 or
        0.95, where the slope is less than a tenth of the steepest; softsign beyond -0.95 or 0.95; hard_tanh at -1 or 1

    NaN stands where a quantity does not apply. A layer that stands in several places is one entry.

    Parameters
    ----------
    layers
        their names, in the order of the graph
    steps
        (records,) the step of each record: the optimizer's count after it
    values
        (records, layers, 7) in the order of `nncpp.telemetry.QUANTITIES`

    Attributes
    ----------
    layers : list of str
    steps : list of int

    Raises
    ------
    ShapeError, DataError
        if steps, layers and values do not fit together, or a name comes twice
    KeyError
        for a layer that is not there; the message lists those there are

    References
    ----------
    Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, for saturation and
    the deviation by depth.

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")], dtype="float64")
    >>> model.compile(nn.SGD(0.125), "squared")
    >>> history = model.fit([[1.0]], [0.0], epochs=4, telemetry=2)
    >>> history.telemetry.steps, history.telemetry["dense"]["mean"]
    ([2, 4], [0.5, 0.125])
    """

    def __init__(self, layers: Sequence[str] = (), steps: ArrayLike = (), values: ArrayLike | None = None) -> None:
        self.layers: list[str] = []
        self.steps: list[int] = []
        self._rows: list[Array] = []  # (layers, quantities) by record
        if len(layers) > 0:
            empty = np.empty((0, len(layers), len(QUANTITIES)))
            self.extend(layers, np.asarray(steps, np.int64), empty if values is None else np.asarray(values, float))

    def extend(self, layers: Sequence[str], steps: Array, values: Array) -> None:
        """More records of the same layers: steps (records,), values (records, layers, quantities)."""
        if len(set(layers)) < len(layers):
            raise DataError(f"layers: expected different names, got {', '.join(layers)}")
        if self.layers and list(layers) != self.layers:
            raise DataError(f"layers: expected {', '.join(self.layers)} as before, got {', '.join(layers)}")
        expected = (len(steps), len(layers), len(QUANTITIES))
        if values.shape != expected:
            raise ShapeError(f"values: expected {expected} (records, layers, quantities), got {values.shape}")
        self.layers = list(layers)
        self.steps += steps.tolist()
        self._rows += list(values)

    @property
    def records(self) -> Array:
        """(records, layers, quantities), a copy."""
        return np.array(self._rows, float).reshape(len(self.steps), len(self.layers), len(QUANTITIES))

    def since(self, record: int) -> "Telemetry":
        """The records from that number on."""
        return Telemetry(self.layers, self.steps[record:], self.records[record:])

    def __getitem__(self, layer: str) -> dict[str, list[float]]:
        if layer not in self.layers:
            raise KeyError(f"{layer}; this telemetry has {', '.join(self.layers) or 'no layers'}")
        place = self.layers.index(layer)
        columns: Any = np.array([row[place] for row in self._rows]).reshape(-1, len(QUANTITIES)).T.tolist()
        return dict(zip(QUANTITIES, columns, strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        return f"<Telemetry of {len(self.steps)} steps: {', '.join(self.layers)}>"
