"""A Kubernetes Service (v1): the name and the port, UDP or TCP, under which players reach an application.

Source: Kubernetes API reference, Service v1 core. A Service selects by the labels of a Deployment's template.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from fedge.core.applications.deployment import Container, PortNumber
from fedge.core.applications.objects import Metadata, Part


class ServicePort(Part, frozen=True, kw_only=True):
    port: PortNumber
    name: str = ""
    protocol: Literal["UDP", "TCP", "SCTP"] = "TCP"
    app_protocol: Any = None
    target_port: PortNumber | str | None = None
    node_port: Any = None

    def leads_to(self, container: Container) -> int:
        """The port that a container takes its traffic at. A name that it has no port of: 0."""
        if isinstance(self.target_port, str):
            named = (each.container_port for each in container.ports if each.name == self.target_port)
            return next(named, 0)
        return self.target_port or self.port


class ServiceSpec(Part, frozen=True, kw_only=True):
    selector: dict[str, str]
    ports: Annotated[tuple[ServicePort, ...], Meta(min_length=1)]
    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    cluster_ip: Any = field(default=None, name="clusterIP")
    cluster_ips: Any = field(default=None, name="clusterIPs")
    ip_families: Any = None
    ip_family_policy: Any = None
    internal_traffic_policy: Any = None
    session_affinity: Any = None


class Service(Part, frozen=True, kw_only=True):
    api_version: Literal["v1"]
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec
    status: Any = None
