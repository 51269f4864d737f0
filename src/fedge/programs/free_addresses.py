"""Addresses of this machine that nobody uses: for a run's loopback network, and for its HTTP port."""

from __future__ import annotations

import contextlib
import random
import socket

from fedge.adapters.embedded import addresses


def free_net(sites: int) -> int:
    """A second octet whose addresses nobody on this machine uses: no control plane, and no instance that outlived its run."""
    draw = random.SystemRandom()
    for _ in range(50):
        net = draw.randint(16, 250)
        instances = [addresses.instance(net, site, 1) for site in range(sites)]
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            control = probes.enter_context(socket.socket())
            control.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            control.bind(addresses.endpoint(addresses.control(net)))
            for address in instances:
                probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind(addresses.endpoint(address))
            return net
    raise OSError("no free 127.x.0.0/16 was found in 50 draws")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
