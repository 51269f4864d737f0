"""What follows from a sighting, from a change of cell, and from silence: which reports are due. Pure; part of ``monitors``.

A place is reported when its UE comes into another cell; or every so often; or when it has moved so far: whichever is asked for.
A loss is reported once, and again only after the UE was seen in between. Reachability when a UE is seen that was not.
"""

from __future__ import annotations

from fedge.core.messages import CellChanged
from fedge.core.messages.user_plane import RadioMeasured, RanHello
from fedge.core.model import UeId
from fedge.simulation.core5g.nef.due import Due
from fedge.simulation.core5g.nef.monitoring.attributes import LOCATION, LOSS, REACHABILITY
from fedge.simulation.core5g.nef.monitoring.data_types import MonitoringEventReport
from fedge.simulation.core5g.nef.monitoring.delivery import Delivery
from fedge.simulation.core5g.nef.monitoring.reports import Reports
from fedge.simulation.core5g.nef.monitoring.sightings import News, Seen, Sightings
from fedge.simulation.core5g.nef.monitoring.watch import Watch, Watches
from fedge.simulation.core5g.words import Event

LOOK_S = 0.5
"""How often, at most, a subscription looks for UEs that have fallen silent."""


class Watching:
    def __init__(self, watches: Watches, delivery: Delivery, due: Due, reports: Reports) -> None:
        self._watches, self._delivery, self._due, self._reports = watches, delivery, due, reports
        self._sightings = Sightings()
        self._attached: frozenset[UeId] | None = None
        self._eager: set[str] = set()
        """Those that look at every sighting: a report is owed, or distances are measured."""

    # --- beginning ----------------------------------------------------------------------------------------------------------

    def begin(self, watch: Watch, now_s: float) -> None:
        """Time is watched from now on, and what a first report has to be compared with is what is known now."""
        watched = watch.watched
        for ue in watched.ues:
            seen = self._sightings.get(ue)
            if seen is not None:
                watch.last[ue] = (seen.was.x_m, seen.was.y_m)
        if watched.kind == LOCATION and watched.every_s and not watch.once:
            self._due.put(f"tick/{watch.id}", now_s + watched.every_s)
        elif watched.kind == LOSS:
            self._due.put(f"tick/{watch.id}", now_s + LOOK_S)
        if watched.until_s:
            self._due.put(f"end/{watch.id}", watched.until_s)
        if watch.owed or watched.distance_m:
            self._eager.add(watch.id)

    def forget(self, watch: Watch) -> None:
        self._eager.discard(watch.id)

    def at_once(
        self, watch: Watch, ues: set[UeId] | frozenset[UeId], now_s: float
    ) -> dict[UeId, MonitoringEventReport]:
        """The reports of these UEs that can be made now."""
        found = {}
        for ue in sorted(ues):
            report = self._report(watch, ue, now_s)
            if report is not None:
                found[ue] = report
        return found

    # --- events -------------------------------------------------------------------------------------------------------------

    def handle(self, event: Event, now_s: float) -> None:
        match event:
            case RadioMeasured():
                self._heard(self._sightings.measured(event, now_s), now_s)
            case CellChanged():
                self._heard(self._sightings.cell_changed(event), now_s)
            case RanHello(subscribers=subscribers):
                self._attached = frozenset(one.ue for one in subscribers)

    def _heard(self, news: News, now_s: float) -> None:
        for watch, ues in self._watches.about(news.back):
            if watch.watched.kind == LOSS:
                watch.lost -= ues
            elif watch.watched.kind == REACHABILITY:
                self._tell(watch, ues, now_s)
        for watch, ues in self._watches.about(news.elsewhere):
            watched = watch.watched
            if watched.kind == LOCATION and not watched.every_s and not watched.distance_m:
                self._tell(watch, ues, now_s)
        for id in sorted(self._eager) if news.seen else ():
            eager = self._watches.get(id)
            if eager is None:
                self._eager.discard(id)
                continue
            ues = frozenset(eager.owed & news.seen)
            if eager.watched.distance_m:
                ues |= {ue for ue in eager.watched.ues & news.seen if self._moved(eager, ue)}
            self._tell(eager, ues, now_s)
            if not eager.owed and not eager.watched.distance_m:
                self._eager.discard(id)

    def tick(self, watch: Watch, now_s: float) -> None:
        """``tick/ID`` is due."""
        if watch.watched.kind == LOSS:
            self._look_for_silence(watch, now_s)
            return
        self._due.put(f"tick/{watch.id}", _next(watch, now_s))
        self._tell(watch, watch.watched.ues, now_s)

    def late(self, watch: Watch, now_s: float) -> None:
        """``late/ID`` is due: what was not to be told so soon."""
        ues, watch.late = frozenset(watch.late), set()
        self._tell(watch, ues, now_s)

    # --- parts --------------------------------------------------------------------------------------------------------------

    def _look_for_silence(self, watch: Watch, now_s: float) -> None:
        silence_s, lost = watch.watched.silence_s, set[UeId]()
        next_s = now_s + silence_s
        for ue in watch.watched.ues - watch.lost:
            seen = self._sightings.get(ue)
            since_s = max(seen.at_s, watch.since_s) if seen is not None else watch.since_s
            if since_s + silence_s <= now_s:
                lost.add(ue)
            else:
                next_s = min(next_s, since_s + silence_s)
        self._due.put(f"tick/{watch.id}", max(next_s, now_s + LOOK_S))
        watch.lost |= lost
        says, attached = watch.monitor.says, self._attached
        reports = {
            ue: self._reports.lost(says, ue, now_s, detached=attached is not None and ue not in attached)
            for ue in self._delivery.wanted(watch, lost, now_s)
        }
        self._delivery.send(watch, reports, now_s)

    def _tell(self, watch: Watch, ues: frozenset[UeId], now_s: float) -> None:
        if ues:
            wanted = frozenset(self._delivery.wanted(watch, ues, now_s))
            self._delivery.send(watch, self.at_once(watch, wanted, now_s), now_s)

    def _report(self, watch: Watch, ue: UeId, now_s: float) -> MonitoringEventReport | None:
        """Of a UE's place or reachability now; None: it was not seen, or too long ago."""
        seen, watched = self._sightings.get(ue), watch.watched
        if seen is None or not self._good(watch, seen, now_s):
            return None
        if watched.kind == REACHABILITY:
            return self._reports.reachable(watch.monitor.says, ue, seen.at_s)
        watch.last[ue] = (seen.was.x_m, seen.was.y_m)
        return self._reports.place(watch.monitor.says, ue, seen, now_s)

    @staticmethod
    def _good(watch: Watch, seen: Seen, now_s: float) -> bool:
        watched = watch.watched
        if seen.fresh(now_s):
            return True
        young = not watched.max_age_s or now_s - seen.at_s <= watched.max_age_s
        return watched.kind == LOCATION and watched.stale_too and young

    def _moved(self, watch: Watch, ue: UeId) -> bool:
        seen, last = self._sightings.get(ue), watch.last.get(ue)
        if seen is None:
            return False
        if last is None:
            watch.last[ue] = (seen.was.x_m, seen.was.y_m)
            return False
        away = (seen.was.x_m - last[0]) ** 2 + (seen.was.y_m - last[1]) ** 2
        return away >= watch.watched.distance_m**2


def _next(watch: Watch, now_s: float) -> float:
    """The next whole period since the watching began."""
    every_s = watch.watched.every_s
    return watch.since_s + ((now_s - watch.since_s) // every_s + 1) * every_s
