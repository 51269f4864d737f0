"""Things of one kind by key: subscriptions, CAPIF's registry. What was put is on disk before the call returns.

The disk is the core network's store; what is read from it at the start is the whole truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

Thing = TypeVar("Thing", bound=Struct)


class Disk(Protocol):
    """``simulation.core5g.store``."""

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        """In the order in which they first came."""

    def put(self, kind: str, key: str, body: bytes) -> None: ...
    def drop(self, kind: str, key: str) -> None: ...


class Shelf(Generic[Thing]):
    """``kind``: its name on disk; ``type``: what is on it."""

    def __init__(self, disk: Disk, kind: str, type: type[Thing]) -> None:
        self._disk, self._kind = disk, kind
        self._held: dict[str, Thing] = {
            key: msgspec.json.decode(body, type=type) for key, body in disk.rows(kind)
        }

    def __iter__(self) -> Iterator[Thing]:
        return iter(list(self._held.values()))

    def get(self, key: str) -> Thing | None:
        return self._held.get(key)

    def put(self, key: str, thing: Thing) -> Thing:
        self._disk.put(self._kind, key, msgspec.json.encode(thing))
        self._held[key] = thing
        return thing

    def drop(self, key: str) -> None:
        self._disk.drop(self._kind, key)
        self._held.pop(key, None)
