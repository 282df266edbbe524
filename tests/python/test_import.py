"""What `import nncpp` costs and needs."""

import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import pytest

import nncpp as nn

SECONDS = 0.1  # over numpy
COST = """
import time, numpy
start = time.process_time()
import nncpp
print(time.process_time() - start)
"""
LOADED = """
import sys, json, numpy
before = set(sys.modules)
import nncpp
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""
BLOCKED = """
import sys
allowed = {"numpy", "tqdm", "safetensors", "nncpp", "packaging"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in allowed | set(sys.stdlib_module_names):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
import nncpp as nn
x, y = nn.datasets.digits()
model = nn.Sequential([nn.Input(64), nn.Standardize(), nn.Dense(8, "relu"), nn.Dense(10, "softmax")])
model.compile("adam", "nllm", metrics=["accuracy"])
model.fit(x, y, epochs=2, validation_split=0.2, verbose=True, checkpoint="run.ckpt")
model.save("model.safetensors")
assert nn.load("model.safetensors").evaluate(x, y)["accuracy"] > 0.3
assert nn.check_gradients(model, x[:4], y[:4]).ok
nn.show_config()
try:
    model.history.plot("curves.png")
except nn.NncppError as error:
    assert "matplotlib" in str(error) and "pip install" in str(error), error
else:
    raise SystemExit("plotted without matplotlib")
"""


def test_importing_takes_little_longer_than_numpy(interpreter: Callable[..., str]) -> None:
    assert min(float(interpreter(COST)) for _ in range(5)) <= SECONDS


def test_importing_loads_nothing_heavy(interpreter: Callable[..., str]) -> None:
    loaded = set(json.loads(interpreter(LOADED)))
    assert "nncpp" in loaded
    assert not loaded & {"tqdm", "safetensors", "matplotlib", "pandas", "scipy", "torch", "argparse", "csv"}


def test_only_three_packages_are_needed(interpreter: Callable[..., str]) -> None:
    interpreter(BLOCKED)


def test_the_version_is_that_of_the_package() -> None:
    try:
        installed = version("nncpp")
    except PackageNotFoundError:
        pytest.skip("not installed: it runs from a source tree")
    assert nn.__version__ == installed
