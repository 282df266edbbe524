"""Threads of the core. Results do not depend on their number, bit for bit."""

from collections.abc import Iterator
from contextlib import contextmanager

from . import _core
from ._arguments import whole_number

MAX_THREADS = 1024


def get_num_threads() -> int:
    """How many threads the core uses.

    At the start: the least of the processors this process may use, its share by cgroup, ``OMP_NUM_THREADS`` and
    ``NNCPP_NUM_THREADS``.

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.get_num_threads() >= 1
    True
    """
    return _core.num_threads()


def set_num_threads(count: int) -> None:
    """From now on the core uses ``count`` threads, in the whole process.

    Raises
    ------
    DataError, TypeError
        unless count is a whole number in 1 ... 1024

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.set_num_threads(nn.get_num_threads())
    """
    _core.set_num_threads(whole_number("count", count, at_least=1, at_most=MAX_THREADS))


@contextmanager
def threads(count: int) -> Iterator[None]:
    """``count`` threads inside a with block, the old number after it.

    Raises
    ------
    DataError, TypeError
        as for ``set_num_threads``, before the block

    Examples
    --------
    >>> import nncpp as nn
    >>> with nn.threads(1):
    ...     nn.get_num_threads()
    1
    """
    before = get_num_threads()
    set_num_threads(count)
    try:
        yield
    finally:
        set_num_threads(before)
