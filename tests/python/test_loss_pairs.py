"""Every activation with every loss: what makes sense passes the gradient check, the rest is refused in words."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from families import built_in
from nncpp import _core
from tolerances import GRADIENT, ROUNDING

ACTIVATIONS = [name for name in _core.activation_names if name != "step"]
LOSSES = {  # by name: the one activation it is paired with, or any; the words for the right pairs; kind of targets
    "squared": (None, "numbers"),
    "absolute": (None, "numbers"),
    "huber": (None, "numbers"),
    "hinge": ("identity", "signs"),
    "multiclass_hinge": ("identity", "labels"),
    "max_margin": ("identity", "none"),
    "nll": ("sigmoid", "bits"),
    "nllm": ("softmax", "labels"),
    "kl": ("softmax", "distributions"),
}
PAIRS = [(loss, activation) for loss in LOSSES for activation in ACTIVATIONS]
ALLOWED = [(loss, activation) for loss, activation in PAIRS if LOSSES[loss][0] in (None, activation)]
REFUSED = [pair for pair in PAIRS if pair not in ALLOWED]
ROWS, COLUMNS, CLASSES = 6, 5, 3


def model_of(loss: Any, activation: str) -> Any:
    layers = [
        nn.Dense(4, "tanh"),
        nn.Dense(CLASSES, activation, bias_initializer=nn.initializers.Normal(0.3), name="out"),
    ]
    net = nn.Sequential([nn.Input(COLUMNS), *layers], seed=4, dtype="float64")
    if loss == "max_margin":
        a, b = nn.Input(COLUMNS), nn.Input(COLUMNS)
        net = nn.Model([a, b], [net(a), net(b)], dtype="float64")
    net.compile(loss=loss)
    return net


def data_of(loss: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    x, labels = rng.normal(size=(ROWS, COLUMNS)), np.arange(ROWS) % CLASSES
    targets = {
        "numbers": rng.normal(size=(ROWS, CLASSES)) + 1.7,
        "signs": 2 * np.eye(CLASSES)[labels] - 1,
        "labels": labels,
        "none": None,
        "bits": rng.integers(2, size=(ROWS, CLASSES)),
        "distributions": rng.dirichlet(np.ones(CLASSES), size=ROWS),
    }
    return ([x, rng.normal(size=(ROWS, COLUMNS))] if loss == "max_margin" else x), targets[LOSSES[loss][1]]


def test_the_table_has_every_loss() -> None:
    with_pairs = built_in(nn.losses.Loss).keys() - {"expression"}  # whose output is the loss: test_flow.py
    assert list(LOSSES) == sorted(with_pairs, key=list(LOSSES).index)
    assert len(ALLOWED) == 3 * len(ACTIVATIONS) + 6


@pytest.mark.parametrize(("loss", "activation"), ALLOWED)
def test_a_pair_that_makes_sense_passes_the_gradient_check(loss: str, activation: str) -> None:
    model, (x, y) = model_of(loss, activation), data_of(loss)
    weights = np.array([1.0, 0.5, 2.0, 1.0, 3.0, 0.25])
    report = nn.check_gradients(model, x, y, weights, tolerance=GRADIENT)
    assert report.ok, report
    assert not any(entry.kinks for entry in report.entries), report


@pytest.mark.parametrize(("loss", "activation"), REFUSED)
def test_a_pair_that_makes_none_is_refused_and_the_right_ones_named(loss: str, activation: str) -> None:
    with pytest.raises(nn.DataError, match=f"out: loss '{loss}' needs") as raised:
        model_of(loss, activation)
    message, right = str(raised.value), LOSSES[loss][0]
    assert f"'{right}'" in message
    assert f"got '{activation}'" in message
    pair = {"sigmoid": "'nll' with 'sigmoid'", "softmax": "'nllm' with 'softmax'", "identity": "'identity'"}
    if activation in pair:
        assert pair[activation] in message, "what goes with the activation that is there"


@pytest.mark.parametrize("loss", LOSSES)
def test_no_loss_is_trained_through_a_step(loss: str) -> None:
    with pytest.raises(nn.DataError, match=r"out: .*step"):
        model_of(loss, "step")


@pytest.mark.parametrize(("loss", "output"), [(nn.NLL(0.2), "sigmoid"), (nn.NLLM(0.2), "softmax"),
                                              (nn.KLLoss(3.0), "softmax"), (nn.HuberLoss(0.4), "tanh"),
                                              (nn.MulticlassHingeLoss(0.3), "identity")], ids=repr)  # fmt: skip
def test_options_of_a_loss_pass_the_gradient_check(loss: Any, output: str) -> None:
    report = nn.check_gradients(model_of(loss, output), *data_of(loss.kind), tolerance=GRADIENT)
    assert report.ok, report


# --- PyTorch --------------------------------------------------------------------------------------------------------

WIDE = 7


def torch_loss(torch: Any, name: str, z: Any, y: Any) -> Any:
    """Of PyTorch's means over elements or classes, the mean over rows of the sum."""
    functional = torch.nn.functional
    return {
        "squared": lambda: WIDE * functional.mse_loss(z, y),
        "absolute": lambda: WIDE * functional.l1_loss(z, y),
        "huber": lambda: WIDE * functional.huber_loss(z, y, delta=0.7),
        "hinge": lambda: WIDE * (1 - y * z).clamp(min=0).mean(),
        "multiclass_hinge": lambda: WIDE * functional.multi_margin_loss(z, y, margin=1.5),
        "nll": lambda: WIDE * functional.binary_cross_entropy_with_logits(z, 0.9 * y + 0.05),
        "nllm": lambda: functional.cross_entropy(z, y, label_smoothing=0.1),
        "kl": lambda: 4 * functional.kl_div((z / 2).log_softmax(dim=1), y, reduction="batchmean"),
    }[name]()


ORACLE = {
    "squared": (nn.SquaredLoss(), "identity"),
    "absolute": (nn.AbsoluteLoss(), "identity"),
    "huber": (nn.HuberLoss(0.7), "identity"),
    "hinge": (nn.HingeLoss(), "identity"),
    "multiclass_hinge": (nn.MulticlassHingeLoss(1.5), "identity"),
    "nll": (nn.NLL(0.1), "sigmoid"),
    "nllm": (nn.NLLM(0.1), "softmax"),
    "kl": (nn.KLLoss(2.0), "softmax"),
}


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("targets", ["labels", "distributions"])
@pytest.mark.parametrize("name", ORACLE)
def test_losses_are_those_of_torch(name: str, targets: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    loss, output = ORACLE[name]
    z, labels = rng.normal(size=(20, WIDE)), rng.integers(WIDE, size=20)
    y: Any = {
        "hinge": 2.0 * rng.integers(2, size=(20, WIDE)) - 1,
        "nll": rng.integers(2, size=(20, WIDE)).astype(float) if targets == "labels" else rng.uniform(size=(20, WIDE)),
        "multiclass_hinge": labels,
        "nllm": labels if targets == "labels" else rng.dirichlet(np.ones(WIDE), size=20),
        "kl": rng.dirichlet(np.ones(WIDE), size=20),
    }.get(name, rng.normal(size=(20, WIDE)))
    model = nn.Sequential(
        [nn.Input(WIDE, name="z"), nn.Dense(WIDE, output, weight_initializer="zeros")], dtype="float64"
    )
    model.parameters["dense/weight"][...] = np.eye(WIDE)
    model.compile(loss=loss)
    value, gradients = model.loss_and_gradients(z, y, inputs=True)
    theirs = torch.tensor(z, requires_grad=True)
    objective = torch_loss(torch, name, theirs, torch.tensor(y))
    objective.backward()
    ROUNDING["float64"].assert_close(value, objective.item())
    ROUNDING["float64"].assert_close(gradients["z"], theirs.grad.numpy())


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
def test_max_margin_is_the_margin_ranking_of_torch(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    a, b, score = nn.Input(1, name="a"), nn.Input(1, name="b"), nn.Dense(1, weight_initializer="ones")
    model = nn.Model([a, b], [score(a), score(b)], dtype="float64")
    model.compile(loss=nn.MaxMarginLoss(margin=0.8))
    z = rng.normal(size=(2, 20, 1))
    value, gradients = model.loss_and_gradients(list(z), inputs=True)
    s, corrupt = (torch.tensor(v, requires_grad=True) for v in z)
    objective = torch.nn.functional.margin_ranking_loss(s, corrupt, torch.ones(20, 1), margin=0.8)
    objective.backward()
    ROUNDING["float64"].assert_close(value, objective.item())
    ROUNDING["float64"].assert_close(gradients["a"], s.grad.numpy())
    ROUNDING["float64"].assert_close(gradients["b"], corrupt.grad.numpy())
