"""One UE moves: the story, step by step, as the centre tells it. Each function is one thing that happened.

access → discovery → mobility.plan → WARMING → COPYING → (path ready) → (the two agents alone) → ACTIVATED → steering → CONFIRMED
→ RELEASED.
The centre orders; ``orders_of`` says what a move in its present state waits for, and is repeated until it is answered.
"""

from __future__ import annotations

from fedge.core.control.effects import Effect, Story, ToAccess, ToSite
from fedge.core.control.events import HandoverDone, MoveExpired, MoveOverdue, MovePlanned, MoveWaived
from fedge.core.control.state import Session, State
from fedge.core.messages import (
    AbortMove,
    ActivateRoute,
    BeginCopy,
    CloseSession,
    DiscardSession,
    InstallRoute,
    MoveAborted,
    MoveActivated,
    MoveFrozen,
    Proceed,
    ReleaseSource,
    RemoveRoute,
    RouteActivated,
    RouteInstalled,
    SourceReleased,
    TargetRefused,
    TargetWarmed,
    Unvoid,
    UplinkSeen,
    WarmTarget,
    WithdrawRoute,
)
from fedge.core.mobility import Move, next_state
from fedge.core.mobility.move import AFTER, BEFORE_COPYING, UNDECIDED
from fedge.core.model import MS, MoveId, Nanoseconds
from fedge.core.steering.redirect import STEERED

CAUSES = {
    "handover": "its cell changed",
    "predicted": "a handover is predicted",
    "rebalance": "another site is better",
    "drain": "its site is drained",
    "ordered": "by order",
    "core": "the core network changes its path",
}


def planned(state: State, event: MovePlanned, now: Nanoseconds) -> list[Effect]:
    """A move begins: its numbers are given out once and for all."""
    order = event.order
    session = state.sessions.get(order.session)
    if session is None or session.move is not None or session.state != "serving" or order.move in state.moves:
        return []
    move = Move(order, gain_ms=event.gain_ms, reason=event.reason, ordered=event.ordered, hold=event.hold)
    move.access = event.access
    state.moves[order.move] = move
    state.next_move += 1
    session.move = order.move
    session.top_epoch, session.top_generation = order.epoch + 1, order.generation
    move.steps["PLANNED"] = now
    told = _told(
        move, "PLANNED", now, f"{order.session} → {order.target} ({CAUSES[order.cause]}): {event.reason}"
    )
    return [*orders_of(state, move), told]


def warmed(state: State, event: TargetWarmed, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not _enter(move, "warmed", event.at):
        return []
    told = _told(move, "WARMING", event.at, "a place is warm at the target")
    if not _enter(move, "go", now):
        return [told]
    return [
        told,
        *orders_of(state, move),
        _told(move, "COPYING", now, "copying state while the source serves"),
    ]


def route_installed(state: State, event: RouteInstalled, now: Nanoseconds) -> list[Effect]:
    """The path to the target is ready beside the old one."""
    move = _move_of(state, event.session, event.generation)
    if move is None or move.routed:
        return []
    move.routed = True
    return _proceed(move)


def handover_done(state: State, event: HandoverDone, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not move.hold:
        return []
    move.hold, move.handover_at = False, now
    if event.access == move.access:
        return _proceed(move)
    # a path that the core network made for the old access may be gone: steering says again when there is one
    move.access, move.routed = event.access, False
    return orders_of(state, move)


def _proceed(move: Move) -> list[Effect]:
    """Nothing holds the copy back any more: from here to activation the two agents need only each other."""
    if move.state != "COPYING" or move.waits:
        return []
    return [ToSite(move.order.source, Proceed(move.order))]


def frozen(state: State, event: MoveFrozen, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not _enter(move, "frozen", event.at):
        return []
    move.tick, move.bytes_total = event.tick, event.bytes_total
    move.bytes_after_trigger = event.bytes_after_trigger
    return [
        _told(
            move,
            "FROZEN",
            event.at,
            f"the source stopped after tick {event.tick}; the last changes are on their way",
        )
    ]


def activated(state: State, event: MoveActivated, now: Nanoseconds) -> list[Effect]:
    """The target is the writer."""
    move = state.moves.get(event.move)
    if move is None or not _enter(move, "activated", event.at):
        return _too_late(state, move) if move is not None else []
    move.tick = move.tick or event.tick
    session = state.sessions[move.order.session]
    session.site, session.epoch, session.generation = (
        move.order.target,
        move.order.epoch,
        move.order.generation,
    )
    session.came_from, session.moved_at, session.aborts = move.order.source, now, 0
    session.steered, session.service = False, ""
    told = _told(move, "ACTIVATED", event.at, f"{move.order.target} writes from tick {event.tick + 1}")
    return [*orders_of(state, move), told]


def _too_late(state: State, move: Move) -> list[Effect]:
    """Activated after its client had refused it and the source went on: nobody hears that copy."""
    order = move.order
    session = state.sessions.get(order.session)
    if (
        move.state != "ABORTED"
        or session is None
        or (session.key == order.key and session.epoch <= order.epoch)
    ):
        return []
    return [ToSite(order.target, DiscardSession(order.session, order.key, order.epoch))]


def steered(state: State, event: RouteActivated, now: Nanoseconds) -> list[Effect]:
    move = _move_of(state, event.session, event.generation)
    if move is None or not _enter(move, "steered", event.at):
        return []
    move.steered, move.redirected = True, event.redirected
    said = f"{led(move.redirected, move.access)}, at generation {event.generation}"
    told = _told(move, "STEERED", event.at, said)
    return [told, *_confirm(state, move, now)]


def uplink_seen(state: State, event: UplinkSeen, now: Nanoseconds) -> list[Effect]:
    """The client, believing the target, was heard at the target straight from the user plane."""
    move = _move_of(state, event.session, event.generation)
    if move is None or event.site != move.order.target:
        return []
    move.uplink_seen = True
    return _confirm(state, move, now)


def waived(state: State, event: MoveWaived, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or move.state not in AFTER:
        return []
    move.uplink_seen, move.waived = True, not move.uplink_seen
    if move.state == "ACTIVATED":
        _enter(move, "steered", now)
    return _confirm(state, move, now, f"nobody is left to confirm it: {event.reason}")


def _confirm(
    state: State,
    move: Move,
    now: Nanoseconds,
    said: str = "the player's packets arrive at the target directly",
) -> list[Effect]:
    if not move.uplink_seen or not _enter(move, "confirmed", now):
        return []
    told = _told(move, "CONFIRMED", now, said)
    if state.sites[move.order.source].marked == "lost":
        return [told, *_released_by_loss(state, move, now)]
    return [*orders_of(state, move), told]


def _released_by_loss(state: State, move: Move, now: Nanoseconds) -> list[Effect]:
    """The source is lost and cannot let go. Unless the client was heard to believe the target, it may have gone on, and may

    come back: so the session goes on above every epoch that the source could have (invariant 7).
    """
    session = state.sessions.get(move.order.session)
    effects = released(state, SourceReleased(move.order.source, move.id), now)
    if session is None or not move.waived or session.site != move.order.target:
        return effects
    return [*effects, *raise_epoch(session)]


def raise_epoch(session: Session) -> list[Effect]:
    """The one copy that is left goes on under an epoch that nobody was ever given."""
    before = session.epoch
    session.epoch = session.top_epoch = session.top_epoch + 1
    return [ToSite(session.site, Unvoid(session.session, session.key, before, session.epoch))]


def released(state: State, event: SourceReleased, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not _enter(move, "released", now):
        return []
    told = _told(move, "RELEASED", now, f"{move.order.source} let go; {_handed_over_in(move)}")
    return [told, *_end(state, move)]


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


def overdue(state: State, event: MoveOverdue, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or move.ended or move.overdue:
        return []
    move.overdue = True
    return [_told(move, "OVERDUE", now, f"not confirmed by its deadline: still {move.state}")]


def site_lost(state: State, move: Move, now: Nanoseconds) -> list[Effect]:
    """What a lost site means for a move that it took part in."""
    order = move.order
    source_lost = state.sites[order.source].marked == "lost"
    if move.state in ("PLANNED", "WARMING"):
        return _abort(state, move, "expired", "a site of the move was lost", now)
    if move.state == "COPYING" and source_lost:
        return [ToSite(order.target, AbortMove(order, "the source was lost"))]
    if move.state == "CONFIRMED" and source_lost:
        return _released_by_loss(state, move, now)
    if (
        not source_lost
    ):  # the target had become the writer, and its session is lost with it: the source's copy is too old
        return waived(state, MoveWaived(order.move, "the target was lost"), now)
    return []


def orders_of(state: State, move: Move) -> list[Effect]:
    """What the actor of the present state is asked to do. Said on entering the state and again until it is left."""
    order = move.order
    session = state.sessions.get(order.session)
    target = state.sites.get(order.target)
    if session is None or target is None:
        return []
    install = InstallRoute(
        order.session,
        order.key,
        order.ue,
        order.generation,
        order.target,
        target.gateway,
        order.app,
        access=move.access,
    )
    match move.state:
        case "PLANNED":
            return [ToSite(order.target, WarmTarget(order))]
        case "COPYING":
            route: list[Effect] = [] if move.routed else [ToAccess(install)]
            return [*route, ToSite(order.source, BeginCopy(order, move.waits)), *_proceed(move)]
        case "ACTIVATED":
            return [ToAccess(install), ToAccess(ActivateRoute(order.session, order.key, order.generation))]
        case "CONFIRMED":
            return [ToSite(order.source, ReleaseSource(order))]
        case _:
            return []


def close(state: State, session: Session) -> list[Effect]:
    """Ask the serving site to end the session, once no move is under way."""
    if session.move is not None or session.state != "closing":
        return []
    return [
        ToSite(session.site, CloseSession(session.session, session.key, session.epoch)),
        ToAccess(RemoveRoute(session.session, session.key)),
    ]


def _abort(state: State, move: Move, event: str, reason: str, now: Nanoseconds) -> list[Effect]:
    before, order = move.state, move.order
    if not _enter(move, event, now):
        return []
    move.reason = reason
    session = state.sessions.get(order.session)
    if session is not None and not move.hold:  # a prediction that was wrong is no failure
        session.aborts, session.aborted_at = session.aborts + 1, now
    then = "" if event == "lost" else f"; {order.source} serves on"
    told = _told(move, "ABORTED", now, f"given up: {reason}{then}")
    withdrawn: list[Effect] = []
    if before not in AFTER:
        withdrawn.append(ToAccess(WithdrawRoute(order.session, order.key, order.generation, order.target)))
    return [told, *withdrawn, *_end(state, move)]


def abandoned(state: State, move: Move, reason: str, now: Nanoseconds) -> list[Effect]:
    """The move was planned on a wrong belief of who has the session."""
    event = "expired" if move.state in BEFORE_COPYING else "lost"
    tell: list[Effect] = [ToSite(move.order.target, AbortMove(move.order, reason))]
    return tell + _abort(state, move, event, reason, now)


def _end(state: State, move: Move) -> list[Effect]:
    session = state.sessions.get(move.order.session)
    state.forget_old_moves()
    if session is None or session.move != move.id:
        return []
    session.move = None
    return close(state, session)


def _enter(move: Move, event: str, at: Nanoseconds) -> bool:
    """Take the transition if the table has it."""
    entered = next_state(move.state, event)
    if entered is None:
        return False
    move.state = entered
    move.steps[entered] = at
    return True


def _move_of(state: State, session_id: str, generation: int) -> Move | None:
    session = next((s for s in (state.sessions.get(session_id),) if s is not None), None)  # type: ignore[call-overload]
    if session is None or session.move is None:
        return None
    move = state.moves.get(session.move)
    return move if move is not None and move.order.generation == generation else None


def _told(move: Move, entered: str, at: Nanoseconds, sentence: str) -> Story:
    order = move.order
    facts = {
        "move": order.move,
        "session": order.session,
        "key": f"{order.key:016x}",
        "ue": order.ue,
        "from": order.source,
        "to": order.target,
        "cause": order.cause,
        "state": entered,
        "t_ns": at,
        "tick": move.tick,
        "epoch": order.epoch,
        "generation": order.generation,
        "reason": move.reason,
        "gain_ms": round(move.gain_ms, 3),
        "bytes_total": move.bytes_total,
        "bytes_after_trigger": move.bytes_after_trigger,
        "access": move.access,
    }
    if move.steered:
        facts["steering"] = "client" if move.redirected else "core"
    if move.handover_at and "WARMING" in move.steps:
        facts["warmed_before_ms"] = round((move.handover_at - move.steps["WARMING"]) / MS, 1)
    return Story(sentence, at, facts)


def led(redirected: bool, access: str) -> str:
    """By whom a session's packets are led where they shall go, in words."""
    if not redirected:
        return "steered by the 5G core (Traffic Influence)"
    if access in STEERED:
        return "its client is redirected: the core network does not steer it yet"
    return f"its client is redirected: {access} has no steering"


def _handed_over_in(move: Move) -> str:
    """How long nobody wrote, in words."""
    if "FROZEN" not in move.steps or "ACTIVATED" not in move.steps:
        return "the hand-over was not seen from here"
    return f"nobody wrote for {(move.steps['ACTIVATED'] - move.steps['FROZEN']) / MS:.1f} ms"


def move_id(number: int) -> MoveId:
    return MoveId(f"m-{number}")
