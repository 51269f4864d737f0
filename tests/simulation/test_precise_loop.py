"""The precise loop is an asyncio loop like any other; a paced one only wakes less often."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time

import pytest

from fedge.runtime.precise_loop import pace_for, run, site_pace


@pytest.mark.parametrize("pace_s", [0.0, 200e-6])
def test_timers_and_sockets_are_served(pace_s: float) -> None:
    async def story() -> str:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        near.setblocking(False)
        seen = loop.create_future()
        loop.add_reader(near, lambda: seen.set_result(near.recv(9).decode()))
        began = time.monotonic()
        loop.call_later(0.002, far.send, b"packet")
        await asyncio.sleep(0.02)
        assert time.monotonic() - began >= 0.02
        heard: str = await asyncio.wait_for(seen, 10)
        loop.remove_reader(near)
        near.close()
        far.close()
        return heard

    assert run(story(), pace_s) == "packet"


def test_descriptors_beyond_those_of_select_are_served() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip(f"only {hard} descriptors may be had here")

    async def story() -> str:
        taken = [os.dup(0) for _ in range(1100)]
        near, far = socket.socketpair()
        try:
            assert near.fileno() > 1024
            near.setblocking(False)
            loop = asyncio.get_running_loop()
            loop.call_later(0.002, far.send, b"packet")
            return (await loop.sock_recv(near, 9)).decode()
        finally:
            for one in (*taken, near.detach(), far.detach()):
                os.close(one)

    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    try:
        assert run(story()) == "packet"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_paced_loop_wakes_less_often() -> None:
    async def rounds() -> int:
        loop, count = asyncio.get_running_loop(), 0
        ends = loop.time() + 0.05
        while loop.time() < ends:
            await asyncio.sleep(20e-6)
            count += 1
        return count

    assert run(rounds(), 1e-3) <= 51


def test_what_runs_at_sites_rests_longer_where_there_are_many_players_and_never_less() -> None:
    paces = [site_pace(players) for players in range(200)]
    assert paces == sorted(paces)
    assert all(pace >= pace_for(players) for players, pace in enumerate(paces))
    assert (site_pace(24), site_pace(100), paces[-1]) == (pace_for(24), 2e-3, 2e-3)
