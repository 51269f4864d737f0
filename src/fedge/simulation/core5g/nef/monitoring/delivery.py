"""How reports leave: counted, no faster than is allowed, a group's collected for a while; in one notification each time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET
from msgspec.structs import replace

from fedge.core.model import UeId
from fedge.simulation.core5g.nef.due import Due
from fedge.simulation.core5g.nef.effects import Forget, Keep, NefEffect, Post
from fedge.simulation.core5g.nef.monitoring.data_types import MonitoringEventReport, MonitoringNotification
from fedge.simulation.core5g.nef.monitoring.watch import Watch, Watches

MOST_COLLECTED = 20_000


class Delivery:
    """``due``: when what was collected leaves (``send/ID``), and when a report that came too early may (``late/ID``)."""

    def __init__(self, watches: Watches, due: Due) -> None:
        self.out: list[NefEffect] = []
        self._watches, self._due = watches, due

    def wanted(self, watch: Watch, ues: frozenset[UeId] | set[UeId], now_s: float) -> list[UeId]:
        """Of these, whose report may leave now. Whose interval is not over is remembered, and falls due."""
        found = []
        interval_s = watch.watched.interval_s
        for ue in sorted(ues):
            if not watch.open(ue):
                continue
            told_s = watch.told_s.get(ue)
            if interval_s and told_s is not None and told_s + interval_s > now_s:
                watch.late.add(ue)
                self._due.put(f"late/{watch.id}", min(watch.told_s[one] for one in watch.late) + interval_s)
            else:
                found.append(ue)
        return found

    def count(self, watch: Watch, ues: Iterable[UeId], now_s: float) -> None:
        """These were told."""
        ues = list(ues)
        for ue in ues:
            watch.told_s[ue] = now_s
            watch.owed.discard(ue)
            watch.late.discard(ue)
        if watch.watched.most:
            told = dict(watch.monitor.told)
            for ue in ues:
                told[ue] = told.get(ue, 0) + 1
            watch.monitor = replace(watch.monitor, told=told)
            self.out.append(Keep(watch.monitor))

    def send(self, watch: Watch, reports: Mapping[UeId, MonitoringEventReport], now_s: float) -> None:
        """The reports leave now, or when the group's guard time is over. Ends what has reported all that was asked for."""
        if not reports:
            return
        self.count(watch, reports, now_s)
        if not watch.watched.guard_s or watch.done:
            self._post(watch, [*watch.collected, *reports.values()])
        else:
            if not watch.collected:
                self._due.put(f"send/{watch.id}", now_s + watch.watched.guard_s)
            watch.collected += reports.values()
            if len(watch.collected) >= MOST_COLLECTED:
                self.flush(watch)
        if watch.done:
            self.end(watch)

    def flush(self, watch: Watch) -> None:
        if watch.collected:
            self._post(watch, watch.collected)

    def end(self, watch: Watch, cancelled: bool = False) -> None:
        """``cancelled``: by the network, which says so."""
        self.flush(watch)
        if cancelled:
            said = MonitoringNotification(watch.monitor.uri, cancel_ind=True)
            self.out.append(Post(watch.id, watch.monitor.says.notification_destination, said))
        self._watches.remove(watch.id)
        for name in ("send", "late", "tick", "end"):
            self._due.drop(f"{name}/{watch.id}")
        self.out.append(Forget(watch.id))

    def _post(self, watch: Watch, reports: list[MonitoringEventReport]) -> None:
        watch.collected = []
        self._due.drop(f"send/{watch.id}")
        said = MonitoringNotification(watch.monitor.uri, reports or UNSET)
        self.out.append(Post(watch.id, watch.monitor.says.notification_destination, said))
