"""What a library costs before it does anything: the time to import it, and its size on disk."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median

# name -> (what a user imports, the packages that the library itself installs)
PACKAGES = {
    "nncpp": ("nncpp", ("nncpp",)),
    "torch": ("torch", ("torch",)),
    "jax": ("jax", ("jax", "jaxlib")),
    "sklearn": ("sklearn.neural_network", ("sklearn",)),
}


def import_seconds(libraries: list[str], rounds: int) -> dict[str, float]:
    """The median time of an import in a new process that has imported NumPy; the libraries take turns."""
    times: dict[str, list[float]] = {library: [] for library in libraries}
    for _ in range(rounds):
        for library in libraries:
            code = (
                "import numpy; from time import perf_counter; start = perf_counter(); "
                f"import {PACKAGES[library][0]}; print(perf_counter() - start)"
            )
            run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
            times[library].append(float(run.stdout))
    return {library: median(values) for library, values in times.items()}


def installed_bytes(library: str) -> int:
    """The files of the library's own packages, without bytecode caches and without what it requires."""
    total = 0
    for package in PACKAGES[library][1]:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            files = (path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
            total += sum(path.stat().st_size for path in files)
    return total
