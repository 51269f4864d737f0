"""A site that never comes back, and players who lost their memory."""

from __future__ import annotations

import json

import pytest

from tests.system.conftest import PLAYERS, Start
from tests.system.platform import Platform, until


@pytest.fixture(scope="module")
def platform(start: Start) -> Platform:
    platform = start()
    until("every player plays", lambda: len(platform.serving()) == PLAYERS)
    return platform


def keys_at(platform: Platform, site: str, where: str = "sessions") -> dict[str, str]:
    """Session → key of the copies that a site keeps."""
    metas = platform.run.glob(f"sites/{site}/{where}/*/meta.json")
    return {json.loads(path.read_text())["session"]: path.parent.name.split(".")[0] for path in metas}


def test_a_site_is_lost_with_its_sessions(platform: Platform) -> None:
    serving = platform.serving()
    lost = max(platform.sites(), key=lambda site: list(serving.values()).count(site))
    sessions = [name for name, site in serving.items() if site == lost]
    keys = keys_at(platform, lost)
    with platform.switch(f"down.agent-{lost}"):
        platform.kill(f"agent-{lost}")
        platform.kill(f"{lost}/arena-1")
        until("the site is lost", lambda: platform.items("sites")[lost]["state"] == "lost")

        def elsewhere() -> bool:
            now = platform.serving()
            return all(now.get(session, lost) != lost for session in sessions)

        until("its sessions are served elsewhere", elsewhere)
        for session in sessions:
            platform.plays_on(session)
            assert keys_at(platform, platform.serving()[session])[session] != keys[session]
        assert platform.ask("GET", "view")["figures"]["sessions_lost"] == len(sessions)
        assert {line["lost"]["session"] for line in platform.story() if "lost" in line} == set(sessions)
    until("the site is back", platform.whole)

    def given_up() -> bool:
        left, archived = keys_at(platform, lost), keys_at(platform, lost, "archive")
        return all(left.get(s) != keys[s] and archived.get(s) == keys[s] for s in sessions)

    until("what it still had is given up", given_up)

    def told() -> set[str]:
        return {line["discarded"]["session"] for line in platform.story() if "discarded" in line}

    until("the centre has told of each", lambda: told() >= set(sessions))
    assert told() == set(sessions)
    for session in sessions:
        platform.plays_on(session)


def test_players_lose_their_memory(platform: Platform) -> None:
    """All of them at once: each comes back as another life of its session, where it is."""
    before = platform.serving()
    platform.kill("player-fleet")
    for n in range(PLAYERS):
        platform.plays_on(f"player-{n + 1}")
    assert platform.serving() == before


def test_what_was_acknowledged_is_kept(platform: Platform) -> None:
    """Runs last. Inputs that nobody had acknowledged may be gone with a site or a player; nothing else may."""
    until("every site is ready", platform.whole)
    status, report = platform.stop(), platform.report()
    assert report["findings"] == []
    assert status == 0
