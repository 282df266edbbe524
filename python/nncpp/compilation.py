"""Compilation: what ``compile`` was given: losses, each with its outputs, its weight and its metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Self

from . import _core
from ._arguments import number
from .custom_losses import loss as as_loss
from .errors import DataError
from .losses import Loss
from .metrics import Accuracy, FunctionMetric, Metric, Perplexity, metric
from .optimizers import Optimizer

if TYPE_CHECKING:
    from .data import Examples
    from .network import Network

COUNTED = (Accuracy, Perplexity)  # what comes with the core's loss
MOST_LOSS = 700.0  # the exponential of a larger one is no double


class Compilation:
    """Optimizer, losses, loss weights and metrics; turns the core's sums into named scores.

    Parameters
    ----------
    optimizer, loss, metrics, loss_weights
        as for ``Model.compile``
    outputs
        names of the model's outputs

    Attributes
    ----------
    first_outputs
        by loss: index of the output it takes, or of the first of two
    target_outputs
        indices of the outputs that targets belong to: those of losses that take one
    outputs_with_steps
        indices of those that lengths count for; known as soon as there is a network
    """

    def __init__(self, optimizer: Any, loss: Any, metrics: Any, loss_weights: Any, outputs: Sequence[str]) -> None:
        self.outputs = list(outputs)
        self.has_penalty = False
        self.outputs_with_steps: list[int] = []
        self.optimizer = Optimizer.of(optimizer, "optimizer")
        self.losses = self._losses(loss)
        self.first_outputs = [0, *accumulate(loss.num_outputs for loss in self.losses)][:-1]
        terms = zip(self.first_outputs, self.losses, strict=True)
        self.target_outputs = [k for k, loss in terms if loss.takes_target]
        weights = _each("loss_weights", 1.0 if loss_weights is None else loss_weights, self.names)
        self.loss_weights = [number("loss_weights", value, "[0, inf)") for value in weights]
        self.metrics = [
            [metric(value) for value in values] for values in self._metrics([] if metrics is None else metrics)
        ]

    @property
    def names(self) -> list[str]:
        """By loss: the name of its output, or of the first of two."""
        return [self.outputs[k] for k in self.first_outputs]

    def objective(self, network: Network) -> _core.Objective:
        """J of a network.

        Raises
        ------
        DataError
            for a loss that does not go with its output's activation or has one class only, a metric that does not go
            with its loss, or two scores of a name
        """
        precision, penalties = network.precision, network.penalties()
        losses = self.core_losses(network)
        for k, loss in zip(self.first_outputs, self.losses, strict=True):
            if loss.task == "classes" and network.output_shapes[k][-1] == 1:
                raise DataError(
                    f"{self.outputs[k]}: loss {loss.kind!r} needs an output for each class, at least 2, got 1; "
                    "for one that says yes or no use 'nll' with 'sigmoid'"
                )
        for k, entry in self._entries():
            output = self.first_outputs[k]
            entry.require(self.losses[k], network.output_shapes[output][-1], self.outputs[output])
        self.has_penalty = bool(penalties)
        self.outputs_with_steps = network.core.outputs_with_steps
        keys = self.keys(is_training=False)
        for key in keys:
            if keys.count(key) > 1:
                raise DataError(f"metrics: two scores are called {key}; give the metric or the output another name")
        return precision.Objective(network.core, losses, self.loss_weights, penalties)

    def core_losses(self, network: Network) -> list[_core.Loss]:
        """The losses as the core has them, for the outputs of a network."""
        shapes = [network.output_shapes[k] for k in self.first_outputs]
        return [loss._core_for(network.precision, shape) for loss, shape in zip(self.losses, shapes, strict=True)]

    def trainer(self, network: Network, objective: _core.Objective) -> _core.Trainer:
        """What takes steps on it; raises DataError for an option of the optimizer that the network cannot have."""
        return network.precision.Trainer(
            objective,
            self.optimizer._core(network.precision),
            constraints=network.constraints(),
            rate_factors=network.rate_factors(self.optimizer.rate_factors),
            **self.optimizer._clipping,
        )

    def scores(self, sums: Sequence[_core.LossSums], penalty: float) -> dict[str, float]:
        """Sums over rows -> "loss", with regularizers its parts, and what the core counted.

        loss = sum of loss_weight * mean loss, + penalty
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
            if any(isinstance(value, Perplexity) for value in self.metrics[k]):
                scores[self._key(k, "perplexity")] = math.exp(min(means[k], MOST_LOSS))
        return scores

    @property
    def needs_predictions(self) -> bool:
        """Whether there are metrics that the core does not count."""
        return any(not isinstance(entry, COUNTED) for _, entry in self._entries())

    def prediction_scores(self, examples: Examples, predictions: Sequence[Any]) -> dict[str, float]:
        """What the core does not count."""
        by_output = dict(zip(self.target_outputs, examples.targets, strict=True))
        scores = {}
        for k, entry in self._entries():
            if not isinstance(entry, COUNTED):
                output = self.first_outputs[k]
                y_true, y_pred = by_output[output], predictions[output]
                scores[self._key(k, entry.name)] = entry(
                    y_true,
                    y_pred,
                    examples.weights,
                    loss=self.losses[k],
                    lengths=examples.lengths if output in self.outputs_with_steps else None,
                )
        return scores

    def keys(self, is_training: bool) -> list[str]:
        """The names that ``scores`` and, except in training, ``prediction_scores`` give."""
        keys = ["loss", "data_loss", "penalty"] if self.has_penalty else ["loss"]
        keys += [self._key(k, "loss") for k in range(len(self.losses)) if len(self.losses) > 1]
        return keys + [
            self._key(k, entry.name) for k, entry in self._entries() if isinstance(entry, COUNTED) or not is_training
        ]

    def thresholds(self) -> list[float | None]:
        """By output: above which value a single unit says yes, where the loss tells."""
        return [loss.threshold for loss in self.losses for _ in range(loss.num_outputs)]

    def config(self) -> dict[str, Any]:
        """As JSON has it; metrics that are functions are left out."""
        return {
            "optimizer": self.optimizer.config(),
            "losses": [loss.config() for loss in self.losses],
            "loss_weights": self.loss_weights,
            "metrics": [[entry.config() for entry in metrics if isinstance(entry, Metric)] for metrics in self.metrics],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], outputs: Sequence[str]) -> Self:
        """What ``config`` describes, for a model of these outputs."""
        compilation = cls(config["optimizer"], list(config["losses"]), None, list(config["loss_weights"]), outputs)
        compilation.metrics = [
            [metric(value) for value in values]
            for values in _each("metrics", list(config["metrics"]), compilation.names)
        ]
        return compilation

    def _entries(self) -> Iterator[tuple[int, Metric | FunctionMetric]]:
        """Each metric after the index of its loss."""
        return ((k, entry) for k, metrics in enumerate(self.metrics) for entry in metrics)

    def _key(self, k: int, name: str) -> str:
        return name if len(self.losses) == 1 else f"{self.names[k]}_{name}"

    def _losses(self, value: Any) -> list[Loss]:
        """In the order of the outputs; one that is given alone is repeated until they are taken."""
        if isinstance(value, Mapping | list | tuple):
            entries = value if isinstance(value, list | tuple) else _each("loss", value, self.outputs)
            losses = [as_loss(entry) for entry in entries]
        else:
            loss = as_loss(value)
            losses = [loss] * max(1, len(self.outputs) // loss.num_outputs)
        taken = sum(loss.num_outputs for loss in losses)
        if taken != len(self.outputs):
            raise DataError(
                f"loss: expected losses that take {len(self.outputs)} outputs ({', '.join(self.outputs)}), "
                f"got {', '.join(loss.kind for loss in losses) or 'none'}, which take {taken}"
            )
        return losses

    def _metrics(self, metrics: Any) -> list[list[Any]]:
        """A list counts for every loss; a mapping gives each its own, by the name of its output."""
        if isinstance(metrics, Mapping):
            unknown = [str(name) for name in metrics if name not in self.names]
            if unknown:
                raise DataError(f"metrics: expected keys among {', '.join(self.names)}, got {', '.join(unknown)}")
            return [_as_list(metrics.get(name, [])) for name in self.names]
        return [_as_list(metrics) for _ in self.names]


def _each(argument: str, value: Any, names: Sequence[str]) -> list[Any]:
    """One entry for each name, from a list, a mapping, or one value for all."""
    if isinstance(value, Mapping):
        if set(value) != set(names):
            raise DataError(f"{argument}: expected the keys {', '.join(names)}, got {', '.join(map(str, value))}")
        return [value[name] for name in names]
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise DataError(f"{argument}: expected {len(names)} entries ({', '.join(names)}), got {len(value)}")
        return list(value)
    return [value] * len(names)


def _ratio(total: float, weight: float) -> float:
    """A weighted mean; NaN as long as all rows had weight 0."""
    return total / weight if weight > 0.0 else float("nan")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
