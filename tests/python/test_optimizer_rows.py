"""Steps on the rows that a batch picks: exact ones against a model that steps on all rows, lazy ones against NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import serialization
from snapshots import snapshot

OPTIMIZERS = {
    "sgd": nn.SGD,
    "momentum": lambda rate, **options: nn.SGD(rate, 0.9, **options),
    "nesterov": lambda rate, **options: nn.SGD(rate, 0.9, nesterov=True, **options),
    "adagrad": nn.AdaGrad,
    "rmsprop": nn.RMSProp,
    "adadelta": nn.Adadelta,
    "adam": nn.Adam,
    "adamw": lambda rate, **options: nn.AdamW(rate, weight_decay=0.1, **options),
}
REMEMBER = [name for name in OPTIMIZERS if name not in ("sgd", "adagrad")]
VOCABULARY, LENGTH = 60, 4
RATE = nn.schedules.ExponentialDecay(0.02, 0.01)
NOTHING = nn.L2(1e-300)  # a penalty that rounds to 0, for which all rows take part in each step


def model_with(optimizer: Any, regularizer: Any = None, dtype: str = "float64") -> Any:
    embedding = nn.Embedding(VOCABULARY, 3, weight_regularizer=regularizer, name="e")
    layers = [nn.Input(LENGTH, dtype="int64"), embedding, nn.Flatten(), nn.Dense(1, "tanh")]
    model = nn.Sequential(layers, seed=5, dtype=dtype)
    model.compile(optimizer, "squared")
    return model


def batches(steps: int, rows: int = 2) -> list[tuple[Any, Any]]:
    """Few tokens are frequent, most are rare, and those from 50 on are never there."""
    rng = np.random.default_rng(3)
    shape = (steps, rows, LENGTH)
    return list(zip((50 * rng.random(shape) ** 3).astype(np.int64), rng.normal(size=(steps, rows, 1)), strict=True))


def trained(optimizer: Any, steps: int, **options: Any) -> Any:
    model = model_with(optimizer, **options)
    for x, y in batches(steps):
        model.train_on_batch(x, y)
    return model


def difference(a: Any, b: Any) -> float:
    """Largest of all parameters, relative to the largest one of each."""
    pairs = zip(a.parameters.values(), b.parameters.values(), strict=True)
    return max(float(np.max(np.abs(x - y)) / np.max(np.abs(y))) for x, y in pairs)


@pytest.mark.parametrize("clipping", [{}, {"clip_norm": 0.05, "clip_value": 0.02}, {"rate_factors": {"e": 0.5}}])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_exact_steps_are_those_of_all_rows(name: str, clipping: dict[str, Any]) -> None:
    rows = trained(OPTIMIZERS[name](RATE, **clipping), 120)
    whole = trained(OPTIMIZERS[name](RATE, **clipping), 120, regularizer=NOTHING)
    assert rows._trainer.last_steps.keys() == ({"e/weight"} if name in REMEMBER else set())
    assert not whole._trainer.last_steps
    assert difference(rows, whole) <= 1e-12


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_lazy_is_another_method_where_there_are_moments(name: str) -> None:
    exact, lazy = trained(OPTIMIZERS[name](RATE), 60), trained(OPTIMIZERS[name](RATE, update="lazy"), 60)
    assert not lazy._trainer.last_steps
    assert (snapshot(exact) == snapshot(lazy)) == (name not in REMEMBER)
    never = exact.parameters["e/weight"][50:]
    assert (difference(exact, lazy) > 1e-6) == (name in REMEMBER)
    assert np.array_equal(never, lazy.parameters["e/weight"][50:]) == (name != "adamw")


def test_lazy_adam_is_the_loop_over_the_rows_that_are_picked() -> None:
    model = model_with(nn.Adam(0.01, update="lazy"))
    weight = model.parameters["e/weight"].copy()
    m, v = np.zeros_like(weight), np.zeros_like(weight)
    for t, (x, y) in enumerate(batches(80), 1):
        _, gradients = model.loss_and_gradients(x, y, training=True)
        model.train_on_batch(x, y)
        for row in np.unique(x):
            g = gradients["e/weight"][row]
            m[row], v[row] = 0.9 * m[row] + 0.1 * g, 0.999 * v[row] + 0.001 * g**2
            weight[row] -= 0.01 * m[row] / (1 - 0.9**t) / (np.sqrt(v[row] / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(model.parameters["e/weight"], weight, rtol=0, atol=1e-12)


def test_rows_that_are_looked_at_are_up_to_date() -> None:
    rows, whole = model_with(nn.Adam(RATE)), model_with(nn.Adam(RATE), NOTHING)
    for x, y in batches(40):
        for model in (rows, whole):
            model.train_on_batch(x, y)
        assert difference(rows, whole) <= 1e-12
    all_tokens = np.arange(VOCABULARY).reshape(-1, LENGTH)
    np.testing.assert_allclose(rows.predict(all_tokens), whole.predict(all_tokens), rtol=1e-12)


class Break(nn.Callback):
    """Ends the first epoch without its checkpoint."""

    def __init__(self, is_on: bool = True) -> None:
        self.is_on = is_on

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self.is_on:
            raise KeyboardInterrupt


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_checkpoint_goes_on_to_the_same_bits(name: str, dtype: str, tmp_path: Path) -> None:
    x, y = (np.concatenate(parts) for parts in zip(*batches(30), strict=True))
    path = tmp_path / "c"
    options = {"batch_size": 2, "verbose": 0}

    reference = model_with(OPTIMIZERS[name](0.01), dtype=dtype)
    reference.fit(x, y, epochs=2, **options)
    broken, resumed = (model_with(OPTIMIZERS[name](0.01), dtype=dtype) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        broken.fit(x, y, epochs=2, checkpoint=path, checkpoint_every=17, callbacks=[Break()], **options)
    kept = serialization.decode(path.read_bytes(), "c", "model")[1]
    assert ("rows/last/e/weight" in kept) == (name in REMEMBER)
    resumed.fit(x, y, epochs=2, checkpoint=path, resume=True, callbacks=[Break(is_on=False)], **options)
    assert snapshot(resumed) == snapshot(reference)


def waiting() -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and tensors of a checkpoint with rows that are behind."""
    model = trained(nn.Adam(RATE), 20)
    return {**serialization._header(model), "metadata": {}, "progress": {}}, {
        **serialization.tensors_of(model),
        "rows/first": np.array([18, 20]),
        "rows/rates": np.array([0.1, 0.2]),
        "rows/last/e/weight": np.full(VOCABULARY, 17),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows/first", np.array([18, 21])),
        ("rows/first", np.array([19, 20])),
        ("rows/first", np.array([20, 18])),
        ("rows/first", np.array([18.0, 20.0])),
        ("rows/first", np.array([], np.int64)),
        ("rows/rates", np.array([0.1])),
        ("rows/rates", np.array([0.1, -0.1])),
        ("rows/rates", np.array([0.1, np.nan])),
        ("rows/last/e/weight", np.full(VOCABULARY - 1, 17)),
        ("rows/last/e/weight", np.full(VOCABULARY, 16)),
        ("rows/last/e/weight", np.full(VOCABULARY, 21)),
        ("rows/last/dense/weight", np.full(VOCABULARY, 17)),
    ],
)
def test_rows_that_a_file_cannot_have_left_behind_are_damage(name: str, value: Any, tmp_path: Path) -> None:
    header, tensors = waiting()
    path = tmp_path / "c"
    path.write_bytes(serialization.encode(header, tensors))
    checkpoint = serialization.read_checkpoint(trained(nn.Adam(RATE), 0), path)
    model = model_with(nn.Adam(RATE))
    checkpoint.restore(model)
    assert model._trainer.last_steps["e/weight"].tolist() == [17] * VOCABULARY
    assert [part.tolist() for part in model._trainer.rates] == [[18, 20], [0.1, 0.2]]
    path.write_bytes(serialization.encode(header, {**tensors, name: value}))
    with pytest.raises(nn.FileError, match="damaged"):
        serialization.read_checkpoint(model_with(nn.Adam(RATE)), path)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_update_is_part_of_the_configuration(name: str) -> None:
    lazy = OPTIMIZERS[name](0.1, update="lazy")
    assert nn.optimizers.Optimizer.of(lazy.config(), "optimizer").update == "lazy"
    config = OPTIMIZERS[name](0.1).config()
    assert config.pop("update") == "exact"
    assert nn.optimizers.Optimizer.of(config, "optimizer").update == "exact"  # files of before there was one


def test_a_checkpoint_of_before_there_were_updates_by_row_is_read(tmp_path: Path) -> None:
    model, path = trained(nn.Adam(0.1), 3), tmp_path / "c"
    header = {**serialization._header(model), "metadata": {}, "progress": {}}
    del header["compilation"]["optimizer"]["update"]
    path.write_bytes(serialization.encode(header, serialization.tensors_of(model)))
    fresh = model_with(nn.Adam(0.1))
    serialization.read_checkpoint(fresh, path).restore(fresh)
    assert snapshot(fresh) == snapshot(model)
    lazy = model_with(nn.Adam(0.1, update="lazy"))
    with pytest.raises(nn.FileError, match=r"optimizer\.update"):
        serialization.read_checkpoint(lazy, path)
