"""JAX: one jit-compiled function for the whole step, its arguments donated."""

from functools import partial
from itertools import cycle, islice
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from bench.workloads import LEARNING_RATE, Workload

Parameters = list[tuple[Array, Array]]


class State(NamedTuple):
    """theta, Adam's moments and its step count."""

    parameters: Parameters
    m: Parameters
    v: Parameters
    t: Array


def logits(parameters: Parameters, x: Array) -> Array:
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def mean_loss(parameters: Parameters, x: Array, y: Array) -> Array:
    z = logits(parameters, x)
    return -jnp.mean(jnp.sum(jax.nn.log_softmax(z) * jax.nn.one_hot(y, z.shape[1]), axis=1))


@partial(jax.jit, donate_argnums=0)
def train_step(state: State, x: Array, y: Array) -> tuple[State, Array]:
    loss, gradient = jax.value_and_grad(mean_loss)(state.parameters, x, y)
    t = state.t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state.v, gradient)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    parameters = jax.tree.map(
        lambda p, m, v: p - LEARNING_RATE * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), state.parameters, m, v
    )
    return State(parameters, m, v, t), loss


@jax.jit
def probabilities(parameters: Parameters, x: Array) -> Array:
    return jax.nn.softmax(logits(parameters, x))


class Peer:
    def __init__(self, workload: Workload, num_threads: int) -> None:
        self.workload = workload
        self.batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in workload.batches()]
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
            self.state, _ = train_step(self.state, x, y)
        self.finish()

    def run_epochs(self, count: int) -> None:
        x, y = self.workload.data
        for _ in range(count):
            order = self.random.permutation(len(x)).reshape(-1, self.workload.batch_size)
            for rows in order:
                self.state, _ = train_step(self.state, x[rows], y[rows])
        self.finish()

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(probabilities(self.state.parameters, x))
