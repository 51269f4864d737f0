"""The access network as a real process on loopback: datagrams cross both ways, in envelopes. No assertion about time."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Line, listen
from fedge.core.messages import (
    AccessHello,
    ActivateRoute,
    CellChanged,
    HopFigures,
    InstallRoute,
    Message,
    RouteActivated,
    UesSighted,
    WriterChanged,
)
from fedge.core.model import Address, SessionId, SessionKey, SiteId, UeId
from fedge.runtime.run import Config
from fedge.wire import records
from fedge_sdk import wire

pytestmark = pytest.mark.system

Heard = TypeVar("Heard", bound=Message)
SESSION, KEY, TOKEN = SessionId("arena/player-1"), SessionKey(0xBEEF), "token"
PATIENCE_S = 20.0


class ControlPlane:
    """The far end of the link: keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.line: Line | None = None

    def accept(self, _join: object, line: Line) -> Callable[[Message], None]:
        self.line = line
        return self.heard.append

    def send(self, message: Message) -> None:
        assert self.line is not None
        self.line.send(message)

    async def until(self, kind: type[Heard]) -> Heard:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in self.heard:
                    if isinstance(message, kind):
                        self.heard.remove(message)
                        return message
                await asyncio.sleep(0.01)


class Stand:
    """A run's stage: control plane, two gateways and one UE, all of the test's own process."""

    def __init__(self, folder: Path, net: int) -> None:
        self.folder, self.net = folder, net
        self.control = ControlPlane()
        self.ue = bound((addresses.ue(net, 0), 0))
        self.gateways = [bound(addresses.endpoint(addresses.gateway(net, index))) for index in range(2)]
        self.sites: list[SiteId] = []
        config = Config("embedded", 7, 2, 2, "follow", 1.0, 4096, 5.0, net, 0.0, 0, time.monotonic_ns())
        (folder / "config.json").write_bytes(msgspec.json.encode(config))
        (folder / "token").write_text(TOKEN)

    @asynccontextmanager
    async def access_network(self) -> AsyncIterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "fedge.programs.access_network"],
            env=os.environ | {"FEDGE_RUN_DIR": str(self.folder)},
        )
        try:
            hello = await self.control.until(AccessHello)
            assert hello.routes == ()
            self.sites = list(hello.cells[0].path_rtt_ms)
            yield process
        finally:
            process.kill()
            process.wait()

    async def route(self, generation: int, site: int) -> None:
        gateway = Address(addresses.gateway(self.net, site))
        self.control.send(InstallRoute(SESSION, KEY, UeId("player-1"), generation, self.sites[site], gateway))
        self.control.send(ActivateRoute(SESSION, KEY, generation))
        assert (await self.control.until(RouteActivated)).generation == generation

    async def upwards(self, site: int) -> tuple[wire.Envelope, wire.Inputs]:
        """Send inputs until one reaches the gateway of ``site``: the radio may lose some."""
        datagram = wire.encode_inputs(KEY, 1, 1, 0, 1, [b"left", b"jump"])
        packet = await self._repeat(self.ue, datagram, addresses.service(self.net), self.gateways[site])
        return wire.unseal(packet), wire.decode_inputs(packet, wire.ENVELOPE_BYTES)

    async def downwards(self, site: int, envelope: wire.Envelope, epoch: int, tick: int) -> wire.Frame:
        """Let ``site`` send frames of ``tick`` until the UE has it."""
        frame = wire.encode_frame(KEY, epoch, tick, 2, 1, wire.CHAIN_START, 0, b"picture")
        packet = wire.seal(envelope._replace(kind=wire.DOWN, stamp_ns=time.monotonic_ns()), frame)
        while True:
            got = await self._repeat(self.gateways[site], packet, addresses.user_plane(self.net), self.ue)
            if (found := wire.decode_frame(got)).tick == tick:
                return found

    async def _repeat(self, sender: socket.socket, packet: bytes, to: str, receiver: socket.socket) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                sender.sendto(packet, addresses.endpoint(to))
                await asyncio.sleep(0.05)
                try:
                    return receiver.recv(2048)
                except BlockingIOError:
                    continue


def bound(address: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(address)
    return made


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stand]:
    stand = Stand(folder, random.randrange(2, 250))
    server = await listen(addresses.control(stand.net), TOKEN, stand.control.accept)
    try:
        yield stand
    finally:
        server.close()
        for sock in (stand.ue, *stand.gateways):
            sock.close()


async def drain(sock: socket.socket) -> int:
    """Take what is under way; returns how much came within half a second."""
    await asyncio.sleep(0.5)
    count = 0
    while True:
        try:
            sock.recv(2048)
            count += 1
        except BlockingIOError:
            return count


def test_packets_cross_both_ways_in_envelopes(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand, stand.access_network() as process:
            await stand.route(1, 0)
            envelope, inputs = await stand.upwards(0)
            assert (envelope.kind, envelope.hop, envelope.session, envelope.generation) == (
                wire.UP,
                0,
                KEY,
                1,
            )
            assert envelope.radio_us > 1000
            assert envelope.backhaul_us > 300
            assert inputs.inputs == (b"left", b"jump")
            frame = await stand.downwards(0, envelope, 1, 1)
            assert (frame.epoch, frame.tick, frame.stable_seq, frame.payload) == (1, 1, 2, b"picture")
            await stand.control.until(UesSighted)
            assert (await stand.control.until(CellChanged)).previous is None
            assert (await stand.control.until(HopFigures)).at > 0
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0

    asyncio.run(story())
    found = list(records.read_records((tmp_path / "access.bin").read_bytes()))
    down = [record for record in found if record.kind == records.DOWN]
    assert {(record.ue, record.a, record.b, record.c) for record in down} == {(0, 1, 1, 2)}
    [hops] = [record for record in found if record.kind == records.HOPS]
    assert hops.a > 2000
    assert (tmp_path / "logs" / "access-network.log").exists()


def test_a_route_turns_to_another_site_which_may_speak_before(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand, stand.access_network():
            await stand.route(1, 0)
            envelope, _ = await stand.upwards(0)
            await stand.downwards(0, envelope, 1, 1)
            # the target of a move speaks first; its route follows
            assert (await stand.downwards(1, envelope, 2, 2)).epoch == 2
            assert (await stand.control.until(WriterChanged)).epoch == 2
            await drain(stand.gateways[1])
            await stand.route(2, 1)
            envelope, _ = await stand.upwards(1)
            assert envelope.generation == 2

    asyncio.run(story())


def test_nothing_passes_without_a_route_and_none_survives_a_kill(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand:
            async with stand.access_network():
                await stand.route(1, 0)
                await stand.upwards(0)
            await drain(stand.gateways[0])
            async with stand.access_network():  # asserts an empty greeting
                datagram = wire.encode_inputs(KEY, 1, 1, 0, 1, [b"left"])
                for _ in range(5):
                    stand.ue.sendto(datagram, addresses.endpoint(addresses.service(stand.net)))
                assert await drain(stand.gateways[0]) == 0
                await stand.route(1, 0)
                await stand.upwards(0)

    asyncio.run(story())
