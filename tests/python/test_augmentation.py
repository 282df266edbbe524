"""Augmentation: what happens to a row in training depends on seed, epoch and row, and on nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import nncpp as nn
from conftest import child_environment
from nncpp import _core
from snapshots import snapshot

ROWS, SIDE = 37, 6
LAYERS: dict[str, Callable[[], nn.Layer]] = {
    "flip": lambda: nn.RandomFlip("both"),
    "shift": lambda: nn.RandomShift((2, 1)),
    "crop": lambda: nn.RandomCrop((5, 4)),
    "noise": lambda: nn.GaussianNoise(0.001),
}
layers = pytest.mark.parametrize("name", LAYERS)


class Probe(nn.CustomLayer, kind="test_augmentation_probe"):
    """v = u, and keeps what it saw in training."""

    seen: ClassVar[list[Any]] = []

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, u: Any, parameters: Any, training: bool) -> Any:
        if training:
            Probe.seen.append(u.copy())
        return u

    def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
        return dv, {}


def images() -> Any:
    """Row i has the pixels 100 (i + 1) + 0, 1, 2, ..., so that a row is known by any of its pixels."""
    pixels = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE, 1)
    return 100 * np.arange(1, ROWS + 1, dtype=np.float32)[:, None, None, None] + pixels


def model_with(layer: nn.Layer) -> Any:
    model = nn.Sequential([nn.Input((SIDE, SIDE, 1)), layer, Probe(), nn.GlobalAveragePool2D(), nn.Dense(1)], seed=3)
    model.compile(nn.SGD(1e-9), "squared")
    return model


def by_row(seen: list[Any]) -> dict[int, bytes]:
    """The image of each row, all of one epoch."""
    rows = np.concatenate(seen)
    found = {int(round(float(row.max())) // 100 - 1): row.tobytes() for row in rows}
    assert len(found) == len(rows)
    return found


def fitted(name: str, epochs: int = 1, order: Any = None, **options: Any) -> list[dict[int, bytes]]:
    """What the layer made of each row of x, by epoch."""
    model, x = model_with(LAYERS[name]()), images()
    Probe.seen = []
    model.fit(x, np.zeros(ROWS), epochs=epochs, **options)
    steps = len(Probe.seen) // epochs
    return [by_row(Probe.seen[epoch * steps : (epoch + 1) * steps]) for epoch in range(epochs)]


@layers
def test_batches_order_and_threads_change_nothing_of_a_row(name: str) -> None:
    first, second = fitted(name, epochs=2, batch_size=8)
    assert len(first) == ROWS
    assert first != second, "each epoch has numbers of its own"
    assert sum(first[row] != second[row] for row in first) > ROWS / 4
    for options in ({"batch_size": 1}, {"batch_size": ROWS}, {"batch_size": 8, "shuffle": False}):
        assert fitted(name, epochs=2, **options) == [first, second], options
    for count in (1, 2, 3):
        with nn.threads(count):
            assert fitted(name, epochs=2, batch_size=16) == [first, second], f"{count} threads"


def test_a_row_is_changed_as_the_key_says() -> None:
    """The definition: words of Philox block `row` keyed by (seed, stream 16 + node, epoch); flips by their top bits."""
    seen = fitted("flip", epochs=2)
    for epoch in range(2):
        for row, x in enumerate(images()):
            vertical, horizontal, _, _ = _core.philox((row, 0, epoch, 16 + 1), (3, 0))
            expected = x[::-1] if vertical >> 31 else x
            expected = expected[:, ::-1] if horizontal >> 31 else expected
            assert seen[epoch][row] == expected.tobytes()


def test_a_shift_moves_zeros_in_and_a_crop_is_a_window() -> None:
    [shifted], [cropped] = fitted("shift"), fitted("crop")
    places = set()
    for row, x in enumerate(images()):
        padded = np.pad(x[:, :, 0], ((2, 2), (1, 1)))
        windows = {
            padded[2 - a : 2 - a + SIDE, 1 - b : 1 - b + SIDE].tobytes(): (a, b)
            for a in range(-2, 3)
            for b in (-1, 0, 1)
        }
        places.add(windows[shifted[row]])
        crops = {x[a : a + 5, b : b + 4].tobytes() for a in range(2) for b in range(3)}
        assert cropped[row] in crops
    assert len(places) > 8


def test_prediction_and_evaluation_see_the_image_or_its_middle() -> None:
    x = images()
    for name in ("flip", "shift", "noise"):
        model = nn.Sequential([nn.Input((SIDE, SIDE, 1)), LAYERS[name](), nn.Activation("identity")])
        model.compile(loss="squared")
        assert (model.predict(x) == x).all()
        assert model.evaluate(x, x)["loss"] == 0.0
    crop = nn.Sequential([nn.Input((SIDE, SIDE, 1)), nn.RandomCrop((3, 2)), nn.Activation("identity")])
    assert (crop.predict(x) == x[:, 1:4, 2:4]).all()
    center = nn.Sequential([nn.Input((SIDE, SIDE, 1)), nn.CenterCrop((3, 2)), nn.Activation("identity")])
    assert (center.predict(x) == x[:, 1:4, 2:4]).all()


@layers
def test_a_step_of_its_own_takes_the_step_for_the_epoch(name: str) -> None:
    model, x = model_with(LAYERS[name]()), images()
    Probe.seen = []
    for _ in range(2):
        model.train_on_batch(x, np.zeros(ROWS))
    first, second = by_row(Probe.seen[:1]), by_row(Probe.seen[1:])
    assert [first, second] == fitted(name, epochs=2)
    assert first != second


@layers
def test_gradients_go_back_to_the_pixels_they_came_from(name: str, rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(9, SIDE, SIDE, 2)), rng.normal(size=(9, 3))
    layers = [LAYERS[name](), nn.Conv2D(2, 3, "tanh"), nn.GlobalAveragePool2D(), nn.Dense(3)]
    model = nn.Sequential([nn.Input((SIDE, SIDE, 2)), *layers], seed=1)
    model.compile(loss="squared")
    for training in (False, True):
        report = nn.check_gradients(model, x, y, training=training)
        assert report.ok, str(report)
        assert nn.check_gradients(model, x, y, training=training, mode="exact").ok


def test_saving_keeps_the_arguments(tmp_path: Path) -> None:
    layers = [nn.RandomFlip("vertical"), nn.RandomShift((1, 2)), nn.RandomCrop(4), nn.CenterCrop((3, 2))]
    model = nn.Sequential([nn.Input((SIDE, SIDE, 1)), *layers, nn.Flatten(), nn.Dense(1)], seed=3)
    model.save(tmp_path / "model.safetensors")
    loaded = nn.load(tmp_path / "model.safetensors")
    assert loaded.config() == model.config()
    assert repr(loaded.layers[1]) == "RandomShift(pixels=(1, 2), name='random_shift')"


def test_preflight_looks_at_a_copy_without_chance() -> None:
    x = np.random.default_rng(0).normal(size=(60, SIDE, SIDE, 1))
    y = (x.mean(axis=(1, 2, 3)) > 0).astype(int)
    layers = [nn.RandomFlip(), nn.RandomShift(2), nn.RandomCrop(4), nn.GaussianNoise(9.0), nn.Flatten()]
    model = nn.Sequential([nn.Input((SIDE, SIDE, 1)), *layers, nn.Dense(8, "relu"), nn.Dense(2, "softmax")])
    model.compile("adam", "nllm")
    before = snapshot(model)
    report = nn.preflight(model, x, y)
    assert "fail" not in {entry.status for entry in report.entries}, str(report)
    assert snapshot(model) == before


# --- a training that is killed --------------------------------------------------------------------------------------


def resumable() -> Any:
    layers = [nn.RandomFlip(), nn.RandomShift(1), nn.RandomCrop(6), nn.GaussianNoise(0.1), nn.Flatten()]
    model = nn.Sequential([nn.Input((8, 8, 1), scale=2.0), *layers, nn.Dense(10, "softmax")], seed=4)
    model.compile("adam", "nllm")
    return model


def fit_digits(model: Any, kill_at: tuple[int, int] | None = None, **options: Any) -> Any:
    class Killer(nn.Callback):
        epoch = 0

        def on_epoch_begin(self, epoch: int) -> None:
            self.epoch = epoch

        def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
            if (self.epoch, step) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    x, y = nn.datasets.digits()
    return model.fit(x[:200].reshape(-1, 8, 8, 1), y[:200], epochs=3, batch_size=16, callbacks=[Killer()], **options)


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    script = (
        "from test_augmentation import *\nfit_digits(resumable(), (1, 7), checkpoint='run.ckpt', checkpoint_every=3)"
    )
    child = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=child_environment(), timeout=60, check=False
    )
    assert child.returncode == -signal.SIGKILL
    resumed, whole = resumable(), resumable()
    fit_digits(resumed, checkpoint=tmp_path / "run.ckpt", resume=True)
    fit_digits(whole)
    assert snapshot(resumed) == snapshot(whole)
