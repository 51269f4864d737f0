"""What clients ask: a session to play in, at first and again, and its end. Some answers wait for what a site or a route says.

Neighbours: `sessions.py` tells what becomes of a session; `visits/` answers for applications without the SDK.
"""

from __future__ import annotations

from fedge.core.control import sessions, tenancy, ue_move, visits
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events.moves import MoveWaived
from fedge.core.control.events.sessions import (
    AskedAttach,
    AskedClose,
    ClientAttached,
    SessionClosing,
    SessionPlaced,
)
from fedge.core.control.facts import site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.discovery import decide
from fedge.core.messages import RouteActivated, SessionRefused
from fedge.core.mobility.move import AFTER
from fedge.core.model import Nanoseconds

# --- questions ---------------------------------------------------------------------------------------------------------------


def attach(known: Knowledge, event: AskedAttach, now: Nanoseconds) -> list[Effect]:
    """A client looks for its session, or wants a new one."""
    application = known.applications.get(event.app)
    if application is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no application {event.app}"})]
    if visits.without_sdk(known, event.app):
        return visits.attach(known, event, now)
    name = sessions.session_id(event.app, event.ue, known.state)
    session = known.state.sessions.get(name)
    if session is not None and session.state != "lost":
        answer = sessions.attach_answer(known.state, session, event.request, known.reach(session))
        if answer is None:
            known.waiting.setdefault(name, []).append((event.request, False))
            return []
        if answer.status == 200:
            return [Propose(ClientAttached(event.request, name))]
        effects: list[Effect] = [answer]
        move = known.state.moves.get(session.move) if session.move is not None else None
        if move is not None and move.state in ("ACTIVATED", "STEERED"):
            effects.append(Propose(MoveWaived(move.id, "its client attached again")))
        return effects
    if why := tenancy.no_session_left(known, event.app):
        return [Reply(event.request, 429, {"code": "QUOTA_EXCEEDED", "message": why})]
    ue = ue_facts(known, event.ue, event.app, now)
    if ue is None:
        return [
            Reply(
                event.request,
                404,
                {"code": "NOT_FOUND", "message": f"no device {event.ue} is on the network"},
            )
        ]
    decision = decide(ue, application, site_facts(known, event.app, now), None)
    if decision.best is None:
        return [Reply(event.request, 503, {"code": "NO_SITE", "message": decision.because})]
    known.waiting.setdefault(name, []).append((event.request, True))
    return [Propose(SessionPlaced(name, event.key, event.app, event.ue, decision.best, decision.because))]


def close(known: Knowledge, event: AskedClose, now: Nanoseconds) -> list[Effect]:
    session = known.state.sessions.get(event.session)
    if session is None and event.session in known.state.visits:
        return visits.close(known.state.visits[event.session], event)
    if session is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no session {event.session}"})]
    effects: list[Effect] = [Reply(event.request, 202, {"session": event.session})]
    if session.state != "closing":
        effects.append(Propose(SessionClosing(event.session)))
    move = known.state.moves.get(session.move) if session.move is not None else None
    if move is not None and move.state in AFTER:
        effects.append(Propose(MoveWaived(move.id, "its client left")))
    return effects


# --- decided -----------------------------------------------------------------------------------------------------------------


def attached(known: Knowledge, event: ClientAttached, now: Nanoseconds) -> list[Effect]:
    session = known.state.sessions.get(event.session)
    return sessions.attached(known.state, event, known.reach(session) if session is not None else {})


def route_activated(known: Knowledge, event: RouteActivated, now: Nanoseconds) -> list[Effect]:
    """Packets go to the session's site: whoever waits for that has an answer."""
    session = known.state.sessions.get(event.session)
    if session is None or event.generation < session.generation:
        return []
    if event.generation == session.generation:
        sessions.steered(session, event)
    effects = ue_move.steered(known.state, event, now)
    for request, fresh in known.waiting.pop(event.session, []):
        answer = sessions.attach_answer(known.state, session, request, known.reach(session))
        if answer is not None and fresh:
            effects.append(Reply(request, answer.status, {**answer.body, "fresh": True}))
        elif answer is not None:
            effects.append(Propose(ClientAttached(request, session.session)))
    return effects


def site_refused(known: Knowledge, event: SessionRefused, now: Nanoseconds) -> list[Effect]:
    effects = sessions.refused(known.state, event, now)
    body = {"code": "NO_SITE", "message": f"{event.site} refused: {event.reason}; ask again"}
    waiting = known.waiting.pop(event.session, [])
    return [*effects, *(Reply(request, 503, body) for request, _ in waiting)]


DECIDES = table(
    on(ClientAttached, attached),
    on(RouteActivated, route_activated),
    on(SessionRefused, site_refused),
)
ANSWERS = table(on(AskedAttach, attach), on(AskedClose, close))
