"""What is lost: with a site and all that is on it, with an instance, with a target that refused after its source was lost.

Neighbours: `endings.py` has what a loss means for a move, `sessions.py` for a session; `reconcile.py` finds what was not lost.
"""

from __future__ import annotations

from fedge.core.control import endings, sessions, ue_move
from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, Story, ToAccess, ToSite
from fedge.core.control.events.moves import MoveWaived
from fedge.core.control.events.sites import SiteMarked
from fedge.core.control.state import Session, State
from fedge.core.messages import DiscardSession, RemoveRoute, SessionDiscarded, SessionLost, TargetRefused
from fedge.core.mobility.move import AFTER, UNDECIDED
from fedge.core.model import MoveId, Nanoseconds


def site_marked(state: State, event: SiteMarked, now: Nanoseconds) -> list[Effect]:
    """Drained, ready again, or lost with everything on it."""
    site = state.sites.get(event.site)
    if site is None or site.marked == event.mark:
        return []
    site.marked = event.mark
    facts = {"site": event.site, "mark": event.mark, "reason": event.reason}
    effects: list[Effect] = [Story(f"{event.site} is {event.mark}: {event.reason}", now, facts)]
    if event.mark != "lost":
        return effects
    site.lost_at = now
    for move in tuple(state.under_way()):
        if event.site in (move.order.source, move.order.target):
            effects += endings.site_lost(state, move, now)
    for session in state.sessions.values():
        if session.site == event.site and session.state != "lost":
            effects += _lost_with_site(state, session, now)
    return effects


def _lost_with_site(state: State, session: Session, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(session.move) if session.move is not None else None
    if move is not None and move.state in UNDECIDED and move.order.source == session.site:
        return []  # the target may be the writer by now: its word, or its recorded refusal, decides
    if session.state == "closing":
        return [ToAccess(RemoveRoute(session.session, session.key))]
    return sessions.lost(state, session, now)


def session_lost(state: State, event: SessionLost, now: Nanoseconds) -> list[Effect]:
    """Its site lives, and says that the session's state is gone with the instance that held it."""
    session = state.sessions.get(event.session)
    heard = ToSite(event.site, DiscardSession(event.session, event.key, event.epoch))
    if session is None or session.key != event.key or session.site != event.site:
        return [heard]
    if session.epoch > event.epoch or session.state == "lost":
        return [heard]
    move = state.moves.get(session.move) if session.move is not None else None
    effects: list[Effect] = [heard]
    if move is not None and move.state in AFTER:
        effects += ue_move.waived(state, MoveWaived(move.id, event.reason), now)
    elif move is not None:  # a source that had handed over says nothing: its target's answer decides
        effects += endings.abandoned(state, move, event.reason, now)
    if session.state == "closing":
        del state.sessions[event.session]
        return [*effects, ToAccess(RemoveRoute(session.session, session.key))]
    return [*effects, *sessions.lost(state, session, now)]


def target_refused(state: State, event: TargetRefused, now: Nanoseconds) -> list[Effect]:
    return [*endings.refused(state, event, now), *lost_after_all(state, event.move, now)]


def copy_discarded(state: State, event: SessionDiscarded, now: Nanoseconds) -> list[Effect]:
    session = state.sessions.get(event.session)
    move = session.move if session is not None else None
    gone = sessions.discarded(state, event, now)
    return gone if move is None else [*gone, *lost_after_all(state, move, now)]


def lost_after_all(state: State, move_id: MoveId, now: Nanoseconds) -> list[Effect]:
    """The target of a move whose source is lost has refused on record: nobody has the session."""
    move = state.moves.get(move_id)
    session = state.sessions.get(move.order.session) if move is not None else None
    if move is None or session is None or move.state != "ABORTED" or session.key != move.order.key:
        return []
    left = session.state == "serving" and session.move is None and state.sites[session.site].marked == "lost"
    return sessions.lost(state, session, now) if left else []


DECIDES = table(
    on_state(SiteMarked, site_marked),
    on_state(SessionLost, session_lost),
    on_state(TargetRefused, target_refused),
    on_state(SessionDiscarded, copy_discarded),
)
