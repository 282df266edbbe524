"""The compiled core: the module of the highest level that this processor runs, or of the level in NNCPP_ISA."""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from nncpp import _cpu


def _choose_level() -> str:
    runnable = _cpu.levels()
    usable = [level for level in runnable if find_spec(f"nncpp._core_{level}")]
    level = os.environ.get("NNCPP_ISA") or (usable[-1] if usable else None)
    if level in usable:
        return level
    what = f"NNCPP_ISA={level} names no level that can be used here" if level else "no core for this processor"
    raise ImportError(
        f"{what}: the processor runs {', '.join(runnable) or 'none'}; of these nncpp has {', '.join(usable) or 'none'}"
    )


def _load(level: str) -> ModuleType:
    # GCC's OpenMP runtime reads this once, when it is loaded. Its threads wait for each other by spinning, 15 ms by
    # default: on a machine that others use too, a step of 0.5 ms then takes 36 (docs/architecture.md, "Threads").
    # Half a millisecond covers the gaps between the regions of a step.
    name = "GOMP_SPINCOUNT"
    is_ours = name not in os.environ and "OMP_WAIT_POLICY" not in os.environ
    if is_ours:
        os.environ[name] = "10000"
    try:
        return import_module(f"nncpp._core_{level}")
    finally:
        if is_ours:
            del os.environ[name]


_module = _load(_choose_level())
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})
