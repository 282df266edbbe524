"""The report of a gradient check: table, bands, ledger, explanation; and numerical_gradient."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.checks.estimates import POINTS, estimates, steps_from
from nncpp.checks.slopes import band

X = np.random.default_rng(0).normal(size=(6, 4))
Y = np.arange(6) % 3


def model_of(**options: Any) -> Any:
    layers = [nn.Input(4), nn.Dense(7, "tanh", **options), nn.Dense(3, "softmax")]
    model = nn.Sequential(layers)
    model.compile(loss="nllm")
    return model


def test_the_report_is_a_table() -> None:
    lines = str(nn.check_gradients(model_of(), X, Y)).splitlines()
    assert lines[0].split()[:3] == ["term", "array", "shape"]
    assert "dense/weight" in lines[2]
    assert "28 of 28" in lines[2]
    assert lines[-2].startswith("covered: 5 of 5 arrays, 83 of 83 entries; a direction through 59 numbers at once")
    assert lines[-1].startswith("ok: max relative error")


def test_layers_have_a_table_of_their_own() -> None:
    report = nn.check_gradients(model_of(weight_regularizer="l2"), X, Y, samples=4)
    assert report.layers == {"dense": "good", "dense_1": "good", "input": "good"}
    table = str(report).split("\n\n")[1].splitlines()
    assert [line.split()[:4] for line in table[2:]] == [["dense", "12", "of", "63"], ["dense_1", "7", "of", "24"]]


@pytest.mark.parametrize(
    ("error", "name"),
    [(0.0, "good"), (1e-7, "good"), (2e-7, "fine"), (1e-4, "fine"), (2e-4, "suspicious"), (1e-2, "suspicious"),
     (0.011, "wrong"), (np.inf, "wrong")],
)  # fmt: skip
def test_bands(error: float, name: str) -> None:
    assert band(error) == name


@pytest.mark.parametrize(("factor", "name"), [(1.0, "good"), (1 + 1e-5, "fine"), (1.001, "suspicious"), (1.1, "wrong")])
def test_a_verdict_is_the_band_of_the_largest_error(factor: float, name: str) -> None:
    report = nn.check_gradients(lambda v: np.sum(v**3), [1.0, 2.0], gradient=[3.0, 12.0 * factor])
    assert report.entries[0].verdict == name
    assert report.entries[0].worst.index == ((1,) if factor != 1.0 else report.entries[0].worst.index)
    assert report.max_relative_error == max(entry.max_relative_error for entry in report.entries)
    assert report.ok == (factor == 1.0)


def test_the_worst_entries_come_first_with_their_indices() -> None:
    report = nn.check_gradients(
        lambda v: np.sum(v**2), np.arange(1.0, 7).reshape(2, 3), gradient=lambda v: v * [2, 2, 3]
    )
    (entry, worst), *_ = report.worst
    assert (entry.name, worst.index[1]) == ("x", 2)
    text = str(report)
    assert "x[0, 2]" in text
    assert "x[1, 2]" in text
    assert text.splitlines()[-1].startswith("NOT OK: ")


def test_what_is_too_small_is_counted() -> None:
    report = nn.check_gradients(lambda v: 1.0 + v[0] + 1e-14 * v[1], [1.0, 1.0], gradient=[1.0, 2e-14])
    assert report.unresolved == 1
    assert "1 too small" in str(report)


def numbers_after(text: str, name: str) -> float:
    return float(text.split(f"\n  {name} ")[1].splitlines()[0].split("=")[-1].split()[-1])


def test_the_explanation_works_one_entry_out() -> None:
    def f(v: Any) -> float:
        return float(np.sum(v**3))

    text = str(nn.check_gradients(f, [1.0, 2.0], gradient=[3.0, 11.0], explain=True))
    assert "An example: x[1], with h = " in text
    h = float(text.split("with h = ")[1].split(".\n", maxsplit=1)[0])
    right, left = numbers_after(text, "f(x + h)"), numbers_after(text, "f(x - h)")
    assert (right, left) == pytest.approx((1 + (2 + h) ** 3, 1 + (2 - h) ** 3))
    assert numbers_after(text, "numerical slope") == pytest.approx((right - left) / (2 * h), rel=1e-6)
    assert numbers_after(text, "analytic slope") == 11.0
    assert numbers_after(text, "relative error") == pytest.approx(1 / 12, abs=1e-3)
    text = " ".join(text.split())  # where lines end does not matter
    for words in ("What was compared", "What the bands mean", "What to look at", "one factor, 0.9167"):
        assert words in text


def test_a_good_report_is_explained_without_advice_and_a_kink_with_a_word_on_kinks() -> None:
    good = str(nn.check_gradients(model_of(), X, Y, explain=True))
    assert "What to look at" not in good
    assert "Kinks." not in good
    assert "Kinks." in str(nn.check_gradients(lambda v: np.abs(v).sum(), [0.0, 1.0], gradient=np.sign, explain=True))
    assert "An example" not in str(nn.check_gradients(model_of(), X, Y))


@pytest.mark.parametrize("h", steps_from(2.0**-10)[:3])
def test_differences_are_exact_for_polynomials_of_their_order(h: float) -> None:
    """Central ones up to x^6, one-sided ones up to x^4; the second of each pair an order less."""
    coefficients = np.array([0.7, -1.3, 0.4, 2.0, -0.6])

    def f(t: Any) -> Any:
        return np.polynomial.Polynomial(coefficients)(t)

    found = estimates(f, coefficients[0], h, 1e-16)
    assert all(abs(each.slope + 1.3) <= 1e-12 + 4e-16 / h for each in found)
    assert len(POINTS) == 9


@pytest.mark.parametrize("place", [-2.5, -0.3, 0.0, 0.3, 2.5])
def test_one_sided_differences_see_their_side_only(place: float) -> None:
    h = 2.0**-13
    found = estimates(lambda t: np.maximum(t - place * h, 0.0), max(-place * h, 0.0), h, 0.0)
    assert found.left.slope == pytest.approx(0.0 if place >= 0 else found.left.slope)
    if place <= 0:
        assert found.right.slope == pytest.approx(1.0)
    assert found.is_smooth == found.left.agrees(found.right)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)], ids=str)
def test_numerical_gradient_has_the_shape_of_x(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(3).normal(size=shape)
    gradient = nn.numerical_gradient(lambda v: np.sum(np.sin(v) * 2), x)
    assert gradient.shape == shape
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 2 * np.cos(x), rtol=1e-8, atol=1e-9)


def test_numerical_gradient_takes_integers_lists_and_float32() -> None:
    for x in ([1, 2], np.array([1, 2], np.int8), np.array([1, 2], np.float32)):
        np.testing.assert_allclose(nn.numerical_gradient(lambda v: v[0] ** 2 * v[1], x), [4.0, 1.0], rtol=1e-8)


def test_numerical_gradient_survives_a_function_that_writes_to_its_argument() -> None:
    def f(v: Any) -> float:
        v *= 2
        return float(np.sum(v))

    x = np.ones(3)
    np.testing.assert_allclose(nn.numerical_gradient(f, x), 2.0, rtol=1e-8)
    assert (x == 1).all()
