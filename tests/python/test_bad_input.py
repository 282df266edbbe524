"""Bad input is refused in words and changes nothing; odd but good input works."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from bad_input_augmentation import AUGMENTATION
from bad_input_checks import CHECKS
from bad_input_constraints import CONSTRAINTS
from bad_input_conv import CONV
from bad_input_convnet import CONVNET
from bad_input_custom import CUSTOM
from bad_input_datasets import DATASETS
from bad_input_early_stopping import EARLY_STOPPING
from bad_input_embedding import EMBEDDING
from bad_input_hierarchical import HIERARCHICAL
from bad_input_layers import LAYERS
from bad_input_lengths import LENGTHS
from bad_input_limits import LIMITS
from bad_input_locally_connected import LOCALLY_CONNECTED
from bad_input_losses import LOSSES
from bad_input_maxent import MAXENT
from bad_input_metrics import METRICS
from bad_input_minimize import MINIMIZE
from bad_input_models import MODELS
from bad_input_ops import OPS
from bad_input_plots import PLOTS
from bad_input_pooling import POOLING
from bad_input_preflight import PREFLIGHT
from bad_input_preprocessing import PREPROCESSING
from bad_input_projection_pursuit import PROJECTION_PURSUIT
from bad_input_recurrent import RECURRENT
from bad_input_schedules import SCHEDULES
from bad_input_second_order import SECOND_ORDER
from bad_input_shapes import SHAPES
from bad_input_table import CASES, ROWS, Case, Subject
from bad_input_telemetry import TELEMETRY
from bad_input_text import TEXT
from snapshots import snapshot

ALL = [
    *CASES,
    *AUGMENTATION,
    *CHECKS,
    *CONSTRAINTS,
    *CONV,
    *CONVNET,
    *CUSTOM,
    *DATASETS,
    *EARLY_STOPPING,
    *EMBEDDING,
    *HIERARCHICAL,
    *LAYERS,
    *LENGTHS,
    *LIMITS,
    *LOCALLY_CONNECTED,
    *LOSSES,
    *MAXENT,
    *METRICS,
    *MINIMIZE,
    *MODELS,
    *OPS,
    *PLOTS,
    *POOLING,
    *PREFLIGHT,
    *PREPROCESSING,
    *RECURRENT,
    *SCHEDULES,
    *TELEMETRY,
    *TEXT,
    *SECOND_ORDER,
    *SHAPES,
    *PROJECTION_PURSUIT,
]


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 4)), np.arange(ROWS) % 3
    model = nn.Sequential([nn.Input(4), nn.Dense(5, "tanh"), nn.Dense(3, "softmax", name="out")], seed=1)
    model.compile("adam", "nllm", metrics=["accuracy"])
    model.fit(x, y, batch_size=5)  # moments and history are no longer empty
    return Subject(model, x, y, tmp_path)


def test_the_table_is_long_and_its_names_are_different() -> None:
    assert len({case.name for case in ALL}) == len(ALL) >= 60


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_bad_input_is_refused_in_words_and_changes_nothing(case: Case, subject: Subject) -> None:
    before, rate = snapshot(subject.model), subject.model.optimizer.learning_rate
    with pytest.raises(case.error) as raised:
        case.call(subject)
    assert isinstance(raised.value, nn.NncppError) or type(raised.value) is TypeError, repr(raised.value)
    message = str(raised.value)
    missing = [word for word in case.words if word not in message]
    assert not missing, f"{missing} not in: {message}"
    assert "\n" not in message
    assert snapshot(subject.model) == before
    assert subject.model.optimizer.learning_rate == rate
    assert np.isfinite(subject.model.train_on_batch(subject.x, subject.y)), "it still trains"


UNBUILT = {
    "NaN": lambda s: s.x_with(np.nan),
    "words": lambda s: s.x.astype(str),
    "one column": lambda s: s.x[:, 0],
    "no rows": lambda s: s.x[:0],
}


@pytest.mark.parametrize("name", UNBUILT)
def test_bad_data_do_not_decide_the_shape_of_a_model(name: str, subject: Subject) -> None:
    model = nn.Sequential([nn.Standardize(), nn.Dense(3, "softmax")])
    model.compile(loss="nllm")
    with pytest.raises((nn.NncppError, TypeError), match="x"):
        model.fit(UNBUILT[name](subject)[:, ...], subject.y[: len(UNBUILT[name](subject))])
    model.fit(np.ones((6, 7)) * np.arange(6)[:, None], np.arange(6) % 3)
    assert model.parameters["dense/weight"].shape == (7, 3)


GOOD: dict[str, Callable[[Subject], Any]] = {
    "negative strides": lambda s: s.fit(s.x[::-1, ::-1], s.y[::-1]),
    "read-only arrays": lambda s: s.fit(np.broadcast_to(s.x[:1], s.x.shape), np.broadcast_to(np.int8(1), (ROWS,))),
    "every other column": lambda s: s.fit(np.repeat(s.x, 2, axis=1)[:, ::2]),
    "Fortran order": lambda s: s.fit(np.asfortranarray(s.x)),
    "targets of one column": lambda s: s.fit(y=s.y[:, None]),
    "targets as distributions": lambda s: s.fit(y=np.eye(3)[s.y]),
    "targets of uint8": lambda s: s.fit(y=s.y.astype(np.uint8)),
    "lists": lambda s: s.fit(s.x.tolist(), s.y.tolist()),
    "float16": lambda s: s.fit(s.x.astype(np.float16)),
    "one row": lambda s: s.fit(s.x[:1], s.y[:1]),
    "a batch larger than the data": lambda s: s.fit(batch_size=10**9),
    "whole numbers of NumPy": lambda s: s.fit(epochs=np.int64(2), batch_size=np.uint8(4)),
    "a rate of NumPy": lambda s: s.model.compile(nn.Adam(np.float32(1e-3)), "nllm"),
    "weights as whole numbers": lambda s: s.fit(sample_weight=np.arange(ROWS)),
    "some weights of zero": lambda s: s.fit(sample_weight=s.y > 0, batch_size=1),
    "class weights of some classes": lambda s: s.fit(class_weight={np.int64(1): 2}),
    "a mapping of inputs": lambda s: s.fit({"input": s.x}, {"out": s.y}),
    "validation data with weights": lambda s: s.fit(validation_data=[s.x, s.y, np.ones(ROWS)]),
    "large numbers that float32 holds": lambda s: s.model.predict(s.x_with(3e38)),
    "denormal numbers": lambda s: s.fit(s.x_with(1e-310)),
    "no rows to predict": lambda s: s.model.predict(s.x[:0]),
    "one file name as text": lambda s: s.model.save(str(s.folder / "m")),
}


@pytest.mark.parametrize("name", GOOD)
def test_odd_but_good_input_works(name: str, subject: Subject) -> None:
    GOOD[name](subject)
    assert all(np.isfinite(values).all() for values in subject.model.parameters.values())
    assert np.isfinite(subject.model.train_on_batch(subject.x, subject.y))


def test_no_rows_give_no_predictions(subject: Subject) -> None:
    assert subject.model.predict(subject.x[:0]).shape == (0, 3)
    assert subject.model.predict_classes(subject.x[:0]).shape == (0,)
