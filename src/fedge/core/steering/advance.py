"""The next thing to say about one path: what is wanted, held against what the core network is known to do.

``advance`` is called after everything that the path heard (``steer``) and every now and then, and may be called at any time.
``rests_until`` says how long it need not be.
"""

from __future__ import annotations

from collections.abc import Iterable

from fedge.core.messages import PathChangeAsked, RouteActivated, RouteInstalled
from fedge.core.model import MS, SECOND, Nanoseconds
from fedge.core.steering import redirect
from fedge.core.steering.calls import Acknowledge, Create, Delete, Effect, N6Route, Patch, Tell
from fedge.core.steering.desk import Desk
from fedge.core.steering.path import Change, Path, Target
from fedge.core.steering.steer import declined

ASK_AGAIN, ASK_AT_LEAST_EVERY = 800 * MS, 5 * SECOND
"""The core said yes and announces nothing: asked again after so long, and longer each time."""
TAKEN_FOR_THERE, KNOWN_TO_BE_THERE = 3, 6
"""A core that may lead there already, and was asked more often than that, says yes by its silence: for now, and for good."""
DECIDE_WITHIN = 3 * SECOND
LATE_WITHIN = 4 * SECOND
"""How long an acknowledged change that must go forward waits for LATE before it is asked for anew."""
UNSTEERED_FOR = 5 * SECOND
"""Then the core is asked again: the subscriber may be on another access."""
FOR_EVER: Nanoseconds = 1 << 63


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
    effects += _call(path, goal, desk, now)
    return [*effects, *redirect.lead(path, desk, now), *_report(path, goal, desk, now)]


def rests_until(path: Path, desk: Desk) -> Nanoseconds:
    """Up to when ``advance`` has nothing to say, if the path hears nothing and the desk stays as it is; 0: it may have now.

    Nearly all paths rest nearly always: served where they shall be, and all of it said.
    """
    goal = path.goal
    if goal is None or goal is not path.serving or path.ended or path.change or path.call or path.doubtful:
        return 0
    if path.activated < goal.generation or _attaches_elsewhere(path, goal, desk):
        return 0
    if redirect.orders(path, goal, desk):
        return 0
    if path.state == "UNSTEERED":
        return path.since + UNSTEERED_FOR
    routed = path.subscription and path.held == _names(desk.routes(goal, alone=False))
    return FOR_EVER if path.there and routed else 0


def _on_change(path: Path, change: Change, goal: Target, desk: Desk, now: Nanoseconds) -> list[Effect]:
    meant, due = change.site == goal.site, goal is path.serving
    match path.state:
        case "EARLY" if meant:
            path.enter("accepted", now)
            return _say(path, change, goal, desk)
        case "EARLY" if path.next is not None and goal is path.next:
            return declined(path, change, "RELOC_NO_ALLOWED", desk, now)
        case "EARLY" if not change.told:
            change.told = True
            return [Tell(PathChangeAsked(path.session, path.ue, change.site))]
        case "EARLY" if now - change.since > DECIDE_WITHIN:
            return declined(path, change, "OTHER", desk, now)
        case "READY" if not meant:
            path.enter("withdrawn", now)  # LATE, if it comes all the same, is refused
            path.change, path.owes = None, False
        case "READY" if due and now - path.since > LATE_WITHIN:
            path.enter("silent", now)
            path.change, path.owes, path.held = None, False, frozenset()
        case "LATE" if not meant:
            return declined(path, change, "RELOC_NO_ALLOWED", desk, now)
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


def _report(path: Path, goal: Target, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """What the control plane waits to hear."""
    installed, activated = _progress(path, goal, desk)
    effects: list[Effect] = []
    if installed and goal is path.next and goal.generation > path.installed:
        path.installed = goal.generation
        effects.append(Tell(RouteInstalled(path.session, goal.generation)))
    new = activated and goal.generation > path.activated
    if goal is path.serving and (new or _attaches_elsewhere(path, goal, desk)):
        path.activated, path.told = goal.generation, redirect.told(path, desk)
        effects.append(Tell(RouteActivated(path.session, goal.generation, now, *path.told)))
    return effects


def _progress(path: Path, goal: Target, desk: Desk) -> tuple[bool, bool]:
    """Is the way to the goal there beside the old one? Is it the one that is used?"""
    chosen = redirect.way(path, desk)
    if chosen == "client":
        return redirect.installed(path, goal), redirect.activated(path, goal)
    if chosen == "unknown":
        return False, False
    used = path.there or path.state == "UNSTEERED"
    used |= path.state == "ASKED" and _silent_enough(path, goal, TAKEN_FOR_THERE)
    change = path.change
    beside = path.state in ("LATE", "SWITCHING") and change is not None and change.site == goal.site
    return used or beside, used


def _attaches_elsewhere(path: Path, goal: Target, desk: Desk) -> bool:
    """All is well, but a client that attaches now has to be given another address than was told, or has come another way."""
    decided = path.led == goal.site or path.state == "UNSTEERED"
    return decided and goal.generation == path.activated and path.told != redirect.told(path, desk)


def _end(path: Path, desk: Desk, now: Nanoseconds) -> list[Effect]:
    if not path.subscription or path.call or not desk.open or not path.calls.due(now):
        return []
    path.call, path.deleting = desk.number(path.key), True
    return [Delete(path.call, path.subscription)]


def gone(path: Path) -> bool:
    """Nothing of it is left at the NEF."""
    return path.ended and not path.subscription and not path.call and not path.doubtful
