"""Every party of a move is killed in every state of it; each time the move ends, one site serves, and the player plays on.

The failpoint of a state keeps the move from leaving it; then the victim gets SIGKILL and the point is let go. At the end the
checker reads everything that instances, gateways and players wrote.
"""

from __future__ import annotations

import pytest

from tests.system.conftest import PLAYERS, Start
from tests.system.platform import Platform, until

STATES = ("PLANNED", "WARMING", "COPYING", "FROZEN", "ACTIVATED", "STEERED", "CONFIRMED", "RELEASED")
VICTIMS = ("source instance", "source agent", "target instance", "target agent", "control plane")
CELLS = [(state, victim) for state in STATES for victim in VICTIMS]


@pytest.fixture(scope="module")
def platform(start: Start) -> Platform:
    platform = start()
    until("every player plays", lambda: len(platform.serving()) == PLAYERS)
    return platform


def program_of(victim: str, source: str, target: str) -> str:
    whose, _, what = victim.partition(" ")
    if victim == "control plane":
        return "control-plane"
    site = source if whose == "source" else target
    return f"agent-{site}" if what == "agent" else f"{site}/arena-1"


@pytest.mark.parametrize(
    "n", range(len(CELLS)), ids=[f"{state}-{victim.replace(' ', '-')}" for state, victim in CELLS]
)
def test_killed(platform: Platform, n: int) -> None:
    state, victim = CELLS[n]
    until("every site is ready", platform.whole)
    session = f"player-{1 + n % PLAYERS}"
    source = until(f"{session} is served", lambda: platform.serving().get(session))
    others = [site for site in platform.sites() if site != source]
    target = others[n // PLAYERS % len(others)]
    with platform.move_held_at(state, session, target) as move:
        platform.kill(program_of(victim, source, target))
    end = platform.moved(move)
    site = until(f"{session} is served again", lambda: platform.serving().get(session))
    assert site == (target if end == "RELEASED" else source)
    platform.plays_on(session)


def test_nothing_was_lost(platform: Platform) -> None:
    """Runs last: ends the platform and reads its report."""
    until("every site is ready", platform.whole)
    for n in range(PLAYERS):
        platform.plays_on(f"player-{n + 1}")
    status = platform.stop()
    report = platform.report()
    assert report["findings"] == []
    assert status == 0
    assert report["inputs"]["lost"] == 0
    assert report["moves"]["in_flight"] == report["moves"]["overdue"] == 0
    assert report["moves"]["released"] + report["moves"]["aborted"] > 0
