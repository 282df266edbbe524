"""PyTorch with `torch.optim.Adam` as most scripts write it: not fused."""

from bench.peers import torch_peer


class Peer(torch_peer.Peer):
    fused = False
