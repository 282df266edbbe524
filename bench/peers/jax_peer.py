"""JAX: one jit-compiled function for the whole step, its arguments donated."""

from functools import partial
from itertools import cycle, islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from bench.classifiers import Classifier, Conv, Layer, MaxPool
from bench.peers.peer import UnsupportedWorkloadError
from bench.workload import LEARNING_RATE, Integers, Workload

Parameters = list[tuple[Array, Array]]


class State(NamedTuple):
    """theta, Adam's moments and its step count."""

    parameters: Parameters
    m: Parameters
    v: Parameters
    t: Array


def logits(hidden: tuple[Layer, ...], parameters: Parameters, x: Array) -> Array:
    weights = iter(parameters)
    for layer in hidden:
        if isinstance(layer, MaxPool):
            window = (1, layer.size, layer.size, 1)
            x = lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
            continue
        weight, bias = next(weights)
        if isinstance(layer, Conv):
            padding = [(layer.padding, layer.padding)] * 2
            z = lax.conv_general_dilated(x, weight, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
        else:
            z = x.reshape(len(x), -1) @ weight + bias
        x = jax.nn.relu(z)
    weight, bias = next(weights)
    return x.reshape(len(x), -1) @ weight + bias


def mean_loss(hidden: tuple[Layer, ...], parameters: Parameters, x: Array, y: Array) -> Array:
    z = logits(hidden, parameters, x)
    return -jnp.mean(jnp.sum(jax.nn.log_softmax(z) * jax.nn.one_hot(y, z.shape[1]), axis=1))


def train_step(hidden: tuple[Layer, ...], state: State, x: Array, y: Array) -> tuple[State, Array]:
    loss, gradient = jax.value_and_grad(mean_loss, argnums=1)(hidden, state.parameters, x, y)
    t = state.t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state.v, gradient)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    parameters = jax.tree.map(
        lambda p, m, v: p - LEARNING_RATE * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), state.parameters, m, v
    )
    return State(parameters, m, v, t), loss


def probabilities(hidden: tuple[Layer, ...], parameters: Parameters, x: Array) -> Array:
    return jax.nn.softmax(logits(hidden, parameters, x))


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        if not isinstance(workload, Classifier):
            raise UnsupportedWorkloadError("no recurrent layers")
        self.workload = workload
        self.train_step = jax.jit(partial(train_step, workload.hidden), donate_argnums=0)
        self.probabilities = jax.jit(partial(probabilities, workload.hidden))
        self.batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y, _ in workload.batches()]
        self.random = np.random.default_rng(0)
        self.reset()

    def reset(self) -> None:
        weights = self.workload.weights
        m, v = (jax.tree.map(jnp.zeros_like, weights) for _ in range(2))
        self.state = State(jax.tree.map(jnp.array, weights), m, v, jnp.float32(0))
        self.finish()

    def finish(self) -> None:
        """Wait for what is queued."""
        for array in jax.tree.leaves(self.state):
            array.block_until_ready()

    def run_steps(self, count: int) -> None:
        for x, y in islice(cycle(self.batches), count):
            self.state, _ = self.train_step(self.state, x, y)
        self.finish()

    def run_epochs(self, count: int) -> None:
        x, y, _ = self.workload.data
        for _ in range(count):
            order = self.random.permutation(len(x)).reshape(-1, self.workload.batch_size)
            for rows in order:
                self.state, _ = self.train_step(self.state, x[rows], y[rows])
        self.finish()

    def arrange(self, x: NDArray[Any]) -> NDArray[Any]:
        return x

    def predict(self, x: NDArray[Any], lengths: Integers | None) -> NDArray[np.float32]:
        return np.asarray(self.probabilities(self.state.parameters, x))
