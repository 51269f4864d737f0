"""A person orders a move, or that nothing moves unless a person or a drain orders it."""

from __future__ import annotations

from fedge.core.control import leaving, letting_go, visits
from fedge.core.control.deciding import decision_for, moves_at_once, order_for
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events.moves import AskedHold, AskedMove, MovePlanned, MovesHeld
from fedge.core.control.facts import kind_of
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.federation import health
from fedge.core.mobility import objection
from fedge.core.model import Nanoseconds


def move(known: Knowledge, event: AskedMove, now: Nanoseconds) -> list[Effect]:
    """A person orders a session to a site."""
    session = known.state.sessions.get(event.session)
    if session is None and event.session in known.state.visits:
        return visits.move(known, known.state.visits[event.session], event, now)
    if session is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no session {event.session}"})]
    site = known.state.sites.get(event.to)
    if site is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no site {event.to}"})]
    why = ""
    state = health(site, known.sites.get(event.to), now)
    if session.state != "serving":
        why = f"{event.session} is {session.state}"
    elif session.move is not None:
        why = f"{session.move} is under way"
    elif state != "ready":
        why = f"{event.to} is {state}"
    elif barred := leaving.barred(known, session.app, event.to):
        why = f"{event.to}: {barred}"
    else:
        busy, limit = known.state.moves_at(), moves_at_once(known, session)
        why = objection(event.to, session.site, None, 0, busy, limit, now, ordered=True)
    if why:
        return [Reply(event.request, 409, {"code": "CONFLICT", "message": why})]
    waits = letting_go.held_back(known, session, event.to, now, must_leave=False)
    if waits is not None:
        why = "its application does not let it go, or has been asked and has not answered (MEC 021)"
        return [Reply(event.request, 409, {"code": "CONFLICT", "message": why}), *waits]
    decision = decision_for(known, session, now)
    gain = 0.0
    if decision is not None:
        expected = {ranked.site: ranked.expected_rtt_ms or 0.0 for ranked in decision.sites}
        gain = expected.get(session.site, 0.0) - expected.get(event.to, 0.0)
    order = order_for(known, session, event.to, "ordered", now)
    return [
        Reply(
            event.request,
            202,
            {"move": order.move, "session": session.session, "from": session.site, "to": event.to},
        ),
        Propose(
            MovePlanned(
                order, round(gain, 3), "somebody wants it there", True, False, kind_of(known, session.ue)
            )
        ),
    ]


def hold(known: Knowledge, event: AskedHold, now: Nanoseconds) -> list[Effect]:
    """Stop or allow moves that nobody ordered."""
    effects: list[Effect] = [Reply(event.request, 200, {"hold_moves": event.hold})]
    return effects if known.state.hold_moves == event.hold else [*effects, Propose(MovesHeld(event.hold))]


def held(state: State, event: MovesHeld, now: Nanoseconds) -> None:
    state.hold_moves = event.hold


DECIDES = table(on_state(MovesHeld, held))
ANSWERS = table(on(AskedMove, move), on(AskedHold, hold))
