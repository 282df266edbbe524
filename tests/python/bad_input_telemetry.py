"""More rows for the table of bad input: telemetry."""

import numpy as np

import nncpp as nn
from bad_input_table import Case, case, option

Shape, Data = nn.ShapeError, nn.DataError

ONE = np.zeros((1, 2, 7))  # a record of two layers

TELEMETRY: list[Case] = [
    case("telemetry every 0 steps", option(telemetry=0), Data, "telemetry", ">= 1", "0"),
    case("telemetry every -5 steps", option(telemetry=-5), Data, "telemetry", ">= 1", "-5"),
    case("telemetry every 2**63 steps", option(telemetry=2**63), Data, "telemetry", "2**63 - 1"),
    case("telemetry every half step", option(telemetry=0.5), TypeError, "telemetry", "whole number", "0.5"),
    case("telemetry True", option(telemetry=True), TypeError, "telemetry", "whole number", "True"),
    case("telemetry in words", option(telemetry="often"), TypeError, "telemetry", "whole number", "often"),
    case("records of too few steps", lambda s: nn.Telemetry(["a", "b"], [], ONE), Shape, "values", "(0, 2, 7)"),
    case("records of other layers", lambda s: nn.Telemetry(["a"], [1], ONE), Shape, "values", "(1, 1, 7)", "(1, 2, 7)"),
    case("records of six quantities", lambda s: nn.Telemetry(["a", "b"], [1], ONE[..., 1:]), Shape, "values",
         "(1, 2, 6)"),
    case("two layers of one name", lambda s: nn.Telemetry(["a", "a"], [1], ONE), Data, "layers", "a, a"),
]  # fmt: skip
