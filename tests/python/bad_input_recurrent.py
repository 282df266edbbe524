"""Rows for the table of bad input: arguments of recurrent layers, their states and their streams."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nncpp as nn
from bad_input_table import Case, Subject, case

Shape, Data = nn.ShapeError, nn.DataError


def rnn(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.SimpleRNN(*arguments, **options)


def lstm(**options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.LSTM(3, **options)


def both(*arguments: Any, **options: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.Bidirectional(*arguments, **options)


def built(layer: nn.Layer, shapes: Any) -> Callable[[Subject], Any]:
    return lambda s: layer.build(shapes)


def begun(layer: Any, *states: Any) -> Callable[[Subject], Any]:
    return lambda s: nn.Model(u := nn.Input((4, 2)), layer(u, initial_state=list(states)))


def _more_rows_than_streams(s: Subject) -> Any:
    model = nn.Sequential([nn.Input((4, 2)), nn.GRU(3, stateful=2)])
    model.compile("sgd", "squared")
    return model.train_on_batch(np.zeros((3, 4, 2)), np.zeros((3, 3)))


def _states_in_a_row_of_layers(s: Subject) -> Any:
    return nn.Sequential([nn.Input((4, 2)), nn.LSTM(3, return_state=True)])


def _learned_step(s: Subject) -> Any:
    model = nn.Sequential([nn.Input((4, 2)), nn.SimpleRNN(3, "step")])
    model.compile("sgd", "squared")
    return model.train_on_batch(np.zeros((3, 4, 2)), np.zeros((3, 3)))


RECURRENT: list[Case] = [
    case("rnn units 0", rnn(0), Data, "units", ">= 1", "0"),
    case("rnn units 2.5", rnn(2.5), TypeError, "units", "2.5"),
    case("rnn activation unknown", rnn(3, "tan"), Data, "activation", "tanh", "tan"),
    case("rnn activation over an axis", rnn(3, "softmax"), Data, "activation", "softmax"),
    case("rnn return_sequences 1", rnn(3, return_sequences=1), TypeError, "return_sequences", "True or False"),
    case("rnn return_state None", rnn(3, return_state=None), TypeError, "return_state", "True or False"),
    case("rnn reverse by word", rnn(3, reverse="yes"), TypeError, "reverse", "yes"),
    case("rnn stateful 0", rnn(3, stateful=0), Data, "stateful", ">= 1", "0"),
    case("rnn stateful True", rnn(3, stateful=True), TypeError, "stateful", "True"),
    case("rnn truncate 0", rnn(3, truncate=0), Data, "truncate", ">= 1", "0"),
    case("rnn truncate 1.5", rnn(3, truncate=1.5), TypeError, "truncate", "1.5"),
    case("rnn dropout 1", rnn(3, dropout=1.0), Data, "dropout", "[0, 1)", "1"),
    case("rnn recurrent dropout -1", rnn(3, recurrent_dropout=-1), Data, "recurrent_dropout", "[0, 1)", "-1"),
    case("rnn weight initializer", rnn(3, weight_initializer="xavier"), Data, "weight_initializer", "glorot"),
    case("rnn recurrent initializer", rnn(3, recurrent_initializer=1), TypeError, "recurrent_initializer"),
    case("rnn recurrent regularizer", rnn(3, recurrent_regularizer=0.1), TypeError, "recurrent_regularizer"),
    case("rnn recurrent constraint", rnn(3, recurrent_constraint=nn.L2(0.1)), TypeError, "recurrent_constraint"),
    case("rnn with a forget bias", rnn(3, forget_bias=1.0), TypeError, "SimpleRNN", "forget_bias"),
    case("lstm forget bias by word", lstm(forget_bias="1"), TypeError, "forget_bias", "'1'"),
    case("lstm forget bias NaN", lstm(forget_bias=np.nan), Data, "forget_bias", "nan"),
    case("lstm with an activation", lstm(activation="relu"), TypeError, "LSTM", "activation"),
    case("rnn of rows", built(nn.SimpleRNN(3), (8,)), Shape, "(N, T, D)", "(N, 8)"),
    case("rnn of images", built(nn.GRU(3), (8, 8, 1)), Shape, "(N, T, D)", "(N, 8, 8, 1)"),
    case("lstm with h alone", built(nn.LSTM(3), [(4, 2), (3,)]), Shape, "(u, h, c)", "got 2"),
    case("gru with two states", built(nn.GRU(3), [(4, 2), (3,), (3,)]), Shape, "(u, h)", "got 3"),
    case("gru with a state of others", built(nn.GRU(3), [(4, 2), (5,)]), Shape, "first states (N, 3)", "(N, 5)"),
    case("gru with a state and streams", built(nn.GRU(3, stateful=2), [(4, 2), (3,)]), Shape, "stateful", "got 2"),
    case("first state by numbers", begun(nn.GRU(3), np.zeros(3)), TypeError, "expected nodes", "ndarray"),
    case("more rows than streams", _more_rows_than_streams, Data, "batch_size", "2", "3"),
    case("states in a row of layers", _states_in_a_row_of_layers, Data, "one output", "3"),
    case("rnn of steps, trained", _learned_step, Data, "step", "derivative"),
    case("both directions of a dense layer", both(nn.Dense(3)), TypeError, "layer", "LSTM", "Dense"),
    case("both directions of a class", both(nn.LSTM), TypeError, "layer", "LSTM"),
    case("both directions in reverse", both(nn.LSTM(3, reverse=True)), Data, "layer", "reverse"),
    case("both directions of streams", both(nn.LSTM(3, stateful=4)), Data, "layer", "stateful"),
    case("both directions with states", both(nn.LSTM(3, return_state=True)), Data, "layer", "return_state"),
    case("both directions merged by max", both(nn.GRU(3), "max"), Data, "merge", "concat, sum", "max"),
    case("both directions of rows", built(nn.Bidirectional(nn.GRU(3)), (8,)), Shape, "(N, T, D)", "(N, 8)"),
    case("both directions with a state", built(nn.Bidirectional(nn.GRU(3)), [(4, 2), (3,)]), Shape, "1 input", "2"),
]
