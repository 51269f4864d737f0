"""A client redirected from site to site through the whole simulated user plane.

The SDK's client, the real access network, two real user plane functions, two real gateways, each with an instance of the test's.
It plays session management, the agents' orders and the control plane. No assertion about time.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fedge.adapters.embedded import addresses
from fedge.core.messages import TrafficFilter, TrafficRule
from fedge.core.model import Address, InstanceId, SessionKey
from fedge.core.transfer import SetFlow
from fedge.core.transfer.effects import Flow
from fedge.dataplane.gateway import Gateway
from fedge_sdk import ClientSession, wire
from tests.loopback import free_net
from tests.simulation.test_user_plane_chain import PATIENCE_S, bound, user_plane

pytestmark = pytest.mark.system

KEY, INSTANCE = SessionKey(7), InstanceId("arena-1")
RULE = TrafficRule(
    "arena", "FLOW", 128, (TrafficFilter(protocol=("UDP",)),), "FORWARD_DECAPSULATED", "ACTIVE"
)


class Site:
    """A gateway and an instance that notes the inputs it is shown."""

    def __init__(self, net: int, site: int, folder: Path) -> None:
        self.own = addresses.endpoint(addresses.site_service(net, site))
        self.inside = addresses.endpoint(addresses.inside(net, site))
        self.instance = bound(addresses.endpoint(addresses.instance(net, site, 1)))
        self.heard: list[int] = []
        self.arrived: list[tuple[int, bool, tuple[str, int]]] = []
        self.inputs: dict[int, bytes] = {}
        self.gateway = Gateway(
            addresses.endpoint(addresses.gateway(net, site)),
            self.inside,
            addresses.endpoint(addresses.peer(net, site)),
            addresses.endpoint(addresses.upf_n6(net, site)),
            lambda site, packet: None,
            lambda key, generation: self.heard.append(generation),
            lambda key, generation, writer, service: self.arrived.append((generation, writer, service)),
            folder / f"gateway-{site}.jsonl",
        )
        self.gateway.instance_up(INSTANCE, "arena", self.instance.getsockname())
        self.gateway.use_rules("arena", (RULE,))
        self.gateway.start(asyncio.get_running_loop())

    def set(self, flow: Flow, generation: int, epoch: int) -> None:
        self.gateway.apply(SetFlow(KEY, flow, generation, epoch, INSTANCE))

    def work(self, epoch: int, tick: int) -> None:
        """Take what has come; send a frame."""
        while True:
            try:
                packet = self.instance.recv(2048)
            except BlockingIOError:
                break
            said = wire.decode_inputs(packet, wire.ENVELOPE_BYTES)
            self.inputs |= {said.first_seq + n: data for n, data in enumerate(said.inputs)}
        frame = wire.encode_frame(KEY, epoch, tick, 0, 1, wire.CHAIN_START, 0, b"")
        sealed = wire.seal(wire.Envelope(wire.DOWN, 0, KEY, epoch, 0, 0, 0, 0, 0), frame)
        self.instance.sendto(sealed, self.inside)

    def close(self) -> None:
        self.gateway.close()
        self.instance.close()


class Player:
    """The SDK's client around a socket at the UE's address."""

    def __init__(self, net: int, service: tuple[str, int], services: tuple[tuple[str, int], ...]) -> None:
        self.session = ClientSession(KEY, 1)
        self.session.way.attached(service, services)
        self.socket: socket.socket = bound((addresses.ue(net, 0), 0))
        self.sources: set[tuple[str, int]] = set()

    @property
    def sends_to(self) -> tuple[tuple[str, int], ...]:
        return self.session.way.destinations(time.monotonic_ns())

    def play(self) -> None:
        self.session.push(b"go")
        datagram = self.session.datagram()
        for service in self.sends_to:
            self.socket.sendto(datagram, service)
        while True:
            try:
                heard, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if self.session.receive(heard, source, time.monotonic_ns()).accepted:
                self.sources.add(source)


def test_a_client_is_redirected_while_its_packets_pass(tmp_path: Path) -> None:
    async def story() -> None:
        net = free_net()
        async with user_plane(tmp_path, net) as core:
            for number in range(2):
                core.service = Address(addresses.site_service(net, number))
                await core.install(number)
                await core.switch(1, number)
            source, target = Site(net, 0, tmp_path), Site(net, 1, tmp_path)
            stable = addresses.endpoint(addresses.service(net))
            player, tick = Player(net, source.own, (stable, source.own, target.own)), 0

            async def until(
                so: Callable[[], object], *writers: tuple[Site, int], again: bool = False
            ) -> None:
                """Everybody does his work until it is so: the radio may lose any packet."""
                nonlocal tick
                async with asyncio.timeout(PATIENCE_S):
                    while not so():
                        tick += 1
                        player.play()
                        for site, epoch in writers:
                            site.work(epoch, tick)
                        if again:
                            source.gateway.redirect(KEY, 4, target.own)
                        await asyncio.sleep(0.02)

            source.set(Flow.LOCAL, 1, 1)
            await until(lambda: source.heard and player.sources, (source, 1))
            assert (player.sources, source.arrived) == ({source.own}, [(1, True, source.own)])
            target.set(Flow.EARLY, 2, 2)
            target.gateway.table.expect(KEY)
            await until(lambda: target.arrived, (source, 1), again=True)
            assert target.arrived[0] == (2, False, target.own)
            assert player.sends_to == (source.own, target.own)
            assert not target.heard, "the client does not believe the target before it writes"
            source.set(Flow.HOLD, 1, 1)
            target.set(Flow.LOCAL, 2, 2)
            await until(lambda: player.sends_to == (target.own,), (target, 2))
            await until(lambda: target.heard, (target, 2))
            assert (player.sources, target.heard) == ({source.own, target.own}, [2])
            newest = player.session.next_seq - 1
            await until(lambda: max(target.inputs, default=0) > newest, (target, 2))
            known = source.inputs | target.inputs
            assert set(range(1, newest + 1)) <= set(known), "no input is lost on the way"
            player.socket.close()
            source.close()
            target.close()

    asyncio.run(story())
