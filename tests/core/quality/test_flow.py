"""Which packets a quality is for, and which address those carry whose client was redirected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedge.core.model import Address, UeId
from fedge.core.quality import Flow, Way, carried, overlap, parse_server

STABLE, HARBOUR, MARKET = Address("127.9.1.1:7777"), Address("127.9.2.1:7777"), Address("127.9.2.2:7777")
UE = UeId("player-1")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("127.9.1.1", "127.9.1.1"),
        ("127.9.1.1/32", "127.9.1.1"),
        ("127.9.1.1/24", "127.9.1.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_server_is_an_address_or_a_prefix(text: str, read: str) -> None:
    assert parse_server(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "127.9.1",
        "127.9.1.1/33",
        "127.9.1.1/",
        "127.9.1.1/ 1",
        "127.9.1.1/²",
        "01.2.3.4",
        "::1",
        "1.2.3.4/-1",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_server(text)


def test_flows_overlap_where_a_packet_may_belong_to_both() -> None:
    flow = Flow(UE, "127.9.1.1", ((7000, 7999),), ((40000, 40000),))
    assert overlap(flow, flow)
    assert overlap(flow, Flow(UE, "127.9.1.0/24"))
    assert overlap(flow, Flow(UE, "0.0.0.0/0", ((7999, 9000),), ((1, 65535),)))
    assert not overlap(flow, Flow(UeId("player-2"), "127.9.1.1"))
    assert not overlap(flow, Flow(UE, "127.9.1.2"))
    assert not overlap(flow, Flow(UE, "127.9.1.1", ((8000, 9000),)))
    assert not overlap(flow, Flow(UE, "127.9.1.1", device_ports=((40001, 40002),)))


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3).map(
    lambda some: tuple((min(one), max(one)) for one in some)
)


@given(SPANS, SPANS)
def test_ports_overlap_exactly_where_one_port_is_in_both(
    one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]
) -> None:
    def has(spans: tuple[tuple[int, int], ...], port: int) -> bool:
        return not spans or any(first <= port <= last for first, last in spans)

    both = any(has(one, port) and has(other, port) for port in range(10))
    assert overlap(Flow(UE, "127.9.1.1", one), Flow(UE, "127.9.1.1", other)) == both


def test_a_steered_client_sends_to_the_stable_address_that_the_studio_named() -> None:
    assert carried("127.9.1.1", [Way(STABLE, STABLE)]) == ("127.9.1.1",)
    assert carried("127.9.1.1", [Way(STABLE, Address(""))]) == ("127.9.1.1",), "not known yet"
    assert carried("127.9.1.1", []) == ("127.9.1.1",), "nothing is played: somebody's own server"


def test_a_redirected_clients_packets_carry_its_sites_own_address() -> None:
    assert carried("127.9.1.1", [Way(STABLE, HARBOUR)]) == ("127.9.1.1", "127.9.2.1")
    assert carried("127.9.1.0/24", [Way(STABLE, MARKET)]) == ("127.9.1.0/24", "127.9.2.2")


def test_one_that_is_on_its_way_to_another_site_is_served_at_both() -> None:
    assert carried("127.9.1.1", [Way(STABLE, HARBOUR, MARKET)]) == ("127.9.1.1", "127.9.2.1", "127.9.2.2")


def test_a_prefix_that_has_the_sites_address_too_is_enough() -> None:
    assert carried("127.9.0.0/16", [Way(STABLE, HARBOUR, MARKET)]) == ("127.9.0.0/16",)
    assert carried("0.0.0.0/0", [Way(STABLE, HARBOUR)]) == ("0.0.0.0/0",)


def test_a_server_that_is_not_the_applications_is_left_alone() -> None:
    assert carried("198.51.100.7", [Way(STABLE, HARBOUR)]) == ("198.51.100.7",)


def test_two_sessions_at_different_sites_are_both_served() -> None:
    ways = [Way(STABLE, HARBOUR), Way(STABLE, MARKET), Way(STABLE, HARBOUR)]
    assert carried("127.9.1.1", ways) == ("127.9.1.1", "127.9.2.1", "127.9.2.2")
