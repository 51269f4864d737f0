"""Tenants, suspension, priority and overrides as the control plane carries them out: what is placed and ordered where."""

from __future__ import annotations

from typing import Any

from fedge.core.control import ControlPlane, ControlSettings, Effect, Propose, ToSite
from fedge.core.control.events.objects import ObjectsChanged
from fedge.core.control.events.tokens import TokenIssued
from fedge.core.control.placing import place_all, placement_of
from fedge.core.messages import RunInstances, SiteHello
from fedge.core.model import AppId, SiteId
from tests.core.applications.objects import deployment, propagation, service, tenant
from tests.core.placement.test_overrides import override, rule

DUPLICATED = {
    "clusterAffinity": {},
    "spreadConstraints": [],
    "replicaScheduling": {"replicaSchedulingType": "Duplicated"},
}
AGGREGATED = DUPLICATED | {
    "replicaScheduling": {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Aggregated"}
}


class Centre:
    """A control plane with two sites; ``orders``: the last order for an application at each site."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.plane = ControlPlane(ControlSettings())
        self.orders: dict[tuple[str, str], RunInstances] = {}
        for site in ("harbour", "market"):
            self.say(SiteHello(SiteId(site), f"gw-{site}", f"peer-{site}", (), ()))  # type: ignore[arg-type]
        self.apply(*objects)

    def say(self, event: Any) -> None:
        self._carry_out(self.plane.handle(event, 1))

    def apply(self, *objects: dict[str, Any]) -> None:
        self.say(ObjectsChanged(objects))
        self._carry_out(place_all(self.plane, 1))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Propose):
                self.say(effect.event)
            elif isinstance(effect, ToSite) and isinstance(effect.message, RunInstances):
                self.orders[effect.message.app, effect.site] = effect.message

    def placed(self, app: str = "arena") -> dict[str, int]:
        return dict(self.plane.state.placed.get(AppId(app), {}))

    def because(self, app: str = "arena") -> Any:
        return placement_of(self.plane, self.plane.applications[AppId(app)], 1)


def replicas(count: int, raw: dict[str, Any] | None = None) -> dict[str, Any]:
    found = raw or deployment()
    found["spec"]["replicas"] = count
    return found


def test_a_tenant_s_applications_run_at_its_sites_only() -> None:
    centre = Centre(tenant("default", sites={"names": ["market"]}), deployment(), propagation(**DUPLICATED))
    assert centre.placed() == {"market": 2}
    refused = centre.because().refused["harbour"]
    assert (refused.rule, refused.reason) == ("tenant", "it is not one of the tenant's sites")


def test_sites_may_be_excluded_and_change_later() -> None:
    centre = Centre(tenant("default", sites={"exclude": ["market"]}), deployment(), propagation(**DUPLICATED))
    assert centre.placed() == {"harbour": 2}
    centre.apply(tenant("default"))
    assert centre.placed() == {"harbour": 2, "market": 2}


def test_copies_at_every_site_count_against_the_quota() -> None:
    centre = Centre(tenant("default", quota={"replicas": 3}), deployment(), propagation(**DUPLICATED))
    assert centre.placed() == {"harbour": 2}
    answer = centre.because()
    assert answer.refused["market"].rule == "tenant"
    assert "4 replicas, 3 allowed" in answer.refused["market"].reason
    assert answer.unplaced == 2
    assert "quota leaves no room for 2" in answer.because


def test_divided_replicas_are_cut_to_what_the_quota_leaves_beside_others() -> None:
    chess = deployment("chess")
    second = propagation("chess", **AGGREGATED)
    second["spec"]["resourceSelectors"][0]["name"] = "chess"
    centre = Centre(
        tenant("default", quota={"cpu": "1"}),
        deployment(), propagation(**AGGREGATED), replicas(3, chess), second,
    )  # fmt: skip
    assert sum(centre.placed().values()) == 2
    assert sum(centre.placed("chess").values()) == 2
    assert centre.because("chess").unplaced == 1


def test_a_smaller_quota_ends_nothing_that_runs() -> None:
    centre = Centre(deployment(), propagation(**DUPLICATED))
    centre.apply(tenant("default", quota={"replicas": 1}))
    assert centre.placed() == {"harbour": 2, "market": 2}


def test_another_namespace_s_use_does_not_count() -> None:
    other = deployment()
    other["metadata"]["namespace"] = "rival"
    everywhere = {**propagation(**DUPLICATED), "kind": "ClusterPropagationPolicy"}
    everywhere["spec"]["resourceSelectors"] = [{"apiVersion": "apps/v1", "kind": "Deployment"}]
    centre = Centre(tenant("default", quota={"replicas": 4}), deployment(), other, everywhere)
    assert centre.placed() == centre.placed("rival:arena") == {"harbour": 2, "market": 2}


def test_a_suspended_policy_keeps_what_runs_and_says_so() -> None:
    policy = propagation(**DUPLICATED)
    centre = Centre(deployment(), policy)
    suspended = propagation(**DUPLICATED | {"clusterAffinity": {"clusterNames": ["market"]}})
    suspended["spec"]["suspension"] = {"scheduling": True}
    centre.apply(suspended, replicas(5))
    assert centre.placed() == {"harbour": 2, "market": 2}
    assert "scheduling is suspended (arena)" in centre.because().because
    suspended["spec"]["suspension"] = {}
    centre.apply(suspended)
    assert centre.placed() == {"market": 5}


def test_what_is_suspended_from_the_start_runs_nowhere() -> None:
    policy = propagation(**DUPLICATED)
    policy["spec"]["suspension"] = {"scheduling": True}
    centre = Centre(deployment(), policy)
    assert centre.placed() == {}
    assert centre.because().refused["harbour"].rule == "suspended"
    assert centre.because().unplaced == 2


def test_the_higher_schedule_priority_is_placed_first() -> None:
    chess = replicas(2, deployment("chess"))
    second = propagation("chess", **AGGREGATED)
    second["spec"]["resourceSelectors"][0]["name"] = "chess"
    second["spec"]["schedulePriority"] = {
        "priorityClassSource": "KubePriorityClass",
        "priorityClassName": "gold",
    }
    gold = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "gold"},
        "value": 9,
    }
    centre = Centre(
        tenant("default", quota={"replicas": 2}), gold, deployment(), propagation(**AGGREGATED), chess, second
    )
    assert sum(centre.placed("chess").values()) == 2
    assert centre.placed() == {}


def test_the_namespace_s_own_policy_wins_over_a_cluster_wide_one() -> None:
    wide = {**propagation("wide", **DUPLICATED), "kind": "ClusterPropagationPolicy"}
    wide["spec"]["priority"] = 100
    centre = Centre(deployment(), wide)
    assert centre.placed() == {"harbour": 2, "market": 2}
    centre.apply(propagation(**DUPLICATED | {"clusterAffinity": {"clusterNames": ["market"]}}))
    assert centre.placed() == {"market": 2}


def test_each_site_is_ordered_what_its_overrides_make_of_the_manifest() -> None:
    near = override("near", rule({"clusterNames": ["harbour"]}, argsOverrider=[
        {"containerName": "game", "operator": "add", "value": ["--near"]}]))  # fmt: skip
    centre = Centre(deployment(), service(), propagation(**DUPLICATED), near)
    harbour, market = centre.orders["arena", "harbour"], centre.orders["arena", "market"]
    assert harbour.command == (*market.command, "--near")
    assert harbour.revision != market.revision, "the agent restarts what is changed"
    centre.say(ObjectsChanged((), (("OverridePolicy", "default", "near"),)))
    assert centre.orders["arena", "harbour"] == market


def test_a_site_where_an_override_breaks_the_manifest_is_barred_with_the_override_s_name() -> None:
    """What could not be known when it was applied: the site joined later."""
    target = {"labelSelector": {"matchLabels": {"fedge.dev/site": "market"}}}
    bad = override("near", rule(target, plaintext=[{"path": "/spec/nothing", "operator": "remove"}]))
    centre = Centre(deployment(), propagation(**DUPLICATED), bad)
    assert centre.placed() == {"harbour": 2}
    refused = centre.because().refused["market"]
    assert refused.rule == "override"
    assert "OverridePolicy/near: spec.overrideRules[0].overriders.plaintext[0].path" in refused.reason


def test_tokens_end_with_their_tenant() -> None:
    centre = Centre(tenant("studio"), tenant("rival"))
    centre.say(TokenIssued("studio", "d1"))
    centre.say(TokenIssued("studio", "d2", players=True))
    centre.say(TokenIssued("rival", "d3"))
    centre.say(TokenIssued("studio", "d4"))
    assert set(centre.plane.state.grants) == {"d2", "d3", "d4"}
    centre.say(ObjectsChanged((), (("Tenant", "", "studio"),)))
    assert set(centre.plane.state.grants) == {"d3"}
