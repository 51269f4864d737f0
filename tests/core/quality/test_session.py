"""A quality session's life, its duration, and what conflicts with it."""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.model import SECOND, UeId
from fedge.core.quality import (
    TRANSITIONS,
    Flow,
    QualitySession,
    conflicting,
    ended,
    expires_at,
    extended,
    lasted_s,
    next_state,
    started,
)

FLOW = Flow(UeId("player-1"), "127.9.1.1")
ONE = QualitySession("1", "studio", FLOW, "QOS_E", "QOS_E", 600, asked_at=SECOND)


def test_every_state_can_be_left_and_no_event_is_ambiguous() -> None:
    states = {one.state for one in TRANSITIONS}
    assert states == {"REQUESTED", "AVAILABLE", "UNAVAILABLE"}
    assert {one.next for one in TRANSITIONS} - states == {"GONE"}
    assert len({(one.state, one.event) for one in TRANSITIONS}) == len(TRANSITIONS)


def test_only_an_available_session_is_extended_and_an_ended_one_never_comes_back() -> None:
    assert next_state("AVAILABLE", "extended") == "AVAILABLE"
    assert next_state("REQUESTED", "extended") is None
    assert not any(
        one.next in ("REQUESTED", "AVAILABLE") for one in TRANSITIONS if one.state == "UNAVAILABLE"
    )


def test_it_lasts_from_the_instant_it_became_available() -> None:
    served = started(ONE, 10 * SECOND)
    assert (served.status, expires_at(served), lasted_s(served)) == ("AVAILABLE", 610 * SECOND, 600)
    over = ended(served, "NETWORK_TERMINATED", "the cell is full", 70 * SECOND)
    assert (over.status, expires_at(over), lasted_s(over)) == ("UNAVAILABLE", 70 * SECOND, 60)


def test_one_that_never_was_available_lasted_as_short_as_a_duration_can_be() -> None:
    assert lasted_s(ended(ONE, "NETWORK_TERMINATED", "", 70 * SECOND)) == 1


def test_an_extension_is_capped_by_the_profile_and_never_shortens() -> None:
    assert extended(ONE, 300, 86400).seconds == 900
    assert extended(ONE, 2**31 - 1, 1000).seconds == 1000
    assert extended(ONE, 1, 500).seconds == 600


def test_what_the_network_ended_blocks_its_flow_until_it_is_deleted() -> None:
    assert conflicting(FLOW, [ONE]) is ONE
    lost = ended(started(ONE, 0), "NETWORK_TERMINATED", "", SECOND)
    assert conflicting(FLOW, [lost]) is lost
    assert conflicting(FLOW, [ended(started(ONE, 0), "DURATION_EXPIRED", "", SECOND)]) is None
    assert conflicting(replace(FLOW, server="127.9.1.2"), [ONE]) is None
