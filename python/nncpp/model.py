"""Model: a network that can be trained, scored, looked into and kept."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import Any

from . import data
from ._arguments import data_type
from .architecture import nodes_of
from .compiled import Compiled
from .data import Examples
from .divergence import divergence_error
from .errors import DataError, NncppError
from .graph import Graph, Node
from .history import History
from .layers import Input
from .training import Fit, Options


class Model(Compiled):
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
        lengths: Any = None,
        callbacks: Any = None,
        shuffle: bool = True,
        verbose: Any = "auto",
        checkpoint: str | PathLike[str] | None = None,
        checkpoint_every: int | None = None,
        resume: bool = False,
        telemetry: int | None = None,
    ) -> History:
        """Trains for some epochs; each takes every row once, in a new order, in ceil(n / batch_size) steps.

        Everything given is checked before the first step. Ctrl-C leaves the model at the last whole step.

        Parameters
        ----------
        x, y
            arrays of n rows, NumPy or what turns into it; lists or mappings by name for several inputs or outputs.
            Any strides, float16/32/64, integers, bool, memory-mapped: rows are read where they lie. No y where the loss
            takes no targets
        epochs, batch_size
            whole numbers >= 1
        validation_data
            (x, y), (x, y, sample_weight) or (x, y, sample_weight, lengths), scored after each epoch; y is None where
            the loss takes no targets
        validation_split
            fraction in (0, 1): the last rows are held out instead, as they come, before any shuffling
        sample_weight
            (n,) numbers >= 0; the loss is their weighted mean
        class_weight
            mapping from label, as it stands in y, or from the place in one-hot rows, to a factor on the weight of the
            rows, 1 for labels left out; not used in validation, but where a second run trains on validation data
        lengths
            (n,) whole numbers 1 ... T for sequences (n, T, ...): how many steps of each row count. What lies behind
            them, in x and in y, is never read; the loss is the mean over the steps that count, where the output has
            steps. For all inputs with steps
        callbacks
            a Callback or several; ``EarlyStopping`` may add a second run, on training and validation data
        shuffle
            False takes rows in their order
        verbose
            progress bar: "auto" on a terminal, True or False
        checkpoint, checkpoint_every
            file that is replaced every so many steps (by default after each epoch), and at the end
        resume
            True goes on from the checkpoint, if the file is there: the same bits as without the break. A learning rate
            that is a function is not in the file: the model must have it
        telemetry
            whole number k >= 1: every k-th step of the optimizer records what goes on inside each layer, see
            ``nn.Telemetry``. The model gets the same bits; k = 50 costs less than 2 % of the time

        Returns
        -------
        History
            of this call; ``model.history`` has all epochs. "learning_rate" is in it, that of the last step, where it is
            no plain number or ``ReduceOnPlateau`` changes it. Its ``telemetry`` has what was recorded

        Raises
        ------
        NncppError
            if the model is not compiled
        ShapeError, DataError, TypeError
            for data that cannot be used; the model is unchanged
        DivergenceError
            if a loss or gradient is not finite; the model is as before that step. The error says where in it the first
            such number arose: layer, pass, tensor, rows of x
        FileError
            if the checkpoint cannot be read or written

        Warns
        -----
        UserWarning
            if the last batch of an epoch has one row, which an ``nn.BatchNorm`` cannot normalize

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1)])
        >>> model.compile(nn.SGD(0.1), "squared")
        >>> history = model.fit([[0.0], [1.0]], [1.0, 3.0], epochs=200, batch_size=2)
        >>> model.predict([[2.0]]).round(3)  # y = 2 x + 1
        array([[5.]], dtype=float32)
        """
        options = Options(
            epochs,
            batch_size,
            class_weight,
            callbacks,
            shuffle,
            verbose,
            checkpoint,
            checkpoint_every,
            resume,
            telemetry,
        )
        if validation_data is not None and validation_split is not None:
            raise DataError("validation_split: expected None with validation_data, got both")
        self._require_compiled("fit")
        with self._fitting():
            with self._built_for(x):
                training, validation = self._checked("fit", x, y, sample_weight, lengths), None
                if validation_split is not None:
                    training, validation = data.split(training, validation_split)
                elif validation_data is not None:
                    validation = self._validation(validation_data)
                fit = Fit(self, training, validation, options)
                fit.begin()
                fit.adapt()
            return fit.run()

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """Callbacks run in here: they must not take the trainer away from ``fit``."""
        if self._is_fitting:
            raise NncppError("fit: the model is in fit already; call it afterwards, not in a callback")
        self._is_fitting = True
        try:
            yield
        finally:
            self._is_fitting = False

    def _validation(self, value: Any) -> Examples:
        arguments = data.validation_arguments(value)
        try:
            return self._checked("fit", *arguments)
        except (NncppError, TypeError) as error:
            raise type(error)(f"validation_data: {error}") from None

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, *, lengths: Any = None) -> float:
        """One step on all rows given; J as it was before the step.

        Raises
        ------
        NncppError, ShapeError, DataError, TypeError, DivergenceError
            as for ``fit``; NncppError also for a layer that is not adapted to data yet: call ``adapt`` first

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="zeros")])
        >>> model.compile(nn.SGD(0.25), "squared")
        >>> model.train_on_batch([[1.0]], [2.0]), model.train_on_batch([[1.0]], [2.0])
        (4.0, 0.0)
        """
        compilation, trainer = self._compilation, self._trainer
        if compilation is None or trainer is None or self._built is None or self._built.adapted_layers:
            with self._built_for(x) as network:
                compilation, trainer = self._require_compiled("train_on_batch"), self._require_trainer("train_on_batch")
                if waiting := network.not_adapted():
                    raise NncppError(f"train_on_batch: {waiting[0]} is not adapted yet; call model.adapt(x) first")
        rate = compilation.optimizer.rate_at(trainer.t, self._epochs)
        loss = trainer.step(*self._examples(x, y, sample_weight, lengths), rate).value
        if not math.isfinite(loss):
            raise divergence_error(
                "train_on_batch", trainer.divergence, step=trainer.t + 1, rate=rate, outcome="this step was not taken"
            )
        return loss

    def reset_states(self) -> None:
        """Lets stateful layers begin anew: the next ``train_on_batch`` does not go on where the last one ended.

        ``fit`` does so at the start of each epoch; ``predict`` and ``evaluate`` begin anew by themselves, and leave the
        states as they are. A model without stateful layers has none.

        Raises
        ------
        NncppError
            if the model has no shape yet

        Examples
        --------
        >>> import numpy as np, nncpp as nn
        >>> model = nn.Sequential([nn.Input((5, 1)), nn.SimpleRNN(2, stateful=3), nn.Dense(1)])
        >>> model.compile("sgd", "squared")
        >>> for batch in np.ones((4, 3, 5, 1)):  # streams of 20 steps
        ...     loss = model.train_on_batch(batch, np.ones(3))
        >>> state = next(iter(model.state.values()))
        >>> bool(state.any())
        True
        >>> model.reset_states()
        >>> bool(state.any())
        False
        """
        self._network.core.reset_streams()

    def save(self, path: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Writes architecture, parameters, state, optimizer and history to one file; ``nn.load`` reads it.

        Of a learning rate that is a function it keeps the number that was last given.

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
        NncppError, TypeError
            if the model has no shape yet; if JSON cannot hold metadata

        Examples
        --------
        >>> import tempfile, nncpp as nn
        >>> model = nn.Sequential([nn.Input(2), nn.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/small.safetensors", metadata={"columns": ["height", "width"]})
        ...     nn.load(f"{folder}/small.safetensors").metadata
        {'columns': ['height', 'width']}
        """
        from .serialization import save

        save(self, path, metadata)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For copy and pickle: the content of a model file, and the compilation, which may have functions in it."""
        from .serialization import from_bytes, to_bytes

        if self._built is None:
            return super().__reduce_ex__(protocol)
        return from_bytes, (to_bytes(self, is_copy=True), "copy of a model", self._compilation)

    def __copy__(self) -> Model:
        """A deep one: two models share nothing that training changes."""
        return copy.deepcopy(self)

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Model:
        """The model that ``config`` describes, with first values by its seed, not compiled.

        Raises
        ------
        ShapeError, DataError, TypeError
            as for ``Model``

        Examples
        --------
        >>> import nncpp as nn
        >>> model = nn.Sequential([nn.Input(2), nn.Dense(1)], seed=3)
        >>> nn.Model.from_config(model.config()).config() == model.config()
        True
        """
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
