"""How much memory training takes: 20 steps of each convolutional workload, each library in a new process.

    python -m bench.memory

Printed are the most memory that was ever resident, and how much of it came after the import of the library; then how
nncpp's share of the latter grows from batches of 64 to batches of 1,024 images.
"""

import sys

from bench.client import Client, UnusableError
from bench.peers import PEERS
from bench.report import Usage, memory_table
from bench.workload import Workload
from bench.workloads import WORKLOADS

STEPS = 20
NUM_THREADS = 2
LARGE_BATCH = 1024


def usage(name: str, workload: Workload, batch_size: int) -> Usage:
    with Client(name, NUM_THREADS) as peer:
        imported, peak = peer.memory(workload.name, batch_size, STEPS)
    return Usage(workload.net, batch_size, name, peak, peak - imported)


def main() -> None:
    usages = []
    for workload in WORKLOADS.values():
        if not workload.has_images:
            continue
        for name in PEERS:
            try:
                usages.append(usage(name, workload, workload.batch_size))
            except UnusableError as error:
                print(f"{workload.net}, {name}: {error}", file=sys.stderr)
        usages.append(usage("nncpp", workload, LARGE_BATCH))
    print(memory_table(usages))


if __name__ == "__main__":
    main()
