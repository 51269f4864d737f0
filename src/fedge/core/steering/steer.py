"""What one path hears, of the control plane and of the core network. ``advance`` then finds the next thing to say about it."""

from __future__ import annotations

from fedge.core.messages import RouteRefused
from fedge.core.model import Nanoseconds, SiteId
from fedge.core.patience import Backoff
from fedge.core.steering import redirect
from fedge.core.steering.calls import (
    Acknowledge,
    AfStatus,
    Answer,
    Effect,
    Held,
    PathNotified,
    Tell,
)
from fedge.core.steering.desk import Desk
from fedge.core.steering.path import Change, Path, Target

NOT_STEERED = ("REQUESTED_SERVICE_NOT_AUTHORIZED",)
"""Causes (TS 29.514, 5.7) by which the core says that it does not steer this subscriber now: no 5G standalone session."""
KEPT_URIS = 8


# --- what the control plane says ----------------------------------------------------------------------------------------------


def install(path: Path, target: Target, leads: bool, desk: Desk, now: Nanoseconds) -> list[Effect]:
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
    return redirect.begin(path, desk)


def activate(path: Path, generation: int, now: Nanoseconds) -> None:
    """The target of this generation is the writer: from here on the traffic has to follow."""
    if path.next is not None and path.next.generation == generation:
        path.left = path.serving.site if path.serving is not None else None
        path.client.quick, path.client.say_at, path.client.since = 0, 0, now
        path.client.site = None
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
    return declined(path, change, status, desk, now)


def declined(path: Path, change: Change, status: AfStatus, desk: Desk, now: Nanoseconds) -> list[Effect]:
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
        source = desk.dnais.site(event.source) if event.source else None
        stale = source is not None and path.led is not None and source != path.led
        if path.state == "SWITCHING" and path.change is not None:
            _overtaken(path, path.change.site, source)
        elif stale and not wanted:
            return "out of place", []
        if not path.enter("early", now):
            return "out of place", []
        path.change, path.owes, path.ack, path.asks = Change(site, event.ack_uri, now), False, 0, 0
        return "early", []
    agreed = path.state == "READY" and path.change is not None and path.change.site == site
    if not wanted or not (agreed or path.goal is path.serving):
        number = desk.number()  # given up since, or never agreed to
        refusal = Acknowledge(number, event.ack_uri, path.transaction, path.ue, "RELOC_NO_ALLOWED")
        return "late, not wanted", [refusal]
    if not path.enter("late", now):
        return "out of place", []
    path.change, path.owes, path.ack = Change(site, event.ack_uri, now), False, 0
    return "late", []


def _overtaken(path: Path, target: SiteId, source: SiteId | None) -> None:
    """A new change is announced before the switch to ``target`` was answered: from there, if it was made."""
    if source == target:
        path.led, path.maybe = target, frozenset()
    else:
        _in_doubt(path, target)


def answered(path: Path, answer: Answer, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """The answer to one of the path's calls; one that was given up changes nothing."""
    if answer.number == path.ack:
        path.ack = 0
        _acknowledged(path, answer, now)
        return []
    if answer.number != path.call:
        return []
    creating, deleting = path.creating, path.deleting
    path.call, path.creating, path.deleting = 0, False, False
    if answer.done or (deleting and answer.status == 404):
        path.calls = Backoff()
        if deleting:
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
    return _refused(path, answer, desk, now)


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
        # that transaction is over: what is wanted is asked for anew
        path.change, path.held = None, frozenset()
        path.calls = path.calls.failed(now)
        redirect.give_up_on_core(path)


def _in_doubt(path: Path, *sites: SiteId) -> None:
    """It is not known any more where the core leads the traffic."""
    path.maybe |= {site for site in (*sites, path.led) if site is not None}
    path.led = None


def _refused(path: Path, answer: Answer, desk: Desk, now: Nanoseconds) -> list[Effect]:
    """The core network will not."""
    if answer.cause in NOT_STEERED:
        path.reason = answer.reason
        path.enter("not steered", now)
        return []
    if not path.enter("refused", now) or path.next is None or path.goal is not path.next:
        return []
    if redirect.way(path, desk) == "client":
        return []  # its packets do not go that way: the core is asked again, and the move does not wait for it
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
    if serving is None or serving.generation != path.recalled or path.client.redirected:
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
    path.creating = path.deleting = path.owes = False
