"""The precise loop is an asyncio loop like any other; a paced one only wakes less often."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from fedge.runtime.precise_loop import run


@pytest.mark.parametrize("pace_s", [0.0, 200e-6])
def test_timers_and_sockets_are_served(pace_s: float) -> None:
    async def story() -> list[str]:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        near.setblocking(False)
        seen: list[str] = []
        loop.add_reader(near, lambda: seen.append(near.recv(9).decode()))
        began = time.monotonic()
        loop.call_later(0.002, far.send, b"packet")
        await asyncio.sleep(0.02)
        assert time.monotonic() - began >= 0.02
        loop.remove_reader(near)
        near.close()
        far.close()
        return seen

    assert run(story(), pace_s) == ["packet"]


def test_a_paced_loop_wakes_less_often() -> None:
    async def rounds() -> int:
        loop, count = asyncio.get_running_loop(), 0
        ends = loop.time() + 0.05
        while loop.time() < ends:
            await asyncio.sleep(20e-6)
            count += 1
        return count

    assert run(rounds(), 1e-3) <= 51
