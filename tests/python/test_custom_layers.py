"""Layers written in Python: they do what their built-in twins do, and their errors reach the caller."""

import copy
import gc
import pickle
import threading
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from custom_parts import Blend, Scripted, TwinDense, TwinSwish
from snapshots import snapshot
from tolerances import ROUNDING, TRAINING

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def data(rng: np.random.Generator, rows: int = 60) -> tuple[Any, Any]:
    return rng.normal(size=(rows, 4)), rng.normal(size=(rows, 3))


def net(*layers: Any, dtype: str = "float64", loss: Any = "squared", seed: int = 3) -> Any:
    model = nn.Sequential([nn.Input(4), *layers], dtype=dtype, seed=seed)
    model.compile(nn.SGD(0.05, momentum=0.9), loss)
    return model


def with_values_of(model: Any, other: Any) -> Any:
    for mine, theirs in zip(model.parameters.values(), other.parameters.values(), strict=True):
        mine[...] = theirs
    return model


# --- twins ----------------------------------------------------------------------------------------------------------


def pair(dtype: str, l2: float = 0.0) -> tuple[Any, Any]:
    own = net(TwinDense(5, l2), nn.Activation("tanh"), TwinDense(3), dtype=dtype)
    penalty = nn.L2(l2) if l2 else None
    built_in = net(nn.Dense(5, weight_regularizer=penalty), nn.Activation("tanh"), nn.Dense(3), dtype=dtype)
    return own, with_values_of(built_in, own)


@DTYPES
def test_a_dense_layer_has_the_values_and_gradients_of_its_twin(dtype: str, rng: np.random.Generator) -> None:
    x, y = data(rng)
    own, built_in = pair(dtype, l2=0.1)
    ROUNDING[dtype].assert_close(own.predict(x), built_in.predict(x))
    (loss, gradients), (expected, twins) = (m.loss_and_gradients(x, y, inputs=True) for m in (own, built_in))
    ROUNDING[dtype].assert_close(loss, expected)
    for got, twin in zip(gradients.values(), twins.values(), strict=True):
        assert got.dtype == dtype
        ROUNDING[dtype].assert_close(got, twin)


@DTYPES
def test_training_goes_the_way_of_the_twin(dtype: str, rng: np.random.Generator) -> None:
    x, y = data(rng)
    own, built_in = pair(dtype)
    histories = [m.fit(x, y, epochs=5, batch_size=15, validation_split=0.2) for m in (own, built_in)]
    TRAINING[dtype].assert_close(own.flat_parameters, built_in.flat_parameters)
    TRAINING[dtype].assert_close(histories[0]["val_loss"], histories[1]["val_loss"])


@DTYPES
def test_an_activation_has_the_values_and_slopes_of_silu(dtype: str, rng: np.random.Generator) -> None:
    u, dv = rng.normal(size=(2, 7, 3, 4))
    own, twin = (layer.build((3, 4), dtype=dtype) for layer in (TwinSwish(), nn.Activation("silu")))
    v = own.forward(u)
    ROUNDING[dtype].assert_close(v, twin.forward(u))
    ROUNDING[dtype].assert_close(own.backward(u, v, dv), twin.backward(u, v, dv))


def test_first_values_are_those_that_the_built_in_layer_draws() -> None:
    own, twin = (layer.build((4,), seed=5) for layer in (TwinDense(3), nn.Dense(3)))
    assert [w.tobytes() for w in own.parameters.values()] == [w.tobytes() for w in twin.parameters.values()]


def test_shared_weights_add_their_gradients(rng: np.random.Generator) -> None:
    x, y = data(rng)
    gradients = []
    for layer in (TwinDense(3, name="shared"), nn.Dense(3, name="shared")):
        inputs = nn.Input(4)
        both = nn.Model(inputs, [layer(inputs), nn.Activation("tanh")(layer(inputs))], dtype="float64")
        both.parameters["shared/weight"][...] = np.arange(12).reshape(4, 3) / 10
        both.compile(loss="squared")
        gradients.append(both.loss_and_gradients(x, [y, y])[1]["shared/weight"])
    ROUNDING["float64"].assert_close(*gradients)


def test_a_layer_of_two_inputs_is_right_by_differences(rng: np.random.Generator) -> None:
    a, b = nn.Input(4, name="a"), nn.Input(4, name="b")
    model = nn.Model([a, b], nn.Dense(2)(Blend(name="blend")([a, b])), dtype="float64")
    model.parameters["blend/scale"][...] = [0.5, -1, 2, 3]
    model.compile(loss="squared")
    report = nn.check_gradients(model, [rng.normal(size=(6, 4)), rng.normal(size=(6, 4))], rng.normal(size=(6, 2)))
    assert report.ok
    assert {"blend/scale", "a", "b"} <= {entry.name for entry in report.entries}


def test_the_checker_finds_a_wrong_backward(rng: np.random.Generator) -> None:
    model = net(nn.Dense(3), Scripted(value=np.sin, gradient=lambda dv: dv))
    report = nn.check_gradients(model, *data(rng, 5))
    assert not report.ok


def test_arrays_are_copies_of_the_models_dtype(rng: np.random.Generator) -> None:
    kept: list[Any] = []

    def overwrite(u: Any) -> Any:
        v = 2 * u
        u[...] = np.nan
        kept.append(u)
        return v

    x = data(rng)[0].astype(np.float32)
    model = net(nn.Activation("identity"), Scripted(value=overwrite), dtype="float32")
    np.testing.assert_array_equal(model.predict(x), 2 * x)
    del model
    assert kept[0].dtype == np.float32
    assert kept[0].flags.owndata
    assert np.isnan(kept[0]).all()


def test_denormal_numbers_count_in_python(rng: np.random.Generator) -> None:
    seen = []
    net(Scripted(value=lambda u: seen.append(float(np.float64(1e-300) * 1e-10)) or u)).predict(data(rng)[0])
    assert seen == [1e-310]


def test_results_of_any_real_type_are_cast(rng: np.random.Generator) -> None:
    x = data(rng)[0]
    for cast in (np.int8, np.float16, np.float32, np.float64, np.bool_, lambda u: u.tolist(), np.asfortranarray):
        model = net(Scripted(value=lambda u, cast=cast: cast(np.sign(u))))
        np.testing.assert_array_equal(model.predict(x), np.asarray(cast(np.sign(x)), np.float64))


# --- errors ---------------------------------------------------------------------------------------------------------


def fail(*arguments: Any) -> Any:
    raise ValueError("the user's words")


def user_frames(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


CALLS: dict[str, tuple[str, Callable[[Any, Any, Any], Any]]] = {
    "predict": ("value", lambda m, x, y: m.predict(x)),
    "evaluate": ("value", lambda m, x, y: m.evaluate(x, y)),
    "fit": ("value", lambda m, x, y: m.fit(x, y, batch_size=10)),
    "fit backward": ("gradient", lambda m, x, y: m.fit(x, y, batch_size=10)),
    "one step": ("gradient", lambda m, x, y: m.train_on_batch(x, y)),
    "gradients": ("gradient", lambda m, x, y: m.loss_and_gradients(x, y)),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_exception_reaches_the_caller_and_leaves_the_model(call: str, rng: np.random.Generator) -> None:
    x, y = data(rng)
    method, run = CALLS[call]
    model = net(nn.Dense(3), Scripted(name="mine", **{method: fail}))
    before = snapshot(model)
    where = "forward" if method == "value" else "backward"
    with pytest.raises(nn.NncppError, match=f"^mine: {where} raised ValueError: the user's words$") as raised:
        run(model, x, y)
    cause = raised.value.__cause__
    assert type(cause) is ValueError
    assert user_frames(cause)[-1] == "fail"
    assert snapshot(model) == before
    model.layers[1].script.clear()
    assert np.isfinite(model.train_on_batch(x, y))


def test_a_failure_in_the_middle_keeps_the_steps_before_it(rng: np.random.Generator) -> None:
    x, y = data(rng)
    count = iter(range(100))
    model = net(nn.Dense(3), Scripted(gradient=lambda dv: fail() if next(count) == 3 else dv))
    with pytest.raises(nn.NncppError, match="scripted: backward raised ValueError"):
        model.fit(x, y, batch_size=10, shuffle=False)
    twin = net(nn.Dense(3))
    twin.fit(x[:30], y[:30], batch_size=10, shuffle=False)
    assert model.flat_parameters.tobytes() == twin.flat_parameters.tobytes()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes_as_it_is(stop: type[BaseException], rng: np.random.Generator) -> None:
    x, y = data(rng)

    def leave(u: Any) -> Any:
        raise stop("now")

    model = net(nn.Dense(3), Scripted(value=leave))
    before = snapshot(model)
    for run in (lambda: model.fit(x, y), lambda: model.predict(x)):
        with pytest.raises(stop, match="now") as raised:
            run()
        assert raised.value.__cause__ is None
        assert "leave" in user_frames(raised.value)
    assert snapshot(model) == before


def test_errors_of_nncpp_keep_their_class() -> None:
    a, b = nn.Input(4), nn.Input(5)
    with pytest.raises(nn.ShapeError, match=r"^blend: output_shape: expected two inputs of one shape") as raised:
        nn.Model([a, b], Blend(name="blend")([a, b]))
    assert type(raised.value.__cause__) is nn.ShapeError


def test_an_error_of_one_layer_is_seen_inside_another(rng: np.random.Generator) -> None:
    inner = net(Scripted(name="inner", value=fail))
    outer = net(Scripted(name="outer", value=inner.predict))
    with pytest.raises(nn.NncppError, match=r"^outer: forward: inner: forward raised ValueError"):
        outer.predict(data(rng)[0])


def test_nan_is_a_divergence_and_no_crash(rng: np.random.Generator) -> None:
    x, y = data(rng)
    for script in ({"value": lambda u: u * np.nan}, {"gradient": lambda dv: dv * np.inf}):
        model = net(nn.Dense(3), Scripted(**script))
        before = snapshot(model)
        with np.errstate(invalid="ignore"), pytest.raises(nn.DivergenceError):
            model.fit(x, y)
        assert snapshot(model) == before
    assert np.isnan(net(Scripted(value=lambda u: u * np.nan)).predict(x)).all()


# --- threads, copies, files -----------------------------------------------------------------------------------------


def test_two_threads_predict_at_once(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3000, 4))
    model = net(TwinDense(40), nn.Dense(200, "tanh"), TwinSwish(), nn.Dense(3))
    expected, results = model.predict(x), {}

    def predict(k: int) -> None:
        results[k] = [model.predict(x).tobytes() for _ in range(10)]

    with nn.threads(2):
        workers = [threading.Thread(target=predict, args=(k,)) for k in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=60)
    assert results == {k: [expected.tobytes()] * 10 for k in range(2)}


def test_the_number_of_threads_changes_no_bit(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(600, 4)), rng.normal(size=(600, 3))
    bits = []
    for count in (1, 2):
        with nn.threads(count):
            model = net(nn.Dense(300, "tanh"), TwinSwish(), nn.Dense(3))
            model.fit(x, y, batch_size=300)
            bits.append(model.flat_parameters.tobytes())
    assert bits[0] == bits[1]


def test_copies_and_files_have_the_same_bits(rng: np.random.Generator, tmp_path: Path) -> None:
    x, y = data(rng)
    model = net(TwinDense(5, 0.1, name="first"), TwinSwish(), TwinDense(3))
    model.fit(x, y)
    model.save(tmp_path / "own.safetensors")
    for again in (nn.load(tmp_path / "own.safetensors"), copy.copy(model), pickle.loads(pickle.dumps(model))):
        assert snapshot(again) == snapshot(model)
        assert repr(again.layers[0]) == "TwinDense(units=5, l2=0.1, name='first')"
        again.fit(x, y)
        twin = copy.deepcopy(model)
        twin.fit(x, y)
        assert snapshot(again) == snapshot(twin)


def test_a_training_goes_on_from_its_checkpoint(rng: np.random.Generator, tmp_path: Path) -> None:
    x, y = data(rng)
    whole, broken = (net(TwinDense(5), TwinSwish(), nn.Dense(3)) for _ in range(2))
    whole.fit(x, y, epochs=4)
    broken.fit(x, y, epochs=2, checkpoint=tmp_path / "c")
    resumed = net(TwinDense(5), TwinSwish(), nn.Dense(3))
    resumed.fit(x, y, epochs=4, checkpoint=tmp_path / "c", resume=True)
    assert resumed.flat_parameters.tobytes() == whole.flat_parameters.tobytes()


DEFINITION = """
import sys, nncpp as nn
class Doubled(nn.CustomActivation):
    def value(self, u): return 2 * u
    def slope(self, u, v): return 2 + 0 * u
"""


def test_a_file_is_loaded_where_the_class_is_defined_and_refused_elsewhere(
    interpreter: Callable[..., str], tmp_path: Path
) -> None:
    path = str(tmp_path / "own.safetensors")
    save = "nn.Sequential([nn.Input(2), Doubled()]).save(sys.argv[1])"
    load = "print(nn.load(sys.argv[1]).predict([[1, 2]]).tolist())"
    interpreter(DEFINITION + save, path)
    assert interpreter(DEFINITION + load, path).strip() == "[[2.0, 4.0]]"
    refused = "import sys, nncpp as nn\ntry: nn.load(sys.argv[1])\nexcept nn.FileError as error: print(error)"
    words = interpreter(refused, path)
    assert "own.safetensors: unknown layer 'Doubled'" in words
    assert "define or import a class of your own before nn.load" in words
    assert "damaged" not in words


def test_nothing_keeps_a_layer_alive(rng: np.random.Generator) -> None:
    x, y = data(rng)
    layer = TwinDense(3)
    alive, model = weakref.ref(layer), net(layer)
    model.fit(x, y)
    nn.check_gradients(model, x[:4], y[:4])
    with pytest.raises(nn.NncppError):
        net(layer, Scripted(value=fail)).predict(x)
    module = layer.build(4)
    del layer, model, module
    gc.collect()
    assert alive() is None
