"""What the worker asks of a library."""

from typing import Protocol

from bench.workloads import Array, Workload


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

    def arrange(self, x: Array) -> Array:
        """The workload's rows (n, inputs) or images (n, rows, columns, channels) as the library's users keep them."""

    def predict(self, x: Array) -> Array:
        """Probabilities (n, classes) of arranged rows."""
