"""The layers that a pattern means, with their numbers."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from .._arguments import flag, whole_number
from ..errors import DataError, NncppError, ShapeError
from ..graph import Node
from ..layers import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    LpPool2D,
    MaxPool2D,
)
from .pattern import ACTIVATIONS, MOST_LAYERS, Part, Place, letters, location, misplaced

POOLS = {"max": MaxPool2D, "average": AveragePool2D, "l2": LpPool2D}
RECTIFIERS = ("relu", "leaky_relu")
PAIRS = ("kernel_size", "strides", "padding", "pool_size", "pool_strides")  # of which a tuple is (rows, columns)


class Step(NamedTuple):
    """A layer to make, with what stands behind it and is made in one with it."""

    place: Place
    activation: str | None = None  # behind CONV and FC
    is_normalized: bool = False  # BATCHNORM comes next

    @property
    def word(self) -> str:
        """Of the pattern."""
        return self.place.word


class Same(NamedTuple):
    """What is the same in all layers."""

    pool: str
    strict: bool
    weight_initializer: Any
    weight_regularizer: Any

    def of_weights(self, step: Step, activation: str) -> dict[str, Any]:
        """For CONV and FC."""
        initializer = "he_normal" if activation in RECTIFIERS else "glorot_uniform"
        return {
            "activation": activation,
            "use_bias": not step.is_normalized,
            "weight_initializer": initializer if self.weight_initializer is None else self.weight_initializer,
            "weight_regularizer": self.weight_regularizer,
        }


def layers_of(
    text: str, steps: Sequence[Step], own: Mapping[str, Iterator[dict[str, Any]]], same: Same, is_flat: bool
) -> list[tuple[Layer, Step]]:
    """With the step that each comes from, and a Flatten before the first FC unless samples are flat already."""
    layers: list[tuple[Layer, Step]] = []
    for step in steps:
        if step.word == "FC" and not is_flat:
            layers.append((Flatten(), step))
            is_flat = True
        arguments = next(own[step.word]) if step.word in own else {}
        with _told_for(text, step):
            layers.append((_layer(step, arguments, same), step))
    return layers


def _layer(step: Step, own: dict[str, Any], same: Same) -> Layer:
    match step.word:
        case "CONV":
            return Conv2D(**own, **same.of_weights(step, step.activation or "identity"), strict=same.strict)
        case "FC":
            activation = step.activation or own.get("activation", "identity")
            return Dense(own["units"], **same.of_weights(step, activation))
        case "POOL":
            return POOLS[same.pool](own["pool_size"], own["pool_strides"], strict=same.strict)
        case "DROPOUT":
            return Dropout(own["dropout"])
        case "BATCHNORM":
            return BatchNorm()
        case name:
            return Activation(ACTIVATIONS[name])


# --- the row of layers ----------------------------------------------------------------------------------------------


def numbers_of(parts: Sequence[Part], given: Mapping[str, Any]) -> dict[str, int]:
    """What the letters of the pattern stand for."""
    known = letters(parts)
    for name in given:
        if len(name) > 1:
            from . import convnet

            near = difflib.get_close_matches(name, inspect.signature(convnet).parameters, n=1)
            raise TypeError(f"convnet: unexpected argument {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
        if name not in known:
            raise DataError(
                f"{name}: expected a letter of the pattern ({', '.join(known) or 'it has none'}), got {name}"
            )
    for letter in known:
        if letter not in given:
            raise DataError(f"{letter}: expected a number for '*{letter}' of the pattern; give {letter}=2, for example")
    return {letter: whole_number(letter, given[letter], at_most=MOST_LAYERS) for letter in known}


def chosen(places: Sequence[Place], choices: int, optional: Any) -> list[Place]:
    """Without the optional ones that the caller leaves out."""
    if isinstance(optional, list | tuple):
        if len(optional) != choices:
            raise DataError(f"optional: expected {choices} entries, one for each optional part, got {len(optional)}")
        wanted = [flag("optional", entry) for entry in optional]
    else:
        wanted = [flag("optional", optional)] * choices
    return [place for place in places if all(wanted[choice] for choice in place.choices)]


def steps_of(text: str, places: Sequence[Place]) -> list[Step]:
    """Layers behind the INPUT, an activation in one with the CONV or FC before it. Raises DataError for a bad order."""
    _check_order(text, places)
    steps: list[Step] = []
    for place in places[1:]:
        is_open = bool(steps) and steps[-1].word in ("CONV", "FC") and steps[-1].activation is None
        if is_open and place.word in ACTIVATIONS:
            steps[-1] = steps[-1]._replace(activation=ACTIVATIONS[place.word])
            continue
        if is_open and place.word == "BATCHNORM":
            steps[-1] = steps[-1]._replace(is_normalized=True)
        steps.append(Step(place))
    return steps


def _check_order(text: str, places: Sequence[Place]) -> None:
    has_fc = False
    for i, place in enumerate(places):
        if (place.word == "INPUT") != (i == 0):
            expected = "INPUT" if i == 0 else "INPUT at the head only"
            raise misplaced(text, place.start, expected, place.word)
        if has_fc and place.word in ("CONV", "POOL"):
            raise misplaced(text, place.start, "no CONV or POOL behind FC, which gives no image", place.word)
        has_fc = has_fc or place.word == "FC"
    row = [*places[:-1], *(place for place in places[-1:] if place.word not in ACTIVATIONS)]
    if not row:
        raise DataError(
            "pattern: expected layers, got none; the numbers behind '*' or the optional parts leave nothing"
        )
    if row[-1].word != "FC":
        raise misplaced(text, row[-1].start, "FC at the end, for the classes", row[-1].word)


# --- numbers for each layer -----------------------------------------------------------------------------------------


def each(steps: Sequence[Step], word: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """The arguments for each of these layers in turn."""
    blocks = [step.place.block for step in steps if step.word == word]
    columns = [_spread(argument, value, word, blocks) for argument, value in arguments.items()]
    return (dict(zip(arguments, row, strict=True)) for row in zip(*columns, strict=True))


def _spread(argument: str, value: Any, word: str, blocks: list[int]) -> list[Any]:
    """One value for each layer: the same one, or those of a list for each layer, or for each block."""
    if not isinstance(value, list if argument in PAIRS else list | tuple):
        return [value] * len(blocks)
    if len(value) == len(blocks):
        return list(value)
    numbers = {block: i for i, block in enumerate(dict.fromkeys(blocks))}
    if len(value) == len(numbers):
        return [value[numbers[block]] for block in blocks]
    each_block = "" if len(numbers) == len(blocks) else f" or {len(numbers)}, one for each block,"
    raise DataError(f"{argument}: expected {len(blocks)} entries, one for each {word},{each_block} got {len(value)}")


# --- errors ---------------------------------------------------------------------------------------------------------


@contextmanager
def _told_for(text: str, step: Step) -> Iterator[None]:
    """Says which layer of the pattern does not take its arguments."""
    try:
        yield
    except (NncppError, TypeError) as error:
        raise type(error)(f"pattern: {step.word} {location(text, step.place.start)}: {error}") from None


def first_without_shape(head: Input, layers: Sequence[tuple[Layer, Step]]) -> Step:
    """The step whose layer cannot take what it is given."""
    node: Node = head
    for layer, step in layers:
        node = layer(node)
        try:
            node.shape  # noqa: B018 - raises ShapeError
        except ShapeError:
            return step
    return layers[-1][1]
