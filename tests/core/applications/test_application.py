"""Applications from accepted objects."""

from fedge.core.applications import applications_of, key_of
from fedge.core.applications.application import expanded
from fedge.core.model import AppId
from tests.core.applications.objects import changed, deployment, everything, qos

ARENA = AppId("arena")


def test_an_application_is_its_deployment_service_and_qos_policy() -> None:
    arena = applications_of({key_of(raw): raw for raw in everything()})[ARENA]
    assert (arena.replicas, arena.service, arena.service_port, arena.schema) == (2, "arena", 7777, "arena/1")
    assert arena.latency is not None
    assert (arena.latency.objective_ms, arena.latency.percentile) == (40, 99)
    assert (arena.mobility.mode, arena.mobility.hysteresis_ms) == ("follow", 2.5)
    assert (arena.template.cpu_millis, arena.template.memory_bytes) == (
        250,
        128 << 20,
    )  # memory defaults to its limit


def test_without_a_qos_policy_sessions_stay_and_have_no_state() -> None:
    arena = applications_of([deployment()])[ARENA]
    assert (arena.latency, arena.mobility.mode, arena.state.kind, arena.service_port) == (
        None,
        "stay",
        "none",
        0,
    )


def test_the_order_to_an_agent_is_complete() -> None:
    raw = changed(deployment(), "metadata/annotations", {})
    raw["metadata"]["annotations"] = {"fedge.dev/base-dir": "/games/arena"}
    order = applications_of([raw, qos()])[ARENA].run_instances(3)
    assert order.replicas == 3
    assert order.command == ("python3", "game.py", "--port", "7777")
    assert order.env == {"PORT": "7777", "PWD": "/games/arena"}
    assert (order.capacity, order.state_bytes, order.memory_limit_bytes) == (8, 65536, 128 << 20)


def test_a_relative_working_dir_starts_from_the_manifests_folder() -> None:
    raw = changed(deployment(), "spec/template/spec/containers/0/workingDir", "../server")
    raw["metadata"]["annotations"] = {"fedge.dev/base-dir": "/games/arena"}
    assert applications_of([raw])[ARENA].template.working_dir == "/games/server"


def test_the_revision_follows_the_template_and_the_state_only() -> None:
    revision = applications_of([deployment(), qos()])[ARENA].revision
    assert applications_of([qos(), deployment(replicas=5)])[ARENA].revision == revision
    other = changed(deployment(), "spec/template/spec/containers/0/command/1", "other.py")
    assert applications_of([other, qos()])[ARENA].revision != revision
    assert (
        applications_of([deployment(), changed(qos(), "spec/state/schema", "arena/2")])[ARENA].revision
        != revision
    )


def test_the_same_name_in_another_namespace_is_another_application() -> None:
    there = changed(deployment(), "metadata/namespace", "studio")
    applications = applications_of([deployment(), there, qos()])
    assert list(applications) == ["arena", "studio:arena"]
    assert applications[AppId("studio:arena")].latency is None


def test_references_in_commands_as_kubernetes_expands_them() -> None:
    assert expanded("$(A)-$(B)-$$(A)-$A", {"A": "1"}) == "1-$(B)-$(A)-$A"
