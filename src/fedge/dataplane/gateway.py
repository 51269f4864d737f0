"""A site's edge data gateway in user space: two UDP sockets around a flow table.

``n6``: towards the user plane and the other gateways. ``inside``: towards the instances. Each wake-up drains a socket. What
goes to another site crosses the emulated backhaul (``backhaul.py``).
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path

from fedge.core.transfer import ClearFlow, SetFlow
from fedge.dataplane.flows import PEER, Delivery, FlowTable

Endpoint = tuple[str, int]
DRAIN = 256


def udp_socket(address: Endpoint) -> socket.socket:
    """A non-blocking UDP socket with room for a burst."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    opened.bind(address)
    opened.setblocking(False)
    return opened


class Gateway:
    """``heard(key, generation)`` is called when the UE is first heard directly at a generation; ``to_peer`` sends late."""

    def __init__(
        self,
        n6: Endpoint,
        inside: Endpoint,
        user_plane: Endpoint,
        to_peer: Callable[[str, bytes], None],
        heard: Callable[[int, int], None],
        journal: Path,
    ) -> None:
        self.table = FlowTable()
        self.instances: dict[str, Endpoint] = {}
        self._n6, self._inside = udp_socket(n6), udp_socket(inside)
        self._user_plane = user_plane
        self._to_peer, self._heard = to_peer, heard
        self._journal = journal.open("a", buffering=1)

    def start(self, loop: AbstractEventLoop) -> None:
        loop.add_reader(self._n6, self._from_n6)
        loop.add_reader(self._inside, self._from_inside)

    def close(self, loop: AbstractEventLoop) -> None:
        for one in (self._n6, self._inside):
            loop.remove_reader(one)
            one.close()
        self._journal.close()

    def apply(self, effect: SetFlow | ClearFlow) -> None:
        if isinstance(effect, SetFlow):
            deliveries = self.table.set(effect)
            entry = self.table.entries[effect.key]
            if entry.generation == effect.generation and entry.epoch == effect.epoch:  # it took effect
                line = {
                    "key": f"{effect.key:016x}",
                    "mode": entry.flow,
                    "generation": entry.generation,
                    "epoch": entry.epoch,
                }
                self._journal.write(json.dumps({"t_ns": time.monotonic_ns(), **line}) + "\n")
            self._deliver(deliveries)
        else:
            self.table.clear(effect)

    def send_n6(self, packet: bytes, to: Endpoint) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self._n6.sendto(packet, to)

    def _from_n6(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(DRAIN):
                packet = self._n6.recv(2048)
                deliveries, generation = self.table.uplink(packet)
                self._deliver(deliveries)
                if generation:
                    self._heard(int.from_bytes(packet[2:10], "big"), generation)

    def _from_inside(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(DRAIN):
                packet = self._inside.recv(2048)
                if self.table.downlink(packet):
                    self.send_n6(packet, self._user_plane)

    def _deliver(self, deliveries: list[Delivery]) -> None:
        for kind, name, packet in deliveries:
            if kind == PEER:
                self._to_peer(name, packet)
                continue
            address = self.instances.get(name)
            if address is not None:
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    self._inside.sendto(packet, address)
