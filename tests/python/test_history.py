"""History: a mapping from scores to their values by epoch."""

import numpy as np
import pytest

import nncpp as nn

ROWS = [{"loss": 2.0}, {"loss": 1.0, "val_loss": 1.5}, {"loss": 0.5, "val_loss": 1.25}]


def test_a_history_is_a_mapping_to_lists() -> None:
    history = nn.History([dict(row) for row in ROWS])
    assert list(history) == ["loss", "val_loss"]
    assert history["loss"] == [2.0, 1.0, 0.5]
    np.testing.assert_array_equal(history["val_loss"], [np.nan, 1.5, 1.25])
    assert (len(history), history.epochs, "loss" in history, "accuracy" in history) == (2, 3, True, False)
    assert dict(history)["loss"] == history["loss"]
    assert history.get("accuracy") is None


def test_an_empty_history_has_no_epochs() -> None:
    assert (len(nn.History()), nn.History().epochs, list(nn.History())) == (0, 0, [])
    with pytest.raises(KeyError, match="no epochs"):
        _ = nn.History()["loss"]
