"""All paths: which session an event is about, the list of subscriptions after a start or an error, and the NEF's circuit.

The NEF's list is held against the paths: a subscription whose token is a path's is adopted, one of Fedge's without a path is an
orphan of an earlier life and deleted, and a path whose subscription is not in it has lost it. It is read at the start, after each
error, and every ``LIST_EVERY``; nothing is created before it was read once, or the NEF might hold a subscription twice.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from fedge.core.messages import (
    ActivateRoute,
    ClientHeard,
    DeclinePath,
    InstallRoute,
    Message,
    RedirectClient,
    RemoveRoute,
    RouteRefused,
    RoutesTold,
    WithdrawRoute,
)
from fedge.core.model import SECOND, Address, Nanoseconds, SessionId, SessionKey, SiteId
from fedge.core.patience import Circuit
from fedge.core.steering import redirect, steer
from fedge.core.steering.advance import advance, gone, rests_until
from fedge.core.steering.calls import (
    Acknowledge,
    AfStatus,
    Answer,
    Delete,
    Effect,
    Held,
    List,
    PathNotified,
    Tell,
)
from fedge.core.steering.desk import Desk
from fedge.core.steering.dnai import Dnais
from fedge.core.steering.path import Path, Target

LIST_EVERY = 10 * SECOND
STATUS: dict[str, AfStatus] = {"congestion": "TEMPORARY_CONGESTION", "not allowed": "RELOC_NO_ALLOWED"}


class SteeringSettings(Struct, frozen=True):
    """``secret``: tokens are derived from it, so that a restarted control plane finds its subscriptions again.

    ``service``: the applications' stable address. ``services``: each site's own; empty: no client can be redirected.
    """

    secret: bytes
    dnais: dict[SiteId, str] = {}
    service: Address = Address("")
    services: dict[SiteId, Address] = {}


class Steering:
    """``handle(event, now) -> effects``; ``wake`` several times a second.

    ``counts``: what became of notifications (early, late, forged, repeated …), and of what was said: redirects, refusals.
    """

    def __init__(self, settings: SteeringSettings) -> None:
        self.settings = settings
        self.paths: dict[SessionKey, Path] = {}
        self.circuit = Circuit()
        self.counts: Counter[str] = Counter()
        self._desk = Desk(Dnais(settings.dnais), settings.service, settings.services)
        self._tokens: dict[str, SessionKey] = {}
        self._rests: dict[SessionKey, Nanoseconds] = {}
        """Up to when a path need not be looked at, while the desk is as it was ``_seen``."""
        self._seen: object = None
        self._told = self._stale = False
        self._listing = 0
        self._listing_since: Nanoseconds = 0
        self._listed_at: Nanoseconds = 0

    def knows(self, token: str) -> bool:
        """Is it the token of a path?"""
        return token in self._tokens

    def offer(self, gateways: Mapping[SiteId, Address]) -> None:
        """Every site that the core network may choose, and the end of N6 there."""
        self._desk.offered = dict(gateways)

    # --- events ------------------------------------------------------------------------------------------------------------

    def handle(self, event: Message | PathNotified | Answer, now: Nanoseconds) -> list[Effect]:
        return self._counted(self._handled(event, now))

    def _handled(self, event: Message | PathNotified | Answer, now: Nanoseconds) -> list[Effect]:
        match event:
            case RoutesTold():
                self._told = True
                return self._list(now)
            case PathNotified():
                return self._notified(event, now)
            case Answer():
                return self._answered(event, now)
            case InstallRoute():
                path: Path | None = self._path(event)
            case ActivateRoute() | WithdrawRoute() | DeclinePath() | RemoveRoute() | ClientHeard():
                path = self.paths.get(event.key)
            case _:
                return []
        return [*self._said(path, event, now), *self._on(path, now)] if path is not None else []

    def _said(self, path: Path, event: Message, now: Nanoseconds) -> list[Effect]:
        match event:
            case InstallRoute():
                if not self._told:
                    path.maybe |= {event.site}  # an earlier life may have led it there without hearing of it
                redirect.told_of(path, event)
                target = Target(event.generation, event.site, event.gateway)
                return steer.install(path, target, event.leads, self._desk, now)
            case ActivateRoute():
                steer.activate(path, event.generation, now)
            case WithdrawRoute():
                return steer.withdraw(path, event.generation, event.site, self._desk, now)
            case DeclinePath():
                return steer.decline(path, event.site, STATUS.get(event.why, "OTHER"), self._desk, now)
            case ClientHeard():
                redirect.heard(path, event)
            case RemoveRoute():
                path.ended, path.change = True, None
        return []

    def rests_until(self, key: SessionKey) -> Nanoseconds:
        """When the path is looked at again if nothing is heard of it; 0: at the next ``wake``."""
        return self._rests.get(key, 0)

    def paths_by_state(self) -> Counter[str]:
        return Counter(path.state for path in self.paths.values())

    def _counted(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            match effect:
                case Tell(RedirectClient()):
                    self.counts["redirect said"] += 1
                case Tell(RouteRefused()):
                    self.counts["refused by the core"] += 1
                case Acknowledge(status=status) if status != "SUCCESS":
                    self.counts["refused by Fedge"] += 1
        return effects

    def wake(self, now: Nanoseconds) -> list[Effect]:
        """What is due: calls to be made again, patience that has run out, the list."""
        return self._counted(self._due(now))

    def _due(self, now: Nanoseconds) -> list[Effect]:
        effects: list[Effect] = []
        desk = dict(self._desk.offered), self._desk.open
        if desk != self._seen:
            self._rests.clear()
            self._seen = desk
        for path in tuple(self.paths.values()):
            if now >= self.rests_until(path.key):
                effects += self._on(path, now)
        due = self._stale or now - self._listed_at >= LIST_EVERY or self.circuit.open
        if self._told and due and now >= self.circuit.until:
            effects += self._list(now)
        return effects

    def _path(self, event: InstallRoute) -> Path:
        path = self.paths.get(event.key)
        if path is None:
            token, transaction = (
                self._derived(kind, event.session, event.key) for kind in ("token", "transaction")
            )
            path = Path(event.session, event.key, event.ue, event.app, token, transaction[:16])
            self.paths[event.key], self._tokens[token] = path, event.key
        return path

    def _derived(self, kind: str, session: SessionId, key: SessionKey) -> str:
        said = f"{kind}/{session}/{key:016x}".encode()
        return hmac.digest(self.settings.secret, said, "sha256").hex()[:40]

    def _on(self, path: Path, now: Nanoseconds) -> list[Effect]:
        effects = advance(path, self._desk, now)
        self._rests[path.key] = rests_until(path, self._desk)
        if gone(path):
            del self.paths[path.key], self._tokens[path.token], self._rests[path.key]
        return effects

    def _notified(self, event: PathNotified, now: Nanoseconds) -> list[Effect]:
        path = self.paths.get(self._tokens.get(event.token, SessionKey(0)))
        if path is None:
            self.counts["unknown"] += 1
            return []
        taken_for, effects = steer.notified(path, event, self._desk, now)
        self.counts[taken_for] += 1
        return [*effects, *self._on(path, now)]

    # --- answers -----------------------------------------------------------------------------------------------------------

    def _answered(self, answer: Answer, now: Nanoseconds) -> list[Effect]:
        if answer.number not in self._desk.calls:
            return []
        key = self._desk.calls.pop(answer.number)
        self._heard(answer, now)
        if answer.number == self._listing:
            return self._listed(answer, now)
        path = self.paths.get(key) if key is not None else None
        if path is None:
            return []
        before = path.subscription
        effects = steer.answered(path, answer, self._desk, now)
        self._stale |= answer.doubtful or (bool(before) and not path.subscription and not path.ended)
        return [*effects, *self._on(path, now)]

    def _heard(self, answer: Answer, now: Nanoseconds) -> None:
        """What an answer says of the NEF as a whole."""
        unread = answer.number == self._listing and not answer.done
        self.circuit = self.circuit.failed(now) if answer.doubtful or unread else Circuit()
        if self.circuit.open:
            self._desk.open = False
        elif self._listed_at:
            self._desk.open = True

    # --- the list ----------------------------------------------------------------------------------------------------------

    def _list(self, now: Nanoseconds) -> list[Effect]:
        if self._listing:
            return []
        self._listing, self._listing_since = self._desk.number(), now
        return [List(self._listing)]

    def _listed(self, answer: Answer, now: Nanoseconds) -> list[Effect]:
        self._listing = 0
        if not answer.done:
            self._stale = True
            return []
        self._stale, self._listed_at, self._desk.open = False, now, True
        effects: list[Effect] = []
        found: set[SessionKey] = set()
        for held in answer.held:
            if held.token and not self._ours(held, found, now):
                effects.append(Delete(self._desk.number(), held.subscription))
        for path in tuple(self.paths.values()):
            if path.key not in found and not path.creating and path.heard_at < self._listing_since:
                steer.lost(path, now)
            effects += self._on(path, now)
        return effects

    def _ours(self, held: Held, found: set[SessionKey], now: Nanoseconds) -> bool:
        """Is it the subscription of a path? Then it is adopted, if the path had none."""
        key = self._tokens.get(held.token)
        path = self.paths.get(key) if key is not None else None
        if path is None:
            return False
        if path.creating:
            return True  # its answer is on the way
        if path.subscription and path.subscription != held.subscription:
            return False
        if path.key in found:
            return False
        if not path.subscription:
            steer.found(path, held, self._desk, now)
        elif not path.call and path.heard_at < self._listing_since:
            steer.adopt(path, held, now)  # an old change of it may have been carried out late
        found.add(path.key)
        return True
