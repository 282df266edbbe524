"""Schema: which columns of a table are a model's inputs and targets, and what its outputs are called."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ._tables import Table, is_number
from .errors import DataError

if TYPE_CHECKING:
    from .model import Model

MAX_CLASSES = 20  # more different whole numbers than this are taken for a quantity


@dataclass(frozen=True)
class Schema:
    """Stored in the metadata of a model file, so that columns are found by name.

    Attributes
    ----------
    columns, targets
        names of input and target columns
    classes
        names of the classes in the order of the outputs; empty for regression
    """

    columns: list[str]
    targets: list[str]
    classes: list[str]

    @classmethod
    def infer(cls, table: Table, target: str | None, task: str | None) -> Self:
        """From a table to train on: the last column unless another is named; text or a few whole numbers are classes.

        Raises
        ------
        DataError
            for a target that is not there, or one class only
        """
        target = target or list(table.columns)[-1]
        labels = table.labels(target)
        columns = [name for name in table.columns if name != target]
        if not columns:
            raise DataError(f"{table.source}: expected columns beside the target {target!r}, got none")
        classes = _class_names(labels)
        if task is None:
            task = "classification" if _are_classes(classes, len(labels)) else "regression"
        if task == "regression":
            table.numbers([target])  # also where a wrong cell made text of a column of numbers
            return cls(columns, [target], [])
        if len(classes) < 2:
            raise DataError(
                f"{table.source}: expected two or more classes in column {target!r}, got only {classes[0]!r}"
            )
        return cls(columns, [target], classes)

    @classmethod
    def of_model(cls, model: "Model", table: Table) -> Self:
        """As stored with the model; a model saved without takes the first columns, then the targets, as they come.

        Raises
        ------
        DataError
            for several inputs or outputs, or another number of columns
        """
        stored = model.metadata.get("schema")
        if stored is not None:
            return cls(**stored)
        network = model._network
        if len(network.input_shapes) != 1 or len(network.output_shapes) != 1:
            raise DataError(f"{model.name}: expected a model of one input and one output")
        inputs, outputs = math.prod(network.input_shapes[0]), math.prod(network.output_shapes[0])
        has_classes = _gives_classes(model)
        names, targets = list(table.columns), 1 if has_classes else outputs
        if len(names) not in (inputs, inputs + targets):
            what = f"{inputs} columns, or {inputs + targets} with the target"
            raise DataError(f"{table.source}: expected {what}, as this model has no column names, got {len(names)}")
        return cls(names[:inputs], names[inputs:], [str(k) for k in range(outputs)] if has_classes else [])

    def metadata(self) -> dict[str, Any]:
        """As ``of_model`` reads it."""
        return {"schema": asdict(self)}

    def inputs(self, table: Table) -> NDArray[np.float64]:
        """(rows, columns). Raises DataError for a column that is missing or a cell that is not a number."""
        return table.numbers(self.columns)

    def outputs(self, table: Table) -> NDArray[Any]:
        """Labels (rows,) or numbers (rows, targets). Raises DataError as `inputs`, and for an unknown class."""
        if not self.targets:
            raise DataError(f"{table.source}: expected a target column behind the {len(self.columns)} inputs, got none")
        if not self.classes:
            return table.numbers(self.targets)
        target = self.targets[0]
        index = {_canonical(name): k for k, name in enumerate(self.classes)}
        labels = [_canonical(label) for label in table.labels(target)]
        for row, label in enumerate(labels):
            if label not in index:
                known = ", ".join(self.classes[:12])
                raise DataError(f"{table.place(row, target)}: expected a class among {known}, got {label!r}")
        return np.array([index[label] for label in labels], np.int64)

    def predictions(self, outputs: NDArray[Any], is_probable: bool) -> tuple[list[str], list[list[str]]]:
        """Header and rows of what a model predicts: class and probabilities or scores, or the numbers."""
        flat = outputs.reshape(len(outputs), -1)
        numbers = [[str(value) for value in row] for row in flat]
        if self.classes:
            what = "probability" if is_probable else "score"
            header = ["prediction", *(f"{what}_{name}" for name in self.classes)]
            return header, [[self.classes[k], *row] for k, row in zip(flat.argmax(axis=1), numbers, strict=True)]
        several = [f"prediction_{k}" for k in range(flat.shape[1])]
        return several if len(several) > 1 else ["prediction"], numbers


def _gives_classes(model: "Model") -> bool:
    """By the loss; of a model without one by its output."""
    if model._compilation is not None:
        return model._compilation.losses[0].task == "classes"
    return getattr(model._network.graph.outputs[0].layer, "activation", None) == "softmax"


def _are_classes(different: Sequence[str], rows: int) -> bool:
    """Few values, whole if they are numbers. Where there are many, a number among them makes the text a wrong cell."""
    numbers = [float(label) for label in different if is_number(label)]
    if len(different) > MAX_CLASSES:
        return not numbers and len(different) <= rows // 2
    has_text = len(numbers) < len(different)
    return has_text or (len(numbers) <= rows // 2 and all(number.is_integer() for number in numbers))


def _class_names(labels: Sequence[str]) -> list[str]:
    """The different labels in order: by value where all are numbers, else by letters."""
    different = {_canonical(label): label for label in reversed(labels)}.values()
    return sorted(different, key=float if all(map(is_number, different)) else str)


def _canonical(label: str) -> str:
    """One spelling for each number: 1, 1.0 and 1e0 are one class."""
    return f"{float(label):.17g}" if is_number(label) else label
