"""The simulated user plane as a whole: a UE, the real access network, two real user plane functions, and two gateways.

The test plays the UE, session management and the edge data gateways, and moves a flow from one site to the other while packets
pass. No assertion about time.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Join, Line, listen
from fedge.core.messages import (
    EndTunnel,
    InstallPath,
    InstallTunnel,
    Message,
    PathSwitched,
    RanHello,
    RemovePath,
    RemoveTunnel,
    SwitchPath,
    TunnelInstalled,
    UpfHello,
)
from fedge.core.model import Address, UeId
from fedge.runtime.run import Config
from fedge.simulation.city import generate, write_city
from fedge.wire import ip
from tests.loopback import free_net

pytestmark = pytest.mark.system

UE, TOKEN, QFI = UeId("player-1"), "token", 1
PATIENCE_S = 20.0


class SessionManagement:
    """A play of it: one flow, a path through either site."""

    def __init__(self, net: int) -> None:
        self.net = net
        self.sites = [each.site for each in generate(7, 2).sites]
        self.service = Address(addresses.service(net))
        self.lines: dict[str, Line] = {}
        self.heard: list[Message] = []

    def accept(self, join: Join, line: Line) -> Callable[[Message], None]:
        self.lines[join.name] = line
        return self.heard.append

    async def hear(self, kind: type[Message], count: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while sum(isinstance(message, kind) for message in self.heard) < count:
                await asyncio.sleep(0.01)
        self.heard[:] = [message for message in self.heard if not isinstance(message, kind)]

    async def install(self, site: int) -> None:
        up, down, n3 = 10 + site, 20 + site, Address(addresses.upf_n3(self.net, site))
        gnb, n6 = Address(addresses.gnb(self.net)), Address(addresses.gateway(self.net, site))
        host = addresses.ue(self.net, 0)
        self.lines[self.sites[site]].send(InstallTunnel(UE, host, self.service, up, down, gnb, n6, QFI))
        await self.hear(TunnelInstalled)
        self.lines["access"].send(InstallPath(UE, self.service, self.sites[site], n3, up, down, QFI))

    async def switch(self, number: int, site: int) -> None:
        self.lines["access"].send(SwitchPath(UE, self.service, self.sites[site], number))
        await self.hear(PathSwitched)

    def end(self, site: int) -> None:
        self.lines[self.sites[site]].send(EndTunnel(10 + site))

    def remove(self, site: int) -> None:
        self.lines[self.sites[site]].send(RemoveTunnel(10 + site))
        self.lines["access"].send(RemovePath(UE, self.service, self.sites[site]))


def bound(address: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(address)
    return made


@asynccontextmanager
async def user_plane(folder: Path, net: int) -> AsyncIterator[SessionManagement]:
    """All programs, each with its link to session management up."""
    config = Config("embedded", 7, 2, 2, "follow", 1.0, 4096, 5.0, net, 0.0, 0, time.monotonic_ns())
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    (folder / "token").write_text(TOKEN)
    write_city(folder / "city.json", generate(7, 2))
    core = SessionManagement(net)
    server = await listen(addresses.core_network(net), TOKEN, core.accept)
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", f"fedge.programs.{name}", *arguments],
            env=os.environ | {"FEDGE_RUN_DIR": str(folder)},
        )
        for name, *arguments in (("access_network",), ("upf", "0"), ("upf", "1"))
    ]
    try:
        await core.hear(UpfHello, 2)
        await core.hear(RanHello)
        yield core
    finally:
        for program in programs:
            program.kill()
            program.wait()
        server.close()


async def through(
    sender: socket.socket, packet: bytes, to: str, receiver: socket.socket, want: bytes
) -> None:
    """Send until ``receiver`` has ``want``: the radio may lose some, and packets of before may still be under way."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            sender.sendto(packet, addresses.endpoint(to))
            await asyncio.sleep(0.05)
            try:
                while receiver.recv(2048) != want:
                    pass
                return
            except BlockingIOError:
                continue


def test_a_flow_moves_between_two_sites_while_its_packets_pass(tmp_path: Path) -> None:
    async def story() -> None:
        net = free_net()
        ue = bound((addresses.ue(net, 0), 0))
        gateways = [bound(addresses.endpoint(addresses.gateway(net, site))) for site in range(2)]
        service, n6 = addresses.service(net), [addresses.upf_n6(net, site) for site in range(2)]
        up = ip.Udp4(ue.getsockname(), addresses.endpoint(service))
        down = ip.Udp4(addresses.endpoint(service), ue.getsockname())
        async with user_plane(tmp_path, net) as core:
            await core.install(0)
            await core.switch(1, 0)
            await through(ue, b"jump", service, gateways[0], up.packet(b"jump"))
            await through(gateways[0], down.packet(b"old"), n6[0], ue, b"old")
            await core.install(1)
            await through(gateways[1], down.packet(b"new"), n6[1], ue, b"new")
            await through(ue, b"duck", service, gateways[0], up.packet(b"duck"))
            await core.switch(2, 1)
            core.end(0)
            await through(ue, b"left", service, gateways[1], up.packet(b"left"))
            await through(gateways[0], down.packet(b"straggler"), n6[0], ue, b"straggler")
            core.remove(0)
            await through(gateways[1], down.packet(b"newer"), n6[1], ue, b"newer")
        for sock in (ue, *gateways):
            sock.close()

    asyncio.run(story())
