"""fit: what an epoch is, what is recorded, what callbacks see, and how it ends."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core
from snapshots import snapshot
from tolerances import ROUNDING

N = 53
X = np.random.default_rng(0).normal(size=(N, 4))
Y = np.random.default_rng(1).integers(3, size=N)


def model_of(*more: Any, optimizer: Any = None, dtype: str = "float64", metrics: Any = "accuracy") -> Any:
    layers = [nn.Input(4), nn.Dense(6, "tanh"), *more, nn.Dense(3, "softmax")]
    model = nn.Sequential(layers, seed=5, dtype=dtype)
    model.compile(nn.SGD(0.1) if optimizer is None else optimizer, "nllm", metrics=metrics)
    return model


def theta(model: Any) -> Any:
    return model.flat_parameters.copy()


class Recorder(nn.Callback):
    """Writes down every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_train_begin(self) -> None:
        self.calls.append(("train begin", tuple(self.keys)))

    def on_epoch_begin(self, epoch: int) -> None:
        self.calls.append(("epoch begin", epoch))

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        self.calls.append(("batch end", step, logs["loss"]))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.calls.append(("epoch end", epoch, logs))

    def on_train_end(self) -> None:
        self.calls.append(("train end",))


def test_an_epoch_is_the_steps_of_its_order() -> None:
    fitted, by_hand = (model_of(nn.Dropout(0.3), optimizer=nn.Adam(0.01)) for _ in range(2))
    fitted.fit(X, Y, epochs=3, batch_size=8)
    for epoch in range(3):
        order = _core.permutation(5, "order", epoch, N)
        for start in range(0, N, 8):
            rows = order[start : start + 8]
            by_hand.train_on_batch(X[rows], Y[rows])
    assert theta(by_hand).tobytes() == theta(fitted).tobytes()


def test_orders_differ_between_epochs_and_seeds_and_not_between_runs() -> None:
    a, b = model_of(), model_of()
    assert repr(a.fit(X, Y, epochs=4).rows) == repr(b.fit(X, Y, epochs=4).rows)
    assert snapshot(a) == snapshot(b)
    one_by_one = model_of()
    for _ in range(4):
        one_by_one.fit(X, Y)
    assert snapshot(one_by_one) == snapshot(a), "epochs are counted over the life of the model"


def test_without_shuffling_rows_come_in_their_order() -> None:
    fitted, by_hand = model_of(), model_of()
    fitted.fit(X, Y, batch_size=10, shuffle=False)
    for start in range(0, N, 10):
        by_hand.train_on_batch(X[start : start + 10], Y[start : start + 10])
    assert theta(fitted).tobytes() == theta(by_hand).tobytes()


def test_a_batch_of_all_rows_is_gradient_descent() -> None:
    model = model_of()
    _, gradients = model.loss_and_gradients(X, Y)
    expected = {name: values - 0.1 * gradients[name] for name, values in model.parameters.items()}
    model.fit(X, Y, batch_size=1000)
    for name, values in model.parameters.items():
        ROUNDING["float64"].assert_close(values, expected[name])


def test_history_holds_the_mean_over_the_rows_of_an_epoch() -> None:
    model = model_of(optimizer=nn.SGD(0.0))  # a model that does not move scores the same in every step
    history = model.fit(X, Y, epochs=2, batch_size=8, validation_data=(X[:20], Y[:20]))
    whole, part = model.evaluate(X, Y), model.evaluate(X[:20], Y[:20])
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    for key in ("loss", "accuracy"):
        ROUNDING["float64"].assert_close(history[key], [whole[key]] * 2)
        ROUNDING["float64"].assert_close(history[f"val_{key}"], [part[key]] * 2)


def test_a_model_remembers_every_epoch_and_a_fit_returns_its_own() -> None:
    model = model_of()
    first = model.fit(X, Y, epochs=2)
    second = model.fit(X, Y, epochs=3, validation_data=(X, Y))
    assert (first.epochs, second.epochs, model.history.epochs) == (2, 3, 5)
    assert model.history["loss"] == first["loss"] + second["loss"]
    assert np.isnan(model.history["val_loss"][:2]).all()
    with pytest.raises(KeyError, match="no_such_score; this history has loss"):
        _ = first["no_such_score"]


def test_training_lowers_the_loss_of_digits(digits: Any) -> None:
    model = nn.Sequential([nn.Input(64), nn.Dense(32, "relu"), nn.Dense(10, "softmax")])
    model.compile("adam", "nllm", metrics=["accuracy"])
    history = model.fit(*digits, epochs=10, validation_split=0.2)
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert history["val_accuracy"][-1] > 0.85


def test_a_split_holds_out_the_last_rows() -> None:
    split, explicit = model_of(), model_of()
    weights = np.arange(1.0, N + 1)
    a = split.fit(X, Y, epochs=2, validation_split=0.25, sample_weight=weights)
    rows = N - round(N * 0.25)
    b = explicit.fit(X[:rows], Y[:rows], epochs=2, sample_weight=weights[:rows],
                     validation_data=(X[rows:], Y[rows:], weights[rows:]))  # fmt: skip
    assert snapshot(split) == snapshot(explicit)
    assert a.rows == b.rows


@pytest.mark.parametrize(
    ("rows", "fraction", "held_out"),
    [(10, 0.9, 9), (10, 0.1, 1), (10, 0.29, 3), (2, 0.5, 1), (53, 0.001, 0), (1, 0.5, 0)],
)
def test_a_split_holds_out_the_share_rounded_to_whole_rows(rows: int, fraction: float, held_out: int) -> None:
    seen: list[int] = []

    def count(y_true: Any, y_pred: Any) -> float:
        seen.append(len(y_true))
        return 0.0

    model = model_of(metrics=count)
    if held_out == 0:
        with pytest.raises(nn.DataError, match="validation_split"):
            model.fit(X[:rows], Y[:rows], validation_split=fraction)
        return
    model.fit(X[:rows], Y[:rows], validation_split=fraction)
    assert seen == [held_out]


def test_a_weight_of_k_is_k_copies_of_a_row() -> None:
    weights = np.arange(N) % 4
    repeated = np.repeat(np.arange(N), weights)
    weighted, copied = model_of(), model_of()
    for model, arguments in ((weighted, (X, Y, weights)), (copied, (X[repeated], Y[repeated], None))):
        model.fit(*arguments[:2], sample_weight=arguments[2], epochs=5, batch_size=1000, shuffle=False)
    ROUNDING["float64"].assert_close(theta(weighted), theta(copied))
    ROUNDING["float64"].assert_close(weighted.history["loss"], copied.history["loss"])


def test_rows_of_weight_zero_might_as_well_be_anything() -> None:
    weights = (np.arange(N) % 3 > 0).astype(float)
    other = np.where(weights[:, None] > 0, X, 1e3)
    models = [model_of(), model_of()]
    for model, x in zip(models, (X, other), strict=True):
        model.fit(x, Y, sample_weight=weights, epochs=2, batch_size=16)
    ROUNDING["float64"].assert_close(theta(models[0]), theta(models[1]))


def test_a_batch_of_weightless_rows_moves_nothing_without_momentum() -> None:
    weights = np.r_[np.zeros(10), np.ones(10)]
    model = model_of()
    before = theta(model)
    model.train_on_batch(X[10:20], Y[10:20])
    expected = theta(model)
    assert (expected != before).any()
    again = model_of()
    again.fit(X[:20], Y[:20], sample_weight=weights, batch_size=10, shuffle=False)
    assert theta(again).tobytes() == expected.tobytes()


def test_class_weights_multiply_sample_weights() -> None:
    classes, samples = {0: 2.0, 2: 0.5}, np.linspace(1, 2, N)
    by_class, by_sample = model_of(), model_of()
    by_class.fit(X, Y, epochs=2, class_weight=classes, sample_weight=samples)
    by_sample.fit(X, Y, epochs=2, sample_weight=samples * np.array([2.0, 1.0, 0.5])[Y])
    assert snapshot(by_class) == snapshot(by_sample)


def test_callbacks_are_called_in_order() -> None:
    recorder = Recorder()
    model_of().fit(X, Y, epochs=2, batch_size=30, callbacks=recorder, validation_data=(X, Y))
    keys = ("loss", "accuracy", "val_loss", "val_accuracy")
    names = [call[0] for call in recorder.calls]
    epoch = ["epoch begin", "batch end", "batch end", "epoch end"]
    assert names == ["train begin", *epoch, *epoch, "train end"]
    assert recorder.calls[0] == ("train begin", keys)
    assert [call[1] for call in recorder.calls[1:5]] == [0, 0, 1, 0], "epoch, step, step, epoch"
    assert [call[1] for call in recorder.calls[5:9]] == [1, 0, 1, 1]
    assert all(set(call[2]) == set(keys) for call in recorder.calls if call[0] == "epoch end")


def test_a_callback_for_every_batch_changes_no_bit() -> None:
    watched, alone = model_of(nn.Dropout(0.5)), model_of(nn.Dropout(0.5))
    watched.fit(X, Y, epochs=3, callbacks=[Recorder()])
    alone.fit(X, Y, epochs=3)
    assert snapshot(watched) == snapshot(alone)


def test_a_callback_may_stop_and_change_the_rate() -> None:
    class Schedule(nn.Callback):
        def on_epoch_begin(self, epoch: int) -> None:
            self.model.optimizer.learning_rate = 0.1 if epoch == 0 else 0.0

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.model.stop_training = epoch == 2

    model, one = model_of(), model_of()
    assert model.fit(X, Y, epochs=50, callbacks=[Schedule()]).epochs == 3
    one.fit(X, Y)
    assert theta(model).tobytes() == theta(one).tobytes()


def test_what_a_callback_raises_comes_out_of_fit() -> None:
    class Fails(nn.Callback):
        def on_train_begin(self) -> None:
            raise RuntimeError("not today")

    model = model_of()
    before = snapshot(model)
    with pytest.raises(RuntimeError, match="not today"):
        model.fit(X, Y, callbacks=[Fails()])
    assert snapshot(model) == before


class KeepWeights(nn.Callback):
    """Keeps the weights of each epoch."""

    def __init__(self) -> None:
        self.weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.weights.append(self.model.flat_parameters.copy())


@pytest.mark.parametrize(
    ("scores", "patience", "mode", "epochs", "best"),
    [
        # worked by hand: the best is epoch 2, three epochs without improvement end it after epoch 5
        ([0.9, 0.8, 0.5, 0.6, 0.5, 0.7, 0.1], 3, "auto", 6, 2),
        ([0.9, 0.8, 0.5, 0.6, 0.4, 0.7, 0.6], 3, "auto", 7, 4),  # the last epoch comes before the patience ends
        ([0.1, 0.2, 0.3], 1, "min", 2, 0),
        ([0.1, 0.2, 0.2, 0.3], 1, "max", 3, 1),
        ([float("nan"), 0.5, float("nan"), 0.4, 0.5, 0.5], 2, "min", 6, 3),
    ],
)
def test_early_stopping_worked_by_hand(scores: list[float], patience: int, mode: str, epochs: int, best: int) -> None:
    remaining = iter(scores)

    def score(y_true: Any, y_pred: Any) -> float:
        return next(remaining)

    model = model_of(metrics=[score])
    kept, stopping = KeepWeights(), nn.EarlyStopping("val_score", patience=patience, mode=mode)
    history = model.fit(X, Y, epochs=len(scores), validation_data=(X, Y), callbacks=[kept, stopping])
    assert history.epochs == epochs
    assert (stopping.best_epoch, stopping.best) == (best, scores[best])
    assert theta(model).tobytes() == kept.weights[best].tobytes(), "the best weights come back"


def test_early_stopping_takes_the_direction_from_the_name() -> None:
    assert nn.EarlyStopping("val_accuracy").sign == -nn.EarlyStopping("val_loss").sign


@pytest.mark.parametrize(("verbose", "shown"), [(False, False), (True, True), ("auto", False)])
def test_the_bar_is_shown_where_it_is_asked_for(verbose: Any, shown: bool, capfd: pytest.CaptureFixture[str]) -> None:
    model_of().fit(X, Y, epochs=2, verbose=verbose)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("epoch 2/2" in err and "accuracy" in err) if shown else err == ""


@pytest.mark.parametrize(
    ("optimizer", "dtype"),
    [
        *[(optimizer, dtype) for optimizer in (nn.SGD(1e20), nn.SGD(1e6, 0.9)) for dtype in ("float32", "float64")],
        (nn.SGD(1e36), "float32"),
        (nn.Adam(1e37), "float32"),
        (nn.SGD(1e300), "float64"),
        (nn.Adam(1e200), "float64"),
    ],
    ids=repr,
)
def test_divergence_leaves_the_last_finite_model(optimizer: Any, dtype: str) -> None:
    x, y = 100 * X, X[:, :1] * 50
    model = nn.Sequential([nn.Input(4), nn.Dense(8, "relu"), nn.Dense(1)], dtype=dtype)
    model.compile(optimizer, "squared")
    with pytest.raises(nn.DivergenceError, match=r"fit: .*learning rate .*as it was before that step") as raised:
        model.fit(x, y, epochs=3000)
    assert isinstance(raised.value, nn.NncppError)
    assert np.isfinite(model.flat_parameters).all()
    assert all(np.isfinite(values).all() for values in model._trainer.moments.values())


@pytest.mark.parametrize("optimizer", [nn.SGD(1e36), nn.SGD(1e6, 0.9), nn.Adam(1e37)], ids=repr)
def test_divergence_leaves_the_model_of_the_last_good_step(optimizer: Any) -> None:
    class Keep(nn.Callback):
        def on_train_begin(self) -> None:
            self.last = snapshot(self.model)

        def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
            self.last = snapshot(self.model)

    model, kept = nn.Sequential([nn.Input(4), nn.Dense(8, "relu"), nn.Dense(1)]), Keep()
    model.compile(optimizer, "squared")
    with pytest.raises(nn.DivergenceError):
        model.fit(100 * X, X[:, :1] * 50, epochs=100, callbacks=kept)
    assert {**snapshot(model), "history": ""} == {**kept.last, "history": ""}


def test_a_step_that_would_diverge_is_not_taken() -> None:
    model = nn.Sequential([nn.Input(1), nn.Dense(1)])
    model.compile(nn.Adam(), "squared")
    model.train_on_batch([[1.0]], [1.0])
    model.parameters["dense/weight"][...] = 3e38
    before = snapshot(model)
    with pytest.raises(nn.DivergenceError, match="not taken"):
        model.train_on_batch([[10.0]], [1.0])
    assert snapshot(model) == before
