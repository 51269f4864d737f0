"""The backhaul between two sites is cut in the middle of a move, or the network loses its radio side; nobody is doubled.

The client is the arbiter: a source that hears no answer asks it, and goes on by its promise, never by time alone (ADR 0002).
"""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from tests.system.conftest import PLAYERS, Start
from tests.system.platform import Platform, until


@pytest.fixture(scope="module")
def platform(start: Start) -> Platform:
    platform = start()
    until("every player plays", lambda: len(platform.serving()) == PLAYERS)
    return platform


def ends(platform: Platform, session: str) -> tuple[str, str]:
    """The site that serves it, and another."""
    source = until(f"{session} is served", lambda: platform.serving().get(session))
    return source, next(site for site in platform.sites() if site != source)


def verdict(platform: Platform, site: str, key: str, epoch: int) -> str:
    """What a site has on record about a hand-over to it; empty if nothing."""
    path = platform.run / "sites" / site / "answers" / f"{key}.{epoch}"
    return str(json.loads(path.read_text())["verdict"]) if path.exists() else ""


def test_source_goes_on_by_the_clients_promise(platform: Platform) -> None:
    session = "player-1"
    source, target = ends(platform, session)
    before = platform.items("sessions")[session]["epoch"]
    with ExitStack() as cuts:
        with platform.move_held_at("FROZEN", session, target) as move:
            cuts.enter_context(platform.switch(f"cut.{source}--{target}"))
            cuts.enter_context(platform.switch(f"cut.{target}--{source}"))
        assert platform.moved(move) == "ABORTED"
        platform.plays_on(session)
        after = platform.items("sessions")[session]
        assert (after["site"], after["epoch"]) == (source, before + 2)
    fact = platform.told(move)
    until(
        "the target's refusal is on record",
        lambda: verdict(platform, target, fact["key"], before + 1) == "REFUSED",
    )


def test_late_last_words_make_no_second_writer(platform: Platform) -> None:
    """The final delta arrives after its source has gone on: whatever the target does under that epoch is given up."""
    session = "player-2"
    source, target = ends(platform, session)
    with platform.move_held_at("FROZEN", session, target) as move, platform.switch(f"cut.{source}--{target}"):
        assert platform.moved(move) == "ABORTED"
    fact = platform.told(move)
    copy = platform.run / "sites" / target / "sessions" / f"{fact['key']}.{fact['epoch']}"
    until("the target answered", lambda: verdict(platform, target, fact["key"], fact["epoch"]))
    until("the target gave its copy up", lambda: not copy.exists())
    platform.plays_on(session)
    assert platform.serving()[session] == source
    again = until(
        "the session can go there after all",
        lambda: (m := platform.order_move(session, target)) and platform.moved(m) == "RELEASED" and m,
    )
    assert platform.told(again)["to"] == target
    platform.plays_on(session)


def test_an_answer_that_is_lost_is_learned_from_the_client(platform: Platform) -> None:
    """The target serves, and its answer never arrives: the client's word lets the source go, or its promise lets it go on."""
    session = "player-3"
    source, target = ends(platform, session)
    with ExitStack() as cuts:
        with platform.move_held_at("ACTIVATED", session, target) as move:
            cuts.enter_context(platform.switch(f"cut.{target}--{source}"))
        end = platform.moved(move)
    platform.plays_on(session)
    assert platform.serving()[session] == (target if end == "RELEASED" else source)


def test_the_access_network_dies(platform: Platform) -> None:
    platform.kill("access-network")
    for n in range(PLAYERS):
        platform.plays_on(f"player-{n + 1}")


def test_nothing_was_lost(platform: Platform) -> None:
    """Runs last: ends the platform and reads its report."""
    until("every site is ready", platform.whole)
    status, report = platform.stop(), platform.report()
    assert report["findings"] == []
    assert status == 0
    assert report["inputs"]["lost"] == 0
    assert report["moves"]["in_flight"] == report["moves"]["overdue"] == 0
