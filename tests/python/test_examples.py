"""Each example runs from the command line, holds what it asserts, says so, and writes its picture."""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import child_environment

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_list_of_examples_is_whole() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(EXAMPLES) >= 6
    assert all(f"[{name}.py]({name}.py)" in text for name in EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_and_draws(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        env=child_environment(MPLCONFIGDIR=str(tmp_path / "matplotlib")),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    picture = (tmp_path / f"{name}.png").read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) > 10_000
