"""Windows around words, corrupted windows, streams of tokens."""

from typing import Any

import numpy as np
import pytest

import nncpp as nn

# CS224n 2017, assignment 3, q1_window.py, test_make_windowed_data: features of two columns, window size 1 on each side
SENTENCE, START, END = [[1, 1], [2, 0], [3, 3]], [5, 0], [6, 0]
WINDOWED = [[5, 0, 1, 1, 2, 0], [1, 1, 2, 0, 3, 3], [2, 0, 3, 3, 6, 0]]


def test_windows_are_those_of_public_course_work() -> None:
    columns = [nn.text.windows([row[k] for row in SENTENCE], 3, padding=(START[k], END[k])) for k in range(len(START))]
    assert np.stack(columns, axis=-1).reshape(3, 6).tolist() == WINDOWED


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_windows_are_those_of_the_definition(size: int, rng: np.random.Generator) -> None:
    sentences = [rng.integers(4, 50, length) for length in (1, 7, 0, 2, 12)]
    side, expected = size // 2, []
    for sentence in sentences:
        padded = [2] * side + sentence.tolist() + [3] * side
        expected += [padded[i : i + size] for i in range(len(sentence))]
    windows = nn.text.windows(sentences, size, padding=(2, 3))
    assert (windows.dtype, windows.shape) == (np.int64, (22, size))
    assert windows.tolist() == expected
    assert windows[:, side].tolist() == np.concatenate(sentences).tolist()


def test_one_sentence_is_enough_and_none_gives_no_windows() -> None:
    assert nn.text.windows(np.array([4, 5]), 3).tolist() == [[0, 4, 5], [4, 5, 0]]
    assert nn.text.windows(np.array([[4], [5]]), 3).tolist() == [[0, 4, 0], [0, 5, 0]]
    assert nn.text.windows([], 3).shape == nn.text.windows([[], []], 3).shape == (0, 3)


@pytest.mark.parametrize(("words", "special"), [(2, 0), (6, 4), (30, 4), (1000, 1)])
def test_only_the_middle_word_is_wrong_and_it_always_is(words: int, special: int, rng: np.random.Generator) -> None:
    windows = rng.integers(0, words, (500, 5))
    before = windows.copy()
    corrupted = nn.text.corrupt(windows, words, seed=1, num_special=special)
    assert (windows == before).all()
    assert (corrupted != windows).any(axis=0).tolist() == [False, False, True, False, False]
    assert (corrupted[:, 2] != windows[:, 2]).all()
    assert corrupted[:, 2].min() >= special
    assert corrupted[:, 2].max() < words


def test_every_other_word_comes_equally_often() -> None:
    words, special, rows = 13, 3, 100
    windows = np.full((rows * 9, 3), 7)
    counts = np.bincount(nn.text.corrupt(windows, words, num_special=special)[:, 1], minlength=words)
    assert counts.tolist() == [0, 0, 0, *[rows] * 4, 0, *[rows] * 5]
    unknown = np.bincount(nn.text.corrupt(np.full((900, 3), 1), words, num_special=special)[:, 1], minlength=words)
    assert unknown[:3].tolist() == [0, 0, 0]
    assert sorted(unknown[3:].tolist()) == [0, *[100] * 9]


def test_which_word_comes_is_a_function_of_seed_and_epoch(rng: np.random.Generator) -> None:
    windows = rng.integers(4, 300, (200, 3))

    def middle(**keys: int) -> Any:
        return nn.text.corrupt(windows, 300, num_special=4, **keys)[:, 1]

    assert (middle(seed=3, epoch=2) == middle(seed=3, epoch=2)).all()
    for other in (middle(seed=4, epoch=2), middle(seed=3, epoch=1), middle()):
        assert np.mean(other != middle(seed=3, epoch=2)) > 0.9


@pytest.mark.parametrize(("n", "streams", "steps"), [(100, 3, 5), (31, 3, 5), (16, 3, 5), (50, 1, 7), (9, 8, 1)])
def test_each_row_goes_on_where_it_ended_in_the_batch_before(n: int, streams: int, steps: int) -> None:
    text = np.arange(n) * 3
    x, y = nn.text.token_streams(text, streams, steps)
    batches = (n - 1) // (streams * steps)
    assert x.shape == y.shape == (batches * streams, steps)
    assert (y == x + 3).all()
    for k in range(1, batches):
        for i in range(streams):
            assert x[k * streams + i, 0] == y[(k - 1) * streams + i, -1]
    read = [x[i::streams].reshape(-1) for i in range(streams)]
    assert np.concatenate(read).tolist() == text[: batches * streams * steps].tolist()


def test_streams_are_new_arrays_row_by_row() -> None:
    x, y = nn.text.token_streams([4, 5, 6, 7, 8], 1, 2)
    assert x.tolist() == [[4, 5], [6, 7]]
    assert y.tolist() == [[5, 6], [7, 8]]
    assert x.flags.c_contiguous
    assert y.flags.c_contiguous
