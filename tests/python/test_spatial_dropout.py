"""SpatialDropout2D and SpatialDropout1D: channels go together, in training only."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn

LAYERS = pytest.mark.parametrize(
    ("layer", "shape"),
    [(nn.SpatialDropout2D, (4, 5, 30)), (nn.SpatialDropout1D, (6, 30)), (nn.SpatialDropout2D, (1, 1, 9000))],
    ids=["images", "sequences", "many channels"],
)


def mask(layer: Any, shape: tuple[int, ...], rate: float, n: int = 40, **options: int) -> Any:
    """(n, C): what each channel is multiplied by."""
    ones = np.ones((n, *shape))
    module = layer(rate).build(shape, dtype="float64", seed=options.pop("seed", 0))
    v = module.forward(ones, training=True, **options)
    assert (v == v[:, *[slice(1)] * (len(shape) - 1)]).all(), "a channel is not of one piece"
    return v.reshape(n, -1, shape[-1])[:, 0]


@LAYERS
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_whole_channels_are_dropped_with_the_given_probability(layer: Any, shape: Any, rate: float) -> None:
    m = mask(layer, shape, rate)
    assert set(np.unique(m)) == {0.0, 1.0 / (1.0 - rate)}
    share = (m == 0).mean()
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / m.size)


@LAYERS
def test_samples_steps_and_seeds_drop_other_channels(layer: Any, shape: Any) -> None:
    m = mask(layer, shape, 0.5)
    assert len(np.unique(m, axis=0)) == len(m)
    assert (mask(layer, shape, 0.5) == m).all()
    assert (mask(layer, shape, 0.5, step=1) != m).any()
    assert (mask(layer, shape, 0.5, seed=1) != m).any()
    assert (mask(layer, shape, 0.5, n=7) == m[:7]).all()


@LAYERS
def test_the_gradient_goes_where_the_values_went(layer: Any, shape: Any, rng: np.random.Generator) -> None:
    u, dv = rng.normal(size=(2, 3, *shape))
    module = layer(0.4).build(shape, dtype="float64")
    m = mask(layer, shape, 0.4, n=3).reshape(3, *[1] * (len(shape) - 1), -1)
    v = module.forward(u, training=True)
    np.testing.assert_allclose(v, m * u, rtol=1e-15)
    np.testing.assert_allclose(module.backward(u, v, dv, training=True), m * dv, rtol=1e-15)


@LAYERS
def test_prediction_drops_nothing(layer: Any, shape: Any, rng: np.random.Generator) -> None:
    u = rng.normal(size=(3, *shape))
    module = layer(0.7).build(shape, dtype="float64")
    assert (module.forward(u) == u).all()
    assert (module.backward(u, u, u) == u).all()


def test_one_pixel_is_dropped_as_dropout_drops_a_row() -> None:
    """One number for each channel, drawn in the same order."""
    ones = np.ones((20, 1, 1, 50))
    spatial = nn.SpatialDropout2D(0.5).build((1, 1, 50)).forward(ones, training=True)
    single = nn.Dropout(0.5).build((50,)).forward(ones[:, 0, 0], training=True)
    assert (spatial[:, 0, 0] == single).all()


def test_a_net_trains_with_it(rng: np.random.Generator) -> None:
    layers = [nn.Input((6, 6, 1)), nn.Conv2D(8, 3, "relu"), nn.SpatialDropout2D(0.3), nn.Flatten()]
    model = nn.Sequential([*layers, nn.Dense(1)], seed=2)
    model.compile(nn.Adam(0.01), "squared")
    x = rng.normal(size=(100, 6, 6, 1))
    y = x[:, 1:3, 1:3, 0].sum(axis=(1, 2))
    history = model.fit(x, y, epochs=60, batch_size=20)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert model.evaluate(x, y)["loss"] < history["loss"][-1]  # nothing is dropped
