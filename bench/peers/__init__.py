"""The libraries compared, one module each, all with the interface of peer.Peer."""
