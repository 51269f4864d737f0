"""Every Protocol between the core's shells and the outside world, on one page.

An adapter keeps a port's promise for one engine; ``tests/contracts`` holds adapters to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

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


class Notifier(Protocol):
    """Sends what subscribers are told, where they said; ``objection`` says why it would not, or nothing."""

    def objection(self, callback: str) -> str: ...
    def post(self, callback: str, body: bytes) -> bool: ...


Receive = Callable[[Message], None]
