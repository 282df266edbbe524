"""check_gradients: any gradient that nncpp or its caller claims, against numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._arguments import flag, number, one_of, random_seed, whole_number

if TYPE_CHECKING:
    from .report import GradientReport

TOLERANCE = {"differences": 1e-6, "exact": 1e-12}


def check_gradients(
    subject: Any,
    x: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    gradient: Any = None,
    training: bool = False,
    mode: str = "differences",
    h: float | None = None,
    tolerance: float | None = None,
    samples: int | None = 32,
    seed: int = 0,
    explain: bool = False,
    lengths: Any = None,
) -> GradientReport:
    """Compare the gradient of a model, a layer, a loss, an expression or a function with differences, in float64.

    The relative error of an entry is abs(a - n) / max(abs(a), abs(n)), n = (8 (f(x + h) - f(x - h)) - (f(x + 2h) -
    f(x - 2h))) / 12 h. What rounding explains counts as good; it is measured: by how much f changes when all numbers
    change in their last place. Where a and n differ, smaller steps and differences from one side tell an error
    from a kink (a relu whose input is 0). Where the point lies on a kink there is no derivative: the claim has to lie
    between the slopes on both sides, and the gradient is compared at points beside. Of a model the mean loss is checked
    first, by every parameter and every input, then the penalties alone. One random direction of all parameters covers
    the entries that are not sampled.

    Parameters
    ----------
    subject
        a compiled model; a layer, or one that is built (``layer.build``): all parameters and inputs, by a random
        projection of the output; a loss: by the output that training differentiates by, the one before sigmoid or
        softmax where the loss takes these over; an expression of ``nn.ops``: all its variables and inputs; or a
        function of an array that returns one number. It is not changed
    x
        for a model as for ``fit``; for a layer its input (n, ...), a list of arrays where it has several; for a loss
        the outputs (n, ...), a list of two for one that compares outputs; for an expression a mapping from its
        inputs to rows; for a function its argument. A few rows are enough, and they are faster and have fewer kinks
    y, sample_weight
        for a model and a loss, as for ``fit``
    gradient
        for a function: the claimed gradient at x, or a function that gives it at any x
    training
        True checks the training mode: dropout with one fixed mask, batch statistics
    mode
        "differences", or "exact": dual numbers instead, for a model whose layers are all the core's own
    h
        first step for a value w, times max(1, abs(w)); None begins with 2^-10 and takes smaller ones where needed
    tolerance
        relative error up to which the report is ok, by default 1e-6 (exact: 1e-12); differences reach 1e-7 and better
        in a small smooth net, and a wrong formula is rarely wrong by less than 1e-3
    samples
        entries of each array to compare at most: half of them those of largest gradient, half at random; None for all
    seed
        key of the random choices
    explain
        True adds a walk through the check in plain language to what is printed
    lengths
        for a model of sequences, as for ``fit``; what lies behind their ends is taken to be 0, and has gradient 0

    Returns
    -------
    GradientReport
        ``ok``, ``max_relative_error``, ``entries``; printing it gives a table

    Raises
    ------
    NncppError
        if the model is not compiled, or is not exact: has a layer written in Python
    ShapeError, DataError, TypeError
        for x, y, sample_weight and lengths as ``fit`` would; for a value that changes from call to call

    References
    ----------
    Goodfellow, Bengio, Courville, Deep Learning, 2016, 11.5; the bands of ``verdict`` are those of Stanford's CS231n.

    Examples
    --------
    >>> import numpy as np, nncpp as nn
    >>> x, y = nn.datasets.digits()
    >>> model = nn.Sequential([nn.Input(64), nn.Dense(16, "tanh"), nn.Dense(10, "softmax")])
    >>> model.compile(loss="nllm")
    >>> nn.check_gradients(model, x[:8], y[:8]).ok
    True
    >>> nn.check_gradients(nn.Dense(3, "tanh"), x[:8]).ok, nn.check_gradients(nn.NLL(), [0.3, -2.0], [1, 0]).ok
    (True, True)
    >>> nn.check_gradients(lambda v: np.sum(v**3), [1.0, 2.0], gradient=lambda v: 2 * v**2).ok  # it is 3 v^2
    False
    """
    one_of("mode", mode, TOLERANCE)
    tolerance = TOLERANCE[mode] if tolerance is None else number("tolerance", tolerance, "(0, inf)")
    h = None if h is None else number("h", h, "(0, 0.1]")
    samples = None if samples is None else whole_number("samples", samples, at_least=1)
    seed, training, explain = random_seed(seed), flag("training", training), flag("explain", explain)

    from .run import run  # most programs check nothing

    return run(
        subject,
        (x, y, sample_weight, lengths),
        gradient=gradient,
        training=training,
        is_exact=mode == "exact",
        h=h,
        tolerance=tolerance,
        samples=samples,
        seed=seed,
        explain=explain,
    )
