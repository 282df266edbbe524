"""Against PyTorch, scikit-learn and SciPy: same weights, same data, same numbers."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core
from tolerances import ROUNDING, TRAINING

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("default"),  # other packages' own warnings
]
STEPS = 20
OPTIMIZERS = {
    "SGD": (nn.SGD(0.1), lambda torch, p: torch.optim.SGD(p, 0.1)),
    "momentum": (nn.SGD(0.05, 0.9), lambda torch, p: torch.optim.SGD(p, 0.05, momentum=0.9)),
    "Nesterov": (
        nn.SGD(0.05, 0.9, nesterov=True),
        lambda torch, p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    ),
    "AdaGrad": (nn.AdaGrad(0.05), lambda torch, p: torch.optim.Adagrad(p, 0.05)),
    "RMSProp": (nn.RMSProp(2e-3), lambda torch, p: torch.optim.RMSprop(p, 2e-3, alpha=0.9)),
    "RMSProp with other numbers": (
        nn.RMSProp(1e-2, 0.99, 1e-4),
        lambda torch, p: torch.optim.RMSprop(p, 1e-2, alpha=0.99, eps=1e-4),
    ),
    "Adadelta": (nn.Adadelta(), lambda torch, p: torch.optim.Adadelta(p)),
    "AdamW": (nn.AdamW(1e-2, weight_decay=0.1), lambda torch, p: torch.optim.AdamW(p, 1e-2, weight_decay=0.1)),
    "Adam": (nn.Adam(1e-2), lambda torch, p: torch.optim.Adam(p, 1e-2)),
    "Adam with other numbers": (
        nn.Adam(1e-2, 0.8, 0.95, 1e-4),
        lambda torch, p: torch.optim.Adam(p, 1e-2, betas=(0.8, 0.95), eps=1e-4),
    ),
}


def loss_of(torch: Any, kind: str, z: Any, y: Any) -> Any:
    if kind == "squared":
        return ((z - y) ** 2).sum(dim=1).mean()
    if kind == "nll":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(dim=1).mean()
    return torch.nn.functional.cross_entropy(z, y)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(("loss", "output"), [("squared", "identity"), ("nll", "sigmoid"), ("nllm", "softmax")])
@pytest.mark.parametrize("hidden", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_twenty_steps_equal_those_of_torch(name: str, loss: str, output: str, hidden: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS, 16, 7)).astype(dtype)
    y = rng.normal(size=(STEPS, 16, 4)).astype(dtype)
    if loss == "nll":
        y = (y > 0).astype(dtype)
    elif loss == "nllm":
        y = y.argmax(axis=2)
    penalty = 0.01
    model = nn.Sequential(
        [nn.Input(7), nn.Dense(9, hidden, weight_regularizer=nn.L2(penalty)), nn.Dense(4, output)], dtype=dtype
    )
    optimizer, torch_optimizer = OPTIMIZERS[name]
    model.compile(optimizer, loss)
    weights = [torch.tensor(values.copy(), requires_grad=True) for values in model.parameters.values()]
    theirs = torch_optimizer(torch, weights)
    activation = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}[hidden]
    for inputs, targets in zip(x, y, strict=True):
        theirs.zero_grad()
        w1, b1, w2, b2 = weights
        z = activation(torch.tensor(inputs) @ w1 + b1) @ w2 + b2
        objective = loss_of(torch, loss, z, torch.tensor(targets)) + penalty / 2 * (w1**2).sum()
        objective.backward()
        theirs.step()
        TRAINING[dtype].assert_close(model.train_on_batch(inputs, targets), objective.item())
    for mine, other in zip(model.parameters.values(), weights, strict=True):
        TRAINING[dtype].assert_close(mine, other.detach().numpy())


@pytest.mark.parametrize("output", [name for name in _core.activation_names if name != "step"])
def test_gradients_through_every_activation_equal_autograd(output: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    u, dv = rng.normal(size=(5, 6)), rng.normal(size=(5, 4))
    layer = nn.Dense(4, output, bias_initializer="ones").build((6,), dtype="float64")
    x, w, b = (torch.tensor(v.copy(), requires_grad=True) for v in (u, *layer.parameters.values()))
    z = x @ w + b
    functional = torch.nn.functional
    by_another_name = {
        "identity": lambda: z,
        "hard_tanh": lambda: functional.hardtanh(z),
        "exponential": z.exp,
        "softmax": lambda: z.softmax(dim=1),
        "log_softmax": lambda: z.log_softmax(dim=1),
    }
    v = by_another_name[output]() if output in by_another_name else getattr(functional, output)(z)
    v.backward(torch.tensor(dv))
    exact = ROUNDING["float64"]
    mine = layer.forward(u)
    exact.assert_close(mine, v.detach().numpy())
    exact.assert_close(layer.backward(u, mine, dv), x.grad.numpy())
    gradients = layer.weight_gradients(u, mine, dv)
    exact.assert_close(gradients["weight"], w.grad.numpy())
    exact.assert_close(gradients["bias"], b.grad.numpy())


def test_the_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = nn.datasets.digits()
    theirs = datasets.load_digits()
    assert (16 * x == theirs.data).all()
    assert (y == theirs.target).all()


def test_scores_and_scaling_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    from sklearn.preprocessing import StandardScaler

    x, y = nn.datasets.digits()
    model = nn.Sequential([nn.Input(64), nn.Standardize(), nn.Dense(10, "softmax", name="out")], dtype="float64")
    model.compile("adam", "nllm", metrics=["accuracy"])
    model.fit(x, y, epochs=3)
    weights = np.random.default_rng(2).uniform(size=len(x))
    scores, p = model.evaluate(x, y, sample_weight=weights), model.predict(x)
    exact = ROUNDING["float64"]
    exact.assert_close(scores["loss"], metrics.log_loss(y, p, sample_weight=weights))
    exact.assert_close(scores["accuracy"], metrics.accuracy_score(y, p.argmax(axis=1), sample_weight=weights))
    z = StandardScaler().fit_transform(x.astype(np.float64))
    logits = z @ model.parameters["out/weight"] + model.parameters["out/bias"]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    exact.assert_close(p, e / e.sum(axis=1, keepdims=True))


def test_scipy_finds_the_same_least_squares() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(200, 4)), rng.normal(size=(200, 2))
    expected, *_ = linalg.lstsq(x, y)
    model = nn.Sequential([nn.Input(4), nn.Dense(2, use_bias=False)], dtype="float64")
    model.compile(nn.SGD(0.2), "squared")
    model.fit(x, y, epochs=400, batch_size=200)
    TRAINING["float64"].assert_close(model.parameters["dense/weight"], expected)
