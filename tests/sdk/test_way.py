"""Where a client sends to: REDIRECT is followed make before break, and not everybody's is believed."""

from __future__ import annotations

import pytest

from fedge_sdk import ClientSession, wire
from fedge_sdk.way import PATIENCE_NS

KEY = 7
STABLE, HARBOUR, MARKET = ("10.60.0.1", 7777), ("10.60.1.1", 7777), ("10.60.2.1", 7777)
ELSEWHERE = ("192.0.2.1", 7777)


@pytest.fixture
def client() -> ClientSession:
    """At harbour's own address, as a client on an access without steering is."""
    made = ClientSession(KEY, 1)
    made.way.attached(HARBOUR, (STABLE, HARBOUR, MARKET))
    return made


def redirect(number: int = 4, service: tuple[str, int] = MARKET, key: int = KEY) -> bytes:
    return wire.encode_redirect(key, number, service)


def frame(epoch: int, tick: int) -> bytes:
    return wire.encode_frame(KEY, epoch, tick, 0, 1, wire.CHAIN_START, 0, b"")


def test_before_it_is_attached_it_sends_nowhere() -> None:
    assert ClientSession(KEY, 1).way.destinations(0) == ()


def test_a_redirected_client_sends_both_ways_until_the_new_one_is_proved(client: ClientSession) -> None:
    assert client.way.destinations(0) == (HARBOUR,)
    assert client.receive(redirect(), HARBOUR, 0).redirected
    assert client.way.destinations(1) == (HARBOUR, MARKET)
    assert client.receive(frame(1, 1), HARBOUR, 2).accepted
    assert client.way.destinations(3) == (HARBOUR, MARKET), "the old writer writes on, and is sent to"
    assert client.receive(frame(2, 2), MARKET, 4).accepted
    assert client.way.destinations(5) == (MARKET,)


def test_a_frame_of_the_same_epoch_proves_the_way_too(client: ClientSession) -> None:
    client.receive(redirect(3, STABLE), HARBOUR, 0)
    assert client.receive(frame(1, 1), STABLE, 1).accepted
    assert client.way.destinations(2) == (STABLE,), "the same writer, by another way"


def test_a_frame_that_is_not_accepted_proves_nothing(client: ClientSession) -> None:
    client.receive(frame(3, 1), HARBOUR, 0)
    client.receive(redirect(), HARBOUR, 0)
    assert client.receive(frame(2, 2), MARKET, 1).stale_epoch
    client.receive(wire.encode_fence(KEY, 4), HARBOUR, 1)
    assert client.receive(frame(4, 2), MARKET, 1).refused_epoch
    assert client.way.destinations(1) == (HARBOUR, MARKET)


def test_a_silent_candidate_is_dropped_by_the_clients_own_clock(client: ClientSession) -> None:
    client.receive(redirect(), HARBOUR, 0)
    assert client.way.destinations(PATIENCE_NS) == (HARBOUR, MARKET)
    assert client.way.destinations(PATIENCE_NS + 1) == (HARBOUR,)
    client.receive(frame(1, 1), MARKET, PATIENCE_NS + 2)
    assert client.way.destinations(PATIENCE_NS + 3) == (HARBOUR,), "it is no candidate any more"


def test_one_that_is_said_again_gives_more_time(client: ClientSession) -> None:
    client.receive(redirect(), HARBOUR, 0)
    assert client.receive(redirect(), HARBOUR, PATIENCE_NS).redirected
    assert client.way.destinations(2 * PATIENCE_NS) == (HARBOUR, MARKET)


def test_numbers_only_rise(client: ClientSession) -> None:
    client.receive(redirect(4, MARKET), HARBOUR, 0)
    assert not client.receive(redirect(3, STABLE), HARBOUR, 1).redirected
    assert not client.receive(redirect(4, STABLE), HARBOUR, 1).redirected, "one number is one address"
    assert client.way.destinations(1) == (HARBOUR, MARKET)
    assert client.receive(redirect(6, STABLE), HARBOUR, 1).redirected
    assert client.way.destinations(1) == (HARBOUR, STABLE), "a newer one takes its place"


def test_led_back_to_where_it_is_it_stays(client: ClientSession) -> None:
    client.receive(redirect(4, MARKET), HARBOUR, 0)
    assert client.receive(redirect(6, HARBOUR), HARBOUR, 1).redirected
    assert client.way.destinations(2) == (HARBOUR,)


def test_a_newer_writer_is_followed_without_a_redirect(client: ClientSession) -> None:
    client.receive(frame(1, 1), HARBOUR, 0)
    assert client.receive(frame(2, 2), MARKET, 1).accepted
    assert client.way.destinations(2) == (MARKET,)


@pytest.mark.parametrize(
    ("datagram", "source"),
    [
        (redirect(service=ELSEWHERE), HARBOUR),
        (redirect(), ELSEWHERE),
        (redirect(), (HARBOUR[0], HARBOUR[1] + 1)),
        (redirect(service=(MARKET[0], 22)), HARBOUR),
        (redirect(), None),
    ],
    ids=["out of the platform", "from elsewhere", "from another port", "to another port", "from nobody"],
)
def test_a_forged_redirect_changes_nothing(
    client: ClientSession, datagram: bytes, source: tuple[str, int] | None
) -> None:
    assert not client.receive(datagram, source, 0).redirected
    assert client.way.destinations(1) == (HARBOUR,)
    assert client.receive(redirect(1), HARBOUR, 2).redirected, "nor was its number taken"


def test_a_frame_from_elsewhere_leads_nowhere(client: ClientSession) -> None:
    assert client.receive(frame(2, 2), ELSEWHERE, 1).accepted, "belief is a matter of epochs alone"
    assert client.way.destinations(2) == (HARBOUR,)


def test_a_redirect_of_another_session_is_none(client: ClientSession) -> None:
    with pytest.raises(wire.Malformed):
        client.receive(redirect(key=KEY + 1), HARBOUR, 0)
    assert client.way.destinations(1) == (HARBOUR,)


@pytest.mark.parametrize("cut", range(1, wire.REDIRECT_BYTES))
def test_a_redirect_that_is_cut_off_is_malformed(client: ClientSession, cut: int) -> None:
    with pytest.raises(wire.Malformed):
        client.receive(redirect()[:cut], HARBOUR, 0)


def test_without_a_list_nothing_is_believed() -> None:
    client = ClientSession(KEY, 1)
    client.way.attached(STABLE)
    assert not client.receive(redirect(), STABLE, 0).redirected


def test_attached_again_it_goes_where_it_is_told(client: ClientSession) -> None:
    client.receive(redirect(40), HARBOUR, 0)
    client.way.attached(STABLE, (STABLE, HARBOUR, MARKET))
    assert client.way.destinations(1) == (STABLE,)
    assert client.receive(redirect(4), STABLE, 2).redirected


@pytest.mark.parametrize(
    "service", [("10.60.1", 1), ("10.60.1.256", 1), ("example.org", 1), ("10.60.1.1", 65536)]
)
def test_only_ipv4_and_a_port_can_be_redirected_to(service: tuple[str, int]) -> None:
    with pytest.raises(wire.Malformed):
        wire.encode_redirect(KEY, 1, service)
