"""Preflight: what can be known of a model and its data before the first epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._arguments import random_seed, shown, whole_number
from ..model import Model
from .report import Entry, PreflightReport

if TYPE_CHECKING:
    from .subject import Subject

__all__ = ["Entry", "PreflightReport", "preflight"]

# Each check after those that it takes something from; what one of these finds explains whatever it would find itself.
CAUSES = {
    "inputs": (),
    "labels": (),
    "targets": (),
    "pairing": (),
    "weights": (),
    "activations": ("inputs", "weights"),
    "units": ("inputs", "pairing", "weights", "activations"),
    "initial loss": ("inputs", "targets", "pairing", "weights", "activations"),
    "regularization": ("activations",),
    "tiny subset": ("inputs", "targets", "pairing", "weights", "activations", "units", "initial loss"),
    "learning rate": ("inputs", "targets", "pairing", "weights", "activations", "units", "initial loss"),
}


def preflight(
    model: Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    lengths: Any = None,
    subset: int = 16,
    seed: int = 0,
) -> PreflightReport:
    """Look for what spoils a training before it begins: in the data, the first weights, the loss and the rate.

    All of it happens on a copy without dropout and noise; the model is not changed. Up to 1000 rows go through the net.

    =============== =================================================================================================
    check           what is to hold
    =============== =================================================================================================
    inputs          columns are about 1 in size, of like range, with means not far from 0
    labels          every class has rows, and none nearly all
    targets         numbers to be met are about 1 in size
    pairing         the output can give every target, and the loss is the one for its activation
    weights         no two units of a hidden layer are equal, and stay so since their gradients are equal
    activations     differences between rows neither vanish nor explode with depth
    units           at most 3/4 of a layer are dead (relu 0 in every row), at most half saturated
    initial loss    at most three times what chance gives, or 2 more: log K for nllm, K log 2 for nll, 1 for hinge; for
                    numbers, at most ten times the variance of y, or ten where it is less
    regularization  ten times the penalty raises the loss by nine times the penalty; it is not all of the loss
    tiny subset     Adam without penalties comes to within a tenth of chance on a few rows
    learning rate   the first ten steps do not double the loss of their own rows, and move weights by 1e-6 or more
    =============== =================================================================================================

    A check whose cause was found before is skipped, so that one mistake is one finding.

    Parameters
    ----------
    model
        compiled model of either type; it is not changed
    x, y, sample_weight, lengths
        as for ``fit``; with lengths what is said of rows is said of the steps that count
    subset
        rows of the tiny subset, at most; fewer for nets with few parameters or inputs
    seed
        key of the choice of rows

    Returns
    -------
    PreflightReport
        ``ok``; ``entries``, each with ``name``, ``status``, ``seen`` and ``advice``; printing it gives a table

    Raises
    ------
    NncppError
        if the model is not compiled
    ShapeError, DataError, TypeError
        for x, y, sample_weight and lengths as ``fit`` would

    References
    ----------
    Stanford's CS231n, notes on neural networks 3, "sanity checks"; Glorot, Bengio, Understanding the difficulty of
    training deep feedforward neural networks, 2010; LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3.

    Examples
    --------
    >>> import nncpp as nn
    >>> x, y = nn.datasets.digits()
    >>> model = nn.Sequential([nn.Input(64), nn.Dense(32, "relu"), nn.Dense(10, "softmax")])
    >>> model.compile(nn.Adam(1e-3), "nllm")
    >>> nn.preflight(model, x, y).ok
    True
    >>> for entry in nn.preflight(model, 255 * x, y).problems:
    ...     print(entry.name, entry.status, entry.advice, sep="; ")
    inputs; warn; put nn.Standardize() behind the Input, or use nn.preprocessing.Standardizer
    """
    from . import data, network, trials  # not needed for import nncpp, which stays fast
    from .subject import Subject

    if not isinstance(model, Model):
        raise TypeError(f"model: expected an nncpp Model, got {shown(model)}")
    rows = whole_number("subset", subset, at_least=1)
    subject = Subject(model, (x, y, sample_weight, lengths), random_seed(seed))
    checks: dict[str, Callable[[Subject], Iterator[Entry]]] = {
        "inputs": data.inputs,
        "labels": data.labels,
        "targets": data.targets,
        "pairing": data.pairing,
        "weights": network.weights,
        "activations": network.activations,
        "units": network.units,
        "initial loss": network.initial_loss,
        "regularization": trials.regularization,
        "tiny subset": partial(trials.tiny_subset, rows=rows),
        "learning rate": trials.learning_rate,
    }
    entries: list[Entry] = []
    for name, check in checks.items():
        causes = dict.fromkeys(entry.name for entry in entries if entry.is_problem and entry.name in CAUSES[name])
        if causes:
            seen = f"not looked at: {', '.join(causes)} would spoil it; repair that and look again"
            entries.append(Entry(name, "skipped", seen))
        else:
            entries += check(subject)
    return PreflightReport(tuple(entries))
