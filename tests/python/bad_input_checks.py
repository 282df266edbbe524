"""Rows for the table of bad input: the gradient checker."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Data, Shape, Subject, case


def check(**options: Any) -> Callable[[Subject], Any]:
    """Of the subject's own model."""
    return lambda s: nn.check_gradients(s.model, s.x, s.y, **options)


def of(subject: Any, *arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.check_gradients(subject, *arguments, **options)


def total(v: Any) -> Any:
    return np.sum(v)


Z, RNG = np.ones((2, 3)), np.random.default_rng(0)

CHECKS: list[Case] = [
    case("a check with h 0", check(h=0), Data, "h", "(0, 0.1]", "0"),
    case("a check with h 1", check(h=1.0), Data, "h", "(0, 0.1]", "1"),
    case("a check with a word for h", check(h="auto"), TypeError, "h", "auto"),
    case("a check with tolerance 0", check(tolerance=0), Data, "tolerance", "(0, inf)"),
    case("a check with tolerance NaN", check(tolerance=np.nan), Data, "tolerance", "nan"),
    case("a check of half a sample", check(samples=0.5), TypeError, "samples", "whole number", "0.5"),
    case("a check of -1 samples", check(samples=-1), Data, "samples", ">= 1", "-1"),
    case("a check with seed -1", check(seed=-1), Data, "seed", "-1"),
    case("a check of training by word", check(training="yes"), TypeError, "training", "True or False", "yes"),
    case("a check explained by number", check(explain=1), TypeError, "explain", "True or False", "1"),
    case("a check of an unknown mode", check(mode="dual"), Data, "mode", "differences, exact", "dual"),
    case("a check of no mode", check(mode=None), TypeError, "mode", "None"),
    case("a check of a model with a gradient", check(gradient=np.ones(3)), TypeError, "gradient", "None"),
    case("a check of a model without x", lambda s: nn.check_gradients(s.model), TypeError, "x", "None"),
    case("a check with x too narrow", lambda s: nn.check_gradients(s.model, s.x[:, 1:], s.y), Shape, "x", "(N, 4)"),
    case("a check with y too short", lambda s: nn.check_gradients(s.model, s.x, s.y[1:]), Shape, "y", "12", "11"),
    case("a check with weights of zeros", check(sample_weight=np.zeros(12)), Data, "sample_weight", "zeros"),
    case("a check of an array", of(Z, Z), TypeError, "subject", "a model, a layer, a loss"),
    case("a check of a class", of(nn.Dense, Z), TypeError, "subject", "Dense"),
    case("a check of nothing", of(None, Z), TypeError, "subject", "None"),
    case("a check of a layer with targets", of(nn.Dense(2), Z, Z), TypeError, "y", "None", "models and losses"),
    case("a check of a layer without x", of(nn.Dense(2)), TypeError, "x", "None"),
    case("a check of a layer on words", of(nn.Dense(2), [["a"]]), TypeError, "x", "real numbers"),
    case("a check of a layer on one sample", of(nn.Dense(2), np.ones(3)), Data, "input_shape", "axis"),
    case("a check of a built layer on another width", lambda s: nn.check_gradients(nn.Dense(2).build((4,)), Z), Shape,
         "dense", "(N, 4)", "(2, 3)"),
    case("a check of a layer, exact", of(nn.Dense(2), Z, mode="exact"), Data, "mode", "nn.Sequential"),
    case("a check of a loss without y", of(nn.NLLM(), Z), TypeError, "y", "None"),
    case("a check of a loss with a wrong label", of(nn.NLLM(), Z, [0, 3]), Data, "0 ... 2", "got 3"),
    case("a check of a loss with y too short", of(nn.SquaredLoss(), Z, Z[:1]), Shape, "y", "2"),
    case("a check of a loss of two outputs with one", of(nn.MaxMarginLoss(), Z), TypeError, "x", "list of 2 arrays"),
    case("a check of a loss on NaN", of(nn.SquaredLoss(), np.full((2, 3), np.nan), Z), Data, "x", "NaN"),
    case("a check of a loss with a gradient", of(nn.NLLM(), Z, [0, 1], gradient=Z), TypeError, "gradient", "NLLM"),
    case("a check of an expression of two numbers", lambda s: nn.check_gradients(nn.variable([1.0, 2.0]) * 2), Shape,
         "subject", "one number", "nn.ops.sum"),
    case("a check of an expression without its input", lambda s: nn.check_gradients(nn.ops.sum(nn.Input(3))), TypeError,
         "x", "mapping", "1 inputs"),
    case("a check of a function without a gradient", of(total, Z), TypeError, "gradient", "None"),
    case("a check of a function with targets", of(total, Z, Z, gradient=Z), TypeError, "y", "None"),
    case("a check of a function with a gradient too short", of(total, Z, gradient=Z[0]), Shape, "gradient", "(2, 3)",
         "(3,)"),
    case("a check of a function with a gradient of words", of(total, 1.0, gradient="one"), TypeError, "gradient",
         "real numbers"),
    case("a check of a function of words", of(total, "one", gradient=1.0), TypeError, "x", "real numbers"),
    case("a check of a function with two values", of(lambda v: v, [1.0, 2.0], gradient=[1.0, 2.0]), Shape, "f",
         "one number", "(2,)"),
    case("a check of a function that is random", of(lambda v: RNG.normal(), 1.0, gradient=0.0), Data, "function",
         "same value", "random numbers"),
]  # fmt: skip
