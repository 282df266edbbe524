"""lengths=: whatever is asked of a model, only the steps that count are read, and the numbers are those of these."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp.second_order import ExactObjective
from sequence_data import (
    CLASSES,
    COLUMNS,
    ROWS,
    STEPS,
    Break,
    Data,
    data,
    last_state,
    pooled,
    recurrent_tagger,
    tagger,
)
from snapshots import snapshot

HALF = slice(0, 12), slice(12, None)


def weights() -> Any:
    return np.linspace(0.5, 2.0, ROWS)


def fitted(model: Any, d: Data, y: Any, **options: Any) -> Any:
    history = model.fit(d.x, y, lengths=d.lengths, **{"epochs": 2, "batch_size": 5, **options})
    return snapshot(model), history.rows


def with_validation(model: Any, d: Data, y: Any, **options: Any) -> Any:
    train, held = HALF
    validation = (d.x[held], y[held], weights()[held], d.lengths[held])
    return fitted(model, d.rows(train), y[train], validation_data=validation, **options)


def with_second_run(model: Any, d: Data, y: Any, strategy: str) -> Any:
    stopping = nn.EarlyStopping(patience=2, second_run=strategy)
    return with_validation(model, d, y, callbacks=stopping, epochs=8)


def checked(model: Any, d: Data, y: Any, **options: Any) -> Any:
    report = nn.check_gradients(model, d.x, y, lengths=d.lengths, **options)
    assert report.ok, report
    return str(report)


def predicted(model: Any, d: Data, y: Any) -> Any:
    return model.predict(d.x, lengths=d.lengths), model.predict_classes(d.x, lengths=d.lengths)


def recorded(model: Any, d: Data, y: Any) -> Any:
    model.fit(d.x, y, lengths=d.lengths, epochs=2, telemetry=2, batch_size=5)
    return model.history.telemetry.records, snapshot(model)


def minimized(model: Any, d: Data, y: Any) -> Any:
    pytest.importorskip("scipy")
    result = nn.minimize(model, d.x, y, lengths=d.lengths, sample_weight=weights(), max_iterations=5)
    return result.history, snapshot(model)


def curved(model: Any, d: Data, y: Any) -> Any:
    v = np.linspace(-1, 1, model.flat_parameters.size)
    product = nn.hessian_vector_product(model, d.x, y, v, weights(), lengths=d.lengths)
    return product, nn.optimal_step(model, d.x, y, lengths=d.lengths)


ASKED: dict[str, Callable[[Any, Data, Any], Any]] = {
    "fit": fitted,
    "fit with weights": lambda m, d, y: fitted(m, d, y, sample_weight=weights()),
    "fit in order": lambda m, d, y: fitted(m, d, y, shuffle=False),
    "validation_split": lambda m, d, y: fitted(m, d, y, validation_split=0.3),
    "validation_data": with_validation,
    "second run, restart": lambda m, d, y: with_second_run(m, d, y, "restart"),
    "second run, continue": lambda m, d, y: with_second_run(m, d, y, "continue"),
    "telemetry": recorded,
    "train_on_batch": lambda m, d, y: (m.train_on_batch(d.x, y, weights(), lengths=d.lengths), snapshot(m)),
    "evaluate": lambda m, d, y: m.evaluate(d.x, y, weights(), lengths=d.lengths),
    "predict": predicted,
    "loss_and_gradients": lambda m, d, y: m.loss_and_gradients(d.x, y, lengths=d.lengths, training=True, inputs=True),
    "explain_backward": lambda m, d, y: m.explain_backward(d.x, y, lengths=d.lengths),
    "check_gradients": checked,
    "check_gradients, exact": lambda m, d, y: checked(m, d, y, mode="exact"),
    "preflight": lambda m, d, y: str(nn.preflight(m, d.x, y, lengths=d.lengths)).split("tiny subset")[0],
    "minimize": minimized,
    "second order": curved,
}


def bits(value: Any) -> Any:
    """The same where, and only where, all numbers have the same bits."""
    if isinstance(value, dict):
        return {key: bits(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [bits(entry) for entry in value]
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("model_of", [tagger, recurrent_tagger, pooled, last_state])
def test_what_lies_in_the_padding_changes_no_bit(name: str, model_of: Callable[..., Any]) -> None:
    found = []
    for d in (data(), data().with_rubbish()):
        y = d.tags if model_of in (tagger, recurrent_tagger) else d.labels
        found.append(bits(ASKED[name](model_of(metrics=["accuracy", "f1"]), d, y)))
    assert found[0] == found[1]


def test_random_layers_see_no_padding_either() -> None:
    first, second = (fitted(tagger(chance=True), d, d.tags) for d in (data(), data().with_rubbish()))
    assert bits(first) == bits(second)


# --- against the same steps as rows of their own --------------------------------------------------------------------


def steps_alone(model: Any, **options: Any) -> Any:
    """The layers of a tagger on single steps, with its values."""
    flat = nn.Sequential([nn.Input(COLUMNS), *model.layers], dtype=str(model.dtype))
    for name, values in model.parameters.items():
        flat.parameters[name][...] = values
    flat.compile(model.optimizer, "nllm", **options)
    return flat


@pytest.mark.parametrize("is_weighted", [False, True])
def test_loss_gradients_and_scores_are_those_of_the_steps_that_count(is_weighted: bool) -> None:
    d = data().with_rubbish()
    own = weights() if is_weighted else None
    of_steps = np.repeat(own, d.lengths) if is_weighted else None
    scores = ["accuracy", nn.metrics.TopKAccuracy(2), "precision", "recall", "f1", "auc", "perplexity"]
    model = tagger(dtype="float64", metrics=scores)
    flat = steps_alone(model, metrics=scores)
    x, y = d.x[d.counts], d.tags[d.counts]
    loss, gradients = model.loss_and_gradients(d.x, d.tags, sample_weight=own, lengths=d.lengths, inputs=True)
    expected, of_flat = flat.loss_and_gradients(x, y, sample_weight=of_steps, inputs=True)
    assert loss == pytest.approx(expected, rel=1e-14)
    for name in model.parameters:
        np.testing.assert_allclose(gradients[name], of_flat[name], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradients["input"][d.counts], of_flat["input"], rtol=1e-12, atol=1e-15)
    assert (gradients["input"][~d.counts] == 0).all()
    found, wanted = model.evaluate(d.x, d.tags, own, lengths=d.lengths), flat.evaluate(x, y, of_steps)
    assert found.keys() == wanted.keys() > {"loss", "accuracy", "auc"}
    for key, value in wanted.items():
        assert found[key] == pytest.approx(value, rel=1e-12), key
    p = model.predict(d.x, lengths=d.lengths)
    np.testing.assert_array_equal(p[d.counts], flat.predict(x))
    assert (p[~d.counts] == 0).all()
    v = np.random.default_rng(0).normal(size=model.flat_parameters.size)
    product = nn.hessian_vector_product(model, d.x, d.tags, v, own, lengths=d.lengths)
    np.testing.assert_allclose(product, nn.hessian_vector_product(flat, x, y, v, of_steps), rtol=1e-10, atol=1e-14)


def test_pools_take_the_steps_that_count() -> None:
    d = data().with_rubbish()
    x = nn.Input((STEPS, COLUMNS))
    model = nn.Model(x, [nn.GlobalMaxPool1D()(x), nn.GlobalAveragePool1D()(x)], dtype="float64")
    largest, mean = model.predict(d.x, lengths=d.lengths)
    own = [row[:length] for row, length in zip(d.x, d.lengths, strict=True)]
    np.testing.assert_array_equal(largest, [steps.max(axis=0) for steps in own])
    np.testing.assert_allclose(mean, [steps.mean(axis=0) for steps in own], rtol=1e-14)


def test_lengths_of_all_steps_are_none() -> None:
    d = data()
    full = np.full(ROWS, STEPS)
    for model, y in ((tagger(dtype="float64"), d.tags), (pooled(dtype="float64"), d.labels)):
        with_lengths, without = (model.loss_and_gradients(d.x, y, lengths=lengths) for lengths in (full, None))
        assert with_lengths[0] == pytest.approx(without[0], rel=1e-14)
        for name, gradient in without[1].items():
            np.testing.assert_allclose(with_lengths[1][name], gradient, rtol=1e-11, atol=1e-15)
        np.testing.assert_array_equal(model.predict(d.x, lengths=full), model.predict(d.x))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 1, 1)])
def test_sequences_of_one_step_take_targets_of_rows(shape: tuple[int, ...]) -> None:
    model = nn.Sequential([nn.Input((1, 3)), nn.Dense(1)], seed=1)
    model.compile("sgd", "squared")
    x, y = np.ones((4, 1, 3)), np.arange(4.0).reshape(shape)
    assert model.evaluate(x, y, lengths=[1] * 4) == model.evaluate(x, y)
    model.fit(x, y, lengths=[1] * 4, verbose=False)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_lengths_are_whole_numbers_of_any_type(dtype: Any) -> None:
    d, model = data(), tagger()
    expected = model.predict(d.x, lengths=d.lengths)
    np.testing.assert_array_equal(model.predict(d.x, lengths=d.lengths.astype(dtype)), expected)
    np.testing.assert_array_equal(model.predict(d.x, lengths=d.lengths.tolist()), expected)
    np.testing.assert_array_equal(model.predict(d.x[::-1], lengths=d.lengths[::-1])[::-1], expected)


METRICS: dict[str, list[Any]] = {
    "nllm": ["accuracy", nn.metrics.TopKAccuracy(2), "precision", "recall", "f1", "auc", "perplexity"],
    "nll": ["accuracy", "binary_accuracy", "precision", "recall", "f1", "auc"],
    "squared": ["mae", "r2"],
}


@pytest.mark.parametrize(("loss", "metric"), [(loss, entry) for loss, entries in METRICS.items() for entry in entries])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_metrics_of_arrays_are_those_of_the_steps_that_count(loss: str, metric: Any, is_weighted: bool) -> None:
    d = data()
    p = np.random.default_rng(3).random((ROWS, STEPS, CLASSES))
    p /= p.sum(axis=-1, keepdims=True)
    y = {"nllm": d.tags, "nll": (p > 0.2).astype(float)[:, ::-1], "squared": p[::-1] ** 2}[loss].copy()
    own = weights() if is_weighted else None
    of_steps = np.repeat(weights(), d.lengths) if is_weighted else None
    score = nn.metrics.metric(metric)
    expected = score(y[d.counts], p[d.counts], of_steps, loss=loss)
    y[~d.counts], p[~d.counts] = 10**6, np.nan
    assert score(y, p, own, loss=loss, lengths=d.lengths) == pytest.approx(expected, rel=1e-13)


def test_a_function_as_metric_gets_the_steps_that_count() -> None:
    d = data().with_rubbish()
    seen = []

    def share(y_true: Any, y_pred: Any) -> float:
        seen.append((y_true, y_pred))
        return 0.5

    model = tagger(metrics=share)
    assert model.evaluate(d.x, d.tags, lengths=d.lengths)["share"] == 0.5
    np.testing.assert_array_equal(seen[0][0], d.tags[d.counts])
    np.testing.assert_array_equal(seen[0][1], model.predict(d.x, lengths=d.lengths)[d.counts])


def test_class_weights_weigh_rows() -> None:
    d = data().with_rubbish()
    factors = {0: 2.0, 2: 0.5}
    of_rows = np.array([factors.get(int(label), 1.0) for label in d.labels])
    by_class = fitted(pooled(), d, d.labels, class_weight=factors)
    assert bits(by_class) == bits(fitted(pooled(), d, d.labels, sample_weight=of_rows))


def test_outputs_of_steps_and_of_rows_side_by_side() -> None:
    d = data().with_rubbish()
    x, z = nn.Input((STEPS, COLUMNS), name="x"), nn.Input(2, name="z")
    h = nn.Dense(6, "tanh")(x)
    pool = nn.ops.concatenate([nn.GlobalAveragePool1D()(h), z], axis=-1)
    model = nn.Model([x, z], [nn.Dense(CLASSES, "softmax", name="tag")(h), nn.Dense(2, name="row")(pool)], seed=2)
    model.compile(nn.Adam(0.05), ["nllm", "squared"], metrics={"tag": "f1", "row": "mae"})
    more = np.random.default_rng(5).normal(size=(ROWS, 2))
    history = model.fit([d.x, more], [d.tags, more], lengths=d.lengths, epochs=30, validation_split=0.2)
    assert history.rows[-1]["loss"] < 0.7 * history.rows[0]["loss"]
    tags, rows = model.predict([d.x, more], lengths=d.lengths)
    assert tags.shape == (ROWS, STEPS, CLASSES)
    assert (tags[~d.counts] == 0).all()
    assert rows.shape == (ROWS, 2)
    assert np.isfinite(rows).all()


# --- over many steps ------------------------------------------------------------------------------------------------


def test_training_learns_what_the_steps_say() -> None:
    d, new = data(300).with_rubbish(), data(100, seed=7).with_rubbish()
    model = tagger(optimizer=nn.Adam(0.02))
    model.fit(d.x, d.tags, lengths=d.lengths, epochs=20)
    assert model.evaluate(new.x, new.tags, lengths=new.lengths)["accuracy"] > 0.9


@pytest.mark.parametrize("every", [2, 3, 7])
def test_a_checkpoint_resumes_to_the_same_bits(every: int, tmp_path: Path) -> None:
    d = data().with_rubbish()
    options: dict[str, Any] = {"epochs": 3, "batch_size": 5, "sample_weight": weights()}
    expected = fitted(tagger(chance=True), d, d.tags, **options)

    kept = {"checkpoint": tmp_path / "run.safetensors", "checkpoint_every": every}
    with pytest.raises(KeyboardInterrupt):
        fitted(tagger(chance=True), d, d.tags, callbacks=Break(3), **options, **kept)
    found = fitted(tagger(chance=True), d, d.tags, callbacks=Break(-1), resume=True, **options, **kept)
    assert bits(found[0]) == bits(expected[0])


def test_telemetry_and_threads_change_no_bit() -> None:
    d = data(200).with_rubbish()
    expected = snapshot_after(d)
    assert snapshot_after(d, telemetry=3) == expected
    with nn.threads(1):
        assert snapshot_after(d) == expected


def snapshot_after(d: Data, **options: Any) -> Any:
    model = tagger(chance=True)
    model.fit(d.x, d.tags, lengths=d.lengths, epochs=2, **options)
    return snapshot(model)


def test_a_copy_in_a_file_predicts_the_same(tmp_path: Path) -> None:
    d, model = data().with_rubbish(), pooled()
    model.save(tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict(d.x, lengths=d.lengths), model.predict(d.x, lengths=d.lengths))


def test_a_divergence_names_the_rows_of_x() -> None:
    d = data().with_rubbish()
    x = d.x.copy()
    x[0, STEPS - 1] = 1e30  # finite, its square is not
    model = nn.Sequential([nn.Input((STEPS, COLUMNS)), nn.Dense(1)], seed=1)
    model.compile("sgd", "squared")
    before = snapshot(model)
    with pytest.raises(nn.DivergenceError, match=r"\b0\b"):
        model.fit(x, np.zeros((ROWS, STEPS, 1)), lengths=d.lengths, batch_size=ROWS)
    assert snapshot(model) == before


# --- what looks at data in Python -------------------------------------------------------------------------------------


def test_the_gradient_check_leaves_the_padding_out() -> None:
    d, model = data(4).with_rubbish(), tagger(dtype="float64")
    report = nn.check_gradients(model, d.x, d.tags, lengths=d.lengths, samples=None)
    assert report.ok
    assert np.isnan(d.x).any(), "the caller's array stays as it is"
    exact = ExactObjective(model, d.x, d.tags, lengths=d.lengths)
    assert exact.slope("input", (0, 2, 1)) != 0
    assert exact.slope("input", (1, 2, 1)) == 0, "row 1 has one step"


def test_preflight_looks_at_the_steps_that_count() -> None:
    d = data(200).with_rubbish()
    report = {entry.name: entry for entry in nn.preflight(tagger(), d.x, d.tags, lengths=d.lengths).entries}
    flat = {entry.name: entry for entry in nn.preflight(steps_alone(tagger()), d.x[d.counts], d.tags[d.counts]).entries}
    assert all(entry.status == "ok" for name, entry in report.items() if name != "regularization"), report
    assert report["labels"].seen == flat["labels"].seen
    once = d.tags.copy()
    once[d.counts & (once == 1)] = 0
    seen = [entry.seen for entry in nn.preflight(tagger(), d.x, once, lengths=d.lengths).problems]
    assert any("class 1" in text for text in seen), seen


def test_the_walk_through_a_pass_shows_packed_steps() -> None:
    d = data(3).with_rubbish()
    text = tagger().explain_backward(d.x, d.tags, lengths=d.lengths)
    assert "N = 3 rows of 6 + 1 + 3 = 10 steps" in text
    assert f"(1, 10, {CLASSES})" in text
    assert "nan" not in text
