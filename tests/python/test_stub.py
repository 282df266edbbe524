"""The stub _core.pyi, which mypy believes, and the compiled core have the same names, with the same arguments."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import nncpp._core as core

PRECISIONS = pytest.mark.parametrize("precision", [core.float32, core.float64], ids=["float32", "float64"])

Members = dict[str, list[str] | None]  # arguments by name; None for what is not called


def described(body: list[ast.stmt]) -> Members:
    members: Members = {}
    for item in body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            members[item.target.id] = None
        elif isinstance(item, ast.FunctionDef):
            is_property = bool(item.decorator_list)
            members[item.name] = None if is_property else [argument.arg for argument in item.args.args]
    return members


STUB = ast.parse(Path(core.__file__).with_suffix(".pyi").read_text())
CLASSES = {item.name: described(item.body) for item in STUB.body if isinstance(item, ast.ClassDef)}
PRECISION = CLASSES.pop("Precision")
PRECISE = {"Layer", "Loss", "Optimizer", *(name for name in PRECISION if name in CLASSES)}
FUNCTIONS = {name: arguments for name, arguments in described(STUB.body).items() if arguments is not None}


def arguments_of(function: Any) -> list[str]:
    signature = function.__doc__.splitlines()[0]  # where pybind11 writes it
    return re.findall(r"[(,] ?(\w+): ", signature)


def public_names(namespace: Any) -> set[str]:
    return {name for name in vars(namespace) if not name.startswith("_")}


def check_class(compiled: Any, members: Members) -> None:
    assert public_names(compiled) == {name for name in members if not name.startswith("_")}
    for name, arguments in members.items():
        if arguments is not None:
            assert arguments_of(getattr(compiled, name)) == arguments, name


@pytest.mark.parametrize("name", sorted(CLASSES.keys() - PRECISE))
def test_class_is_what_the_stub_says(name: str) -> None:
    check_class(getattr(core, name), CLASSES[name])


@PRECISIONS
@pytest.mark.parametrize("name", sorted(PRECISE))
def test_class_of_a_precision_is_what_the_stub_says(precision: Any, name: str) -> None:
    check_class(getattr(precision, name), CLASSES[name])


@PRECISIONS
def test_precision_is_what_the_stub_says(precision: Any) -> None:
    assert public_names(precision) == PRECISION.keys() | PRECISE
    for name, arguments in PRECISION.items():
        if arguments is not None:
            assert ["self", *arguments_of(getattr(precision, name))] == arguments, name


def test_dual_is_what_the_stub_says_without_what_trains() -> None:
    absent = (PRECISION.keys() | PRECISE) - public_names(core.dual)
    assert public_names(core.dual) <= PRECISION.keys() | PRECISE
    assert absent == {"Adadelta", "AdaGrad", "Adam", "Module", "Optimizer", "RMSProp", "SGD", "Telemetry", "Trainer"}
    for name in PRECISE - absent:
        members = {key: value for key, value in CLASSES[name].items() if (name, key) != ("Objective", "divergence")}
        check_class(getattr(core.dual, name), members)


def test_functions_are_what_the_stub_says() -> None:
    compiled = {name: value for name, value in vars(core).items() if type(value) is type(core.philox)}
    assert {name: arguments_of(function) for name, function in compiled.items()} == FUNCTIONS
