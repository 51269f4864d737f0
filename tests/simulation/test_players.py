"""The fleet on a real loop: everybody presses, hears all that came, and asks discovery again when nothing does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from fedge.core.model import MS
from fedge.simulation.players import Fleet, FleetPlan
from fedge.wire.records import GOT, SENT, Trace, read_records
from fedge_sdk import wire
from fedge_sdk.attach import Attachment

PLAYERS, PATIENCE_S = 3, 10.0


@pytest.fixture
def service() -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    yield made
    made.close()


@pytest.fixture
def asked(service: socket.socket, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Discovery gives each player its session at once; who has asked."""
    names: list[str] = []

    def attach(api: str, application: str, name: str, token: str) -> Attachment:
        names.append(name)
        return Attachment(name, int(name.removeprefix("player-")), service.getsockname(), 1, True, "harbour")

    monkeypatch.setattr("fedge.simulation.players.attach_once", attach)
    return names


async def played(fleet: Fleet, until: Callable[[], bool]) -> None:
    fleet.start(asyncio.get_running_loop())
    ends = monotonic() + PATIENCE_S
    while not until() and monotonic() < ends:
        await asyncio.sleep(0.02)
    await fleet.stop()


def test_everything_that_came_at_once_is_heard(service: socket.socket, asked: list[str]) -> None:
    trace, frames = Trace(), 7
    heard: set[int] = set()
    fleet = Fleet(FleetPlan(7, "", "", ("127.0.0.1",) * PLAYERS), trace)

    def answered() -> bool:
        """Each player's first datagram is answered by a burst."""
        try:
            while True:
                datagram, source = service.recvfrom(2048)
                key = wire.decode_inputs(datagram).session
                if key not in heard:
                    heard.add(key)
                    for tick in range(1, frames + 1):
                        service.sendto(
                            wire.encode_frame(key, 1, tick, 0, 1, wire.CHAIN_START, 0, b""), source
                        )
        except BlockingIOError:
            pass
        return all(player.session and player.session.last_tick == frames for player in fleet.players)

    asyncio.run(played(fleet, answered))
    records = list(read_records(trace.take()))
    for ue in range(PLAYERS):
        got = [record.b for record in records if record.kind == GOT and record.ue == ue]
        assert got == list(range(1, frames + 1))
        sent = [record.a for record in records if record.kind == SENT and record.ue == ue]
        assert sent == list(range(1, len(sent) + 1))
    assert sorted(asked) == ["player-1", "player-2", "player-3"]


def test_who_hears_nothing_asks_discovery_again(
    service: socket.socket, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedge.simulation.player.SILENCE_NS", 200 * MS)
    fleet = Fleet(FleetPlan(7, "", "", ("127.0.0.1",) * PLAYERS), Trace())
    names = [player.name for player in fleet.players]
    asyncio.run(played(fleet, lambda: all(asked.count(name) > 1 for name in names)))
    assert all(asked.count(name) > 1 for name in names)
