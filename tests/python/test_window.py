"""Where a window goes, in Conv2D and Conv1D: positions, what is dropped, padding, and weights for each."""

from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nncpp as nn


def published_layer(size: int, stride: int, zeros: int, **options: Any) -> nn.Conv2D:
    return nn.Conv2D(1, size, strides=stride, padding=zeros, **options)


# (W, F, S, P) -> (W - F + 2 P) / S + 1, CS231n course notes, convolutional-networks.md
@pytest.mark.parametrize(
    ("width", "numbers", "positions"),
    [
        (7, (3, 1, 0), 5),
        (7, (3, 2, 0), 3),
        (5, (3, 1, 1), 5),
        (5, (3, 2, 1), 3),
        (227, (11, 4, 0), 55),
        (11, (5, 2, 0), 4),
        (32, (5, 1, 2), 32),
        (32, (2, 2, 0), 16),
    ],
)
def test_published_sizes(width: int, numbers: tuple[int, int, int], positions: int) -> None:
    sweeps = published_layer(*numbers, strict=True).over((width, width, 3))
    assert [sweep.positions for sweep in sweeps] == [positions, positions]


@pytest.mark.parametrize(("width", "numbers", "dropped"), [(10, (3, 2, 0), 1), (224, (11, 4, 0), 1)])
def test_published_sizes_that_do_not_fit(width: int, numbers: tuple[int, int, int], dropped: int) -> None:
    assert published_layer(*numbers).over((width, width, 3))[0].dropped == dropped
    with pytest.raises(nn.ShapeError, match="strict"):
        published_layer(*numbers, strict=True).over((width, width, 3))


def count(layer: nn.Layer, shape: tuple[int, ...]) -> int:
    return sum(values.size for values in layer.build(shape).parameters.values())


def test_published_numbers_of_weights() -> None:
    # CS231n course notes, convolutional-networks.md: one filter on CIFAR-10 and on 20 channels, AlexNet's first layer
    assert count(nn.Conv2D(1, 5), (32, 32, 3)) == 75 + 1
    assert count(nn.Conv2D(1, 3, use_bias=False), (16, 16, 20)) == 180
    first = nn.Conv2D(96, 11, strides=4, strict=True).build((227, 227, 3))
    assert prod(first.output_shape) == 290_400
    assert first.parameters["weight"].size == 34_848
    assert count(nn.Conv2D(96, 11, strides=4), (227, 227, 3)) == 34_944
    # VGG-16, the table of the case study
    depths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    weights = [count(nn.Conv2D(K, 3, padding=1, use_bias=False), (14, 14, C)) for C, K in pairwise(depths)]
    assert weights == [1728, 36864, 73728, 147456, 294912, 589824, 589824, 1179648, *[2359296] * 5]


def by_steps(length: int, size: int, stride: int, dilation: int, zeros: tuple[int, int]) -> tuple[int, int]:
    """Positions of a window that is moved as long as it fits, and what it leaves at the end."""
    total, extent = length + sum(zeros), dilation * (size - 1) + 1
    starts = [start for start in range(0, total, stride) if start + extent <= total]
    return len(starts), total - (starts[-1] + extent) if starts else 0


numbers = st.integers(1, 9)
ends = st.tuples(st.integers(0, 12), st.integers(0, 12))


@settings(max_examples=300, deadline=None)
@given(length=st.integers(1, 60), size=numbers, stride=numbers, dilation=numbers, zeros=ends)
def test_windows_stand_where_they_fit(
    length: int, size: int, stride: int, dilation: int, zeros: tuple[int, int]
) -> None:
    positions, dropped = by_steps(length, size, stride, dilation, zeros)
    layer = nn.Conv1D(1, size, strides=stride, dilation=dilation, padding=zeros)
    if positions == 0:
        with pytest.raises(nn.ShapeError, match=f"at least {dilation * (size - 1) + 1} steps"):
            layer.over((length, 1))
        return
    (sweep,) = layer.over((length, 1))
    assert (sweep.positions, sweep.dropped) == (positions, dropped)
    for fitting in sweep.fitting_paddings:
        assert by_steps(length, size, stride, dilation, fitting)[1] == 0
    assert layer.build((length, 2)).forward(np.ones((1, length, 2))).shape == (1, positions, 1)
    image = nn.Conv2D(1, (size, 1), strides=(stride, 1), dilation=(dilation, 1), padding=(zeros, 0))
    rows, columns = image.over((length, 1, 1))
    assert (rows.positions, rows.dropped) == (positions, dropped)
    assert (columns.positions, columns.dropped) == (1, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 6, 7])
def test_same_is_as_large_as_the_image_by_the_textbook(
    length: int, stride: int, size: int, rng: np.random.Generator
) -> None:
    zeros = (length * stride - length - stride + size) / 2  # P = (V S - V - S + F) / 2 at each end
    shape = (length, length, 1)
    same = nn.Conv2D(2, size, strides=stride, padding="same", strict=True)
    for sweep in same.over(shape):
        assert sweep.positions == length
        assert sweep.padding == (np.floor(zeros), np.ceil(zeros))
    u = rng.normal(size=(2, *shape))
    ends = same.over(shape)[0].padding
    by_hand = nn.Conv2D(2, size, strides=stride, padding=(ends, ends))
    a, b = (layer.build(shape, dtype="float64") for layer in (same, by_hand))
    assert a.forward(u).tobytes() == b.forward(u).tobytes()


def test_what_is_dropped_changes_nothing(rng: np.random.Generator) -> None:
    u = rng.normal(size=(2, 8, 8, 3))
    layer = nn.Conv2D(4, 3, strides=(2, 3)).build((8, 8, 3), dtype="float64")
    v = layer.forward(u)
    assert v.shape == (2, 3, 2, 4)
    seen = u.copy()
    seen[:, 7:], seen[:, :, 6:] = np.nan, np.nan
    assert layer.forward(seen).tobytes() == v.tobytes()
    du = layer.backward(u, v, np.ones_like(v))
    assert (du[:, 7:] == 0).all()
    assert (du[:, :, 6:] == 0).all()
    assert (du[:, :7, :6] != 0).all()
