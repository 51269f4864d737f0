"""A user plane function as a real process on loopback, and what a packet analyser says about its bytes.

The test plays session management, a base station and an edge data gateway. No assertion about time.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import struct
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
from fedge.core.messages import EndTunnel, InstallTunnel, Message, RemoveTunnel, TunnelInstalled, UpfHello
from fedge.core.model import Address, UeId
from fedge.runtime.run import Config
from fedge.simulation.city import generate, write_city
from fedge.wire import gtpu, ip
from tests.loopback import free_net

TOKEN, QFI, SITE = "token", 9, 1
PATIENCE_S = 20.0


class Stage:
    """Sockets of a base station, a gateway and a stranger, and the core network's end of the link."""

    def __init__(self, folder: Path, net: int) -> None:
        self.folder, self.net = folder, net
        self.n3 = addresses.endpoint(addresses.upf_n3(net, SITE))
        self.n6 = addresses.endpoint(addresses.upf_n6(net, SITE))
        self.gnb = bound(addresses.endpoint(addresses.gnb(net)))
        self.gateway = bound(addresses.endpoint(addresses.gateway(net, SITE)))
        self.stranger = bound((addresses.ue(net, 5), 0))
        ue, service = (addresses.ue(net, 0), 40_000), addresses.endpoint(addresses.service(net))
        self.up, self.down = ip.Udp4(ue, service), ip.Udp4(service, ue)
        self.tunnel = gtpu.Gpdus(11, gtpu.Container(QFI, uplink=True))
        self.order = InstallTunnel(
            UeId("player-1"),
            ue[0],
            Address(addresses.service(net)),
            11,
            22,
            Address(addresses.gnb(net)),
            Address(addresses.gateway(net, SITE)),
            QFI,
        )
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.joined: Join | None = None
        self.line: Line | None = None
        city = generate(7, 2)
        self.site = city.sites[SITE].site
        config = Config("embedded", 7, 2, 2, "follow", 1.0, 4096, 5.0, net, 0.0, 0, time.monotonic_ns())
        (folder / "config.json").write_bytes(msgspec.json.encode(config))
        (folder / "token").write_text(TOKEN)
        write_city(folder / "city.json", city)

    def accept(self, join: Join, line: Line) -> Callable[[Message], None]:
        self.joined, self.line = join, line
        return self.heard.put_nowait

    def say(self, message: Message) -> None:
        assert self.line is not None
        self.line.send(message)

    async def hear(self) -> Message:
        return await asyncio.wait_for(self.heard.get(), PATIENCE_S)

    async def install(self) -> None:
        self.say(self.order)
        assert await self.hear() == TunnelInstalled(self.site, 11)


def bound(address: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(address)
    return made


async def got(sock: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), PATIENCE_S)


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    made = Stage(folder, free_net())
    server = await listen(addresses.core_network(made.net), TOKEN, made.accept)
    try:
        yield made
    finally:
        server.close()
        for sock in (made.gnb, made.gateway, made.stranger):
            sock.close()


@asynccontextmanager
async def running(at: Stage) -> AsyncIterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fedge.programs.upf", str(SITE)],
        env=os.environ | {"FEDGE_RUN_DIR": str(at.folder)},
    )
    try:
        assert await at.hear() == UpfHello(at.site, Address(addresses.upf_n3(at.net, SITE)))
        assert at.joined is not None
        assert (at.joined.role, at.joined.name) == ("upf", at.site)
        yield process
    finally:
        process.kill()
        process.wait()


def counts(folder: Path) -> dict[str, int]:
    lines = (folder / "logs" / f"upf-{SITE}.log").read_text().splitlines()
    found: dict[str, int] = msgspec.json.decode(lines[-1])["counts"]
    return found


@pytest.mark.system
def test_a_flow_passes_between_n3_and_n6_until_its_tunnel_is_removed(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as at, running(at) as process:
            await at.install()
            inner = at.up.packet(b"jump")
            at.gnb.sendto(at.tunnel.packet(inner), at.n3)
            assert await got(at.gateway) == inner
            inner = at.down.packet(b"frame")
            at.gateway.sendto(inner, at.n6)
            assert gtpu.read(await got(at.gnb)) == gtpu.Gpdu(22, inner, gtpu.Container(QFI))
            at.say(EndTunnel(11))
            assert gtpu.read(await got(at.gnb)) == gtpu.EndMarker(22)
            at.gateway.sendto(inner, at.n6)
            assert gtpu.read(await got(at.gnb)) == gtpu.Gpdu(22, inner, gtpu.Container(QFI))
            at.say(RemoveTunnel(11))
            await asyncio.sleep(0.2)
            at.gnb.sendto(at.tunnel.packet(at.up.packet(b"late")), at.n3)
            assert gtpu.read(await got(at.gnb)) == gtpu.ErrorIndication(11, at.n3[0])
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0

    asyncio.run(story())
    assert counts(tmp_path) == {"up": 1, "down": 2, "end_markers": 1, "n3_unknown_teid": 1}


@pytest.mark.system
def test_hostile_packets_stop_nothing_and_are_counted(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as at, running(at) as process:
            await at.install()
            rng = random.Random(5)
            spoofed = ip.Udp4(
                (addresses.ue(at.net, 1), 40_000), addresses.endpoint(addresses.service(at.net))
            )
            at.gnb.sendto(at.tunnel.packet(spoofed.packet(b"jump")), at.n3)
            at.stranger.sendto(at.tunnel.packet(at.up.packet(b"jump")), at.n3)
            at.stranger.sendto(at.down.packet(b"frame"), at.n6)
            at.gnb.sendto(at.tunnel.packet(bytes(9_000)), at.n3)
            at.gateway.sendto(bytes(9_000), at.n6)
            for _ in range(200):
                at.gnb.sendto(rng.randbytes(rng.randrange(60)), at.n3)
                at.gateway.sendto(rng.randbytes(rng.randrange(60)), at.n6)
                at.gnb.sendto(at.tunnel.packet(rng.randbytes(60)), at.n3)
            at.stranger.sendto(gtpu.encode_echo_request(3), at.n3)
            assert gtpu.read(await got(at.stranger)) == gtpu.EchoResponse(3)
            at.gnb.sendto(at.tunnel.packet(at.up.packet(b"jump")), at.n3)
            assert await got(at.gateway) == at.up.packet(b"jump")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0

    asyncio.run(story())
    found = counts(tmp_path)
    assert (found["n3_malformed"], found["n3_malformed_inside"], found["n6_malformed"]) == (200, 200, 200)
    once = (
        "n3_spoofed_source",
        "n3_unknown_source",
        "n6_unknown_source",
        "n3_too_large",
        "n6_too_large",
        "echo",
        "up",
    )
    assert {reason: found[reason] for reason in once} == dict.fromkeys(once, 1)


@pytest.mark.system
def test_after_a_kill_nothing_passes_until_session_management_has_spoken(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as at:
            async with running(at):
                await at.install()
            async with running(at):
                packet = at.tunnel.packet(at.up.packet(b"jump"))
                at.gnb.sendto(packet, at.n3)
                assert gtpu.read(await got(at.gnb)) == gtpu.ErrorIndication(11, at.n3[0])
                await at.install()
                at.gnb.sendto(packet, at.n3)
                assert await got(at.gateway) == at.up.packet(b"jump")

    asyncio.run(story())


# --- a packet analyser's opinion ----------------------------------------------------------------------------------------------

RAW_IP = 101
_FILE, _RECORD = struct.Struct("<IHHiIII"), struct.Struct("<IIII")


def write_pcap(path: Path, packets: list[bytes]) -> None:
    """Whole IPv4 packets as a capture file (pcap 2.4, LINKTYPE_RAW)."""
    parts = [_FILE.pack(0xA1B2C3D4, 2, 4, 0, 0, 65_535, RAW_IP)]
    for number, packet in enumerate(packets):
        parts += (_RECORD.pack(number, 0, len(packet), len(packet)), packet)
    path.write_bytes(b"".join(parts))


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_the_recorded_bytes_without_a_malformed_packet(tmp_path: Path) -> None:
    """Every kind of message, recorded at the sockets' level as N3 and N6 carry it."""
    gnb, n3, n6, gateway = (
        ("127.9.0.3", 2152),
        ("127.9.10.2", 2152),
        ("127.9.10.2", 6000),
        ("127.9.10.1", 6000),
    )
    up = ip.Udp4(("127.9.200.1", 40_000), ("127.9.1.1", 7777)).packet(b"jump")
    down = ip.Udp4(("127.9.1.1", 7777), ("127.9.200.1", 40_000)).packet(b"frame")
    sent = [
        (gnb, n3, gtpu.Gpdus(11, gtpu.Container(QFI, uplink=True)).packet(up)),
        (n6, gateway, up),
        (gateway, n6, down),
        (n3, gnb, gtpu.Gpdus(22, gtpu.Container(QFI)).packet(down)),
        (n3, gnb, gtpu.Gpdus(22, gtpu.Container(QFI, rqi=True, ppi=3)).packet(down)),
        (gnb, n3, gtpu.encode_echo_request(7)),
        (n3, gnb, gtpu.encode_echo_response(7)),
        (n3, gnb, gtpu.encode_error_indication(99, "127.9.10.2")),
        (n3, gnb, gtpu.encode_end_marker(22)),
        (n3, gnb, gtpu.encode_supported_extensions()),
    ]
    file = tmp_path / "n3-and-n6.pcap"
    write_pcap(file, [ip.Udp4(source, to).packet(payload) for source, to, payload in sent])
    fields = (
        "gtp.message",
        "gtp.teid",
        "gtp.ext_hdr.pdu_ses_con.qos_flow_id",
        "_ws.expert.message",
        "_ws.malformed",
    )
    command = [
        "tshark",
        "-r",
        str(file),
        "-o",
        "ip.check_checksum:TRUE",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
    ]
    for field in fields:
        command += ["-e", field]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    rows = [line.split("\t") for line in said.splitlines()]
    assert [(row[0], row[2]) for row in rows] == [
        ("0xff", "9"), ("", ""), ("", ""), ("0xff", "9"), ("0xff", "9"), ("0x01", ""), ("0x02", ""), ("0x1a", ""),
        ("0xfe", ""), ("0x1f", ""),
    ]  # fmt: skip
    assert [row[3:] for row in rows] == [["", ""]] * len(sent)
