"""Bad input of projection pursuit regression, as in bad_input_table."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import ROWS, Data, Early, File, Shape, Subject, case

PPR = nn.ProjectionPursuitRegression


def made(**options: Any) -> Callable[[Subject], Any]:
    return lambda s: PPR(**options)


def fitted(s: Subject) -> Any:
    return PPR(1).fit(s.x, s.x[:, 0])


PROJECTION_PURSUIT = [
    case("pursuit of 0 terms", made(terms=0), Data, "terms", ">= 1", "0"),
    case("pursuit of 2.5 terms", made(terms=2.5), TypeError, "terms", "2.5"),
    case("pursuit with less than a line", made(degrees_of_freedom=1), Data, "degrees_of_freedom", "[2, inf)", "1"),
    case("pursuit with degrees by word", made(degrees_of_freedom="gcv"), TypeError, "degrees_of_freedom", "gcv"),
    case("pursuit with endless degrees", made(degrees_of_freedom=np.inf), Data, "degrees_of_freedom", "inf"),
    case("pursuit that backfits 3 times", made(backfit=3), TypeError, "backfit", "True or False", "3"),
    case("pursuit from -1 starts", made(starts=-1), Data, "starts", ">= 0", "-1"),
    case("pursuit with tolerance -1", made(tolerance=-1), Data, "tolerance", "[0, inf)", "-1"),
    case("pursuit with tolerance NaN", made(tolerance=np.nan), Data, "tolerance", "nan"),
    case("pursuit with seed -1", made(seed=-1), Data, "seed", "-1"),
    case("pursuit predicts before fit", lambda s: PPR().predict(s.x), Early, "not fitted", "fit(x, y)"),
    case("pursuit scores before fit", lambda s: PPR().score(s.x, s.y), Early, "not fitted"),
    case("pursuit draws before fit", lambda s: PPR().plot(), Early, "not fitted"),
    case("pursuit's curve before fit", lambda s: PPR().ridge_function(0, [1.0]), Early, "not fitted"),
    case("pursuit of x with NaN", lambda s: PPR().fit(s.x_with(np.nan), s.y), Data, "x", "NaN", "row 3"),
    case("pursuit of infinite x", lambda s: PPR().fit(s.x_with(np.inf), s.y), Data, "x", "infinity", "row 3"),
    case("pursuit of one column", lambda s: PPR().fit(s.x[:, 0], s.y), Shape, "x", "(N, D)", "x[:, None]"),
    case("pursuit of no columns", lambda s: PPR().fit(s.x[:, :0], s.y), Shape, "x", "(12, 0)"),
    case("pursuit of no rows", lambda s: PPR().fit(s.x[:0], s.y[:0]), Shape, "x", "0"),
    case("pursuit of words", lambda s: PPR().fit(s.x.astype(str), s.y), TypeError, "x", "real numbers"),
    case("pursuit of equal rows", lambda s: PPR().fit(np.ones((ROWS, 4)), s.y), Data, "x", "rows that differ"),
    case("pursuit of a constant y", lambda s: PPR().fit(s.x, np.ones(ROWS)), Data, "y", "differ", "1"),
    case("pursuit of a short y", lambda s: PPR().fit(s.x, s.y[:-1]), Shape, "y", "12", "11"),
    case("pursuit of two targets", lambda s: PPR().fit(s.x, s.x[:, :2]), Shape, "y", "(12, 2)"),
    case("pursuit of y with NaN", lambda s: PPR().fit(s.x, s.x_with(np.nan)[:, 2]), Data, "y", "nan", "row 3"),
    case("pursuit with weights of zero", lambda s: PPR().fit(s.x, s.y, np.zeros(ROWS)), Data, "sample_weight", "zeros"),
    case("pursuit with weights below zero", lambda s: PPR().fit(s.x, s.y, -np.ones(ROWS)), Data, "sample_weight",
         ">= 0"),
    case("pursuit with one row that counts", lambda s: PPR().fit(s.x, s.y, np.arange(ROWS) == 1), Data, "x", "differ"),
    case("pursuit predicts other columns", lambda s: fitted(s).predict(s.x[:, 1:]), Shape, "x", "(N, 4)", "(12, 3)"),
    case("pursuit predicts NaN", lambda s: fitted(s).predict(s.x_with(np.nan)), Data, "x", "NaN", "row 3"),
    case("pursuit scores a constant", lambda s: fitted(s).score(s.x, np.ones(ROWS)), Data, "y", "constant"),
    case("pursuit's curve 1 of 1", lambda s: fitted(s).ridge_function(1, [0.0]), Data, "m", "<= 0", "1"),
    case("pursuit's curve of words", lambda s: fitted(s).ridge_function(0, ["a"]), TypeError, "v", "real numbers"),
    case("pursuit drawn into no folder", lambda s: fitted(s).plot(s.folder / "no" / "a.png"), File, "no", "folder"),
    case("pursuit drawn as a film", lambda s: fitted(s).plot(s.folder / "a.mkv"), Data, "a.mkv", ".png"),
]  # fmt: skip
