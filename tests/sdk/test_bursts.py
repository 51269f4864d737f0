"""Datagrams that leave in one call arrive as the same datagrams, in order; and one by one where a system knows nothing else."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fedge_sdk import bursts

SIZES = [0, 1, 7, 7, 7, 3, 7, 900, 900, 900, 20, 20, 1400]


@pytest.fixture(params=[True, False], ids=["in one call", "one by one"])
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(bursts, "_segments", lambda: False)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    source, end = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for one in (source, end):
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
    yield source, end
    source.close()
    end.close()


def datagrams(sizes: list[int]) -> list[bytes]:
    return [bytes([number % 256]) * size for number, size in enumerate(sizes)]


def refuse(error: OSError) -> None:
    raise AssertionError(f"not sent: {error}")


@given(some.lists(some.integers(0, 2000), max_size=200))
def test_runs_are_the_packets_in_order_each_of_one_size_but_for_a_shorter_last(sizes: list[int]) -> None:
    packets = datagrams(sizes)
    found = list(bursts.runs(packets))
    assert [packet for run in found for packet in run] == packets
    for run in found:
        lengths = {len(packet) for packet in run[:-1]}
        assert len(run) <= bursts.MOST_SEGMENTS
        assert sum(map(len, run)) <= bursts.MOST_BYTES
        assert len(run) == 1 or (len(lengths) == 1 and 0 < len(run[-1]) <= lengths.pop())


def test_packets_of_one_size_are_one_run() -> None:
    assert [len(run) for run in bursts.runs([b"same"] * 64)] == [64]


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("several", [True, False])
def test_what_is_sent_arrives_as_it_is(
    pair: tuple[socket.socket, socket.socket], connected: bool, several: bool
) -> None:
    source, end = pair
    to = end.getsockname()
    if connected:
        source.connect(to)
    read = bursts.reader(end, several)
    sent = datagrams(SIZES)
    bursts.send(source, sent, refuse, None if connected else to)
    arrived: list[bytes] = []
    while len(arrived) < len(sent):
        arrived += read(2048)
    assert arrived == sent


@pytest.mark.parametrize("several", [True, False])
def test_each_datagram_is_cut_off_by_itself(pair: tuple[socket.socket, socket.socket], several: bool) -> None:
    source, end = pair
    read = bursts.reader(end, several)
    bursts.send(source, datagrams([50, 50, 50, 9]), refuse, end.getsockname())
    arrived: list[bytes] = []
    while len(arrived) < 4:
        arrived += read(10)
    assert arrived == datagrams([10, 10, 10, 9])


@pytest.mark.usefixtures("_at_once")
def test_a_peer_that_comes_back_hears_all_that_is_sent_then(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    source, end = pair
    address = end.getsockname()
    source.connect(address)
    end.close()
    bursts.send(source, [b"lost"], refuse)  # the kernel says so with the next call
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(address)
        again.settimeout(5)
        bursts.send(source, [b"first", b"other"], refuse)
        assert [again.recv(100), again.recv(100)] == [b"first", b"other"]


def test_what_cannot_be_sent_is_told_once_a_packet(pair: tuple[socket.socket, socket.socket]) -> None:
    source, end = pair
    errors: list[OSError] = []
    bursts.send(source, [bytes(70_000)] * 3, errors.append, end.getsockname())
    assert len(errors) == 3


def test_an_earlier_packets_error_costs_no_packet() -> None:
    class TurnedAway:
        """A connected socket that has been told of a packet which a firewall turned away."""

        def __init__(self) -> None:
            self.errors = [OSError(errno.EHOSTUNREACH, "No route to host")]
            self.sent: list[bytes] = []

        def send(self, packet: bytes) -> None:
            if self.errors:
                raise self.errors.pop()
            self.sent.append(packet)

    end = TurnedAway()
    bursts.send(cast(socket.socket, end), [b"this one"], refuse)
    assert end.sent == [b"this one"]
