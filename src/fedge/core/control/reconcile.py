"""Finding the way back after somebody's crash: what agents hold, held against what the journal says, and orders said again.

Facts of the data path win over the centre's memory: a copy that serves under a later epoch than the journal knows is the truth.
"""

from __future__ import annotations

from fedge.core.control import endings, move_orders, sessions, ue_move
from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, Propose, Story, ToSite
from fedge.core.control.events.sessions import EpochRaised
from fedge.core.control.per_site import PerSite
from fedge.core.control.state import Session, State
from fedge.core.federation import Site
from fedge.core.messages import (
    AbortMove,
    DiscardSession,
    EpochRefused,
    EpochVoided,
    MoveAborted,
    MoveActivated,
    SessionOpened,
    SessionStatus,
    SiteHello,
    SourceReleased,
    Unvoid,
    UplinkSeen,
)
from fedge.core.mobility import Move
from fedge.core.mobility.move import UNDECIDED
from fedge.core.model import SECOND, Nanoseconds, SiteId


def site_hello(state: State, per_site: PerSite, event: SiteHello, now: Nanoseconds) -> list[Effect]:
    """An agent is here, new or again, with everything it holds."""
    effects: list[Effect] = []
    site = state.sites.get(event.site)
    if site is None:
        site = state.sites[event.site] = Site(event.site, event.gateway, event.peer)
        effects.append(
            Story(f"{event.site} joined the federation", now, {"site": event.site, "mark": "ready"})
        )
    elif site.marked == "lost":
        site.marked = "ready"
        effects.append(Story(f"{event.site} is back", now, {"site": event.site, "mark": "ready"}))
    site.gateway, site.peer = event.gateway, event.peer
    effects += run_orders(site, per_site)
    held = {status.session: status for status in event.sessions}
    for status in event.sessions:
        effects += _copy(state, event.site, status, now)
    for move in tuple(state.under_way()):
        if event.site in (move.order.source, move.order.target):
            if (
                move.state == "CONFIRMED"
                and move.order.source == event.site
                and move.order.session not in held
            ):
                ready = any(i.app == move.order.app and i.state == "ready" for i in event.instances)
                if ready:
                    effects += ue_move.released(state, SourceReleased(event.site, move.id), now)
                    continue
            effects += move_orders.orders_of(state, move)
    for session in state.sessions.values():
        if session.site == event.site and session.state in ("opening", "closing"):
            effects += sessions.orders_of(state, session)
    return effects


def run_orders(site: Site, per_site: PerSite) -> list[Effect]:
    """What shall run at a site."""
    return [
        ToSite(site.site, application.run_instances(replicas))
        for app, replicas in site.placed.items()
        if (application := per_site.at(app, site.site)) is not None
    ]


def _copy(state: State, site: SiteId, status: SessionStatus, now: Nanoseconds) -> list[Effect]:
    """One copy that a site holds."""
    session = state.sessions.get(status.session)
    if status.state in ("restoring", "opening"):
        return []
    if (
        session is not None
        and session.state == "lost"
        and session.key == status.key
        and status.state == "serving"
    ):
        return sessions.found_again(state, session, status, now)
    if session is None or session.key != status.key or session.state == "lost":
        return [ToSite(site, DiscardSession(status.session, status.key, status.epoch))]
    move = state.moves.get(session.move) if session.move is not None else None
    if status.epoch < session.epoch and site != session.site and (move is None or site != move.order.source):
        return [ToSite(site, DiscardSession(status.session, status.key, status.epoch))]
    awaited = move is not None and (
        site == move.order.source or (site, status.epoch) == (move.order.target, move.order.epoch)
    )
    if status.state == "serving" and status.epoch > session.epoch and site != session.site and not awaited:
        return _served_elsewhere(state, session, site, status, now)
    if move is not None:
        return _copy_in_move(state, site, status, move, now)
    if site == session.site:
        if status.state in ("serving", "void") and status.epoch < session.epoch:
            return [ToSite(site, Unvoid(session.session, session.key, status.epoch, session.epoch))]
        if status.state == "serving" and status.epoch > session.epoch:
            session.epoch = status.epoch
            session.top_epoch = max(session.top_epoch, status.epoch)
        if status.state == "serving" and session.state == "opening":
            return sessions.opened(
                state, SessionOpened(site, session.session, status.epoch, status.generation), now
            )
    return []


def move_aborted(state: State, event: MoveAborted, now: Nanoseconds) -> list[Effect]:
    """The source serves on. Of a move that has ended: it went on, and has a copy like any other that is heard of."""
    move = state.moves.get(event.move)
    if move is None or not move.ended:
        return endings.aborted(state, event, now)
    order = move.order
    if event.epoch <= order.epoch:
        return []
    status = SessionStatus(
        order.session, order.key, order.ue, order.app, event.epoch, "serving", order.generation
    )
    return _copy(state, event.site, status, now)


def _served_elsewhere(
    state: State, session: Session, site: SiteId, status: SessionStatus, now: Nanoseconds
) -> list[Effect]:
    """A source that went on unheard serves under a later epoch than the site that is believed to serve: so it is there."""
    effects: list[Effect] = []
    move = state.moves.get(session.move) if session.move is not None else None
    if move is not None:
        effects += endings.abandoned(state, move, f"{session.session} is served by {site}", now)
    effects.append(ToSite(session.site, DiscardSession(session.session, session.key, session.epoch)))
    session.site, session.epoch = site, status.epoch
    session.top_epoch = max(session.top_epoch, status.epoch)
    session.generation = session.top_generation = session.top_generation + 1
    session.steered, session.service = False, ""
    return [*effects, *sessions.route_of(state, session, activate=True)]


def _copy_in_move(
    state: State, site: SiteId, status: SessionStatus, move: Move, now: Nanoseconds
) -> list[Effect]:
    order = move.order
    if site == order.target and status.epoch == order.epoch:
        effects = ue_move.activated(state, MoveActivated(site, move.id, now, status.tick, ""), now)
        if status.uplink_seen >= order.generation:
            effects += ue_move.uplink_seen(state, UplinkSeen(site, order.session, order.generation, now), now)
        return effects
    if site == order.source and status.state == "serving" and status.epoch > order.epoch:
        reason = "the source had resumed when it was heard again"
        return endings.aborted(state, MoveAborted(site, move.id, now, status.epoch, reason), now)
    return []


def every_route(state: State) -> list[Effect]:
    """Whoever keeps routes has started anew, or lost what it had: give it every route, and what moves wait for."""
    effects: list[Effect] = []
    for session in state.sessions.values():
        if session.state in ("lost", "closing") or session.site not in state.sites:
            continue
        effects += sessions.route_of(state, session, activate=session.opened)
    for move in state.under_way():
        effects += move_orders.orders_of(state, move)
    return effects


def epoch_voided(state: State, event: EpochVoided, now: Nanoseconds) -> list[Effect]:
    """A target is silent because its client refuses it: the source goes on, or, if it is released, the target does."""
    session = state.sessions.get(event.session)
    if session is None:
        return []
    move = state.moves.get(session.move) if session.move is not None else None
    if move is not None and move.order.epoch == event.epoch:
        return [ToSite(move.order.source, EpochRefused(move.order))]
    if session.site != event.site or session.state == "lost":
        return []
    if session.epoch == event.epoch:
        return [Propose(EpochRaised(session.session, session.epoch))]
    return [ToSite(event.site, Unvoid(session.session, session.key, event.epoch, session.epoch))]


def epoch_raised(state: State, event: EpochRaised, now: Nanoseconds) -> list[Effect]:
    session = state.sessions.get(event.session)
    return ue_move.raise_epoch(session) if session is not None and session.epoch == event.epoch else []


def repeat(state: State, now: Nanoseconds) -> list[Effect]:
    """Say again what moves and sessions have been waiting for; receivers know a repeated order."""
    effects: list[Effect] = []
    for move in state.under_way():
        entered = move.steps.get(move.state, now)
        if now - entered < SECOND // 2:
            continue
        effects += move_orders.orders_of(state, move)
        if move.state in UNDECIDED and now > move.order.deadline + SECOND:
            effects.append(ToSite(move.order.source, AbortMove(move.order, "its deadline passed")))
            effects.append(ToSite(move.order.target, AbortMove(move.order, "its deadline passed")))
    for session in state.sessions.values():
        if session.state in ("opening", "closing"):
            effects += sessions.orders_of(state, session)
        elif session.state == "serving" and session.move is None and not session.steered:
            effects += sessions.route_of(state, session, activate=True)
    return effects


DECIDES = table(on_state(MoveAborted, move_aborted), on_state(EpochRaised, epoch_raised))
HEARS = table(on_state(EpochVoided, epoch_voided))
