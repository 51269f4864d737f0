"""A site's user plane function as a process: ``python -m fedge.programs.upf SITE_INDEX`` with ``FEDGE_RUN_DIR`` set. Wiring only.

Simulated: binds its end of N3 and of N6 in the run's loopback net, and keeps a link to session management (N4, a direct call).
Ends on SIGTERM. Killed and started again it knows nothing until session management has said its tunnels again.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable

import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.messages import Message
from fedge.core.model import Address
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import pace_for, quiet_gc, run
from fedge.runtime.run import Run, log_to
from fedge.simulation.city import read_city
from fedge.simulation.n3 import READ_BYTES, Endpoint
from fedge.simulation.sockets import bound_udp, socket_drops
from fedge.simulation.upf import N3, Sending, Upf

BATCH = 64
"""Packets read from one socket before the other has its turn."""
log = structlog.get_logger("upf")

Take = Callable[[bytes, Endpoint], Sending | None]


class Ends:
    """The two sockets of a function."""

    def __init__(self, core: Upf, n3: Endpoint, n6: Endpoint) -> None:
        self._core = core
        self._n3 = bound_udp(n3)
        self._n6 = bound_udp(n6)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._n3, self._drain, self._n3, self._core.from_n3)
        loop.add_reader(self._n6, self._drain, self._n6, self._core.from_n6)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        for sock in (self._n3, self._n6):
            loop.remove_reader(sock)
            sock.close()

    def _drain(self, sock: socket.socket, take: Take) -> None:
        """The hot path: as few steps a packet as there can be, for each awakening finds them all cold in the cache."""
        receive, to_n3, to_n6 = sock.recvfrom, self._n3.sendto, self._n6.sendto
        for _ in range(BATCH):
            try:
                packet, source = receive(READ_BYTES)
            except (
                OSError
            ):  # empty, or an error of an earlier sending: a network loses packets without a word
                return
            sending = take(packet, source)
            if sending is None:
                continue
            side, packet, to = sending
            try:
                (to_n3 if side == N3 else to_n6)(packet, to)
            except OSError as error:
                self._not_sent(error)

    def send(self, sending: Sending) -> None:
        side, packet, to = sending
        try:
            (self._n3 if side == N3 else self._n6).sendto(packet, to)
        except OSError as error:
            self._not_sent(error)

    def _not_sent(self, error: OSError) -> None:
        """Nobody there, or no buffer."""
        self._core.counts[f"send_{type(error).__name__}"] += 1


async def serve(this: Run, index: int) -> None:
    """Run until SIGTERM or SIGINT."""
    net = this.config.net
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    end_with_supervisor(loop, stopped.set)
    site = read_city(this.folder / "city.json").sites[index].site
    n3, n6 = addresses.upf_n3(net, index), addresses.upf_n6(net, index)
    core = Upf(site, Address(n3))
    ends = Ends(core, addresses.endpoint(n3), addresses.endpoint(n6))
    link: Dialled | None = None

    def receive(message: Message) -> None:
        answer, sending = core.handle(message)
        if sending is not None:
            ends.send(sending)
        if answer is not None and link is not None:
            link.send(answer)

    ends.open(loop)
    link = dial(
        addresses.core_network(net), this.token, role="upf", name=site, greet=core.hello, receive=receive
    )
    log.info("user plane function is up", site=site, n3=n3, n6=n6)
    quiet_gc(loop)
    try:
        await stopped.wait()
    finally:
        drops = sum(count for address, count in socket_drops().items() if address in (n3, n6))
        log.info("user plane function ends", site=site, counts=dict(core.counts), socket_drops=drops)
        ends.close(loop)
        await link.close()


def main() -> None:
    this, index = Run(), int(sys.argv[1])
    log_to(this.folder, f"upf-{index}")
    run(serve(this, index), pace_for(this.config.players // this.config.sites))


if __name__ == "__main__":
    main()
