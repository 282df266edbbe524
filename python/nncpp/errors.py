"""What nncpp raises. Each message says which layer or argument, what was expected, what came, and what to do."""


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
    """Training met a loss or a gradient that is not finite; the model is as it was before that step."""
