"""A site's user plane function as a process: ``python -m fedge.programs.upf SITE_INDEX`` with ``FEDGE_RUN_DIR`` set. Wiring only.

Simulated: binds its end of N3 and of N6 in the run's loopback net, and keeps a link to session management (N4, a direct call).
Ends on SIGTERM. Killed and started again it knows nothing until session management has said its tunnels again.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Dialled, dial
from fedge.core.messages import InstallTunnel, Message
from fedge.core.model import Address
from fedge.runtime.lifeline import end_with_supervisor
from fedge.runtime.precise_loop import quiet_gc, run, site_pace
from fedge.runtime.run import Run, log_to
from fedge.runtime.udp_end import UdpEnd
from fedge.simulation.city import read_city
from fedge.simulation.n3 import READ_BYTES, Endpoint, endpoint
from fedge.simulation.sockets import socket_drops
from fedge.simulation.upf import N3, Upf

log = structlog.get_logger("upf")


class Ends:
    """The function's two ends. Which base stations and gateways have a socket of their own, tunnels say."""

    def __init__(self, core: Upf, n3: Endpoint, n6: Endpoint) -> None:
        self._core = core
        self._n3 = UdpEnd(n3, READ_BYTES, self._from_n3, self._flush, self._not_sent)
        self._n6 = UdpEnd(n6, READ_BYTES, self._from_n6, self._flush, self._not_sent)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._n3.open(loop)
        self._n6.open(loop)

    def close(self) -> None:
        self._n3.close()
        self._n6.close()

    def order(self, message: Message) -> Message | None:
        """The answer to an order of session management."""
        answer, sending = self._core.handle(message)
        if sending is not None:
            self._send(*sending)
            self._flush()
        if isinstance(message, InstallTunnel) and answer is not None:
            self._n3.meet(endpoint(message.gnb))
            self._n6.meet(endpoint(message.n6), in_bursts=True)  # frames of one tick
        return answer

    def _from_n3(self, packet: bytes, source: Endpoint) -> None:
        sending = self._core.from_n3(packet, source)
        if sending is not None:
            self._send(*sending)

    def _from_n6(self, packet: bytes, source: Endpoint) -> None:
        sending = self._core.from_n6(packet, source)
        if sending is not None:
            self._send(*sending)

    def _send(self, side: int, packet: bytes, to: Endpoint) -> None:
        (self._n3 if side == N3 else self._n6).send(packet, to)

    def _flush(self) -> None:
        self._n3.flush()
        self._n6.flush()

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
        answer = ends.order(message)
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
        ends.close()
        await link.close()


def main() -> None:
    this, index = Run(), int(sys.argv[1])
    log_to(this.folder, f"upf-{index}")
    run(serve(this, index), site_pace(this.config.players))


if __name__ == "__main__":
    main()
