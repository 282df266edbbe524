"""The gradient checker at kinks: no false alarm at any, and no wrong gradient excused by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from false_alarms import KINDS, PLACES, alarms, subject
from nncpp import _core


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_false_alarm(kind: str, place: str) -> None:
    """More seeds by hand: python tests/python/false_alarms.py."""
    assert not alarms(kind, place, range(200 if place == "random" else 40))


def test_the_seeds_meet_kinks() -> None:
    for kind in KINDS:
        reports = [nn.check_gradients(*subject(kind, "on a kink", seed), samples=None) for seed in range(5)]
        assert sum(entry.kinks for report in reports for entry in report.entries) > 5, kind


def relu_model(bias: float) -> Any:
    model = nn.Sequential([nn.Input(1), nn.Dense(1, "relu"), nn.Dense(1)], dtype="float64")
    model.parameters["dense/weight"][...] = 1.0
    model.parameters["dense_1/weight"][...] = 1.0
    model.parameters["dense/bias"][...] = bias
    model.compile(loss="squared")
    return model


def test_a_kink_is_counted_and_not_called_an_error() -> None:
    report = nn.check_gradients(relu_model(0.0), [[0.0], [1.0]], [2.0, 3.0])
    assert report.ok, str(report)
    kinks = {entry.name: entry.kinks for entry in report.entries}
    assert (kinks["dense/bias"], kinks["dense_1/weight"]) == (1, 0)
    (comparison,) = next(entry for entry in report.entries if entry.name == "dense/bias").comparisons
    assert comparison.sides == pytest.approx((-2.0, -4.0))  # (b - 2)^2 on the right, and (1 + b - 3)^2, over 2 rows
    assert comparison.verdict == "kink"


@pytest.mark.parametrize("distance", [10.0**-k for k in range(2, 13)])
@pytest.mark.parametrize("sign", [1, -1])
def test_beside_a_kink_the_gradient_is_right_again(distance: float, sign: int) -> None:
    """CS231n's example: the difference steps over the kink although the point does not lie on it."""
    report = nn.check_gradients(relu_model(sign * distance), [[0.0], [1.0]], [2.0, 3.0])
    assert report.ok, str(report)


@pytest.mark.parametrize("bias", [0.0, 1e-10, -1e-8, 1e-7, -1e-6, 1e-5, 1e-3])
@pytest.mark.parametrize("factor", [1.01, 0.99, -1.0])
def test_a_wrong_gradient_is_found_at_a_kink_and_beside(
    bias: float, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = _core.float64.Objective.gradient
    model = relu_model(bias)
    place = next(s.offset for s in model._network.core.segments if s.name == "dense/bias")

    def wrong(self: Any, *arguments: Any) -> Any:
        value, theta, inputs = right(self, *arguments)
        theta[place] *= factor
        return value, theta, inputs

    monkeypatch.setattr(_core.float64.Objective, "gradient", wrong)
    report = nn.check_gradients(model, [[0.0], [1.0]], [2.0, 3.0])
    assert not report.ok, str(report)
    assert next(entry for entry in report.entries if entry.name == "dense/bias").max_relative_error > 9e-3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["relu", "leaky relu", "maxout"])
def test_one_percent_is_found_in_any_entry_where_many_kinks_meet(
    kind: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, x, y = subject(kind, "on a kink", seed)
    right, segments = _core.float64.Objective.gradient, model._network.core.segments
    _, gradients = model.loss_and_gradients(x, y)
    for segment in segments:
        for i in np.flatnonzero(np.abs(gradients[segment.name]) > 1e-9).tolist()[::2]:

            def wrong(self: Any, *arguments: Any, place: int = segment.offset + i) -> Any:
                value, theta, inputs = right(self, *arguments)
                theta[place] *= 1.01
                return value, theta, inputs

            with monkeypatch.context() as patch:
                patch.setattr(_core.float64.Objective, "gradient", wrong)
                report = nn.check_gradients(model, x, y, samples=None)
            assert report.max_relative_error > 9e-3, f"{segment.name} {i}: {report}"


def relu(v: Any) -> Any:
    return np.maximum(v, 0.0)


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (lambda v: relu(v).sum(), (0.0, 1.0)),
        (lambda v: np.abs(v).sum(), (-1.0, 1.0)),
        (lambda v: np.maximum(2 * v, -3 * v).sum() + 5 * v.sum(), (2.0, 7.0)),
        (lambda v: np.minimum(np.exp(v), 1 + 3 * v).sum(), (3.0, 1.0)),
    ],
    ids=["relu", "abs", "max", "min of exp"],
)
def test_at_a_kink_the_claim_lies_between_the_slopes_of_both_sides(
    f: Callable[[Any], Any], slopes: tuple[float, float]
) -> None:
    low, high = sorted(slopes)
    for claim in (low, high, (low + high) / 2, low + 0.01):
        report = nn.check_gradients(f, [0.0, 1.0], gradient=[claim, float(nn.numerical_gradient(f, [0.0, 1.0])[1])])
        entry = report.entries[0]
        assert entry.kinks == 1, str(report)
        assert entry.comparisons[0].sides == pytest.approx(slopes, abs=1e-6)
        assert entry.max_relative_error < 1e-6
    for claim in (low - 0.01 * (high - low), high + 0.01 * (high - low), -5.0):
        report = nn.check_gradients(f, [0.0], gradient=[claim])
        assert not report.ok, str(report)
        assert report.entries[0].kinks == 0


def test_kinks_that_cancel_are_told_from_a_wrong_gradient() -> None:
    """relu(a + c) - relu(-a + d) at 0 is a line in a, but backpropagation with relu'(0) = 0 says 0 there."""

    def f(v: Any) -> float:
        return float(relu(v[0] + v[1]) - relu(v[2] - v[0]))

    def gradient(v: Any) -> Any:
        p, q = float(v[0] + v[1] > 0), float(v[2] - v[0] > 0)
        return np.array([p + q, p, -q])

    report = nn.check_gradients(f, [0.0, 0.0, 0.0], gradient=gradient)
    assert report.max_relative_error <= report.tolerance, str(report)
    assert report.entries[0].kinks == 3
    wrong = nn.check_gradients(f, [0.0, 0.0, 0.0], gradient=lambda v: gradient(v) * [1.01, 1.0, 1.0])
    assert wrong.max_relative_error > 9e-3


@pytest.mark.parametrize("h", [None, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("function", [np.exp, np.sin, lambda v: (1 + v) ** 4], ids=["exp", "sin", "power"])
def test_a_wrong_slope_is_not_excused_as_a_kink(function: Any, h: float | None) -> None:
    for factor in (1.001, 0.999, 1.01, 1.00001):
        slope = nn.numerical_gradient(lambda v: function(v).sum(), [0.3])
        report = nn.check_gradients(lambda v: function(v).sum(), [0.3], gradient=factor * slope, h=h)
        assert report.max_relative_error == pytest.approx(abs(factor - 1), rel=2e-2), str(report)
        assert report.entries[0].kinks == 0


def test_only_zeros_prove_nothing() -> None:
    report = nn.check_gradients(relu_model(-5.0), [[1.0], [2.0]], [0.0, 0.0])
    assert not report.ok
    assert "zero" in str(report)
