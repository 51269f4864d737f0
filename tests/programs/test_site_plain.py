"""Whom a site names to the centre as clients of an application without the SDK."""

from __future__ import annotations

import pytest

from fedge.core.model import AppId
from fedge.programs.site_plain import PlainGame


def test_of_more_clients_than_are_named_at_a_time_each_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.programs.site_plain.MOST_HOSTS", 3)
    game, hosts = PlainGame(AppId("nim")), list("abcdefgh")
    assert game.next_named(hosts[:2]) == ("a", "b")
    assert game.next_named(hosts) == ("a", "b", "c")
    assert game.next_named(hosts) == ("d", "e", "f")
    assert game.next_named(hosts) == ("g", "h", "a")
    assert game.next_named(hosts[:5]) == ("b", "c", "d")
