"""What an application needs, put together from its manifests: what placement, discovery and mobility read.

`applications_of` is pure and total over accepted objects (`api/manifests.py` refuses the others before they
are stored): the control plane calls it after every change and on replay, and gets the same applications.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from posixpath import join, normpath

import msgspec
from msgspec import Struct

from fedge.core.applications.deployment import BASE_DIR, Container, Deployment
from fedge.core.applications.objects import Raw
from fedge.core.applications.qos import Border, Latency, Mobility, QoSPolicy, QualityWish, Standby, State
from fedge.core.applications.quantity import cpu_millis, memory_bytes
from fedge.core.applications.service import Service
from fedge.core.messages import RunInstances, TrafficRule
from fedge.core.model import AppId


class Template(Struct, frozen=True):
    """How one instance is run. ``cpu_millis`` and ``memory_bytes`` are requests; a limit of 0 is no limit."""

    command: tuple[str, ...] = ()
    env: dict[str, str] = {}
    working_dir: str = ""
    image: str = ""
    labels: dict[str, str] = {}
    cpu_millis: int = 0
    memory_bytes: int = 0
    memory_limit_bytes: int = 0


class Application(Struct, frozen=True):
    """One Deployment with the Service and the QoSPolicy that are about it."""

    app: AppId
    namespace: str
    name: str
    replicas: int
    template: Template
    labels: dict[str, str] = {}
    service: str = ""
    service_port: int = 0
    ports: tuple[tuple[str, int], ...] = ()
    """The Service's ports: (UDP or TCP, number), in its order; the first is ``service_port``."""
    target_port: int = 0
    """Where the first of them leads: a port of the container. 0: there is no Service."""
    latency: Latency | None = None
    border: Border | None = None
    standby: Standby | None = None
    state: State = State()
    mobility: Mobility = Mobility()
    quality: QualityWish | None = None
    rules: tuple[TrafficRule, ...] = ()
    """Which traffic goes to it (`traffic_rules.py`): known once its stable address is."""

    @property
    def schema(self) -> str:
        return self.state.schema

    @property
    def protocol(self) -> str:
        """UDP or TCP, of the port that clients are told. The SDK's sessions speak UDP."""
        return self.ports[0][0] if self.ports else "UDP"

    @property
    def revision(self) -> int:
        """A number that changes with template and state layout only: a hash, so that replay finds the same."""
        text = msgspec.json.encode((self.template, self.state), order="deterministic")
        return int.from_bytes(blake2b(text, digest_size=4).digest(), "big")

    def run_instances(self, replicas: int) -> RunInstances:
        """The order to a site's agent; the folder to start in travels as ``PWD``, as POSIX names it."""
        template = self.template
        return RunInstances(
            app=self.app,
            replicas=replicas,
            schema=self.state.schema,
            command=template.command,
            env={**template.env, "PWD": template.working_dir} if template.working_dir else template.env,
            capacity=self.state.max_sessions_per_instance,
            state_bytes=self.state.bytes,
            memory_limit_bytes=template.memory_limit_bytes,
            image=template.image,
            revision=self.revision,
            rules=self.rules,
        )


def app_id(namespace: str, name: str) -> AppId:
    """``arena`` in the namespace ``default``, ``studio:arena`` in any other."""
    return AppId(name if namespace == "default" else f"{namespace}:{name}")


def namespace_of_app(app: str) -> str:
    """The namespace that an application's id names, whether it exists or not."""
    namespace, colon, _ = app.partition(":")
    return namespace if colon else "default"


_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def expanded(text: str, env: Mapping[str, str]) -> str:
    """``$(NAME)`` replaced as Kubernetes does in ``command`` and ``args``; ``$$`` is ``$``, unknown names
    stay.
    """
    return _REFERENCE.sub(lambda found: "$" if found[0] == "$$" else env.get(found[1], found[0]), text)


def template_of(deployment: Deployment) -> Template:
    """The one container of a Deployment. Requests default to limits, as in Kubernetes."""
    container: Container = deployment.container
    env = {variable.name: variable.value for variable in container.env}
    limits = container.resources.limits
    requests = {**limits, **container.resources.requests}
    base = deployment.metadata.annotations.get(BASE_DIR, "")
    folder = join(base, container.working_dir) if base else container.working_dir
    return Template(
        command=tuple(expanded(word, env) for word in (*container.command, *container.args)),
        env=env,
        working_dir=normpath(folder) if folder else "",
        image=container.image,
        labels=deployment.spec.template.metadata.labels,
        cpu_millis=cpu_millis(requests.get("cpu", 0)),
        memory_bytes=memory_bytes(requests.get("memory", 0)),
        memory_limit_bytes=memory_bytes(limits.get("memory", 0)),
    )


def applications_of(objects: Mapping[object, Raw] | Iterable[Raw]) -> dict[AppId, Application]:
    """Every application that the accepted objects describe, by id, in the order of their names."""
    raws = list(objects.values() if isinstance(objects, Mapping) else objects)
    deployments = [msgspec.convert(raw, Deployment) for raw in raws if raw["kind"] == "Deployment"]
    services = [msgspec.convert(raw, Service) for raw in raws if raw["kind"] == "Service"]
    policies = [msgspec.convert(raw, QoSPolicy) for raw in raws if raw["kind"] == "QoSPolicy"]
    built = [_application(deployment, services, policies) for deployment in deployments]
    return {application.app: application for application in sorted(built, key=lambda each: each.app)}


def _application(deployment: Deployment, services: list[Service], policies: list[QoSPolicy]) -> Application:
    name, namespace = deployment.metadata.name, deployment.metadata.namespace
    template = template_of(deployment)
    service = next(
        (
            each
            for each in sorted(services, key=lambda each: each.metadata.name)
            if each.metadata.namespace == namespace and each.spec.selector.items() <= template.labels.items()
        ),
        None,
    )
    policy = next(
        (p for p in policies if p.metadata.namespace == namespace and p.spec.target_ref.name == name), None
    )
    return Application(
        app=app_id(namespace, name),
        namespace=namespace,
        name=name,
        replicas=deployment.spec.replicas,
        template=template,
        labels=deployment.metadata.labels,
        service=service.metadata.name if service else "",
        service_port=service.spec.ports[0].port if service else 0,
        ports=tuple((each.protocol, each.port) for each in service.spec.ports) if service else (),
        target_port=service.spec.ports[0].leads_to(deployment.container) if service else 0,
        latency=policy.spec.latency if policy else None,
        border=policy.spec.border if policy else None,
        standby=policy.spec.standby if policy else None,
        state=policy.spec.state if policy else State(),
        mobility=policy.spec.mobility if policy else Mobility(),
        quality=policy.spec.quality if policy else None,
    )
