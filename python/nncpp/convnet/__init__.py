"""Convolutional networks from layer patterns."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from .._arguments import flag, one_of, sample_shape, shown, whole_number
from ..errors import ShapeError

if TYPE_CHECKING:
    from ..sequential import Sequential

__all__ = ["convnet"]


def convnet(
    pattern: str,
    input_shape: Any,
    *,
    filters: Any = 32,
    kernel_size: Any = 3,
    strides: Any = 1,
    padding: Any = "same",
    pool: str = "max",
    pool_size: Any = 2,
    pool_strides: Any = None,
    units: Any = 128,
    classes: int = 10,
    activation: str = "softmax",
    dropout: Any = 0.5,
    optional: Any = True,
    strict: bool = False,
    weight_initializer: Any = None,
    weight_regularizer: Any = None,
    name: str | None = None,
    seed: int = 0,
    dtype: Any = "float32",
    **numbers: int,
) -> Sequential:
    """The model of a layer pattern, such as ``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC``.

    ``->`` (or ``→``, ``-``) puts layers one behind the other, ``[ ]*n`` repeats what is in brackets n times, 0 too, and
    ``?`` behind a layer or brackets makes them optional. Layers:

    ============ ====================================================================================================
    INPUT        the image, at the start
    CONV         ``Conv2D``; with an activation behind it one layer, without a bias where BATCHNORM is behind it
    POOL         ``MaxPool2D``, ``AveragePool2D`` or ``LpPool2D``
    FC           fully connected, ``Dense``; with an activation behind it one layer. The last one, at the end, has the
                 classes. A ``Flatten`` is put before the first
    RELU, ...    the activations of ``nn.Activation`` in capitals: TANH, LEAKY_RELU, ...
    DROPOUT      ``Dropout``
    BATCHNORM    or BN, ``BatchNorm``
    ============ ====================================================================================================

    An argument that says "or a list" takes one value for each CONV (POOL, ...) in the order of the model, or one for
    each block, that is, for each turn of the outermost repetition.

    Parameters
    ----------
    pattern
        as above
    input_shape
        of one sample: (height, width, channels)
    filters
        number of filters of a CONV, or a list
    kernel_size, strides, padding
        of a CONV as in ``Conv2D``, or a list; a pair is a tuple. With "same", CONV keeps height and width, also where
        strides are above 1
    pool
        "max", "average" or "l2"
    pool_size, pool_strides
        of a POOL, or a list; strides None are the size
    units
        of an FC but the last, or a list
    classes, activation
        units and activation of the last FC; "identity" for scores. An activation behind it in the pattern goes first
    dropout
        probability of dropping of a DROPOUT, or a list
    optional
        whether parts with a "?" are there: True, False, or a list with one entry for each in the order of the model
    strict
        True: rows and columns that a CONV or POOL does not reach are a ShapeError; ``summary`` marks them otherwise
    weight_initializer
        of CONV and FC; None is "he_normal" before RELU and LEAKY_RELU, else "glorot_uniform"
    weight_regularizer
        of CONV and FC
    name, seed, dtype
        as for ``Sequential``
    **numbers
        those that letters in the pattern stand for: N=2, M=3, K=1

    Returns
    -------
    Sequential
        not compiled yet

    Raises
    ------
    DataError
        for a pattern with a mistake in it, which the message points to, a letter without a number, a list of another
        length, a number or name that a layer does not take
    ShapeError
        where an image is smaller than the window of a CONV or POOL; the message names layer and place in the pattern
    TypeError
        for a value of a wrong type or an argument that there is not

    References
    ----------
    Stanford's CS231n, notes on convolutional networks, "layer patterns".

    Examples
    --------
    >>> import nncpp as nn
    >>> model = nn.convnet("INPUT -> CONV -> RELU -> POOL -> FC", (32, 32, 3), filters=12, kernel_size=5, name="cifar")
    >>> [layer.name or layer.kind for layer in model.layers], model.count_parameters()
    (['Conv2D', 'MaxPool2D', 'Flatten', 'Dense'], 31642)
    >>> general = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
    >>> nn.convnet(general, (32, 32, 3), N=2, M=3, K=1, filters=[16, 32, 64]).count_parameters()
    204570
    >>> nn.convnet("INPUT -> CONF -> RELU -> FC", (32, 32, 3))
    Traceback (most recent call last):
    nncpp.errors.DataError: pattern: unknown layer 'CONF' at character 10, behind 'INPUT ->'; did you mean CONV?
    """
    from ..layers import Input  # not needed for import nncpp, which stays fast
    from ..sequential import Sequential
    from .build import POOLS, Same, chosen, each, first_without_shape, layers_of, numbers_of, steps_of
    from .pattern import ACTIVATIONS, location, parse, unroll

    if not isinstance(pattern, str):
        raise TypeError(f"pattern: expected a string such as 'INPUT -> CONV -> RELU -> FC', got {shown(pattern)}")
    parts = parse(pattern)
    steps = steps_of(pattern, chosen(*unroll(parts, numbers_of(parts, numbers)), optional))
    shape = sample_shape("input_shape", input_shape)
    same = Same(one_of("pool", pool, POOLS), flag("strict", strict), weight_initializer, weight_regularizer)
    output = {
        "units": whole_number("classes", classes, at_least=1),
        "activation": one_of("activation", activation, ACTIVATIONS.values()),
    }
    own = {
        "CONV": each(steps, "CONV", filters=filters, kernel_size=kernel_size, strides=strides, padding=padding),
        "POOL": each(steps, "POOL", pool_size=pool_size, pool_strides=pool_strides),
        "FC": chain(each(steps[:-1], "FC", units=units), [output]),
        "DROPOUT": each(steps, "DROPOUT", dropout=dropout),
    }
    head, layers = Input(shape), layers_of(pattern, steps, own, same, is_flat=len(shape) == 1)
    try:
        return Sequential([head, *(layer for layer, _ in layers)], name=name, seed=seed, dtype=dtype)
    except ShapeError as error:
        step = first_without_shape(head, layers)
        raise ShapeError(f"{error}; in the pattern it is {step.word} {location(pattern, step.place.start)}") from None
