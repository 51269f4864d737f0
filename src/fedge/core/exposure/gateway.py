"""The access API gateway: all that Fedge wants of the operator, and what it hears of it. ``handle(event, now, draw) -> effects``.

Wanted always: everybody's place, who is lost and who is back, every handover, the measurement reports of NR and LTE; asked once a
second: how full cells are. At times: a quality for a flow, one place at once. Whatever is wanted ends subscribed, or is told as
unavailable (``OperatorOffers``, ``QualityRefused``, ``LocationTold``). ``draw``, 0 to 1, is the share of a wait after a failure
(full jitter).
"""

from __future__ import annotations

from collections import Counter
from functools import partial

from msgspec import Struct

from fedge.core.exposure import advance, flows
from fedge.core.exposure.answering import Answering
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
from fedge.core.exposure.cell_loads import CellLoads
from fedge.core.exposure.desk import Desk, Found, Missing
from fedge.core.exposure.hearing import Hearing
from fedge.core.exposure.locating import Locating, unknown
from fedge.core.exposure.notices import CellTold, Notice, PlacesTold, RadioTold
from fedge.core.exposure.offers import offers, why_not
from fedge.core.exposure.picture import Picture
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

SIGHTED_EVERY = SECOND // 10
LOST_AFTER_S = 5
"""So long a UE is silent before the network tells that it has lost it (``maximumDetectionTime``)."""


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
        self._loads = CellLoads(topology)
        self._answering = Answering(self._wants, self.desks, self._locating, self._loads)
        self._hearing = Hearing(self._wants, self.desks, self.picture)
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

    @property
    def heard_at(self) -> Nanoseconds:
        """When the operator last told anything, 0: never."""
        return self._hearing.heard_at

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
            # thousands a second: nothing is said to the operator about them
            return self._hearing.notified(event, now, draw)
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
                return self._answering.answered(event, now, draw)
            case RequestQuality():
                return [*self._wants.ask(event, self.settings.references, now)]
            case ReleaseQuality():
                self._wants.release(event.flow)
            case QualityTold():
                self.desks["quality"].complete = self.desks["quality"].stale = True
            case AskLocation():
                return self._locate(event, now)
            case Message():
                pass
            case _:
                return self._hearing.notified(event, now, draw)
        return []

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """Several times a second: what is due to be said again, listed, renewed, sighted."""
        effects: list[Effect] = []
        for desk in self.desks.values():
            if desk.overdue(now):
                self._answering.forget(desk.listing)
                desk.listing, desk.stale = 0, True
            if desk.to_list(now):
                desk.listing, desk.listing_since = self._answering.number(""), now
                effects.append(List(desk.listing, desk.api))
        effects += self._advance(now)
        if self._loads.due(self.desks["radio"], now):
            effects.append(self._loads.ask(self._answering.number(""), now))
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
            calls = advance.advance(sub, desk, now, partial(self._answering.number, sub.name))
            if flow is not None:
                flows.said(flow, calls)
            effects += calls
            self._wants.looked(sub, now)
        return effects

    def _locate(self, event: AskLocation, now: Nanoseconds) -> list[Effect]:
        known = self._locating.known(event, now)
        if known is not None:
            return [Tell(known)]
        why = self.desks["location"].unavailable()
        return [Tell(unknown(event, why))] if why else [self._locating.ask(event, self._answering.number(""))]

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
