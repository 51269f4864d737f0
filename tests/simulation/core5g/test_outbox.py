"""The outbox by itself: bounded, in order, and the faults that can be switched on."""

from __future__ import annotations

import asyncio
from random import Random

import httpx2
import pytest

from fedge.simulation.core5g.faults import Faults
from fedge.simulation.core5g.nef import outbox
from fedge.simulation.core5g.nef.destinations import LOOPBACK
from fedge.simulation.core5g.nef.outbox import Letter, Outbox

URL = "https://127.0.0.1:7443/hook"


async def send(faults: Faults, letters: int, lanes: int = 1) -> tuple[list[bytes], dict[str, int]]:
    """What arrived, in order, and what became of all."""
    arrived: list[bytes] = []

    async def receive(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        arrived.append(request.content)
        return httpx2.Response(204)

    box = Outbox(httpx2.AsyncClient(transport=httpx2.MockTransport(receive)), LOOPBACK, Random(1))
    box.faults = faults
    for number in range(letters):
        box.post(Letter(("s", str(number % lanes)), URL, b"%d" % number))
    while box._tasks:
        await asyncio.gather(*box._tasks)
    await box.close()
    return arrived, dict(box.counts)


def test_in_order_for_each_lane() -> None:
    arrived, counts = asyncio.run(send(Faults(), 40, lanes=4))
    assert counts == {"delivered": 40}
    for lane in range(4):
        assert [int(one) for one in arrived if int(one) % 4 == lane] == list(range(lane, 40, 4))


def test_never_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 10)
    arrived, counts = asyncio.run(send(Faults(), 50))
    assert (len(arrived), counts["overflow"]) == (10, 40)


def test_never_more_than_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_BYTES", 15)
    arrived, counts = asyncio.run(send(Faults(), 50))
    assert (len(arrived), counts["overflow"]) == (12, 38), "ten of one byte, two of two"


def test_faults() -> None:
    arrived, counts = asyncio.run(send(Faults(drop=1.0), 5))
    assert (arrived, counts) == ([], {"lost by a fault": 5})
    arrived, _ = asyncio.run(send(Faults(duplicate=1.0, delay_ms=5), 5))
    assert sorted(arrived) == sorted([b"0", b"1", b"2", b"3", b"4"] * 2)
    arrived, _ = asyncio.run(send(Faults(reorder=0.5, delay_ms=20), 20))
    assert sorted(arrived, key=int) == [b"%d" % number for number in range(20)]
    assert arrived != sorted(arrived, key=int)


def test_what_has_not_left_when_it_closes_never_will() -> None:
    async def close_at_once() -> Outbox:
        box = Outbox(
            httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(204))),
            LOOPBACK,
            Random(1),
        )
        box.post(Letter(("s", ""), URL, b"{}"))
        await box.close()
        return box

    assert asyncio.run(close_at_once())._tasks == set()
