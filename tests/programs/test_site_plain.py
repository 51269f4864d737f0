"""Applications without the SDK at a site: who is ready, who is given UEs, and whom the centre is told of."""

from __future__ import annotations

from collections import Counter

import pytest

from fedge.core.messages import LeadPlain, RunInstances, TrafficFilter, TrafficRule
from fedge.core.model import Address, AppId, InstanceId
from fedge.dataplane.away import HERE, Away
from fedge.programs.site_plain import PlainGame, PlainGames
from fedge.programs.site_processes import Started


def test_of_more_clients_than_are_named_at_a_time_each_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedge.programs.site_plain.MOST_HOSTS", 3)
    game, hosts = PlainGame(AppId("nim")), list("abcdefgh")
    assert game.next_named(hosts[:2]) == ("a", "b")
    assert game.next_named(hosts) == ("a", "b", "c")
    assert game.next_named(hosts) == ("d", "e", "f")
    assert game.next_named(hosts) == ("g", "h", "a")
    assert game.next_named(hosts[:5]) == ("b", "c", "d")


def started(name: str, life: int, leaving: bool = False) -> Started:
    return Started(InstanceId(name), (name, 1), life, leaving)


def tcp_game() -> PlainGame:
    game = PlainGame(AppId("nim"))
    asks = TrafficFilter(dst_address=("127.0.0.1",), dst_port=("1",), protocol=("TCP",))
    rules = (TrafficRule("nim", "FLOW", 1, (asks,), "FORWARD_DECAPSULATED", "ACTIVE"),)
    game.template = RunInstances(AppId("nim"), 1, "", (), rules=rules)
    return game


def test_an_instance_that_is_to_end_is_given_nobody_while_another_is_ready() -> None:
    game, old, new = tcp_game(), started("old", 1, leaving=True), started("new", 1)
    game.seen([old, new], 0.0)
    game.answers = {old.name: 1}
    assert game.ends([old, new], 1.0) == (old.end,), "its successor's port takes no connection yet"
    game.answers[new.name] = 1
    assert game.ends([old, new], 1.0) == (new.end,)
    assert game.ends([old, started("new", 0)], 1.0) == (old.end,)


def test_whoever_starts_again_is_asked_again_and_whoever_is_gone_is_forgotten() -> None:
    game, one = tcp_game(), started("one", 1)
    game.seen([one], 0.0)
    game.answers = {one.name: 1}
    assert game.ready(one, 1.0)
    for life in (0, 2):
        game.seen([started("one", life)], 1.0)
        assert not game.ready(started("one", life), 1.0)
    assert game.restarts[one.name] == 1
    game.seen([], 2.0)
    assert (game.alive, game.answers, game.restarts) == ({}, {}, {})


def test_by_udp_one_that_has_not_been_looked_at_is_not_ready() -> None:
    game, one = PlainGame(AppId("echo")), started("one", 1)
    assert not game.ready(one, 100.0)
    game.seen([one], 100.0)
    assert not game.ready(one, 100.0)
    assert game.ready(one, 104.0)


class PlayedGateway:
    """What it was told last."""

    def __init__(self) -> None:
        self.ends: tuple[object, ...] = ()
        self.away = HERE
        self.plain = self.tcp = self
        self.refused: frozenset[object] = frozenset()

    def serve_plain(
        self, app: AppId, rules: object, ends: tuple[object, ...], away: Away
    ) -> frozenset[object]:
        self.ends, self.away = ends, away
        return frozenset()

    def held(self, app: AppId) -> Counter[object]:
        return Counter({("echo-1", 1): 2})


class PlayedInstances:
    def started(self, template: RunInstances) -> list[Started]:
        return [started("echo-1", 1)]


@pytest.mark.parametrize("replicas", [0, 1])
def test_after_its_rules_went_and_came_back_a_game_leads_whom_the_centre_says(replicas: int) -> None:
    gateway, app = PlayedGateway(), AppId("echo")
    games = PlainGames(gateway, PlayedInstances(), lambda app: False)  # type: ignore[arg-type]
    rules = (TrafficRule("echo", "FLOW", 1, (), "DROP", "ACTIVE"),)
    if replicas:
        games.wanted(RunInstances(app, replicas, "", ()))
    ues = {"10.0.0.1": Address("127.0.0.1:4000")}
    with_rules, without = LeadPlain(app, rules, ues=ues), LeadPlain(app, (), ues=ues)
    games.led(with_rules)
    games.led(without.since(with_rules))
    games.led(with_rules.since(without))
    assert gateway.away.ues == {"10.0.0.1": ("127.0.0.1", 4000)}


def test_a_pod_that_outlives_its_placement_is_given_nobody_and_its_connections_are_still_counted() -> None:
    gateway, app = PlayedGateway(), AppId("echo")
    games = PlainGames(gateway, PlayedInstances(), lambda app: False)  # type: ignore[arg-type]
    games.wanted(RunInstances(app, 1, "", ()))
    assert gateway.ends == (("echo-1", 1),)
    assert [one.instance for one in games.statuses()] == ["echo-1"]
    games.led(LeadPlain(app, (TrafficRule("echo", "FLOW", 1, (), "DROP", "ACTIVE"),)))
    games.wanted(RunInstances(app, 0, "", ()))
    assert gateway.ends == ()
    assert games.statuses() == ()
    kept = games.instance(app, InstanceId("echo-1"))
    assert kept is not None
    assert kept[1] == 2
