"""Rows for the table of bad input: schedules, the learning rate, and the options that all optimizers share."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Data, Subject, case, option
from nncpp import schedules as s


def made(cls: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda subject: cls(*arguments, **options)


def rate(value: Any) -> Callable[[Subject], Any]:
    """Sets the rate of the trained model."""
    return lambda subject: setattr(subject.model.optimizer, "learning_rate", value)


def trained(value: Any, by: str = "fit") -> Callable[[Subject], Any]:
    """Trains the model at a rate that is found bad only then."""

    def call(subject: Subject) -> Any:
        optimizer = subject.model.optimizer
        kept, optimizer.learning_rate = optimizer.learning_rate, value
        try:
            getattr(subject.model, by)(subject.x, subject.y)
        finally:
            optimizer.learning_rate = kept

    return call


def factors(value: Any) -> Callable[[Subject], Any]:
    return lambda subject: subject.model.compile(nn.SGD(0.1, rate_factors=value), "nllm")


def plateau(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda subject: subject.fit(callbacks=nn.ReduceOnPlateau(*arguments, **options))


def plateau_of_a_function(subject: Subject) -> None:
    model = nn.Sequential([nn.Input(4), nn.Dense(3, "softmax")])
    model.compile(nn.SGD(lambda step, epoch: 0.1), "nllm")
    model.fit(subject.x, subject.y, callbacks=nn.ReduceOnPlateau("loss"))


def plot(**options: Any) -> Callable[[Subject], Any]:
    return lambda subject: s.Constant(0.1).plot(**options)


SCHEDULES: list[Case] = [
    case("an initial rate below zero", made(s.Constant, -0.1), Data, "initial_rate", "[0, inf)", "-0.1"),
    case("an initial rate that is NaN", made(s.CosineDecay, np.nan, 10), Data, "initial_rate", "nan"),
    case("an initial rate in words", made(s.Halving, "fast", 10), TypeError, "initial_rate", "fast"),
    case("a unit of minutes", made(s.Halving, 0.1, 10, unit="minute"), Data, "unit", "step, epoch", "minute"),
    case("a unit that is none", made(s.StepDecay, 0.1, 0.5, 10, unit=None), TypeError, "unit", "step, epoch"),
    case("a growing factor", made(s.StepDecay, 0.1, 2.0, 10), Data, "factor", "[0, 1]", "2"),
    case("every 0 steps", made(s.StepDecay, 0.1, 0.5, 0), Data, "every", ">= 1", "0"),
    case("every half epoch", made(s.Halving, 0.1, 0.5), TypeError, "every", "whole number", "0.5"),
    case("a negative decay", made(s.ExponentialDecay, 0.1, -1), Data, "decay", "[0, inf)", "-1"),
    case("tau 0", made(s.InverseDecay, 0.1, 0), Data, "tau", "(0, inf)", "0"),
    case("a duration of 0", made(s.LinearDecay, 0.1, 0), Data, "duration", ">= 1", "0"),
    case("a duration of 1.5", made(s.CosineDecay, 0.1, 1.5), TypeError, "duration", "whole number", "1.5"),
    case("a final rate below zero", made(s.LinearDecay, 0.1, 10, -1), Data, "final_rate", "[0, inf)", "-1"),
    case("a final rate that is none", made(s.CosineDecay, 0.1, 10, None), TypeError, "final_rate", "None"),
    case("a warm-up of 0", made(s.Warmup, 0, 0.1), Data, "duration", ">= 1", "0"),
    case("a warm-up to a word", made(s.Warmup, 10, "cosine"), TypeError, "then", "nn.schedules", "cosine"),
    case("a warm-up to a function", made(s.Warmup, 10, rate), TypeError, "then", "nn.schedules"),
    case("a warm-up to nothing", made(s.Warmup, 10, None), TypeError, "then", "None"),
    case("a warm-up to less than nothing", made(s.Warmup, 10, -1), Data, "then", "[0, inf)", "-1"),
    case("a chain that breaks at 0", made(s.Chain, 0.1, 0.2, at=0), Data, "at", ">= 1", "0"),
    case("a chain of a list", made(s.Chain, [0.1], 0.2, at=5), TypeError, "first", "[0.1]"),
    case("a chain to a class", made(s.Chain, 0.1, s.Halving, at=5), TypeError, "second", "Halving"),
    case("a chain in minutes", made(s.Chain, 0.1, 0.2, 5, unit="minute"), Data, "unit", "minute"),
    case("a factor below zero", lambda subject: -1 * s.Constant(0.1), Data, "factor", "[0, inf)", "-1"),
    case("a factor in words", lambda subject: "half" * s.Constant(0.1), TypeError, "factor", "half"),
    case("no schedule to scale", made(s.Scaled, "cosine", 0.5), TypeError, "schedule", "cosine"),
    case("an unknown schedule in a config", rate({"kind": "Cosine"}), Data, "schedule", "Cosine", "CosineDecay"),
    case("a picture of no steps", plot(steps=0), Data, "steps", ">= 1", "0"),
    case("a picture of epochs without steps", plot(steps_per_epoch=0), Data, "steps_per_epoch", ">= 1", "0"),
    case("a rate by name", rate("cosine"), TypeError, "learning_rate", "nn.schedules", "(step, epoch)", "cosine"),
    case("a rate that is none", rate(None), TypeError, "learning_rate", "None"),
    case("a rate that is a list", rate([0.1, 0.2]), TypeError, "learning_rate", "[0.1, 0.2]"),
    case("a rate that is a class", rate(s.Halving), TypeError, "learning_rate", "nn.schedules", "Halving"),
    case("a rate of the step alone", rate(lambda step: 0.1), TypeError, "learning_rate", "(step, epoch)"),
    case("a rate of three", rate(lambda step, epoch, loss: 0.1), TypeError, "learning_rate", "(step, epoch)"),
    case("a function that says -1", trained(lambda step, epoch: -1.0), Data, "learning_rate", "at step 3", "-1.0"),
    case("a function that says NaN", trained(lambda step, epoch: np.nan), Data, "learning_rate", "at step 3", "nan"),
    case("a function that says nothing", trained(lambda step, epoch: None), TypeError, "learning_rate", "at step 3"),
    case("a function that says -1 to one batch", trained(lambda step, epoch: -1, "train_on_batch"), Data,
         "learning_rate", "step 3", "-1"),
    case("a schedule beyond float32", trained(s.Constant(1e200)), Data, "learning_rate", "float32", "1e+200"),
    case("clip_value 0", made(nn.SGD, clip_value=0), Data, "clip_value", "(0, inf)", "0"),
    case("clip_value infinite", made(nn.Adam, clip_value=np.inf), Data, "clip_value", "inf"),
    case("clip_value in words", made(nn.AdamW, clip_value="small"), TypeError, "clip_value", "small"),
    case("clip_norm -1", made(nn.RMSProp, clip_norm=-1), Data, "clip_norm", "(0, inf)", "-1"),
    case("clip_norm NaN", made(nn.AdaGrad, clip_norm=np.nan), Data, "clip_norm", "nan"),
    case("clip_norm True", made(nn.Adadelta, clip_norm=True), TypeError, "clip_norm", "True"),
    case("an option that is none", made(nn.SGD, clip=1.0), TypeError, "clip"),
    case("update eager", made(nn.Adam, update="eager"), Data, "update", "exact", "lazy", "eager"),
    case("update True", made(nn.SGD, update=True), TypeError, "update", "True"),
    case("update None", made(nn.AdaGrad, update=None), TypeError, "update", "None"),
    case("rate factors of an unknown layer", factors({"dense_9": 0.5}), Data, "rate_factors", "out, dense/weight",
         "dense_9"),
    case("rate factors of an unknown parameter", factors({"out/gamma": 0.5}), Data, "rate_factors", "out/bias",
         "out/gamma"),
    case("a rate factor below zero", factors({"out": -0.5}), Data, "rate_factors", "out", "[0, inf)", "-0.5"),
    case("a rate factor of NaN", factors({"out": np.nan}), Data, "rate_factors", "out", "nan"),
    case("a rate factor in words", factors({"out": "slow"}), TypeError, "rate_factors", "out", "slow"),
    case("rate factors by an unknown rule", factors("fan_out"), Data, "rate_factors", "fan_in", "fan_out"),
    case("rate factors as a list", factors([0.5, 1.0]), TypeError, "rate_factors", "mapping", "fan_in"),
    case("a plateau of an unknown score", plateau("val_luck"), Data, "monitor", "loss", "val_luck"),
    case("a plateau without validation data", plateau(), Data, "monitor", "val_loss", "validation_data"),
    case("a plateau of a number", plateau(3), TypeError, "monitor", "3"),
    case("a plateau with factor 1", plateau("loss", factor=1), Data, "factor", "(0, 1)", "1"),
    case("a plateau of no patience", plateau("loss", patience=0), Data, "patience", ">= 1", "0"),
    case("a plateau below zero", plateau("loss", min_rate=-1), Data, "min_rate", "[0, inf)", "-1"),
    case("a plateau of an unknown mode", plateau("loss", mode="best"), Data, "mode", "auto, min, max", "best"),
    case("a plateau of a function", plateau_of_a_function, Data, "ReduceOnPlateau", "learning_rate", "function"),
    case("a plateau that is a class", option(callbacks=nn.ReduceOnPlateau), TypeError, "callbacks", "ReduceOnPlateau"),
]  # fmt: skip
