"""The machine and what is installed on it; the most that its cores can do, measured with peak.c."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

DISTRIBUTIONS = ("numpy", "nncpp", "torch", "jax", "scikit-learn")
PEAK = Path(__file__).with_name("peak.c")
PEAK_FLAGS = ("-O2", "-funroll-loops", "-march=native", "-ffp-contract=fast")


def description() -> dict[str, object]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],  # others' work; near zero before a run that counts
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {distribution: _version(distribution) for distribution in DISTRIBUTIONS},
    }


def peak(num_threads: int) -> float | None:
    """Float32 multiply-adds a second: the sum over as many processes as threads, run at once.

    None without a C compiler (`CC`, or `cc`).
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return None
    with TemporaryDirectory() as folder:
        program = str(Path(folder) / "peak")
        subprocess.run([compiler, *PEAK_FLAGS, str(PEAK), "-o", program], check=True)
        processes = [subprocess.Popen([program], stdout=subprocess.PIPE, text=True) for _ in range(num_threads)]
        return sum(float(process.communicate()[0]) for process in processes)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "missing"
