"""What the shape of a manifest cannot say: rules between its fields, and between the objects of a set.

Each check raises `FieldError` with the path of the field; `manifests.py` adds the object. Kubernetes' own
rules are kept where Fedge reads the field (selector and template labels, names of ports, one handler a
probe).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fedge.core.applications.deployment import Container, Deployment, Probe
from fedge.core.applications.objects import ObjectKey, Raw
from fedge.core.applications.qos import QoSPolicy
from fedge.core.applications.quantity import NotAQuantity, Quantity, cpu_millis, memory_bytes
from fedge.core.applications.service import Service
from fedge.core.quality import CATALOGUE

CONTAINER = "spec.template.spec.containers[0]"
RESOURCES = {"cpu": cpu_millis, "memory": memory_bytes}
EMBEDDED_PORT = 7777
PLAIN_PORTS = (7778, 7779)
"""UDP at the sites' own addresses that the embedded engine carries to applications without the SDK, beside that one."""

RECORDED = {
    "spec.template.spec.securityContext": "the embedded engine runs instances as the user who started it",
    "spec.template.spec.serviceAccountName": "the embedded engine has no service accounts",
    "spec.template.spec.imagePullSecrets": "the embedded engine pulls no image",
    "spec.template.spec.tolerations": "placement reads the PropagationPolicy's clusterTolerations",
    f"{CONTAINER}.securityContext": "the embedded engine runs instances as the user who started it",
    f"{CONTAINER}.readinessProbe": "the embedded engine asks the instance's SDK instead",
    f"{CONTAINER}.livenessProbe": "the embedded engine asks the instance's SDK instead",
    f"{CONTAINER}.startupProbe": "the embedded engine asks the instance's SDK instead",
}
"""Fields that are accepted and do nothing on the embedded engine; whoever applies them is told."""


class FieldError(Exception):
    """``field`` is wrong, and why."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}")


def entry(path: str, key: str) -> str:
    """The path of a mapping's entry, as Kubernetes writes it: ``labels.app``,
    ``labels[app.kubernetes.io/name]``.
    """
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key}]"


# --- one object alone
# -----------------------------------------------------------------------------------------------------


def alone(manifest: object, engine: str) -> None:
    """Rules within one object. Raises ``FieldError``."""
    if isinstance(manifest, Deployment):
        _deployment(manifest, engine)
    elif isinstance(manifest, Service):
        _service(manifest)
    elif (
        isinstance(manifest, QoSPolicy)
        and manifest.spec.state.kind == "session"
        and not manifest.spec.state.schema
    ):
        raise FieldError(
            "spec.state.schema", "is required where the state's kind is session: it is checked before a move"
        )


def _deployment(deployment: Deployment, engine: str) -> None:
    spec = deployment.spec
    if spec.selector.empty:
        raise FieldError("spec.selector", "must name at least one label")
    labels = spec.template.metadata.labels
    for key, value in spec.selector.match_labels.items():
        if labels.get(key) != value:
            path = entry("spec.selector.matchLabels", key)
            raise FieldError(path, f"is {value!r}, but the template's label is {labels.get(key)!r}")
    if not spec.selector.matches(labels):
        raise FieldError("spec.selector.matchExpressions", "do not match the template's labels")
    containers = spec.template.spec.containers
    if len(containers) > 1:
        raise FieldError("spec.template.spec.containers[1]", "Fedge runs one container an instance")
    _container(containers[0], engine)


def _container(container: Container, engine: str) -> None:
    if engine == "embedded" and not container.command:
        raise FieldError(
            f"{CONTAINER}.command", "is required: the embedded engine runs a command, it pulls no image"
        )
    if container.command and not container.command[0].strip():
        raise FieldError(f"{CONTAINER}.command[0]", "is empty")
    if engine != "embedded" and not container.image:
        raise FieldError(f"{CONTAINER}.image", "is required")
    named: set[str] = set()
    for number, port in enumerate(container.ports):
        if port.name and port.name in named:
            raise FieldError(f"{CONTAINER}.ports[{number}].name", f"{port.name!r} is taken by a port above")
        named.add(port.name)
    requests, limits = container.resources.requests, container.resources.limits
    for which, amounts in (("requests", requests), ("limits", limits)):
        for name, text in amounts.items():
            _amount(entry(f"{CONTAINER}.resources.{which}", name), name, text)
    for name in requests.keys() & limits.keys():
        if RESOURCES[name](requests[name]) > RESOURCES[name](limits[name]):
            path = entry(f"{CONTAINER}.resources.requests", name)
            raise FieldError(path, f"{requests[name]} is more than the limit of {limits[name]}")
    for field, probe in (
        ("readinessProbe", container.readiness_probe),
        ("livenessProbe", container.liveness_probe),
        ("startupProbe", container.startup_probe),
    ):
        _probe(f"{CONTAINER}.{field}", probe)


def _amount(path: str, name: str, text: Quantity) -> None:
    if name not in RESOURCES:
        raise FieldError(path, f"Fedge knows the resources {' and '.join(RESOURCES)} only")
    try:
        RESOURCES[name](text)
    except NotAQuantity as error:
        raise FieldError(path, str(error)) from None


def _probe(path: str, probe: Probe | None) -> None:
    if probe is None:
        return
    asked = [each for each in (probe.exec, probe.http_get, probe.tcp_socket, probe.grpc) if each is not None]
    if len(asked) != 1:
        raise FieldError(path, f"must have one of exec, httpGet, tcpSocket, grpc; it has {len(asked)}")


def _service(service: Service) -> None:
    if not service.spec.selector:
        raise FieldError("spec.selector", "must name at least one label: Fedge finds the application by it")
    for number, port in enumerate(service.spec.ports):
        path = f"spec.ports[{number}].protocol"
        if port.protocol not in ("UDP", "TCP"):
            raise FieldError(path, f"must be UDP or TCP, not {port.protocol}")
    if len(service.spec.ports) > 1:
        raise FieldError("spec.ports[1]", "Fedge serves one port an application")


# --- between objects
# ------------------------------------------------------------------------------------------------------


def together(
    key: ObjectKey,
    manifest: object,
    objects: Mapping[ObjectKey, object],
    before: Mapping[ObjectKey, object],
) -> None:
    """Rules between ``manifest`` and ``objects`` (all as they would be) or ``before`` (as they are). Raises
    ``FieldError``.
    """
    if isinstance(manifest, Deployment):
        earlier = before.get(key)
        if isinstance(earlier, Deployment) and earlier.spec.selector != manifest.spec.selector:
            raise FieldError("spec.selector", "cannot be changed: delete the Deployment first")
    elif isinstance(manifest, Service):
        _selects(key, manifest, objects)
    if isinstance(manifest, Service | QoSPolicy | Deployment):
        _sessions_speak_udp(key, objects)
    if isinstance(manifest, QoSPolicy):
        _targets(key, manifest, objects)


def _sessions_speak_udp(key: ObjectKey, objects: Mapping[ObjectKey, object]) -> None:
    """A Service over TCP and a state of sessions are two things about one Deployment that cannot both be."""
    here = {other: each for other, each in objects.items() if other.namespace == key.namespace}
    with_sessions = {
        each.spec.target_ref.name: other
        for other, each in here.items()
        if isinstance(each, QoSPolicy) and each.spec.state.schema
    }
    for other, each in here.items():
        if not isinstance(each, Service) or each.spec.ports[0].protocol != "TCP":
            continue
        for name in with_sessions:
            deployment = here.get(ObjectKey("Deployment", key.namespace, name))
            if not isinstance(deployment, Deployment):
                continue
            if each.spec.selector.items() <= deployment.spec.template.metadata.labels.items():
                if key not in (other, with_sessions[name], ObjectKey("Deployment", key.namespace, name)):
                    continue
                field = "spec.ports[0].protocol" if key == other else ""
                why = f"sessions of the SDK speak UDP: {with_sessions[name]} names a state schema, {other} has a TCP port"
                raise FieldError(field, why)


def _selects(key: ObjectKey, service: Service, objects: Mapping[ObjectKey, object]) -> None:
    selector = service.spec.selector
    selected = [
        each
        for other, each in objects.items()
        if isinstance(each, Deployment)
        and other.namespace == key.namespace
        and selector.items() <= each.spec.template.metadata.labels.items()
    ]
    if not selected:
        raise FieldError(
            "spec.selector", f"no Deployment in {key.namespace} has a template with these labels"
        )
    target = service.spec.ports[0].target_port
    if isinstance(target, str):
        names = {port.name for each in selected for port in each.container.ports if port.name}
        if target not in names:
            has = ", ".join(sorted(names)) or "none"
            raise FieldError(
                "spec.ports[0].targetPort", f"no container port is named {target!r}; named ports: {has}"
            )


def _targets(key: ObjectKey, policy: QoSPolicy, objects: Mapping[ObjectKey, object]) -> None:
    target = policy.spec.target_ref
    if ObjectKey(target.kind, key.namespace, target.name) not in objects:
        raise FieldError(
            "spec.targetRef.name", f"there is no {target.kind} {target.name!r} in {key.namespace}"
        )
    for other, each in objects.items():
        same = isinstance(each, QoSPolicy) and other.namespace == key.namespace and other != key
        if same and isinstance(each, QoSPolicy) and each.spec.target_ref == target:
            raise FieldError("spec.targetRef.name", f"{target.kind} {target.name!r} has {other} already")


# --- accepted, and not acted upon
# -----------------------------------------------------------------------------------------


def notices(raw: Raw, engine: str) -> Iterator[str]:
    """What is accepted without being acted upon, now or by the embedded engine: a sentence each."""
    profile = raw["spec"].get("quality", {}).get("profile") if raw["kind"] == "QoSPolicy" else None
    if profile is not None and profile not in {one.name for one in CATALOGUE}:
        yield f"spec.quality.profile {profile} waits for an operator that serves a QoS reference of this name"
    if engine != "embedded":
        return
    if raw["kind"] == "Deployment":
        pod: Any = raw["spec"]["template"]["spec"]
        for path, why in RECORDED.items():
            holder = pod["containers"][0] if path.startswith(CONTAINER) else pod
            if path.rsplit(".", 1)[1] in holder:
                yield f"{path} is recorded: {why}"
    if (
        raw["kind"] in ("PropagationPolicy", "ClusterPropagationPolicy")
        and "conflictResolution" in raw["spec"]
    ):
        yield "spec.conflictResolution is recorded: a site of the embedded engine runs nothing that could conflict"
    if raw["kind"] == "Service" and raw["spec"]["ports"][0].get("protocol") == "UDP":
        port = raw["spec"]["ports"][0]["port"]
        plain = ", ".join(map(str, PLAIN_PORTS))
        if port in PLAIN_PORTS:
            yield f"spec.ports[0].port {port} is for an application without a state schema; others have {EMBEDDED_PORT}"
        elif port != EMBEDDED_PORT:
            yield (
                f"spec.ports[0].port {port} is recorded: the embedded engine serves UDP port {EMBEDDED_PORT}, "
                f"and {plain} for applications without a state schema"
            )
