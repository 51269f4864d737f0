"""Rules of an application from its manifests, and which one a packet falls under."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from fedge.core.applications import Application, applications_of
from fedge.core.applications.traffic_rules import (
    TrafficFilter,
    TrafficRule,
    dns_rules_of,
    forwards,
    matching,
    rules_of,
    wrong_in,
)
from fedge.core.model import Address, AppId
from tests.core.applications.objects import changed, deployment, service

SERVICE = Address("127.9.1.1:7777")
UE = ("127.9.200.1", 40_000)


def arena(**ports: int) -> Application:
    raw = service()
    if ports:
        raw = changed(raw, "spec/ports", [{"port": port, "protocol": name} for name, port in ports.items()])
    return applications_of([deployment(), raw])[AppId("arena")]


def test_what_is_sent_to_the_stable_address_goes_to_the_application() -> None:
    (rule,) = rules_of(arena(), SERVICE)
    assert msgspec.json.decode(msgspec.json.encode(rule)) == {
        "trafficRuleId": "arena-udp-7777",
        "filterType": "FLOW",
        "priority": 128,
        "trafficFilter": [{"dstAddress": ["127.9.1.1"], "dstPort": ["7777"], "protocol": ["UDP"]}],
        "action": "FORWARD_DECAPSULATED",
        "state": "ACTIVE",
        "dstInterface": {"interfaceType": "IP"},
    }
    assert forwards(matching([rule], UE, ("127.9.1.1", 7777), "UDP"))
    for destination, protocol in (
        (("127.9.1.2", 7777), "UDP"), (("127.9.1.1", 7778), "UDP"), (("127.9.1.1", 7777), "TCP"),
    ):  # fmt: skip
        assert not forwards(matching([rule], UE, destination, protocol))


def test_every_port_of_the_service_has_a_rule_and_the_first_is_the_one_that_clients_are_told() -> None:
    rules = rules_of(arena(UDP=9000, TCP=9001), SERVICE)
    assert [(rule.traffic_rule_id, rule.traffic_filter[0].dst_port) for rule in rules] == [
        ("arena-udp-9000", ("7777", "9000")),
        ("arena-tcp-9001", ("9001",)),
    ]


def test_without_a_service_there_is_no_rule() -> None:
    bare = applications_of([deployment()])[AppId("arena")]
    assert rules_of(bare, SERVICE) == () == dns_rules_of(bare, SERVICE)


def test_the_service_has_a_name() -> None:
    (rule,) = dns_rules_of(arena(), SERVICE)
    assert (rule.domain_name, rule.ip_address) == ("arena.default.fedge.internal", "127.9.1.1")


@pytest.mark.parametrize("change", [{"state": "INACTIVE"}, {"action": "DROP"}])
def test_a_rule_that_is_inactive_or_drops_passes_nothing(change: dict[str, str]) -> None:
    rule = replace(rules_of(arena(), SERVICE)[0], **change)
    assert not forwards(matching([rule], UE, ("127.9.1.1", 7777), "UDP"))


def test_the_lower_number_has_the_higher_priority() -> None:
    (passes,) = rules_of(arena(), SERVICE)
    banned = TrafficFilter(src_address=("127.9.200.0/24",))
    drops = replace(passes, traffic_rule_id="ban", priority=1, traffic_filter=(banned,), action="DROP")
    there = ("127.9.1.1", 7777)
    assert matching([passes, drops], UE, there, "UDP") == drops
    assert matching([passes, replace(drops, priority=200)], UE, there, "UDP") == passes
    assert matching([passes, drops], ("127.9.201.1", 1), there, "UDP") == passes


@pytest.mark.parametrize(
    ("field", "text", "inside", "outside"),
    [
        ("src_address", "10.0.0.4", "10.0.0.4", "10.0.0.5"),
        ("src_address", "10.0.0.0/30", "10.0.0.3", "10.0.0.4"),
        ("src_address", "10.0.0.2-10.0.0.9", "10.0.0.9", "10.0.0.1"),
    ],
)
def test_addresses_are_single_a_prefix_or_a_range(field: str, text: str, inside: str, outside: str) -> None:
    rule = rule_of(TrafficFilter(**{field: (text,)}))
    assert matching([rule], (inside, 1), UE, "UDP") == rule
    assert matching([rule], (outside, 1), UE, "UDP") is None


def test_ports_are_single_or_a_range() -> None:
    rule = rule_of(TrafficFilter(src_port=("7", "100-200")))
    assert [matching([rule], ("10.0.0.1", port), UE, "UDP") is rule for port in (7, 8, 100, 200, 201)] == [
        True, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "one",
    [
        TrafficFilter(dst_address=("a.b",)),
        TrafficFilter(dst_address=("2001:db8::1",)),
        TrafficFilter(dst_address=("10.0.0.9-10.0.0.2",)),
        TrafficFilter(dst_port=("70000",)),
        TrafficFilter(dst_port=("",)),
        TrafficFilter(src_port=("9-1",)),
        TrafficFilter(protocol=("SCTP",)),
    ],
)
def test_what_cannot_be_read_is_named_and_matches_nothing(one: TrafficFilter) -> None:
    assert wrong_in(one)
    assert matching([rule_of(one)], UE, UE, "UDP") is None


def rule_of(one: TrafficFilter) -> TrafficRule:
    return TrafficRule("r", "FLOW", 1, (one,), "PASSTHROUGH", "ACTIVE")
