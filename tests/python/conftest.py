"""Fixtures that several files share, and the facts above a test run."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from nncpp import _core, _cpu

ISA_LEVELS = [level for level in _cpu.levels() if find_spec(f"nncpp._core_{level}")]


def pytest_report_header(config: pytest.Config) -> list[str]:
    versions = []
    for package in ("nncpp", "numpy", "safetensors", "tqdm", "pandas", "matplotlib", "scipy", "scikit-learn", "torch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    level = f"instruction set {_core.isa} of {', '.join(ISA_LEVELS)}, {nn.get_num_threads()} threads"
    return [", ".join(versions), level]


@pytest.fixture(autouse=True)
def same_threads_afterwards() -> Iterator[None]:
    with nn.threads(nn.get_num_threads()):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def digits() -> tuple[Any, Any]:
    x, y = nn.datasets.digits()
    x.flags.writeable = y.flags.writeable = False
    return x, y


@pytest.fixture
def interpreter(tmp_path: Path) -> Callable[..., str]:
    """Runs a script in a new interpreter, in an empty folder, and returns what it prints."""

    def run(
        script: str, *arguments: str, options: tuple[str, ...] = (), timeout: float = 120, **environment: str
    ) -> str:
        done = subprocess.run(
            [sys.executable, *options, "-c", script, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env=child_environment(**environment),
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def child_environment(**changes: str) -> dict[str, str]:
    """This process's environment, in which a child finds the package and the files beside this one."""
    here, package = Path(__file__).parent, Path(nn.__file__).parent.parent
    path = os.pathsep.join([str(here), str(package), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, **changes}
