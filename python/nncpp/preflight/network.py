"""Checks of the first weights, and of what they make of the data."""

from collections.abc import Iterator, Mapping

import numpy as np

from ..data import Array
from .chance import chance_of
from .report import Entry, Status, listed
from .subject import Subject

VANISHED, EXPLODED = 1e-2, 1e2  # deviation of the last hidden layer over that of the first
DEAD, STUCK, LOST = 0.75, 0.5, 0.99  # part of a layer that may be dead, or saturated; that is as good as all of it
SATURATED = {  # from which size on the slope is nearly gone; telemetry says the same
    "sigmoid": 0.475,  # about 1/2
    "tanh": 0.95,
    "softsign": 0.95,
    "hard_tanh": 1.0,
}
RECTIFIERS = ("relu", "softplus", "exponential")  # give 0 where no gradient comes through

INITIALIZE = 'use weight_initializer="he_normal" before relu, "glorot_uniform" before tanh and sigmoid'


def weights(subject: Subject) -> Iterator[Entry]:
    """Units of a hidden layer that are equal and get equal gradients: they stay equal."""
    checked = dict.fromkeys(node.layer for node in subject.hidden if node.layer is not None)
    is_ok = True
    for layer in checked:
        name = subject.graph.names[layer]
        columns, gradients = _units(subject, name)
        if columns.shape[1] < 2:
            continue
        _, group, sizes = np.unique(columns, axis=1, return_inverse=True, return_counts=True)
        group = group.reshape(-1)
        twins = np.flatnonzero(sizes[group] > 1)
        _, first = np.unique(group, return_index=True)
        difference = np.abs(gradients - gradients[:, first[group]]).max(axis=0)
        stay = twins[difference[twins] <= 1e-4 * np.abs(gradients).max()]
        what = "all are 0" if not columns.any() else "they are equal"
        is_ok = is_ok and stay.size < 2 and sizes.size > 1
        if stay.size > 1:
            seen = f"{name}: {stay.size} of {columns.shape[1]} units have the same weights ({what}) and learn the same"
            yield Entry("weights", "fail", seen, INITIALIZE)
        elif sizes.size == 1:
            seen = f"{name}: all {columns.shape[1]} units begin with the same weights ({what})"
            yield Entry("weights", "warn", seen, INITIALIZE)
    if not checked:
        yield Entry("weights", "ok", "no hidden layer, so any first weights will do")
    elif is_ok:
        names = [subject.graph.names[layer] for layer in checked]
        yield Entry("weights", "ok", f"no two units alike in {listed(names)}")


def _units(subject: Subject, layer: str) -> tuple[Array, Array]:
    """What belongs to each unit, or piece of one, as a column: its weights and its bias; and the gradients by them."""
    segments = [s for s in subject.network.core.segments if s.name.startswith(f"{layer}/")]
    main = next(s for s in segments if s.kind == "weight")
    count = main.size // main.fan_in
    names = [s.name for s in segments if s.size % count == 0]

    def columns(arrays: Mapping[str, Array]) -> Array:
        return np.concatenate([arrays[name].reshape(-1, count) for name in names])

    return columns(subject.network.parameters), columns(subject.gradients)


def activations(subject: Subject) -> Iterator[Entry]:
    """Deviation of the hidden layers' units over the rows, by depth."""
    if not subject.is_finite:
        yield Entry("activations", "fail", "the loss at the start or its gradient is not finite", INITIALIZE)
        return
    by_depth: dict[int, tuple[float, float, str]] = {}
    for node in subject.hidden:
        v = subject.of(node).astype(np.float64).reshape(len(subject.of(node)), -1)
        deviation, mean = float(np.sqrt(v.var(axis=0).mean())), float(v.mean())
        depth = subject.depths[node]
        by_depth[depth] = max(by_depth.get(depth, (-1.0, 0.0, "")), (deviation, mean, subject.graph.name(node)))
    if len(subject.sample.inputs[0]) < 2 or not by_depth:
        yield Entry("activations", "skipped", "no hidden layer" if not by_depth else "one row only")
        return
    rows = [by_depth[depth] for depth in sorted(by_depth)]
    shown = rows if len(rows) <= 4 else [rows[0], rows[1], rows[-2], rows[-1]]
    table = [f"{name} {mean:.2g} +- {deviation:.2g}" for deviation, mean, name in shown]
    if len(rows) > 4:
        table.insert(2, "...")
    seen = f"mean +- deviation over rows: {', '.join(table)}"
    ratio = rows[-1][0] / rows[0][0] if rows[0][0] > 0 else 1.0
    if ratio < VANISHED:
        advice = f"{_other_activation(subject)}; fewer layers, or nn.BatchNorm between them"
        yield Entry("activations", "fail", f"{seen}: differences between rows vanish with depth", advice)
    elif ratio > EXPLODED:
        advice = f"{INITIALIZE}, or nn.BatchNorm between layers"
        yield Entry("activations", "fail", f"{seen}: they explode with depth", advice)
    else:
        yield Entry("activations", "ok", seen)


def _other_activation(subject: Subject) -> str:
    has_sigmoid = any(getattr(node.layer, "activation", "") == "sigmoid" for node in subject.hidden)
    return 'use "tanh" or "relu" instead of "sigmoid" in hidden layers' if has_sigmoid else INITIALIZE


def units(subject: Subject) -> Iterator[Entry]:
    """Rectifiers that are 0 in every row, and squashed numbers at their limits."""
    seen = []
    for node in subject.graph.nodes:
        f = getattr(node.layer, "activation", None)
        if f not in (*SATURATED, *RECTIFIERS) or any(t.node is node and t.loss.takes_over == f for t in subject.terms):
            continue
        v, name = subject.of(node), subject.graph.name(node)
        if f in RECTIFIERS:
            lost, most = float((v.reshape(-1, v.shape[-1]) == 0).all(axis=0).mean()), DEAD
            what = "of the units are 0 in every row"
            advice = f'{INITIALIZE}; smaller or no negative biases; or "leaky_relu"'
        else:
            size = np.abs(v - 0.5) if f == "sigmoid" else np.abs(v)
            lost, most = float((size >= SATURATED[f]).mean()), STUCK
            what = f"of the numbers are at the limits of {f}"
            advice = "use smaller first weights, or bring the inputs to a common scale"
        if lost > most:
            status: Status = "fail" if lost > LOST else "warn"
            yield Entry("units", status, f"{name}: {lost:.0%} {what}, where no gradient comes through", advice)
        else:
            seen.append(f"{name} {lost:.0%} {'dead' if f in RECTIFIERS else 'saturated'}")
    if seen:
        yield Entry("units", "ok", listed(seen))


def initial_loss(subject: Subject) -> Iterator[Entry]:
    """Against what it is for a net that knows nothing."""
    for term, sums in zip(subject.terms, subject.value.sums, strict=True):
        chance = chance_of(term, subject.sample)
        value = sums.loss / sums.weight
        if chance is None:
            yield Entry("initial loss", "skipped", f"{term.name}: {value:.4g}; what chance gives is not known")
            continue
        seen = f"{term.name}: {value:.4g}; chance gives {chance.value:.4g} ({chance.formula})"
        if not value <= chance.allowed:
            status: Status = "warn" if value <= 3 * chance.allowed else "fail"
            yield Entry("initial loss", status, seen, f"make the first weights of {term.name} smaller")
        elif value < 0.5 * chance.value + 0.5 * chance.floor:
            yield Entry("initial loss", "ok", f"{seen}: it knows something already")
        else:
            yield Entry("initial loss", "ok", seen)
