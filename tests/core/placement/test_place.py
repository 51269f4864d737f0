"""Placement as tables: who may run an application, who does, and the reason for every site that does not."""

from typing import Any

import pytest

from fedge.core.applications import Application, Latency, Template, app_id, applications_of
from fedge.core.model import SiteId
from fedge.core.placement import Placement, Policy, SiteFacts, Taint, explanation, place, policies_of
from fedge.core.placement.policy import ClusterAffinity, StaticWeight, Toleration
from tests.core.applications.objects import changed, deployment, propagation


def arena(replicas: int, cpu: int = 100, objective_ms: float = 20) -> Application:
    return Application(
        app=app_id("default", "arena"),
        namespace="default",
        name="arena",
        replicas=replicas,
        template=Template(command=("game",), cpu_millis=cpu),
        latency=Latency(objective_ms=objective_ms),
    )


def site(name: str, room: int | None = 10, rtt_ms: float = 10, **facts: Any) -> SiteFacts:
    """``room``: for so many more replicas of 100m."""
    free = None if room is None else room * 100
    return SiteFacts(site=SiteId(name), free_cpu_millis=free, rtt_ms={"town": rtt_ms}, **facts)


def placed(replicas: int, policy: Policy, *sites: SiteFacts) -> dict[str, int]:
    return dict(place(arena(replicas), policy, sites).chosen)


def weights(**by_site: int) -> tuple[StaticWeight, ...]:
    return tuple(
        StaticWeight(target_cluster=ClusterAffinity(cluster_names=(name,)), weight=weight)
        for name, weight in by_site.items()
    )


DUPLICATED, AGGREGATED, EVENLY, BY_ROOM = (
    Policy(division="duplicated"),
    Policy(division="aggregated"),
    Policy(division="static"),
    Policy(division="dynamic"),
)


@pytest.mark.parametrize(
    ("facts", "policy", "rule"),
    [
        ({"state": "draining"}, DUPLICATED, "state"),
        ({"state": "suspect"}, DUPLICATED, "state"),
        ({"state": "lost", "replicas": 1}, DUPLICATED, "state"),
        ({}, Policy(affinity=ClusterAffinity(cluster_names=("b",))), "affinity"),
        ({}, Policy(affinity=ClusterAffinity(exclude=("a",))), "affinity"),
        ({"taints": (Taint("spot"),)}, DUPLICATED, "taint"),
        (
            {"taints": (Taint("spot", "x"),)},
            Policy(tolerations=(Toleration(key="spot", value="y"),)),
            "taint",
        ),
        ({"taints": (Taint("gone", effect="NoExecute"),), "replicas": 1}, DUPLICATED, "taint"),
        ({"room": 0}, AGGREGATED, "capacity"),
        ({"room": 1}, DUPLICATED, "capacity"),  # half a copy is none
        ({"free_instances": 0}, AGGREGATED, "capacity"),
        ({}, Policy(division="static", weights=weights(b=1)), "weight"),
    ],
)
def test_each_refusal_names_its_rule(facts: dict[str, Any], policy: Policy, rule: str) -> None:
    answer = place(arena(2), policy, [site("a", **facts), site("b")])
    assert answer.refused[SiteId("a")].rule == rule
    assert answer.refused[SiteId("a")].reason
    assert "a" not in answer.chosen


@pytest.mark.parametrize(
    ("facts", "policy"),
    [
        ({"taints": (Taint("spot"),)}, Policy(tolerations=(Toleration(operator="Exists"),))),
        ({"taints": (Taint("spot", "x"),)}, Policy(tolerations=(Toleration(key="spot", value="x"),))),
        ({"taints": (Taint("spot", effect="PreferNoSchedule"),)}, DUPLICATED),
        ({"taints": (Taint("new"),), "replicas": 2}, DUPLICATED),  # NoSchedule takes nothing away
        ({"state": "suspect", "replicas": 2}, DUPLICATED),  # nor does a moment's silence
        ({"room": None}, DUPLICATED),
    ],
)
def test_what_is_no_reason_to_refuse(facts: dict[str, Any], policy: Policy) -> None:
    assert placed(2, policy, site("a", **facts)) == {"a": 2}


@pytest.mark.parametrize(
    ("replicas", "policy", "sites", "expected"),
    [
        (1, DUPLICATED, [site("a"), site("b")], {"a": 1, "b": 1}),
        (3, DUPLICATED, [site("a"), site("b", room=2)], {"a": 3}),
        (2, Policy(max_sites=1), [site("a", rtt_ms=9), site("b", rtt_ms=4)], {"b": 2}),
        (5, AGGREGATED, [site("a", room=3), site("b", room=5), site("c", room=4)], {"b": 5}),
        (5, AGGREGATED, [site("a", rtt_ms=9), site("b", rtt_ms=4)], {"b": 5}),
        (
            7,
            AGGREGATED,
            [site("a", room=3), site("b", room=4), site("c", room=4, rtt_ms=90)],
            {"a": 3, "b": 4},
        ),
        (3, Policy(division="aggregated", min_sites=2), [site("a"), site("b"), site("c")], {"a": 2, "b": 1}),
        (4, EVENLY, [site("a"), site("b"), site("c")], {"a": 2, "b": 1, "c": 1}),
        (
            7,
            Policy(division="static", weights=weights(a=4, b=2, c=1)),
            [site("a"), site("b"), site("c")],
            {"a": 4, "b": 2, "c": 1},
        ),
        (
            7,
            Policy(division="static", weights=weights(a=4, b=2)),
            [site("a", room=1), site("b")],
            {"a": 1, "b": 6},
        ),
        (6, BY_ROOM, [site("a", room=2), site("b", room=4)], {"a": 2, "b": 4}),
        (
            3,
            Policy(division="static", max_sites=2),
            [site("a"), site("b", rtt_ms=5), site("c")],
            {"a": 1, "b": 2},
        ),
        (
            2,
            Policy(division="static", weights=weights(a=9, b=1), min_sites=2),
            [site("a"), site("b")],
            {"a": 1, "b": 1},
        ),
    ],
)
def test_replicas_over_sites(
    replicas: int, policy: Policy, sites: list[SiteFacts], expected: dict[str, int]
) -> None:
    assert placed(replicas, policy, *sites) == expected


def test_webster_gives_the_seats_of_the_textbook() -> None:
    """Sainte-Laguë with 53, 24 and 23 thousand votes and 7 seats: 3, 2, 2."""
    policy = Policy(division="static", weights=weights(a=53, b=24, c=23))
    assert placed(7, policy, site("a"), site("b"), site("c")) == {"a": 3, "b": 2, "c": 2}


def test_the_share_of_players_within_the_objective_comes_first() -> None:
    near_some = SiteFacts(site=SiteId("a"), rtt_ms={"east": 1, "west": 30})
    fair_to_all = SiteFacts(site=SiteId("b"), rtt_ms={"east": 19, "west": 19})
    one = Policy(max_sites=1)
    assert place(arena(1), one, [near_some, fair_to_all]).chosen == {"b": 1}
    assert place(arena(1), one, [near_some, fair_to_all], {"east": 9, "west": 0}).chosen == {"a": 1}


def test_a_site_with_a_soft_taint_comes_last() -> None:
    soft = site("a", rtt_ms=1, taints=(Taint("old", effect="PreferNoSchedule"),))
    assert placed(1, Policy(max_sites=1), soft, site("b", rtt_ms=90)) == {"b": 1}


def test_too_few_sites_place_nothing_and_say_how_far_off() -> None:
    answer = place(
        arena(2), Policy(division="aggregated", min_sites=3), [site("a"), site("b", room=0), site("c")]
    )
    assert (answer.chosen, answer.unplaced) == ({}, 2)
    assert answer.because == "2 of 3 sites can run it and 3 must; refused: 1 by capacity"


def test_what_runs_stays_when_too_few_sites_are_left() -> None:
    answer = place(
        arena(3), Policy(min_sites=2), [site("a", replicas=3), site("b", replicas=3, state="lost")]
    )
    assert answer.chosen == {"a": 3}
    assert answer.because.startswith("1 of 2 sites can run it and 2 must")


def test_a_copy_that_fits_nowhere_is_unplaced() -> None:
    assert place(arena(5), DUPLICATED, [site("a", room=3)]).unplaced == 5


def test_what_finds_no_room_is_counted() -> None:
    answer = place(arena(9), AGGREGATED, [site("a", room=3), site("b", room=4)])
    assert (answer.chosen, answer.unplaced) == ({"a": 3, "b": 4}, 2)
    assert "2 found no room" in answer.because


def test_no_policy_no_replicas_no_sites() -> None:
    assert place(arena(2), None, [site("a")]) == Placement({}, {}, 2, "no PropagationPolicy selects it")
    assert place(arena(0), DUPLICATED, [site("a")]).unplaced == 0
    assert place(arena(2), DUPLICATED, []).unplaced == 2


def test_a_lost_site_is_made_up_for_and_the_others_keep_theirs() -> None:
    sites = [site("a", replicas=2), site("b", replicas=2, state="lost"), site("c", replicas=1), site("d")]
    assert placed(5, EVENLY, *sites) == {"a": 2, "c": 2, "d": 1}


def test_changed_weights_take_effect_at_an_unchanged_total() -> None:
    policy = Policy(division="static", weights=weights(a=1, b=3))
    assert placed(4, policy, site("a", replicas=2), site("b", replicas=2)) == {"a": 1, "b": 3}


def test_aggregated_replicas_stay_where_they_are_when_another_site_becomes_better() -> None:
    assert placed(2, AGGREGATED, site("a", replicas=2, rtt_ms=15), site("b", rtt_ms=1)) == {"a": 2}


def test_shrinking_only_takes() -> None:
    assert placed(2, EVENLY, site("a", replicas=2), site("b", replicas=1), site("c", replicas=1)) == {
        "a": 1,
        "b": 1,
    }
    assert placed(2, AGGREGATED, site("a", replicas=2), site("b", replicas=3, rtt_ms=50)) == {"a": 2}
    assert placed(1, DUPLICATED, site("a", replicas=2)) == {"a": 1}


def test_the_explanation_has_every_site() -> None:
    told = explanation(
        arena(1), place(arena(1), Policy(max_sites=1), [site("a"), site("b"), site("c", state="lost")])
    )
    assert [(each["site"], each["replicas"], each["refused_by"]) for each in told["sites"]] == [
        ("a", 1, ""),
        ("b", 0, "spread"),
        ("c", 0, "state"),
    ]
    assert (told["placed"], told["unplaced"]) == (1, 0)


def test_policies_from_manifests() -> None:
    applications = applications_of([deployment()])
    policy = policies_of([propagation()], applications)[app_id("default", "arena")]
    assert (policy.name, policy.division, policy.min_sites, policy.max_sites) == ("arena", "static", 1, 2)
    assert policy.weight("a", {}) == 2
    assert policy.weight("b", {}) == 0
    plain = changed(propagation(), "spec/placement", {})
    assert policies_of([plain], applications)[app_id("default", "arena")].division == "duplicated"


def test_the_closest_policy_wins_unless_one_has_priority() -> None:
    applications = applications_of([deployment()])

    def selecting(policy: str, priority: int = 0, **selector: Any) -> dict[str, Any]:
        base = {"apiVersion": "apps/v1", "kind": "Deployment"}
        raw = changed(propagation(policy), "spec/resourceSelectors", [base | selector])
        return changed(raw, "spec/priority", priority)

    def winner(*policies: dict[str, Any]) -> str:
        return policies_of(policies, applications)[app_id("default", "arena")].name

    all_of_them = selecting("a-all")
    by_label = selecting("b-label", labelSelector={"matchLabels": {"tier": "game"}})
    by_name = selecting("c-name", name="arena")
    assert winner(all_of_them, by_label, by_name) == "c-name"
    assert winner(all_of_them, by_label) == "b-label"
    assert winner(selecting("d-first", 1), by_name) == "d-first"
    assert policies_of([selecting("e-other", name="other")], applications) == {}
