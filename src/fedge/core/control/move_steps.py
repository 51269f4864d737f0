"""What all steps of a move share: to enter a state, to tell it, to end. Neighbours: `ue_move.py` and `endings.py`."""

from __future__ import annotations

from fedge.core.control.effects import Effect, Story, ToAccess, ToSite
from fedge.core.control.state import Session, State
from fedge.core.messages import (
    CloseSession,
    RemoveRoute,
)
from fedge.core.mobility import Move, next_state
from fedge.core.model import MS, Nanoseconds
from fedge.core.steering.redirect import STEERED


def enter(move: Move, event: str, at: Nanoseconds) -> bool:
    """Take the transition if the table has it."""
    entered = next_state(move.state, event)
    if entered is None:
        return False
    move.state = entered
    move.steps[entered] = at
    return True


def story(move: Move, entered: str, at: Nanoseconds, sentence: str) -> Story:
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


def handed_over_in(move: Move) -> str:
    """How long nobody wrote, in words."""
    if "FROZEN" not in move.steps or "ACTIVATED" not in move.steps:
        return "the hand-over was not seen from here"
    return f"nobody wrote for {(move.steps['ACTIVATED'] - move.steps['FROZEN']) / MS:.1f} ms"


def end(state: State, move: Move) -> list[Effect]:
    session = state.sessions.get(move.order.session)
    state.forget_old_moves()
    if session is None or session.move != move.id:
        return []
    session.move = None
    return close(state, session)


def close(state: State, session: Session) -> list[Effect]:
    """Ask the serving site to end the session, once no move is under way."""
    if session.move is not None or session.state != "closing":
        return []
    return [
        ToSite(session.site, CloseSession(session.session, session.key, session.epoch)),
        ToAccess(RemoveRoute(session.session, session.key)),
    ]
