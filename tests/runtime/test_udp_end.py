"""A UDP address shared by a plain socket and connected twins: who is heard where, and what leaves when."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress

import pytest

from fedge.runtime.udp_end import BATCH, MOST_PEERS, UdpEnd
from fedge_sdk import bursts


def bound() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.settimeout(5)
    return opened


def twins(address: tuple[str, int]) -> int:
    """How many connected sockets of this process are at ``address``. (/proc/net/udp may skip lines.)"""
    found = 0
    for number in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as one:
                    found += one.getsockname() == address and bool(one.getpeername())
    return found


class Bench:
    """An end, a peer of it and a stranger."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.peer, self.stranger, free = bound(), bound(), bound()
        self.address: tuple[str, int] = free.getsockname()
        free.close()
        self.taken: list[tuple[bytes, tuple[str, int]]] = []
        self.errors: list[OSError] = []
        self.turns: list[int] = []
        """How many packets each turn of the end had brought by then."""
        self.count = 0
        self.end = UdpEnd(
            self.address,
            2048,
            self.take,
            lambda: self.turns.append(self.count),
            self.errors.append,
        )
        self.end.open(self.loop)

    def take(self, packet: bytes, source: tuple[str, int]) -> None:
        self.count += 1
        self.taken.append((packet, source))

    def turn(self) -> list[tuple[bytes, tuple[str, int]]]:
        self.loop.run_until_complete(asyncio.sleep(0.02))
        found, self.taken = self.taken, []
        return found

    def close(self) -> None:
        self.end.close()
        self.peer.close()
        self.stranger.close()
        self.loop.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize("in_bursts", [True, False])
def test_a_peer_and_a_stranger_are_both_heard_and_told_apart(bench: Bench, in_bursts: bool) -> None:
    peer, stranger = bench.peer.getsockname(), bench.stranger.getsockname()
    bench.end.meet(peer, in_bursts)
    bench.peer.sendto(b"mine", bench.address)
    bench.stranger.sendto(b"theirs", bench.address)
    assert sorted(bench.turn()) == [(b"mine", peer), (b"theirs", stranger)]


def test_what_is_for_a_peer_leaves_with_the_flush_in_order_and_from_the_address(bench: Bench) -> None:
    peer = bench.peer.getsockname()
    bench.end.meet(peer)
    for packet in (b"one", b"two", b"three"):
        bench.end.send(packet, peer)
    bench.peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        bench.peer.recv(100)
    bench.end.flush()
    assert [bench.peer.recvfrom(100) for _ in range(3)] == [
        (packet, bench.address) for packet in (b"one", b"two", b"three")
    ]


def test_what_is_for_anybody_else_leaves_at_once(bench: Bench) -> None:
    bench.end.send(b"hello", bench.stranger.getsockname())
    assert bench.stranger.recvfrom(100) == (b"hello", bench.address)


def test_nobody_else_can_share_the_address(bench: Bench) -> None:
    bench.end.meet(bench.peer.getsockname())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            thief.bind(bench.address)


@pytest.mark.parametrize(
    "heard", [True, False], ids=["the error is read", "the error waits for the next packet"]
)
@pytest.mark.parametrize("in_bursts", [True, False])
def test_a_peer_that_is_gone_and_comes_back_is_heard_and_hears(
    bench: Bench, in_bursts: bool, heard: bool
) -> None:
    peer = bench.peer.getsockname()
    bench.end.meet(peer, in_bursts)
    back = []
    for _ in range(2):  # it dies more than once
        bench.peer.close()
        for _ in range(3):
            bench.end.send(b"lost", peer)
            bench.end.flush()
        if heard:
            assert bench.turn() == []
        bench.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bench.peer.bind(peer)
        bench.peer.settimeout(5)
        for packet in (b"one", b"two", b"six"):
            bench.end.send(packet, peer)
        bench.end.flush()
        assert [bench.peer.recv(100) for _ in range(3)] == [b"one", b"two", b"six"]
        bench.peer.sendto(b"back", bench.address)
        back += bench.turn()
    assert back == [(b"back", peer)] * 2
    assert twins(bench.address) == 1
    assert bench.errors == []


def test_beyond_the_most_peers_the_plain_socket_serves_until_one_leaves(bench: Bench) -> None:
    peers = [bound() for _ in range(MOST_PEERS + 1)]
    for one in peers:
        bench.end.meet(one.getsockname())
        one.sendto(b"hi", bench.address)
        bench.end.send(b"ho", one.getsockname())
    assert twins(bench.address) == MOST_PEERS
    bench.end.flush()
    assert {one.recv(100) for one in peers} == {b"ho"}
    assert {source for _, source in bench.turn()} == {one.getsockname() for one in peers}
    bench.end.leave(peers[0].getsockname())
    assert twins(bench.address) == MOST_PEERS - 1
    bench.end.meet(peers[-1].getsockname())
    assert twins(bench.address) == MOST_PEERS
    for one in peers:
        one.sendto(b"hi", bench.address)
    assert {source for _, source in bench.turn()} == {one.getsockname() for one in peers}
    for one in peers:
        one.close()


def test_what_waits_for_a_peer_that_leaves_is_still_sent(bench: Bench) -> None:
    peer = bench.peer.getsockname()
    bench.end.meet(peer)
    bench.end.send(b"last", peer)
    bench.end.leave(peer)
    assert bench.peer.recv(100) == b"last"
    bench.end.flush()
    bench.end.leave(peer)
    bench.end.send(b"later", peer)
    assert bench.peer.recv(100) == b"later", "the plain socket serves it"


def test_a_turn_ends_after_so_many_packets_however_they_come(bench: Bench) -> None:
    bench.end.meet(bench.peer.getsockname(), in_bursts=True)
    sent = [b"%03d" % number for number in range(10 * BATCH)]
    bursts.send(bench.peer, sent, bench.errors.append, bench.address)
    heard = bench.turn()
    while more := bench.turn():
        heard += more
    assert [packet for packet, _ in heard] == sent
    counts = [now - before for before, now in zip([0, *bench.turns], bench.turns, strict=False)]
    assert max(counts) < BATCH + bursts.MOST_SEGMENTS


def test_a_peer_to_which_there_is_no_way_is_served_by_the_plain_socket(bench: Bench) -> None:
    nowhere = ("255.255.255.255", 9)
    bench.end.meet(nowhere)
    bench.end.send(b"?", nowhere)
    assert [type(error) for error in bench.errors] == [PermissionError]
