"""Two sites' agents with their gateways and real instances; the test plays the centre, both user plane functions and the UE.

A session is moved while the UE's packets still come to the source: the target must answer the UE before it has heard it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from fedge.adapters.embedded import addresses
from fedge.adapters.embedded.link import Join, Line, listen
from fedge.core.messages import (
    BeginCopy,
    Message,
    MoveOrder,
    OpenSession,
    RunInstances,
    TrafficFilter,
    TrafficRule,
    UplinkSeen,
    WarmTarget,
)
from fedge.core.model import SECOND, AppId, MoveId, SessionId, SessionKey, SiteId, UeId
from fedge.programs.site_config import embedded_site
from fedge.programs.site_shell import SiteShell
from fedge.runtime.run import Config, Run
from fedge.simulation.city import generate
from fedge.simulation.city_plan import write_city
from fedge.wire import ip
from fedge_sdk import wire

pytestmark = pytest.mark.system
ARENA = Path(__file__).resolve().parents[2] / "examples" / "arena"
KEY, APP, UE = SessionKey(1_234_567), AppId("arena"), UeId("player-1")
TICK_S = 1 / 60
PATIENCE_S = 15.0


class Stand:
    """``path``: the site that the UE's packets come to. ``frames``: heard by the UE, by (site, epoch)."""

    def __init__(self, folder: Path) -> None:
        self.net = net = random.randint(60, 120)
        self.ue = ("10.45.0.2", 40_000)
        self.service = addresses.endpoint(addresses.service(net))
        config = Config("embedded", 7, 2, 1, "follow", 1.0, 65_536, 5.0, net, 0.0, 0, time.monotonic_ns())
        (folder / "config.json").write_bytes(msgspec.json.encode(config))
        (folder / "token").write_text("token")
        write_city(folder / "city.json", generate(7, 2))
        self.run = Run(folder)
        self.heard: list[Message] = []
        self.lines: dict[str, Line] = {}
        self.frames: Counter[tuple[int, int]] = Counter()
        self.sent = [0, 0]
        self.answered_unheard = False
        self.path = self.epoch = self.seq = 0
        self.upfs = [self._bound(addresses.upf_n6(net, site)) for site in (0, 1)]
        rule = TrafficRule(
            "arena-udp-7777", "FLOW", 128, (TrafficFilter(dst_address=(self.service[0],)),), "FORWARD_DECAPSULATED", "ACTIVE"
        )  # fmt: skip
        env = {"PWD": str(ARENA), "PATH": os.environ["PATH"]}
        self.order = RunInstances(APP, 1, "arena/1", (sys.executable, "arena.py"), env, rules=(rule,))

    @staticmethod
    def _bound(address: str) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(addresses.endpoint(address))
        opened.setblocking(False)
        return opened

    def accept(self, join: Join, line: Line) -> Callable[[Message], None]:
        self.lines[join.name] = line
        return self.heard.append

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.02)

    async def play(self) -> None:
        """The UE: an input each tick; it believes the highest epoch that it hears."""
        up = ip.Udp4(self.ue, self.service)
        while True:
            self.seq += 1
            datagram = wire.encode_inputs(KEY, 1, self.epoch, 0, self.seq, [bytes(8)])
            gateway = addresses.endpoint(addresses.gateway(self.net, self.path))
            self.upfs[self.path].sendto(up.packet(datagram), gateway)
            self.sent[self.path] += 1
            for site in (0, 1):
                with contextlib.suppress(BlockingIOError):
                    while True:
                        self.hear(site, ip.read(self.upfs[site].recv(2048)))
            await asyncio.sleep(TICK_S)

    def hear(self, site: int, datagram: ip.Datagram) -> None:
        assert (datagram.source, datagram.destination) == (self.service, self.ue)
        frame = wire.decode_frame(datagram.payload)
        self.frames[site, frame.epoch] += 1
        self.epoch = max(self.epoch, frame.epoch)
        self.answered_unheard |= not self.sent[site]


async def story(stand: Stand) -> None:
    await listen(addresses.control(stand.net), "token", stand.accept)
    shells = [SiteShell(embedded_site(stand.run, site)) for site in (0, 1)]
    jobs = [asyncio.ensure_future(stand.play())]
    try:
        for shell in shells:
            await shell.start()
            jobs += [
                asyncio.ensure_future(one) for one in (shell.wake(), shell.report(), *shell.instances.jobs())
            ]
        await moved(stand, shells)
    finally:
        for job in jobs:
            job.cancel()
        for shell in shells:
            shell.instances.stop()
            shell.gateway.close()
        for upf in stand.upfs:
            upf.close()


async def moved(stand: Stand, shells: list[SiteShell]) -> None:
    source, target = (SiteId(shell.site) for shell in shells)
    await stand.until(lambda: len(stand.lines) == 2)
    for site in (source, target):
        stand.lines[site].send(stand.order)
    await stand.until(
        lambda: all(any(i.state == "ready" for i in s.agent.instances.values()) for s in shells)
    )
    stand.lines[source].send(OpenSession(SessionId("s"), KEY, UE, APP, 1, 1))
    await stand.until(lambda: stand.frames[0, 1] > 30)

    deadline = time.monotonic_ns() + 10 * SECOND
    move = MoveOrder(MoveId("m-1"), SessionId("s"), KEY, UE, APP, "arena/1", source, target, 2, 2, deadline)
    stand.lines[target].send(WarmTarget(move))
    await asyncio.sleep(0.1)
    stand.lines[source].send(BeginCopy(move))
    await stand.until(lambda: stand.frames[1, 2] > 30)
    assert stand.answered_unheard, "the target knew where the UE is from the source"
    assert shells[0].gateway.counts["forwarded"] > 0
    assert not any(isinstance(one, UplinkSeen) and one.site == target for one in stand.heard)

    stand.path = 1
    await stand.until(lambda: any(isinstance(one, UplinkSeen) and one.site == target for one in stand.heard))

    inactive = (replace(stand.order.rules[0], state="INACTIVE"),)
    stand.lines[target].send(replace(stand.order, rules=inactive))
    await stand.until(lambda: shells[1].gateway.counts["no_rule"] > 0)
    await asyncio.sleep(0.1)
    before = stand.frames[1, 2]
    await asyncio.sleep(0.3)
    assert stand.frames[1, 2] == before
    stand.lines[target].send(stand.order)
    await stand.until(lambda: stand.frames[1, 2] > before + 30)

    stand.lines[target].send(replace(stand.order, replicas=0))
    await stand.until(lambda: not shells[1].gateway.instances)


def test_a_session_moves_and_its_rule_stops_it(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    asyncio.run(story(stand))
