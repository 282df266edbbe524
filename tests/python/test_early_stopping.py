"""EarlyStopping: patience, the best weights, and both second runs on training and validation data together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from early_stopping_subject import (
    BATCH,
    EPOCHS,
    INF,
    LIMIT,
    NAN,
    STRATEGIES,
    WEIGHTS,
    Keep,
    M,
    N,
    X,
    Y,
    fit,
    new_model,
    scored_by,
    values_of,
)
from nncpp import _core
from snapshots import snapshot

# --- patience -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "patience", "mode", "epochs", "best"),
    [
        ([3, 2, 2, 4, 1], 2, "min", 4, 1),  # the example of the docstring: 2, 4 are no better than 2
        ([5, 4, 3, 2, 1], 1, "min", 5, 4),  # the best epoch is the last
        ([1, 2, 3, 4, 5], 1, "min", 2, 0),  # the best epoch is the first
        ([1, 2, 3, 4, 5], 4, "min", 5, 0),
        ([3, 4, 2, 4, 1, 4], 2, "min", 6, 4),  # an improvement starts the count again
        ([1, 2, 3, 3, 2, 9], 2, "max", 5, 2),
        ([1, 2, 3, 4, 5], 1, "max", 5, 4),
        ([-INF, -INF, 0, 0, 0], 2, "max", 2, -1),  # infinitely bad is no score
        ([NAN, 2, NAN, NAN, 1], 2, "min", 4, 1),  # NaN is no improvement
        ([2, NAN, 1, NAN, NAN, NAN], 3, "min", 6, 2),
        ([NAN, NAN, NAN, 1, 2], 3, "min", 3, -1),  # before the first score too
        ([NAN, NAN, 1, 2, 3, 4], 3, "min", 6, 2),
        ([0.5, 0.25], 7, "min", 2, 1),  # the training ends before the patience does
    ],
)
def test_patience_counts_epochs_without_improvement(
    scores: list[float], patience: int, mode: str, epochs: int, best: int
) -> None:
    model, kept = new_model(metrics=scored_by(scores)), Keep()
    stopping = nn.EarlyStopping("val_score", patience=patience, mode=mode)
    history = fit(model, stopping, kept, epochs=len(scores))
    assert (history.epochs, stopping.best_epoch) == (epochs, best)
    assert "run" not in history
    if best >= 0:
        assert stopping.best == scores[best]
    assert (model.flat_parameters == kept.theta[best]).all(), "the best weights, or the last where nothing was best"


@pytest.mark.parametrize(
    ("monitor", "is_better_larger"),
    [("val_accuracy", True), ("val_auc", True), ("out_f1", True), ("val_precision", True), ("val_recall", True),
     ("val_r2", True), ("val_loss", False), ("val_mae", False), ("val_data_loss", False), ("val_my_error", False)],
)  # fmt: skip
def test_the_mode_is_that_of_the_metric(monitor: str, is_better_larger: bool) -> None:
    assert nn.EarlyStopping(monitor).sign == (-1 if is_better_larger else 1)


# --- the second run -------------------------------------------------------------------------------------------------


def test_a_restart_is_a_new_fit_of_all_rows_for_the_best_number_of_epochs() -> None:
    model, fresh, stopping = new_model(), new_model(), nn.EarlyStopping(patience=2, second_run="restart")
    history = fit(model, stopping, shuffle=False)
    assert 0 < stopping.best_epoch + 1 < history["run"].count(1) < EPOCHS, "it stops early, after the best epoch"
    expected = fresh.fit(X, Y, epochs=stopping.best_epoch + 1, batch_size=BATCH, shuffle=False)
    assert values_of(model) == values_of(fresh), "Standardize is adapted anew as well"
    assert [row for row in history.rows if row["run"] == 2] == [{**row, "run": 2} for row in expected.rows]


def test_a_restart_goes_back_to_where_the_fit_began_not_the_model() -> None:
    models = new_model(), new_model()
    for model in models:
        model.fit(X[:N], Y[:N], epochs=2, batch_size=BATCH)
    stopping = nn.EarlyStopping(patience=1, second_run="restart")
    fit(models[0], stopping, shuffle=False)
    models[1].fit(X, Y, epochs=stopping.best_epoch + 1, batch_size=BATCH, shuffle=False)
    assert values_of(models[0]) == values_of(models[1])


def test_a_restart_takes_a_schedule_back() -> None:
    schedule = nn.schedules.StepDecay(0.4, every=2, factor=0.5, unit="epoch")
    stopping = nn.EarlyStopping("val_score", patience=2, second_run="restart")
    history = fit(new_model(nn.SGD(schedule), scored_by([4, 3, 2, 1, 5, 5])), stopping)
    assert history["learning_rate"] == [0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.4, 0.4, 0.2, 0.2]


def test_a_restart_takes_the_learning_rate_back() -> None:
    class Halve(nn.Callback):
        def on_epoch_begin(self, epoch: int) -> None:
            rates.append(self.model.optimizer.learning_rate)
            self.model.optimizer.learning_rate /= 2

    rates: list[float] = []
    stopping = nn.EarlyStopping("val_score", patience=2, second_run="restart")
    fit(new_model(nn.SGD(0.4), scored_by([2, 1, 3, 3])), stopping, Halve())
    assert rates == [0.4, 0.2, 0.1, 0.05, 0.4, 0.2]


def by_hand(model: Any, first_epoch: int, epochs: int) -> None:
    """Steps on all rows in the order of later epochs of a model's life."""
    for epoch in range(first_epoch, first_epoch + epochs):
        order = _core.permutation(5, "order", epoch, N + M)
        for start in range(0, N + M, BATCH):
            model.train_on_batch(X[order[start : start + BATCH]], Y[order[start : start + BATCH]])
        model._epochs += 1


def test_rows_of_both_parts_are_shuffled_together() -> None:
    model, twin, stopping = new_model(), new_model(), nn.EarlyStopping(patience=2, second_run="restart")
    first = fit(model, stopping)["run"].count(1)
    twin.adapt(X)
    by_hand(twin, first, stopping.best_epoch + 1)
    assert values_of(model) == values_of(twin)


def test_continuing_goes_on_from_the_best_weights() -> None:
    scores = [3.0, 2.0, 4.0, 4.0]
    model, twin, kept = new_model(metrics=scored_by([*scores, 0, 0])), new_model(metrics=scored_by(scores)), Keep()
    stopping = nn.EarlyStopping("val_score", patience=2, second_run="continue", second_epochs=2)
    history = fit(model, stopping, kept)
    fit(twin, nn.EarlyStopping("val_score", patience=2))
    assert (twin.flat_parameters == kept.theta[1]).all(), "the twin is at the best weights of the first run"
    by_hand(twin, 4, len(history["run"]) - 4)
    assert values_of(model) == values_of(twin)
    assert stopping.best_epoch == 1


@pytest.mark.parametrize(("second_epochs", "expected"), [(None, 3), (1, 1), (5, 5)])
def test_continuing_is_bounded(second_epochs: int | None, expected: int) -> None:
    rng = np.random.default_rng(1)  # labels of the validation data are noise: they never fit as well
    model = new_model(metrics=scored_by([1.0] * 9), optimizer=nn.SGD(1e-3))
    stopping = nn.EarlyStopping("val_score", patience=2, second_run="continue", second_epochs=second_epochs)
    model.fit(X[:N], Y[:N], epochs=50, validation_data=(X[N:], 2 - rng.integers(2, size=M)), callbacks=stopping)
    assert model.history["run"] == [1] * 3 + [2] * expected


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_continuing_ends_when_validation_data_fit_as_well_as_training_data_did(l2: float) -> None:
    model, kept = new_model(nn.Adam(0.01), l2=l2), Keep()
    stopping = nn.EarlyStopping(patience=2, second_run="continue", second_epochs=500)
    history = fit(model, stopping, kept, epochs=60)
    first = history["run"].count(1)
    losses = [row.get("val_data_loss", row["val_loss"]) for row in history.rows]
    assert 1 < history.epochs - first < 500
    twin = new_model(nn.Adam(0.01), l2=l2)
    twin.fit(X[:N], Y[:N], epochs=stopping.best_epoch + 1, batch_size=BATCH)
    scores = twin.evaluate(X[:N], Y[:N])
    target = scores.get("data_loss", scores["loss"])
    assert losses[-1] < target <= min(losses[first:-1]), "the first epoch below the target is the last"
    assert (model.flat_parameters == kept.theta[-1]).all(), "and its weights stay"


def test_nothing_is_continued_where_validation_data_fit_better_already() -> None:
    model, twin = new_model(), new_model()
    twin.fit(X[:N], Y[:N], batch_size=BATCH)
    easy = twin.predict(X[:N])[np.arange(N), Y[:N]].argsort()[-M:]
    history = fit(model, nn.EarlyStopping(second_run="continue"), epochs=1, validation_data=(X[easy], Y[easy]))
    assert history["run"] == [1]
    assert values_of(model) == values_of(twin)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_a_best_epoch_there_is_no_second_run(strategy: str) -> None:
    model = new_model(metrics=scored_by([NAN] * 3))
    history = fit(model, nn.EarlyStopping("val_score", patience=3, second_run=strategy))
    assert history["run"] == [1, 1, 1]


@pytest.mark.parametrize("given", ["training", "validation", "both"])
def test_weights_of_both_parts_count(given: str) -> None:
    training = WEIGHTS[:N] if given != "validation" else np.ones(N)
    validation = WEIGHTS[N:] if given != "training" else np.ones(M)
    factors = np.array([1.0, 3.0, 1.0])[Y]
    model, fresh, stopping = new_model(), new_model(), nn.EarlyStopping(patience=2, second_run="restart")
    fit(
        model,
        stopping,
        shuffle=False,
        sample_weight=None if given == "validation" else training,
        validation_data=(X[N:], Y[N:], *([] if given == "training" else [validation])),
        class_weight={1: 3.0},
    )
    weights = np.concatenate([training, validation]) * factors
    fresh.fit(X, Y, sample_weight=weights, epochs=stopping.best_epoch + 1, batch_size=BATCH, shuffle=False)
    assert values_of(model) == values_of(fresh)


def test_the_aim_of_continuing_does_not_depend_on_class_weights() -> None:
    stopping, model = nn.EarlyStopping(second_run="continue", second_epochs=1), new_model()
    twin = new_model()
    fit(model, stopping, epochs=1, class_weight={0: 5.0})
    twin.fit(X[:N], Y[:N], batch_size=BATCH, class_weight={0: 5.0})
    assert stopping.second is not None
    assert stopping.second.target == twin.evaluate(X[:N], Y[:N])["data_loss"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_history_and_callbacks_see_both_runs(strategy: str, tmp_path: Path) -> None:
    model, kept = new_model(), Keep()
    model.fit(X[:N], Y[:N])
    history = fit(model, nn.EarlyStopping(patience=1, second_run=strategy, **LIMIT[strategy]), kept)
    first, second = history["run"].count(1), history["run"].count(2)
    assert history["run"] == [1] * first + [2] * second
    assert second > 0
    assert model.history.rows[1:] == history.rows
    assert kept.epochs == list(range(first + second)), "epochs are counted on"
    model.save(tmp_path / "model")
    np.testing.assert_equal(nn.load(tmp_path / "model").history["run"], [NAN, *history["run"]])
    in_second = history.rows[first:]
    if strategy == "restart":
        assert not any(key.startswith("val_") for row in in_second for key in row)
        assert np.isnan(kept.logs[-1]["val_accuracy"])
    else:
        assert all("val_accuracy" in row for row in in_second)
    assert all("run" not in logs and set(logs) == set(kept.keys) for logs in kept.logs)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_number_of_the_run_is_no_curve(strategy: str) -> None:
    pytest.importorskip("matplotlib")
    history = fit(new_model(), nn.EarlyStopping(patience=1, second_run=strategy))
    assert {axes.get_title(loc="left") for axes in history.plot().axes} == {"loss", "data_loss", "penalty", "accuracy"}


def test_the_bar_counts_the_second_run_apart(capfd: pytest.CaptureFixture[str]) -> None:
    scores = [1.0, 2.0, 3.0]
    model = new_model(metrics=scored_by(scores))
    fit(model, nn.EarlyStopping("val_score", patience=2, second_run="restart"), verbose=True)
    lines = capfd.readouterr().err
    assert f"epoch 3/{EPOCHS}" in lines
    assert "epoch 1/1" in lines


def test_a_split_can_be_given_back() -> None:
    split, explicit = new_model(), new_model()
    stopping = nn.EarlyStopping(patience=2, second_run="restart")
    split.fit(X, Y, epochs=EPOCHS, batch_size=BATCH, callbacks=stopping, validation_split=M / (N + M))
    fit(explicit, stopping)
    assert snapshot(split) == snapshot(explicit)


def test_several_inputs_and_a_loss_without_targets() -> None:
    def ranker() -> Any:
        a, b = nn.Input(4), nn.Input(4)
        score = nn.Sequential([nn.Dense(5, "tanh"), nn.Dense(1)])
        model = nn.Model([a, b], [score(a), score(b)], dtype="float64", seed=1)
        model.compile("adam", nn.MaxMarginLoss())
        return model

    model, fresh, pairs = ranker(), ranker(), [X, X[::-1]]
    model.fit(
        [x[:N] for x in pairs],
        validation_data=([x[N:] for x in pairs], None),
        callbacks=nn.EarlyStopping(second_run="restart"),
        epochs=3,
        shuffle=False,
    )
    fresh.fit(pairs, epochs=model.history["run"].count(2), shuffle=False)
    assert values_of(model) == values_of(fresh)
