"""Ports at the sites' own addresses: each is one application's, for nothing but its port tells whose a connection is.

The SDK's sessions share one UDP port, since each datagram names its session. TCP ports, and UDP ports of applications without a
state schema, are not shared: a second application that asks for one is refused, and both are named. What is another tenant's is
taken without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fedge.api.manifest_checks import EMBEDDED_PORT
from fedge.core.applications import Application, ObjectKey, Raw, applications_of

Port = tuple[str, int]
"""(UDP or TCP, number)"""


def own_ports(application: Application) -> Iterator[Port]:
    """What the application would have for itself."""
    for protocol, port in application.ports:
        if protocol == "TCP" or not (application.schema or port == EMBEDDED_PORT):
            yield protocol, port


def ports_of(applications: Iterable[Application]) -> frozenset[Port]:
    return frozenset(port for each in applications for port in own_ports(each))


def clashes(
    objects: Mapping[ObjectKey, Raw], fresh: Iterable[ObjectKey], taken: frozenset[Port]
) -> Iterator[tuple[ObjectKey, str, str]]:
    """(object, field, message) of each port that two applications of ``objects`` ask for, or one that is ``taken`` by others.

    Named is what is ``fresh``: the Service if it is, else whatever made the difference.
    """
    new = list(fresh)
    holders: dict[Port, Application] = {}
    for application in applications_of(list(objects.values())).values():
        for port in own_ports(application):
            other = holders.setdefault(port, application)
            protocol, number = port
            if other is not application and (culprit := _fresh(new, application, other)) is not None:
                at, whose, wants = culprit
                said = f"{protocol} port {number} is {whose.app}'s already ({_named(whose)}): {wants.app} needs another"
                yield at, _field(at), said
            elif port in taken and (one := _fresh(new, application)) is not None:
                yield (
                    one[0],
                    _field(one[0]),
                    f"{protocol} port {number} is another tenant's already: choose another",
                )


def _fresh(
    new: list[ObjectKey], *applications: Application
) -> tuple[ObjectKey, Application, Application] | None:
    """A fresh object of one of them, the other application, and that one."""
    for kind in ("Service", "Deployment", "QoSPolicy"):
        for mine in applications:
            for key in new:
                about = mine.service if kind == "Service" else mine.name
                if (
                    key.kind == kind
                    and key.namespace == mine.namespace
                    and (key.name == about or kind == "QoSPolicy")
                ):
                    return key, next((each for each in applications if each is not mine), mine), mine
    return None


def _field(key: ObjectKey) -> str:
    return "spec.ports[0].port" if key.kind == "Service" else ""


def _named(application: Application) -> ObjectKey:
    return ObjectKey("Service", application.namespace, application.service)
