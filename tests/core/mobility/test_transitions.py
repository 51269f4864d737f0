"""The one state machine of a move: its page is the code's own table, and it keeps what it promises. Invariant 5."""

from __future__ import annotations

import runpy
from pathlib import Path

from fedge.core.mobility import TRANSITIONS, next_state
from fedge.core.mobility.move import AFTER, BEFORE_COPYING, ENDED, UNDECIDED

PAGES = Path(__file__).resolve().parents[3] / "docs" / "state-machines"


def test_the_pages_are_drawn_from_the_tables() -> None:
    drawn = runpy.run_path(str(PAGES / "generate.py"))["PAGES"]
    assert set(drawn) == {page.name for page in PAGES.glob("*.md")}
    for name, text in drawn.items():
        assert (PAGES / name).read_text() == text, "run `python docs/state-machines/generate.py`"


def test_every_state_is_left_or_an_end() -> None:
    states = {one.state for one in TRANSITIONS} | {one.next for one in TRANSITIONS}
    assert states == {*BEFORE_COPYING, *UNDECIDED, *AFTER, *ENDED}
    for state in states:
        leaves = [one for one in TRANSITIONS if one.state == state]
        assert bool(leaves) == (state not in ENDED)


def test_one_event_leads_one_way() -> None:
    pairs = [(one.state, one.event) for one in TRANSITIONS]
    assert len(pairs) == len(set(pairs))
    assert next_state("RELEASED", "activated") is None


def test_every_state_can_reach_an_end_and_can_be_given_up_before_activation() -> None:
    ends = set(ENDED)
    while True:
        more = {one.state for one in TRANSITIONS if one.next in ends} - ends
        if not more:
            break
        ends |= more
    assert ends == {one.state for one in TRANSITIONS} | set(ENDED)
    for state in (*BEFORE_COPYING, *UNDECIDED):
        assert any(one.state == state and one.next == "ABORTED" for one in TRANSITIONS)


def test_after_activation_only_the_client_takes_it_back() -> None:
    back = [one for one in TRANSITIONS if one.state in AFTER and one.next == "ABORTED"]
    assert {one.actor for one in back} == {"client, by its promise"}
