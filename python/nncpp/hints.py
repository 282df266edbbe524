"""Hints: what learning curves and telemetry say of a training, in plain language."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .data import Array
from .telemetry import Telemetry

FEW = 5  # epochs from which on a curve says something
STILL = 0.01  # part of the first loss that a training which works takes off
SWING = 0.05  # of the first loss: an up and down that is more than the noise of batches
OVERFIT = 0.1  # rise of the validation loss over its least
FLAT, LONG = 1e-3, 10  # change of the loss, in epochs, that says nothing happens any more
FAST, SLOW = 0.1, 1e-5  # update : weights, about 1e-3 where a rate is well chosen
APART = 1e4  # gradient norms of two layers
LOST = 0.5  # of a layer, dead or saturated


def hints_of(history: Mapping[str, Sequence[float]], telemetry: Telemetry) -> list[str]:
    """The text of ``history.hints``."""
    loss = np.asarray(history.get("loss", []), float)
    return [*_of_curves(loss, np.asarray(history.get("val_loss", []), float)), *_of_telemetry(telemetry)]


def _of_curves(loss: Array, validation: Array) -> Iterator[str]:
    for name, values in (("training", loss), ("validation", validation)):
        if np.isinf(values).any() or (name == "training" and np.isnan(values).any()):
            epoch = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            yield (
                f"the {name} loss was not finite in epoch {epoch}: divide the learning rate by 10, bring the inputs to "
                "a common scale with nn.Standardize(), or clip gradients with clip_norm"
            )
            return
    if len(loss) >= FEW:
        yield from _of_training(loss)
    measured = np.flatnonzero(np.isfinite(validation))
    if measured.size >= FEW:
        yield from _of_validation(loss, validation, measured)


def _of_training(loss: Array) -> Iterator[str]:
    first, last, count = abs(float(loss[0])), float(loss[-1]), len(loss)
    half = loss[count // 2 :]
    moves = np.diff(half)
    turns = np.mean(moves[1:] * moves[:-1] < 0) if len(moves) > 1 else 0.0
    if last > loss[0] + SWING * first:
        yield (
            f"the training loss rose, from {loss[0]:.4g} to {last:.4g} in {count} epochs: divide the learning rate by "
            "10; nn.preflight looks for other causes"
        )
    elif turns > 0.5 and np.abs(moves).mean() > SWING * first:
        yield (
            f"the training loss goes up and down, by {np.abs(moves).mean():.2g} an epoch around {half.mean():.3g}: "
            "divide the learning rate by 3 to 10, or take larger batches"
        )
    elif loss[0] - loss.min() < STILL * first:
        yield (
            f"the training loss hardly fell, from {loss[0]:.4g} to {last:.4g} in {count} epochs: it has been learned "
            "before, or multiply the learning rate by 10; nn.preflight looks for other causes"
        )
    elif count > 2 * LONG and np.ptp(loss[-LONG:]) < FLAT * first < last:
        yield (
            f"the training loss has stayed at {last:.4g} for {LONG} epochs: it has converged at this rate; stop, lower "
            "the rate (nn.ReduceOnPlateau), or give the net more units if that is not good enough"
        )


def _of_validation(loss: Array, validation: Array, measured: Array) -> Iterator[str]:
    best = int(measured[validation[measured].argmin()])
    last = int(measured[-1])
    low, high = float(validation[best]), float(validation[measured[-3:]].min())  # no single bad epoch
    rise, scale = high - low, abs(float(validation[measured[0]]))
    if last - best >= 3 and rise > max(OVERFIT * abs(low), STILL * scale) and loss[last] < loss[best]:
        yield (
            f"overfitting: the validation loss was least in epoch {best + 1} ({low:.4g}) and is {validation[last]:.4g} "
            f"now, while the training loss fell from {loss[best]:.4g} to {loss[last]:.4g}: stop there "
            "(nn.EarlyStopping), or use nn.L2, nn.Dropout, fewer units, more rows"
        )


def _of_telemetry(telemetry: Telemetry) -> Iterator[str]:
    if not telemetry.steps:
        return
    records = {layer: {name: np.array(values) for name, values in telemetry[layer].items()} for layer in telemetry}
    ratios = {layer: _median(of["update_ratio"]) for layer, of in records.items()}
    known = {layer: ratio for layer, ratio in ratios.items() if math.isfinite(ratio)}
    if known and max(known.values()) > FAST:
        layer = max(known, key=lambda name: known[name])
        yield (
            f"{layer}: a step changes the weights by {known[layer]:.1g} of their size, 1e-3 is usual: divide the "
            "learning rate by 10"
        )
    elif known and max(known.values()) < SLOW:
        layer = max(known, key=lambda name: known[name])
        yield (
            f"steps change the weights by {known[layer]:.1g} of their size at most ({layer}), 1e-3 is usual: multiply "
            "the learning rate by 10"
        )
    yield from _of_gradients(records)
    for layer, of in records.items():
        dead, saturated = _latest(of["dead"]), _latest(of["saturated"])
        if dead > LOST:
            yield (
                f"{layer}: {dead:.0%} of the units are dead, 0 in every row: divide the learning rate by 10, begin "
                'with "he_normal", or use "leaky_relu"'
            )
        if saturated > LOST:
            yield (
                f"{layer}: {saturated:.0%} of the numbers are saturated, where hardly any gradient comes through: use "
                "smaller first weights, a lower learning rate, nn.BatchNorm before the activation, or relu"
            )


def _of_gradients(records: Mapping[str, Mapping[str, Array]]) -> Iterator[str]:
    norms = {layer: _median(of["gradient_norm"]) for layer, of in records.items()}
    trained = [layer for layer, norm in norms.items() if math.isfinite(norm) and norm > 0]
    if len(trained) < 2:
        return
    first, last = trained[0], trained[-1]
    if norms[first] * APART < norms[last]:
        yield (
            f"gradients vanish: their norm is {norms[last]:.2g} in {last} and {norms[first]:.2g} in {first}: use relu "
            "instead of sigmoid or tanh, nn.BatchNorm between layers, or fewer layers"
        )
    elif norms[first] > APART * norms[last]:
        yield (
            f"gradients explode: their norm is {norms[last]:.2g} in {last} and {norms[first]:.2g} in {first}: use "
            "smaller first weights, nn.BatchNorm between layers, or clip_norm"
        )


def _median(values: Array) -> float:
    """Of the finite ones; NaN where there are none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else math.nan


def _latest(values: Array) -> float:
    """The median of the last five; 0 where it does not apply."""
    median = _median(values[-5:])
    return 0.0 if math.isnan(median) else median
