"""A UDP address shared by a plain socket and connected twins: who is heard where, and what leaves when."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from fedge.runtime.udp_end import MOST_PEERS, UdpEnd


def bound() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.settimeout(5)
    return opened


class Bench:
    """An end, a peer of it and a stranger."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.peer, self.stranger, free = bound(), bound(), bound()
        self.address: tuple[str, int] = free.getsockname()
        free.close()
        self.taken: list[tuple[bytes, tuple[str, int]]] = []
        self.errors: list[OSError] = []
        self.end = UdpEnd(
            self.address, 2048, lambda *packet: self.taken.append(packet), lambda: None, self.errors.append
        )
        self.end.open(self.loop)

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


def test_a_peer_that_is_gone_and_comes_back_is_heard_and_hears(bench: Bench) -> None:
    peer = bench.peer.getsockname()
    bench.end.meet(peer)
    bench.peer.close()
    for _ in range(3):
        bench.end.send(b"lost", peer)
        bench.end.flush()
    assert bench.turn() == []
    bench.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bench.peer.bind(peer)
    bench.peer.settimeout(5)
    bench.end.send(b"found", peer)
    bench.end.flush()
    assert bench.peer.recv(100) == b"found"
    bench.peer.sendto(b"back", bench.address)
    assert bench.turn() == [(b"back", peer)]


def test_beyond_the_most_peers_the_plain_socket_serves(bench: Bench) -> None:
    peers = [bound() for _ in range(MOST_PEERS + 1)]
    for one in peers:
        bench.end.meet(one.getsockname())
        one.sendto(b"hi", bench.address)
        bench.end.send(b"ho", one.getsockname())
    bench.end.flush()
    assert {one.recv(100) for one in peers} == {b"ho"}
    assert {source for _, source in bench.turn()} == {one.getsockname() for one in peers}
    for one in peers:
        one.close()


def test_a_peer_to_which_there_is_no_way_is_served_by_the_plain_socket(bench: Bench) -> None:
    nowhere = ("255.255.255.255", 9)
    bench.end.meet(nowhere)
    bench.end.send(b"?", nowhere)
    assert [type(error) for error in bench.errors] == [PermissionError]
