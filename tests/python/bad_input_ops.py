"""Rows for the table of bad input: operators, variables, expressions."""

from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case

Shape, Data = nn.ShapeError, nn.DataError


def v(*shape: int) -> Any:
    return nn.variable(np.ones(shape))


def value(node: Any, wrt: Any = (), **options: Any) -> Any:
    return nn.value_and_gradients(node, list(wrt) or [v(1)], **options)


def _beyond_float32(s: Subject) -> Any:
    x = nn.Input(4)
    return nn.Model(x, x + nn.variable(1e300, name="huge"))


def _array_beside_rows(s: Subject) -> Any:
    return nn.Model(nn.Input(4), nn.Dense(2)(v(4)))


def _expression_with_targets(s: Subject) -> Any:
    x = nn.Input(4)
    model = nn.Model(x, nn.ops.sum(nn.Dense(1)(x)))
    model.compile(loss="expression")
    return model.fit(s.x, s.y)


def _index_out_of_range(s: Subject) -> Any:
    x = nn.Input(4)
    return nn.Model(x, nn.ops.gather(nn.variable([1.0, 2.0]), nn.ops.abs(x), 0)).predict(np.full((2, 4), 2.0))


OPS: list[Case] = [
    case("operands that do not broadcast", lambda s: v(3) + v(2), Shape, "add", "(3,) and (2,)"),
    case("operands of a model that do not", lambda s: nn.Input(4) * v(3, 2), Shape, "multiply", "(4,) and (3, 2)"),
    case("a product of shapes that do not fit", lambda s: v(2, 3) @ v(2), Shape, "matmul", "(2, 3) and (2,)"),
    case("a product with a number", lambda s: v(2, 3) @ 2.0, Shape, "matmul", "()"),
    case("an operand of words", lambda s: v(2) + "two", TypeError, "b", "str"),
    case("an operand that is None", lambda s: nn.ops.exp(None), TypeError, "x", "None"),
    case("an operand that is NaN", lambda s: v(2) * [1.0, np.nan], Data, "b", "finite", "nan"),
    case("an operand that is empty", lambda s: v(2) + np.ones((0, 2)), Shape, "b", "(0, 2)"),
    case("an operand of six axes", lambda s: v(1) + np.ones((1,) * 6), Shape, "b", "5 axes"),
    case("a node as truth", lambda s: bool(v(1) > 0), TypeError, "nn.ops.where"),
    case("a sum over an axis that is not there", lambda s: nn.ops.sum(v(2, 3), 2), Shape, "sum", "-2 ... 1", "got 2"),
    case("a sum over an axis twice", lambda s: nn.ops.sum(v(2, 3), (0, -2)), Shape, "sum", "once", "-2"),
    case("a sum over half an axis", lambda s: nn.ops.mean(v(2), 0.5), TypeError, "axis", "0.5"),
    case("keepdims 1", lambda s: nn.ops.max(v(2), keepdims=s.y), TypeError, "keepdims", "True or False", "ndarray"),
    case("a reshape to other numbers", lambda s: nn.ops.reshape(v(2, 3), (4,)), Shape, "reshape", "6", "(4,)"),
    case("a reshape with two -1", lambda s: nn.ops.reshape(v(2, 3), (-1, -1)), Data, "shape", "one may be -1"),
    case("a reshape to 0", lambda s: nn.ops.reshape(v(2, 3), (0, 6)), Data, "shape", ">= 1"),
    case("a transpose of too few axes", lambda s: nn.ops.transpose(v(2, 3), (0,)), Shape, "transpose", "2 axes", "1"),
    case("a concatenation of a node", lambda s: nn.ops.concatenate(v(2)), TypeError, "values", "list"),
    case("a concatenation of nothing", lambda s: nn.ops.concatenate([]), Shape, "concatenate", "1 input"),
    case("a concatenation of shapes that do not fit", lambda s: nn.ops.concatenate([v(2, 3), v(2, 2)]), Shape,
         "concatenate", "(2, 3) and (2, 2)"),
    case("an index beyond the end", lambda s: v(3)[3], Data, "index", "-3 ... 2", "got 3"),
    case("an index too many", lambda s: v(3)[0, 0], Shape, "index", "(3,)"),
    case("an index of a half", lambda s: v(3)[0.5], TypeError, "index", "0.5"),
    case("an index that is an array", lambda s: v(3)[np.array([0, 1])], TypeError, "index", "whole number"),
    case("an index of nothing", lambda s: v(3)[2:1], Shape, "index", "at least 1"),
    case("iterating over a node", lambda s: list(v(3)), TypeError, "iterable"),
    case("gathering by halves", lambda s: nn.ops.gather(v(3), [0.5]), TypeError, "indices", "float64"),
    case("gathering beyond the end", lambda s: nn.ops.gather(v(3), [0, 3]), Data, "indices", "-3 ... 2", "got 3"),
    case("gathering along no axis", lambda s: nn.ops.gather(v(3), [0], axis=1), Shape, "gather", "axis", "got 1"),
    case("rows that gather beyond the end", _index_out_of_range, Data, "gather", "-2 ... 1", "got 2"),
    case("a variable of words", lambda s: nn.variable("one"), TypeError, "value", "str"),
    case("a variable that is infinite", lambda s: nn.variable([1.0, np.inf]), Data, "value", "finite", "inf"),
    case("a variable called a/b", lambda s: nn.variable(1.0, name="a/b"), Data, "name", "a/b"),
    case("a variable beyond float32", _beyond_float32, Data, "huge/value", "float32", "1e+300"),
    case("a model of an array without its input", _array_beside_rows, Data, "input", "leave it out"),
    case("an expression with targets", _expression_with_targets, Data, "y", "takes no targets"),
    case("an expression of several numbers", lambda s: value(v(3)), Shape, "expression", "(3,)", "nn.ops.sum"),
    case("an expression that is a number", lambda s: value(3.0), TypeError, "expression", "node", "3.0"),
    case("a gradient with respect to a number", lambda s: value(v(1), [2.0]), TypeError, "wrt", "node", "2.0"),
    case("an expression without its input", lambda s: value(nn.ops.sum(nn.Input(4))), Data, "inputs", "Input((4,)"),
    case("an expression with an input too many", lambda s: value(v(1), inputs={nn.Input(4): s.x}), Data, "inputs",
         "leave it out"),
    case("an expression with rows of another shape", lambda s: value(nn.ops.sum(x := nn.Input(3)), inputs={x: s.x}),
         Shape, "(N, 3)", "(12, 4)"),
    case("an expression with a list of inputs", lambda s: value(v(1), inputs=[s.x]), TypeError, "inputs", "mapping"),
]  # fmt: skip
