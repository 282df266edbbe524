"""Random numbers as functions of a key: known answers, and an independent Philox in Python."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core
from tolerances import ROUNDING

# Salmon, Moraes, Dror, Shaw, Random123: kat_vectors, philox4x32 with 10 rounds.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
MASK = 0xFFFFFFFF


def words(text: str) -> tuple[int, ...]:
    return tuple(int(word, 16) for word in text.split())


def philox(counter: Any, key: Any) -> tuple[int, ...]:
    c, k = list(counter), list(key)
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [high >> 32 ^ c[1] ^ k[0], high & MASK, low >> 32 ^ c[3] ^ k[1], low & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return tuple(c)


def permutation(seed: int, stream: int, step: int, n: int) -> list[int]:
    """Fisher-Yates from the end, 64 bits of Philox for each draw."""
    order, key = list(range(n)), (seed & MASK, seed >> 32)
    for draw, i in enumerate(range(n - 1, 0, -1)):
        four = philox((draw // 2, 0, step, stream), key)
        high, low = four[2 * (draw % 2) : 2 * (draw % 2) + 2]
        j = ((high << 32 | low) * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    return order


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter: str, key: str, answer: str) -> None:
    assert _core.philox(words(counter), words(key)) == words(answer)
    assert philox(words(counter), words(key)) == words(answer)


@pytest.mark.parametrize("n", [1, 2, 10, 1797])
@pytest.mark.parametrize(("name", "stream"), [("order", 0), ("split", 1), ("check", 2), ("text", 3)])
def test_permutations_are_those_of_an_independent_philox(name: str, stream: int, n: int) -> None:
    for seed, step in ((0, 0), (7, 3), (2**64 - 1, 5)):
        assert _core.permutation(seed, name, step, n).tolist() == permutation(seed, stream, step, n)


def test_a_permutation_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert _core.permutation(0, "order", 0, 10).tolist() == [8, 2, 1, 9, 5, 0, 4, 7, 6, 3]
    assert _core.permutation(42, "split", 1, 8).tolist() == [6, 3, 4, 0, 7, 1, 5, 2]


def test_every_place_is_equally_likely() -> None:
    n, tries = 6, 3000
    places = np.array([_core.permutation(1, "order", step, n) for step in range(tries)])
    counts = np.array([np.bincount(places[:, i], minlength=n) for i in range(n)])
    chi_square = np.sum((counts - tries / n) ** 2 / (tries / n))
    assert chi_square < 70  # 25 degrees of freedom: 1 in 10^5 are above 62


def test_normal_numbers_are_box_mullers() -> None:
    seed, step, n = 11, 4, 7

    def unit(high: int, low: int) -> float:
        return (((high << 32 | low) >> 12) + 0.5) * 2.0**-52

    expected = []
    for i in range(n):
        four = philox((i // 2, 0, step, 2), (seed, 0))
        radius, angle = np.sqrt(-2 * np.log(unit(*four[:2]))), 2 * np.pi * unit(*four[2:])
        expected.append(radius * (np.sin(angle) if i % 2 else np.cos(angle)))
    ROUNDING["float64"].assert_close(_core.normal(seed, "check", step, n), expected)


def test_an_order_depends_on_seed_epoch_and_purpose() -> None:
    orders = {
        _core.permutation(seed, stream, step, 50).tobytes()
        for seed in (0, 1, 2**32)
        for stream in ("order", "split", "check", "text")
        for step in (0, 1)
    }
    assert len(orders) == 24


def test_masks_of_two_dropouts_differ_and_are_as_dense_as_asked() -> None:
    inputs = nn.Input(20000)
    model = nn.Model(inputs, [nn.Dropout(0.3)(inputs), nn.Dropout(0.3)(inputs)])
    model.compile(loss="squared")
    ones, zeros = np.ones((1, 20000)), np.zeros((1, 20000))
    layers = [nn.Dropout(0.3).build((20000,), seed=seed).forward(ones, training=True) for seed in (0, 1)]
    for v in layers:
        assert abs((v == 0).mean() - 0.3) < 5 * np.sqrt(0.21 / 20000)
        assert np.unique(v).tolist() == [0.0, np.float32(1 / 0.7)]
    assert abs((layers[0] == layers[1]).mean() - (0.3**2 + 0.7**2)) < 0.02
    # both terms of the loss would be equal with one mask for both layers
    _, gradients = model.loss_and_gradients(ones, [ones, zeros], training=True, inputs=True)
    kept = np.unique(np.round(gradients["input"], 3))
    assert len(kept) == 4
