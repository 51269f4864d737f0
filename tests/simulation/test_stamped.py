"""A socket that is read many packets at a time says when the kernel had each, and who sent it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from fedge.core.model import SECOND
from fedge.simulation.n3 import READ_BYTES
from fedge.simulation.stamped import BATCH, StampedUdp


@pytest.fixture(params=["many at a time", "one by one"])
def udp(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[StampedUdp]:
    if request.param == "one by one":
        monkeypatch.setattr("fedge.simulation.stamped._AS_LAID_OUT", False)
    made = StampedUdp(("127.0.0.1", 0))
    yield made
    made.socket.close()


@pytest.fixture
def senders() -> Iterator[list[socket.socket]]:
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for each in made:
        each.bind(("127.0.0.1", 0))
    yield made
    for each in made:
        each.close()


def test_packets_come_in_order_with_their_sources(udp: StampedUdp, senders: list[socket.socket]) -> None:
    said = [(f"{number}".encode() * number, senders[number % 3]) for number in range(10)]
    for packet, sender in said:
        sender.sendto(packet, udp.socket.getsockname())
    read = udp.read(time.monotonic_ns(), "about")
    assert [(packet, source, about) for _, packet, source, about in read] == [
        (packet, sender.getsockname(), "about") for packet, sender in said
    ]
    assert udp.read(time.monotonic_ns(), "about") == []


def test_the_stamp_is_of_the_arrival_and_not_of_the_reading(
    udp: StampedUdp, senders: list[socket.socket]
) -> None:
    senders[0].sendto(b"first", udp.socket.getsockname())
    time.sleep(0.01)
    senders[0].sendto(b"second", udp.socket.getsockname())
    now = time.monotonic_ns()
    [first, second] = [at for at, *_ in udp.read(now, None)]
    assert second - first >= 10_000_000
    assert second <= now


@pytest.mark.parametrize("set_by_s", [-5, 5])
def test_a_stamp_that_cannot_be_is_not_believed(
    udp: StampedUdp, senders: list[socket.socket], monkeypatch: pytest.MonkeyPatch, set_by_s: int
) -> None:
    senders[0].sendto(b"packet", udp.socket.getsockname())
    monkeypatch.setattr("fedge.simulation.stamped.time_ns", lambda: time.time_ns() + set_by_s * SECOND)
    now = time.monotonic_ns()
    assert [at for at, *_ in udp.read(now, None)] == [now]


def test_more_than_a_batch_is_left_for_the_next_reading(
    udp: StampedUdp, senders: list[socket.socket]
) -> None:
    for number in range(BATCH + 3):
        senders[0].sendto(number.to_bytes(2, "big"), udp.socket.getsockname())
    numbers = [
        int.from_bytes(packet, "big")
        for _ in range(2)
        for _, packet, *_ in udp.read(time.monotonic_ns(), None)
    ]
    assert numbers == list(range(BATCH + 3))


def test_what_is_too_large_fills_the_room(udp: StampedUdp, senders: list[socket.socket]) -> None:
    senders[0].sendto(bytes(READ_BYTES + 100), udp.socket.getsockname())
    senders[0].sendto(b"next", udp.socket.getsockname())
    assert [len(packet) for _, packet, *_ in udp.read(time.monotonic_ns(), None)] == [READ_BYTES, 4]
