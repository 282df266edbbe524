"""What the worker asks of a library."""

from typing import Any, Protocol

from numpy.typing import NDArray

from bench.workload import Array, Integers, Workload


class UnsupportedWorkloadError(Exception):
    """The library has no such nets; the message says what it lacks."""


class Peer(Protocol):
    """One library with one workload. Every method returns when the work is done, not when it is queued."""

    def __init__(self, workload: Workload, num_threads: int) -> None:
        """Raises UnsupportedWorkloadError."""

    def reset(self) -> None:
        """Back to the initial weights and a fresh optimizer, so that all timed slices do the same work."""

    def run_steps(self, count: int) -> None:
        """Training steps on the workload's batches in their order, as bare as the library allows."""

    def run_epochs(self, count: int) -> None:
        """Shuffled passes over all rows by the library's usual training loop."""

    def arrange(self, x: NDArray[Any]) -> NDArray[Any]:
        """The workload's inputs, images (n, rows, columns, channels) for example, as the library's users keep them."""

    def predict(self, x: NDArray[Any], lengths: Integers | None) -> Array:
        """Probabilities (n, classes), of sequences (n, steps, classes), of arranged inputs."""
