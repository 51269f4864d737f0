"""The TCP relay over real sockets: bytes both ways, ends and resets, instances that die, connections that are passed on."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from random import Random

import pytest

from fedge.dataplane import splice, tcp_relay
from fedge.dataplane.backhaul import Backhaul
from fedge.dataplane.delayed import DelayedDirection
from fedge.dataplane.tcp_relay import TcpRelay

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE_S = 10.0


def free() -> tuple[str, int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        host, port = one.getsockname()
        return host, port


async def echo(name: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers each line with its name before it; says ``bye`` when the client has ended."""
    while line := await reader.readline():
        writer.write(name + b" " + line)
        await writer.drain()
    writer.write(name + b" bye\n")
    writer.close()


@asynccontextmanager
async def instance(handler: Handler | bytes) -> AsyncIterator[tuple[str, int]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await (echo(handler, reader, writer) if isinstance(handler, bytes) else handler(reader, writer))
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 22)
    host, port = server.sockets[0].getsockname()
    yield host, port
    server.close()


@asynccontextmanager
async def relay(target: tuple[str, int]) -> AsyncIterator[tuple[TcpRelay, tuple[str, int]]]:
    address = free()
    made = TcpRelay(address, target)
    made.start(asyncio.get_running_loop())
    yield made, address
    made.close()
    while made.connections:
        await asyncio.sleep(0)


ONE_WAY_S = 0.003


@pytest.fixture(autouse=True, params=["splice", "copy", "emulated wire"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test with and without the kernel's splice, and over the emulated wire between two sites."""
    if request.param == "copy":
        monkeypatch.setattr(splice, "_splice", None)
    elif request.param == "emulated wire":
        wire = Backhaul(ONE_WAY_S, Random("wire"))
        monkeypatch.setattr(tcp_relay, "Direction", lambda *ends: DelayedDirection(*ends, wire))
    elif not hasattr(os, "splice"):
        pytest.skip("this system has no splice")
    return str(request.param)


def run(story: Awaitable[None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(story, PATIENCE_S)

    asyncio.run(bounded())


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line + b"\n")
    return (await reader.readline()).rstrip()


def test_lines_go_to_the_instance_and_back_and_an_end_is_passed_on() -> None:
    async def story() -> None:
        async with instance(b"one") as target, relay(target) as (made, address):
            reader, writer = await asyncio.open_connection(*address)
            assert await said(reader, writer, b"hello") == b"one hello"
            writer.write_eof()
            assert await reader.read() == b"one bye\n"
            writer.close()
            while made.connections:
                await asyncio.sleep(0.01)
            assert (made.counts["bytes_up"], made.counts["bytes_down"]) == (6, 18)

    run(story())


def test_megabytes_pass_whole_both_ways_though_the_receiver_is_slow() -> None:
    data = os.urandom(8 << 20)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        digest = sha256()
        while piece := await reader.read(1 << 18):
            digest.update(piece)
            writer.write(piece)
            await asyncio.sleep(0.002)
            await writer.drain()
        writer.write(digest.digest())
        writer.close()

    async def story() -> None:
        async with instance(slow) as target, relay(target) as (_, address):
            reader, writer = await asyncio.open_connection(*address, limit=1 << 24)
            writer.write(data)
            writer.write_eof()
            got = await reader.read(-1)
            assert got == data + sha256(data).digest()
            writer.close()

    run(story())


def test_what_waits_for_a_slow_receiver_is_delivered_though_nothing_more_comes() -> None:
    size = 8 << 20

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.3)
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        await reader.readexactly(size)
        writer.write(b"all of it\n")

    async def story() -> None:
        async with instance(late) as target, relay(target) as (_, address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(bytes(size))
            assert await reader.readline() == b"all of it\n"
            writer.close()

    run(story())


def test_new_connections_go_to_the_new_site_and_those_that_are_open_stay() -> None:
    async def story() -> None:
        async with instance(b"old") as old, instance(b"new") as new, relay(old) as (made, address):
            stays = await asyncio.open_connection(*address)
            assert await said(*stays, b"a") == b"old a"
            made.lead(new)
            fresh = await asyncio.open_connection(*address)
            assert await said(*fresh, b"b") == b"new b"
            assert await said(*stays, b"c") == b"old c"

    run(story())


def test_to_another_site_it_goes_through_that_sites_relay() -> None:
    async def story() -> None:
        async with (
            instance(b"old") as old,
            instance(b"new") as new,
            relay(new) as (_, there),
            relay(old) as (made, here),
        ):
            made.lead(there)
            reader, writer = await asyncio.open_connection(*here)
            assert await said(reader, writer, b"a") == b"new a"

    run(story())


def test_a_connection_that_is_passed_on_loses_nothing_and_doubles_nothing() -> None:
    """One client, a hundred lines, and an instance that changes under them every ten."""

    async def story() -> None:
        async with instance(b"old") as old, instance(b"new") as new, relay(old) as (made, address):
            reader, writer = await asyncio.open_connection(*address)
            heard, byes = [], 0
            for number in range(100):
                writer.write(b"%d\n" % number)
                line = await reader.readline()
                while line.endswith(b" bye\n"):
                    byes += 1
                    line = await reader.readline()
                heard.append(line)
                if number % 10 == 9:
                    made.lead(new if made.target == old else old, pass_on=True)
            assert [int(line.split()[1]) for line in heard] == list(range(100))
            assert {line.split()[0] for line in heard} == {b"old", b"new"}
            assert byes == made.counts["passed_on"] >= 9, "each instance's last words were heard"
            writer.close()

    run(story())


def test_an_instance_that_does_not_end_is_left_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.dataplane.tcp_relay.LAST_WORDS_S", 0.1)

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"old " + await reader.readline())
        await asyncio.sleep(PATIENCE_S)

    async def story() -> None:
        async with instance(deaf) as old, instance(b"new") as new, relay(old) as (made, address):
            reader, writer = await asyncio.open_connection(*address)
            assert await said(reader, writer, b"a") == b"old a"
            made.lead(new, pass_on=True)
            while not made.counts["passed_on"]:
                await asyncio.sleep(0.01)
            assert await said(reader, writer, b"b") == b"new b"
            writer.close()

    run(story())


def test_without_a_target_the_client_is_told_at_once_and_the_next_is_served() -> None:
    async def story() -> None:
        async with instance(b"one") as target, relay(free()) as (made, address):
            reader, _ = await asyncio.open_connection(*address)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            assert made.counts["no_target"] == 1
            made.lead(target)
            again = await asyncio.open_connection(*address)
            assert await said(*again, b"a") == b"one a"

    run(story())


KILLED = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
open_now = []
while True:
    one, _ = server.accept()
    open_now.append(one)
    one.sendall(b"here\\n")
"""


def test_a_killed_instance_ends_its_own_connections_alone() -> None:
    async def story() -> None:
        killed = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE)
        assert killed.stdout is not None
        victim = ("127.0.0.1", int(killed.stdout.readline()))
        async with instance(b"safe") as safe, relay(safe) as (made, address):
            lives = await asyncio.open_connection(*address)
            assert await said(*lives, b"a") == b"safe a"
            made.lead(victim)
            dies = await asyncio.open_connection(*address)
            assert await dies[0].readline() == b"here\n"
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            assert await dies[0].read() == b""
            dies[1].close()
            assert await said(*lives, b"b") == b"safe b"
            lives[1].close()
            while made.connections:
                await asyncio.sleep(0.01)

    run(story())


def test_a_client_that_resets_ends_the_instances_side_too() -> None:
    ended = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            ended.set()
            writer.close()

    async def story() -> None:
        async with instance(wait) as target, relay(target) as (made, address):
            client = socket.create_connection(address)
            client.sendall(b"x")
            while not made.connections:
                await asyncio.sleep(0.01)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
            await ended.wait()
            while made.connections:
                await asyncio.sleep(0.01)

    run(story())


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.dataplane.tcp_relay.MAX_CONNECTIONS", 1)

    async def story() -> None:
        async with instance(b"one") as target, relay(target) as (made, address):
            first = await asyncio.open_connection(*address)
            assert await said(*first, b"a") == b"one a"
            second = await asyncio.open_connection(*address)
            assert await second[0].read() == b""
            assert made.counts["too_many"] == 1
            assert await said(*first, b"b") == b"one b"

    run(story())


def test_one_host_cannot_have_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.dataplane.tcp_relay.MAX_OF_A_HOST", 1)

    async def story() -> None:
        async with instance(b"one") as target, relay(target) as (made, address):
            first = await asyncio.open_connection(*address)
            assert await said(*first, b"a") == b"one a"
            second = await asyncio.open_connection(*address)
            assert await second[0].read() == b""
            other = await asyncio.open_connection(*address, local_addr=("127.0.0.2", 0))
            assert await said(*other, b"b") == b"one b"
            assert made.counts["too_many_of_a_host"] == 1
            first[1].close()
            while made.connections > 1:
                await asyncio.sleep(0.01)
            third = await asyncio.open_connection(*address)
            assert await said(*third, b"c") == b"one c"

    run(story())


def test_short_of_descriptors_a_connection_is_refused_and_keeps_none(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipes = splice.Pipe.__init__
    left = 1

    def scarce(pipe: splice.Pipe, by: Callable[..., int]) -> None:
        nonlocal left
        if not left:
            raise OSError(errno.EMFILE, "no descriptor left")
        left -= 1
        pipes(pipe, by)

    async def story() -> None:
        nonlocal left
        async with instance(b"one") as target, relay(target) as (made, address):
            monkeypatch.setattr(splice.Pipe, "__init__", scarce)
            reader, writer = await asyncio.open_connection(*address)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()
            while made.connections:
                await asyncio.sleep(0.01)
            assert made.counts["no_descriptor"] == 1
            left = 100
            gc.collect()
            before = len(os.listdir("/proc/self/fd"))
            served = await asyncio.open_connection(*address)
            assert await said(*served, b"a") == b"one a"
            served[1].close()
            while made.connections:
                await asyncio.sleep(0.01)
            assert len(os.listdir("/proc/self/fd")) <= before

    if way != "splice":
        pytest.skip("splice alone takes descriptors")
    run(story())


def test_a_connection_without_a_byte_for_long_is_ended_and_one_that_talks_is_not() -> None:
    async def story() -> None:
        async with instance(b"one") as target:
            made = TcpRelay(free(), target, idle_s=0.3)
            made.start(asyncio.get_running_loop())
            silent = await asyncio.open_connection(*made.address)
            talks = await asyncio.open_connection(*made.address)
            while not made.counts["idle"]:
                assert await said(*talks, b"a") == b"one a"
                await asyncio.sleep(0.02)
            with pytest.raises(ConnectionResetError):
                await silent[0].read()
            assert await said(*talks, b"b") == b"one b"
            made.close()

    run(story())


def test_nothing_is_left_open() -> None:
    async def story() -> None:
        before = len(os.listdir("/proc/self/fd"))
        async with instance(b"one") as target:
            async with relay(target) as (made, address):
                for _ in range(20):
                    reader, writer = await asyncio.open_connection(*address)
                    assert await said(reader, writer, b"a") == b"one a"
                    writer.close()
                    await writer.wait_closed()
                while made.connections:
                    await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert len(os.listdir("/proc/self/fd")) <= before + 1

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not list open files in /proc")
    run(story())
