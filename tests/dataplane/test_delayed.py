"""What goes through a door takes its time on the emulated wire, both ways, in order; a cut wire keeps a connection's bytes."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable
from random import Random

import pytest

from fedge.dataplane.backhaul import JITTER_SHARE, Backhaul, Order
from fedge.dataplane.plain_udp import UserspaceForwarding
from fedge.dataplane.tcp_relay import TcpRelay
from fedge.ports import PlainFlow

ONE_WAY_S = 0.05
AT_LEAST_S = ONE_WAY_S * (1 - 6 * JITTER_SHARE)
UE, SERVICE = ("10.45.0.2", 40_000), ("10.60.0.1", 7777)


def wire(seed: int = 1) -> Backhaul:
    return Backhaul(ONE_WAY_S, Random(seed))


def run(story: Awaitable[None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(story, 10)

    asyncio.run(bounded())


async def ended(relay: TcpRelay, server: asyncio.Server, writer: asyncio.StreamWriter) -> None:
    writer.close()
    relay.close()
    while relay.connections:
        await asyncio.sleep(0)
    server.close()
    await asyncio.sleep(0.01)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


def test_what_is_sent_later_arrives_later_and_nothing_before_its_time() -> None:
    order = Order(wire())
    arrivals = [order.arrival(1200, sent / 1000) for sent in range(500)]
    assert arrivals == sorted(arrivals)
    assert all(at >= sent / 1000 + AT_LEAST_S for sent, at in enumerate(arrivals))


def test_a_connection_through_a_door_takes_a_round_trip_of_the_wire_and_its_end_follows() -> None:
    async def story() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        relay = TcpRelay(("127.0.0.1", 0), server.sockets[0].getsockname(), wire={"127.0.0.1": wire()}.get)
        relay.start(asyncio.get_running_loop())
        reader, writer = await asyncio.open_connection(*relay.address)
        loop = asyncio.get_running_loop()
        began = loop.time()
        writer.write(b"there and back")
        assert await reader.readexactly(14) == b"there and back"
        assert loop.time() - began >= 2 * AT_LEAST_S
        writer.write_eof()
        assert await reader.read() == b""
        assert loop.time() - began >= 4 * AT_LEAST_S
        await ended(relay, server, writer)

    run(story())


def test_from_another_address_it_takes_none() -> None:
    relay = TcpRelay(("127.0.0.1", 0), ("127.0.0.1", 9), wire={"127.0.0.9": wire()}.get)
    assert relay._wire("127.0.0.1") is None
    relay._socket.close()


def test_a_cut_wire_keeps_a_connections_bytes_until_it_is_mended() -> None:
    async def story() -> None:
        between = wire()
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        relay = TcpRelay(("127.0.0.1", 0), server.sockets[0].getsockname(), wire={"127.0.0.1": between}.get)
        relay.start(asyncio.get_running_loop())
        reader, writer = await asyncio.open_connection(*relay.address)
        between.cut = True
        writer.write(b"kept")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 4 * ONE_WAY_S)
        between.cut = False
        assert await reader.readexactly(4) == b"kept"
        await ended(relay, server, writer)

    run(story())


def test_datagrams_through_a_door_take_their_time_both_ways_and_keep_their_order() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        between = wire()
        driver = UserspaceForwarding(
            loop, "127.0.0.1", lambda packet: None, Counter(), {"127.0.0.1": between}.get
        )
        instance, gateway = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (instance, gateway):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        door = driver.open_door("127.0.0.1")
        own = gateway.getsockname()
        driver.lead([PlainFlow(own, door, instance.getsockname())])
        sent = [b"%d" % number for number in range(50)]
        began = loop.time()
        for payload in sent:
            gateway.sendto(payload, door)
        arrived = []
        for _ in sent:
            payload, leg = await loop.sock_recvfrom(instance, 99)
            arrived.append(payload)
        assert arrived == sent
        assert loop.time() - began >= AT_LEAST_S
        instance.sendto(b"back", leg)
        assert await loop.sock_recvfrom(gateway, 99) == (b"back", door)
        assert loop.time() - began >= 2 * AT_LEAST_S
        between.cut = True
        gateway.sendto(b"lost", door)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(instance, 99), 4 * ONE_WAY_S)
        driver.close()
        for one in (instance, gateway):
            one.close()

    run(story())
