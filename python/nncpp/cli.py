"""The nncpp command: train, predict, check, info. Reads tables, writes models; results go to standard output."""

import argparse
import contextlib
import csv
import io
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import _core
from ._arguments import whole_number
from ._files import require_writable, write_bytes_atomically
from ._schema import Schema
from ._tables import read_table
from .errors import DataError, FileError, NncppError

if TYPE_CHECKING:
    from .model import Model

CHECKED_ROWS = 16  # of a table, evenly spaced: a gradient check needs few

# what `train` does where it is not told
DIGITS = {
    "hidden": (256,),
    "epochs": 60,
    "learning_rate": 2e-3,
    "dropout": 0.4,
    "test": 0.25,
    "output": "digits.safetensors",
    "plot": "digits.png",
}
TABLES = {
    "hidden": (64, 64),
    "epochs": 50,
    "learning_rate": 1e-3,
    "dropout": 0.0,
    "test": 0.2,
    "output": "model.safetensors",
    "plot": None,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments
        words behind ``nncpp``; by default those of the process

    Returns
    -------
    int
        exit code: 0; 1 for a gradient check that failed; 2 for an error, told in one line; 130 for Ctrl-C
    """
    try:
        options = _parser().parse_args(arguments)
        code = options.run(options)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:  # whoever reads us has seen enough, as in `nncpp predict ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (NncppError, TypeError) as error:
        return _fail(str(error), 2)
    except MemoryError as error:
        return _fail("not enough memory" if str(error) in ("", "std::bad_alloc") else str(error), 2)
    except OSError as error:
        return _fail(f"cannot write to standard output: {error.strerror}", 2)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", 130)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"nncpp: error: {' '.join(message.split())}\n")
    return code


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


class _Parser(argparse.ArgumentParser):
    """Errors in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(_fail(f"{message}; see {self.prog} --help", 2))


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = _Parser(prog="nncpp", description="Train, use and check neural networks on the CPU.")
    parser.add_argument("--version", action="version", version=f"nncpp {__version__}")
    parser.set_defaults(run=lambda _: _say(parser.format_help().rstrip()))
    commands = parser.add_subparsers(metavar="command")

    train = commands.add_parser("train", help="train on a CSV or NPZ file; without one, on handwritten digits")
    train.add_argument("data", nargs="?", help="CSV with a header, or NPZ with arrays x and y")
    train.add_argument("--target", help="column to predict (default: the last)")
    train.add_argument("--task", choices=["regression", "classification"], help="default: by the target's values")
    train.add_argument(
        "--hidden", type=_sizes, metavar="N,N", help=f'units of hidden layers, or "none" {_default("hidden")}'
    )
    train.add_argument("--epochs", type=int, help=f"times through the data {_default('epochs')}")
    train.add_argument("--batch-size", type=int, default=32, help="rows in a step (default: 32)")
    train.add_argument("--learning-rate", type=float, help=f"of Adam {_default('learning_rate')}")
    train.add_argument("--dropout", type=float, help=f"probability of dropping a hidden unit {_default('dropout')}")
    train.add_argument("--test", type=_share, help=f"share or number of rows kept for testing {_default('test')}")
    train.add_argument("--seed", type=int, default=0, help="same seed, same model, to the bit (default: 0)")
    train.add_argument("--threads", type=int, help="default: one for each processor")
    train.add_argument("--output", metavar="FILE", help=f"model file to write {_default('output')}")
    train.add_argument("--plot", metavar="FILE", help="picture of the learning curves to write")
    train.set_defaults(run=_train)

    predict = commands.add_parser("predict", help="predict the rows of a table; CSV on standard output")
    predict.add_argument("model", help="file that train or model.save wrote")
    predict.add_argument("data", help="CSV with a header, or NPZ with an array x")
    predict.add_argument("--output", metavar="FILE", help="CSV file to write instead")
    predict.set_defaults(run=_predict)

    check = commands.add_parser("check", help="compare the model's gradients with differences")
    check.add_argument("model", help="file that train or model.save wrote")
    check.add_argument("data", help="CSV with a header, or NPZ with arrays x and y")
    check.set_defaults(run=_check)

    info = commands.add_parser("info", help="architecture, sizes and training history of a model file")
    info.add_argument("model", help="file that train or model.save wrote")
    info.set_defaults(run=_info)
    return parser


def _default(name: str) -> str:
    shown = [",".join(map(str, d)) if isinstance(d, tuple) else d for d in (TABLES[name], DIGITS[name])]
    return "(default: {}; digits: {})".format(*shown)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return () if text == "none" else tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected whole numbers such as 64,64, or "none", got {text!r}') from None


def _share(text: str) -> float | int:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a share such as 0.2 or a number of rows, got {text!r}") from None


# --- train ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    """What to train on."""

    name: str
    schema: Schema
    x: Any
    y: Any
    is_scaled: bool  # the columns have a common scale already
    usage: str  # behind `model.`, in the lines that are printed at the end


def _digits() -> _Task:
    from .datasets import digits

    x, y = digits()
    schema = Schema([f"x{i}" for i in range(x.shape[1])], ["y"], [str(digit) for digit in range(10)])
    return _Task("digits", schema, x, y, True, "predict_classes(nn.datasets.digits()[0])")


def _table(path: str, target: str | None, task: str | None) -> _Task:
    table = read_table(path)
    if table.rows < 2:
        raise DataError(f"{path}: expected 2 rows or more, to train on and to test on, got {table.rows}")
    schema = Schema.infer(table, target, task)
    usage = f"predict(x)  # x: (rows, {len(schema.columns)}), columns as in {path}"
    return _Task(path, schema, schema.inputs(table), schema.outputs(table), False, usage)


def _train(options: argparse.Namespace) -> int:
    from .datasets import split
    from .plots._style import require_picture
    from .threads import MAX_THREADS, get_num_threads, set_num_threads

    if options.data is None and (options.target or options.task):
        raise DataError("train: --target and --task need a data file; write nncpp train data.csv --target ...")
    given = {name: value for name, value in vars(options).items() if value is not None}
    options = argparse.Namespace(**{"threads": None, **(TABLES if "data" in given else DIGITS), **given})
    require_writable(options.output)
    if options.plot is not None:
        require_writable(options.plot)
        with contextlib.suppress(ModuleNotFoundError):  # what there is to say without matplotlib is said at the end
            require_picture(options.plot)
    if options.threads is not None:
        set_num_threads(whole_number("--threads", options.threads, at_least=1, at_most=MAX_THREADS))
    task = _table(options.data, given.get("target"), given.get("task")) if "data" in given else _digits()
    train, test = split((task.x, task.y), test=options.test, seed=options.seed)
    kind = f"{len(task.schema.classes)} classes" if task.schema.classes else "regression"
    _say(f"{task.name}: {kind}, {len(train[0])} rows to train on, {len(test[0])} to test on")

    model, seconds = _fit(task, options, train, test)
    for name, value in _scores(model, task.schema, *test).items():
        _say(f"{name:<14} {value}")
    threads = get_num_threads()
    _say(f"{'trained in':<14} {seconds:.3g} s ({options.epochs} epochs, {threads} thread{'s' * (threads > 1)})")
    model.save(options.output)
    _say(f"{'model':<14} {options.output}")
    if options.plot is not None:
        _say(f"{'curves':<14} {_draw(model, options.plot, task.name)}")
    _say("\nUse it from Python:\n")
    _say(f'    import nncpp as nn\n    model = nn.load("{options.output}")\n    model.{task.usage}')
    return 0


def _fit(task: _Task, options: argparse.Namespace, train: Any, test: Any) -> "tuple[Model, float]":
    from .layers import Dense, Dropout, Input, Standardize
    from .optimizers import Adam
    from .sequential import Sequential

    classes = task.schema.classes
    layers: list[Any] = [Input(task.x.shape[1])]
    if not task.is_scaled:
        layers.append(Standardize())  # so the model takes raw columns
    for units in options.hidden:
        layers.append(Dense(units, "relu", weight_initializer="he_normal"))
        if options.dropout != 0:
            layers.append(Dropout(options.dropout))
    layers.append(Dense(len(classes), "softmax") if classes else Dense(1))
    model = Sequential(layers, name="model", seed=options.seed)
    loss, metrics = ("nllm", "accuracy") if classes else ("squared", None)
    model.compile(Adam(options.learning_rate), loss, metrics)

    shift, scale = (0.0, 1.0) if classes else _center_and_scale(train[1])
    (x, y), validation = [(x, y if classes else (y - shift) / scale) for x, y in (train, test)]
    start = time.perf_counter()
    model.fit(x, y, epochs=options.epochs, batch_size=options.batch_size, validation_data=validation)
    seconds = time.perf_counter() - start
    if not classes:
        _fold(model, shift, scale)
        model.compile(Adam(options.learning_rate), loss, metrics)  # the moments belonged to the scaled weights
    model.metadata = task.schema.metadata()
    return model, seconds


def _center_and_scale(y: Any) -> tuple[float, float]:
    return float(y.mean()), float(y.std()) or 1.0


def _fold(model: "Model", shift: float, scale: float) -> None:
    """Let a model that was trained on (y - shift) / scale predict y.

    Its last layer is linear: scale (h W + b) + shift = h (scale W) + (scale b + shift), so nothing is approximated.
    Squared losses grow by scale^2.
    """
    weight, bias = list(model.parameters.values())[-2:]
    weight *= scale
    bias[...] = scale * bias + shift
    for row in model.history.rows:
        row.update({name: value * scale**2 for name, value in row.items()})


def _scores(model: "Model", schema: Schema, x: Any, y: Any) -> dict[str, str]:
    if schema.classes:
        scores = model.evaluate(x, y)
        return {"test accuracy": f"{scores['accuracy']:.2%}", "test loss": f"{scores['loss']:.4f}"}
    error = np.asarray(model.predict(x), np.float64) - y
    spread = float(np.square(y - y.mean()).mean())
    mean_square = float(np.square(error).mean())
    explained = f"{1 - mean_square / spread:.4f}" if spread > 0 else "undefined, the target is constant"
    return {"test RMSE": f"{mean_square**0.5:.6g} (in units of {schema.targets[0]})", "test R^2": explained}


def _draw(model: "Model", path: str, title: str) -> str:
    try:
        model.history.plot(path, title=title)
    except FileError:
        raise
    except NncppError as error:
        return f"not drawn: {error}"
    return path


# --- predict, check, info -------------------------------------------------------------------------------------------


def _predict(options: argparse.Namespace) -> int:
    from .serialization import load

    model, table = load(options.model), read_table(options.data)
    schema = Schema.of_model(model, table)
    x = schema.inputs(table).reshape(table.rows, *model._network.input_shapes[0])
    activation = getattr(model._network.graph.outputs[0].layer, "activation", None)
    header, rows = schema.predictions(model.predict(x), is_probable=activation in ("softmax", "sigmoid"))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    if options.output is None:
        sys.stdout.write(text.getvalue())
    else:
        write_bytes_atomically(options.output, text.getvalue().encode())
    return 0


def _check(options: argparse.Namespace) -> int:
    from .checks import check_gradients
    from .serialization import load

    model, table = load(options.model), read_table(options.data)
    schema = Schema.of_model(model, table)
    rows = np.unique(np.linspace(0, table.rows - 1, CHECKED_ROWS).astype(int))
    x = schema.inputs(table)[rows].reshape(len(rows), *model._network.input_shapes[0])
    y = schema.outputs(table)[rows]
    takes_labels = all(loss._core(_core.float64).takes_labels for loss in model._require_compiled("check").losses)
    if schema.classes and not takes_labels:
        y = np.eye(len(schema.classes))[y]
    report = check_gradients(model, x, y)
    _say(str(report))
    return 0 if report.ok else 1


def _info(options: argparse.Namespace) -> int:
    from .serialization import describe, load

    model, header = load(options.model), describe(options.model)
    size = Path(options.model).stat().st_size
    _say(f"{options.model}: {size / 1024:,.1f} KiB, written by nncpp {header['version']}\n")
    model.summary()
    compilation, schema = header["compilation"], model.metadata.get("schema")
    if schema is not None:
        _say(f"\ninputs   {', '.join(schema['columns'])}\ntarget   {', '.join(schema['targets'])}")
        _say(f"classes  {', '.join(schema['classes'])}" if schema["classes"] else "task     regression")
    if compilation is not None:
        losses = ", ".join(loss["kind"] for loss in compilation["losses"])
        _say(f"\nloss {losses}; optimizer {model.optimizer!r}, {header['t']} steps")
    epochs = model.history.rows
    _say(f"\n{len(epochs)} epochs of training" + (":" if epochs else ""))
    if epochs:
        _say("\n".join(_history_table(epochs)))
    return 0


def _history_table(epochs: list[dict[str, float]], shown: int = 10) -> list[str]:
    """The first, the last and some epochs between, evenly spaced."""
    names = list(dict.fromkeys(name for row in epochs for name in row))
    picked = sorted({round(i * (len(epochs) - 1) / (shown - 1)) for i in range(shown)})
    rows = [[f"{epochs[i].get(name, math.nan):.6g}" for name in names] for i in picked]
    cells = [["epoch", *names], *([str(i + 1), *row] for i, row in zip(picked, rows, strict=True))]
    return ["  ".join(f"{cell:>12}" for cell in row) for row in cells]
