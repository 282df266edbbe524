"""Checkpoints: killed at any moment, a training goes on to the bits it would have had."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from conftest import child_environment
from nncpp import serialization
from snapshots import snapshot

EPOCHS, BATCH = 6, 16
STEPS = -(-1000 // BATCH)  # of an epoch


class KillAt(nn.Callback):
    """Ends the process without a word at one step."""

    def __init__(self, epoch: int = -1, step: int = -1) -> None:
        self.place, self.epoch = (epoch, step), 0

    def on_epoch_begin(self, epoch: int) -> None:
        self.epoch = epoch

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        if (self.epoch, step) == self.place:
            os.kill(os.getpid(), signal.SIGKILL)


def new_model(units: int = 24, rate: float = 1e-3) -> Any:
    layers = [nn.Dense(units, "relu", weight_regularizer=nn.L2(1e-4)), nn.Dropout(0.2), nn.Dense(10, "softmax")]
    model = nn.Sequential([nn.Input(64), nn.Standardize(), *layers], seed=4)
    model.compile(nn.Adam(rate), "nllm", metrics=["accuracy"])
    return model


def fit(model: Any, killer: KillAt | None = None, epochs: int = EPOCHS, **options: Any) -> Any:
    x, y = nn.datasets.digits()
    callbacks = [nn.EarlyStopping(patience=50), KillAt() if killer is None else killer]
    validation = (x[1000:1300], y[1000:1300])
    return model.fit(x[:1000], y[:1000], epochs=epochs, batch_size=BATCH, callbacks=callbacks,
                     validation_data=validation, **options)  # fmt: skip


@pytest.fixture(scope="module")
def uninterrupted() -> Any:
    model = new_model()
    history = fit(model)
    return snapshot(model), history.rows


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    imports = "from test_checkpoint import *\n"
    return subprocess.Popen([sys.executable, "-c", imports + script], cwd=folder, env=child_environment(), text=True)


@pytest.mark.parametrize("place", [(0, 3), (2, 29), (3, STEPS - 1), (EPOCHS - 1, STEPS - 2)], ids=str)
@pytest.mark.parametrize("every", [5, None], ids=["every 5 steps", "every epoch"])
def test_a_killed_training_goes_on_to_the_same_bits(
    place: tuple[int, int], every: int | None, tmp_path: Path, uninterrupted: Any
) -> None:
    options = f"checkpoint='run.ckpt', checkpoint_every={every}, resume=True"
    child = start(f"fit(new_model(), KillAt{place}, {options})", tmp_path)
    assert child.wait(timeout=60) == -signal.SIGKILL
    model = new_model()
    history = fit(model, checkpoint=tmp_path / "run.ckpt", checkpoint_every=every, resume=True)
    assert (snapshot(model), history.rows) == uninterrupted


def test_a_training_killed_from_outside_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    epochs, path = 12, tmp_path / "run.ckpt"
    child = start(f"fit(new_model(), epochs={epochs}, checkpoint='run.ckpt', checkpoint_every=3)", tmp_path)
    try:
        while not path.exists():
            assert child.poll() is None, "the training ended before it was killed"
            time.sleep(0.01)
        time.sleep(0.05)
    finally:
        child.kill()
    assert child.wait() == -signal.SIGKILL
    resumed, whole = new_model(), new_model()
    history = fit(resumed, epochs=epochs, checkpoint=path, checkpoint_every=100, resume=True)
    assert history.rows == fit(whole, epochs=epochs).rows
    assert snapshot(resumed) == snapshot(whole)


def test_a_checkpoint_changes_no_bit(tmp_path: Path, uninterrupted: Any) -> None:
    model = new_model()
    history = fit(model, checkpoint=tmp_path / "run.ckpt", checkpoint_every=7)
    assert (snapshot(model), history.rows) == uninterrupted
    assert [file.name for file in tmp_path.iterdir()] == ["run.ckpt"], "no temporary files are left"


def test_resuming_without_a_file_starts_at_the_beginning(tmp_path: Path, uninterrupted: Any) -> None:
    model = new_model()
    history = fit(model, checkpoint=tmp_path / "new.ckpt", resume=True)
    assert (snapshot(model), history.rows) == uninterrupted


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    model, path = new_model(), tmp_path / "run.ckpt"
    first = fit(model, epochs=2, checkpoint=path)
    again = new_model()
    history = fit(again, epochs=2, checkpoint=path, resume=True)
    assert snapshot(again) == snapshot(model)
    assert history.rows == first.rows


def test_more_epochs_may_be_asked_for_when_resuming(tmp_path: Path, uninterrupted: Any) -> None:
    path = tmp_path / "run.ckpt"
    fit(new_model(), epochs=2, checkpoint=path)
    model = new_model()
    assert fit(model, checkpoint=path, resume=True).epochs == EPOCHS


def test_a_model_trained_before_resumes_only_the_interrupted_fit(tmp_path: Path) -> None:
    path, whole = tmp_path / "run.ckpt", new_model()
    fit(whole, epochs=2)
    expected = fit(whole, epochs=3)
    interrupted = new_model()
    fit(interrupted, epochs=2)

    class Interrupts(KillAt):
        def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
            if (self.epoch, step) == (1, 20):
                raise KeyboardInterrupt

    Interrupts.__name__ = "KillAt"
    with pytest.raises(KeyboardInterrupt):
        fit(interrupted, Interrupts(), epochs=3, checkpoint=path, checkpoint_every=4)
    resumed = new_model()
    assert fit(resumed, epochs=3, checkpoint=path, checkpoint_every=4, resume=True).rows == expected.rows
    assert snapshot(resumed) == snapshot(whole)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: new_model(units=25), ["another model", "25"]),
        (lambda: nn.Sequential([nn.Input(64), nn.Dense(10, "softmax")]), ["another model"]),
    ],
    ids=["units", "layers"],
)
def test_a_checkpoint_of_another_model_is_refused(other: Any, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    fit(new_model(), epochs=1, checkpoint=path)
    model = other()
    model.compile("adam", "nllm", metrics=["accuracy"])
    before, kept = snapshot(model), path.read_bytes()
    with pytest.raises(nn.FileError) as raised:
        fit(model, checkpoint=path, resume=True)
    assert all(word in str(raised.value) for word in ["run.ckpt", *words])
    assert snapshot(model) == before
    assert path.read_bytes() == kept


def test_other_data_or_another_batch_size_is_refused(tmp_path: Path) -> None:
    path, model = tmp_path / "run.ckpt", new_model()
    fit(new_model(), epochs=1, checkpoint=path)
    before = snapshot(model)
    x, y = nn.datasets.digits()
    callbacks = [nn.EarlyStopping("loss"), KillAt()]
    for rows, batch_size, word in ((999, BATCH, "rows"), (1000, 8, "batch_size")):
        with pytest.raises(nn.DataError, match=word):
            model.fit(x[:rows], y[:rows], batch_size=batch_size, checkpoint=path, resume=True, callbacks=callbacks)
    assert snapshot(model) == before


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", b"\x10\0\0\0\0\0\0\0{}" * 9], ids=["empty", "text", "odd"]
)
def test_a_damaged_checkpoint_is_refused_and_kept(content: bytes, tmp_path: Path) -> None:
    path, model = tmp_path / "run.ckpt", new_model()
    path.write_bytes(content)
    before = snapshot(model)
    with pytest.raises(nn.FileError, match=r"run\.ckpt"):
        fit(model, checkpoint=path, resume=True)
    assert snapshot(model) == before
    assert path.read_bytes() == content


def with_progress(path: Path, **changes: Any) -> None:
    """Writes other progress into a checkpoint, with a checksum that is right."""
    header, tensors = serialization.decode(path.read_bytes(), str(path), "model")
    header["progress"].update(changes)
    path.write_bytes(serialization.encode(header, tensors))


WRONG_PROGRESS: dict[str, dict[str, Any]] = {
    "more epochs than the history": {"first_epoch": 9},
    "a second run from after the history": {"run_begin": 9},
    "more steps than an epoch": {"steps": STEPS + 1},
    "rows that go with no step": {"steps": 2, "rows": 3},
    "sums of no output": {"sums": []},
    "sums in words": {"sums": [["much", 1, 1]]},
    "a rate below zero": {"learning_rate": -1.0},
    "a callback too few": {"callbacks": [{}]},
    "no settings": {"settings": None},
}


@pytest.mark.parametrize("name", WRONG_PROGRESS)
def test_a_checkpoint_of_impossible_progress_changes_nothing(name: str, tmp_path: Path) -> None:
    path, model = tmp_path / "run.ckpt", new_model()
    fit(new_model(), epochs=1, checkpoint=path)
    with_progress(path, **WRONG_PROGRESS[name])
    before = snapshot(model)
    with pytest.raises(nn.FileError, match=r"run\.ckpt: damaged"):
        fit(model, checkpoint=path, resume=True)
    assert snapshot(model) == before
    assert model.optimizer.learning_rate == 1e-3


def test_a_callback_that_cannot_go_on_leaves_the_model_unchanged(tmp_path: Path) -> None:
    class Forgets(KillAt):
        def restore(self, values: Any, arrays: Any) -> None:
            raise LookupError("forgotten")

    Forgets.__name__ = "KillAt"
    path, model = tmp_path / "run.ckpt", new_model()
    fit(new_model(), epochs=1, checkpoint=path)
    before = snapshot(model)
    with pytest.raises(LookupError, match="forgotten"):
        fit(model, Forgets(), checkpoint=path, resume=True)
    assert snapshot(model) == before


def test_a_checkpoint_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, decode, calls = tmp_path / "run.ckpt", serialization.decode, []
    fit(new_model(), epochs=1, checkpoint=path)
    monkeypatch.setattr(serialization, "decode", lambda *arguments: calls.append(1) or decode(*arguments))
    fit(new_model(), epochs=1, checkpoint=path, resume=True)
    assert calls == [1]


def test_a_checkpoint_is_a_model_file(tmp_path: Path) -> None:
    model, path = new_model(), tmp_path / "run.ckpt"
    fit(model, epochs=1, checkpoint=path)
    x = np.ones((3, 64))
    assert nn.load(path).predict(x).tobytes() == model.predict(x).tobytes()
