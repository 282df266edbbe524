"""Documentation: every public name says what it is, and the README's code runs."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nncpp as nn

FAMILIES = ["callbacks", "datasets", "initializers", "layers", "losses", "metrics", "optimizers", "regularizers"]
MODULES = (nn, *(getattr(nn, name) for name in FAMILIES))
README = Path(__file__).parents[2] / "README.md"


def public_names() -> Iterator[tuple[str, Any]]:
    """Every public module, class, function, method and property, once."""
    seen = set()
    for module in MODULES:
        names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
        for name in names:
            value = getattr(module, name)
            if not (inspect.isclass(value) or callable(value) or inspect.ismodule(value)) or id(value) in seen:
                continue
            if not getattr(value, "__module__", "nncpp").startswith("nncpp"):
                continue
            seen.add(id(value))
            yield f"{module.__name__}.{name}", value
            if inspect.isclass(value):
                for member, entry in vars(value).items():
                    is_documented = callable(entry) or isinstance(entry, property | staticmethod | classmethod)
                    if is_documented and not member.startswith("_"):
                        yield f"{module.__name__}.{name}.{member}", getattr(value, member)


NAMES = dict(public_names())


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_docstring(name: str) -> None:
    text = inspect.getdoc(NAMES[name])
    assert text
    assert text.strip().splitlines()[0].rstrip().endswith((".", ":", "?", "}", "]", ")")), text.splitlines()[0]


@pytest.mark.parametrize("name", [name for name, value in NAMES.items() if inspect.isfunction(value)])
def test_numpy_style_sections_name_every_parameter(name: str) -> None:
    text = inspect.getdoc(NAMES[name]) or ""
    if "Parameters\n----------" not in text:
        return
    section = text.split("Parameters\n----------\n")[1].split("\n\n")[0]
    named = {part.strip(" *") for line in section.splitlines() if not line.startswith(" ")
             for part in line.split(" : ")[0].split(",")}  # fmt: skip
    expected = set(inspect.signature(NAMES[name]).parameters) - {"self", "cls"}
    assert named == expected


@pytest.mark.parametrize("family", [nn.layers.Layer, nn.losses.Loss, nn.optimizers.Optimizer], ids=lambda c: c.__name__)
def test_every_layer_loss_and_optimizer_states_its_formula(family: Any) -> None:
    for member in family._members.values():
        assert "=" in (member.__doc__ or ""), member.__name__


def test_everything_in_all_exists_and_is_sorted_out() -> None:
    for module in MODULES:
        names = getattr(module, "__all__", [])
        assert len(set(names)) == len(names)
        for name in names:
            assert hasattr(module, name), f"{module.__name__}.{name}"


@pytest.mark.skipif(not README.exists(), reason="the README is not beside the tests")
def test_the_python_of_the_readme_runs(interpreter: Callable[..., str]) -> None:
    pytest.importorskip("matplotlib")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    interpreter("\n".join(blocks), MPLBACKEND="agg")
