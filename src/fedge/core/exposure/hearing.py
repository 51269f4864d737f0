"""What a notification of the operator means: for where everybody is, for a flow's quality, for the subscription itself."""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.exposure import advance, flows
from fedge.core.exposure.calls import (
    Api,
    CellChanges,
    Effect,
    Losses,
    Measurements,
    Places,
    Returns,
    Tell,
)
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.notices import (
    CellTold,
    Channelled,
    Expiring,
    FlowTold,
    Notice,
    PlacesTold,
    RadioTold,
    ReachTold,
    Strange,
)
from fedge.core.exposure.picture import Picture
from fedge.core.exposure.subscription import Subscription
from fedge.core.exposure.wants import Wants
from fedge.core.model import Nanoseconds


class Hearing:
    """``heard_at``: when anything was last told, 0: never."""

    def __init__(self, wants: Wants, desks: Mapping[Api, Desk], picture: Picture) -> None:
        self._wants, self._desks, self._picture = wants, desks, picture
        self.heard_at: Nanoseconds = 0

    def notified(self, notice: Notice, now: Nanoseconds, draw: float) -> list[Effect]:
        sub = self._wants.at(notice.token)
        if sub is None:
            self._picture.counts["unknown"] += 1
            return []
        self._wants.stir(sub.name)
        if isinstance(notice, Channelled):
            advance.channelled(sub, notice.up, self._desks[sub.api], now, draw)
            return []
        self.heard_at = sub.heard_at = now
        match notice:
            case PlacesTold(places=places) if isinstance(sub.asks, Places) or not places:
                tells = [Tell(each) for place in places for each in self._picture.placed(place, now)]
                return [*tells, *self._cancelled(sub, notice, now)]
            case ReachTold() if isinstance(sub.asks, Losses | Returns):
                return [*self._reached(notice, now), *self._cancelled(sub, notice, now)]
            case CellTold() if isinstance(sub.asks, CellChanges):
                return [Tell(each) for each in self._picture.handed_over(notice, now)]
            case RadioTold() if isinstance(sub.asks, Measurements):
                return [Tell(each) for each in self._picture.reported(notice, now)]
            case FlowTold(subscription=of) if sub.superseded(of):
                self._picture.counts["of an earlier subscription"] += 1
            case FlowTold() if sub.name in self._wants.flows:
                self._picture.counts["taken"] += 1
                flow = self._wants.flows[sub.name]
                return [
                    tell for event in notice.events if sub.wanted for tell in flows.notified(flow, sub, event)
                ]
            case Expiring():
                advance.expires(sub, notice.lasts_s, 0, now)
            case Strange(why=why):
                self._picture.counts[why] += 1
            case _:
                self._picture.counts["of another kind"] += 1
        return []

    def _reached(self, notice: ReachTold, now: Nanoseconds) -> list[Effect]:
        """Who has left the network has no session there any more, and so no quality: the word on that may have been lost."""
        tells: list[Effect] = []
        for one in notice.changes:
            tells += [Tell(each) for each in self._picture.reached(one, now)]
            if not (one.left and self._picture.holds(one)):
                continue
            for name, flow in self._wants.flows.items():
                over = flows.left(flow, self._wants.subs[name], one.ue)
                if over:
                    tells += over
                    self._wants.stir(name)
        return tells

    def _cancelled(self, sub: Subscription, notice: PlacesTold | ReachTold, now: Nanoseconds) -> list[Effect]:
        if not (notice.ended and sub.state == "HELD"):
            return []
        self._picture.counts["cancelled"] += 1
        return advance.lost(sub, now)
