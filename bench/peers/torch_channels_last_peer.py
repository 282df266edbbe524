"""PyTorch with `memory_format=torch.channels_last`, which suits its convolutions better."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.peers import torch_peer
from bench.peers.peer import UnsupportedWorkloadError
from bench.workload import Workload


class Peer(torch_peer.Peer):
    memory_format = torch.channels_last

    def __init__(self, workload: Workload, num_threads: int) -> None:
        if not workload.has_images:
            raise UnsupportedWorkloadError("no images")
        super().__init__(workload, num_threads)

    def arrange(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.moveaxis(x, -1, 1)  # another order of axes, the same memory
