"""Maxout: the largest of affine pieces, and what units made of them can be."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from tolerances import ROUNDING


def with_weights(weight: Any, bias: Any = None) -> nn.Module:
    """The layer of these weights (D, K, m), in float64."""
    columns, units, pieces = np.shape(weight)
    layer = nn.Maxout(units, pieces, use_bias=bias is not None).build((columns,), dtype="float64")
    layer.parameters["weight"][...] = weight
    if bias is not None:
        layer.parameters["bias"][...] = bias
    return layer


@pytest.mark.parametrize("pieces", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward_and_gradients_are_those_of_the_formula(pieces: int, dtype: str, rng: np.random.Generator) -> None:
    u, dv = rng.normal(size=(4, 3, 7)).astype(dtype), rng.normal(size=(4, 3, 4)).astype(dtype)
    layer = nn.Maxout(4, pieces, bias_initializer=nn.initializers.Normal(0.0, 1.0)).build((3, 7), dtype=dtype)
    weight, bias = layer.parameters["weight"], layer.parameters["bias"]
    z = np.einsum("ntd,dkm->ntkm", u, weight, dtype=np.float64) + bias
    dz = dv[..., None] * (np.arange(pieces) == z.argmax(axis=-1)[..., None])
    v, close = layer.forward(u), ROUNDING[dtype].assert_close
    assert weight.shape == (7, 4, pieces)
    assert bias.shape == (4, pieces)
    close(v, z.max(axis=-1))
    close(layer.backward(u, v, dv), np.einsum("ntkm,dkm->ntd", dz, weight))
    gradients = layer.weight_gradients(u, v, dv)
    close(gradients["weight"], np.einsum("ntd,ntkm->dkm", u, dz, dtype=np.float64))
    close(gradients["bias"], dz.sum(axis=(0, 1), dtype=np.float64))


def test_two_pieces_are_relu_and_the_absolute_value() -> None:
    u = np.linspace(-2.0, 2.0, 9)[:, None]
    v = with_weights([[[1.0, 0.0], [1.0, -1.0]]]).forward(u)
    assert (v == np.concatenate([np.maximum(u, 0.0), np.abs(u)], axis=1)).all()


def test_tangents_are_a_convex_function() -> None:
    points = np.linspace(-2.0, 2.0, 65)  # u^2 is the largest of its tangents 2 p u - p^2
    layer = with_weights([[2.0 * points]], [-(points**2)])
    u = np.linspace(-2.0, 2.0, 1001)[:, None]
    gap = u**2 - layer.forward(u)
    assert gap.min() >= -1e-15
    assert gap.max() <= (points[1] - points[0]) ** 2 / 4 + 1e-15  # halfway between two points


def test_one_piece_is_a_linear_layer(rng: np.random.Generator) -> None:
    u, weight = rng.normal(size=(5, 3)), rng.normal(size=(3, 2, 1))
    ROUNDING["float64"].assert_close(with_weights(weight).forward(u), u @ weight[..., 0])


def test_equal_pieces_share_nothing_only_the_first_learns() -> None:
    layer = with_weights(np.ones((1, 1, 3)))
    gradient = layer.weight_gradients([[2.0]], [[2.0]], [[1.0]])["weight"]
    assert gradient.tolist() == [[[2.0, 0.0, 0.0]]]


def test_first_weights_have_the_scale_of_single_pieces() -> None:
    weight = nn.Maxout(50, 4, weight_initializer="lecun_normal").build((400,)).parameters["weight"]
    assert abs(weight.std() * 20 - 1) < 0.01


def test_regularizers_and_constraints_reach_its_parameters(rng: np.random.Generator) -> None:
    x = rng.normal(size=(30, 4))
    model = nn.Sequential(
        [
            nn.Input(4),
            nn.Maxout(3, 2, weight_regularizer=nn.L2(0.5), bias_regularizer=nn.L1(0.25), bias_initializer="ones",
                      weight_constraint=nn.MaxNorm(0.3)),
        ],
        dtype="float64",
    )  # fmt: skip
    model.compile(nn.SGD(0.1), "squared")
    weight = model.parameters["maxout/weight"]
    y = model.predict(x)  # so that only the penalty is left
    loss, _ = model.loss_and_gradients(x, y)
    ROUNDING["float64"].assert_close(loss, 0.25 * np.square(weight).sum() + 0.25 * 6)
    model.train_on_batch(x, y)
    norms = np.sqrt(np.square(weight).sum(axis=0))  # of each piece
    assert norms.shape == (3, 2)
    assert norms.max() <= 0.3 * (1 + 1e-12)


def test_it_learns_xor_without_any_other_layer_that_bends() -> None:
    x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = nn.Sequential([nn.Input(2), nn.Maxout(4), nn.Dense(1, "sigmoid")], seed=1)
    model.compile(nn.Adam(0.05), "nll")
    model.fit(x, y, epochs=300, batch_size=4)
    assert model.predict_classes(x).tolist() == y


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")  # other packages' own warnings
def test_gradients_equal_autograd(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    u, dv = rng.normal(size=(20, 6)), rng.normal(size=(20, 5))
    layer = nn.Maxout(5, 3, bias_initializer=nn.initializers.Normal(0.0, 1.0)).build((6,), dtype="float64")
    x, w, b = (torch.tensor(values.copy(), requires_grad=True) for values in (u, *layer.parameters.values()))
    expected = (torch.einsum("ni,ikm->nkm", x, w) + b).amax(dim=2)
    expected.backward(torch.tensor(dv))
    v, close = layer.forward(u), ROUNDING["float64"].assert_close
    close(v, expected.detach().numpy())
    close(layer.backward(u, v, dv), x.grad.numpy())
    gradients = layer.weight_gradients(u, v, dv)
    close(gradients["weight"], w.grad.numpy())
    close(gradients["bias"], b.grad.numpy())
