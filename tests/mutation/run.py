"""The mutation score: how many of the mistakes planted in backward passes the C++ contract notices.

    python tests/mutation/run.py

A copy of the sources is compiled once with every mutant in it; the tests then run for each mutant. Exit status 1 where
fewer than 98 % are noticed, or one that is not is missing from survivors.toml.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutants import HEADER, ROOT, SWITCH, Mutant, read, sites, survivors, switched

# It compares backward with itself on other threads, and takes longer than all others together.
LEFT_OUT = "layers: the bits do not depend on the number of threads*"
REQUIRED = 0.98
SECONDS = 60.0  # for one mutant; it takes less than one


def write_mutated(folder: Path, mutants: list[Mutant]) -> None:
    """The sources, with all mutants in them."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "CMakeLists.txt", folder / "CMakeLists.txt")
    for name in ("cmake", "cpp", "tests/cpp"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(ROOT / name, folder / name, copy_function=shutil.copyfile)  # as of now: all is compiled again
    (folder / HEADER).write_text(SWITCH, encoding="utf-8")
    for source in sorted({mutant.source for mutant in mutants}):
        text = (ROOT / source).read_text(encoding="utf-8")
        there = sites([mutant for mutant in mutants if mutant.source == source], text)
        (folder / source).write_text(switched(text, there), encoding="utf-8")


def build(folder: Path, jobs: int) -> Path:
    """Compile the tests for the highest level that this processor runs; the path of the program."""
    built = folder / "build"
    configure = ["cmake", "-S", f"{folder}", "-B", f"{built}", "-DCMAKE_BUILD_TYPE=Release", "-DNNCPP_BUILD_TESTS=ON"]
    configure.append("-DNNCPP_LEVELS=highest")
    if shutil.which("ninja"):
        configure += ["-G", "Ninja"]
    if shutil.which("ccache"):
        configure.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    for command in (configure, ["cmake", "--build", f"{built}", "--parallel", f"{jobs}"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{done.stdout[-4000:]}\n{done.stderr}")
    (program,) = (built / "tests/cpp").glob("nncpp_tests_*")
    return program


def passes(program: Path, tests: str, number: int) -> bool:
    """Do the tests pass with this mutant, 0 for none? A crash or no end within the time is a failure."""
    arguments = [f"--test-case={tests}", f"--test-case-exclude={LEFT_OUT}", "--abort-after=1", "--no-path-filenames=1"]
    environment = os.environ | {"NNCPP_MUTANT": str(number), "NNCPP_NUM_THREADS": "1"}
    try:
        done = subprocess.run([program, *arguments], capture_output=True, timeout=SECONDS, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def score_table(mutants: list[Mutant], living: set[str], key: str) -> str:
    """How many mutants there are, and how many are noticed, by `key`."""
    total, killed = Counter[str](), Counter[str]()
    for mutant in mutants:
        for group in (getattr(mutant, key), "all"):
            total[group] += 1
            killed[group] += mutant.id not in living
    rows = [f"| {key} | mutants | killed | score |", "|---|---|---|---|"]
    rows += [
        f"| {group} | {total[group]} | {killed[group]} | {100 * killed[group] / total[group]:.1f} % |"
        for group in [*sorted(set(total) - {"all"}), "all"]
    ]
    return "\n".join(rows)


def explained(living: Iterable[str], reasons: dict[str, str]) -> tuple[str, bool]:
    """The survivors with their reasons, and whether each has one, and no other mutant has."""
    lines = [f"- {name}: {reasons.get(name, 'NO REASON GIVEN')}" for name in living]
    stale = [f"- {name}: has a reason to live, but is killed" for name in reasons if name not in living]
    return "\n".join([*lines, *stale]), not stale and all(name in reasons for name in living)


def main() -> int:
    """Run it all; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--area", action="append", help="this area only, as named in areas/; may be given again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--folder", type=Path, help="keep the mutated sources and their build here")
    options = parser.parse_args()
    started = time.monotonic()
    every = read()
    mutants = [mutant for mutant in every if options.area is None or mutant.area in options.area]
    if not mutants:
        parser.error(f"--area: expected one of {', '.join(sorted({mutant.area for mutant in every}))}")

    with tempfile.TemporaryDirectory(prefix="nncpp_mutants_") as temporary:
        folder = options.folder or Path(temporary)
        write_mutated(folder, every)
        print(f"compiling {len(every)} mutants", flush=True)
        program = build(folder, options.jobs)
        compiled = time.monotonic()
        for tests in sorted({mutant.tests for mutant in mutants}):
            if not passes(program, tests, 0):
                sys.exit(f"the tests fail without a mutant: {program} -tc={tests!r}")
        with ThreadPoolExecutor(options.jobs) as pool:
            lives = list(pool.map(lambda mutant: passes(program, mutant.tests, mutant.number), mutants))

    living = [mutant.id for mutant, is_alive in zip(mutants, lives, strict=True) if is_alive]
    chosen = {mutant.id for mutant in mutants}
    reasons = {name: reason for name, reason in survivors().items() if name in chosen}
    score = 1 - len(living) / len(mutants)
    text, is_explained = explained(living, reasons)
    print(score_table(mutants, set(living), "area"), end="\n\n")
    print(score_table(mutants, set(living), "defect"), end="\n\n")
    print(f"score: {100 * score:.1f} % of {len(mutants)}")
    if text:
        print(f"survivors:\n{text}")
    print(f"compiled in {compiled - started:.0f} s, run in {time.monotonic() - compiled:.0f} s")
    return 0 if is_explained and score >= REQUIRED else 1


if __name__ == "__main__":
    sys.exit(main())
