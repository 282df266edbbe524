"""Model: a network that can be trained, asked, looked into and kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import Any

import numpy as np

from . import _core, data
from ._arguments import data_type, flag
from .architecture import Architecture, nodes_of, one_or_list
from .compilation import Compilation
from .data import Array, Examples
from .errors import DataError, DivergenceError, NncppError
from .graph import Graph, Node
from .history import History
from .layers import Input
from .network import Network
from .training import Fit, Options


class Model(Architecture):
    """A graph of layers between inputs and outputs, with its parameters.

    Called on nodes it gives nodes: its layers stand in the new graph, and start from the values they have here.

    Parameters
    ----------
    inputs
        an ``nn.Input``, or several
    outputs
        a node, or several
    name
        for ``summary`` and messages
    seed
        key of all random numbers: first weights, order of rows, dropout
    dtype
        "float32" or "float64": parameters and arithmetic

    Attributes
    ----------
    history : History
        every epoch that this model was trained for
    metadata : dict
        what the caller wants kept with the model, as JSON has it: column names, classes, ...
    stop_training : bool
        set by a callback: True ends ``fit`` after the epoch

    Raises
    ------
    ShapeError
        if a layer cannot take what it is given
    DataError, TypeError
        for two layers of one name, an input that is missing or leads nowhere, anything that is not a node

    Examples
    --------
    >>> import nncpp as nn
    >>> a, b = nn.Input(20, name="true"), nn.Input(20, name="corrupt")
    >>> score = nn.Sequential([nn.Dense(8, activation="sigmoid"), nn.Dense(1, use_bias=False)])
    >>> model = nn.Model(inputs=[a, b], outputs=[score(a), score(b)])
    >>> model.count_parameters()
    176
    """

    def __init__(
        self, inputs: Any, outputs: Any, *, name: str | None = None, seed: int = 0, dtype: Any = "float32"
    ) -> None:
        self._configure(name, seed, dtype)
        self._build(Graph(nodes_of("inputs", inputs, Input), nodes_of("outputs", outputs, Node)))

    def _configure(self, name: str | None, seed: int, dtype: Any) -> None:
        super().__init__(name, seed, dtype)
        self.history = History()
        self.metadata: dict[str, Any] = {}
        self.stop_training = False
        self._compilation: Compilation | None = None
        self._trainer: _core.Trainer | None = None

    def _build(self, graph: Graph) -> None:
        super()._build(graph)
        if self._compilation is not None:
            self._set_compilation(self._compilation)

    @contextmanager
    def _built_for(self, x: Any) -> Iterator[Network]:  # noqa: ARG002
        """The network; a Sequential that waits for the shape of x is built, and stays so if the block goes well."""
        yield self._network

    @property
    def optimizer(self) -> Any:
        """The optimizer given to ``compile``; its ``learning_rate`` may be changed between steps."""
        return self._require_compiled("optimizer").optimizer

    def compile(self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, loss_weights: Any = None) -> None:
        """Sets what is minimized, and how: J = sum over outputs of loss_weight * mean loss, + penalties.

        Parameters stay as they are; the optimizer's moments start anew.

        Parameters
        ----------
        optimizer
            object or name: "sgd", "adam"
        loss
            object or name: "squared" for a linear output, "nll" for sigmoid, "nllm" for softmax. With several outputs
            one for all, a list, or a mapping from their names
        metrics
            "accuracy" or functions(y_true, y_pred), one or a list; a mapping from names gives outputs their own
        loss_weights
            list or mapping of factors >= 0, by default 1

        Raises
        ------
        DataError, TypeError
            for an unknown name, a loss that does not go with its output's activation, or two scores of one name
        """
        outputs = ["output"] if self._built is None else self._built.output_names
        compilation = Compilation(optimizer, loss, metrics, loss_weights, outputs)
        if self._built is None:
            self._compilation = compilation
        else:
            self._set_compilation(compilation)

    def _set_compilation(self, compilation: Compilation) -> None:
        network = self._network
        compilation.outputs = network.output_names
        self._trainer = compilation.trainer(network.core, network.precision, network.penalties())
        self._compilation = compilation

    def _require_compiled(self, call: str) -> Compilation:
        if self._compilation is None:
            raise NncppError(f"{call}: the model is not compiled; call model.compile(optimizer=..., loss=...) first")
        return self._compilation

    def _require_trainer(self, call: str) -> _core.Trainer:
        self._require_compiled(call)
        if self._trainer is None:
            raise NncppError(f"{call}: {self.name} is not built; begin it with nn.Input(shape), or call fit first")
        return self._trainer

    def adapt(self, x: Any) -> None:
        """Gives each ``nn.Standardize`` mean and deviation of the columns of x, computed in float64.

        Parameters
        ----------
        x
            training inputs, as for ``fit``; read once, in pieces
        """
        with self._built_for(x) as network:
            network.adapt(data.inputs(x, network.input_names, network.input_shapes))

    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: Any = None,
        validation_split: float | None = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        callbacks: Any = None,
        shuffle: bool = True,
        verbose: Any = "auto",
        checkpoint: str | PathLike[str] | None = None,
        checkpoint_every: int | None = None,
        resume: bool = False,
    ) -> History:
        """Trains for some epochs; each takes every row once, in a new order, in ceil(n / batch_size) steps.

        Everything given is checked before the first step. Ctrl-C leaves the model at the last whole step.

        Parameters
        ----------
        x, y
            arrays of n rows, NumPy or what turns into it; lists or mappings by name for several inputs or outputs.
            Any strides, float16/32/64, integers, bool, memory-mapped: rows are read where they lie
        epochs, batch_size
            whole numbers >= 1
        validation_data
            (x, y) or (x, y, sample_weight), scored after each epoch
        validation_split
            fraction in (0, 1): the last rows are held out instead, as they come, before any shuffling
        sample_weight
            (n,) numbers >= 0; the loss is their weighted mean
        class_weight
            mapping from label to a factor on the weight of its rows, 1 for labels left out; not used in validation
        callbacks
            a Callback or several
        shuffle
            False takes rows in their order
        verbose
            progress bar: "auto" on a terminal, True or False
        checkpoint, checkpoint_every
            file that is replaced every so many steps (by default after each epoch), and at the end
        resume
            True goes on from the checkpoint, if the file is there: the same bits as without the break

        Returns
        -------
        History
            of this call; ``model.history`` has all epochs

        Raises
        ------
        NncppError
            if the model is not compiled
        ShapeError, DataError, TypeError
            for data that cannot be used; the model is unchanged
        DivergenceError
            if a loss or gradient is not finite; the model is as before that step
        FileError
            if the checkpoint cannot be read or written
        """
        options = Options(epochs, batch_size, callbacks, shuffle, verbose, checkpoint, checkpoint_every, resume)
        if validation_data is not None and validation_split is not None:
            raise DataError("validation_split: expected None with validation_data, got both")
        self._require_compiled("fit")
        with self._built_for(x) as network:
            training, validation = self._checked("fit", x, y, sample_weight), None
            if validation_split is not None:
                training, validation = data.split(training, validation_split)
            elif validation_data is not None:
                validation = self._validation(validation_data)
            if class_weight is not None:
                training = data.with_class_weights(training, class_weight, network.output_shapes[0])
            fit = Fit(self, training, validation, options)
            fit.begin()
            if not network.is_adapted():
                network.adapt(training.inputs)
        return fit.run()

    def _validation(self, value: Any) -> Examples:
        arguments = data.validation_arguments(value)
        try:
            return self._checked("fit", *arguments)
        except (NncppError, TypeError) as error:
            raise type(error)(f"validation_data: {error}") from None

    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """One step on all rows given; J as it was before the step.

        Raises
        ------
        NncppError, ShapeError, DataError, TypeError, DivergenceError
            as for ``fit``; NncppError also for an ``nn.Standardize`` without data to go by: call ``adapt`` first
        """
        compilation, trainer = self._compilation, self._trainer
        if compilation is None or trainer is None or self._network.standardizes:
            with self._built_for(x) as network:
                compilation, trainer = self._require_compiled("train_on_batch"), self._require_trainer("train_on_batch")
                if not network.is_adapted():
                    raise NncppError("train_on_batch: nn.Standardize has no mean yet; call model.adapt(x) first")
        loss = trainer.step(*self._examples(x, y, sample_weight), compilation.optimizer.learning_rate).value
        if not math.isfinite(loss):
            raise DivergenceError("train_on_batch: the loss or a gradient was not finite; this step was not taken")
        return loss

    def loss_and_gradients(
        self, x: Any, y: Any, *, training: bool = False, sample_weight: Any = None, inputs: bool = False
    ) -> tuple[float, dict[str, Array]]:
        """J on all rows as one batch, and its gradient; nothing changes.

        Parameters
        ----------
        x, y, sample_weight
            as for ``fit``
        training
            True computes as a training step does, with dropout
        inputs
            True adds dJ/dx, under the name of each input

        Returns
        -------
        float, dict
            J, and a mapping like ``parameters``
        """
        trainer, network = self._require_trainer("loss_and_gradients"), self._network
        examples = self._examples(x, y, sample_weight)
        objective, flat, dinputs = trainer.gradient(*examples, flag("training", training), flag("inputs", inputs))
        by_input = dict(zip(network.input_names, dinputs, strict=inputs))
        return objective.value, {**network.gradients(flat), **by_input}

    def evaluate(self, x: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """Loss and metrics over all rows, in inference: {"loss": ..., "accuracy": ...}.

        With regularizers also "data_loss" and "penalty", whose sum is "loss"; with several outputs each one's by name.
        """
        return self._evaluate(self._checked("evaluate", x, y, sample_weight))

    def _evaluate(self, examples: Examples) -> dict[str, float]:
        compilation, objective = (
            self._require_compiled("evaluate"),
            self._require_trainer("evaluate").evaluate(*examples),
        )
        scores = compilation.scores(objective.sums, objective.penalty)
        if compilation.has_functions:
            scores |= compilation.function_scores(examples.targets, self._network.core.predict(examples.inputs))
        return scores

    def _checked(self, call: str, x: Any, y: Any, sample_weight: Any) -> Examples:
        trainer = self._require_trainer(call)
        examples = self._examples(x, y, sample_weight)
        trainer.require_valid(*examples)
        return examples

    def _examples(self, x: Any, y: Any, sample_weight: Any) -> Examples:
        network = self._network
        return Examples(
            data.inputs(x, network.input_names, network.input_shapes),
            data.targets(y, network.output_names, network.output_shapes),
            data.sample_weights(sample_weight),
        )

    def predict(self, x: Any) -> Any:
        """Outputs for all rows, (n, ...) of the model's dtype; a list of arrays where there are several.

        Raises
        ------
        ShapeError, DataError, TypeError
            for data that cannot be used
        """
        if self._built is not None:
            return self._predict(self._built, x)
        with self._built_for(x) as network:
            return self._predict(network, x)

    def _predict(self, network: Network, x: Any) -> Any:
        return one_or_list(network.core.predict(data.inputs(x, network.input_names, network.input_shapes)))

    def predict_classes(self, x: Any) -> Any:
        """Labels (n,) int64: the largest output's index; for a single sigmoid unit 1 where p > 1/2."""
        predictions = self.predict(x)
        several = predictions if isinstance(predictions, list) else [predictions]
        return one_or_list(
            [self._classes(p, node) for p, node in zip(several, self._network.graph.outputs, strict=True)]
        )

    def _classes(self, p: Array, node: Node) -> Array:
        if p.shape[-1] > 1:
            return np.asarray(p.argmax(axis=-1), np.int64)
        if getattr(node.layer, "activation", None) != "sigmoid":
            name = self._network.graph.name(node)
            raise NncppError(f"predict_classes: {name} has one unit and no sigmoid, so no classes; use predict")
        return (p[..., 0] > 0.5).astype(np.int64)

    def save(self, path: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Writes architecture, parameters, state, optimizer and history to one file; ``nn.load`` reads it.

        Parameters
        ----------
        path
            file to write, by custom ``.safetensors``
        metadata
            what JSON can hold; by default ``model.metadata``

        Raises
        ------
        FileError
            if it cannot be written; an old file of that name is then still whole
        """
        from .serialization import save

        save(self, path, metadata)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For copy and pickle: the content of a model file, and what is not in one, metrics that are functions."""
        from .serialization import from_bytes, to_bytes

        if self._built is None:
            return super().__reduce_ex__(protocol)
        return from_bytes, (to_bytes(self),), {"_compilation": self._compilation}

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Model:
        """The model that ``config`` describes, with first values by its seed, not compiled."""
        from .sequential import Sequential

        model = object.__new__(Sequential if config["class"] == "Sequential" else Model)
        model._configure(config["name"], config["seed"], config["dtype"])
        model._build(Graph.from_config(config))
        return model

    def _clone(self, dtype: Any) -> Model:
        """The same layers, compilation and values in another dtype."""
        clone = Model.from_config({**self.config(), "dtype": data_type(dtype)})
        for mine, theirs in ((clone.parameters, self.parameters), (clone.state, self.state)):
            for name, values in theirs.items():
                mine[name][...] = values
        if self._compilation is not None:
            clone._set_compilation(self._compilation)
        return clone
