"""The digits, and the split of rows."""

import hashlib
from typing import Any

import numpy as np
import pytest

import nncpp as nn

CLASS_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as the UCI repository lists them for its test part
FIRST_DIGIT = [
    [0, 0, 5, 13, 9, 1, 0, 0],
    [0, 0, 13, 15, 10, 15, 5, 0],
    [0, 3, 15, 2, 0, 11, 8, 0],
    [0, 4, 12, 0, 0, 8, 8, 0],
    [0, 5, 8, 0, 0, 9, 8, 0],
    [0, 4, 11, 0, 1, 12, 7, 0],
    [0, 2, 14, 5, 10, 12, 0, 0],
    [0, 0, 6, 13, 10, 0, 0, 0],
]


def test_digits_are_1797_images_in_the_unit_interval() -> None:
    x, y = nn.datasets.digits()
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((1797, 64), np.float32, (1797,), np.int64)
    assert (x.min(), x.max()) == (0.0, 1.0)
    assert np.bincount(y).tolist() == CLASS_COUNTS
    assert (16 * x[0]).reshape(8, 8).tolist() == FIRST_DIGIT
    assert (16 * x == np.round(16 * x)).all()


def test_digits_are_new_arrays_each_time() -> None:
    x, y = nn.datasets.digits()
    x[:], y[:] = 0, 0
    assert nn.datasets.digits()[0].any()
    assert nn.datasets.digits()[1].any()


def test_a_split_takes_every_row_once_and_keeps_rows_together(digits: Any) -> None:
    x, y = digits
    numbers = np.arange(len(x))
    train, test = nn.datasets.split((x, y, numbers), test=0.25, seed=0)
    assert [len(a) for a in train] == [1348] * 3
    assert [len(a) for a in test] == [449] * 3
    assert sorted([*train[2], *test[2]]) == list(range(1797))
    for part in (train, test):
        assert (part[0] == x[part[2]]).all()
        assert (part[1] == y[part[2]]).all()


def test_a_split_is_decided_by_its_seed_on_every_machine() -> None:
    def rows(seed: int) -> Any:
        return nn.datasets.split((np.arange(1797),), seed=seed)[1][0]

    assert (rows(3) == rows(3)).all()
    assert (rows(3) != rows(4)).any()
    assert hashlib.sha256(rows(0).astype("<i8").tobytes()).hexdigest()[:16] == "62b36ce343141e8a"


@pytest.mark.parametrize(("test", "count"), [(0.25, 25), (0.5, 50), (1, 1), (99, 99), (np.int64(7), 7), (0.999, None)])
def test_a_share_or_a_number_of_rows_may_be_asked_for(test: Any, count: int | None) -> None:
    if count is None:
        with pytest.raises(nn.DataError, match="test: expected 1 to 99"):
            nn.datasets.split((np.arange(100),), test=test)
    else:
        assert len(nn.datasets.split((np.arange(100),), test=test)[1][0]) == count


def test_lists_and_frames_can_be_split() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(10), "b": list("abcdefghij")})
    (train, labels), (test, others) = nn.datasets.split((frame, list(range(10))), test=3)
    assert isinstance(train, pandas.DataFrame)
    assert train["a"].tolist() == labels.tolist()
    assert test["a"].tolist() == others.tolist()
    assert sorted([*labels, *others]) == list(range(10))
