"""Manifests: the right ones are read, each wrong field is named by its path, and a set is accepted whole or not at all."""

from pathlib import Path
from typing import Any, Literal

import pytest

from fedge.api.manifest_files import Unreadable, read_manifests
from fedge.api.manifests import Invalid, read_objects
from fedge.core.applications import applications_of, key_of
from tests.core.applications.objects import GONE, changed, deployment, everything, propagation, qos, service

POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
IN_CONTAINER = "spec.template.spec.containers[0]"


def refused(objects: list[Any], known: list[dict[str, Any]] | None = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_objects(objects, {key_of(raw): raw for raw in known or ()})
    return caught.value


def test_a_right_set_is_read_in_any_order() -> None:
    parsed = read_objects(list(reversed(everything())), {})
    assert [str(each.key) for each in parsed] == [
        "QoSPolicy/arena",
        "PropagationPolicy/arena",
        "Service/arena",
        "Deployment/arena",
    ]
    assert [each.raw for each in reversed(parsed)] == everything()


def test_the_examples_manifests_are_right() -> None:
    found = read_manifests(Path(__file__).parents[3] / "examples" / "arena")
    assert len(read_objects([each.object for each in found], {})) == 4


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**70])
def test_a_number_that_cannot_be_kept_is_refused_where_it_is(number: int) -> None:
    error = refused([deployment(strategy={"a": [{"b": number}]})])
    assert (error.object, error.field) == ("Deployment/arena", "spec.strategy.a[0].b")
    read_objects([deployment(revisionHistoryLimit=2**64 - 1, strategy=-(2**63))], {})


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    assert "deep" in refused([deployment(strategy=deep)]).message


def test_what_an_api_server_returns_can_be_applied() -> None:
    """Fields that Kubernetes fills in, and nulls, are no reason to refuse."""
    raw = deployment(strategy={"type": "RollingUpdate"}, progressDeadlineSeconds=600, revisionHistoryLimit=10)
    raw["metadata"] |= {
        "uid": "u",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": None,
        "annotations": None,
    }
    raw["spec"]["template"]["spec"] |= {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
    }
    raw["spec"]["template"]["spec"]["containers"][0] |= {
        "imagePullPolicy": "IfNotPresent",
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
    }
    raw["status"] = {"replicas": 2}
    (parsed,) = read_objects([raw], {})
    assert [notice.split(" ")[0] for notice in parsed.notices] == [
        "spec.template.spec.securityContext",
        f"{IN_CONTAINER}.readinessProbe",
    ]


WRONG_DEPLOYMENTS = [
    (f"{CONTAINER}/command", GONE, f"{IN_CONTAINER}.command"),
    (f"{CONTAINER}/command", "python3 game.py", f"{IN_CONTAINER}.command"),
    (f"{CONTAINER}/command", ["python3", 7], f"{IN_CONTAINER}.command[1]"),
    (f"{CONTAINER}/command", [""], f"{IN_CONTAINER}.command[0]"),
    (f"{CONTAINER}/name", GONE, f"{IN_CONTAINER}.name"),
    (f"{CONTAINER}/volumeMounts", [], f"{IN_CONTAINER}.volumeMounts"),
    (f"{CONTAINER}/envFrom", [{}], f"{IN_CONTAINER}.envFrom"),
    (f"{CONTAINER}/env/0/value", 7777, f"{IN_CONTAINER}.env[0].value"),
    (f"{CONTAINER}/env/0/valueFrom", {}, f"{IN_CONTAINER}.env[0].valueFrom"),
    (f"{CONTAINER}/ports/0/containerPort", 70000, f"{IN_CONTAINER}.ports[0].containerPort"),
    (f"{CONTAINER}/resources/limits/memory", "128MB", f"{IN_CONTAINER}.resources.limits.memory"),
    (f"{CONTAINER}/resources/limits/memory", [1], f"{IN_CONTAINER}.resources.limits.memory"),
    (f"{CONTAINER}/resources/limits/nvidia.com~gpu", 1, f"{IN_CONTAINER}.resources.limits[nvidia.com~gpu]"),
    (f"{CONTAINER}/resources/requests/cpu", "2", f"{IN_CONTAINER}.resources.requests.cpu"),
    (f"{CONTAINER}/livenessProbe", {}, f"{IN_CONTAINER}.livenessProbe"),
    (
        f"{CONTAINER}/livenessProbe",
        {"exec": {}, "periodSeconds": 0},
        f"{IN_CONTAINER}.livenessProbe.periodSeconds",
    ),
    (f"{POD}/containers", [], "spec.template.spec.containers"),
    (f"{POD}/volumes", [], "spec.template.spec.volumes"),
    (f"{POD}/initContainers", [], "spec.template.spec.initContainers"),
    (f"{POD}/restartPolicy", "Never", "spec.template.spec.restartPolicy"),
    ("spec/replicas", -1, "spec.replicas"),
    ("spec/replicas", "2", "spec.replicas"),
    ("spec/replica", 2, "spec.replica"),
    ("spec/selector", {}, "spec.selector"),
    ("spec/selector/matchLabels/app", "other", "spec.selector.matchLabels.app"),
    (
        "spec/selector/matchExpressions",
        [{"key": "v", "operator": "DoesNotExist"}],
        "spec.selector.matchExpressions",
    ),
    ("spec/template", GONE, "spec.template"),
    ("metadata/name", "Arena", "metadata.name"),
    ("metadata/labels/tier", 1, "metadata.labels.tier"),
    ("apiVersion", "apps/v1beta1", "apiVersion"),
    ("spec", GONE, "spec"),
]


@pytest.mark.parametrize(("path", "value", "field"), WRONG_DEPLOYMENTS)
def test_a_wrong_field_of_a_deployment(path: str, value: object, field: str) -> None:
    assert refused([changed(deployment(), path, value)]).field == field


PLACEMENT = "spec/placement"
WRONG_POLICIES = [
    (f"{PLACEMENT}/clusterAffinities", [{"affinityName": "a"}], "spec.placement.clusterAffinities"),
    (f"{PLACEMENT}/clusterAffinity/fieldSelectors", {}, "spec.placement.clusterAffinity.fieldSelectors"),
    (
        f"{PLACEMENT}/spreadConstraints/0/spreadByLabel",
        "rack",
        "spec.placement.spreadConstraints[0].spreadByLabel",
    ),
    ("spec/preemption", "Always", "spec.preemption"),
    (f"{PLACEMENT}/spreadConstraints/0/minGroups", 3, "spec.placement.spreadConstraints[0].maxGroups"),
    (f"{PLACEMENT}/clusterTolerations/0/value", "x", "spec.placement.clusterTolerations[0].value"),
    (
        f"{PLACEMENT}/replicaScheduling/replicaSchedulingType",
        "Both",
        "spec.placement.replicaScheduling.replicaSchedulingType",
    ),
    (
        f"{PLACEMENT}/replicaScheduling/replicaSchedulingType",
        "Duplicated",
        "spec.placement.replicaScheduling.replicaDivisionPreference",
    ),
    (
        f"{PLACEMENT}/replicaScheduling/replicaDivisionPreference",
        "Aggregated",
        "spec.placement.replicaScheduling.weightPreference",
    ),
    (
        f"{PLACEMENT}/replicaScheduling/weightPreference/dynamicWeight",
        "AvailableReplicas",
        "spec.placement.replicaScheduling.weightPreference.dynamicWeight",
    ),
    (
        f"{PLACEMENT}/replicaScheduling/weightPreference/staticWeightList/0/weight",
        0,
        "spec.placement.replicaScheduling.weightPreference.staticWeightList[0].weight",
    ),
    ("spec/resourceSelectors", [], "spec.resourceSelectors"),
    ("spec/resourceSelectors/0/kind", "Job", "spec.resourceSelectors[0].kind"),
    ("spec/resourceSelectors/0/apiVersion", "v1", "spec.resourceSelectors[0].apiVersion"),
    ("spec/resourceSelectors/0/name", "arenaa", "spec.resourceSelectors[0].name"),
    ("spec/failover", {}, "spec.failover"),
]


@pytest.mark.parametrize(("path", "value", "field"), WRONG_POLICIES)
def test_a_wrong_field_of_a_propagation_policy(path: str, value: object, field: str) -> None:
    assert refused([deployment(), changed(propagation(), path, value)]).field == field


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("spec/targetRef/name", "arenaa", "spec.targetRef.name"),
        ("spec/targetRef/kind", "Service", "spec.targetRef.kind"),
        ("spec/latency/objectiveMs", 0, "spec.latency.objectiveMs"),
        ("spec/latency/percentile", 101, "spec.latency.percentile"),
        ("spec/latency/population", {}, "spec.latency.population"),
        ("spec/latency/population", {"liveDemand": False}, "spec.latency.population"),
        (
            "spec/latency/population",
            {"liveDemand": True, "regions": [{"region": "eu"}]},
            "spec.latency.population",
        ),
        (
            "spec/latency/population",
            {"regions": [{"region": "eu"}, {"region": "eu"}]},
            "spec.latency.population",
        ),
        (
            "spec/latency/population",
            {"regions": [{"region": "eu", "weight": 0}]},
            "spec.latency.population.regions[0].weight",
        ),
        (
            "spec/latency/population",
            {"regions": [{"region": ""}]},
            "spec.latency.population.regions[0].region",
        ),
        ("spec/latency/population", {"cells": ["a"]}, "spec.latency.population.cells"),
        ("spec/border", {}, "spec.border"),
        ("spec/border", {"labelSelector": {}}, "spec.border"),
        ("spec/border", {"clusters": ["Not A Name"]}, "spec.border.clusters[0]"),
        ("spec/border", {"countries": ["de"]}, "spec.border.countries"),
        ("spec/standby", {}, "spec.standby.minSites"),
        ("spec/standby", {"minSites": 0}, "spec.standby.minSites"),
        ("spec/state/schema", GONE, "spec.state.schema"),
        ("spec/state/bytes", "1Mi", "spec.state.bytes"),
        ("spec/state/kind", "party", "spec.state.kind"),
        ("spec/mobility/mode", "fly", "spec.mobility.mode"),
        ("spec/mobility/deadline", 5, "spec.mobility.deadline"),
        ("spec/mobility/maxConcurrentMovesPerSite", 0, "spec.mobility.maxConcurrentMovesPerSite"),
        ("spec/quality", {}, "spec.quality.profile"),
        ("spec/quality", {"profile": "E"}, "spec.quality.profile"),
        ("spec/quality", {"profile": "QOS E"}, "spec.quality.profile"),
        ("spec/quality", {"profile": "QOS_E", "rate": 1}, "spec.quality.rate"),
    ],
)
def test_a_wrong_field_of_a_qos_policy(path: str, value: object, field: str) -> None:
    assert refused([deployment(), changed(qos(), path, value)]).field == field


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("spec/selector", {}, "spec.selector"),
        ("spec/selector/app", "arenaa", "spec.selector"),
        ("spec/ports", [], "spec.ports"),
        ("spec/ports/0/protocol", "SCTP", "spec.ports[0].protocol"),
        ("spec/ports/0/targetPort", "gmae", "spec.ports[0].targetPort"),
        ("spec/type", "ExternalName", "spec.type"),
    ],
)
def test_a_wrong_field_of_a_service(path: str, value: object, field: str) -> None:
    assert refused([deployment(), changed(service(), path, value)]).field == field


def plain(name: str, protocol: str, port: int) -> list[dict[str, Any]]:
    return [deployment(name), changed(service(name), "spec/ports", [{"port": port, "protocol": protocol}])]


@pytest.mark.parametrize("engine", ["embedded", "karmada"])
def test_a_tcp_game_is_accepted_and_its_example_is_right(engine: Literal["embedded", "karmada"]) -> None:
    found = read_manifests(Path(__file__).parents[3] / "examples" / "nim")
    parsed = read_objects([each.object for each in found], {}, engine)
    assert len(parsed) == 4
    assert not any(each.notices for each in parsed)


@pytest.mark.parametrize(("target", "port"), [("game", 7777), (9000, 9000), (None, 8765)])
def test_a_service_leads_to_a_port_of_the_container(target: str | int | None, port: int) -> None:
    ports = [{"port": 8765, **({"targetPort": target} if target else {})}]
    applications = applications_of([deployment(), changed(service(), "spec/ports", ports)])
    assert [one.target_port for one in applications.values()] == [port]
    assert applications_of([deployment()])["arena"].target_port == 0


def test_sessions_of_the_sdk_speak_udp_whatever_is_applied_last() -> None:
    tcp = changed(service(), "spec/ports/0/protocol", "TCP")
    for last, known in (
        (tcp, [deployment(), qos()]),
        (qos(), [deployment(), tcp]),
        (deployment(), [qos(), tcp]),
    ):
        assert "sessions of the SDK speak UDP" in refused([last], known).message


@pytest.mark.parametrize(("protocol", "port"), [("TCP", 8765), ("UDP", 7778)])
def test_a_port_of_its_own_is_one_applications_and_both_are_named(protocol: str, port: int) -> None:
    known = plain("nim", protocol, port)
    error = refused(plain("chess", protocol, port), known)
    assert (error.object, error.field) == ("Service/chess", "spec.ports[0].port")
    assert error.message == f"{protocol} port {port} is nim's already (Service/nim): chess needs another"
    assert read_objects(plain("chess", protocol, port + 1), {key_of(raw): raw for raw in known})
    assert read_objects(known, {key_of(raw): raw for raw in known}), "applied again it is the same"


def test_the_port_of_sessions_is_shared_and_tcp_is_not_udp() -> None:
    known = {key_of(raw): raw for raw in [*plain("nim", "UDP", 7777), *plain("go", "TCP", 7778)]}
    assert read_objects([*plain("chess", "UDP", 7777), *plain("dice", "UDP", 7778)], known)


def test_a_port_of_another_tenant_is_taken_without_a_name() -> None:
    with pytest.raises(Invalid, match="another tenant's") as caught:
        read_objects(plain("chess", "TCP", 8765), {}, taken=frozenset({("TCP", 8765)}))
    assert caught.value.object == "Service/chess"


@pytest.mark.parametrize(("port", "said"), [(7778, "without a state schema"), (9999, "is recorded")])
def test_a_udp_port_that_is_not_the_shared_one_is_noticed(port: int, said: str) -> None:
    (notice,) = read_objects(plain("nim", "UDP", port), {})[1].notices
    assert said in notice


def test_a_second_container_is_refused() -> None:
    raw = deployment()
    raw["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "command": ["true"]})
    assert refused([raw]).field == "spec.template.spec.containers[1]"


def test_unknown_kinds_are_refused_by_name() -> None:
    error = refused([{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}}])
    assert (error.object, error.field) == ("Job/x", "kind")
    assert "'Job'" in error.message


@pytest.mark.parametrize(
    "raw",
    [None, "text", ["list"], {}, {"kind": 3}, {"kind": "Deployment"}, {"kind": "Service", "metadata": []}],
)
def test_what_is_no_object_at_all(raw: object) -> None:
    assert refused([raw]).message


def test_the_message_says_which_object_and_suggests_a_field() -> None:
    error = refused([deployment(), changed(qos(), "spec/mobility/deadlinMs", 1)])
    assert str(error).startswith("QoSPolicy/arena: spec.mobility.deadlinMs: ")
    assert "did you mean deadlineMs?" in str(error)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{CONTAINER}/command", "python3 game.py", "expected a list, got text"),
        ("spec/replicas", "2", "expected a whole number, got text"),
        (f"{CONTAINER}/ports/0/protocol", "udp", "invalid enum value 'udp'"),
        ("spec", GONE, "is required"),
    ],
)
def test_the_message_is_in_plain_words(path: str, value: object, message: str) -> None:
    assert refused([changed(deployment(), path, value)]).message == message


def test_references_may_point_to_what_exists() -> None:
    assert read_objects([qos(), propagation(), service()], {key_of(raw): raw for raw in [deployment()]})
    assert refused([qos()]).field == "spec.targetRef.name"


def test_one_qos_policy_a_deployment() -> None:
    assert refused([qos("second")], [deployment(), qos()]).field == "spec.targetRef.name"
    assert read_objects([qos()], {key_of(raw): raw for raw in [deployment(), qos()]})


def test_a_qos_policy_asks_for_quality_and_hears_which_profile_nobody_serves_yet() -> None:
    asks = changed(qos(), "spec/quality", {"profile": "QOS_E"})
    known = {key_of(deployment()): deployment()}
    [parsed] = read_objects([asks], known)
    assert parsed.notices == ()
    [application] = applications_of([deployment(), asks]).values()
    assert application.quality is not None
    assert application.quality.profile == "QOS_E"
    [parsed] = read_objects([changed(qos(), "spec/quality", {"profile": "gold"})], known)
    assert parsed.notices == (
        "spec.quality.profile gold waits for an operator that serves a QoS reference of this name",
    )


def test_the_same_object_twice_is_refused() -> None:
    assert refused([deployment(), deployment()]).field == "metadata.name"


def test_a_selector_cannot_change() -> None:
    error = refused([changed(deployment(), "spec/selector/matchLabels/v", "1")], [deployment()])
    assert error.field == "spec.selector"


def test_references_stay_in_their_namespace() -> None:
    assert (
        refused([deployment(), changed(qos(), "metadata/namespace", "studio")]).field == "spec.targetRef.name"
    )


def test_another_engine_needs_an_image_and_no_command() -> None:
    raw = changed(deployment(), f"{CONTAINER}/command", GONE)
    assert read_objects([raw], {}, engine="karmada")
    with pytest.raises(Invalid) as caught:
        read_objects([changed(deployment(), f"{CONTAINER}/image", "")], {}, engine="karmada")
    assert caught.value.field == f"{IN_CONTAINER}.image"


def test_files_of_a_folder_documents_and_lists(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        "kind: List\nitems:\n- {kind: A}\n- {kind: Deployment, metadata: {name: x}}\n"
    )
    (tmp_path / "a.yml").write_text("---\nkind: One\n---\n---\nkind: Two\n")
    (tmp_path / "c.json").write_text('{"kind": "Three"}')
    (tmp_path / "notes.txt").write_text("no")
    found = read_manifests(tmp_path)
    assert [(each.file.name, each.object["kind"]) for each in found] == [
        ("a.yml", "One"),
        ("a.yml", "Two"),
        ("b.yaml", "A"),
        ("b.yaml", "Deployment"),
        ("c.json", "Three"),
    ]
    assert found[3].object["metadata"]["annotations"] == {"fedge.dev/base-dir": str(tmp_path)}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1,\nb: }")
    with pytest.raises(Unreadable, match="line 2"):
        read_manifests(tmp_path)
    for path in (tmp_path / "none.yaml", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(Unreadable):
            read_manifests(path)
