"""One path is steered: what is wanted, held against what the core network is known to do, and the next thing to say about it.

Every function changes the path and answers what follows; ``advance`` is called after each, and may be called at any time.
"""

from __future__ import annotations

from collections.abc import Iterable

from fedge.core.messages import PathChangeAsked, RouteActivated, RouteInstalled, RouteRefused
from fedge.core.model import MS, SECOND, Address, Nanoseconds, SessionKey, SiteId
from fedge.core.steering.calls import (
    Acknowledge,
    AfStatus,
    Answer,
    Create,
    Delete,
    Effect,
    Held,
    N6Route,
    Patch,
    PathNotified,
    Tell,
)
from fedge.core.steering.dnai import Dnais
from fedge.core.steering.path import Change, Path, Target
from fedge.core.steering.patience import Backoff

ASK_AGAIN, ASK_AT_LEAST_EVERY = 800 * MS, 5 * SECOND
"""The core said yes and announces nothing: asked again after so long, and longer each time."""
TAKEN_FOR_THERE, KNOWN_TO_BE_THERE = 3, 6
"""A core that may lead there already, and was asked more often than that, says yes by its silence: for now, and for good."""
DECIDE_WITHIN = 3 * SECOND
LATE_WITHIN = 4 * SECOND
"""How long an acknowledged change that must go forward waits for LATE before it is asked for anew."""
NOT_STEERED = ("REQUESTED_SERVICE_NOT_AUTHORIZED",)
"""Causes (TS 29.514, 5.7) by which the core says that it does not steer this subscriber now: no 5G standalone session."""
UNSTEERED_FOR = 5 * SECOND
"""Then the core is asked again: the subscriber may be on another access."""
KEPT_URIS = 8


class Desk:
    """What all paths share: sites and their names in the core network, the numbers of calls, and whether calls go out at all."""

    def __init__(self, dnais: Dnais) -> None:
        self.dnais = dnais
        self.offered: dict[SiteId, Address] = {}
        self.open = False
        self.calls: dict[int, SessionKey | None] = {}
        self._last = 0

    def number(self, key: SessionKey | None = None) -> int:
        """Of a new call, of a path or of nobody."""
        self._last += 1
        self.calls[self._last] = key
        return self._last

    def routes(self, goal: Target, alone: bool) -> tuple[N6Route, ...]:
        """The goal's route alone, or with those of all sites on offer."""
        others = {} if alone else self.offered
        ends = {**others, goal.site: goal.gateway}
        return tuple(N6Route(self.dnais.of(site), gateway) for site, gateway in ends.items())


# --- what the control plane says ----------------------------------------------------------------------------------------------


def install(path: Path, target: Target, leads: bool, now: Nanoseconds) -> list[Effect]:
    """A target that is warm; or, said again after a restart, the route that carries the traffic: then it ``leads``."""
    newest = max((one.generation for one in (path.serving, path.next) if one is not None), default=0)
    if target.generation < newest:
        return []
    if target.generation == path.refused:
        return [Tell(RouteRefused(path.session, target.generation, path.reason))]
    if target.generation == newest:
        path.installed = min(path.installed, newest - 1)
        return []
    if leads:
        path.serving, path.activated, path.recalled = target, target.generation, target.generation
        return []
    path.next, path.asks = target, 0
    path.calls = Backoff()  # a new wish is tried at once
    if path.state == "UNSTEERED":
        path.enter("lost", now)  # the subscriber may be on another access by now
        _in_doubt(path)
    return []


def activate(path: Path, generation: int) -> None:
    """The target of this generation is the writer: from here on the traffic has to follow."""
    if path.next is not None and path.next.generation == generation:
        path.serving, path.next, path.refused = path.next, None, 0
    if path.serving is not None and path.serving.generation == generation:
        path.activated = min(path.activated, generation - 1)


def withdraw(path: Path, generation: int, site: SiteId, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """The move to this generation was given up: the old path is kept."""
    if path.next is not None and path.next.generation <= generation:
        path.next, path.asks = None, 0
    return decline(path, site, "RELOC_NO_ALLOWED", desk, now)


def decline(path: Path, site: SiteId, status: AfStatus, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """The core's announced change to ``site`` is refused, if it still waits for a word."""
    change, goal = path.change, path.goal
    if change is None or change.site != site or (goal is not None and goal.site == site):
        return []
    return _declined(path, change, status, desk, now)


def _declined(path: Path, change: Change, status: AfStatus, desk: Desk, now: Nanoseconds) -> list[Effect]:
    if not path.enter("declined", now):
        return []
    path.change = None
    return [Acknowledge(desk.number(), change.ack_uri, path.transaction, path.ue, status)]


# --- what the core network says ------------------------------------------------------------------------------------------------


def notified(path: Path, event: PathNotified, desk: Desk, now: Nanoseconds) -> tuple[str, list[Effect]]:
    """A notification that bears the path's token: what it was taken for, and what follows at once."""
    if event.transaction not in ("", path.transaction) or (event.gpsi_given and event.ue != path.ue):
        return "forged", []
    if not event.ack_uri or path.ended or path.goal is None:
        return "out of place", []
    if event.ack_uri in path.seen:
        return "repeated", []
    path.seen = (*path.seen, event.ack_uri)[-KEPT_URIS:]
    site = desk.dnais.site(event.target)
    wanted = site == path.goal.site
    if event.stage == "EARLY":
        stale = event.source and path.led is not None and desk.dnais.site(event.source) != path.led
        if (stale and not wanted) or not path.enter("early", now):
            return "out of place", []
        path.change, path.owes, path.ack, path.asks = Change(site, event.ack_uri, now), False, 0, 0
        return "early", []
    agreed = path.state == "READY" and path.change is not None and path.change.site == site
    if not wanted or not (agreed or path.goal is path.serving):
        answer = Acknowledge(
            desk.number(), event.ack_uri, path.transaction, path.ue, "RELOC_NO_ALLOWED"
        )  # given up since, or never agreed to
        return "late, not wanted", [answer]
    if not path.enter("late", now):
        return "out of place", []
    path.change, path.owes, path.ack = Change(site, event.ack_uri, now), False, 0
    return "late", []


def answered(path: Path, answer: Answer, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """The answer to one of the path's calls; one that was given up changes nothing."""
    if answer.number == path.ack:
        path.ack = 0
        _acknowledged(path, answer, now)
        return []
    if answer.number != path.call:
        return []
    path.call, creating, path.creating = 0, path.creating, False
    if answer.done or (path.ended and answer.status == 404):
        path.calls = Backoff()
        if path.ended and not creating:
            path.subscription = ""
        elif answer.held:
            adopt(path, answer.held[0], now)
        return []
    path.calls = path.calls.failed(now)
    if answer.doubtful:
        path.doubtful, path.held = path.doubtful or creating, frozenset()
        return []
    if answer.status == 404 and not creating:
        lost(path, now)
        return []
    return _refused(path, answer, now)


def _acknowledged(path: Path, answer: Answer, now: Nanoseconds) -> None:
    if answer.doubtful:
        path.acks = path.acks.failed(now)
        return
    doubt, path.owes, path.acks = path.acks.failures > 0, False, Backoff()
    change = path.change
    if answer.done and path.state == "SWITCHING" and change is not None:
        path.enter("switched", now)
        path.led, path.maybe, path.change, path.asks = change.site, frozenset(), None, 0
    elif not answer.done and change is not None:
        if path.state == "SWITCHING" and doubt:
            _in_doubt(path, change.site)
        path.enter("refused", now)
        path.change, path.held = (
            None,
            frozenset(),
        )  # that transaction is over; what is wanted is asked for anew
        path.calls = path.calls.failed(now)


def _in_doubt(path: Path, *sites: SiteId) -> None:
    """It is not known any more where the core leads the traffic."""
    path.maybe |= {site for site in (*sites, path.led) if site is not None}
    path.led = None


def _refused(path: Path, answer: Answer, now: Nanoseconds) -> list[Effect]:
    """The core network will not."""
    if answer.cause in NOT_STEERED:
        path.reason = answer.reason
        path.enter("not steered", now)
        return []
    if not path.enter("refused", now) or path.next is None or path.goal is not path.next:
        return []
    path.refused, path.reason = path.next.generation, answer.reason
    return [Tell(RouteRefused(path.session, path.next.generation, answer.reason))]


def adopt(path: Path, held: Held, now: Nanoseconds) -> None:
    """The subscription as the NEF holds it."""
    path.heard_at = now
    path.subscription, path.held, path.doubtful = held.subscription, frozenset(held.dnais), False


def found(path: Path, held: Held, desk: Desk, now: Nanoseconds) -> None:
    """The subscription of an earlier life, or one whose creation had no answer. Several sites on offer: all was well then."""
    adopt(path, held, now)
    serving = path.serving
    if serving is None or serving.generation != path.recalled:
        return
    if len(path.held) > 1 and desk.dnais.of(serving.site) in path.held:
        path.led, path.maybe = serving.site, frozenset()


def lost(path: Path, now: Nanoseconds) -> None:
    """The NEF knows the subscription no more: it is made anew, and where the traffic goes meanwhile is not known."""
    switching = (path.change.site,) if path.state == "SWITCHING" and path.change is not None else ()
    _in_doubt(path, *switching)
    path.enter("lost", now)
    path.subscription, path.held, path.doubtful = "", frozenset(), False
    path.change, path.asks = None, 0
    path.call = path.ack = 0
    path.creating = path.owes = False


# --- the next thing to say -----------------------------------------------------------------------------------------------------


def advance(path: Path, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """Whatever can be said now."""
    goal = path.goal
    if path.ended:
        return _end(path, desk, now)
    if goal is None:
        return []
    effects: list[Effect] = []
    if path.change is not None:
        effects += _on_change(path, path.change, goal, desk, now)
    return [*effects, *_call(path, goal, desk, now), *_report(path, goal, now)]


def _on_change(path: Path, change: Change, goal: Target, desk: Desk, now: Nanoseconds) -> list[Effect]:
    meant, due = change.site == goal.site, goal is path.serving
    match path.state:
        case "EARLY" if meant:
            path.enter("accepted", now)
            return _say(path, change, goal, desk)
        case "EARLY" if path.next is not None and goal is path.next:
            return _declined(path, change, "RELOC_NO_ALLOWED", desk, now)
        case "EARLY" if not change.told:
            change.told = True
            return [Tell(PathChangeAsked(path.session, path.ue, change.site))]
        case "EARLY" if now - change.since > DECIDE_WITHIN:
            return _declined(path, change, "OTHER", desk, now)
        case "READY" if not meant:
            path.enter("withdrawn", now)  # LATE, if it comes all the same, is refused
            path.change, path.owes = None, False
        case "READY" if due and now - path.since > LATE_WITHIN:
            path.enter("silent", now)
            path.change, path.owes, path.held = None, False, frozenset()
        case "LATE" if not meant:
            return _declined(path, change, "RELOC_NO_ALLOWED", desk, now)
        case "LATE" if due:
            path.enter("activated", now)
            return _say(path, change, goal, desk)
        case "READY" | "SWITCHING" if path.owes and not path.ack and desk.open and path.acks.due(now):
            return _say(path, change, goal if meant else None, desk)
    return []


def _say(path: Path, change: Change, goal: Target | None, desk: Desk) -> list[Effect]:
    """SUCCESS, with the end of N6 at the target; said again until it is answered."""
    route = N6Route(desk.dnais.of(change.site), goal.gateway) if goal is not None else None
    path.owes, path.ack = True, desk.number(path.key)
    return [Acknowledge(path.ack, change.ack_uri, path.transaction, path.ue, "SUCCESS", route)]


def _call(path: Path, goal: Target, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """Bring the subscription's routes in line with what is wanted: the goal alone while it has to be reached, else every site."""
    if path.state == "ASKED" and path.asked != goal.site:
        path.enter("withdrawn", now)
        path.asks = 0
    retried = path.state == "UNSTEERED" and now - path.since > UNSTEERED_FOR
    if not (path.state in ("QUIET", "ASKED") or retried) or path.call or not desk.open or path.doubtful:
        return []
    if not path.calls.due(now):
        return []
    there = path.there
    routes = desk.routes(goal, alone=not there)
    same = path.subscription and path.held == _names(routes)
    if there:
        return [] if same else _put(path, routes, desk)
    if path.state == "ASKED" and same:
        if now - path.since < min(ASK_AGAIN * path.asks, ASK_AT_LEAST_EVERY):
            return []
        if _silent_enough(path, goal, KNOWN_TO_BE_THERE):
            path.enter("no change", now)
            path.led, path.maybe, path.asks = goal.site, frozenset(), 0
            return _call(path, goal, desk, now)
    path.enter("asked", now)
    path.asked, path.asks, path.since = goal.site, path.asks + 1, now  # asked again is ASKED anew
    return _put(path, routes, desk)


def _silent_enough(path: Path, goal: Target, asks: int) -> bool:
    """A core that may lead there already holds this one route, says yes each time and announces nothing: so it does.

    That the traffic arrives is for the target's gateway to confirm.
    """
    return goal is path.serving and goal.site in path.maybe and path.asks > asks


def _put(path: Path, routes: tuple[N6Route, ...], desk: Desk) -> list[Effect]:
    path.call = desk.number(path.key)
    if path.subscription:
        return [Patch(path.call, path.subscription, routes)]
    path.creating = True
    return [Create(path.call, path.token, path.transaction, path.ue, path.app, routes)]


def _names(routes: Iterable[N6Route]) -> frozenset[str]:
    return frozenset(route.dnai for route in routes)


def _report(path: Path, goal: Target, now: Nanoseconds) -> list[Effect]:
    """What the control plane waits to hear."""
    arrived = path.there or path.state == "UNSTEERED"
    arrived |= path.state == "ASKED" and _silent_enough(path, goal, TAKEN_FOR_THERE)
    change = path.change
    beside = path.state in ("LATE", "SWITCHING") and change is not None and change.site == goal.site
    effects: list[Effect] = []
    if (arrived or beside) and goal is path.next and goal.generation > path.installed:
        path.installed = goal.generation
        effects.append(Tell(RouteInstalled(path.session, goal.generation)))
    if arrived and goal is path.serving and goal.generation > path.activated:
        path.activated = goal.generation
        effects.append(Tell(RouteActivated(path.session, goal.generation, now)))
    return effects


def _end(path: Path, desk: Desk, now: Nanoseconds) -> list[Effect]:
    if not path.subscription or path.call or not desk.open or not path.calls.due(now):
        return []
    path.call = desk.number(path.key)
    return [Delete(path.call, path.subscription)]


def gone(path: Path) -> bool:
    """Nothing of it is left at the NEF."""
    return path.ended and not path.subscription and not path.call and not path.doubtful
