"""PyTorch that computes padding too and leaves it out of the loss, which is right where no layer reads backward."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.language import LanguageModel
from bench.peers import torch_peer
from bench.peers.peer import UnsupportedWorkloadError
from bench.workload import Array, Integers, Rows, Workload

IGNORED = -100  # the label that cross_entropy leaves out


class Peer(torch_peer.Peer):
    def __init__(self, workload: Workload, num_threads: int) -> None:
        if not isinstance(workload, LanguageModel) or not workload.has_lengths:
            raise UnsupportedWorkloadError("no padding")
        if workload.is_bidirectional:
            raise UnsupportedWorkloadError("reads padding")
        super().__init__(workload, num_threads)

    def tensors(self, rows: Rows) -> tuple[Tensor, ...]:
        x, y, lengths = super().tensors(rows)
        return x, y.masked_fill(torch.arange(y.shape[1]) >= lengths[:, None], IGNORED)

    def predict(self, x: NDArray[Any], lengths: Integers | None) -> Array:
        return super().predict(x, None)
