"""One subscription while it is watched: what is kept of it, and what is only remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from fedge.core.model import UeId
from fedge.simulation.core5g.nef.monitoring.checks import Watched
from fedge.simulation.core5g.nef.monitoring.data_types import (
    MonitoringEventReport,
    MonitoringEventSubscription,
)


class Monitor(Struct, frozen=True):
    """One resource, as it is kept. ``told``: how many reports of each UE there were, where they are counted."""

    id: str
    af: str
    says: MonitoringEventSubscription
    told: dict[UeId, int] = {}

    @property
    def uri(self) -> str:
        assert isinstance(self.says.self_, str)
        return self.says.self_


class Watch:
    """``since_s``: when the watching began, Unix seconds. ``owed``: whose report is due as soon as they are seen.

    ``lost``: whose loss was reported; ``late``: whose report waits for its interval; ``last``: where each was reported last, and
    when; ``collected``: reports that wait for the group's guard time.
    """

    def __init__(self, monitor: Monitor, watched: Watched, since_s: float) -> None:
        self.monitor, self.watched, self.since_s = monitor, watched, since_s
        self.owed: set[UeId] = set()
        self.lost: set[UeId] = set()
        self.late: set[UeId] = set()
        self.last: dict[UeId, tuple[float, float]] = {}
        self.told_s: dict[UeId, float] = {}
        self.collected: list[MonitoringEventReport] = []

    @property
    def id(self) -> str:
        return self.monitor.id

    @property
    def once(self) -> bool:
        return self.watched.most == 1

    def open(self, ue: UeId) -> bool:
        """Is another report of this UE wanted?"""
        return not self.watched.most or self.monitor.told.get(ue, 0) < self.watched.most

    @property
    def done(self) -> bool:
        return bool(self.watched.most) and not any(self.open(ue) for ue in self.watched.ues)


class Watches:
    """All of them, found by id and by whom they are about."""

    def __init__(self) -> None:
        self._all: dict[str, Watch] = {}
        self._of: dict[UeId, set[str]] = {}
        self._groups: set[str] = set()

    def __iter__(self) -> Iterator[Watch]:
        return iter(list(self._all.values()))

    def get(self, id: str) -> Watch | None:
        return self._all.get(id)

    def put(self, watch: Watch) -> None:
        self.remove(watch.id)
        self._all[watch.id] = watch
        if watch.watched.group:
            self._groups.add(watch.id)
        else:
            for ue in watch.watched.ues:
                self._of.setdefault(ue, set()).add(watch.id)

    def remove(self, id: str) -> None:
        watch = self._all.pop(id, None)
        self._groups.discard(id)
        for ue in watch.watched.ues if watch is not None and not watch.watched.group else ():
            self._of[ue].discard(id)

    def about(self, ues: frozenset[UeId]) -> Iterable[tuple[Watch, frozenset[UeId]]]:
        """Those that any of these UEs concerns, with the UEs that do."""
        if not ues:
            return []
        ids = set().union(*(self._of.get(ue, set()) for ue in ues)) | self._groups
        found = [(self._all[id], self._all[id].watched.ues & ues) for id in sorted(ids)]
        return [(watch, concerned) for watch, concerned in found if concerned]


def plain(says: MonitoringEventSubscription) -> dict[str, Any]:
    """As JSON has it, without what the NEF writes."""
    found: dict[str, Any] = msgspec.to_builtins(replace(says, self_=UNSET))
    return found
