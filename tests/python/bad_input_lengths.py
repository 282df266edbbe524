"""Bad input to lengths= and to models whose state goes on from batch to batch."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Data, Early, Shape, Subject, case
from sequence_data import COLUMNS, ROWS, STEPS, data, pooled, tagger

D = data()


def fit(lengths: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: tagger().fit(D.x, D.tags, lengths=lengths, **options)


def predict(lengths: Any, x: Any = None) -> Callable[[Subject], Any]:
    return lambda s: tagger().predict(D.x if x is None else x, lengths=lengths)


def lengths_with(value: Any) -> Any:
    lengths = D.lengths.copy()
    lengths[4] = value
    return lengths


def model_of(*layers: Any) -> Callable[[Subject], Any]:
    model = nn.Sequential([nn.Input((STEPS, COLUMNS)), *layers, nn.Dense(1)])
    return lambda s: model.predict(D.x, lengths=D.lengths)


def two_inputs(s: Subject) -> Any:
    a, b = nn.Input((STEPS, 2), name="short"), nn.Input((STEPS + 1, 2), name="long")
    pool = nn.GlobalMaxPool1D()
    model = nn.Model([a, b], nn.ops.concatenate([pool(a), nn.GlobalMaxPool1D()(b)]))
    return model.predict([np.ones((3, STEPS, 2)), np.ones((3, STEPS + 1, 2))], lengths=[1, 2, 3])


def rubbish_that_counts(what: str) -> Callable[[Subject], Any]:
    x, y = D.x.copy(), D.tags.copy()
    last = D.lengths[0] - 1
    if what == "x":
        x[0, last, 1] = np.nan
    else:
        y[0, last] = 10**9
    return lambda s: tagger().fit(x, y, lengths=D.lengths)


def score(lengths: Any, y: Any = None) -> Callable[[Subject], Any]:
    p = np.full((ROWS, STEPS, 4), 0.25)
    return lambda s: nn.metrics.F1()(D.tags if y is None else y, p, loss="nllm", lengths=lengths)


def streams(rows: int = 6, **options: Any) -> Callable[[Subject], Any]:
    def call(s: Subject) -> Any:
        model = nn.Sequential([nn.Input((STEPS, COLUMNS)), nn.SimpleRNN(2, stateful=3), nn.Dense(1)])
        model.compile("adam", "squared")
        return model.fit(D.x[:rows], np.ones(rows), **{"batch_size": 3, "shuffle": False, **options})

    return call


LENGTHS: list[Case] = [
    case("a length of 0", fit(lengths_with(0)), Data, "lengths", "1 ... 6", "got 0", "row 4"),
    case("a length beyond T", fit(lengths_with(STEPS + 1)), Data, "lengths", "1 ... 6", "got 7", "row 4"),
    case("a length below 0", predict(lengths_with(-1)), Data, "lengths", "1 ... 6", "got -1"),
    case("lengths that are floats", fit(D.lengths * 1.0), TypeError, "lengths", "whole numbers", "astype('int64')"),
    case("lengths that are flags", fit(D.lengths > 1), TypeError, "lengths", "whole numbers", "bool"),
    case("lengths of fewer rows", fit(D.lengths[1:]), Shape, "lengths", "(23,)", "(22,)"),
    case("lengths of another shape", fit(D.lengths[:, None]), Shape, "lengths", "(n,)", "(23, 1)"),
    case("one length for all", predict(3), Shape, "lengths", "(n,)", "()"),
    case("lengths in words", predict(["all"] * ROWS), TypeError, "lengths", "str"),
    case("lengths of one step", lambda s: tagger().train_on_batch(D.x, D.tags, lengths=lengths_with(9)), Data, "got 9"),
    case("lengths of a gradient", lambda s: tagger().loss_and_gradients(D.x, D.tags, lengths=[1]), Shape, "lengths"),
    case(
        "lengths to check", lambda s: nn.check_gradients(tagger(), D.x, D.tags, lengths=lengths_with(0)), Data, "got 0"
    ),
    case("lengths to look at", lambda s: nn.preflight(tagger(), D.x, D.tags, lengths=lengths_with(0)), Data, "got 0"),
    case("lengths to minimize", lambda s: nn.minimize(tagger(), D.x, D.tags, lengths=lengths_with(0)), Data, "got 0"),
    case("lengths of a curvature", lambda s: nn.optimal_step(tagger(), D.x, D.tags, lengths=[0]), Shape, "lengths"),
    case("lengths of a walk", lambda s: tagger().explain_backward(D.x, D.tags, lengths=lengths_with(0)), Data, "got 0"),
    case(
        "lengths of a layer",
        lambda s: nn.check_gradients(nn.Dense(2), D.x, lengths=D.lengths),
        TypeError,
        "lengths",
        "only models",
    ),
    case(
        "lengths of a model without steps",
        lambda s: s.fit(lengths=np.ones(12, int)),
        Data,
        "lengths",
        "an input with steps",
        "leave it out",
    ),
    case("lengths before a Flatten", model_of(nn.Flatten()), Data, "lengths", "flatten", "steps of a sequence"),
    case("lengths before a Conv1D", model_of(nn.Conv1D(2, 2)), Data, "lengths", "conv1d", "leave lengths out"),
    case("lengths before a MaxPool1D", model_of(nn.MaxPool1D(2)), Data, "lengths", "max_pool1d"),
    case("lengths before an UpSample1D", model_of(nn.UpSample1D(2)), Data, "lengths", "up_sample1d"),
    case("lengths of inputs that differ in T", two_inputs, Shape, "lengths", "short (N, 6, 2)", "long (N, 7, 2)"),
    case("NaN in a step that counts", rubbish_that_counts("x"), Data, "x[0]", "NaN", "row 5"),
    case("a label out of range in a step that counts", rubbish_that_counts("y"), Data, "y[0]", "labels 0 ... 3"),
    case(
        "validation data with bad lengths",
        fit(D.lengths, validation_data=(D.x, D.tags, None, lengths_with(0))),
        Data,
        "validation_data",
        "lengths",
        "got 0",
    ),
    case(
        "validation data of five", fit(D.lengths, validation_data=(D.x,) * 5), TypeError, "validation_data", "lengths"
    ),
    case(
        "a second run with lengths of one part",
        fit(D.lengths, validation_data=(D.x, D.tags), callbacks=nn.EarlyStopping(second_run="restart")),
        Data,
        "second_run",
        "lengths",
    ),
    case("class weights of steps", fit(D.lengths, class_weight={0: 2.0}), Data, "class_weight", "sample_weight"),
    case(
        "class weights of rows with labels of steps",
        lambda s: pooled().fit(D.x, D.tags, lengths=D.lengths),
        Shape,
        "y",
        "(N, 4)",
    ),
    case("a metric with lengths of fewer rows", score(D.lengths[1:]), Shape, "lengths", "y_pred"),
    case("a metric with a length beyond T", score(lengths_with(9)), Data, "lengths", "1 ... 6"),
    case("a metric with lengths that are floats", score(D.lengths * 1.0), Data, "lengths", "whole numbers"),
    case("a metric with labels of rows", score(D.lengths, D.labels), Shape, "y_true", "(23, 6)", "(23,)"),
    case("streams in other batches", streams(batch_size=2), Data, "batch_size", "expected 3", "got 2"),
    case("streams in the usual batches", streams(batch_size=32), Data, "batch_size", "expected 3", "got 32"),
    case("streams in a new order", streams(shuffle=True), Data, "shuffle", "False"),
    case("streams that do not fill a batch", streams(rows=7), Data, "x", "multiple of 3", "got 7"),
    case("states of a model without shape", lambda s: nn.Sequential([nn.Dense(1)]).reset_states(), Early, "shape"),
]
