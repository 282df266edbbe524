"""The table of bad input: what is called, what is raised, and the words that the message must have."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nncpp as nn

ROWS = 12


@dataclass
class Subject:
    """What a case plays with: a trained classifier of 4 columns and 3 classes, its data, and an empty folder."""

    model: Any
    x: Any
    y: Any
    folder: Path

    def fit(self, x: Any = None, y: Any = None, **options: Any) -> Any:
        return self.model.fit(self.x if x is None else x, self.y if y is None else y, **options)

    def x_with(self, value: Any, row: int = 3) -> Any:
        x = self.x.copy()
        x[row, 2] = value
        return x

    def y_with(self, value: Any) -> Any:
        y = self.y.copy()
        y[5] = value
        return y

    def file(self, content: bytes) -> Path:
        path = self.folder / "bad.safetensors"
        path.write_bytes(content)
        return path

    def saved(self) -> bytes:
        self.model.save(self.folder / "good.safetensors")
        return (self.folder / "good.safetensors").read_bytes()


@dataclass(frozen=True)
class Case:
    name: str
    call: Callable[[Subject], Any]
    error: type[Exception]
    words: tuple[str, ...]


def case(name: str, call: Callable[[Subject], Any], error: type[Exception], *words: str) -> Case:
    return Case(name, call, error, words)


def dense(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.Dense(*arguments, **options)


def option(**options: Any) -> Callable[[Subject], Any]:
    return lambda s: s.fit(**options)


def compiled(**options: Any) -> Callable[[Subject], Any]:
    return lambda s: s.model.compile(**{"optimizer": "adam", "loss": "nllm", **options})


def sequence(*layers: Any) -> Any:
    return nn.Sequential([nn.Input(4), *layers])


def raw_tensors(s: Subject) -> bytes:
    from safetensors.numpy import save

    return save({"weight": np.ones(3, np.float32)})


def loss(y_true: Any, y_pred: Any) -> float:
    return 0.0


def _fit_with_rate(s: Subject) -> Any:
    model = sequence(nn.Standardize(), nn.Dense(3, "softmax"))
    model.compile(nn.Adam(1e200), "nllm")
    try:
        model.fit(s.x, s.y)
    finally:
        assert (model.state["standardize/mean"] == 0).all()


def _step_with_rate(s: Subject) -> Any:
    model = sequence(nn.Dense(3, "softmax"))
    model.compile(nn.SGD(1e200), "nllm")
    before = model.flat_parameters.copy()
    try:
        model.train_on_batch(s.x, s.y)
    finally:
        assert (model.flat_parameters == before).all()


def _train_through_a_step(s: Subject) -> Any:
    model = sequence(nn.Dense(5, "step", name="gate"), nn.Dense(3, "softmax"))
    model.compile("adam", "nllm")


def _train_up_to_a_step(s: Subject) -> Any:
    model = sequence(nn.Dense(3), nn.Activation("step", name="gate"))
    model.compile("sgd", "squared")


Shape, Data, File, Early = nn.ShapeError, nn.DataError, nn.FileError, nn.NncppError

DATA = [
    case("x has NaN", lambda s: s.fit(s.x_with(np.nan)), Data, "x", "NaN", "row 3"),
    case("x has infinity", lambda s: s.fit(s.x_with(np.inf)), Data, "x", "infinity", "row 3"),
    case("x has minus infinity", lambda s: s.fit(s.x_with(-np.inf, 11)), Data, "x", "row 11"),
    case("x overflows float32", lambda s: s.fit(s.x_with(1e39)), Data, "x", "float32", "row 3"),
    case("x to predict has NaN", lambda s: s.model.predict(s.x_with(np.nan)), Data, "x", "NaN", "row 3"),
    case("x to evaluate has NaN", lambda s: s.model.evaluate(s.x_with(np.nan), s.y), Data, "x", "NaN"),
    case("x of one step has NaN", lambda s: s.model.train_on_batch(s.x_with(np.nan), s.y), Data, "x", "NaN"),
    case("x to differentiate has NaN", lambda s: s.model.loss_and_gradients(s.x_with(np.nan), s.y), Data, "x", "NaN"),
    case("x to check has NaN", lambda s: nn.check_gradients(s.model, s.x_with(np.nan), s.y), Data, "x", "NaN"),
    case("x is empty", lambda s: s.fit(s.x[:0], s.y[:0]), Shape, "x", "0"),
    case("x is an empty list", lambda s: s.fit([], []), Shape, "x"),
    case("x is one sample", lambda s: s.fit(s.x[0], s.y[:1]), Shape, "x", "(N, 4)", "(4,)", "x[None]"),
    case("x has three axes", lambda s: s.fit(s.x[:, :, None]), Shape, "x", "(N, 4)", "(12, 4, 1)"),
    case("x has a column too many", lambda s: s.fit(np.ones((ROWS, 5))), Shape, "x", "(N, 4)", "(12, 5)"),
    case("x to predict has a column too few", lambda s: s.model.predict(s.x[:, 1:]), Shape, "x", "(N, 4)", "(12, 3)"),
    case("x is a number", lambda s: s.model.predict(1.0), Shape, "x", "()"),
    case("x is None", lambda s: s.model.predict(None), TypeError, "x", "None"),
    case("x is ragged", lambda s: s.model.predict([[1, 2, 3, 4], [1, 2]]), Shape, "x", "equal length"),
    case("x is of objects", lambda s: s.fit(s.x.astype(object)), TypeError, "x", "object", "astype"),
    case("x is complex", lambda s: s.fit(s.x.astype(complex)), TypeError, "x", "complex128", "real"),
    case("x is of strings", lambda s: s.fit(s.x.astype(str)), TypeError, "x", "str", "columns of 0 and 1"),
    case("x is of bytes", lambda s: s.fit(s.x.astype("S8")), TypeError, "x", "bytes"),
    case("x is of dates", lambda s: s.fit(s.x.astype("datetime64[D]")), TypeError, "x", "datetime64", "astype"),
    case("x is of durations", lambda s: s.fit(s.x.astype("timedelta64[s]")), TypeError, "x", "timedelta64"),
    case("x is big-endian", lambda s: s.fit(s.x.astype(">f4")), TypeError, "x", "byte order", ">f4", "astype"),
    case("x is of long doubles", lambda s: s.fit(s.x.astype(np.longdouble)), TypeError, "x", "float64"),
    case("x is of records", lambda s: s.fit(np.zeros(ROWS, [("a", "f4")])), TypeError, "x", "real numbers"),
    case("x is masked", lambda s: s.fit(np.ma.masked_less(s.x, 0.0)), Data, "x", "masked", "filled"),
    case("x is a generator", lambda s: s.fit(row for row in s.x), TypeError, "x", "object"),
    case("y is shorter than x", lambda s: s.fit(y=s.y[:-1]), Shape, "y", "12", "11"),
    case("y is missing", lambda s: s.model.fit(s.x), TypeError, "y", "None"),
    case("y has a label too large", lambda s: s.fit(y=s.y_with(3)), Data, "y", "0 ... 2", "got 3", "row 5"),
    case("y has a negative label", lambda s: s.fit(y=s.y_with(-1)), Data, "y", "0 ... 2", "got -1", "row 5"),
    case("y has labels as floats", lambda s: s.fit(y=s.y.astype(float)), Data, "y", "integer", "astype(int)"),
    case("y has labels as words", lambda s: s.fit(y=np.array(list("abc") * 4)), TypeError, "y", "np.unique"),
    case("y does not sum to 1", lambda s: s.fit(y=np.eye(3)[s.y] * 2), Data, "y", "sum to 1", "got a sum of 2"),
    case("y has negative parts", lambda s: s.fit(y=1.5 * np.eye(3)[s.y] - 1 / 6), Data, "y", "probabilities >= 0"),
    case("y has two columns", lambda s: s.fit(y=np.eye(2)[s.y % 2]), Shape, "y", "(N, 3)", "(12, 2)"),
    case("weights are too few", lambda s: s.fit(sample_weight=np.ones(5)), Shape, "sample_weight", "(12,)", "(5,)"),
    case("weights are negative", lambda s: s.fit(sample_weight=-s.x[:, 0] ** 2 - 1), Data, "sample_weight", ">= 0"),
    case("weights are zeros", lambda s: s.fit(sample_weight=np.zeros(ROWS)), Data, "sample_weight", "zeros"),
    case("a weight is NaN", lambda s: s.fit(sample_weight=s.x_with(np.nan)[:, 2] ** 2), Data, "sample_weight", "NaN"),
    case("weights have two axes", lambda s: s.fit(sample_weight=np.ones((ROWS, 1))), Shape, "sample_weight", "(n,)"),
    case("weights are words", lambda s: s.fit(sample_weight=["heavy"] * ROWS), TypeError, "sample_weight", "real"),
    case("class_weight of no class", option(class_weight={3: 1.0}), Data, "class_weight", "0 ... 2", "3"),
    case("class_weight of a word", option(class_weight={"cat": 1.0}), TypeError, "class_weight", "cat"),
    case("class_weight below zero", option(class_weight={0: -1.0}), Data, "class_weight", "-1"),
    case("class_weight of zeros", option(class_weight={0: 0, 1: 0, 2: 0}), Data, "class_weight", "zeros"),
    case("class_weight is a list", option(class_weight=[1, 2, 3]), TypeError, "class_weight", "mapping"),
    case("validation x has NaN", lambda s: s.fit(validation_data=(s.x_with(np.nan), s.y)), Data, "validation_data",
         "NaN"),
    case("validation y is short", lambda s: s.fit(validation_data=(s.x, s.y[:3])), Shape, "validation_data", "12", "3"),
    case("validation is x alone", lambda s: s.fit(validation_data=s.x), TypeError, "validation_data", "(x, y)"),
    case("validation is given twice", lambda s: s.fit(validation_data=(s.x, s.y), validation_split=0.1), Data,
         "validation_split", "validation_data"),
    case("validation_split 0", option(validation_split=0), Data, "validation_split", "(0, 1)", "0"),
    case("validation_split 1", option(validation_split=1), Data, "validation_split", "(0, 1)", "1"),
    case("validation_split 1.5", option(validation_split=1.5), Data, "validation_split", "(0, 1)", "1.5"),
    case("validation_split leaves nothing", option(validation_split=0.999), Data, "validation_split", "12 rows"),
    case("validation_split is a word", option(validation_split="half"), TypeError, "validation_split", "half"),
]  # fmt: skip

ARGUMENTS = [
    case("batch size 0", option(batch_size=0), Data, "batch_size", ">= 1", "0"),
    case("batch size -1", option(batch_size=-1), Data, "batch_size", ">= 1", "-1"),
    case("batch size 2.5", option(batch_size=2.5), TypeError, "batch_size", "whole number", "2.5"),
    case("batch size True", option(batch_size=True), TypeError, "batch_size", "whole number", "True"),
    case("epochs 0", option(epochs=0), Data, "epochs", ">= 1", "0"),
    case("epochs -1", option(epochs=-1), Data, "epochs", ">= 1", "-1"),
    case("epochs is a word", option(epochs="many"), TypeError, "epochs", "many"),
    case("shuffle is a word", option(shuffle="yes"), TypeError, "shuffle", "True or False", "yes"),
    case("verbose 7", option(verbose=7), Data, "verbose", "auto", "7"),
    case("callbacks is a function", option(callbacks=print), TypeError, "callbacks", "Callback"),
    case("resume without a file", option(resume=True), Data, "checkpoint"),
    case("checkpoint every 0 steps", option(checkpoint="c", checkpoint_every=0), Data, "checkpoint_every", "0"),
    case("checkpoint in no folder", lambda s: s.fit(checkpoint=s.folder / "no" / "c"), File, "no", "folder"),
    case("learning rate NaN", lambda s: nn.Adam(float("nan")), Data, "learning_rate", "nan"),
    case("learning rate infinite", lambda s: nn.SGD(float("inf")), Data, "learning_rate", "inf"),
    case("learning rate -1", lambda s: nn.SGD(-1.0), Data, "learning_rate", "[0, inf)", "-1"),
    case("learning rate is a word", lambda s: nn.SGD("fast"), TypeError, "learning_rate", "fast"),
    case("learning rate is set to NaN", lambda s: setattr(s.model.optimizer, "learning_rate", np.nan), Data,
         "learning_rate", "nan"),
    case("learning rate too large for float32", _fit_with_rate, Data, "learning_rate", "float32", "1e+200"),
    case("learning rate too large for a step", _step_with_rate, Data, "learning_rate", "float32", "1e+200"),
    case("momentum 1", lambda s: nn.SGD(0.1, 1.0), Data, "momentum", "[0, 1)", "1"),
    case("Nesterov without momentum", lambda s: nn.SGD(0.1, nesterov=True), Data, "nesterov", "momentum"),
    case("beta2 1", lambda s: nn.Adam(beta2=1.0), Data, "beta2", "[0, 1)", "1"),
    case("epsilon 0", lambda s: nn.Adam(epsilon=0.0), Data, "epsilon", "(0, inf)", "0"),
    case("epsilon 0 of AdaGrad", lambda s: nn.AdaGrad(epsilon=0), Data, "epsilon", "(0, inf)", "0"),
    case("epsilon -1 of RMSProp", lambda s: nn.RMSProp(epsilon=-1), Data, "epsilon", "(0, inf)", "-1"),
    case("epsilon NaN of Adadelta", lambda s: nn.Adadelta(epsilon=np.nan), Data, "epsilon", "nan"),
    case("epsilon that is 0 in float32", compiled(optimizer=nn.AdaGrad(epsilon=1e-50)), Data, "epsilon", "float32",
         "1e-50"),
    case("epsilon inside by word", lambda s: nn.RMSProp(epsilon_inside_root="no"), TypeError, "epsilon_inside_root",
         "True or False", "no"),
    case("epsilon inside by number", lambda s: nn.AdaGrad(epsilon_inside_root=1), TypeError, "epsilon_inside_root"),
    case("epsilon inside of nothing", lambda s: nn.Adam(epsilon_inside_root=None), TypeError, "epsilon_inside_root"),
    case("rho 1", lambda s: nn.RMSProp(rho=1), Data, "rho", "[0, 1)", "1"),
    case("rho -0.1", lambda s: nn.Adadelta(rho=-0.1), Data, "rho", "[0, 1)", "-0.1"),
    case("rho is a word", lambda s: nn.Adadelta(rho="most"), TypeError, "rho", "most"),
    case("weight decay -1", lambda s: nn.AdamW(weight_decay=-1), Data, "weight_decay", "[0, inf)", "-1"),
    case("weight decay infinite", lambda s: nn.AdamW(weight_decay=np.inf), Data, "weight_decay", "inf"),
    case("weight decay is a word", lambda s: nn.AdamW(weight_decay="some"), TypeError, "weight_decay", "some"),
    case("weight decay of Adam", lambda s: nn.Adam(weight_decay=0.1), TypeError, "weight_decay"),
    case("training through a step", _train_through_a_step, Data, "gate: ", "activation 'step'", "sigmoid"),
    case("training up to a step", _train_up_to_a_step, Data, "gate: ", "activation 'step'"),
    case("a gradient of a step", lambda s: nn.Activation("step", name="gate").build((4,)).backward(s.x, s.x, s.x), Data,
         "gate: ", "activation 'step'"),
    case("an unknown activation", dense(3, "swoosh"), Data, "activation", "swoosh", "relu"),
    case("an activation as function", dense(3, np.tanh), TypeError, "activation", "relu"),
    case("an unknown optimizer", compiled(optimizer="magic"), Data, "optimizer", "magic", "sgd, adagrad", "adamw"),
    case("an unknown loss", compiled(loss="gain"), Data, "loss", "gain", "squared, absolute", "nll, nllm"),
    case("a loss as class", compiled(loss=nn.NLLM), TypeError, "loss", "NLLM(...)"),
    case("no loss", compiled(loss=None), TypeError, "loss", "None"),
    case("an unknown metric", compiled(metrics=["luck"]), Data, "metrics", "luck", "accuracy"),
    case("an unknown initializer", dense(3, weight_initializer="he"), Data, "weight_initializer", "'he'", "he_normal"),
    case("an unknown regularizer", dense(3, weight_regularizer="l3"), Data, "weight_regularizer", "l3", "l2"),
    case("softmax with nll", compiled(loss="nll"), Data, "out", "softmax", "nllm"),
    case("accuracy of a squared loss", compiled(loss="squared", metrics=["accuracy"]), Data, "accuracy", "nllm"),
    case("two scores of one name", compiled(metrics=["accuracy", "accuracy"]), Data, "metrics", "accuracy", "name"),
    case("a metric called loss", compiled(metrics=[loss]), Data, "metrics", "loss", "name"),
    case("a config of a loss", compiled(loss={"kind": "nllm"}), Data, "loss", "out", "kind"),
    case("two losses for one output", compiled(loss=["nllm", "nllm"]), Data, "loss", "out", "2"),
    case("a loss of an unknown output", compiled(loss={"no": "nllm"}), Data, "loss", "out", "no"),
    case("a loss weight below 0", compiled(loss_weights=[-1]), Data, "loss_weights", "-1"),
    case("dropout 1.0", lambda s: nn.Dropout(1.0), Data, "rate", "[0, 1)", "1"),
    case("dropout -0.1", lambda s: nn.Dropout(-0.1), Data, "rate", "[0, 1)", "-0.1"),
    case("dropout NaN", lambda s: nn.Dropout(float("nan")), Data, "rate", "nan"),
    case("dropout is a word", lambda s: nn.Dropout("half"), TypeError, "rate", "half"),
    case("units 0", dense(0), Data, "units", ">= 1", "0"),
    case("units -3", dense(-3), Data, "units", ">= 1", "-3"),
    case("units 2.5", dense(2.5), TypeError, "units", "2.5"),
    case("use_bias is a word", dense(3, use_bias="no"), TypeError, "use_bias", "no"),
    case("L2 of -1", lambda s: nn.L2(-1), Data, "l2", "[0, inf)", "-1"),
    case("a bias penalty without a bias", dense(3, use_bias=False, bias_regularizer="l2"), Data, "bias_regularizer"),
    case("uniform upside down", lambda s: nn.initializers.Uniform(1, -1), Data, "high", "-1"),
    case("dtype int8", lambda s: nn.Sequential([nn.Dense(2)], dtype="int8"), Data, "dtype", "float64", "int8"),
    case("seed -1", lambda s: nn.Sequential([nn.Dense(2)], seed=-1), Data, "seed", "-1"),
    case("seed 2**64", lambda s: nn.Sequential([nn.Dense(2)], seed=2**64), Data, "seed", "2**64"),
    case("an input of 0 columns", lambda s: nn.Input(0), Data, "shape", ">= 1", "0"),
    case("a name with a slash", dense(3, name="a/b"), Data, "name", "a/b"),
    case("patience 0", lambda s: nn.EarlyStopping(patience=0), Data, "patience", ">= 1"),
    case("a mode of its own", lambda s: nn.EarlyStopping(mode="up"), Data, "mode", "min, max", "up"),
    case("monitoring nothing", option(callbacks=[nn.EarlyStopping("luck")]), Data, "monitor", "loss", "luck"),
    case("monitoring validation without it", option(callbacks=nn.EarlyStopping()), Data, "val_loss", "validation_data"),
    case("threads 0", lambda s: nn.set_num_threads(0), Data, "count", ">= 1", "0"),
    case("threads 1.5", lambda s: nn.set_num_threads(1.5), TypeError, "count", "1.5"),
    case("threads without end", lambda s: nn.set_num_threads(10**6), Data, "1000000"),
    case("a gradient of a vector", lambda s: nn.numerical_gradient(lambda v: v, [1.0, 2.0]), Shape, "f", "one number"),
    case("a gradient of words", lambda s: nn.numerical_gradient(np.sum, ["a"]), TypeError, "x", "real numbers"),
    case("a gradient with h 0", lambda s: nn.numerical_gradient(np.sum, [1.0], h=0), Data, "h", "0"),
    case("a check of 0 samples", lambda s: nn.check_gradients(s.model, s.x, s.y, samples=0), Data, "samples", "0"),
]  # fmt: skip


def _foreign_node(s: Subject) -> Any:
    a, b = nn.Input(2, name="mine"), nn.Input(2, name="foreign")
    return nn.Model(a, nn.Dense(1)(b))


def _unused_input(s: Subject) -> Any:
    a, b = nn.Input(2, name="used"), nn.Input(2, name="idle")
    return nn.Model([a, b], nn.Dense(1)(a))


def _one_name_twice(s: Subject) -> Any:
    return sequence(nn.Dense(2, name="twin"), nn.Dense(2, name="twin"))


def _shared_between_widths(s: Subject) -> Any:
    layer, a, b = nn.Dense(2, name="shared"), nn.Input(3), nn.Input(4)
    return nn.Model([a, b], [layer(a), layer(b)])


def _output_that_feeds_on(s: Subject) -> Any:
    x = nn.Input(2)
    p = nn.Dense(2, "softmax", name="early")(x)
    nn.Model(x, [p, nn.Dense(1)(p)]).compile(loss=["nllm", "squared"])


MODELS = [
    case("fit before compile", lambda s: sequence(nn.Dense(3)).fit(s.x, s.y), Early, "fit", "compile"),
    case("evaluate before compile", lambda s: sequence(nn.Dense(3)).evaluate(s.x, s.y), Early, "evaluate", "compile"),
    case("a step before compile", lambda s: sequence(nn.Dense(3)).train_on_batch(s.x, s.y), Early, "train_on_batch",
         "compile"),
    case("a check before compile", lambda s: nn.check_gradients(sequence(nn.Dense(3)), s.x, s.y), Early, "compile"),
    case("parameters of no shape", lambda s: nn.Sequential([nn.Dense(3)]).parameters, Early, "not built", "nn.Input"),
    case("saving before a shape", lambda s: nn.Sequential([nn.Dense(3)]).save(s.folder / "m"), Early, "not built"),
    case("a step before adapt", lambda s: _raw(s).train_on_batch(s.x, s.y), Early, "adapt"),
    case("Standardize in the middle", lambda s: sequence(nn.Dense(3), nn.Standardize()).adapt(s.x), Data, "standardize",
         "Input"),
    case("no layers", lambda s: nn.Sequential([]), Data, "layers", "at least one"),
    case("a class for a layer", lambda s: sequence(nn.Dense), TypeError, "layers", "Dense(...)"),
    case("a word for a layer", lambda s: sequence("dense"), TypeError, "layers", "dense"),
    case("an input in the middle", lambda s: sequence(nn.Input(3), nn.Dense(1)), Data, "layers", "head"),
    case("one name twice", _one_name_twice, Data, "name", "twin"),
    case("a foreign input", _foreign_node, Data, "inputs", "foreign"),
    case("an idle input", _unused_input, Data, "inputs", "idle"),
    case("a shared layer of two widths", _shared_between_widths, Shape, "shared", "3", "4"),
    case("a layer on an array", lambda s: nn.Dense(3)(s.x), TypeError, "Dense", "nodes", "build"),
    case("a layer on itself", lambda s: nn.Dense(3)(nn.Dense(3)), TypeError, "nodes", "Dense"),
    case("a graph that ends in an array", lambda s: nn.Model(nn.Input(2), s.x), TypeError, "outputs", "node",
         "ndarray"),
    case("a graph without an input", lambda s: nn.Model(nn.Dense(2), nn.Dense(2)), TypeError, "inputs", "Input"),
    case("a softmax output that feeds on", _output_that_feeds_on, Data, "early", "softmax"),
    case("an array for a layer", lambda s: sequence(s.x), TypeError, "layers", "ndarray"),
    case("a module on other columns", lambda s: nn.Dense(3).build((4,)).forward(np.ones((2, 5))), Shape, "dense",
         "(N, 4)", "(2, 5)"),
    case("a module on a number", lambda s: nn.Dense(3).build((4,)).forward(1.0), Shape, "dense", "number"),
    case("a module with other gradients", lambda s: nn.Dense(3).build((4,)).backward(s.x, np.ones((ROWS, 3)), s.x),
         Shape, "dense", "(12, 3)", "(12, 4)"),
    case("split of other lengths", lambda s: nn.datasets.split((s.x, s.y[:5])), Shape, "arrays", "12", "5"),
    case("split with share 0", lambda s: nn.datasets.split((s.x,), test=0.0), Data, "test", "0.0"),
    case("split with share NaN", lambda s: nn.datasets.split((s.x,), test=float("nan")), Data, "test", "nan"),
    case("split of a bare array", lambda s: nn.datasets.split(s.x), TypeError, "arrays", "tuple"),
]  # fmt: skip

FILES = [
    case("a missing file", lambda s: nn.load(s.folder / "no.safetensors"), File, "no.safetensors", "does not exist"),
    case("an empty file", lambda s: nn.load(s.file(b"")), File, "bad.safetensors", "empty"),
    case(
        "a file of text", lambda s: nn.load(s.file(b"Dear diary, ")), File, "bad.safetensors", "not a safetensors file"
    ),
    case("a file cut short", lambda s: nn.load(s.file(s.saved()[:-9])), File, "bad.safetensors", "cut short"),
    case("a file of another program", lambda s: nn.load(s.file(raw_tensors(s))), File, "not of nncpp", "model.save"),
    case("a folder", lambda s: nn.load(s.folder), File, "cannot read"),
    case("a number for a file", lambda s: nn.load(7), TypeError, "int"),
    case("no name", lambda s: nn.load(""), File, "file name"),
    case("saving to a folder", lambda s: s.model.save(s.folder), File, "folder"),
    case("saving into no folder", lambda s: s.model.save(s.folder / "no" / "m"), File, "no", "create the folder"),
    case("a model as checkpoint", lambda s: s.fit(checkpoint=s.file(s.saved()), resume=True), File, "not a checkpoint"),
    case("a text as checkpoint", lambda s: s.fit(checkpoint=s.file(b"oh"), resume=True), File, "bad.safetensors"),
]


def _raw(s: Subject) -> Any:
    model = sequence(nn.Standardize(), nn.Dense(3, "softmax"))
    model.compile(loss="nllm")
    return model


CASES = [*DATA, *ARGUMENTS, *MODELS, *FILES]
