"""Replicas by players: where they go, what is kept in hand, and when nothing moves."""

from __future__ import annotations

from typing import Any

from fedge.core.placement import Cluster, Fleet, Question, Wanted, place_binding
from tests.core.placement.policies import policy_of

SERVES = frozenset({("apps/v1", "Deployment")})
NEAR, FAR = 10.0, 60.0


def fleet(names: str = "abc", room: int = 10) -> Fleet:
    return Fleet(Cluster(name, serves=SERVES, free={"cpu": 100 * room, "pods": 100}) for name in names)


def wanted(standby: int = 0, **players: float) -> Wanted:
    """Each population has its own cluster near by."""
    rtts = {name: {each: NEAR if each == name else FAR for each in players} for name in "abc"}
    return Wanted(20, 95, players, rtts, standby)


def asked(replicas: int, want: Wanted, division: str = "dynamic", **more: Any) -> Question:
    sites = more.pop("max_sites", None)
    placement = policy_of(division, max_sites=sites).placement
    return Question("u", "apps/v1", "Deployment", replicas, {"cpu": 100}, placement, wanted=want, **more)


def test_replicas_in_proportion_to_the_players() -> None:
    decision = place_binding(asked(10, wanted(a=5, b=3, c=2)), fleet())
    assert (decision.clusters, decision.within) == ({"a": 5, "b": 3, "c": 2}, 1.0)


def test_the_clusters_that_reach_most_players_together_are_selected() -> None:
    """b alone reaches most, but a and c together reach all."""
    rtts = {
        "a": {"west": NEAR, "mid": FAR, "east": FAR, "north": NEAR},
        "b": {"west": FAR, "mid": NEAR, "east": FAR, "north": FAR},
        "c": {"west": FAR, "mid": NEAR, "east": NEAR, "north": FAR},
    }
    want = Wanted(20, 95, {"west": 3, "mid": 3, "east": 2, "north": 2}, rtts)
    decision = place_binding(asked(2, want, max_sites=2), fleet())
    assert decision.clusters == {"a": 1, "c": 1}


def test_aggregated_takes_few_clusters_where_all_are_within() -> None:
    rtts = {name: {"town": NEAR} for name in "abc"}
    decision = place_binding(asked(6, Wanted(20, 95, {"town": 1}, rtts), "aggregated"), fleet())
    assert decision.clusters == {"a": 6}


def test_what_is_in_hand_is_at_different_clusters() -> None:
    decision = place_binding(asked(6, wanted(standby=2, a=3, b=1)), fleet())
    assert decision.clusters == {"a": 4, "b": 2}  # 3 and 1 for the players, one more at each


def test_a_met_objective_moves_nothing_however_much_better_another_division_would_be() -> None:
    want = Wanted(20, 50, {"a": 1, "b": 1}, wanted(a=1, b=1).rtt_ms)
    decision = place_binding(asked(4, want, clusters={"a": 4}), fleet())
    assert (decision.clusters, decision.within) == ({"a": 4}, 0.5)


def test_a_missed_objective_moves_replicas_and_only_where_it_may() -> None:
    question = asked(4, wanted(a=1, b=3), clusters={"a": 4})
    assert place_binding(question, fleet()).clusters == {"a": 1, "b": 3}
    held = asked(4, wanted(a=1, b=3), clusters={"a": 4}, may_move=False)
    assert place_binding(held, fleet()).clusters == {"a": 4}


def test_a_small_gain_moves_nothing() -> None:
    want = wanted(a=90, b=6, c=4)
    decision = place_binding(asked(20, want, clusters={"a": 18, "b": 1, "c": 1}), fleet(room=20))
    assert decision.clusters == {"a": 18, "b": 1, "c": 1}


def test_a_copy_moves_to_another_cluster_when_its_players_have() -> None:
    copies = asked(1, wanted(a=0, b=5), "duplicated", max_sites=1, clusters={"a": 1})
    assert place_binding(copies, fleet()).clusters == {"b": 1}
    copies = asked(1, wanted(a=0, b=5), "duplicated", max_sites=1, clusters={"a": 1}, may_move=False)
    assert place_binding(copies, fleet()).clusters == {"a": 1}


def test_growth_goes_where_players_are_worst_supplied_and_shrinking_takes_where_they_are_best() -> None:
    grown = place_binding(asked(4, wanted(a=1, b=3), clusters={"a": 2}), fleet())
    assert grown.clusters == {"a": 2, "b": 2}
    fewer = place_binding(asked(3, wanted(a=1, b=3), clusters={"a": 2, "b": 2}), fleet())
    assert fewer.clusters == {"a": 1, "b": 2}


def test_an_asked_rescheduling_divides_anew() -> None:
    want = Wanted(20, 50, {"a": 1, "b": 1}, wanted(a=1, b=1).rtt_ms)
    decision = place_binding(asked(4, want, clusters={"a": 4}, fresh=True), fleet())
    assert decision.clusters == {"a": 2, "b": 2}


def test_too_little_room_is_said_as_ever() -> None:
    decision = place_binding(asked(40, wanted(a=1)), fleet())
    assert decision.failure == "Unschedulable"
    assert "available replicas 30 are not enough" in decision.message
