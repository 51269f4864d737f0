"""The client's end: what it believes, what it promises, how it numbers inputs. Invariants 1 and 3."""

from __future__ import annotations

import pytest

from fedge_sdk import ClientSession, wire

KEY = 7


def frame(
    epoch: int, tick: int, stable_seq: int = 0, chain: bytes = wire.CHAIN_START, life: int = 1
) -> bytes:
    return wire.encode_frame(KEY, epoch, tick, stable_seq, life, chain, 0, b"payload")


def chained(*inputs: bytes) -> bytes:
    chain = wire.CHAIN_START
    for seq, data in enumerate(inputs, 1):
        chain = wire.extend_chain(chain, seq, data)
    return chain


def test_inputs_are_said_again_until_they_are_acknowledged() -> None:
    client = ClientSession(KEY, 1)
    assert [client.push(data) for data in (b"a", b"b", b"c")] == [1, 2, 3]
    assert wire.decode_inputs(client.datagram()).inputs == (b"a", b"b", b"c")
    verdict = client.receive(frame(1, 1, 2, chained(b"a", b"b")))
    assert (verdict.accepted, verdict.acknowledged) == (True, 2)
    said = wire.decode_inputs(client.datagram())
    assert (said.first_seq, said.inputs) == (3, (b"c",))


def test_a_stale_epoch_is_not_believed() -> None:
    client = ClientSession(KEY, 1)
    assert client.receive(frame(3, 10)).accepted
    late = client.receive(frame(1, 11))
    assert not late.accepted
    assert late.stale_epoch
    assert wire.decode_inputs(client.datagram()).accepted_epoch == 3


def test_the_floor_of_discovery_holds_from_the_first_frame() -> None:
    assert not ClientSession(KEY, 4, fresh=False).receive(frame(3, 10)).accepted


def test_a_promise_is_repeated_and_kept() -> None:
    client = ClientSession(KEY, 1)
    client.receive(wire.encode_fence(KEY, 2))
    assert wire.decode_inputs(client.datagram()).fenced_epoch == 2
    refused = client.receive(frame(2, 5))
    assert not refused.accepted
    assert refused.refused_epoch
    assert client.receive(frame(3, 5)).accepted, "the source that goes on is believed"


def test_a_fence_that_comes_too_late_is_no_promise() -> None:
    client = ClientSession(KEY, 1)
    assert client.receive(frame(2, 5)).accepted
    client.receive(wire.encode_fence(KEY, 2))
    said = wire.decode_inputs(client.datagram())
    assert (said.accepted_epoch, said.fenced_epoch) == (2, 0)


def test_another_history_is_noticed() -> None:
    """Faults that a correct platform never causes are reported, so that a checker can count them."""
    client = ClientSession(KEY, 1)
    for data in (b"a", b"b"):
        client.push(data)
    assert client.receive(frame(1, 4, 2, chained(b"a", b"x"))).chain_mismatch
    client = ClientSession(KEY, 1)
    for data in (b"a", b"b"):
        client.push(data)
    client.receive(frame(1, 4, 2, chained(b"a", b"b")))
    went_back = client.receive(frame(2, 5, 1, chained(b"a")))
    assert went_back.stable_went_back
    assert client.receive(frame(3, 4, 2, chained(b"a", b"b"))).tick_twice


def test_without_memory_it_waits_for_a_writer_that_knows_its_life() -> None:
    client = ClientSession(KEY, 1, fresh=False, life=2)
    with pytest.raises(wire.Malformed):
        client.push(b"a")
    client.receive(frame(1, 9, 3, chained(b"x", b"y", b"z"), life=1))
    assert not client.synced, "this writer may still apply what the earlier life said"
    client.receive(frame(1, 10, 4, chained(b"x", b"y", b"z", b"w"), life=2))
    assert client.synced
    assert client.push(b"a") == 5


@pytest.mark.parametrize(
    "datagram", [b"", b"\x21", b"\x21" + b"\0" * 10, wire.encode_fence(8, 2), b"\x99" * 40]
)
def test_what_is_none_of_ours_is_malformed(datagram: bytes) -> None:
    with pytest.raises(wire.Malformed):
        ClientSession(KEY, 1).receive(datagram)
