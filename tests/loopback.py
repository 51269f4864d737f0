"""A loopback net for one test: nobody of this machine's other tests and runs has it."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile

from fedge.adapters.embedded import addresses

_HELD: list[int] = []
"""Locks, for as long as this process lives."""


def free_net() -> int:
    """One of 127.2.0.0/16 to 127.249.0.0/16. Held by a lock between test processes; of other programs, those are seen that have
    bound an address that every run binds.
    """
    for net in random.sample(range(2, 250), 248):
        name = os.path.join(tempfile.gettempdir(), f"fedge-tests-{os.getuid()}-net-{net}.lock")
        lock = os.open(name, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        if all(map(_free, (addresses.control(net), addresses.core_network(net), addresses.nef(net)))):
            _HELD.append(lock)
            return net
        os.close(lock)
    raise RuntimeError("every loopback net is taken")


def _free(address: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(addresses.endpoint(address))
        except OSError:
            return False
    return True
