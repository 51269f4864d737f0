"""What Karmada's policies may say on each engine: overrides, suspension, priority, spread; each refusal names its field."""

from __future__ import annotations

from typing import Any

import pytest

from fedge.api.manifests import Engine, Invalid, read_objects
from fedge.core.applications import key_of
from tests.core.applications.objects import changed, deployment, everything, propagation, tenant
from tests.core.placement.test_overrides import CONTAINER, override, patch, rule


def refused(
    objects: list[Any], engine: Engine = "embedded", known: tuple[Any, ...] = (), **more: Any
) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_objects(objects, {key_of(raw): raw for raw in known}, engine, **more)
    return caught.value


def asking(**spec: Any) -> dict[str, Any]:
    raw = propagation()
    raw["spec"] |= spec
    return raw


def spreading(*fields: str, **more: Any) -> dict[str, Any]:
    constraints = [{"spreadByField": field, "minGroups": 1, "maxGroups": 2} for field in fields]
    return propagation(spreadConstraints=[*constraints, *([more] if more else [])])


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (spreading(spreadByLabel="rack", maxGroups=2), "spec.placement.spreadConstraints[0].spreadByLabel"),
        (spreading("zone"), "spec.placement.spreadConstraints[0].spreadByField"),
        (spreading("region"), "spec.placement.spreadConstraints[0].spreadByField"),
        (spreading("cluster", "region", "cluster"), "spec.placement.spreadConstraints[2].spreadByField"),
        (asking(preemption="Always"), "spec.preemption"),
        (asking(conflictResolution="Hope"), "spec.conflictResolution"),
        (asking(suspension={"dispatching": True}), "spec.suspension.dispatching"),
        (asking(suspension={"dispatchingOnClusters": {"clusterNames": ["a"]}}), "spec.suspension.dispatchingOnClusters"),
        (asking(suspension={"scheduling": "yes"}), "spec.suspension.scheduling"),
        (asking(schedulePriority={"priorityClassSource": "KubePriorityClass", "priorityClassName": "gold"}),
         "spec.schedulePriority.priorityClassName"),
        (asking(schedulePriority={"priorityClassSource": "PodPriorityClass", "priorityClassName": "gold"}),
         "spec.schedulePriority.priorityClassSource"),
        (propagation(workloadAffinity={}), "spec.placement.workloadAffinity"),
    ],
)  # fmt: skip
def test_what_the_embedded_engine_does_not_do_is_refused_by_name(policy: dict[str, Any], field: str) -> None:
    assert refused([deployment(), policy]).field == field


@pytest.mark.parametrize(
    "policy",
    [
        spreading("cluster"),
        spreading("region", "cluster"),
        spreading("zone", "cluster"),
        asking(preemption="Never"),
        asking(conflictResolution="Overwrite"),
        asking(suspension={"scheduling": True}),
        asking(priority=7),
        asking(schedulePriority={"priorityClassSource": "KubePriorityClass", "priorityClassName": "gold"}),
    ],
)
def test_what_it_does_is_accepted(policy: dict[str, Any]) -> None:
    gold = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "gold"},
        "value": 9,
    }
    assert len(read_objects([deployment(), policy, gold], {})) == 3


def test_dispatching_is_karmada_s_and_a_priority_class_may_be_known_there_alone() -> None:
    asked = asking(
        suspension={"dispatching": True},
        schedulePriority={"priorityClassSource": "KubePriorityClass", "priorityClassName": "gold"},
    )
    assert read_objects([deployment(), asked], {}, "karmada")


def test_conflict_resolution_is_recorded_and_said_to_be() -> None:
    (_, parsed) = read_objects([deployment(), asking(conflictResolution="Overwrite")], {})
    assert [notice.split(" ")[0] for notice in parsed.notices] == ["spec.conflictResolution"]


def test_a_cluster_wide_policy_may_name_a_deployment_of_any_namespace() -> None:
    wide = {**asking(), "kind": "ClusterPropagationPolicy"}
    there = deployment()
    there["metadata"]["namespace"] = "studio"
    assert [str(one.key) for one in read_objects([there, wide], {})][1] == "ClusterPropagationPolicy/arena"
    wide["spec"]["resourceSelectors"][0]["namespace"] = "rival"
    assert refused([there, wide]).field == "spec.resourceSelectors[0].name"
    wide["metadata"] = {"name": "arena", "namespace": "studio"}
    assert refused([there, wide]).field == "metadata.namespace"


@pytest.mark.parametrize(
    ("overriders", "field"),
    [
        ({"labelsOverrider": [{"operator": "add", "value": {"a": "b"}}]}, "labelsOverrider"),
        ({"annotationsOverrider": [{"operator": "add", "value": {"a": "b"}}]}, "annotationsOverrider"),
        ({"fieldOverrider": [{"fieldPath": "/data/x", "json": []}]}, "fieldOverrider"),
        ({"plaintext": [patch("/spec/replicas", "replace", 3)]}, "plaintext[0].path"),
        ({"plaintext": [patch("spec", "replace", 3)]}, "plaintext[0].path"),
        ({"plaintext": [patch("/spec", "move", 3)]}, "plaintext[0].operator"),
        ({"plaintext": [patch("/spec/strategy", "add")]}, "plaintext[0].value"),
        ({"plaintext": [patch("/spec/selector", "remove", 1)]}, "plaintext[0].value"),
        ({"imageOverrider": [{"component": "Tag", "operator": "replace"}]}, "imageOverrider[0].value"),
        ({"imageOverrider": [{"component": "Digest", "operator": "remove"}]}, "imageOverrider[0].component"),
        (
            {"commandOverrider": [{"containerName": "game", "operator": "replace"}]},
            "commandOverrider[0].operator",
        ),
        ({"argsOverrider": [{"operator": "add"}]}, "argsOverrider[0].containerName"),
    ],
)
def test_an_overrider_is_refused_by_its_path(overriders: dict[str, Any], field: str) -> None:
    error = refused([deployment(), override("near", rule(**overriders))])
    assert (error.object, error.field) == ("OverridePolicy/near", f"spec.overrideRules[0].overriders.{field}")


@pytest.mark.parametrize("kind", ["labelsOverrider", "annotationsOverrider", "fieldOverrider"])
def test_on_karmada_every_overrider_is_passed_on(kind: str) -> None:
    raw = override("near", rule(**{kind: [{"operator": "add", "value": {"a": "b"}}]}), overriders={})
    (parsed,) = read_objects([raw], {}, "karmada")
    assert parsed.raw == raw


def test_deprecated_fields_and_other_kinds_are_refused_by_name() -> None:
    old = override("near", overriders={"plaintext": [patch("/spec", "remove")]})
    assert refused([deployment(), old]).field == "spec.overriders"
    services = override("near", resourceSelectors=[{"apiVersion": "v1", "kind": "Service"}])
    assert refused([services]).field == "spec.resourceSelectors[0].kind"


def test_an_override_that_breaks_its_deployment_is_refused_by_its_own_name_whichever_came_first() -> None:
    bad = override(
        "near", rule({"clusterNames": ["harbour"]}, plaintext=[patch(f"{CONTAINER}/command", "remove")])
    )
    for objects, known in (([bad], (deployment(),)), ([deployment()], (bad,))):
        error = refused(objects, known=known)
        assert (error.object, error.field) == ("OverridePolicy/near", "spec.overrideRules[0].overriders")
        assert "Deployment/arena" in error.message
        assert "harbour" in error.message


def test_overrides_are_tried_at_the_sites_that_there_are() -> None:
    target = {"labelSelector": {"matchLabels": {"fedge.dev/site": "market"}}}
    bad = override("near", rule(target, plaintext=[patch("/spec/nothing", "remove")]))
    assert read_objects([deployment(), bad], {})
    assert "market" in refused([deployment(), bad], sites=["market"]).message
    there = {key_of(raw): raw for raw in (deployment(), bad)}
    assert read_objects([deployment("chess")], there, sites=["market"]), "it joined later: others go on"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("spec/quota", {"replicas": -1}, "spec.quota.replicas"),
        ("spec/quota", {"cpu": "four"}, "spec.quota.cpu"),
        ("spec/quota", {"gpus": 1}, "spec.quota.gpus"),
        ("spec/sites", {"names": ["Harbour"]}, "spec.sites.names[0]"),
        ("metadata/name", "a.studio", "metadata.name"),
        ("metadata/namespace", "studio", "metadata.namespace"),
    ],
)
def test_a_wrong_tenant_is_refused_by_the_path_of_its_field(path: str, value: Any, field: str) -> None:
    assert refused([changed(tenant(), path, value)]).field == field


def test_a_bounded_resource_must_be_asked_for() -> None:
    bounded = tenant("default", quota={"memory": "1Gi"})
    silent = changed(deployment(), "spec/template/spec/containers/0/resources", {})
    error = refused([bounded, silent])
    assert error.field == "spec.template.spec.containers[0].resources.requests.memory"
    assert read_objects([bounded, *everything()], {})


def test_on_karmada_a_tenant_s_policy_may_not_choose_a_scheduler_that_does_not_know_its_sites() -> None:
    """Whichever was there first."""
    bounded = tenant("default", sites={"names": ["harbour"]})
    stock = asking(schedulerName="default-scheduler")
    for objects, known in (([stock], (deployment(), bounded)), ([bounded], (deployment(), stock))):
        error = refused(objects, "karmada", known)
        assert (error.object, error.field) == ("PropagationPolicy/arena", "spec.schedulerName")
    ours = asking(schedulerName="fedge-scheduler")
    assert read_objects([deployment(), bounded, ours, propagation("other")], {}, "karmada")
    assert read_objects([deployment(), tenant("default"), stock], {}, "karmada")
    assert read_objects([deployment(), bounded, stock], {}), "the embedded engine has one scheduler"


@pytest.mark.parametrize(
    ("quota", "path", "value"),
    [
        ({"cpu": "8"}, f"{CONTAINER}/resources/requests/cpu", "1"),
        ({"memory": "8Gi"}, f"{CONTAINER}/resources", {"limits": {"memory": "1Gi"}, "requests": {"cpu": 1}}),
        ({"replicas": 8}, "/spec/replicas", 9),
    ],
)
def test_an_override_may_not_raise_what_a_quota_counts(quota: dict[str, Any], path: str, value: Any) -> None:
    more = override("more", rule({"clusterNames": ["harbour"]}, plaintext=[patch(path, "replace", value)]))
    error = refused([tenant("default", quota=quota), deployment(), more], "karmada")
    assert (error.object, error.field) == ("OverridePolicy/more", "spec.overrideRules[0].overriders")
    assert f"quota of {next(iter(quota))}" in error.message
    assert read_objects([tenant("default", quota={"sessions": 3}), deployment(), more], {}, "karmada")
