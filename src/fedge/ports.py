"""Every Protocol between the core's shells and the outside world, on one page.

An adapter keeps a port's promise for one engine; ``tests/contracts`` holds adapters to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from fedge.core.messages import Message
from fedge.core.model import SiteId


class Journal(Protocol):
    """Decided events, durable before their effects. ``append`` returns once they are."""

    since_snapshot: int

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None: ...
    def snapshot(self, state: bytes) -> None: ...
    def read(self) -> tuple[bytes | None, Sequence[tuple[int, bytes]]]: ...


class Sites(Protocol):
    """The agents that are connected. A message to one that is not is lost, and will be said again."""

    def send(self, site: SiteId, message: Message) -> bool: ...


class AccessNetwork(Protocol):
    """The user plane and what it reports; simulated today, a 5G core's exposure functions later."""

    def send(self, message: Message) -> bool: ...


class Operator(Protocol):
    """The operator's exposure functions: quality of service and location (``messages.exposure``).

    What it answers, and what it hears of UEs and cells, comes back as events. False: there is no such operator.
    """

    def send(self, message: Message) -> bool: ...


Endpoint = tuple[str, int]
"""(IPv4 address, port)"""


class PlainFlow(NamedTuple):
    """A UE's socket, the stable address that it sends to, and the instance that shall have it."""

    ue: Endpoint
    service: Endpoint
    instance: Endpoint


class Forwarding(Protocol):
    """A gateway's way to carry UDP of applications without the SDK's sessions: in user space, or by the kernel's nftables.

    ``serve``: these stable addresses are carried, no others. ``lead``: from now on each UE's datagrams go to its instance, and
    only that instance's answers reach it, as from the stable address; a flow that was led elsewhere moves, established or not.
    It answers (UE, service) of the flows, of these and of earlier ones, that had to be let go.
    ``unknown``: (UE, service) that were heard and have no flow. ``carried``: of each flow a number that changes when it carries.
    ``open_door``: one more address, at ``host``, that may be served: other sites' gateways lead UEs there.
    """

    name: str

    def serve(self, services: Iterable[Endpoint]) -> None: ...
    def lead(self, flows: Iterable[PlainFlow]) -> list[tuple[Endpoint, Endpoint]]: ...
    def forget(self, ue: Endpoint, service: Endpoint) -> None: ...
    def unknown(self) -> list[tuple[Endpoint, Endpoint]]: ...
    def carried(self) -> dict[tuple[Endpoint, Endpoint], int]: ...
    def open_door(self, host: str) -> Endpoint: ...
    def close_door(self, door: Endpoint) -> None: ...
    def close(self) -> None: ...


class Notifier(Protocol):
    """Sends what subscribers are told, where they said; ``objection`` says why it would not, or nothing.

    ``client``: whose room it takes, a tenant's or the operator's (empty), so that none can fill another's.
    ``headers``: what the body is, and what lets it in; without them it is JSON. ``ended`` hears once whether it was taken, or
    given up; not of what `post` answers with False, nor of what was under way when the program ended. ``patient``: it is worth
    waiting for whoever is away for a minute.
    """

    def objection(self, callback: str) -> str: ...
    def post(
        self,
        client: str,
        callback: str,
        body: bytes,
        headers: Mapping[str, str] = ...,
        ended: Callable[[bool], None] = ...,
        patient: bool = ...,
    ) -> bool: ...


Receive = Callable[[Message], None]
