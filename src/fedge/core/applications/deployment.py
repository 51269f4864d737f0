"""A Kubernetes Deployment (apps/v1) as Fedge reads it: one container, its command, its limits.

Fields typed ``Any`` are recorded and handed to an engine that knows them; `api/manifests.py` says so where
the embedded engine does nothing with one. Everything else that Kubernetes has (volumes, init containers, …)
is refused by its path. Source: Kubernetes API reference, Deployment v1 apps and PodSpec v1 core.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from fedge.core.applications.objects import LabelSelector, Metadata, Part
from fedge.core.applications.quantity import Quantity

BASE_DIR = "fedge.dev/base-dir"
"""Annotation: the folder that a relative (or absent) ``workingDir`` starts from; ``fedge apply`` writes the
manifest's.
"""

PortNumber = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[int, Meta(ge=0)]


class EnvVar(Part, frozen=True, kw_only=True):
    name: Annotated[str, Meta(pattern="^[-._a-zA-Z][-._a-zA-Z0-9]*$")]
    value: str = ""


class ContainerPort(Part, frozen=True, kw_only=True):
    container_port: PortNumber
    name: str = ""
    protocol: Literal["UDP", "TCP", "SCTP"] = "TCP"


class Resources(Part, frozen=True, kw_only=True):
    """Amounts by resource name; Fedge knows ``cpu`` and ``memory``."""

    requests: dict[str, Quantity] = field(default_factory=dict)
    limits: dict[str, Quantity] = field(default_factory=dict)


class Probe(Part, frozen=True, kw_only=True):
    """A health check. Instances on the embedded engine are judged by what their SDK reports, whatever the
    probe asks.
    """

    exec: Any = None
    http_get: Any = None
    tcp_socket: Any = None
    grpc: Any = None
    initial_delay_seconds: Seconds = 0
    period_seconds: Annotated[int, Meta(ge=1)] = 10
    timeout_seconds: Annotated[int, Meta(ge=1)] = 1
    success_threshold: Annotated[int, Meta(ge=1)] = 1
    failure_threshold: Annotated[int, Meta(ge=1)] = 3
    termination_grace_period_seconds: Seconds | None = None


class Container(Part, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1)]
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[EnvVar, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    resources: Resources = Resources()
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    startup_probe: Probe | None = None
    image_pull_policy: Any = None
    security_context: Any = None
    termination_message_path: Any = None
    termination_message_policy: Any = None


class PodSpec(Part, frozen=True, kw_only=True):
    containers: Annotated[tuple[Container, ...], Meta(min_length=1)]
    restart_policy: Literal["Always"] = "Always"
    termination_grace_period_seconds: Seconds | None = None
    security_context: Any = None
    service_account_name: Any = None
    service_account: Any = None
    automount_service_account_token: Any = None
    image_pull_secrets: Any = None
    dns_policy: Any = None
    scheduler_name: Any = None
    enable_service_links: Any = None
    tolerations: Any = None


class TemplateMetadata(Part, frozen=True, kw_only=True):
    """A template's metadata needs no name: its Pods are given theirs."""

    name: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    creation_timestamp: Any = None


class PodTemplate(Part, frozen=True, kw_only=True):
    spec: PodSpec
    metadata: TemplateMetadata = TemplateMetadata()


class DeploymentSpec(Part, frozen=True, kw_only=True):
    selector: LabelSelector
    template: PodTemplate
    replicas: Annotated[int, Meta(ge=0, le=10_000)] = 1
    strategy: Any = None
    min_ready_seconds: Seconds = 0
    revision_history_limit: Any = None
    progress_deadline_seconds: Any = None


class Deployment(Part, frozen=True, kw_only=True):
    api_version: Literal["apps/v1"]
    kind: Literal["Deployment"]
    metadata: Metadata
    spec: DeploymentSpec
    status: Any = None

    @property
    def container(self) -> Container:
        return self.spec.template.spec.containers[0]
