"""Model files: what comes back, what other tools see, and what is refused."""

import copy
import json
import os
import pickle
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot

X = np.random.default_rng(0).normal(size=(40, 5))
Y = np.random.default_rng(1).integers(3, size=40)


def classifier(dtype: str = "float32") -> Any:
    model = nn.Sequential(
        [
            nn.Input(5, name="measured"),
            nn.Standardize(),
            nn.Dense(6, "relu", weight_initializer=nn.initializers.Orthogonal(1.4), weight_regularizer=nn.L2(1e-3)),
            nn.Dropout(0.25),
            nn.Dense(3, "softmax", name="kind", bias_regularizer=nn.ElasticNet(1e-4, 1e-3)),
        ],
        name="irises",
        seed=2**63 + 1,
        dtype=dtype,
    )
    model.compile(nn.Adam(1e-2, 0.8, 0.9, 1e-6, bias_correction=False), "nllm", metrics=["accuracy"])
    return model


def ranker(dtype: str = "float64") -> Any:
    a, b = nn.Input((2, 3), name="a"), nn.Input((2, 3), name="b")
    shared = nn.Dense(4, "tanh")
    model = nn.Model([a, b], [shared(a), shared(b), nn.Dense(2, use_bias=False, name="plain")(b)], dtype=dtype)
    model.compile(nn.SGD(0.01, 0.9, nesterov=True), "squared", loss_weights=[1.0, 0.5, 2.0])
    return model


def fit_ranker(model: Any) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 20, 2, 3)), [rng.normal(size=(20, 2, k)) for k in (4, 4, 2)]
    model.fit(list(x), y, epochs=2)


def fit_classifier(model: Any) -> None:
    model.fit(X, Y, epochs=3, validation_split=0.2)


def predicted(model: Any) -> list[bytes]:
    shapes = zip(model._network.input_names, model._network.input_shapes, strict=True)
    outputs = model.predict({name: np.ones((2, *shape)) for name, shape in shapes})
    return [output.tobytes() for output in (outputs if isinstance(outputs, list) else [outputs])]


def half(y_true: Any, y_pred: Any) -> float:
    return 0.5


COPIES = [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
CASES = [(classifier, fit_classifier), (ranker, fit_ranker)]


@pytest.mark.parametrize(("make", "fit"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loaded_model_trains_on_as_if_never_saved(make: Any, fit: Any, dtype: str, tmp_path: Path) -> None:
    model, path = make(dtype), tmp_path / "model.safetensors"
    fit(model)
    model.save(path)
    again = nn.load(path)
    assert type(again) is type(model)
    assert again.config() == model.config()
    assert repr(again.optimizer) == repr(model.optimizer)
    assert snapshot(again) == snapshot(model)
    for trained in (model, again):
        fit(trained)
    assert snapshot(again) == snapshot(model)


@pytest.mark.parametrize(("make", "fit"), CASES)
@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_copy_predicts_the_same_bits_and_trains_on_equally(make: Any, fit: Any, copied: Any) -> None:
    model = make()
    fit(model)
    model.metadata["columns"] = ["a", "b"]
    model.optimizer.learning_rate = 3e-3
    before, again = snapshot(model), copied(model)
    assert type(again) is type(model)
    assert again.metadata == model.metadata
    assert repr(again.optimizer) == repr(model.optimizer)
    fit(again)
    assert snapshot(model) == before, "the copy has memory of its own"
    fit(model)
    assert snapshot(again) == snapshot(model)
    assert predicted(again) == predicted(model)


def test_a_copy_keeps_metrics_that_are_functions() -> None:
    model = classifier()
    model.compile("adam", "nllm", metrics=[half, "accuracy"])
    for copied in COPIES:
        again = copied(model)
        assert list(again.evaluate(X, Y).items()) == list(model.evaluate(X, Y).items())
        again.fit(X, Y)
        assert "half" in again.evaluate(X, Y)


@pytest.mark.parametrize("make", [classifier, lambda: nn.Sequential([nn.Dense(3, "softmax")])], ids=["built", "not"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_shares_nothing_that_training_changes(make: Any, copied: Any) -> None:
    model = make()
    model.compile(nn.SGD(0.1), "nllm", metrics=half)
    again = copied(model)
    again.optimizer.learning_rate = 0.5
    again.metadata["columns"] = ["a"]
    again.fit(X, Y)
    assert model.optimizer.learning_rate == 0.1
    assert (model.metadata, model.history.epochs) == ({}, 0)
    model.fit(X, Y)
    assert not np.shares_memory(model.flat_parameters, again.flat_parameters)
    assert model.optimizer is not again.optimizer


def test_a_model_without_a_shape_is_copied_too() -> None:
    model = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(3, "softmax")], seed=5)
    model.compile("adam", "nllm")
    again = copy.deepcopy(model)
    for trained in (model, again):
        trained.fit(X, Y)
    assert snapshot(again) == snapshot(model)


def test_a_model_is_saved_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    model = classifier()
    fit_classifier(model)
    files = [tmp_path / f"{i}.safetensors" for i in range(8)]
    for file in files:
        model.save(file)
        model = nn.load(file)
    assert len({file.read_bytes() for file in files}) == 1


def test_a_model_that_is_not_compiled_is_kept_too(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input(3), nn.Dense(2)])
    model.save(str(tmp_path / "plain.safetensors"))
    again = nn.load(str(tmp_path / "plain.safetensors"))
    assert snapshot(again) == snapshot(model)
    with pytest.raises(nn.NncppError, match="not compiled"):
        again.fit(np.ones((2, 3)), np.ones((2, 2)))


def test_metadata_come_back(tmp_path: Path) -> None:
    model, path = classifier(), tmp_path / "model.safetensors"
    model.save(path, metadata={"classes": ["a", "ü", "\n"], "scale": 0.1, "none": None})
    again = nn.load(path)
    assert again.metadata == {"classes": ["a", "ü", "\n"], "scale": 0.1, "none": None}
    again.save(path)
    assert nn.load(path).metadata == again.metadata


def test_metrics_that_are_functions_are_left_out(tmp_path: Path) -> None:
    model = classifier()
    model.compile("adam", "nllm", metrics=["accuracy", lambda y, p: 0.0])
    model.save(tmp_path / "m")
    assert set(nn.load(tmp_path / "m").evaluate(X, Y)) == {"loss", "data_loss", "penalty", "accuracy"}


def test_other_tools_read_the_tensors(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    model = classifier()
    fit_classifier(model)
    model.save(tmp_path / "model.safetensors")
    tensors = load_file(tmp_path / "model.safetensors")
    for name, values in model.parameters.items():
        assert (tensors[f"parameters/{name}"] == values).all()
    assert (tensors["state/standardize/mean"] == model.state["standardize/mean"]).all()
    assert {"optimizer/m/kind/weight", "optimizer/v/kind/weight"} < set(tensors)


def test_saving_replaces_a_file_and_keeps_its_link_and_mode(tmp_path: Path) -> None:
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    classifier().save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert nn.load(target).name == "irises"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link", "real"]


def test_what_json_cannot_hold_is_refused_and_the_old_file_kept(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match="metadata"):
        classifier().save(path, metadata={"array": np.ones(3)})
    assert path.read_bytes() == b"old"


def rewritten(content: bytes, change: Any) -> bytes:
    """The file with another description of the model in its header, as if it had been saved so."""
    from safetensors.numpy import load

    from nncpp import serialization

    length = int.from_bytes(content[:8], "little")
    about = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["nncpp"].partition(" ")[2])
    change(about)
    return serialization.encode(about, load(content))


CHANGES = {
    "a newer format": (lambda about: about.update(format=99), "update"),
    "no format": (lambda about: about.pop("format"), "damaged"),
    "an unknown layer": (lambda about: about["model"]["layers"][1].update(kind="Sorcery"), "Sorcery"),
    "an unknown argument": (lambda about: about["model"]["layers"][1].update(magic=1), "damaged"),
    "another width": (lambda about: about["model"]["layers"][1].update(units=7), "damaged"),
    "a width of 10^15": (lambda about: about["model"]["layers"][1].update(units=10**15), "damaged"),
    "a node before its input": (lambda about: about["model"]["nodes"].reverse(), "damaged"),
    "a negative step count": (lambda about: about.update(t=-1), "damaged"),
    "a history of words": (lambda about: about.update(history=["good"]), "damaged"),
    "a model of words": (lambda about: about.update(model="good"), "damaged"),
    "another loss": (lambda about: about["compilation"].update(losses=[{"kind": "nll"}]), "damaged"),
    "no optimizer": (lambda about: about["compilation"].pop("optimizer"), "damaged"),
    "another dtype": (lambda about: about["model"].update(dtype="float64"), "damaged"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_with_a_wrong_description_is_refused(name: str, tmp_path: Path) -> None:
    change, word = CHANGES[name]
    path = tmp_path / "model.safetensors"
    classifier().save(path)
    path.write_bytes(rewritten(path.read_bytes(), change))
    with pytest.raises(nn.FileError, match=word) as raised:
        nn.load(path)
    assert str(path) in str(raised.value)


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    classifier().save(path)
    content = path.read_bytes()
    for length in [*range(0, 64, 7), *range(64, len(content), len(content) // 60), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(nn.FileError, match=r"model\.safetensors"):
            nn.load(path)


def test_a_flipped_byte_anywhere_is_found(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    classifier().save(path)
    content = path.read_bytes()
    for place in np.random.default_rng(0).integers(len(content), size=300):
        broken = bytearray(content)
        broken[place] ^= 0x15
        path.write_bytes(broken)
        with pytest.raises(nn.FileError, match=r"model\.safetensors"):
            nn.load(path)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "trapped"),)

    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(nn.FileError):
        nn.load(path)
    assert not (tmp_path / "trapped").exists()
