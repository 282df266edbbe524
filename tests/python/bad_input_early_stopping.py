"""Rows for the table of bad input: early stopping and its second run."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import ROWS, Case, Subject, case

Shape, Data = nn.ShapeError, nn.DataError


def stopping(**options: Any) -> Any:
    return lambda s: nn.EarlyStopping(**options)


def second(validation: Any, *callbacks: Any, **options: Any) -> Any:
    """A fit with a second run; ``validation`` makes its validation data of the subject."""

    def run(s: Subject) -> Any:
        every = [nn.EarlyStopping(second_run="restart"), *callbacks]
        return s.fit(validation_data=validation(s), callbacks=every, **options)

    return run


EARLY_STOPPING: list[Case] = [
    case("monitor is a number", stopping(monitor=3), TypeError, "monitor", "name", "3"),
    case("patience 1.5", stopping(patience=1.5), TypeError, "patience", "whole number", "1.5"),
    case("an unknown second run", stopping(second_run="again"), Data, "second_run", "restart, continue", "again"),
    case("a second run of True", stopping(second_run=True), TypeError, "second_run", "restart, continue", "True"),
    case("second_epochs alone", stopping(second_epochs=3), Data, "second_epochs", "second_run='continue'", "3"),
    case("second_epochs of a restart", stopping(second_run="restart", second_epochs=3), Data, "second_epochs",
         "second_run='restart'", "3"),
    case("second_epochs 0", stopping(second_run="continue", second_epochs=0), Data, "second_epochs", ">= 1", "0"),
    case("second_epochs 2.5", stopping(second_run="continue", second_epochs=2.5), TypeError, "second_epochs", "2.5"),
    case("a second run without validation data",
         lambda s: s.fit(callbacks=nn.EarlyStopping("loss", second_run="restart")), Data, "second_run",
         "validation_data", "none"),
    case("a second run and another early stopping", second(lambda s: (s.x, s.y), nn.EarlyStopping("loss")), Data,
         "second_run", "one EarlyStopping", "2"),
    case("two second runs", second(lambda s: (s.x, s.y), nn.EarlyStopping(second_run="continue")), Data, "second_run",
         "one EarlyStopping", "2"),
    case("labels and distributions in a second run", second(lambda s: (s.x, np.eye(3)[s.y])), Shape, "second_run",
         f"({ROWS},)", f"({ROWS}, 3)"),
]  # fmt: skip
