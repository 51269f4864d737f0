"""What Karmada gets of the manifests, and what the control plane hears of its bindings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fedge.adapters.karmada.engine import bound_of
from fedge.adapters.karmada.publication import publication
from fedge.adapters.karmada.resources import KINDS as RESOURCES
from fedge.adapters.karmada.resources import everywhere
from fedge.api.manifest_files import read_manifests
from fedge.api.manifests import KINDS, PLURALS
from fedge.core.applications.objects import CLUSTER_WIDE
from fedge.core.model import SiteId
from fedge.programs.arena import arena_folder
from tests.core.applications.objects import deployment, propagation, tenant
from tests.core.placement.test_overrides import override, rule


def published(bench_nodes: bool = True) -> dict[str, dict[str, Any]]:
    objects = [found.object for found in read_manifests(arena_folder())]
    return {one["kind"]: one for one in publication(objects, "fedge", bench_nodes)}


def test_the_policy_names_our_scheduler_and_is_applied_before_what_it_selects() -> None:
    found = published()
    assert found["PropagationPolicy"]["spec"]["schedulerName"] == "fedge-scheduler"
    order = list(found)
    assert order.index("PropagationPolicy") < order.index("Deployment")
    assert order.index("OverridePolicy") < order.index("Deployment")


def test_a_game_with_sessions_outlives_an_unreachable_node() -> None:
    tolerations = published()["Deployment"]["spec"]["template"]["spec"]["tolerations"]
    assert {one["key"] for one in tolerations} == {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    }
    assert all("tolerationSeconds" not in one for one in tolerations)


def test_bench_nodes_are_tolerated_by_an_override_and_not_in_the_manifest() -> None:
    (rule,) = published()["OverridePolicy"]["spec"]["overrideRules"]
    (patch,) = rule["overriders"]["plaintext"]
    assert patch["value"] == {"key": "fedge.dev/bench-node", "operator": "Exists"}
    assert "OverridePolicy" not in published(bench_nodes=False)


def test_the_manifests_themselves_are_not_changed() -> None:
    objects = [found.object for found in read_manifests(arena_folder())]
    before = repr(objects)
    publication(objects, "fedge", True)
    assert repr(objects) == before


def test_a_tenant_is_published_with_its_namespace_s_quota_and_before_what_it_bounds() -> None:
    bounded = tenant("studio", quota={"cpu": "4", "sessions": 9}, sites={"names": ["harbour"]})
    objects = [deployment(), bounded, tenant("rival", quota={"replicas": 3})]
    found = publication(objects, "fedge", bench_nodes=False)
    assert [one["kind"] for one in found] == ["Tenant", "Tenant", "FederatedResourceQuota", "Deployment"]
    assert "namespace" not in found[0]["metadata"]
    assert found[2]["metadata"]["namespace"] == "studio"
    assert found[2]["spec"] == {"overall": {"cpu": "4"}}
    assert all(one["metadata"]["labels"]["fedge.dev/published-by"] == "fedge" for one in found)


def test_a_suspended_policy_dispatches_nothing_and_its_binding_is_suspended_by_the_engine() -> None:
    """Karmada's policies know suspension.dispatching alone; its API server would drop the other field."""
    policy = propagation()
    policy["spec"]["suspension"] = {"scheduling": True}
    (one,) = publication([policy], "fedge", bench_nodes=False)
    assert one["spec"]["suspension"] == {"dispatching": True}
    policy["spec"]["suspension"] = {"scheduling": False}
    (one,) = publication([policy], "fedge", bench_nodes=False)
    assert "suspension" not in one["spec"]


def test_overrides_are_published_as_they_are_and_cluster_wide_ones_without_a_namespace() -> None:
    labels = rule(labelsOverrider=[{"operator": "add", "value": {"a": "b"}}])
    found = publication(
        [override("near", labels), override("far", labels, wide=True)], "fedge", bench_nodes=False
    )
    assert [one["kind"] for one in found] == ["ClusterOverridePolicy", "OverridePolicy"]
    assert [one["metadata"].get("namespace") for one in found] == [None, "default"]
    assert found[1]["spec"]["overrideRules"] == [labels]


def test_every_kind_that_can_be_applied_can_be_published() -> None:
    assert PLURALS.keys() == {kind._api_info.plural for name, kind in RESOURCES.items() if name in KINDS}
    assert all(everywhere(kind) == {} for kind in CLUSTER_WIDE)


def test_a_binding_is_heard_by_its_sites() -> None:
    told = '{"because":"why","refused":[{"rule":"taint","reason":"tainted","count":1,"clusters":["m2"]}]}'
    binding = {
        "metadata": {"annotations": {"fedge.dev/explanation": told}},
        "spec": {
            "resource": {"kind": "Deployment", "namespace": "default", "name": "arena"},
            "clusters": [{"name": "m1", "replicas": 2}, {"name": "elsewhere", "replicas": 1}],
        },
        "status": {"conditions": [{"type": "Scheduled", "status": "True", "message": "done"}]},
    }
    bound = bound_of(binding, {"m1": SiteId("harbour"), "m2": SiteId("market")})
    assert (bound.app, bound.replicas, bound.scheduled) == ("arena", {"harbour": 2}, True)
    assert (bound.because, bound.refused) == ("why", {"market": ("taint", "tainted")})


def test_kubelets_pods_are_told_where_their_agent_is() -> None:
    found = published(bench_nodes=False)
    template = found["Deployment"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    env = {one["name"]: one for one in container["env"]}
    assert env["FEDGE_AGENT"]["value"] == "fedge-agent.fedge-system.svc:6003"
    assert env["FEDGE_GATEWAY"]["value"] == "fedge-agent.fedge-system.svc:6001"
    assert env["FEDGE_INSTANCE"]["value"] == "$(FEDGE_POD_NAMESPACE)/$(FEDGE_POD_NAME)"
    assert env["FEDGE_APP"]["value"] == "arena"
    assert env["FEDGE_TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == "fedge-instance-token"
    assert list(env).index("FEDGE_POD_IP") < list(env).index("FEDGE_BIND")  # a reference looks back only
    assert template["metadata"]["labels"]["fedge.dev/instance"] == "true"
    assert {"name": "fedge-site", "mountPath": "/var/lib/fedge"} in container["volumeMounts"]
    assert found["PropagationPolicy"]["spec"]["propagateDeps"] is True


def test_bench_nodes_pods_are_not() -> None:
    found = published()
    assert "env" not in found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert "propagateDeps" not in found["PropagationPolicy"]["spec"]


def test_the_capacity_and_state_of_a_game_are_those_of_its_qos_policy() -> None:
    state = published()["QoSPolicy"]["spec"]["state"]
    (container,) = published(bench_nodes=False)["Deployment"]["spec"]["template"]["spec"]["containers"]
    env = {one["name"]: one.get("value") for one in container["env"]}
    assert (env["FEDGE_CAPACITY"], env["FEDGE_STATE_BYTES"]) == (
        str(state["maxSessionsPerInstance"]),
        str(state["bytes"]),
    )


def nim(bench_nodes: bool) -> dict[str, dict[str, Any]]:
    folder = Path(__file__).parents[2] / "examples" / "nim"
    objects = [found.object for found in read_manifests(folder)]
    return {one["kind"]: one for one in publication(objects, "fedge", bench_nodes)}


def test_a_pod_without_the_sdk_says_where_its_service_leads() -> None:
    for bench_nodes in (True, False):
        template = nim(bench_nodes)["Deployment"]["spec"]["template"]
        assert template["metadata"]["annotations"]["fedge.dev/port"] == "8765"
    assert "fedge.dev/port" not in published()["Deployment"]["spec"]["template"]["metadata"]["annotations"]


def test_a_bench_nodes_taint_is_tolerated_by_whoever_tolerates_nothing_yet() -> None:
    """A patch cannot add to a list that the API server does not keep, and it keeps no empty one."""
    found = nim(bench_nodes=True)
    assert "tolerations" not in found["Deployment"]["spec"]["template"]["spec"], "Kubernetes may evict it"
    (rule,) = found["OverridePolicy"]["spec"]["overrideRules"]
    assert rule["overriders"]["plaintext"] == [
        {
            "operator": "add",
            "path": "/spec/template/spec/tolerations",
            "value": [{"key": "fedge.dev/bench-node", "operator": "Exists"}],
        }
    ]


def test_kubelets_pods_without_the_sdk_are_told_where_to_listen_and_no_secret() -> None:
    template = nim(bench_nodes=False)["Deployment"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    env = {one["name"]: one.get("value") for one in container["env"]}
    assert env["FEDGE_BIND"] == "$(FEDGE_POD_IP):8765"
    assert env["FEDGE_INSTANCE"] == "$(FEDGE_POD_NAMESPACE)/$(FEDGE_POD_NAME)"
    assert not {"FEDGE_TOKEN", "FEDGE_AGENT"} & env.keys()
    assert template["metadata"]["labels"]["fedge.dev/instance"] == "true"
    assert "volumes" not in template["spec"]
    assert "volumeMounts" not in container


def test_what_has_no_service_is_nobodys_game() -> None:
    (one,) = publication([deployment()], "fedge", bench_nodes=False)
    template = one["spec"]["template"]
    assert "fedge.dev/instance" not in template["metadata"]["labels"]
    assert not any(one["name"].startswith("FEDGE_") for one in template["spec"]["containers"][0]["env"])
