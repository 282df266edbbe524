"""Compiled: what a model does once it has a loss: J, its parts, and its gradient."""

from __future__ import annotations

from typing import Any

from . import _core, data
from ._arguments import flag
from .compilation import Compilation
from .data import Array, Examples
from .errors import NncppError
from .graph import Graph
from .network import Network, memory_for
from .predictor import Predictor


class Compiled(Predictor):
    """A loss, metrics and an optimizer for a model; the base of Model."""

    def __init__(self, name: str | None, seed: int, dtype: Any) -> None:
        super().__init__(name, seed, dtype)
        self._compilation: Compilation | None = None
        self._objective: _core.Objective | None = None
        self._trainer: _core.Trainer | None = None
        self._epochs = 0  # since compile, as the trainer's t counts steps
        self._is_fitting = False

    def _build(self, graph: Graph) -> None:
        super()._build(graph)
        if self._compilation is not None:
            self._set_compilation(self._compilation)

    @property
    def _network(self) -> Network:
        """Whoever looks at the model sees rows of embeddings that waited for their turn where the rule has them."""
        if self._trainer is not None and not self._is_fitting:
            self._trainer.settle()
        return super()._network

    @property
    def optimizer(self) -> Any:
        """The optimizer given to ``compile``; its ``learning_rate`` may be changed between steps."""
        return self._require_compiled("optimizer").optimizer

    def compile(self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, loss_weights: Any = None) -> None:
        """Sets what is minimized, and how: J = sum over losses of loss_weight * mean loss, + penalties.

        Parameters stay as they are; the optimizer's moments start anew.

        Parameters
        ----------
        optimizer
            object or name: "sgd", "adagrad", "rmsprop", "adadelta", "adam", "adamw"
        loss
            object or name: "squared", "absolute" and "huber" for numbers, "nll" for sigmoid, "nllm" and "kl" for
            softmax, "hinge", "multiclass_hinge" and "max_margin" for linear scores. With several outputs one for all, a
            list in their order, or a mapping from their names; "max_margin" takes two outputs and no targets
        metrics
            objects or names: "accuracy", "top_k", "binary_accuracy", "precision", "recall", "f1", "auc", "mae", "r2";
            functions(y_true, y_pred); one or a list; a mapping from names gives outputs their own. Only accuracy is
            counted while training; the others, in ``evaluate`` and on validation data, cost a second pass over the rows
        loss_weights
            list or mapping of factors >= 0, by default 1

        Raises
        ------
        DataError, TypeError
            for an unknown name, a loss that does not go with its output's activation, a metric that does not go with
            its loss, or two scores of one name
        NncppError
            from a callback: ``fit`` goes on with what it began with

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(2), nn.Dense(3, "softmax")])
        >>> model.compile(nn.SGD(0.1, momentum=0.9), "nllm", metrics="accuracy")
        """
        if self._is_fitting:
            raise NncppError("compile: the model is in fit; call it before or after, not in a callback")
        outputs = ["output"] if self._built is None else self._built.output_names
        compilation = Compilation(optimizer, loss, metrics, loss_weights, outputs)
        if self._built is None:
            self._compilation = compilation
        else:
            self._set_compilation(compilation)

    def _thresholds(self) -> list[float | None]:
        if self._compilation is None:
            return super()._thresholds()
        pairs = zip(self._compilation.thresholds(), super()._thresholds(), strict=True)
        return [by_loss if by_activation is None else by_activation for by_loss, by_activation in pairs]

    def _set_compilation(self, compilation: Compilation) -> None:
        network = self._network
        compilation.outputs = network.output_names
        with memory_for(f"the optimizer of a model of {self.count_parameters():,} parameters"):
            objective = compilation.objective(network)
            self._trainer = compilation.trainer(network, objective)
        self._objective, self._compilation, self._epochs = objective, compilation, 0

    def _require_compiled(self, call: str) -> Compilation:
        if self._compilation is None:
            raise NncppError(f"{call}: the model is not compiled; call model.compile(optimizer=..., loss=...) first")
        return self._compilation

    def _require_trainer(self, call: str) -> _core.Trainer:
        self._require_compiled(call)
        if self._trainer is None:
            raise NncppError(f"{call}: {self.name} is not built; begin it with nn.Input(shape), or call fit first")
        return self._trainer

    def _require_objective(self, call: str) -> _core.Objective:
        trainer = self._require_trainer(call)
        assert self._objective is not None  # made together
        if not self._is_fitting:
            trainer.settle()
        return self._objective

    def loss_and_gradients(
        self,
        x: Any,
        y: Any = None,
        *,
        training: bool = False,
        sample_weight: Any = None,
        lengths: Any = None,
        inputs: bool = False,
    ) -> tuple[float, dict[str, Array]]:
        """J on all rows as one batch, and its gradient; nothing changes.

        Parameters
        ----------
        x, y, sample_weight, lengths
            as for ``fit``
        training
            True computes as a training step does, with dropout
        inputs
            True adds dJ/dx, under the name of each input; tokens and sparse rows have none

        Returns
        -------
        float, dict
            J, and a mapping like ``parameters``

        Raises
        ------
        NncppError, ShapeError, DataError, TypeError
            as for ``fit``

        Examples
        --------
        J = (w u + b - y)^2, so dJ/dw = 2 (w u + b - y) u:

        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="zeros")])
        >>> model.compile(loss="squared")
        >>> loss, gradients = model.loss_and_gradients([[3.0]], [1.0])
        >>> loss, gradients["dense/weight"], gradients["dense/bias"]
        (1.0, array([[-6.]], dtype=float32), array([-2.], dtype=float32))
        """
        objective, network = self._require_objective("loss_and_gradients"), self._network
        examples = self._examples(x, y, sample_weight, lengths)
        step = self._require_trainer("loss_and_gradients").t
        value, flat, dinputs = objective.gradient(*examples, flag("training", training), step, flag("inputs", inputs))
        by_input = zip(network.input_names, dinputs, strict=inputs)
        return value.value, {**network.gradients(flat), **{name: dx for name, dx in by_input if dx is not None}}

    def explain_backward(self, x: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None) -> str:
        r"""Forward and backward pass of one small batch as text, line by line: formula, shape, numbers.

        Every layer's z and v, the loss with its 1/N, dJ/dz of the output, then from the last layer to the first dz, dW,
        db and du. Numbers are shown of arrays of up to 6 rows and columns. As in prediction: without dropout and noise.

        Parameters
        ----------
        x, y, sample_weight, lengths
            as for ``fit``; a few rows

        Returns
        -------
        str
            to print

        Raises
        ------
        NncppError, ShapeError, DataError, TypeError
            as for ``loss_and_gradients``

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones", name="line")])
        >>> model.compile(loss="squared")
        >>> text = model.explain_backward([[3.0], [1.0]], [1.0, 1.0])
        >>> print(text.partition("BACKWARD\n")[2].partition("\ninput")[0])
        line
            dv (2, 1) = the loss's, above
            dW (1, 1) = u^T (1, 2) dv (2, 1)
                [6]
            db (1,) = sum over rows of dv (2, 1)
                [2]
            du (2, 1) = dv W^T (1, 1)
        """
        from .explanation import explain_backward

        return explain_backward(self, self._checked("explain_backward", x, y, sample_weight, lengths))

    def evaluate(self, x: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None) -> dict[str, float]:
        """Loss and metrics over all rows, in inference: {"loss": ..., "accuracy": ...}.

        With ``lengths``, as for ``fit``, over all steps that count.

        With regularizers also "data_loss" and "penalty", whose sum is "loss"; with several losses each one's by the
        name of its output. All metrics but accuracy need the predictions of all rows in memory.

        Raises
        ------
        NncppError
            if the model is not compiled
        ShapeError, DataError, TypeError
            for data that cannot be used

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="ones")])
        >>> model.compile(loss="squared")
        >>> model.evaluate([[1.0], [2.0]], [1.0, 4.0])
        {'loss': 2.0}
        """
        return self._evaluate(self._checked("evaluate", x, y, sample_weight, lengths))

    def _evaluate(self, examples: Examples) -> dict[str, float]:
        compilation, objective = (
            self._require_compiled("evaluate"),
            self._require_objective("evaluate").evaluate(*examples),
        )
        scores = compilation.scores(objective.sums, objective.penalty)
        if compilation.needs_predictions:
            predictions = self._network.core.predict(examples.inputs, examples.lengths)
            scores |= compilation.prediction_scores(examples, predictions)
        return scores

    def _checked(self, call: str, x: Any, y: Any, sample_weight: Any, lengths: Any = None) -> Examples:
        objective = self._require_objective(call)
        examples = self._examples(x, y, sample_weight, lengths)
        objective.require_valid(*examples)
        return examples

    def _examples(self, x: Any, y: Any, sample_weight: Any, lengths: Any = None) -> Examples:
        network, outputs = super()._network, self._require_compiled("y").target_outputs
        names, shapes = network.output_names, network.output_shapes
        return Examples(
            data.inputs(x, network.input_names, network.input_shapes, network.input_kinds),
            data.targets(y, [names[k] for k in outputs], [shapes[k] for k in outputs]),
            data.sample_weights(sample_weight),
            data.lengths(lengths),
        )
