"""A move that does not arrive: refused, given up in time, its site lost, planned on a wrong belief; and one that is late.

Before the target has been activated a move can be given up and the source serves on; after it only a source that went on under a
later epoch takes it back. Neighbour: `ue_move.py`, the story of a move that arrives.
"""

from __future__ import annotations

from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, Propose, ToAccess, ToSite
from fedge.core.control.events.moves import MoveExpired, MoveOverdue, MoveWaived
from fedge.core.control.facts import SILENT_AFTER, silent
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.move_steps import end, enter, story
from fedge.core.control.state import State
from fedge.core.control.ue_move import released_by_loss, waived
from fedge.core.messages import (
    AbortMove,
    ActivateRoute,
    DiscardSession,
    InstallRoute,
    MoveAborted,
    TargetRefused,
    WithdrawRoute,
)
from fedge.core.mobility import Move
from fedge.core.mobility.move import AFTER, BEFORE_COPYING, UNDECIDED
from fedge.core.model import SECOND, Nanoseconds

HOLD_FOR = SECOND
"""How long a warm target waits for a predicted handover."""
OVERDUE_AFTER = 5 * SECOND


def refused(state: State, event: TargetRefused, now: Nanoseconds) -> list[Effect]:
    """Before the copy: the target will not. Later: its recorded refusal, which ends the move only if the source is lost."""
    move = state.moves.get(event.move)
    if move is None:
        return []
    if move.state in UNDECIDED and state.sites[move.order.source].marked == "lost":
        return _abort(state, move, "lost", event.reason, now)
    return _abort(state, move, "refused", event.reason, now)


def expired(state: State, event: MoveExpired, now: Nanoseconds) -> list[Effect]:
    """Not to be begun, or, while it waits, not to be finished: the source then says that it serves on."""
    move = state.moves.get(event.move)
    if move is None:
        return []
    order = move.order
    if move.state == "COPYING" and move.waits:
        move.reason = event.reason
        return [ToSite(order.source, AbortMove(order, event.reason))]
    if move.state not in BEFORE_COPYING:
        return []
    tell: list[Effect] = [ToSite(order.target, AbortMove(order, event.reason))]
    return tell + _abort(state, move, "expired", event.reason, now)


def aborted(state: State, event: MoveAborted, now: Nanoseconds) -> list[Effect]:
    """The source serves on. If the target had been activated, its client never believed it: everything goes back."""
    move = state.moves.get(event.move)
    if move is None or move.ended:
        return []
    was, order = move.state, move.order
    if was in AFTER and event.epoch <= order.epoch:
        return []  # said before the hand-over and heard late: only a source that went on under a later epoch takes it back
    effects = _abort(state, move, "aborted", event.reason, now)
    session = state.sessions.get(order.session)
    if session is None or not effects:
        return effects
    if event.epoch > session.epoch or was in AFTER:
        session.epoch = max(session.epoch, event.epoch)
    if was in AFTER:
        session.site, session.top_generation = order.source, order.generation + 1
        session.generation = session.top_generation
        session.steered, session.service = False, ""
        gateway = state.sites[order.source].gateway
        effects += [
            ToAccess(
                InstallRoute(
                    session.session,
                    session.key,
                    session.ue,
                    session.generation,
                    order.source,
                    gateway,
                    session.app,
                )
            ),
            ToAccess(ActivateRoute(session.session, session.key, session.generation)),
        ]
    if event.epoch > order.epoch:
        effects.append(ToSite(order.target, DiscardSession(order.session, order.key, order.epoch)))
    return effects


def abandoned(state: State, move: Move, reason: str, now: Nanoseconds) -> list[Effect]:
    """The move was planned on a wrong belief of who has the session."""
    event = "expired" if move.state in BEFORE_COPYING else "lost"
    tell: list[Effect] = [ToSite(move.order.target, AbortMove(move.order, reason))]
    return tell + _abort(state, move, event, reason, now)


def site_lost(state: State, move: Move, now: Nanoseconds) -> list[Effect]:
    """What a lost site means for a move that it took part in."""
    order = move.order
    source_lost = state.sites[order.source].marked == "lost"
    if move.state in ("PLANNED", "WARMING"):
        return _abort(state, move, "expired", "a site of the move was lost", now)
    if move.state == "COPYING" and source_lost:
        return [ToSite(order.target, AbortMove(order, "the source was lost"))]
    if move.state == "CONFIRMED" and source_lost:
        return released_by_loss(state, move, now)
    if (
        not source_lost
    ):  # the target had become the writer, and its session is lost with it: the source's copy is too old
        return waived(state, MoveWaived(order.move, "the target was lost"), now)
    return []


def overdue(state: State, event: MoveOverdue, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or move.ended or move.overdue:
        return []
    move.overdue = True
    return [story(move, "OVERDUE", now, f"not confirmed by its deadline: still {move.state}")]


def _abort(state: State, move: Move, event: str, reason: str, now: Nanoseconds) -> list[Effect]:
    before, order = move.state, move.order
    if not enter(move, event, now):
        return []
    move.reason = reason
    session = state.sessions.get(order.session)
    if session is not None and not move.hold:  # a prediction that was wrong is no failure
        session.aborts, session.aborted_at = session.aborts + 1, now
    then = "" if event == "lost" else f"; {order.source} serves on"
    told = story(move, "ABORTED", now, f"given up: {reason}{then}")
    withdrawn: list[Effect] = []
    if before not in AFTER:
        withdrawn.append(ToAccess(WithdrawRoute(order.session, order.key, order.generation, order.target)))
    return [told, *withdrawn, *end(state, move)]


# --- time --------------------------------------------------------------------------------------------------------------------


def deadlines(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Moves that are late: given up while that is safe, else marked overdue; and those whose player is gone."""
    effects: list[Effect] = []
    for one in known.state.under_way():
        session = known.state.sessions.get(one.order.session)
        if one.hold and now > one.steps.get("PLANNED", now) + HOLD_FOR:
            effects.append(Propose(MoveExpired(one.id, "the predicted handover did not come")))
        elif one.state in BEFORE_COPYING and now > one.order.deadline + SECOND // 5:
            effects.append(
                Propose(MoveExpired(one.id, f"nothing to copy by its deadline: still {one.state}"))
            )
        elif now > one.order.deadline + OVERDUE_AFTER and not one.overdue:
            effects.append(Propose(MoveOverdue(one.id)))
        if one.state in AFTER and one.state != "CONFIRMED":
            since = now - one.steps.get("ACTIVATED", now)
            gone = since > SILENT_AFTER and silent(known, one.order.ue, one.order.key, now)
            if session is None or session.state == "closing" or gone:
                effects.append(Propose(MoveWaived(one.id, "its player left")))
    return effects


DECIDES = table(on_state(MoveExpired, expired), on_state(MoveOverdue, overdue))
