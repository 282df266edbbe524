"""The learning rate as number, schedule or function: the steps of fit, files, copies, checkpoints in its middle."""

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import schedules as s
from optimizer_driver import Driver
from snapshots import snapshot
from tolerances import ROUNDING

EXACT = ROUNDING["float64"]
ROWS, BATCH = 50, 8
STEPS = -(-ROWS // BATCH)  # of an epoch
X = np.random.default_rng(0).normal(size=(ROWS, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3


def model_with(rate: Any, *, momentum: float = 0.0) -> Any:
    model = nn.Sequential([nn.Input(3), nn.Dense(1, weight_initializer="zeros")], dtype="float64")
    model.compile(nn.SGD(rate, momentum), "squared")
    return model


def reference(rates: Any) -> Any:
    """w, b after steps of gradient descent with these rates, rows in their order."""
    w, b = np.zeros(3), 0.0
    for step, rate in enumerate(rates):
        first = step % STEPS * BATCH
        x, y = X[first : first + BATCH], Y[first : first + BATCH]
        error = 2 * (x @ w + b - y) / len(x)
        w, b = w - rate * x.T @ error, b - rate * error.sum()
    return [*w, b]


def values(model: Any) -> Any:
    return [*model.parameters["dense/weight"].ravel(), *model.parameters["dense/bias"]]


class EachStep(nn.Callback):
    """Brings the training back to Python after each step."""

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        self.step = step


RATES: dict[str, Any] = {
    "cosine": s.CosineDecay(0.1, duration=3 * STEPS),
    "warm-up, then halving": s.Warmup(STEPS + 2, then=s.Halving(0.1, every=2)),
    "a chain": s.Chain(0.01, s.ExponentialDecay(0.1, 0.05), at=2, unit="epoch"),
    "a function": lambda step, epoch: 0.1 / (1 + step + 10 * epoch),
    "a number": 0.05,
}


def rate_of(rate: Any, step: int, epoch: int) -> float:
    return float(rate(step, epoch)) if callable(rate) else rate


@pytest.mark.parametrize("callbacks", [None, EachStep()], ids=["runs", "steps"])
@pytest.mark.parametrize("name", RATES)
def test_fit_takes_the_steps_of_the_schedule(name: str, callbacks: Any) -> None:
    rate, model = RATES[name], model_with(RATES[name])
    first = model.fit(X, Y, epochs=3, batch_size=BATCH, shuffle=False, callbacks=callbacks)
    model.fit(X, Y, epochs=2, batch_size=BATCH, shuffle=False)  # goes on where the first ended
    rates = [rate_of(rate, step, step // STEPS) for step in range(5 * STEPS)]
    EXACT.assert_close(values(model), reference(rates))
    if callable(rate):
        assert first["learning_rate"] == rates[STEPS - 1 : 3 * STEPS : STEPS], "of each epoch's last step"
    else:
        assert "learning_rate" not in first


def test_a_velocity_keeps_the_rate_of_its_time_and_decay_goes_by_the_present_one() -> None:
    rates, gradients = s.ExponentialDecay(0.2, 0.5), [1.0, -3.0, 2.0]
    got = Driver(nn.SGD(rates, momentum=0.5), [0.0]).steps([[g] for g in gradients])
    v, w, expected = 0.0, 0.0, []
    for t, g in enumerate(gradients):
        v = 0.5 * v - 0.2 * math.exp(-0.5 * t) * g
        w += v
        expected.append([w])
    EXACT.assert_close(got, expected)
    shrunk = Driver(nn.AdamW(rates, weight_decay=0.25), [8.0]).steps([[0.0]] * 3)
    EXACT.assert_close(shrunk[-1], [8.0 * math.prod(1 - 0.05 * math.exp(-0.5 * t) for t in range(3))])


def test_train_on_batch_counts_steps_and_fit_counts_epochs() -> None:
    seen: list[tuple[int, int]] = []

    def rate(step: int, epoch: int) -> float:
        seen.append((step, epoch))
        return 0.01

    model = model_with(rate)
    for _ in range(3):
        model.train_on_batch(X, Y)
    assert seen == [(0, 0), (1, 0), (2, 0)]
    model.fit(X, Y, epochs=2, batch_size=25)
    model.train_on_batch(X, Y)
    assert sorted(set(seen)) == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (6, 1), (7, 2)]
    model.compile(nn.SGD(rate), "squared")
    seen.clear()
    model.train_on_batch(X, Y)
    assert seen == [(0, 0)], "compile begins anew"


def test_the_rate_may_be_set_to_a_number_a_schedule_or_a_function_later() -> None:
    model, rates = model_with(0.1), [0.1, 0.2 / 2**0, 0.05, 0.2 * math.exp(-0.3)]
    for rate in (0.1, s.Halving(0.2, every=2), lambda step, epoch: 0.1 / step, s.ExponentialDecay(0.2, 0.1)):
        model.optimizer.learning_rate = rate
        model.train_on_batch(X, Y)
    w, b = np.zeros(3), 0.0
    for rate in rates:
        error = 2 * (X @ w + b - Y) / ROWS
        w, b = w - rate * X.T @ error, b - rate * error.sum()
    EXACT.assert_close(values(model), [*w, b])


def test_a_callback_may_set_a_schedule_in_the_middle_of_an_epoch() -> None:
    class Changes(nn.Callback):
        def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
            if step == 2:
                self.model.optimizer.learning_rate = s.ExponentialDecay(0.1, 0.2)

    model = model_with(0.03)
    history = model.fit(X, Y, batch_size=BATCH, shuffle=False, callbacks=Changes())
    rates = [0.03] * 3 + [0.1 * math.exp(-0.2 * t) for t in range(3, STEPS)]
    EXACT.assert_close(values(model), reference(rates))
    EXACT.assert_close(history["learning_rate"], rates[-1:])


@pytest.mark.parametrize(
    ("value", "error", "word"),
    [(-0.1, nn.DataError, "-0.1"), (math.nan, nn.DataError, "nan"), (math.inf, nn.DataError, "inf"),
     (None, TypeError, "None"), ("fast", TypeError, "fast"), (True, TypeError, "True")],
)  # fmt: skip
@pytest.mark.parametrize("bad", [0, STEPS + 3], ids=["at once", "later"])
def test_a_rate_that_is_none_names_the_schedule_and_the_step(value: Any, error: Any, word: str, bad: int) -> None:
    class Odd(s.Schedule):
        def __call__(self, step: int, epoch: int = 0) -> Any:
            return value if step == bad else 0.01

    try:
        model = model_with(Odd())
        with pytest.raises(error) as raised:
            model.fit(X, Y, epochs=3, batch_size=BATCH, shuffle=False)
    finally:
        del s.Schedule._members["Odd"]
    assert all(text in str(raised.value) for text in ("learning_rate", "Odd()", f"step {bad}", word))
    assert model.history.epochs == bad // STEPS
    EXACT.assert_close(values(model), reference([0.01] * (bad // STEPS * STEPS)))


def test_what_a_function_raises_comes_out_of_fit_before_the_first_step() -> None:
    model = model_with(lambda step, epoch: [0.1][step + 1])
    before = snapshot(model)
    with pytest.raises(IndexError):
        model.fit(X, Y)
    assert snapshot(model) == before


# --- kept -----------------------------------------------------------------------------------------------------------


def from_file(model: Any, folder: Path) -> Any:
    model.save(folder / "m.safetensors")
    return nn.load(folder / "m.safetensors")


def copies(model: Any, folder: Path) -> list[Any]:
    return [from_file(model, folder), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]


@pytest.mark.parametrize("rate", [rate for rate in RATES.values() if isinstance(rate, s.Schedule)], ids=repr)
def test_a_model_keeps_its_schedule_and_the_place_in_it(rate: Any, tmp_path: Path) -> None:
    model = model_with(rate, momentum=0.5)
    model.fit(X, Y, epochs=2, batch_size=BATCH)
    model.train_on_batch(X, Y)
    twins = copies(model, tmp_path)
    for trained in (model, *twins):
        assert repr(trained.optimizer) == repr(model.optimizer)
        trained.fit(X, Y, epochs=2, batch_size=BATCH)
    assert all(snapshot(twin) == snapshot(model) for twin in twins)


def slow(step: int, epoch: int) -> float:
    return 0.1 / (1 + step)


def test_a_file_keeps_of_a_function_the_number_it_gave_last_and_a_copy_the_function(tmp_path: Path) -> None:
    for steps, number in ((0, 0.1), (3, 0.1 / 3)):
        model = model_with(slow)
        for _ in range(steps):
            model.train_on_batch(X, Y)
        loaded, pickled, copied = copies(model, tmp_path)
        assert loaded.optimizer.learning_rate == number
        assert pickled.optimizer.learning_rate is slow
        assert copied.optimizer.learning_rate is slow
    model.optimizer.learning_rate = lambda step, epoch: 0.25  # not asked yet
    assert from_file(model, tmp_path).optimizer.learning_rate == 0.25


class Stops(nn.Callback):
    """Ends the training without a word at a step of the fit."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.steps = at, 0

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise KeyboardInterrupt


RESUMED: dict[str, Any] = {
    **{name: rate for name, rate in RATES.items() if callable(rate)},
    "scaled by a callback": s.CosineDecay(0.1, duration=40),
}


def run(name: str, path: Path, at: int | None = None, *, resume: bool = False) -> Any:
    model = model_with(RESUMED[name], momentum=0.9)
    model.fit(X, Y, epochs=2, batch_size=BATCH)  # steps and epochs are those since compile, not of the fit
    callbacks = [Stops(at)] + [nn.ReduceOnPlateau("loss", patience=1, mode="max")] * ("callback" in name)
    options = {"checkpoint": path, "checkpoint_every": 3, "resume": resume}
    try:
        model.fit(X, Y, epochs=4, batch_size=BATCH, callbacks=callbacks, **options)
    except KeyboardInterrupt:
        assert at is not None
    return model


@pytest.mark.parametrize("at", [2, 4, STEPS, 2 * STEPS + 5, 4 * STEPS - 1])
@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_training_goes_on_in_the_middle_of_a_schedule_to_the_same_bits(
    name: str, at: int, tmp_path: Path
) -> None:
    path = tmp_path / "run.ckpt"
    whole = run(name, tmp_path / "whole.ckpt")
    interrupted = run(name, path, at)
    assert path.exists() == (at >= 3)
    resumed = run(name, path, resume=True)
    assert snapshot(interrupted) != snapshot(whole)
    assert snapshot(resumed) == snapshot(whole)
    assert repr(resumed.optimizer) == repr(whole.optimizer)


def test_a_function_goes_on_with_a_function_only(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    model_with(slow).fit(X, Y, checkpoint=path)
    model = model_with(0.1)
    before = snapshot(model)
    with pytest.raises(nn.DataError, match="learning_rate 'a function'"):
        model.fit(X, Y, epochs=2, checkpoint=path, resume=True)
    assert snapshot(model) == before


@pytest.mark.parametrize("rate", [rate for rate in RATES.values() if callable(rate)], ids=list(RATES)[:4])
def test_a_second_run_from_the_start_begins_the_schedule_anew(rate: Any) -> None:
    stopping = nn.EarlyStopping(patience=2, second_run="restart")
    model, alone = model_with(rate), model_with(rate)
    for trained in (model, alone):
        trained.fit(X, Y, epochs=1)
    model.fit(X[:40], Y[:40], epochs=6, batch_size=BATCH, validation_data=(X[40:], Y[40:]), callbacks=stopping)
    second = model.history.epochs - 1 - sum(1 for run in model.history["run"] if run == 1)
    assert second == stopping.best_epoch + 1
    expected = [rate_of(rate, t + 2, 1 + t // STEPS) for t in range(second * STEPS)]
    EXACT.assert_close(model.history["learning_rate"][-second:], expected[STEPS - 1 :: STEPS])
