"""One UE moves: the story, step by step, as the centre tells it. Each function is one thing that happened.

access → discovery → mobility.plan → WARMING → COPYING → (path ready) → (the two agents alone) → ACTIVATED → steering → CONFIRMED
→ RELEASED.
Neighbours: `move_orders.py` has what the centre orders in each state, `endings.py` what a move that does not arrive comes to,
`move_steps.py` what all steps share.
"""

from __future__ import annotations

from fedge.core.control.dispatch import on_state, table
from fedge.core.control.effects import Effect, ToSite
from fedge.core.control.events.moves import HandoverDone, MovePlanned, MoveWaived
from fedge.core.control.move_orders import orders_of, proceed
from fedge.core.control.move_steps import end, enter, handed_over_in, led, story
from fedge.core.control.state import Session, State
from fedge.core.messages import (
    DiscardSession,
    MoveActivated,
    MoveFrozen,
    RouteActivated,
    RouteInstalled,
    SourceReleased,
    TargetWarmed,
    Unvoid,
    UplinkSeen,
)
from fedge.core.mobility import Move
from fedge.core.mobility.move import AFTER
from fedge.core.model import MoveId, Nanoseconds

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
    told = story(
        move, "PLANNED", now, f"{order.session} → {order.target} ({CAUSES[order.cause]}): {event.reason}"
    )
    return [*orders_of(state, move), told]


def warmed(state: State, event: TargetWarmed, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not enter(move, "warmed", event.at):
        return []
    told = story(move, "WARMING", event.at, "a place is warm at the target")
    if not enter(move, "go", now):
        return [told]
    return [
        told,
        *orders_of(state, move),
        story(move, "COPYING", now, "copying state while the source serves"),
    ]


def route_installed(state: State, event: RouteInstalled, now: Nanoseconds) -> list[Effect]:
    """The path to the target is ready beside the old one."""
    move = _move_of(state, event.session, event.generation)
    if move is None or move.routed:
        return []
    move.routed = True
    return proceed(move)


def handover_done(state: State, event: HandoverDone, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not move.hold:
        return []
    move.hold, move.handover_at = False, now
    if event.access == move.access:
        return proceed(move)
    # a path that the core network made for the old access may be gone: steering says again when there is one
    move.access, move.routed = event.access, False
    return orders_of(state, move)


def frozen(state: State, event: MoveFrozen, now: Nanoseconds) -> list[Effect]:
    move = state.moves.get(event.move)
    if move is None or not enter(move, "frozen", event.at):
        return []
    move.tick, move.bytes_total = event.tick, event.bytes_total
    move.bytes_after_trigger = event.bytes_after_trigger
    return [
        story(
            move,
            "FROZEN",
            event.at,
            f"the source stopped after tick {event.tick}; the last changes are on their way",
        )
    ]


def activated(state: State, event: MoveActivated, now: Nanoseconds) -> list[Effect]:
    """The target is the writer."""
    move = state.moves.get(event.move)
    if move is None or not enter(move, "activated", event.at):
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
    told = story(move, "ACTIVATED", event.at, f"{move.order.target} writes from tick {event.tick + 1}")
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
    if move is None or not enter(move, "steered", event.at):
        return []
    move.steered, move.redirected = True, event.redirected
    said = f"{led(move.redirected, move.access)}, at generation {event.generation}"
    told = story(move, "STEERED", event.at, said)
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
        enter(move, "steered", now)
    return _confirm(state, move, now, f"nobody is left to confirm it: {event.reason}")


def _confirm(
    state: State,
    move: Move,
    now: Nanoseconds,
    said: str = "the player's packets arrive at the target directly",
) -> list[Effect]:
    if not move.uplink_seen or not enter(move, "confirmed", now):
        return []
    told = story(move, "CONFIRMED", now, said)
    if state.sites[move.order.source].marked == "lost":
        return [told, *released_by_loss(state, move, now)]
    return [*orders_of(state, move), told]


def released_by_loss(state: State, move: Move, now: Nanoseconds) -> list[Effect]:
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
    if move is None or not enter(move, "released", now):
        return []
    told = story(move, "RELEASED", now, f"{move.order.source} let go; {handed_over_in(move)}")
    return [told, *end(state, move)]


def _move_of(state: State, session_id: str, generation: int) -> Move | None:
    session = next((s for s in (state.sessions.get(session_id),) if s is not None), None)  # type: ignore[call-overload]
    if session is None or session.move is None:
        return None
    move = state.moves.get(session.move)
    return move if move is not None and move.order.generation == generation else None


def move_id(number: int) -> MoveId:
    return MoveId(f"m-{number}")


DECIDES = table(
    on_state(MovePlanned, planned),
    on_state(TargetWarmed, warmed),
    on_state(RouteInstalled, route_installed),
    on_state(HandoverDone, handover_done),
    on_state(MoveFrozen, frozen),
    on_state(MoveActivated, activated),
    on_state(UplinkSeen, uplink_seen),
    on_state(SourceReleased, released),
    on_state(MoveWaived, waived),
)
