"""The libraries compared, one module each, all with the interface of peer.Peer."""

# peer -> the library that it is a form of
PEERS = {
    "nncpp": "nncpp",
    "torch": "torch",
    "torch_channels_last": "torch",
    "torch_padded": "torch",
    "torch_default_adam": "torch",
    "jax": "jax",
    "sklearn": "sklearn",
}
