"""The access network as a real process on loopback: datagrams cross both ways, by GTP-U. No assertion about time.

The test plays session management, two user plane functions, the control plane and a UE.
"""

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
from itertools import count
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Join, Line, listen
from fedge.core.messages import (
    CellChanged,
    HopFigures,
    InstallPath,
    InstallQos,
    Message,
    PacketFilter,
    PathSwitched,
    QosInstalled,
    QosRefused,
    Quality,
    RadioMeasured,
    RanHello,
    RemovePath,
    RemoveQos,
    SwitchPath,
    WriterChanged,
)
from fedge.core.model import Address, SiteId, UeId
from fedge.runtime.run import Config
from fedge.simulation.background import FILE
from fedge.simulation.city import read_city
from fedge.wire import gtpu, ip, records
from fedge_sdk import wire
from tests.loopback import free_net

pytestmark = pytest.mark.system

Heard = TypeVar("Heard", bound=Message)
UE, KEY, TOKEN, QFI = UeId("player-1"), 0xBEEF, "token", 9
PATIENCE_S = 20.0


class FarEnd:
    """The far end of a link: keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.line: Line | None = None
        self.roles: list[str] = []

    def accept(self, join: Join, line: Line) -> Callable[[Message], None]:
        self.line = line
        self.roles.append(join.role)
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
    """A run's stage: control plane, session management, two user plane functions and one UE, all of the test's own process."""

    def __init__(self, folder: Path, net: int) -> None:
        self.folder, self.net = folder, net
        self.control, self.core = FarEnd(), FarEnd()
        self.ue = bound((addresses.ue(net, 0), 0))
        self.upfs = [bound(addresses.endpoint(addresses.upf_n3(net, index))) for index in range(2)]
        self.service = Address(addresses.service(net))
        self.downwards_of = ip.Udp4(addresses.endpoint(self.service), self.ue.getsockname())
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
            self.ran = await self.core.until(RanHello)
            self.sites = [site.site for site in read_city(self.folder / "city.json").sites]
            yield process
        finally:
            process.kill()
            process.wait()

    def install(self, site: int) -> None:
        """A path of the UE's flow; its tunnel ends are 10 + site up and 20 + site down."""
        n3 = Address(addresses.upf_n3(self.net, site))
        self.core.send(InstallPath(UE, self.service, self.sites[site], n3, 10 + site, 20 + site, QFI))

    async def switch(self, number: int, site: int) -> None:
        self.core.send(SwitchPath(UE, self.service, self.sites[site], number))
        answer = await self.core.until(PathSwitched)
        assert (answer.ue, answer.site, answer.number) == (UE, self.sites[site], number)

    async def loaded(self, load: float) -> None:
        """Until the cells say that they carry so much: they are full, or empty but for this test's packets."""
        while True:
            cells = (await self.core.until(RadioMeasured)).cells
            used = [share for cell in cells for share in (cell.used_up, cell.used_down)]
            if used and (min(used) > 0.95 if load >= 1 else max(used) < 0.05):
                return

    async def upwards(self, site: int) -> tuple[gtpu.Gpdu, ip.Datagram]:
        """Send inputs until one reaches the user plane function of ``site``: the radio may lose some."""
        datagram = wire.encode_inputs(KEY, 1, 1, 0, 1, [b"left", b"jump"])
        packet = await self._repeat(self.ue, datagram, self.service, self.upfs[site])
        message = gtpu.read(packet)
        assert isinstance(message, gtpu.Gpdu)
        return message, ip.read(message.payload)

    async def downwards(self, site: int, epoch: int, tick: int) -> wire.Frame:
        """Let ``site`` send frames of ``tick`` until the UE has it."""
        frame = wire.encode_frame(KEY, epoch, tick, 2, 1, wire.CHAIN_START, 7, b"picture")
        tunnel = gtpu.Gpdus(20 + site, gtpu.Container(QFI))
        packet = tunnel.packet(self.downwards_of.packet(frame))
        while True:
            got = await self._repeat(self.upfs[site], packet, addresses.gnb(self.net), self.ue)
            if (found := wire.decode_frame(got)).tick == tick:
                return found

    async def answer(self, site: int, packet: bytes) -> gtpu.Message:
        """Send ``packet`` on N3 and take what comes back."""
        await drain(self.upfs[site])
        got = await self._repeat(self.upfs[site], packet, addresses.gnb(self.net), self.upfs[site])
        return gtpu.read(got)

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
    stand = Stand(folder, free_net())
    servers = [
        await listen(addresses.control(stand.net), TOKEN, stand.control.accept),
        await listen(addresses.core_network(stand.net), TOKEN, stand.core.accept),
    ]
    try:
        yield stand
    finally:
        for server in servers:
            server.close()
        for sock in (stand.ue, *stand.upfs):
            sock.close()


async def drain(sock: socket.socket) -> list[bytes]:
    """Take what is under way: what came within half a second."""
    await asyncio.sleep(0.5)
    packets = []
    while True:
        try:
            packets.append(sock.recv(2048))
        except BlockingIOError:
            return packets


def test_packets_cross_both_ways_in_tunnels(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand, stand.access_network() as process:
            assert stand.core.roles == ["ran"]
            assert stand.ran.n3 == addresses.gnb(stand.net)
            first, second = stand.ran.subscribers
            assert (first.ue, first.gpsi, first.ipv4) == (
                UE,
                "msisdn-99901000001",
                addresses.ue(stand.net, 0),
            )
            assert second.ipv4 == addresses.ue(stand.net, 1)
            stand.install(0)
            await stand.switch(1, 0)
            message, inner = await stand.upwards(0)
            assert (message.teid, message.container) == (10, gtpu.Container(QFI, uplink=True))
            assert inner.source == stand.ue.getsockname()
            assert inner.destination == addresses.endpoint(stand.service)
            assert wire.decode_inputs(inner.payload).inputs == (b"left", b"jump")
            frame = await stand.downwards(0, 1, 1)
            assert (frame.epoch, frame.tick, frame.stable_seq, frame.payload) == (1, 1, 2, b"picture")
            assert (await stand.core.until(CellChanged)).previous is None
            assert (await stand.core.until(RadioMeasured)).ues[0].ue == UE
            assert (await stand.control.until(HopFigures)).at > 0
            assert stand.control.roles == ["instrument"]
            told = {type(message) for message in stand.control.heard}
            assert told <= {HopFigures, WriterChanged}, "no operator's business on the instrument's link"
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0

    asyncio.run(story())
    found = list(records.read_records((tmp_path / "access.bin").read_bytes()))
    down = [record for record in found if record.kind == records.DOWN]
    assert {(record.ue, record.a, record.b, record.c) for record in down} == {(0, 1, 1, 2)}
    [hops] = [record for record in found if record.kind == records.HOPS]
    assert hops.a > 2000
    assert hops.b > 300
    assert (hops.c >= 0, hops.d) == (True, 7)
    assert (tmp_path / "logs" / "access-network.log").exists()


def test_the_uplink_turns_to_another_site_which_may_speak_before(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand, stand.access_network():
            stand.install(0)
            await stand.switch(1, 0)
            await stand.upwards(0)
            await stand.downwards(0, 1, 1)
            stand.install(1)
            # the target of a move speaks first; the switch follows
            assert (await stand.downwards(1, 2, 2)).epoch == 2
            told = [gtpu.read(packet) for packet in await drain(stand.upfs[1])]
            assert all(isinstance(one, gtpu.ErrorIndication) for one in told), "no uplink yet"
            await stand.switch(2, 1)
            assert (await stand.upwards(1))[0].teid == 11
            assert (await stand.downwards(0, 2, 3)).tick == 3, "the old path still brings packets"
            async with asyncio.timeout(PATIENCE_S):
                for tick in count(4):  # it is told a second later, and only if ticks go on
                    await stand.downwards(1, 2, tick)
                    if any(isinstance(message, WriterChanged) for message in stand.control.heard):
                        break
            assert (await stand.control.until(WriterChanged)).epoch == 2
            stand.core.send(RemovePath(UE, stand.service, stand.sites[0]))
            told = await stand.answer(0, gtpu.Gpdus(20, gtpu.Container(QFI)).packet(b"late"))
            assert told == gtpu.ErrorIndication(20, addresses.endpoint(addresses.gnb(stand.net))[0])

    asyncio.run(story())


def test_qos_flows_and_loaded_cells(tmp_path: Path) -> None:
    order = InstallQos("game", UE, (PacketFilter("127.0.0.0/8"),), Quality(3, 1_000, 1_000))

    async def story() -> None:
        async with stage(tmp_path) as stand:
            (tmp_path / FILE).write_text('[{"load": 2.0}]')
            async with stand.access_network() as process:
                measured = await stand.core.until(RadioMeasured)
                [one, _] = measured.ues
                assert (one.ue, one.x_m > 0, one.kind, len(one.neighbours)) == (UE, True, "nr", 3)
                levels = [each.rsrp_dbm for each in one.neighbours]
                assert levels == sorted(levels, reverse=True)
                assert one.cell not in {each.cell for each in one.neighbours}
                await stand.loaded(2.0)
                stand.core.send(order)
                assert await stand.core.until(QosInstalled) == QosInstalled("game", UE)
                stand.install(0)
                await stand.switch(1, 0)
                await stand.upwards(0)
                await stand.downwards(0, 1, 1)
                (tmp_path / FILE).write_text("[")
                await stand.loaded(0.0)
                stand.core.send(RemoveQos("game", UE))
                process.kill()
            async with stand.access_network():
                stand.core.send(msgspec.structs.replace(order, quality=Quality(3, 10**9)))
                assert (await stand.core.until(QosRefused)).reason == "RES_ALLO_FAIL"
                stand.core.send(order)
                assert await stand.core.until(QosInstalled) == QosInstalled("game", UE)

    asyncio.run(story())


def test_in_a_full_cell_the_packets_of_a_qos_flow_pass(tmp_path: Path) -> None:
    """Cells that are asked for three times what they carry lose two packets of three, but none of a guaranteed rate."""

    async def story() -> None:
        async with stage(tmp_path) as stand:
            (tmp_path / FILE).write_text('[{"load": 3.0}]')
            async with stand.access_network():
                await stand.loaded(3.0)
                stand.install(0)
                await stand.switch(1, 0)
                without = await passed(stand)
                asked = InstallQos(
                    "game", UE, (PacketFilter(stand.service.split(":")[0]),), Quality(3, 1_000)
                )
                stand.core.send(asked)
                await stand.core.until(QosInstalled)
                assert without < 120 < await passed(stand), "of 200"

    asyncio.run(story())


async def passed(stand: Stand) -> int:
    """How many of 200 datagrams, 100 a second, reach the user plane function."""
    await drain(stand.upfs[0])
    for number in range(200):
        stand.ue.sendto(b"%d" % number, addresses.endpoint(stand.service))
        await asyncio.sleep(0.01)
    return len(await drain(stand.upfs[0]))


def test_nothing_passes_without_a_path_and_none_survives_a_kill(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand:
            async with stand.access_network():
                stand.install(0)
                await stand.switch(1, 0)
                await stand.upwards(0)
            await drain(stand.upfs[0])
            async with stand.access_network():
                datagram = wire.encode_inputs(KEY, 1, 1, 0, 1, [b"left"])
                for _ in range(5):
                    stand.ue.sendto(datagram, addresses.endpoint(stand.service))
                assert await drain(stand.upfs[0]) == []
                stand.install(0)
                await stand.switch(1, 0)
                await stand.upwards(0)

    asyncio.run(story())


def test_hostile_packets_stop_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as stand, stand.access_network() as process:
            stand.install(0)
            await stand.switch(1, 0)
            rng = random.Random(3)
            tunnel = gtpu.Gpdus(20, gtpu.Container(QFI))
            stranger = ip.Udp4(addresses.endpoint(stand.service), (addresses.ue(stand.net, 1), 5))
            for packet in (
                *(rng.randbytes(rng.randrange(60)) for _ in range(200)),
                *(tunnel.packet(rng.randbytes(60)) for _ in range(200)),
                tunnel.packet(stranger.packet(b"frame")),
                bytes(9_000),
            ):
                stand.upfs[0].sendto(packet, addresses.endpoint(addresses.gnb(stand.net)))
            for size in (0, 1, 29, 30, 1_473, 9_000):
                stand.ue.sendto(bytes([wire.INPUT] * size), addresses.endpoint(stand.service))
            await drain(stand.upfs[0])
            await stand.upwards(0)
            assert (await stand.downwards(0, 1, 1)).tick == 1
            assert await stand.answer(0, gtpu.encode_echo_request(7)) == gtpu.EchoResponse(7)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0

    asyncio.run(story())
    log = (tmp_path / "logs" / "access-network.log").read_text().splitlines()[-1]
    dropped = msgspec.json.decode(log)["dropped"]
    assert dropped["n3_malformed"] > 100
    assert dropped["n3_malformed_inside"] > 100
    assert (dropped["n3_of_another_flow"], dropped["n3_too_large"], dropped["too_large_up"]) == (1, 1, 2)
