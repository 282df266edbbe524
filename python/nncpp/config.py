"""What this installation is: for bug reports and benchmarks."""

import os
import platform
import sys
from importlib.util import find_spec

import numpy as np

from . import _core, _cpu


def show_config() -> str:
    """Print versions, compiler, instruction set and threads; return the text too.

    Returns
    -------
    str
        one line for each fact

    Examples
    --------
    >>> import nncpp as nn
    >>> text = nn.show_config()  # doctest: +ELLIPSIS
    nncpp ...
    """
    import nncpp

    levels = [level for level in _cpu.levels() if find_spec(f"nncpp._core_{level}")]
    facts = {
        "nncpp": nncpp.__version__,
        "instruction set": f"{_core.isa} (usable here: {', '.join(levels)})",
        "threads": f"{_core.num_threads()} (default {_core.default_num_threads()}, processors {os.cpu_count()})",
        **{name.replace("_", " "): value for name, value in _core.build_info.items()},
        "numpy": np.__version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
    }
    width = max(map(len, facts))
    text = "\n".join(f"{name:<{width}}  {value}" for name, value in facts.items())
    sys.stdout.write(f"{text}\n")
    return text
