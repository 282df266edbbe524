"""Compilation: what ``compile`` was given, one loss, weight and list of metrics for each output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from . import _core
from ._arguments import number
from .errors import DataError
from .losses import Loss
from .metrics import Accuracy, FunctionMetric, Metric, metric
from .optimizers import Optimizer


class Compilation:
    """Optimizer, losses, loss weights and metrics; turns the core's sums into named scores.

    Parameters
    ----------
    optimizer, loss, metrics, loss_weights
        as for ``Model.compile``
    outputs
        names of the model's outputs
    """

    def __init__(self, optimizer: Any, loss: Any, metrics: Any, loss_weights: Any, outputs: Sequence[str]) -> None:
        self.outputs = list(outputs)
        self.has_penalty = False
        self.optimizer = Optimizer.of(optimizer, "optimizer")
        self.losses = [Loss.of(value, "loss") for value in self._by_output("loss", loss)]
        weights = [1.0] * len(self.outputs) if loss_weights is None else self._by_output("loss_weights", loss_weights)
        self.loss_weights = [number("loss_weights", value, "[0, inf)") for value in weights]
        self.metrics = [
            [metric(value) for value in values]
            for values in self._metrics_by_output([] if metrics is None else metrics)
        ]

    def trainer(
        self, network: _core.Network, precision: _core.Precision, penalties: list[tuple[int, int, float, float]]
    ) -> _core.Trainer:
        """The core's trainer of a network.

        Raises
        ------
        DataError
            for a loss that does not go with its output's activation, accuracy without classes, or two scores of a name
        """
        losses = [loss._core(precision) for loss in self.losses]
        for name, loss, metrics in zip(self.outputs, losses, self.metrics, strict=True):
            if not loss.has_accuracy and any(isinstance(entry, Accuracy) for entry in metrics):
                raise DataError(f"metrics: accuracy needs the loss nll or nllm, {name} has {loss.name}")
        self.has_penalty = bool(penalties)
        keys = self.keys(is_training=False)
        for key in keys:
            if keys.count(key) > 1:
                raise DataError(f"metrics: two scores are called {key}; give the metric or the output another name")
        return precision.Trainer(network, losses, self.loss_weights, self.optimizer._core(precision), penalties)

    def scores(self, sums: Sequence[_core.LossSums], penalty: float) -> dict[str, float]:
        """Sums over rows -> "loss", with regularizers its parts, and what the core counted.

        loss = sum over outputs of loss_weight * mean loss, + penalty
        """
        means = [_ratio(entry.loss, entry.weight) for entry in sums]
        data_loss = sum(weight * mean for weight, mean in zip(self.loss_weights, means, strict=True))
        scores = {"loss": data_loss + penalty}
        if self.has_penalty:
            scores |= {"data_loss": data_loss, "penalty": penalty}
        for k, entry in enumerate(sums):
            if len(sums) > 1:
                scores[self._key(k, "loss")] = means[k]
            if any(isinstance(value, Accuracy) for value in self.metrics[k]):
                scores[self._key(k, "accuracy")] = _ratio(entry.correct, entry.weight)
        return scores

    @property
    def has_functions(self) -> bool:
        """Whether a metric is the caller's own function, so that predictions are needed."""
        return any(isinstance(entry, FunctionMetric) for metrics in self.metrics for entry in metrics)

    def function_scores(self, targets: Sequence[Any], predictions: Sequence[Any]) -> dict[str, float]:
        """What the caller's own metrics say."""
        return {
            self._key(k, entry.name): float(entry.function(targets[k], predictions[k]))
            for k, metrics in enumerate(self.metrics)
            for entry in metrics
            if isinstance(entry, FunctionMetric)
        }

    def keys(self, is_training: bool) -> list[str]:
        """The names that ``scores`` and, except in training, ``function_scores`` give."""
        keys = ["loss", "data_loss", "penalty"] if self.has_penalty else ["loss"]
        for k, metrics in enumerate(self.metrics):
            keys += [self._key(k, "loss")] * (len(self.outputs) > 1)
            keys += [self._key(k, "accuracy") for entry in metrics if isinstance(entry, Accuracy)]
            keys += [self._key(k, e.name) for e in metrics if isinstance(e, FunctionMetric) and not is_training]
        return keys

    def config(self) -> dict[str, Any]:
        """As JSON has it; metrics that are functions are left out."""
        return {
            "optimizer": self.optimizer.config(),
            "losses": [loss.config() for loss in self.losses],
            "loss_weights": self.loss_weights,
            "metrics": [[entry.kind for entry in metrics if isinstance(entry, Metric)] for metrics in self.metrics],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], outputs: Sequence[str]) -> Self:
        """What ``config`` describes, for a model of these outputs."""
        metrics = dict(zip(outputs, config["metrics"], strict=True))
        return cls(config["optimizer"], list(config["losses"]), metrics, list(config["loss_weights"]), outputs)

    def _key(self, k: int, name: str) -> str:
        return name if len(self.outputs) == 1 else f"{self.outputs[k]}_{name}"

    def _by_output(self, argument: str, value: Any) -> list[Any]:
        """One entry for each output, from a list, a mapping from names, or one value for all."""
        names = ", ".join(self.outputs)
        if isinstance(value, Mapping):
            if set(value) != set(self.outputs):
                raise DataError(f"{argument}: expected the keys {names}, got {', '.join(map(str, value))}")
            return [value[name] for name in self.outputs]
        if isinstance(value, list | tuple):
            if len(value) != len(self.outputs):
                raise DataError(f"{argument}: expected {len(self.outputs)} entries ({names}), got {len(value)}")
            return list(value)
        return [value] * len(self.outputs)

    def _metrics_by_output(self, metrics: Any) -> list[list[Any]]:
        """A list counts for every output; a mapping gives each output its own."""
        if isinstance(metrics, Mapping):
            unknown = [str(name) for name in metrics if name not in self.outputs]
            if unknown:
                raise DataError(f"metrics: expected keys among {', '.join(self.outputs)}, got {', '.join(unknown)}")
            return [_as_list(metrics.get(name, [])) for name in self.outputs]
        return [_as_list(metrics) for _ in self.outputs]


def _ratio(total: float, weight: float) -> float:
    """A weighted mean; NaN as long as all rows had weight 0."""
    return total / weight if weight > 0.0 else float("nan")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
