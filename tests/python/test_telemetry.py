"""Telemetry: each number against NumPy, no bit of the training changed, exact after a kill and in files."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.telemetry import QUANTITIES
from snapshots import snapshot
from test_checkpoint import BATCH, EPOCHS, KillAt, fit, new_model

ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "softplus": lambda z: np.logaddexp(z, 0),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
    "identity": lambda z: z,
}
LIMITS = {"sigmoid": (0.025, 0.975), "tanh": (-0.95, 0.95), "softsign": (-0.95, 0.95), "hard_tanh": (-1, 1)}
CAN_DIE = ("relu", "softplus")


class Keep(nn.Callback):
    """Parameters before and after each step."""

    def on_train_begin(self) -> None:
        self.parameters = [self.copies()]

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        self.parameters.append(self.copies())

    def copies(self) -> dict[str, Any]:
        return {name: values.astype(np.float64) for name, values in self.model.parameters.items()}


def norm(arrays: list[Any]) -> float:
    return math.sqrt(sum((a**2).sum() for a in arrays))


def expected_output(activation: str, v: Any) -> dict[str, float]:
    """mean, deviation, dead and saturated by their definitions."""
    low, high = LIMITS.get(activation, (0, 0))
    is_dead = np.all(v == 0, axis=tuple(range(v.ndim - 1)))
    return {
        "mean": v.mean(),
        "deviation": v.std(),
        "dead": is_dead.mean() if activation in CAN_DIE else math.nan,
        "saturated": ((v <= low) | (v >= high)).mean() if activation in LIMITS else math.nan,
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_number_is_what_numpy_computes_from_the_parameters(dtype: str, rng: np.random.Generator) -> None:
    hidden = ["relu", "tanh", "hard_tanh", "softsign", "sigmoid", "softplus"]
    layers = [nn.Dense(9, activation, weight_initializer=nn.initializers.Normal(0.0, 1.2)) for activation in hidden]
    model = nn.Sequential([nn.Input(5), *layers, nn.Dense(3, "softmax")], dtype=dtype)
    model.compile(nn.Adam(0.02), "nllm")
    x, y, keep = rng.normal(size=(40, 5)).astype(dtype), np.arange(40) % 3, Keep()
    gradients = []

    class Gradients(nn.Callback):
        def on_epoch_begin(self, epoch: int) -> None:
            gradients.append(self.model.loss_and_gradients(x, y, training=True)[1])

    telemetry = model.fit(
        x, y, epochs=6, batch_size=40, shuffle=False, callbacks=[keep, Gradients()], telemetry=2
    ).telemetry
    names, activations = list(telemetry), [*hidden, "softmax"]
    assert telemetry.steps == [2, 4, 6]
    assert names == list(dict.fromkeys(name.split("/")[0] for name in model.parameters))
    tolerance = {"rel": 1e-9 if dtype == "float64" else 2e-5, "abs": 0, "nan_ok": True}
    for record, step in enumerate(telemetry.steps):
        before, after, v = keep.parameters[step - 1], keep.parameters[step], x.astype(np.float64)
        for name, activation in zip(names, activations, strict=True):
            theta = [before[f"{name}/weight"], before[f"{name}/bias"]]
            moved = [after[f"{name}/weight"] - theta[0], after[f"{name}/bias"] - theta[1]]
            gradient = [gradients[step - 1][f"{name}/{kind}"].astype(np.float64) for kind in ("weight", "bias")]
            v = ACTIVATIONS[activation](v @ theta[0] + theta[1])
            expected = {
                "update_ratio": norm(moved) / norm(theta),
                "parameter_norm": norm(theta),
                "gradient_norm": norm(gradient),
                **expected_output(activation, v),
            }
            seen = {key: telemetry[name][key][record] for key in QUANTITIES}
            assert seen == pytest.approx(expected, **tolerance), (name, step)
        assert 0 < telemetry["dense_2"]["saturated"][record] < 1


def test_units_that_died_and_units_that_are_saturated_are_counted(rng: np.random.Generator) -> None:
    model = nn.Sequential([nn.Input(3), nn.Dense(8, "relu"), nn.Dense(5, "tanh"), nn.Dense(4, "sigmoid"), nn.Dense(1)])
    model.compile(nn.SGD(0.0), "squared")
    model.parameters["dense/bias"][:6] = -100.0  # no input brings them back
    model.parameters["dense/bias"][6:] = 100.0
    model.parameters["dense_1/weight"][...] = 0.0
    model.parameters["dense_1/bias"][...] = [5.0, -5.0, 1.8, 0.0, -1.9]  # tanh 1.8 = 0.9468, tanh -1.9 = -0.9562
    model.parameters["dense_2/weight"][...] = 0.0
    model.parameters["dense_2/bias"][...] = [4.0, -4.0, 3.0, -3.6]  # 0.982, 0.018, 0.953, 0.0266
    seen = model.fit(rng.normal(size=(32, 3)), np.zeros(32), telemetry=1).telemetry
    assert seen["dense"]["dead"] == [0.75]
    assert seen["dense_1"]["saturated"] == [0.6]
    assert seen["dense_2"]["saturated"] == [0.5]
    assert seen["dense"]["update_ratio"] == [0.0]
    for layer, key in (("dense", "saturated"), ("dense_1", "dead"), ("dense_2", "dead"), ("dense_3", "dead")):
        assert np.isnan(seen[layer][key]).all()


def test_where_the_loss_takes_the_activation_over_the_output_is_measured_behind_it() -> None:
    model = nn.Sequential([nn.Input(1), nn.Dense(1, "sigmoid", weight_initializer="zeros")], dtype="float64")
    model.compile(nn.SGD(0.0), "nll")
    model.parameters["dense/bias"][...] = 6.0
    seen = model.fit([[0.0], [1.0]], [0.0, 1.0], telemetry=1).telemetry["dense"]
    assert seen["mean"] == pytest.approx([1 / (1 + math.exp(-6))], rel=1e-15)
    assert (seen["deviation"], seen["saturated"]) == ([0.0], [1.0])


def test_layers_without_parameters_have_outputs_only_and_clipping_comes_later() -> None:
    layers = [nn.Dense(4, weight_initializer="ones"), nn.BatchNorm(), nn.Activation("relu"), nn.Dropout(0.5)]
    model = nn.Sequential([nn.Input(2), *layers, nn.Dense(1)])
    model.compile(nn.SGD(0.1, clip_norm=1e-6), "squared")
    seen = model.fit(np.arange(8).reshape(4, 2), 1e3 * np.ones(4), telemetry=1).telemetry
    assert seen.layers == ["dense", "batch_norm", "activation", "dropout", "dense_1"]
    for name in ("activation", "dropout"):
        assert np.isnan([seen[name][key] for key in ("update_ratio", "parameter_norm", "gradient_norm")]).all()
        assert np.isfinite(seen[name]["mean"]).all()
    assert seen["batch_norm"]["mean"] == pytest.approx([0.0], abs=1e-6)
    assert seen["batch_norm"]["deviation"] == pytest.approx([1.0], rel=1e-3)
    assert seen["activation"]["dead"] == [0.0]
    assert seen["dense_1"]["gradient_norm"][0] > 1.0, "before clipping"
    assert seen["dense_1"]["update_ratio"][0] < 1e-6, "after clipping"


def test_parameters_that_were_zero_have_an_infinite_ratio() -> None:
    model = nn.Sequential([nn.Input(1), nn.Dense(1, weight_initializer="zeros")])
    model.compile(nn.SGD(0.1), "squared")
    assert model.fit([[1.0]], [1.0], telemetry=1).telemetry["dense"]["update_ratio"] == [math.inf]


def test_a_layer_in_two_places_is_one_entry_over_both() -> None:
    a, b, shared = nn.Input(1), nn.Input(1), nn.Dense(1, use_bias=False, weight_initializer="ones", name="shared")
    model = nn.Model([a, b], [shared(a), shared(b)], dtype="float64")
    model.compile(nn.SGD(0.0), "squared")
    seen = model.fit(
        [np.array([[1.0], [2.0]]), np.array([[3.0], [6.0]])], [np.zeros(2), np.zeros(2)], telemetry=1
    ).telemetry
    assert seen.layers == ["shared"]
    assert seen["shared"]["mean"] == [3.0]
    assert seen["shared"]["deviation"] == pytest.approx([np.std([1, 2, 3, 6])])
    assert seen["shared"]["gradient_norm"] == [2 * (1 + 4 + 9 + 36) / 2]


@pytest.mark.parametrize("every", [1, 2, 7, 50, 10**6])
def test_no_bit_of_the_training_changes(every: int, uninterrupted: Any) -> None:
    model = new_model()
    history = fit(model, telemetry=every)
    plain, rows, _ = uninterrupted
    assert history.rows == rows
    assert {**snapshot(model), "history": ""} == {**plain, "history": ""}
    total = EPOCHS * -(-1000 // BATCH)
    assert history.telemetry.steps == list(range(every, total + 1, every))


def test_records_are_those_of_the_steps_however_epochs_are_cut(uninterrupted: Any) -> None:
    model = new_model()
    x, y = nn.datasets.digits()
    callbacks = [nn.EarlyStopping(patience=50), nn.Callback()]  # no callback each step: long runs
    history = model.fit(
        x[:1000], y[:1000], epochs=EPOCHS, batch_size=BATCH, callbacks=callbacks,
        validation_data=(x[1000:1300], y[1000:1300]), telemetry=7,
    )  # fmt: skip
    assert equal(history.telemetry, uninterrupted[2])


@pytest.mark.parametrize("threads", [2, 3])
def test_records_do_not_depend_on_the_number_of_threads(threads: int, rng: np.random.Generator) -> None:
    def train(count: int) -> Any:
        with nn.threads(count):
            model = nn.Sequential([nn.Input(300), nn.Dense(300, "tanh"), nn.Dense(300, "relu"), nn.Dense(3, "softmax")])
            model.compile("adam", "nllm")
            return model.fit(x, np.arange(512) % 3, batch_size=256, telemetry=1).telemetry

    x = rng.normal(size=(512, 300))
    assert equal(train(threads), train(1))


@pytest.fixture(scope="module")
def uninterrupted() -> Any:
    plain = new_model()
    rows = fit(plain).rows
    recorded = fit(new_model(), telemetry=7)
    return snapshot(plain), rows, recorded.telemetry


def equal(a: nn.Telemetry, b: nn.Telemetry) -> bool:
    same = a.records.tobytes() == b.records.tobytes()
    return (a.layers, a.steps) == (b.layers, b.steps) and len(a.steps) > 0 and same


class InterruptAt(KillAt):
    """Ends the training like Ctrl-C."""

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        if (self.epoch, step) == self.place:
            raise KeyboardInterrupt


InterruptAt.__name__ = "KillAt"  # what a checkpoint knows callbacks by


@pytest.mark.parametrize("place", [(0, 3), (2, 29), (EPOCHS - 1, 60)], ids=str)
@pytest.mark.parametrize("every", [5, None], ids=["every 5 steps", "every epoch"])
def test_a_resumed_fit_has_the_telemetry_of_one_that_was_not_interrupted(
    place: tuple[int, int], every: int | None, tmp_path: Path, uninterrupted: Any
) -> None:
    options = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": every, "resume": True, "telemetry": 7}
    with pytest.raises(KeyboardInterrupt):
        fit(new_model(), InterruptAt(*place), **options)
    model = new_model()
    history = fit(model, **options)
    assert equal(history.telemetry, uninterrupted[2])
    assert equal(model.history.telemetry, uninterrupted[2])


def test_a_fit_has_its_own_records_and_the_model_all_of_them(tmp_path: Path) -> None:
    model, path = new_model(), tmp_path / "m.safetensors"
    fit(model, epochs=1)
    assert model.history.telemetry.steps == []
    fit(model, epochs=1, telemetry=30)
    second = fit(model, epochs=1, telemetry=20)
    assert second.telemetry.steps == [140, 160, 180]
    assert model.history.telemetry.steps == [90, 120, 140, 160, 180]
    model.save(path)
    for other in (nn.load(path), copy.deepcopy(model)):
        assert equal(other.history.telemetry, model.history.telemetry)
        assert other.history.rows == model.history.rows
    assert fit(model, epochs=1).telemetry.layers == model.history.telemetry.layers


def test_records_of_an_interrupted_fit_are_kept() -> None:
    model = new_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, InterruptAt(0, 9), telemetry=4)
    assert model.history.telemetry.steps == [4, 8]


def test_telemetry_is_a_mapping_from_layers_to_lists() -> None:
    values = np.arange(28.0).reshape(2, 2, 7)
    telemetry = nn.Telemetry(["a", "b"], [10, 20], values)
    assert list(telemetry) == telemetry.layers == ["a", "b"]
    assert (len(telemetry), telemetry.steps) == (2, [10, 20])
    assert telemetry["b"]["update_ratio"] == [7.0, 21.0]
    assert telemetry["a"]["saturated"] == [6.0, 20.0]
    assert tuple(telemetry["a"]) == QUANTITIES
    assert "2 steps" in repr(telemetry)
    assert len(nn.Telemetry()) == 0
    assert nn.Telemetry(["a"])["a"]["mean"] == []
    assert telemetry.since(1).steps == [20]
    assert telemetry.since(2)["a"]["dead"] == []
    with pytest.raises(KeyError, match="c; this telemetry has a, b"):
        telemetry["c"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda header, tensors: header.pop("telemetry"),
        lambda header, tensors: header.update(telemetry=["dense"]),
        lambda header, tensors: header.update(telemetry=3),
        lambda header, tensors: tensors.update({"telemetry/steps": np.arange(1)}),
        lambda header, tensors: tensors.pop("telemetry/values"),
        lambda header, tensors: tensors.update({"telemetry/more": np.arange(1)}),
    ],
    ids=["no layers", "a layer missing", "a number for layers", "too few steps", "no values", "one more"],
)
def test_a_file_of_impossible_telemetry_is_refused(damage: Any, tmp_path: Path) -> None:
    from nncpp import serialization

    path, model = tmp_path / "m.safetensors", new_model()
    fit(model, epochs=1, telemetry=20)
    model.save(path)
    header, tensors = serialization.decode(path.read_bytes(), str(path), "model")
    damage(header, tensors)
    path.write_bytes(serialization.encode(header, tensors))
    with pytest.raises(nn.FileError, match=r"m\.safetensors: damaged"):
        nn.load(path)
