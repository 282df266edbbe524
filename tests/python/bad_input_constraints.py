"""Bad input for constraints."""

import nncpp as nn
from bad_input_table import Data, case, dense

CONSTRAINTS = [
    case("max norm 0", lambda s: nn.MaxNorm(0.0), Data, "limit", "(0, inf)", "0"),
    case("max norm below 0", lambda s: nn.MaxNorm(-1), Data, "limit", "(0, inf)", "-1"),
    case("max norm NaN", lambda s: nn.MaxNorm(float("nan")), Data, "limit", "nan"),
    case("max norm is a word", lambda s: nn.MaxNorm("small"), TypeError, "limit", "small"),
    case("constraint is a number", dense(3, weight_constraint=3.0), TypeError, "weight_constraint", "3.0", "max_norm"),
    case("constraint of an unknown name", dense(3, weight_constraint="norm"), Data, "weight_constraint", "max_norm"),
    case("constraint is a regularizer", dense(3, weight_constraint=nn.L2()), TypeError, "weight_constraint", "L2"),
    case(
        "constraint is a class", dense(3, weight_constraint=nn.MaxNorm), TypeError, "weight_constraint", "MaxNorm(...)"
    ),
]
