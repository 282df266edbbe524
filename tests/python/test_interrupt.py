"""Ctrl-C: fit returns at once, and the model is as it was after some whole number of steps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import child_environment

LIMIT = 0.1  # seconds, on a machine with nothing else to do
PROLOGUE = """
import json, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
import numpy as np, nncpp as nn
from nncpp import _core
rng = np.random.default_rng(0)
x, y = rng.normal(size=(3000, 300)), rng.integers(10, size=3000)
def new():
    layers = [nn.Dense(400, "relu"), nn.Dropout(0.1), nn.Dense(300, "relu"), nn.Dense(10, "softmax")]
    model = nn.Sequential([nn.Input(300), *layers], seed=2)
    model.compile("adam", "nllm")
    return model
"""
FIT = """
model = new()
try:
    print("ready", flush=True)
    model.fit(x, y, epochs=100000, batch_size=BATCH)
except KeyboardInterrupt:
    stopped = time.monotonic()
steps, twin, epochs = model._trainer.t, new(), model.history.epochs
for t in range(steps):
    per_epoch = -(-len(x) // BATCH)
    order = _core.permutation(2, "order", t // per_epoch, len(x))
    rows = order[t % per_epoch * BATCH:][:BATCH]
    twin.train_on_batch(x[rows], y[rows])
same = twin.flat_parameters.tobytes() == model.flat_parameters.tobytes()
moments = all((m == model._trainer.moments[k]).all() for k, m in twin._trainer.moments.items())
model.fit(x[:100], y[:100])
print(json.dumps({"stopped": stopped, "steps": steps, "same": bool(same and moments)}))
"""
PREDICT = """
model, big = new(), np.ones((400000, 300), np.float32)
try:
    print("ready", flush=True)
    while True:
        model.predict(big)
except KeyboardInterrupt:
    stopped = time.monotonic()
print(json.dumps({"stopped": stopped}))
"""
BARE = """
try:
    print("ready", flush=True)
    while True:
        sum(range(1000))
except KeyboardInterrupt:
    stopped = time.monotonic()
print(json.dumps({"stopped": stopped}))
"""


def interrupt(script: str, folder: Path, after: float = 0.4) -> dict[str, Any]:
    """Runs a script, sends it SIGINT, and returns what it prints, with the seconds it took to answer."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=child_environment(),
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(after)
        sent = time.monotonic()
        os.kill(child.pid, signal.SIGINT)
        answer, _ = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 0
    result: dict[str, Any] = json.loads(answer)
    return {**result, "seconds": result["stopped"] - sent}


def require_quick(script: str, folder: Path) -> list[dict[str, Any]]:
    """One quick answer in three is enough: a busy machine may hold up any process, also one that only counts."""
    results = [interrupt(script, folder, after=after) for after in (0.3, 0.41, 0.55)]
    seconds = min(result["seconds"] for result in results)
    assert seconds < LIMIT + 2 * interrupt(BARE, folder)["seconds"], [result["seconds"] for result in results]
    return results


@pytest.mark.parametrize("batch_size", [16, 3000])
def test_an_interrupted_fit_is_a_whole_number_of_steps(batch_size: int, tmp_path: Path) -> None:
    for result in require_quick(FIT.replace("BATCH", str(batch_size)), tmp_path):
        assert result["steps"] > 0
        assert result["same"], "the model is not what its steps make it"


def test_predict_can_be_interrupted(tmp_path: Path) -> None:
    require_quick(PREDICT, tmp_path)
