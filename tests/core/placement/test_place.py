"""Placement as tables: who may run an application, who does, and the reason for every site that does not."""

from typing import Any

import pytest

from fedge.core.applications import Application, Latency, Template, app_id, applications_of
from fedge.core.model import SiteId
from fedge.core.placement import Placement, Policy, Taint, explanation, policies_of
from fedge.core.placement.stock_policy import ClusterAffinity, ClusterAffinityTerm, StaticWeight, Toleration
from tests.core.applications.objects import changed, deployment, propagation
from tests.core.placement.policies import Site, place_at, policy_of


def arena(replicas: int, cpu: int = 100, objective_ms: float = 20) -> Application:
    return Application(
        app=app_id("default", "arena"),
        namespace="default",
        name="arena",
        replicas=replicas,
        template=Template(command=("game",), cpu_millis=cpu),
        latency=Latency(objective_ms=objective_ms),
    )


def site(name: str, room: int | None = 10, rtt_ms: float = 10, **facts: Any) -> Site:
    """``room``: for so many more replicas of 100m."""
    free = None if room is None else room * 100
    return Site(site=SiteId(name), free_cpu_millis=free, rtt_ms={"town": rtt_ms}, **facts)


def placed(replicas: int, policy: Policy, *sites: Site) -> dict[str, int]:
    return dict(place_at(arena(replicas), policy, sites).chosen)


def weights(**by_site: int) -> tuple[StaticWeight, ...]:
    return tuple(
        StaticWeight(target_cluster=ClusterAffinity(cluster_names=(name,)), weight=weight)
        for name, weight in by_site.items()
    )


DUPLICATED, AGGREGATED, EVENLY, BY_ROOM = (
    policy_of("duplicated"),
    policy_of("aggregated"),
    policy_of("static"),
    policy_of("dynamic"),
)


@pytest.mark.parametrize(
    ("facts", "policy", "rule"),
    [
        ({"state": "draining"}, DUPLICATED, "state"),
        ({"state": "suspect"}, DUPLICATED, "state"),
        ({"state": "lost", "replicas": 1}, DUPLICATED, "state"),
        ({}, policy_of(affinity=ClusterAffinity(cluster_names=("b",))), "affinity"),
        ({}, policy_of(affinity=ClusterAffinity(exclude=("a",))), "affinity"),
        ({"taints": (Taint("spot"),)}, DUPLICATED, "taint"),
        (
            {"taints": (Taint("spot", "x"),)},
            policy_of(tolerations=(Toleration(key="spot", value="y"),)),
            "taint",
        ),
        ({"taints": (Taint("gone", effect="NoExecute"),), "replicas": 1}, DUPLICATED, "taint"),
        ({"room": 0}, AGGREGATED, "capacity"),
        ({"free_instances": 0}, AGGREGATED, "capacity"),
        ({}, policy_of("static", weights=weights(b=1)), "weight"),
    ],
)
def test_each_refusal_names_its_rule(facts: dict[str, Any], policy: Policy, rule: str) -> None:
    answer = place_at(arena(2), policy, [site("a", **facts), site("b")])
    assert answer.refused[SiteId("a")].rule == rule
    assert answer.refused[SiteId("a")].reason
    assert "a" not in answer.chosen


@pytest.mark.parametrize(
    ("facts", "policy"),
    [
        ({"taints": (Taint("spot"),)}, policy_of(tolerations=(Toleration(operator="Exists"),))),
        ({"taints": (Taint("spot", "x"),)}, policy_of(tolerations=(Toleration(key="spot", value="x"),))),
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
        (3, DUPLICATED, [site("a"), site("b", room=2)], {"a": 3, "b": 3}),
        (2, policy_of(max_sites=1), [site("a", rtt_ms=9), site("b", rtt_ms=4)], {"b": 2}),
        (5, AGGREGATED, [site("a", room=3), site("b", room=5), site("c", room=4)], {"b": 5}),
        (5, AGGREGATED, [site("a", rtt_ms=9), site("b", rtt_ms=4)], {"b": 5}),
        (
            7,
            AGGREGATED,
            [site("a", room=3), site("b", room=4), site("c", room=4, rtt_ms=90)],
            {"a": 3, "b": 4},
        ),
        (3, policy_of("aggregated", min_sites=2), [site("a"), site("b"), site("c")], {"a": 3}),
        (4, EVENLY, [site("a"), site("b"), site("c")], {"a": 2, "b": 1, "c": 1}),
        (
            7,
            policy_of("static", weights=weights(a=4, b=2, c=1)),
            [site("a"), site("b"), site("c")],
            {"a": 4, "b": 2, "c": 1},
        ),
        (
            7,
            policy_of("static", weights=weights(a=4, b=2)),
            [site("a", room=1), site("b")],
            {"a": 5, "b": 2},
        ),
        (6, BY_ROOM, [site("a", room=2), site("b", room=4)], {"a": 2, "b": 4}),
        (
            3,
            policy_of("static", max_sites=2),
            [site("a"), site("b", rtt_ms=5), site("c")],
            {"a": 2, "b": 1},
        ),
        (
            2,
            policy_of("static", weights=weights(a=9, b=1), min_sites=2),
            [site("a"), site("b")],
            {"a": 2},
        ),
    ],
)
def test_replicas_over_sites(
    replicas: int, policy: Policy, sites: list[Site], expected: dict[str, int]
) -> None:
    assert placed(replicas, policy, *sites) == expected


def test_webster_gives_the_seats_of_the_textbook() -> None:
    """Sainte-Laguë with 53, 24 and 23 thousand votes and 7 seats: 3, 2, 2."""
    policy = policy_of("static", weights=weights(a=53, b=24, c=23))
    assert placed(7, policy, site("a"), site("b"), site("c")) == {"a": 3, "b": 2, "c": 2}


def test_the_share_of_players_within_the_objective_comes_first() -> None:
    near_some = Site(site=SiteId("a"), rtt_ms={"east": 1, "west": 30})
    fair_to_all = Site(site=SiteId("b"), rtt_ms={"east": 19, "west": 19})
    one = policy_of(max_sites=1)
    assert place_at(arena(1), one, [near_some, fair_to_all]).chosen == {"b": 1}
    assert place_at(arena(1), one, [near_some, fair_to_all], {"east": 9, "west": 0}).chosen == {"a": 1}


def test_a_site_with_a_soft_taint_comes_last() -> None:
    soft = site("a", rtt_ms=1, taints=(Taint("old", effect="PreferNoSchedule"),))
    assert placed(1, policy_of(max_sites=1), soft, site("b", rtt_ms=90)) == {"b": 1}


def test_too_few_sites_place_nothing_and_say_which_rule() -> None:
    answer = place_at(
        arena(2), policy_of("duplicated", min_sites=3), [site("a"), site("b", state="lost"), site("c")]
    )
    assert (answer.chosen, answer.unplaced) == ({}, 2)
    assert "MinGroups" in answer.because
    assert answer.because.endswith("refused: 1 by state")


def test_what_runs_stays_when_too_few_sites_are_left() -> None:
    answer = place_at(
        arena(3), policy_of(min_sites=2), [site("a", replicas=3), site("b", replicas=3, state="lost")]
    )
    assert answer.chosen == {"a": 3}
    assert "MinGroups" in answer.because


def test_too_little_room_places_nothing_new_and_takes_nothing_away() -> None:
    """As in Karmada: all replicas or none of the new ones."""
    assert place_at(arena(9), AGGREGATED, [site("a", room=3), site("b", room=4)]).unplaced == 9
    kept = place_at(arena(9), AGGREGATED, [site("a", room=3, replicas=2), site("b", room=3)])
    assert (kept.chosen, kept.unplaced) == ({"a": 2}, 7)


def test_affinity_terms_are_tried_in_turn() -> None:
    terms = tuple(
        ClusterAffinityTerm(affinity_name=name, cluster_names=names)
        for name, names in (("near", ("a",)), ("far", ("b", "c")))
    )
    policy = policy_of(affinities=terms)
    assert placed(2, policy, site("a"), site("b"), site("c")) == {"a": 2}
    assert placed(2, policy, site("a", state="lost"), site("b"), site("c")) == {"b": 2, "c": 2}


def test_no_policy_no_replicas_no_sites() -> None:
    assert place_at(arena(2), None, [site("a")]) == Placement({}, {}, 2, "no PropagationPolicy selects it")
    assert place_at(arena(0), DUPLICATED, [site("a")]).unplaced == 0
    assert place_at(arena(2), DUPLICATED, []).unplaced == 2


def test_a_lost_site_is_made_up_for_and_the_others_keep_theirs() -> None:
    sites = [site("a", replicas=2), site("b", replicas=2, state="lost"), site("c", replicas=1), site("d")]
    assert placed(5, EVENLY, *sites) == {"a": 2, "c": 2, "d": 1}


def test_changed_weights_take_effect_at_an_unchanged_total() -> None:
    policy = policy_of("static", weights=weights(a=1, b=3))
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
        arena(1), place_at(arena(1), policy_of(max_sites=1), [site("a"), site("b"), site("c", state="lost")])
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
    assert (policy.name, policy.division) == ("arena", "static")
    assert policy.placement.spread_constraints[0].max_groups == 2
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
