"""Same seed, same bits: for any number of threads, in any run, at each instruction set."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from conftest import ISA_LEVELS
from snapshots import digest

THREADS = (1, 2, 3, 8)


def train(threads: int, dtype: str = "float32", seed: int = 0) -> Any:
    """Three epochs of a net whose products, activations, losses and steps are all worth several threads.

    A step multiplies and adds 256 x 300 x 400 numbers in one layer; one thread takes regions below 400,000.
    """
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1000, 300)), rng.integers(10, size=1000)
    layers = [nn.Dense(400, "relu", weight_regularizer=nn.L2(1e-4)), nn.Dropout(0.2), nn.Dense(300, "tanh")]
    model = nn.Sequential([nn.Input(300), nn.Standardize(), *layers, nn.Dense(10, "softmax")], dtype=dtype, seed=seed)
    model.compile(nn.Adam(1e-3), "nllm", metrics=["accuracy"])
    with nn.threads(threads):
        model.fit(x, y, epochs=3, batch_size=256, validation_split=0.1)
        assert nn.get_num_threads() == threads
        return model, model.predict(x).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_threads_changes_no_bit(dtype: str) -> None:
    model, predictions = train(1, dtype)
    for threads in THREADS[1:]:
        other, others_predictions = train(threads, dtype)
        assert digest(other) == digest(model), f"{threads} threads"
        assert others_predictions == predictions, f"{threads} threads"


def test_another_seed_gives_other_bits() -> None:
    assert digest(train(2, seed=0)[0]) != digest(train(2, seed=1)[0])


SCRIPT = """
import json
from nncpp import _core
from snapshots import digest
from test_determinism import THREADS, train
print(json.dumps({"isa": _core.isa, "digests": [digest(train(n)[0]) for n in THREADS]}))
"""


@pytest.mark.parametrize("level", ISA_LEVELS)
def test_every_level_gives_the_same_bits_in_every_run(level: str, interpreter: Callable[..., str]) -> None:
    runs = [json.loads(interpreter(SCRIPT, NNCPP_ISA=level, OMP_NUM_THREADS=count)) for count in ("1", "4")]
    assert all(run["isa"] == level for run in runs)
    assert len({entry for run in runs for entry in run["digests"]}) == 1


def test_the_level_is_the_highest_unless_one_is_asked_for(interpreter: Callable[..., str]) -> None:
    assert interpreter("from nncpp import _core; print(_core.isa)", NNCPP_ISA="").strip() == ISA_LEVELS[-1]


@pytest.mark.parametrize("level", ["v9", "v1", "avx"])
def test_an_unknown_level_is_refused_in_words(level: str, interpreter: Callable[..., str]) -> None:
    script = "try:\n    import nncpp\nexcept ImportError as error:\n    print(error)"
    message = interpreter(script, NNCPP_ISA=level)
    assert f"NNCPP_ISA={level}" in message
    assert ", ".join(ISA_LEVELS) in message
