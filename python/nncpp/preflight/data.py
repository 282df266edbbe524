"""Checks of the data, and of what the outputs can say of them."""

from collections.abc import Iterator
from math import inf

import numpy as np

from .._sparse import SparseRows
from ..data import Array
from ..graph import Node
from ..layers import BatchNorm, Dropout, GaussianNoise
from ..layers._adapted import Adapted
from ..layers.augmentation import Augmentation
from .report import Entry
from .subject import Subject, Term

LARGE, SMALL = 10.0, 1e-2  # sizes of inputs and targets that first weights are not made for
FAR = 5.0  # a mean, in deviations
UNLIKE = 100.0  # ranges of two columns
MAJORITY, RARE = 0.9, 0.1  # share of one class; part of the even share

SCALE = "put nn.Standardize() behind the Input, or use nn.preprocessing.Standardizer"
IMAGE_SCALE = "use nn.Input(shape, scale=1 / 255) for bytes, or put nn.BatchNorm() behind the Input"
TARGET_SCALE = "train on (y - mean) / deviation: nn.preprocessing.Standardizer, whose inverse_transform undoes it"

RANGES = {  # what an output with this activation can give
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, inf),
    "softplus": (0.0, inf),
    "exponential": (0.0, inf),
    "elu": (-1.0, inf),
    "selu": (-1.7581, inf),
    "log_softmax": (-inf, 0.0),
}


def inputs(subject: Subject) -> Iterator[Entry]:
    """Scale, mean and range of the columns, as the first layers that do not rescale them get them."""
    if subject.sample.rows > 1 and not any(_varies(x) for x in subject.sample.inputs):
        yield Entry("inputs", "warn", "x is the same in every row", "check x: there is nothing to learn from")
        return
    seen = []
    for node in subject.graph.inputs:
        for first in _first_seen(subject, node) if node.kind == "numbers" else ():
            columns = subject.of(first).astype(np.float64)
            columns = columns.reshape(-1, columns.shape[-1] if columns.ndim > 1 else 1)
            name, is_flat = subject.graph.name(node), len(node.shape) == 1
            noun = "column" if is_flat else "channel"
            problem = _scale_problem(columns, noun)
            if problem:
                yield Entry("inputs", "warn", f"{name}: {problem}", SCALE if is_flat else IMAGE_SCALE)
            else:
                seen.append(f"{name}: {_about(columns, noun)}")
    if seen:
        yield Entry("inputs", "ok", "; ".join(seen))


def _varies(x: Array | SparseRows) -> bool:
    """Whether there are two rows that differ."""
    if isinstance(x, SparseRows):
        rows = (x[i : i + 1] for i in range(len(x)))
        return len({(row.indices.tobytes(), row.data.tobytes()) for row in rows}) > 1
    return bool(np.ptp(x, axis=0).any())


def _first_seen(subject: Subject, node: Node) -> list[Node]:
    """The node itself, or those behind it that hand its columns on, rescaled or noisy; none before a BatchNorm."""
    users = subject.users(node)
    passing = [user for user in users if isinstance(user.layer, Adapted | Augmentation | Dropout | GaussianNoise)]
    takes = any(user not in passing and not isinstance(user.layer, BatchNorm) for user in users)
    return [*([node] if takes else []), *(first for user in passing for first in _first_seen(subject, user))]


def _scale_problem(columns: Array, noun: str) -> str:
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    size = np.sqrt((columns**2).mean(axis=0))
    ranges = np.ptp(columns, axis=0)
    j = int(size.argmax())
    if size[j] > LARGE:
        return f"{noun} {j} is about {size[j]:.3g} in size (mean {mean[j]:.3g}, deviation {deviation[j]:.3g}), not 1"
    if 0 < np.abs(columns).max() < SMALL:
        return f"no number is larger than {np.abs(columns).max():.1g} in size"
    if len(columns) < 2:
        return ""
    varying = np.flatnonzero(ranges)
    if varying.size and ranges.max() > UNLIKE * ranges[varying].min():
        low = varying[int(ranges[varying].argmin())]
        high = int(ranges.argmax())
        return f"{noun} {high} has range {ranges[high]:.3g}, {noun} {low} only {ranges[low]:.2g}"
    far = [int(k) for k in varying if abs(mean[k]) > max(1.0, FAR * deviation[k])]
    if far:
        k, more = far[0], f" ({len(far)} such {noun}s)" if len(far) > 1 else ""
        return f"the mean of {noun} {k} is {mean[k]:.3g}, {abs(mean[k]) / deviation[k]:.0f} deviations from 0{more}"
    return ""


def _about(columns: Array, noun: str) -> str:
    constant = int((np.ptp(columns, axis=0) == 0).sum()) if len(columns) > 1 else 0
    size = np.sqrt((columns**2).mean())
    count = f"{columns.shape[1]} {noun}{'s' if columns.shape[1] > 1 else ''}"
    return f"{count} in [{columns.min():.3g}, {columns.max():.3g}], size {size:.2g}" + (
        f"; {constant} constant, of no use and no harm" if constant else ""
    )


def labels(subject: Subject) -> Iterator[Entry]:
    """Shares of the classes, by sample weight."""
    for term, table, weights in _targets(subject):
        if term.loss.task == "classes":
            yield _class_shares(term, table, weights)
        elif term.loss.task == "binary":
            yield _yes_shares(term, table, weights)


def _class_shares(term: Term, table: Array, weights: Array | None) -> Entry:
    shares, even = np.average(table, axis=0, weights=weights), 1 / term.columns
    likely, most = int(shares.argmax()), float(shares.max())
    always = f"always saying {likely} has accuracy {most:.3g}"
    if not ((table == 0) | (table == 1)).all():
        return Entry("labels", "ok", f"{term.name}: distributions over {term.columns} classes; {always}")
    missing = np.flatnonzero(shares == 0)
    if missing.size:
        seen = f"{_classes(missing)} of {term.columns} {'has' if missing.size == 1 else 'have'} no row"
        advice = "check the labels and the number of outputs; a class without rows is never learned"
    elif most > MAJORITY:
        seen, advice = always, "weigh the others up with class_weight, and look at recall or AUC, not accuracy"
    elif shares.min() < RARE * even:
        rare = int(shares.argmin())
        seen = f"class {rare} has a share of {shares[rare]:.2g}; even would be {even:.2g}"
        advice = "weigh it up with class_weight, or collect more"
    else:
        seen = f"{term.name}: {term.columns} classes, shares {shares.min():.2g} to {most:.2g}; {always}"
        return Entry("labels", "ok", seen)
    return Entry("labels", "warn", f"{term.name}: {seen}", advice)


def _yes_shares(term: Term, table: Array, weights: Array | None) -> Entry:
    no, yes = term.loss.targets
    shares = np.average((table - no) / (yes - no), axis=0, weights=weights)
    fixed = np.flatnonzero((np.ptp(table, axis=0) == 0) & ((table[0] == no) | (table[0] == yes)))
    if fixed.size and len(table) > 1:
        seen = f"y is {table[0, fixed[0]]:g} in every row" + (f" of column {fixed[0]}" if term.columns > 1 else "")
        return Entry("labels", "warn", f"{term.name}: {seen}", "check the labels: there is nothing to tell apart")
    if term.columns > 1:
        seen = f"{term.name}: {term.columns} columns, shares of yes {shares.min():.2g} to {shares.max():.2g}"
        return Entry("labels", "ok", seen)
    share = float(shares[0])
    most, likely = max(share, 1 - share), yes if share > 0.5 else no
    seen = f"{term.name}: share of yes {share:.3g}; always saying {likely} has accuracy {most:.3g}"
    if most > MAJORITY:
        return Entry("labels", "warn", seen, "weigh the others up with class_weight, and look at recall or AUC")
    return Entry("labels", "ok", seen)


def _classes(places: Array) -> str:
    shown = ", ".join(map(str, places[:5])) + (f" ... ({places.size} in all)" if places.size > 5 else "")
    return f"class {shown}" if places.size == 1 else f"classes {shown}"


def targets(subject: Subject) -> Iterator[Entry]:
    """Scale of numbers that are to be met."""
    for term, table, weights in _targets(subject):
        if term.loss.task != "regression":
            continue
        mean = np.average(table, axis=0, weights=weights)
        variance = np.average((table - mean) ** 2, axis=0, weights=weights)
        deviation, size = float(np.sqrt(variance.mean())), float(np.sqrt((mean**2).mean()))
        seen = f"{term.name}: y has mean {mean.mean():.3g} and deviation {deviation:.3g}"
        if len(table) > 1 and deviation == 0.0:
            yield Entry("targets", "warn", f"{seen}: it is the same in every row", "check y: there is nothing to learn")
        elif deviation > LARGE or 0.0 < deviation < SMALL or size > max(LARGE, FAR * deviation):
            yield Entry("targets", "warn", f"{seen}, far from 0 and 1", TARGET_SCALE)
        else:
            yield Entry("targets", "ok", seen)


def pairing(subject: Subject) -> Iterator[Entry]:
    """Whether the outputs can give what is asked of them, and whether another loss would ask better."""
    ok = []
    for term in subject.terms:
        has_numbers = term.target is not None and term.loss.task == "regression"
        problem = _pairing_problem(term, term.targets(subject.everything)[0]) if has_numbers else None
        if problem is None:
            ok.append(f"{term.name}: {term.loss.kind} with {term.activation}")
        else:
            yield problem
    if ok:
        yield Entry("pairing", "ok", "; ".join(ok))


def _pairing_problem(term: Term, y: Array) -> Entry | None:
    f, name = term.activation, f"{term.name}: {term.loss.kind} loss of a {term.activation} output"
    low, high = RANGES.get(f, (-inf, inf))
    if y.min() < low or y.max() > high:
        seen = f"{name}: y lies in [{y.min():.3g}, {y.max():.3g}], the output in [{low:g}, {high:g}]"
        return Entry("pairing", "fail", seen, f"make {term.name} linear, or bring y into that range")
    if f == "softmax" and term.columns == 1:
        return Entry("pairing", "fail", f"{name}: softmax of one unit is always 1", f"make {term.name} linear")
    if f in ("sigmoid", "softmax") and ((y == 0) | (y == 1)).all():
        better = "nll" if f == "sigmoid" else "nllm"
        seen = f"{name}: y is 0 or 1, and where p is wrong and sure, p (1 - p) takes the gradient away"
        return Entry("pairing", "warn", seen, f'compile with loss="{better}", whose gradient is p - y')
    if f in ("tanh", "hard_tanh", "softsign") and (np.abs(y) == 1).all():
        seen = f"{name}: y is -1 or 1, which the output only reaches where its gradient is 0"
        return Entry("pairing", "warn", seen, f'make {term.name} linear with loss="hinge", or use "sigmoid" and "nll"')
    return None


def _targets(subject: Subject) -> Iterator[tuple[Term, Array, Array | None]]:
    """Each loss that has targets, with these of all rows that count, and the rows' weights."""
    for term in subject.terms:
        if term.target is not None:
            yield term, *term.targets(subject.everything)
