"""BatchNorm: what it computes, its gradients, its running statistics, and batches of one row."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot
from tolerances import GRADIENT, ROUNDING, TRAINING, printed

EXACT = ROUNDING["float64"]


def normalized(u: Any, epsilon: float = 1e-5) -> Any:
    axes = tuple(range(u.ndim - 1))
    return (u - u.mean(axis=axes)) / np.sqrt(u.var(axis=axes) + epsilon)


def classifier(*layers: nn.Layer, dtype: str = "float64", columns: Any = 4) -> Any:
    model = nn.Sequential([nn.Input(columns), *layers, nn.Dense(3, "softmax")], dtype=dtype)
    model.compile(nn.SGD(0.1, 0.9), "nllm")
    return model


def data(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
    return rng.normal(3.0, 2.0, size=(rows, 4)), np.arange(rows) % 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(6,), (5, 3), (4, 3, 2)], ids=str)
def test_training_and_prediction_are_the_formula(shape: Any, dtype: str, rng: np.random.Generator) -> None:
    u = rng.normal(2.0, 3.0, size=(9, *shape)).astype(dtype)
    layer = nn.BatchNorm(gamma_initializer="normal", beta_initializer="normal").build(shape, dtype=dtype)
    gamma, beta = layer.parameters["gamma"], layer.parameters["beta"]
    close = ROUNDING[dtype].assert_close
    assert gamma.shape == beta.shape == shape[-1:]
    close(layer.forward(u, training=True), gamma * normalized(u.astype(np.float64)) + beta)
    layer.state["running_mean"][...], layer.state["running_var"][...] = mean, var = rng.uniform(1, 2, (2, shape[-1]))
    close(layer.forward(u), gamma * (u - mean) / np.sqrt(var + 1e-5) + beta)


def test_running_statistics_by_hand() -> None:
    """Mean 2 and unbiased variance 2, then 5 and 8; the old value has the weight 0.75."""
    model = nn.Sequential([nn.Input(1), nn.BatchNorm(0.75)], dtype="float64")
    model.compile(nn.SGD(0.0), "squared")
    state = [model.state[f"batch_norm/running_{name}"] for name in ("mean", "var")]
    assert [float(values[0]) for values in state] == [0.0, 1.0]
    model.train_on_batch([[1.0], [3.0]], [0.0, 0.0])
    assert [float(values[0]) for values in state] == [0.5, 1.25]
    model.train_on_batch([[3.0], [7.0]], [0.0, 0.0])
    assert [float(values[0]) for values in state] == [1.625, 2.9375]
    model.loss_and_gradients([[9.0], [7.0]], [0.0, 0.0], training=True)
    model.evaluate([[9.0], [7.0]], [0.0, 0.0])
    assert [float(values[0]) for values in state] == [1.625, 2.9375]


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("shape", [(5,), (7, 5)], ids=["rows", "sequences"])
def test_ten_steps_equal_those_of_torch(shape: Any, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    momentum, epsilon, rate = 0.8, 1e-3, 0.1
    x = rng.normal(1.0, 2.0, size=(10, 8, *shape))
    y = rng.normal(size=(10, 8, *shape[:-1], 3))
    model = nn.Sequential(
        [nn.Input(shape), nn.Dense(6), nn.BatchNorm(momentum, epsilon), nn.Activation("tanh"), nn.Dense(3)],
        dtype="float64",
    )
    model.compile(nn.SGD(rate), "squared")
    theirs = torch.nn.BatchNorm1d(6, eps=epsilon, momentum=1 - momentum, dtype=torch.float64)
    w1, b1, _, _, w2, b2 = (torch.tensor(v.copy(), requires_grad=True) for v in model.parameters.values())
    weights = [w1, b1, theirs.weight, theirs.bias, w2, b2]
    optimizer, close = torch.optim.SGD(weights, rate), TRAINING["float64"].assert_close
    for inputs, targets in zip(x, y, strict=True):
        u = torch.tensor(inputs, requires_grad=True)
        optimizer.zero_grad()
        hidden = theirs((u @ w1 + b1).reshape(-1, 6)).reshape(*inputs.shape[:-1], 6)
        objective = ((hidden.tanh() @ w2 + b2 - torch.tensor(targets)) ** 2).sum() / len(inputs)
        if len(shape) == 2:
            objective = objective / shape[0]  # the mean runs over positions
        objective.backward()
        loss, gradients = model.loss_and_gradients(inputs, targets, training=True, inputs=True)
        close(loss, objective.item())
        for name, expected in zip(gradients, [*weights, u], strict=True):
            close(gradients[name], expected.grad.numpy())
        optimizer.step()
        model.train_on_batch(inputs, targets)
        close(model.state["batch_norm/running_mean"], theirs.running_mean.numpy())
        close(model.state["batch_norm/running_var"], theirs.running_var.numpy())
    for mine, other in zip(model.parameters.values(), weights, strict=True):
        close(mine, other.detach().numpy())
    theirs.eval()
    with torch.no_grad():
        hidden = theirs((torch.tensor(x[0]) @ w1 + b1).reshape(-1, 6)).reshape(8, *shape[:-1], 6)
        close(model.predict(x[0]), (hidden.tanh() @ w2 + b2).numpy())


def test_the_printed_statistics_of_images() -> None:
    """cs231n.github.io, assignment2/ConvolutionalNetworks.ipynb, "Spatial batch normalization: forward".

    Its images are (N, C, H, W): 2 of 3 channels, 4 x 5.
    """
    x = (4 * np.random.RandomState(231).randn(2, 3, 4, 5) + 10).transpose(0, 2, 3, 1)
    over, close = (0, 1, 2), printed(8).assert_close
    close(x.mean(axis=over), [9.33463814, 8.90909116, 9.11056338])
    close(x.std(axis=over), [3.61447857, 3.19347686, 3.5168142])
    plain = nn.BatchNorm().build((4, 5, 3), dtype="float64")
    v = plain.forward(x, training=True)
    EXACT.assert_close(v.mean(axis=over), 0.0)
    close(v.std(axis=over), [0.99999962, 0.99999951, 0.9999996])
    scaled = nn.BatchNorm().build((4, 5, 3), dtype="float64")
    scaled.parameters["gamma"][...], scaled.parameters["beta"][...] = [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]
    v = scaled.forward(x, training=True)
    close(v.mean(axis=over), [6.0, 7.0, 8.0])
    close(v.std(axis=over), [2.99999885, 3.99999804, 4.99999798])


def test_the_printed_statistics_of_rows_as_images() -> None:
    """cs231n.github.io, assignment2/BatchNormalization.ipynb, cell 5: 200 rows, here 8 images of 5 x 5."""
    draw = np.random.RandomState(231)
    x, w1, w2 = draw.randn(200, 50), draw.randn(50, 60), draw.randn(60, 3)
    u = (np.maximum(x @ w1, 0) @ w2).reshape(8, 5, 5, 3)
    layer, over, close = nn.BatchNorm().build((5, 5, 3), dtype="float64"), (0, 1, 2), printed(8).assert_close
    close(u.mean(axis=over), [-2.3814598, -13.18038246, 1.91780462])
    close(u.std(axis=over), [27.18502186, 34.21455511, 37.68611762])
    close(layer.forward(u, training=True).std(axis=over), [0.99999999, 1.0, 1.0])
    layer.parameters["gamma"][...], layer.parameters["beta"][...] = [1.0, 2.0, 3.0], [11.0, 12.0, 13.0]
    v = layer.forward(u, training=True)
    close(v.mean(axis=over), [11.0, 12.0, 13.0])
    close(v.std(axis=over), [0.99999999, 1.99999999, 2.99999999])


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_are_normalized_as_torch_does(dtype: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    momentum, epsilon, close = 0.8, 1e-3, TRAINING[dtype].assert_close
    layer = nn.BatchNorm(momentum, epsilon, gamma_initializer="normal", beta_initializer="normal")
    model = nn.Sequential([nn.Input((6, 5, 3)), layer], dtype=dtype)
    model.compile(nn.SGD(0.1), "squared")
    gamma, beta = model.parameters.values()
    theirs = torch.nn.BatchNorm2d(3, eps=epsilon, momentum=1 - momentum, dtype=getattr(torch, dtype))
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(gamma))
        theirs.bias.copy_(torch.tensor(beta))
    optimizer = torch.optim.SGD(theirs.parameters(), 0.1)
    for _ in range(5):
        x, y = rng.normal(2.0, 3.0, size=(2, 4, 6, 5, 3)).astype(dtype)
        u, target = (torch.tensor(values.transpose(0, 3, 1, 2), requires_grad=True) for values in (x, y))
        optimizer.zero_grad()
        objective = ((theirs(u) - target) ** 2).sum() / (4 * 6 * 5)  # the mean runs over positions
        objective.backward()
        loss, gradients = model.loss_and_gradients(x, y, training=True, inputs=True)
        close(loss, objective.item())
        expected = [theirs.weight.grad, theirs.bias.grad, u.grad.permute(0, 2, 3, 1)]
        for mine, other in zip(gradients.values(), expected, strict=True):
            close(mine, other.numpy())
        optimizer.step()
        model.train_on_batch(x, y)
        close(model.state["batch_norm/running_mean"], theirs.running_mean.numpy())
        close(model.state["batch_norm/running_var"], theirs.running_var.numpy())
    theirs.eval()
    with torch.no_grad():
        close(model.predict(x), theirs(torch.tensor(x.transpose(0, 3, 1, 2))).permute(0, 2, 3, 1).numpy())


@pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])
def test_gradients_of_a_model_equal_differences(training: bool, rng: np.random.Generator) -> None:
    x, y = data(rng, 12)
    model = classifier(nn.BatchNorm(), nn.Dense(7, use_bias=False), nn.BatchNorm(), nn.Activation("tanh"))
    model.train_on_batch(x, y)
    report = nn.check_gradients(model, x, y, training=training)
    assert report.ok, str(report)
    assert report.max_relative_error <= GRADIENT, str(report)
    assert all(entry.verdict == "good" for entry in report.entries), str(report)


def test_a_single_row_takes_the_running_statistics_and_leaves_them(rng: np.random.Generator) -> None:
    x, y = data(rng, 6)
    model = classifier(nn.Dense(5), nn.BatchNorm(name="norm"), nn.Activation("tanh"))
    model.train_on_batch(x, y)
    assert nn.check_gradients(model, x[:1], y[:1], training=True).ok
    in_training, in_prediction = (
        model.loss_and_gradients(x[:1], y[:1], training=training) for training in (True, False)
    )
    assert in_training[0] == in_prediction[0]
    for name, gradient in in_training[1].items():
        assert (gradient == in_prediction[1][name]).all()
    before = snapshot(model)
    model.train_on_batch(x[:1], y[:1])
    changed = {name for name, value in snapshot(model).items() if value != before[name]}
    assert {f"parameters/{name}" for name in model.parameters} < changed
    assert not {f"state/{name}" for name in model.state} & changed


@pytest.mark.parametrize(
    ("rows", "batch_size", "which", "advice"),
    [
        (33, 32, "the last batch of each epoch", "take batch_size=33"),
        (13, 4, "the last batch of each epoch", "take batch_size=5"),
        (13, 3, "the last batch of each epoch", "take batch_size=5"),  # 4 leaves one row too
        (5, 1, "every batch", "take batch_size=3"),
        (1, 32, "the last batch of each epoch", "give more rows"),
    ],
)
def test_fit_warns_once_of_a_batch_of_one_row(
    rows: int, batch_size: int, which: str, advice: str, rng: np.random.Generator
) -> None:
    x, y = data(rng, rows)
    model = classifier(nn.BatchNorm(name="first"), nn.Dense(5), nn.BatchNorm(name="second"))
    with pytest.warns(UserWarning, match="fit: first: ") as caught:
        model.fit(x, y, batch_size=batch_size, epochs=3)
    assert len(caught) == 1
    message = str(caught[0].message)
    assert which in message
    assert advice in message
    assert caught[0].filename == __file__
    if "=" in advice:
        model.fit(x, y, batch_size=int(advice.split("=")[1]))  # a warning would be an error


def test_fit_does_not_warn_where_each_channel_has_several_numbers(rng: np.random.Generator) -> None:
    x, y = data(rng, 5)
    classifier(nn.Dense(5)).fit(x, y, batch_size=4)
    sequences = nn.Sequential([nn.Input((3, 4)), nn.BatchNorm(), nn.Dense(1)])
    sequences.compile("sgd", "squared")
    before = sequences.state["batch_norm/running_mean"].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sequences.fit(np.repeat(x[:, None], 3, axis=1), np.zeros((5, 3, 1)), batch_size=4)
    assert (sequences.state["batch_norm/running_mean"] != before).all()


def test_a_step_that_fails_leaves_the_running_statistics(rng: np.random.Generator) -> None:
    x, y = data(rng, 6)
    model = classifier(nn.BatchNorm(), dtype="float32")
    model.train_on_batch(x, y)
    before = snapshot(model)
    x[2, 1] = 1e25  # its square is beyond float32
    with pytest.raises(nn.DivergenceError):
        model.train_on_batch(x, y)
    assert snapshot(model) == before


def test_a_layer_in_two_places_sees_both_batches(rng: np.random.Generator) -> None:
    a, b = rng.normal(1.0, size=(6, 3)), rng.normal(5.0, size=(6, 3))
    norm, first, second = nn.BatchNorm(0.5), nn.Input(3), nn.Input(3)
    model = nn.Model([first, second], [norm(first), norm(second)], dtype="float64")
    model.compile("sgd", "squared")
    model.train_on_batch([a, b], [a, b])
    mean, var = (model.state[f"batch_norm/running_{name}"] for name in ("mean", "var"))
    EXACT.assert_close(mean, 0.25 * a.mean(axis=0) + 0.5 * b.mean(axis=0))
    EXACT.assert_close(var, 0.25 + 0.25 * a.var(axis=0, ddof=1) + 0.5 * b.var(axis=0, ddof=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constant_columns_stay_finite(dtype: str, rng: np.random.Generator) -> None:
    x, y = data(rng, 40)
    x[:, 1], x[:, 2] = 0.1, 1e7 / 3
    model = classifier(nn.BatchNorm(name="norm"), nn.Dense(5, "relu"), dtype=dtype)
    model.fit(x, y, batch_size=8, epochs=5)
    assert all(np.isfinite(values).all() for values in [*model.parameters.values(), *model.state.values()])
    assert np.isfinite(model.predict(x)).all()
    layer = nn.BatchNorm(beta_initializer="ones").build((4,), dtype=dtype)
    assert (layer.forward(x, training=True)[:, 1:3] == 1.0).all()


def test_float32_keeps_its_digits_beside_a_large_mean(rng: np.random.Generator) -> None:
    u = (1e6 + rng.normal(size=(5000, 3))).astype(np.float32)
    v = nn.BatchNorm().build((3,)).forward(u, training=True)
    ROUNDING["float32"].assert_close(v, normalized(u.astype(np.float64)))


def test_gamma_and_beta_have_no_penalty_and_are_saved_with_the_statistics(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    x, y = data(rng, 20)
    model = classifier(nn.BatchNorm(), nn.Dense(5, "tanh", weight_regularizer=nn.L2(0.1)))
    model.fit(x, y, epochs=2, batch_size=5)
    assert [segment.kind for segment in model._network.core.segments][:2] == ["bias", "bias"]
    assert len(model._network.penalties()) == 1
    model.save(tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    assert snapshot(again) == snapshot(model)
    assert again.predict(x).tobytes() == model.predict(x).tobytes()


def test_a_training_that_goes_on_has_the_same_statistics(tmp_path: Path, rng: np.random.Generator) -> None:
    x, y = data(rng, 22)
    straight, broken, resumed = (classifier(nn.BatchNorm(), nn.Dense(5, "tanh")) for _ in range(3))
    straight.fit(x, y, epochs=4, batch_size=5)
    broken.fit(x, y, epochs=2, batch_size=5, checkpoint=tmp_path / "c")
    resumed.fit(x, y, epochs=4, batch_size=5, checkpoint=tmp_path / "c", resume=True)
    assert snapshot(resumed) == snapshot(straight)
