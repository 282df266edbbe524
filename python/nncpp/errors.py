"""What nncpp raises. Each message says which layer or argument, what was expected, what came, and what to do."""

from collections.abc import Sequence


class NncppError(Exception):
    """Base of all errors of nncpp; raised itself where a call comes too early (``fit`` before ``compile``).

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.Sequential([nn.Input(2), nn.Dense(1)]).fit([[0.0, 1.0]], [1.0])
    Traceback (most recent call last):
    nncpp.errors.NncppError: fit: the model is not compiled; call model.compile(optimizer=..., loss=...) first
    """


class ShapeError(NncppError, ValueError):
    """A shape does not fit: wrong number of axes, wrong length of one, lengths that differ, no rows."""


class DataError(NncppError, ValueError):
    """A value cannot be used: NaN, a label out of range, a hyper-parameter outside its interval, an unknown name."""


class FileError(NncppError, OSError):
    """A file is missing, cannot be written, is damaged, or is not what it was taken for."""


class DivergenceError(NncppError, ArithmeticError):
    """Training met a loss or a gradient that is not finite; the model is as it was before that step.

    The step was done again to see where the first such number arose:

    Attributes
    ----------
    layer : str
        by its name
    stage : str
        "forward": a parameter or an output; "loss": a loss or a penalty though all outputs are finite; "backward": a
        gradient; "update": all of these are finite, but the gradient's norm or the learning rate times it is too large
    tensor : str
        of the layer: "output", "weight", "gradient of weight", "gradient of the input", "loss", ...
    rows : list of int
        indices into the caller's x, at most 5 of those that the number comes from; none where no single row is to blame
    epoch, step : int or None
        of ``fit``, counted from 1; in ``train_on_batch`` the optimizer's step, and no epoch

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.Sequential([nn.Input(1), nn.Dense(1, "exponential"), nn.Dense(1)])
    >>> model.compile("sgd", "squared")
    >>> model.parameters["dense/weight"][...] = 1.0
    >>> try:
    ...     model.fit([[1.0], [100.0]], [0.0, 0.0], shuffle=False)
    ... except nn.DivergenceError as error:
    ...     error.layer, error.stage, error.tensor, error.rows
    ('dense', 'forward', 'output', [1])
    """

    def __init__(
        self,
        message: str,
        *,
        layer: str = "",
        stage: str = "",
        tensor: str = "",
        rows: Sequence[int] = (),
        epoch: int | None = None,
        step: int | None = None,
    ) -> None:
        super().__init__(message)
        self.layer, self.stage, self.tensor = layer, stage, tensor
        self.rows, self.epoch, self.step = list(rows), epoch, step
