"""The nncpp command: train, predict, check, info; errors in one line with exit code 2."""

import csv
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from conftest import child_environment
from nncpp.cli import main

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Exit code, standard output, standard error."""

    def call(*arguments: Any) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def write_csv(name: str, header: list[str], rows: list[list[Any]], delimiter: str = ",") -> str:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return name


def flowers(name: str = "flowers.csv", count: int = 120, delimiter: str = ",") -> str:
    """Three kinds, told apart by two columns; the target stands in the middle."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=count)
    rows = [
        [f"{rng.normal(5 * k, 1):.3f}", ("rose", "tulip", "no name")[k], f"{rng.normal(-k, 0.3):.3f}"] for k in kinds
    ]
    return write_csv(name, ["length", "kind", "width"], rows, delimiter)


def prices(name: str = "prices.csv", count: int = 150) -> str:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 100, size=(count, 2))
    return write_csv(name, ["area", "age", "price"], [[a, b, 1000 + 30 * a - 5 * b] for a, b in x])


def parsed(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_digits_are_trained_without_arguments(run: Any) -> None:
    code, out, err = run("train", "--epochs", "8")
    assert (code, err) == (0, "")
    assert nn.load("digits.safetensors").history.epochs == 8
    assert Path("digits.png").read_bytes().startswith(b"\x89PNG")
    for words in ("test accuracy", "digits.safetensors", "digits.png", "import nncpp as nn"):
        assert words in out
    accuracy = next(line for line in out.splitlines() if line.startswith("test accuracy")).split()[-1]
    assert float(accuracy.rstrip("%")) > 90
    code_lines = [line.strip() for line in out.split("Use it from Python:")[1].splitlines() if line.strip()]
    exec("\n".join(code_lines), {})  # what it says works


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_with_classes_is_trained_predicted_checked_and_described(run: Any, delimiter: str) -> None:
    data = flowers(delimiter=delimiter)
    code, out, err = run("train", data, "--target", "kind", "--hidden", "16", "--epochs", "60", "--output", "m.st")
    assert (code, err) == (0, "")
    assert "3 classes" in out
    code, out, err = run("predict", "m.st", data)
    assert (code, err) == (0, "")
    rows, truth = parsed(out), parsed(Path(data).read_text(), delimiter)
    assert np.mean([row["prediction"] == true["kind"] for row, true in zip(rows, truth, strict=True)]) > 0.85
    for row in rows:
        p = {name: float(row[f"probability_{name}"]) for name in ("rose", "tulip", "no name")}
        assert sum(p.values()) == pytest.approx(1, abs=1e-5)
        assert max(p, key=p.__getitem__) == row["prediction"]
    code, out, err = run("check", "m.st", data)
    assert (code, err) == (0, "")
    assert "ok: max relative error" in out
    code, out, err = run("info", "m.st")
    assert (code, err) == (0, "")
    for words in ("length, width", "no name, rose, tulip", "nllm", "Adam", "60 epochs"):
        assert words in out


@pytest.mark.parametrize(("loss", "output"), [("nllm", "softmax"), ("kl", "softmax"), ("multiclass_hinge", "identity")])
def test_check_reads_one_column_of_labels_for_every_loss_of_classes(run: Any, loss: str, output: str) -> None:
    x, y = nn.datasets.digits()
    model = nn.Sequential([nn.Input(64), nn.Dense(10, output)])
    model.compile(loss=loss)
    model.save("m.st")
    columns = [*(f"x{i}" for i in range(64)), "label"]
    data = write_csv(
        "digits.csv", columns, [[*map(str, row), str(label)] for row, label in zip(x[:40], y, strict=False)]
    )
    code, out, err = run("check", "m.st", data)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split()[:2] == ["term", "array"]
    assert "ok: max relative error" in out
    header = run("predict", "m.st", data)[1].split("\n")[0]
    assert header.split(",")[:2] == ["prediction", "probability_0" if output == "softmax" else "score_0"]


def test_predictions_find_columns_by_name_and_need_no_target(run: Any) -> None:
    run("train", flowers(), "--target", "kind", "--epochs", "5", "--output", "m.st")
    table = parsed(Path("flowers.csv").read_text())
    swapped = write_csv("new.csv", ["width", "other", "length"], [[r["width"], "?", r["length"]] for r in table])
    assert run("predict", "m.st", swapped)[1] == run("predict", "m.st", "flowers.csv")[1]
    assert run("predict", "m.st", swapped, "--output", "out.csv")[:2] == (0, "")
    assert Path("out.csv").read_text() == run("predict", "m.st", swapped)[1]


def test_a_quantity_is_predicted_in_its_own_units(run: Any) -> None:
    code, out, _ = run("train", prices(), "--epochs", "150", "--output", "m.st")
    assert code == 0
    assert "regression" in out
    assert float(next(line for line in out.splitlines() if line.startswith("test R^2")).split()[-1]) > 0.98
    rows, truth = parsed(run("predict", "m.st", "prices.csv")[1]), parsed(Path("prices.csv").read_text())
    errors = [float(row["prediction"]) - float(true["price"]) for row, true in zip(rows, truth, strict=True)]
    assert np.std(errors) < 0.1 * np.std([float(row["price"]) for row in truth])
    assert run("check", "m.st", "prices.csv")[0] == 0


def test_arrays_in_an_npz_are_a_table(run: Any) -> None:
    x, y = nn.datasets.digits()
    np.savez("digits.npz", x=x[:300], y=y[:300])
    assert run("train", "digits.npz", "--epochs", "3", "--output", "m.st")[0] == 0
    assert len(parsed(run("predict", "m.st", "digits.npz")[1])) == 300


def test_the_seed_decides_the_model_and_threads_do_not(run: Any) -> None:
    models = {}
    for name, options in {"a": ("--threads", 1), "b": ("--threads", 3), "c": ("--seed", 1)}.items():
        assert run("train", flowers(), "--target", "kind", "--epochs", "4", "--output", name, *options)[0] == 0
        models[name] = nn.load(name).flat_parameters.tobytes()
    assert models["a"] == models["b"] != models["c"]


def test_a_model_made_in_python_is_used_by_position(run: Any) -> None:
    model = nn.Sequential([nn.Input(2), nn.Dense(1)], dtype="float64")
    model.parameters["dense/weight"][...] = [[2.0], [-1.0]]
    model.compile("sgd", "squared")
    model.save("plain.st")
    write_csv("new.csv", ["p", "q"], [[1, 2], [3, 0.5]])
    assert parsed(run("predict", "plain.st", "new.csv")[1]) == [{"prediction": "0.0"}, {"prediction": "5.5"}]
    assert "0 epochs" in run("info", "plain.st")[1]


def test_training_goes_on_without_matplotlib(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run("train", "--epochs", "1")
    assert (code, err) == (0, "")
    assert Path("digits.safetensors").exists()
    assert not Path("digits.png").exists()
    assert "matplotlib" in out
    assert "pip install" in out


ERRORS: dict[str, tuple[list[str], list[str]]] = {
    "no such data": (["train", "missing.csv"], ["missing.csv", "does not exist"]),
    "a folder as data": (["train", "."], ["cannot read"]),
    "an unknown target": (["train", "flowers.csv", "--target", "colour"], ["colour", "length, kind, width"]),
    "an unknown task": (["train", "flowers.csv", "--task", "clustering"], ["clustering"]),
    "epochs 0": (["train", "flowers.csv", "--target", "kind", "--epochs", "0"], ["epochs", "0"]),
    "epochs in words": (["train", "flowers.csv", "--epochs", "many"], ["--epochs", "many"]),
    "hidden 0": (["train", "flowers.csv", "--target", "kind", "--hidden", "8,0"], ["units", "0"]),
    "hidden in words": (["train", "flowers.csv", "--hidden", "big"], ["--hidden", "big"]),
    "learning rate nan": (
        ["train", "flowers.csv", "--target", "kind", "--learning-rate", "nan"],
        ["learning_rate", "nan"],
    ),
    "dropout 1": (["train", "flowers.csv", "--target", "kind", "--dropout", "1"], ["rate", "1"]),
    "test share 2.5": (["train", "flowers.csv", "--target", "kind", "--test", "2.5"], ["test", "2.5"]),
    "threads 0": (["train", "flowers.csv", "--target", "kind", "--threads", "0"], ["--threads", ">= 1", "0"]),
    "threads 999999999999": (
        ["train", "flowers.csv", "--threads", "999999999999"],
        ["--threads", "1024", "999999999999"],
    ),
    "a batch without end": (
        ["train", "flowers.csv", "--target", "kind", "--batch-size", "99999999999999999999"],
        ["batch_size", "99999999999999999999"],
    ),
    "a layer without end": (
        ["train", "flowers.csv", "--target", "kind", "--hidden", "1000000000000000000"],
        ["1000000000000000000"],
    ),
    "a picture of no format": (["train", "flowers.csv", "--target", "kind", "--plot", "x.xyz"], ["x.xyz", ".png"]),
    "one row": (["train", "row.csv"], ["row.csv", "2 rows", "1"]),
    "seed -1": (["train", "flowers.csv", "--target", "kind", "--seed", "-1"], ["seed", "-1"]),
    "output in no folder": (["train", "flowers.csv", "--target", "kind", "--output", "no/m.st"], ["no", "folder"]),
    "an unknown command": (["fly"], ["fly"]),
    "an unknown option": (["train", "--turbo"], ["--turbo"]),
    "no model": (["predict", "missing.st", "flowers.csv"], ["missing.st", "does not exist"]),
    "a table as model": (["predict", "flowers.csv", "flowers.csv"], ["flowers.csv", "not a safetensors file"]),
    "info of a table": (["info", "flowers.csv"], ["flowers.csv", "not a safetensors file"]),
    "a missing column": (["predict", "m.st", "prices.csv"], ["prices.csv", "'length'", "area"]),
    "check without target": (["check", "m.st", "no_target.csv"], ["no_target.csv", "'kind'"]),
    "a missing cell": (["predict", "m.st", "hole.csv"], ["hole.csv", "row 2", "line 3", "'width'", "missing"]),
    "a word for a number": (["predict", "m.st", "word.csv"], ["word.csv", "row 1", "'length'", "'tall'"]),
    "an unknown class": (["check", "m.st", "new_kind.csv"], ["new_kind.csv", "row 1", "'daisy'"]),
    "a ragged row": (["train", "ragged.csv"], ["ragged.csv", "line 3", "2 cells"]),
    "no header": (["train", "headless.csv"], ["headless.csv", "header"]),
    "two columns of one name": (["train", "twice.csv"], ["twice.csv", "'a' twice"]),
    "an empty file": (["train", "empty.csv"], ["empty.csv", "nothing"]),
    "a header only": (["train", "header.csv"], ["header.csv", "row"]),
    "bytes": (["train", "bytes.csv"], ["bytes.csv", "UTF-8"]),
    "one class": (["train", "one.csv"], ["one.csv", "two or more classes"]),
    "an npz of text": (["train", "text.npz"], ["text.npz", "NPZ"]),
}


@pytest.fixture
def bad_files(run: Any) -> None:
    assert run("train", flowers(), "--target", "kind", "--epochs", "1", "--output", "m.st")[0] == 0
    prices()
    write_csv("no_target.csv", ["length", "width"], [[1, 2]])
    write_csv("hole.csv", ["length", "width"], [[1, 2], [3, ""]])
    write_csv("word.csv", ["length", "width"], [["tall", 2]])
    write_csv("new_kind.csv", ["length", "kind", "width"], [[1, "daisy", 2]])
    write_csv("ragged.csv", ["a", "b"], [[1, 2], [1]])
    write_csv("headless.csv", ["1", "2"], [[3, 4]])
    write_csv("twice.csv", ["a", "a"], [[3, 4]])
    write_csv("header.csv", ["a", "b"], [])
    write_csv("row.csv", ["a", "b"], [[1, 2]])
    write_csv("one.csv", ["a", "b"], [[1, "x"], [2, "x"]])
    Path("empty.csv").write_bytes(b"")
    Path("bytes.csv").write_bytes(b"a,b\n\xff\xfe\x00,1\n")
    Path("text.npz").write_bytes(b"not an archive")


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_line_and_exit_code_2(run: Any, name: str) -> None:
    arguments, words = ERRORS[name]
    files = sorted(file.name for file in Path.cwd().iterdir())
    code, _, err = run(*arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert err.startswith("nncpp: error: ")
    for word in words:
        assert word in err
    assert sorted(file.name for file in Path.cwd().iterdir()) == files, "nothing was written"


def test_a_model_that_no_memory_holds_is_told_with_its_size(interpreter: Callable[..., str]) -> None:
    script = """
import resource, sys
from nncpp.cli import main
resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
print(main(["train", "flowers.csv", "--target", "kind", "--hidden", "300000000000"]))
"""
    flowers()
    assert interpreter("import sys; sys.stderr = sys.stdout\n" + script).splitlines()[-2:] == [
        "nncpp: error: not enough memory for a model whose dense has 300,000,000,000 outputs",
        "2",
    ]


def test_the_command_runs_as_a_module_and_shows_its_version() -> None:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nncpp", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=child_environment(), check=False)

    assert call("--version").stdout == f"nncpp {nn.__version__}\n"
    assert "train" in call().stdout
    bad = call("predict", "missing.st", "missing.csv")
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)


@pytest.mark.skipif(not README.exists(), reason="the README is not beside the tests")
def test_the_commands_of_the_readme_run(run: Any) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("nncpp ")]
    assert len(lines) == 4
    prices("data.csv")
    prices("new.csv")
    for line in lines:
        code, _, err = run(*shlex.split(line)[1:])
        assert (code, err) == (0, ""), line
