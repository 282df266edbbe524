"""Documentation: every public name says what it is, and the README's code runs."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nncpp as nn
from families import built_in

FAMILIES = [
    "callbacks",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "maxent",
    "metrics",
    "models",
    "optimizers",
    "plots",
    "preprocessing",
    "regularizers",
    "schedules",
    "text",
]
MODULES = (nn, *(getattr(nn, name) for name in FAMILIES))
README = Path(__file__).parents[2] / "README.md"


def public_names() -> Iterator[tuple[str, Any]]:
    """Every public module, class, function, method and property, once."""
    seen = set()
    for module in MODULES:
        names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
        for name in names:
            value = getattr(module, name)
            if not hasattr(module, "__all__") and getattr(value, "__module__", None) != module.__name__:
                continue  # only imported there
            if not (inspect.isclass(value) or callable(value) or inspect.ismodule(value)) or id(value) in seen:
                continue
            if not getattr(value, "__module__", "nncpp").startswith("nncpp"):
                continue
            seen.add(id(value))
            yield f"{module.__name__}.{name}", value
            if inspect.isclass(value):
                ours = [base for base in reversed(value.__mro__) if base.__module__.startswith("nncpp")]
                for member, entry in {name: entry for base in ours for name, entry in vars(base).items()}.items():
                    is_documented = callable(entry) or isinstance(entry, property | staticmethod | classmethod)
                    if is_documented and not member.startswith("_"):
                        yield f"{module.__name__}.{name}.{member}", getattr(value, member)


NAMES = dict(public_names())


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_docstring(name: str) -> None:
    text = inspect.getdoc(NAMES[name])
    assert text
    assert text.strip().splitlines()[0].rstrip().endswith((".", ":", "?", "}", "]", ")")), text.splitlines()[0]


TOP = [name for name, value in NAMES.items() if callable(value) and "." not in value.__qualname__]
CALLS = [f"nncpp.Model.{name}" for name in (
    "adapt", "compile", "evaluate", "fit", "from_config", "loss_and_gradients", "predict", "predict_classes", "save",
    "train_on_batch",
)]  # fmt: skip
CANNOT_FAIL = {"nncpp.get_num_threads", "nncpp.show_config", "nncpp.datasets.digits"}


def docstrings(value: Any) -> str:
    """Its own; a class's with those of its bases, which say what holds for the whole family."""
    of = [base for base in value.__mro__ if base.__module__.startswith("nncpp")] if inspect.isclass(value) else [value]
    return "\n".join(entry.__doc__ or "" for entry in of)


@pytest.mark.parametrize("name", [*TOP, *CALLS])
def test_a_docstring_shows_an_example(name: str) -> None:
    assert ">>> " in docstrings(NAMES[name])


def can_fail(name: str) -> bool:
    """Errors are made by nncpp; what is abstract is made as one of its members."""
    value = NAMES[name]
    is_made = not (inspect.isclass(value) and (issubclass(value, Exception) or inspect.isabstract(value)))
    return is_made and name not in CANNOT_FAIL


@pytest.mark.parametrize("name", [name for name in (*TOP, *CALLS) if can_fail(name)])
def test_a_docstring_says_what_is_raised(name: str) -> None:
    assert re.search(r"Raises\n *------\n", docstrings(NAMES[name]))


def test_what_cannot_fail_says_nothing_of_it() -> None:
    for name in CANNOT_FAIL:
        assert "Raises" not in docstrings(NAMES[name])


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
    for member in built_in(family).values():
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
