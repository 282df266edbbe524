"""Counts false alarms of the gradient checker on functions with kinks, over many seeds.

    python tests/python/false_alarms.py --seeds 10000

Every seed makes a small net, its weights and its rows; every entry is compared. Three kinds of rows: drawn at random;
with sums exactly at kinks (whole and half numbers, rows of zeros); with sums 1e-3 ... 1e-12 beside a kink.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn

ROWS, COLUMNS, UNITS = 4, 3, 5
PLACES = ("random", "on a kink", "beside a kink")


def _net(layer: nn.Layer, units: int, seed: int) -> Any:
    return nn.Sequential([nn.Input(COLUMNS), layer, nn.Dense(units)], seed=seed, dtype="float64")


def _squared(layer: Callable[[], nn.Layer]) -> Callable[[int, Any], Any]:
    def make(seed: int, rng: np.random.Generator) -> Any:
        model = _net(layer(), 2, seed)
        model.compile(loss="squared")
        return model, rng.normal(size=(ROWS, COLUMNS)), rng.normal(size=(ROWS, 2))

    return make


def _hinge(seed: int, rng: np.random.Generator) -> Any:
    model = _net(nn.Dense(UNITS, "tanh"), 2, seed)
    model.compile(loss="hinge")
    return model, rng.normal(size=(ROWS, COLUMNS)), np.sign(rng.normal(size=(ROWS, 2)))


def _max_margin(seed: int, rng: np.random.Generator) -> Any:
    a, b = nn.Input(COLUMNS, name="true"), nn.Input(COLUMNS, name="corrupt")
    score = nn.Sequential([nn.Dense(UNITS, "hard_tanh"), nn.Dense(1, use_bias=False)])
    model = nn.Model([a, b], [score(a), score(b)], seed=seed, dtype="float64")
    model.compile(loss="max_margin")
    return model, [rng.normal(size=(ROWS, COLUMNS)) for _ in range(2)], None


KINDS: dict[str, Callable[[int, Any], Any]] = {
    "relu": _squared(lambda: nn.Dense(UNITS, "relu")),
    "leaky relu": _squared(lambda: nn.Dense(UNITS, "leaky_relu")),
    "maxout": _squared(lambda: nn.Maxout(3, pieces=3)),
    "hinge": _hinge,
    "max margin": _max_margin,
}


def subject(kind: str, place: str, seed: int) -> Any:
    """(model, x, y) of a seed."""
    rng = np.random.default_rng(seed)
    model, x, y = KINDS[kind](seed, rng)
    parameters = list(model.parameters.values())
    rows = x if isinstance(x, list) else [x]
    for values in parameters:
        values[...] += 0.3 * rng.normal(size=values.shape)
    if place == "on a kink":
        for values in (*parameters, *rows):
            values[...] = np.clip(np.round(2 * values) / 2, -2, 2)
        rows[0][0] = 0.0
        parameters[1][...] = 0.0
    elif place == "beside a kink":
        rows[0][0] = 0.0
        parameters[1][...] = rng.choice([-1, 1], parameters[1].shape) * 10.0 ** rng.uniform(
            -12, -3, parameters[1].shape
        )
    if place != "random" and kind == "hinge":
        _move_to_margin(model, x, y, 0.0 if place == "on a kink" else 10.0 ** rng.uniform(-12, -3))
    return model, x, y


def _move_to_margin(model: Any, x: Any, y: Any, distance: float) -> None:
    """The first row's scores: y s = 1 - distance."""
    bias = list(model.parameters.values())[-1]
    bias += y[0] * (1 - distance) - model.predict(x)[0]


def alarms(kind: str, place: str, seeds: range) -> list[str]:
    """What the reports say that found something wrong."""
    found = []
    for seed in seeds:
        report = nn.check_gradients(*subject(kind, place, seed), samples=None)
        if report.max_relative_error > report.tolerance:
            found.append(f"{kind}, {place}, seed {seed}: {str(report).splitlines()[-1]}")
    return found


def main() -> int:
    """Runs all kinds and places, prints the counts."""
    parser = argparse.ArgumentParser(description="False alarms of the gradient checker.")
    parser.add_argument("--seeds", type=int, default=10_000, help="of each kind and place (default: 10000)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all")
    parser.add_argument("--place", choices=PLACES, action="append", help="default: all")
    options = parser.parse_args()
    total = 0
    for place in options.place or PLACES:
        for kind in options.kind or KINDS:
            start = time.perf_counter()
            found = alarms(kind, place, range(options.seeds))
            total += len(found)
            seconds = time.perf_counter() - start
            count = f"{options.seeds} seeds  {len(found)} false alarms"
            sys.stdout.write(f"{kind:<12} {place:<14} {count}  {seconds:.0f} s\n")
            sys.stdout.write("".join(f"    {line}\n" for line in found[:5]))
            sys.stdout.flush()
    return min(total, 1)


if __name__ == "__main__":
    sys.exit(main())
