"""More rows for the table of bad input: numbers beyond every limit, calls out of turn, things that are no arrays."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case, compiled, dense, option, sequence

HUGE = 10**5000  # more digits than Python writes
Shape, Data = nn.ShapeError, nn.DataError


def step(s: Subject, number: Any) -> Any:
    return nn.Dropout(0.5).build((4,)).forward(s.x, step=number)


def adapted(s: Subject, value: float, dtype: str = "float32") -> Any:
    return nn.Sequential([nn.Input(4), nn.Standardize()], dtype=dtype).adapt(s.x_with(value))


class Calls(nn.Callback):
    """Calls a function with its model after an epoch."""

    def __init__(self, call: Any) -> None:
        self.call = call

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.call(self.model)


def in_callback(call: Any) -> Any:
    def run(s: Subject) -> None:
        model = sequence(nn.Dense(3, "softmax"))
        model.compile("adam", "nllm")
        try:
            model.fit(s.x, s.y, callbacks=Calls(call))
        finally:
            model.compile("sgd", "nllm")  # allowed again
            model.fit(s.x, s.y)

    return run


LIMITS: list[Case] = [
    case("batch size 10**30", option(batch_size=10**30), Data, "batch_size", "2**63 - 1", str(10**30)),
    case("batch size of 5000 digits", option(batch_size=HUGE), Data, "batch_size", "bits"),
    case("epochs 2**63", option(epochs=2**63), Data, "epochs", "2**63 - 1"),
    case("units 2**63", dense(2**63), Data, "units", "2**63 - 1", str(2**63)),
    case("units 10**30", dense(10**30), Data, "units", "2**63 - 1"),
    case("units 2**62", lambda s: sequence(nn.Dense(2**62, name="wide")), Shape, "2^40", str(2**62)),
    case("threads 10**12", lambda s: nn.set_num_threads(10**12), Data, "count", "1024", str(10**12)),
    case("threads 1025", lambda s: nn.threads(1025).__enter__(), Data, "count", "1024", "1025"),
    case("step 2**32", lambda s: step(s, 2**32), Data, "step", "2**32 - 1", str(2**32)),
    case("step -1", lambda s: step(s, -1), Data, "step", ">= 0", "-1"),
    case("seed of 5000 digits", lambda s: nn.Sequential([nn.Dense(2)], seed=HUGE), Data, "seed", "2**64 - 1"),
    case("a rate of 5000 digits", lambda s: nn.SGD(HUGE), Data, "learning_rate", "[0, inf)"),
    case("an input of seven axes", lambda s: nn.Input((1,) * 7), Shape, "shape", "5 axes", "7"),
    case("a module of six axes", lambda s: nn.Dense(1).build((1,) * 6), Shape, "input_shape", "5 axes", "6"),
    case("an input of 2**62 numbers", lambda s: nn.Input((2**31, 2**31)), Shape, "shape", "2^40"),
    case("an input of 2**63 columns", lambda s: nn.Input(2**63), Data, "shape", "2**63 - 1"),
    case("x of eight axes decides no shape", lambda s: nn.Sequential([nn.Dense(1)]).predict(np.ones((1,) * 8)), Shape,
         "x", "5 axes", "7"),
    case("x is a map", lambda s: s.fit(map(list, s.x)), TypeError, "x", "map", "list(x)", "np.fromiter"),
    case("y is a generator", lambda s: s.fit(y=(y for y in s.y)), TypeError, "y", "generator", "np.fromiter"),
    case("a compilation without a loss", lambda s: s.model.compile(), TypeError, "loss", "squared, absolute, huber"),
    case("a number for an optimizer", compiled(optimizer=0.1), TypeError, "optimizer", "sgd, adagrad, rmsprop", "0.1"),
    case("validation_split of nearly nothing", option(validation_split=0.01), Data, "validation_split", "12 rows"),
    case("columns with NaN to adapt to", lambda s: adapted(s, np.nan), Data, "x", "float32", "column 2"),
    case("columns with infinity to adapt to", lambda s: adapted(s, np.inf), Data, "x", "column 2"),
    case("columns that overflow float32", lambda s: adapted(s, 1e39), Data, "x", "float32", "inf", "column 2"),
    case("columns whose squares overflow", lambda s: adapted(s, 1e200, "float64"), Data, "x", "float64", "column 2"),
    case("no rows to adapt to", lambda s: sequence(nn.Standardize()).adapt(s.x[:0]), Shape, "x", "1 row"),
    case("compile in a callback", in_callback(lambda model: model.compile("sgd", "nllm")), nn.NncppError, "compile",
         "callback"),
    case("fit in a callback", in_callback(lambda model: model.fit([[0] * 4], [0])), nn.NncppError, "fit", "callback"),
]  # fmt: skip
