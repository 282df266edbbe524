"""The second run of early stopping goes on after an interruption, in either run, to the same bits."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nncpp as nn
from conftest import child_environment
from early_stopping_subject import BATCH, FIRST, LIMIT, SECOND, STRATEGIES, M, N, X, Y, fit, new_model, values_of
from snapshots import snapshot


class At(nn.Callback):
    """Does something at one step."""

    def __init__(self, place: tuple[int, int] | None = None, call: Any = None) -> None:
        self.place, self.call, self.epoch = place, call, 0

    def on_epoch_begin(self, epoch: int) -> None:
        self.epoch = epoch

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        if (self.epoch, step) == self.place:
            self.call()


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


def begun(strategy: str, call: Any = None, place: tuple[int, int] | None = None, **options: Any) -> tuple[Any, Any]:
    """A model with a past, and the history of a fit in two runs; ``place`` is (epoch of the second run, step)."""
    model = new_model()
    stopping = nn.EarlyStopping(patience=2, second_run=strategy, **LIMIT[strategy])
    at = At(None if place is None else (place[0] + FIRST, place[1]), call)
    return model, fit(model, stopping, at, epochs=100, **options)


@pytest.fixture(scope="module")
def uninterrupted() -> dict[str, Any]:
    runs = {strategy: begun(strategy) for strategy in STRATEGIES}
    assert {history["run"].count(1) for _, history in runs.values()} == {FIRST}
    assert {strategy: history["run"].count(2) for strategy, (_, history) in runs.items()} == SECOND
    return {strategy: (snapshot(model), history.rows) for strategy, (model, history) in runs.items()}


PLACES = {
    "in the first run": (-3, 2),
    "in the last epoch of the first run": (-1, 4),
    "at the first step of the second": (0, 0),
    "in the second run": (1, 5),
    "at the last step of an epoch of the second": (1, -(-(N + M) // BATCH) - 1),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("every", [4, None], ids=["every 4 steps", "every epoch"])
@pytest.mark.parametrize("place", PLACES)
def test_an_interrupted_fit_goes_on_to_the_same_bits(
    strategy: str, every: int | None, place: str, tmp_path: Path, uninterrupted: Any
) -> None:
    options: dict[str, Any] = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": every}
    with pytest.raises(KeyboardInterrupt):
        begun(strategy, interrupt, PLACES[place], **options)
    model, history = begun(strategy, **options, resume=True)
    assert (snapshot(model), history.rows) == uninterrupted[strategy]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_killed_second_run_goes_on_to_the_same_bits(strategy: str, tmp_path: Path, uninterrupted: Any) -> None:
    script = f"from test_second_run import *\nbegun({strategy!r}, kill, (1, 3), checkpoint='run.ckpt')"
    child = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=child_environment(), check=False)
    assert child.returncode == -signal.SIGKILL
    model, history = begun(strategy, checkpoint=tmp_path / "run.ckpt", resume=True)
    assert (snapshot(model), history.rows) == uninterrupted[strategy]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_finished_second_run_is_not_trained_again(strategy: str, tmp_path: Path, uninterrupted: Any) -> None:
    for _ in range(2):
        model, history = begun(strategy, checkpoint=tmp_path / "run.ckpt", resume=True)
        assert (snapshot(model), history.rows) == uninterrupted[strategy]


def test_a_model_trained_before_resumes_its_second_run(tmp_path: Path) -> None:
    """What a restart goes back to is in the checkpoint: the model that resumes need not know it."""
    path = tmp_path / "run.ckpt"

    def trained() -> Any:
        model = new_model()
        model.fit(X, Y, epochs=2, batch_size=BATCH)
        return model

    def finish(model: Any, at: At, **options: Any) -> Any:
        return fit(model, nn.EarlyStopping(patience=2, second_run="restart"), at, epochs=100, **options)

    whole = trained()
    expected = finish(whole, At()).rows
    with pytest.raises(KeyboardInterrupt):
        finish(trained(), At((1, 3), interrupt), checkpoint=path)
    resumed = new_model()
    assert finish(resumed, At(), checkpoint=path, resume=True).rows == expected
    assert snapshot(resumed) == snapshot(whole)


def test_ctrl_c_in_the_second_run_leaves_the_last_whole_step() -> None:
    models: list[Any] = []

    def leave() -> None:
        models.append(values_of(model))
        raise KeyboardInterrupt

    model = new_model()
    stopping = nn.EarlyStopping(patience=2, second_run="restart")
    with pytest.raises(KeyboardInterrupt):
        fit(model, stopping, At((FIRST + 1, 2), leave), epochs=100)
    assert values_of(model) == models[0]
    assert model.history.epochs == FIRST + 1
    assert model._trainer.t == -(-(N + M) // BATCH) + 3


def test_a_checkpoint_of_another_second_run_is_refused(tmp_path: Path) -> None:
    path, model = tmp_path / "run.ckpt", new_model()
    begun("restart", checkpoint=path)
    before = snapshot(model)
    for second_run in ("continue", None):
        with pytest.raises(nn.DataError, match="second_run"):
            fit(model, nn.EarlyStopping(second_run=second_run), At(), checkpoint=path, resume=True)
    with pytest.raises(nn.DataError, match=r"second_run.*65.*64"):
        fit(model, nn.EarlyStopping(second_run="restart"), At(), validation_data=(X[N:-1], Y[N:-1]), checkpoint=path,
            resume=True)  # fmt: skip
    assert snapshot(model) == before
