"""Threads: their number, many callers at once, and children by fork."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import nncpp as nn

DEFAULT = "import nncpp as nn; print(nn.get_num_threads())"


def test_the_number_is_what_was_set() -> None:
    for count in (1, 3, 8):
        nn.set_num_threads(count)
        assert nn.get_num_threads() == count


def test_a_context_puts_the_old_number_back_also_after_an_error() -> None:
    nn.set_num_threads(5)
    with nn.threads(2):
        with nn.threads(np.int64(3)):
            assert nn.get_num_threads() == 3
        assert nn.get_num_threads() == 2
    with pytest.raises(RuntimeError), nn.threads(7):
        raise RuntimeError
    assert nn.get_num_threads() == 5


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_thread_is_refused(count: int) -> None:
    before = nn.get_num_threads()
    with pytest.raises(nn.DataError, match="count"):
        nn.set_num_threads(count)
    with pytest.raises(nn.DataError, match="count"), nn.threads(count):
        pytest.fail("entered")
    assert nn.get_num_threads() == before


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "NNCPP_NUM_THREADS"])
def test_the_environment_lowers_the_default(variable: str, interpreter: Callable[..., str]) -> None:
    assert interpreter(DEFAULT, **{variable: "1"}).strip() == "1"
    most = int(interpreter(DEFAULT, OMP_NUM_THREADS="", NNCPP_NUM_THREADS=""))
    assert int(interpreter(DEFAULT, **{variable: "1000"})) <= most
    assert int(interpreter(DEFAULT, **{variable: "nonsense"})) <= most


def test_the_affinity_lowers_the_default(interpreter: Callable[..., str]) -> None:
    script = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    assert interpreter(script + DEFAULT).strip() == "1"


def test_the_configuration_tells_the_number(capsys: pytest.CaptureFixture[str]) -> None:
    with nn.threads(6):
        text = nn.show_config()
    assert "6 (default" in text
    assert capsys.readouterr().out == f"{text}\n"
    for word in ("nncpp", "instruction set", "eigen", "5.0.1", "numpy", "python"):
        assert word in text


def test_many_threads_may_predict_at_once(rng: np.random.Generator) -> None:
    model = nn.Sequential([nn.Input(100), nn.Dense(200, "relu"), nn.Dropout(0.5), nn.Dense(10, "softmax")])
    batches = [rng.normal(size=(n, 100)) for n in (1, 7, 64, 300, 600) * 8]
    expected = [model.predict(x).tobytes() for x in batches]
    start = threading.Barrier(8)

    def work(worker: int) -> bool:
        start.wait()
        return all(model.predict(x).tobytes() == bits for x, bits in zip(batches, expected, strict=True))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_models_may_train_in_threads_of_their_own(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(600, 100)), rng.integers(3, size=600)

    def train(seed: int) -> bytes:
        model = nn.Sequential([nn.Input(100), nn.Dense(150, "relu"), nn.Dense(3, "softmax")], seed=seed)
        model.compile("adam", "nllm")
        model.fit(x, y, epochs=3, batch_size=200)
        return bytes(model.flat_parameters.tobytes())

    expected = [train(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(train, range(4))) == expected


def test_one_model_is_not_trained_by_two_threads_at_once(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(4000, 200)), rng.integers(3, size=4000)
    model = nn.Sequential([nn.Input(200), nn.Dense(300, "relu"), nn.Dense(3, "softmax")])
    model.compile("adam", "nllm")
    inside, done, refused = threading.Event(), threading.Event(), []

    class Signal(nn.Callback):
        def on_epoch_begin(self, epoch: int) -> None:
            inside.set()

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.model.stop_training = bool(refused)

    def intrude() -> None:
        inside.wait(30)
        while not done.is_set() and not refused:
            try:
                model.train_on_batch(x[:8], y[:8])
            except nn.NncppError as error:
                refused.append(str(error))

    intruder = threading.Thread(target=intrude)
    intruder.start()
    try:
        model.fit(x, y, epochs=500, callbacks=[Signal()])
    except nn.NncppError as error:  # the intruder may be the first inside
        refused.append(str(error))
    finally:
        done.set()
        intruder.join()
    assert refused
    assert "another thread" in refused[0]


FORK = """
import os, sys, time, numpy as np, nncpp as nn
from snapshots import digest
def train(model):
    model.fit(x, y, epochs=2, batch_size=256)
    return digest(model), model.predict(x).tobytes()
def new():
    model = nn.Sequential([nn.Input(300), nn.Dense(400, "relu"), nn.Dense(10, "softmax")])
    model.compile("adam", "nllm")
    return model
nn.set_num_threads(2)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(1000, 300)), rng.integers(10, size=1000)
model = new()
expected = train(model)
again = train(model)
twin = new()
train(twin)
child = os.fork()
if child == 0:
    code = 0 if train(new()) == expected and train(twin) == again else 1
    os._exit(code)
for _ in range(600):
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        break
    time.sleep(0.1)
else:
    os.kill(child, 9)
    sys.exit("the child hangs")
assert train(new()) == expected, "the parent trains on"
print(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_child_trains_and_predicts_the_same_bits(interpreter: Callable[..., str]) -> None:
    assert interpreter(FORK, options=("-W", "ignore")).strip() == "0"


def test_python_runs_while_the_core_works(rng: np.random.Generator) -> None:
    """The GIL is free in a run of steps: another thread counts on meanwhile."""
    x, y = rng.normal(size=(4000, 300)), rng.integers(10, size=4000)
    model = nn.Sequential([nn.Input(300), nn.Dense(500, "relu"), nn.Dense(10, "softmax")])
    model.compile("adam", "nllm")
    counts, stop = [0], threading.Event()

    def count() -> None:
        while not stop.wait(0.001):
            counts[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    model.fit(x, y, epochs=1, batch_size=4000)
    before = counts[0]
    model.fit(x, y, epochs=4, batch_size=4000)
    during: Any = counts[0] - before
    stop.set()
    counter.join()
    assert during >= 5
