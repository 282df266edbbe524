"""The driver's end of a worker process."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NNCPP_NUM_THREADS")


class UnusableError(Exception):
    """The library cannot be imported, or has no such nets; the message says why."""


@contextmanager
def limited_to(num_cores: int) -> Iterator[None]:
    """Processes started inside may run on that many cores only (where the system can say so: Linux)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:num_cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class Client:
    """One library in its own process, limited to as many threads and cores before it is imported."""

    def __init__(self, library: str, num_threads: int) -> None:
        self.library, self.num_threads = library, num_threads
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(num_threads))
        if num_threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
        with limited_to(num_threads):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.worker", library, str(num_threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                env=environment,
            )
        try:
            self._read_answer()
        except UnusableError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def set_up(self, workload: str) -> None:
        self._ask(command="setup", workload=workload)

    def loss(self, steps: int) -> float:
        return float(self._ask(command="loss", steps=steps)["loss"])

    def seconds(self, measure: str, count: int) -> float:
        return float(self._ask(command="time", measure=measure, count=count)["seconds"])

    def memory(self, workload: str, batch_size: int, steps: int) -> tuple[int, int]:
        """The most bytes resident after the import, and after some steps on one batch: the first request of all."""
        answer = self._ask(command="memory", workload=workload, batch_size=batch_size, steps=steps)
        return answer["imported"], answer["peak"]

    def count_in(self, measure: str, seconds: float) -> int:
        """How often `measure` fits into a slice of this length, at least once; warms up on the way."""
        self.seconds(measure, 1)  # compiles, allocates
        count = 1
        while (elapsed := self.seconds(measure, count)) < seconds / 2:
            count = min(math.ceil(count * seconds / elapsed), 20 * count)
        return max(1, round(count * seconds / elapsed))

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin)
        return self._read_answer()

    def _read_answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended without an answer; its error is above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise UnusableError(answer["error"])
        return answer
