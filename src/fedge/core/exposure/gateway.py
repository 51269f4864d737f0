"""The access API gateway: all that Fedge wants of the operator, and what it hears of it. ``handle(event, now, draw) -> effects``.

Wanted always: everybody's place, who is lost and who is back, every handover, the measurement reports of NR and LTE. At times: a
quality for a flow, one place at once. Whatever is wanted ends subscribed, or is told as unavailable (``OperatorOffers``,
``QualityRefused``, ``LocationTold``). ``draw``, 0 to 1, is the share of a wait after a failure (full jitter).
"""

from __future__ import annotations

from collections import Counter
from functools import partial

from msgspec import Struct

from fedge.core.exposure import advance, flows
from fedge.core.exposure.calls import (
    APIS,
    Answer,
    Api,
    CellChanges,
    Effect,
    List,
    Losses,
    Measurements,
    Places,
    Returns,
    Tell,
)
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.flows import Flow
from fedge.core.exposure.listing import hold_against
from fedge.core.exposure.locating import Locating, unknown
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
from fedge.core.exposure.offers import offers, why_not
from fedge.core.exposure.picture import Picture
from fedge.core.exposure.subscription import Subscription
from fedge.core.exposure.topology import Topology
from fedge.core.exposure.wants import Wants
from fedge.core.messages import (
    AskLocation,
    Message,
    OperatorOffers,
    QualityTold,
    ReleaseQuality,
    RequestQuality,
)
from fedge.core.model import SECOND, Nanoseconds
from fedge.core.patience import Circuit

SIGHTED_EVERY = SECOND // 10
FLOW = "quality/"
LOST_AFTER_S = 5
"""So long a UE is silent before the network tells that it has lost it (``maximumDetectionTime``)."""


class Found(Struct, frozen=True):
    """An API is there: the account names it, or CAPIF has it."""

    api: Api


class Missing(Struct, frozen=True):
    """It is not, or cannot be used: ``why``. ``settled``: and that will not be another in a moment."""

    api: Api
    why: str
    settled: bool = True


class ExposureSettings(Struct, frozen=True):
    """``secret``: notification addresses are derived from it, so that a restarted gateway finds its subscriptions again.

    ``group``: of all subscribers, empty: nobody's place is followed; ``period_s``: between two places of one UE. ``references``:
    qualities that were agreed with the operator; none: it decides itself which it knows.
    """

    secret: bytes
    group: str
    period_s: int = 1
    references: tuple[str, ...] = ()


class Exposure:
    """``counts``: what became of notifications."""

    def __init__(self, settings: ExposureSettings, topology: Topology) -> None:
        self.settings = settings
        self.picture = Picture(topology)
        self._locating = Locating(self.picture)
        self.desks: dict[Api, Desk] = {api: Desk(api) for api in APIS}
        self.desks["quality"].complete = False
        self._wants = Wants(settings.secret)
        self.subs, self.flows = self._wants.subs, self._wants.flows
        self.heard_at: Nanoseconds = 0
        self._calls: dict[int, str] = {}
        self._last = 0
        self._sighted_at: Nanoseconds = 0
        self._offered: OperatorOffers | None = None
        if settings.group:
            self._wants.stand("places", "location", Places(settings.group, settings.period_s))
            self._wants.stand("losses", "location", Losses(settings.group, LOST_AFTER_S))
            self._wants.stand("returns", "location", Returns(settings.group))
        self._wants.stand("cells", "radio", CellChanges())
        self._wants.stand("nr", "radio", Measurements("nr"))
        self._wants.stand("lte", "radio", Measurements("lte"))

    @property
    def counts(self) -> Counter[str]:
        return self.picture.counts

    def knows(self, token: str) -> bool:
        """Is it the token of something that is wanted?"""
        return self._wants.at(token) is not None

    def api_of(self, token: str) -> Api | None:
        """Whose notifications come with this token."""
        sub = self._wants.at(token)
        return sub.api if sub is not None else None

    def token(self, name: str) -> str:
        """The unguessable part of the address at which this subscription's notifications are taken."""
        return self._wants.token(name)

    # --- events ------------------------------------------------------------------------------------------------------------

    def handle(
        self, event: Message | Notice | Answer | Found | Missing, now: Nanoseconds, draw: float
    ) -> list[Effect]:
        if isinstance(event, PlacesTold | CellTold | RadioTold):
            return self._notified(
                event, now, draw
            )  # thousands a second: nothing is said to the operator about them
        before = self._ways()
        effects = self._handle(event, now, draw)
        self._stir(before)
        return [*effects, *self._advance(now), *self._offers(now)]

    def _ways(self) -> dict[Api, tuple[bool, bool, bool]]:
        """What of an API bears upon all that is wanted of it."""
        return {api: (desk.open, desk.there, desk.settled) for api, desk in self.desks.items()}

    def _stir(self, before: dict[Api, tuple[bool, bool, bool]]) -> None:
        """What is wanted of an API that can be used now, or cannot be any more."""
        for api, now in self._ways().items():
            if now != before[api]:
                self._wants.stir(*self._wants.of(api))

    def _handle(
        self, event: Message | Notice | Answer | Found | Missing, now: Nanoseconds, draw: float
    ) -> list[Effect]:
        match event:
            case Found():
                self.desks[event.api].found()
            case Missing():
                self.desks[event.api].missing(event.why, event.settled)
            case Answer():
                return self._answered(event, now, draw)
            case RequestQuality():
                return [*self._request(event, now)]
            case ReleaseQuality():
                self._release(event)
            case QualityTold():
                self.desks["quality"].complete = self.desks["quality"].stale = True
            case AskLocation():
                return self._locate(event, now)
            case Message():
                pass
            case _:
                return self._notified(event, now, draw)
        return []

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """Several times a second: what is due to be said again, listed, renewed, sighted."""
        effects: list[Effect] = []
        for desk in self.desks.values():
            if desk.overdue(now):
                self._calls.pop(desk.listing, None)
                desk.listing, desk.stale = 0, True
            if desk.to_list(now):
                desk.listing, desk.listing_since = self._number(""), now
                effects.append(List(desk.listing, desk.api))
        effects += self._advance(now)
        if now - self._sighted_at >= SIGHTED_EVERY:
            self._sighted_at = now
            effects += [Tell(each) for each in self.picture.sightings()]
        return [*effects, *self._offers(now)]

    def _advance(self, now: Nanoseconds) -> list[Effect]:
        effects: list[Effect] = []
        for sub in self._wants.to_look_at(now):
            flow, desk = self.flows.get(sub.name), self.desks[sub.api]
            if flow is not None:
                effects += flows.due(flow, sub, desk, now)
            calls = advance.advance(sub, desk, now, partial(self._number, sub.name))
            if flow is not None:
                flows.said(flow, calls)
            effects += calls
            self._wants.looked(sub, now)
        return effects

    def _number(self, name: str) -> int:
        self._last += 1
        self._calls[self._last] = name
        return self._last

    # --- what the control plane asks ---------------------------------------------------------------------------------------

    def _request(self, event: RequestQuality, now: Nanoseconds) -> list[Tell]:
        name = FLOW + event.flow
        self._wants.stir(name)
        sub, flow = self.subs.get(name), self.flows.get(name)
        agreed = self.settings.references
        if agreed and event.reference not in agreed:
            why = f"the operator has not agreed {event.reference}"
            refused = flow if flow is not None else Flow(event.flow, now)
            return flows.ended(
                refused, sub or Subscription(name, "quality", "", flows.asks_of(event)), why, True
            )
        if sub is None or flow is None:
            self._wants.add(name, "quality", flows.asks_of(event), now + event.seconds * SECOND)
            self.flows[name] = flows.first(event, now)
            return []
        return flows.asked(flow, sub, event, now)

    def _release(self, event: ReleaseQuality) -> None:
        sub = self.subs.get(FLOW + event.flow)
        if sub is not None:
            sub.wanted = False
            self._wants.stir(sub.name)

    def _locate(self, event: AskLocation, now: Nanoseconds) -> list[Effect]:
        known = self._locating.known(event, now)
        if known is not None:
            return [Tell(known)]
        why = self.desks["location"].unavailable()
        return [Tell(unknown(event, why))] if why else [self._locating.ask(event, self._number(""))]

    # --- answers -----------------------------------------------------------------------------------------------------------

    def _answered(self, answer: Answer, now: Nanoseconds, draw: float) -> list[Effect]:
        name = self._calls.pop(answer.number, None)
        if name is None:
            return []
        listed = next((desk for desk in self.desks.values() if desk.listing == answer.number), None)
        if listed is not None:
            return self._listed(listed, answer, now, draw)
        if answer.number in self._locating:
            self._heard(self.desks["location"], answer, now, draw)
            return self._locating.answered(answer, now)
        sub = self.subs.get(name)
        if sub is None or sub.call != answer.number:
            return []
        desk = self.desks[sub.api]
        self._heard(desk, answer, now, draw)
        self._wants.stir(name)
        before = sub.state
        effects = advance.answered(sub, answer, desk, now, draw)
        flow = self.flows.get(sub.name)
        if flow is not None and sub.state == "ABSENT" and before == "CHANGING":
            flows.lost(flow, now)
        return effects

    def _heard(self, desk: Desk, answer: Answer, now: Nanoseconds, draw: float) -> None:
        desk.circuit = desk.circuit.failed(now, draw) if answer.doubtful else Circuit()

    def _listed(self, desk: Desk, answer: Answer, now: Nanoseconds, draw: float) -> list[Effect]:
        desk.listing = 0
        if not answer.done:
            desk.stale = True
            desk.circuit = desk.circuit.failed(now, draw)
            return []
        desk.circuit, desk.stale, desk.listed_at = Circuit(), False, now
        mine = self._wants.of(desk.api)
        self._wants.stir(*mine)
        effects, gone = hold_against(desk, answer.held, mine, lambda: self._number(""), now)
        for sub in gone:
            if sub.name in self.flows:
                flows.lost(self.flows[sub.name], now)
        return effects

    # --- notifications -----------------------------------------------------------------------------------------------------

    def _notified(self, notice: Notice, now: Nanoseconds, draw: float) -> list[Effect]:
        sub = self._wants.at(notice.token)
        if sub is None:
            self.counts["unknown"] += 1
            return []
        self._wants.stir(sub.name)
        if isinstance(notice, Channelled):
            advance.channelled(sub, notice.up, self.desks[sub.api], now, draw)
            return []
        self.heard_at = sub.heard_at = now
        match notice:
            case PlacesTold(places=places) if isinstance(sub.asks, Places) or not places:
                tells = [Tell(each) for place in places for each in self.picture.placed(place, now)]
                return [*tells, *self._cancelled(sub, notice, now)]
            case ReachTold() if isinstance(sub.asks, Losses | Returns):
                return [*self._reached(notice, now), *self._cancelled(sub, notice, now)]
            case CellTold() if isinstance(sub.asks, CellChanges):
                return [Tell(each) for each in self.picture.handed_over(notice, now)]
            case RadioTold() if isinstance(sub.asks, Measurements):
                return [Tell(each) for each in self.picture.reported(notice, now)]
            case FlowTold(subscription=of) if sub.superseded(of):
                self.counts["of an earlier subscription"] += 1
            case FlowTold() if sub.name in self.flows:
                self.counts["taken"] += 1
                flow = self.flows[sub.name]
                return [
                    tell for event in notice.events if sub.wanted for tell in flows.notified(flow, sub, event)
                ]
            case Expiring():
                advance.expires(sub, notice.lasts_s, 0, now)
            case Strange(why=why):
                self.counts[why] += 1
            case _:
                self.counts["of another kind"] += 1
        return []

    def _reached(self, notice: ReachTold, now: Nanoseconds) -> list[Effect]:
        """Who has left the network has no session there any more, and so no quality: the word on that may have been lost."""
        tells: list[Effect] = []
        for one in notice.changes:
            tells += [Tell(each) for each in self.picture.reached(one, now)]
            if not one.left or self.picture.ues[one.ue].reachable:
                continue
            for name, flow in self.flows.items():
                over = flows.left(flow, self.subs[name], one.ue)
                if over:
                    tells += over
                    self._wants.stir(name)
        return tells

    def _cancelled(self, sub: Subscription, notice: PlacesTold | ReachTold, now: Nanoseconds) -> list[Effect]:
        if not (notice.ended and sub.state == "HELD"):
            return []
        self.counts["cancelled"] += 1
        return advance.lost(sub, now)

    # --- what can be had ---------------------------------------------------------------------------------------------------

    def state(self, api: Api, now: Nanoseconds) -> str:
        """Why this API is of no use now; empty: it is."""
        return why_not(self.desks[api], self._wants.standing.values(), now)

    def _offers(self, now: Nanoseconds) -> list[Effect]:
        told = offers(self.desks, self._wants.standing.values(), self.settings.references, now)
        if told == self._offered:
            return []
        self._offered = told
        return [Tell(told)]
