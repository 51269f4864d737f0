"""The simulated subscribers' answers: configuration that is read while the run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fedge.core.model import UeId
from fedge.simulation.consent_screen import FILE, SimulatedSubscribersScreen


@pytest.fixture
def screen(tmp_path: Path) -> SimulatedSubscribersScreen:
    return SimulatedSubscribersScreen(tmp_path, lambda client, ue: (client, ue) == ("studio", "player-1"))


def said(screen: SimulatedSubscribersScreen, ue: str, client: str = "studio", waited_s: float = 0.0) -> str:
    return screen.answer(client, UeId(ue), frozenset(), waited_s)


def test_without_a_file_players_say_yes_to_their_game_s_tenant(screen: SimulatedSubscribersScreen) -> None:
    assert said(screen, "player-1") == "yes"
    assert said(screen, "player-1", "rival") == "no"
    assert said(screen, "player-2") == "no"
    assert said(screen, "") == "no", "a number that nobody has"


@pytest.mark.parametrize(
    ("told", "player_1", "player_2"),
    [
        ({"usually": "yes"}, "yes", "yes"),
        ({"usually": "no"}, "no", "no"),
        ({"usually": "silent"}, "silent", "silent"),
        ({"answers": {"player-1": "no", "player-2": "yes"}}, "no", "yes"),
        ({"after_s": 5}, "silent", "silent"),
    ],
)
def test_what_the_file_says(
    screen: SimulatedSubscribersScreen, tmp_path: Path, told: Any, player_1: str, player_2: str
) -> None:
    (tmp_path / FILE).write_text(json.dumps(told))
    assert (said(screen, "player-1"), said(screen, "player-2")) == (player_1, player_2)


def test_they_answer_after_a_while(screen: SimulatedSubscribersScreen, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"after_s": 5}')
    assert said(screen, "player-1", waited_s=5.0) == "yes"


@pytest.mark.parametrize("content", [b"{", b'{"usually": "perhaps"}', b'{"habit": "yes"}', b"[]"])
def test_a_file_that_cannot_be_read_is_a_no_from_everybody(
    screen: SimulatedSubscribersScreen, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert said(screen, "player-1") == "no"
