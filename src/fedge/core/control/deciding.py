"""Decisions from figures: where a session opens, whether it moves, what is late, which site is lost.

Everything here only proposes; what is proposed is journaled and then told in ``ue_move`` and ``sessions``.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedge.core.control import enabling, leaving, sessions, tenancy, visits
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events import (
    AskedAttach,
    AskedClose,
    AskedDrain,
    AskedHold,
    AskedMove,
    ClientAttached,
    HandoverDone,
    MoveExpired,
    MoveOverdue,
    MovePlanned,
    MovesHeld,
    MoveWaived,
    SessionClosing,
    SessionPlaced,
    SiteMarked,
)
from fedge.core.control.facts import site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session, Visit
from fedge.core.control.ue_move import move_id
from fedge.core.discovery import Decision, SiteFacts, decide
from fedge.core.federation import LOST_AFTER, SiteView, health
from fedge.core.messages import CellChanged, HandoverPredicted, MoveOrder
from fedge.core.mobility import Move, objection, retry_after
from fedge.core.mobility.move import AFTER, BEFORE_COPYING
from fedge.core.model import MS, SECOND, AppId, CellId, Nanoseconds, SiteId, UeId

SWEEP_AT_ONCE = 3
HOLD_FOR = SECOND
"""How long a warm target waits for a predicted handover."""
OVERDUE_AFTER = 5 * SECOND
SILENT_AFTER = 3 * SECOND
"""A client whose packets have not been seen for so long is taken for gone: nothing moves for it, nothing waits for it."""


def decision_for(
    known: Knowledge,
    session: Session | Visit,
    now: Nanoseconds,
    cell: CellId | None = None,
    sites: Sequence[SiteFacts] | None = None,
) -> Decision | None:
    """Discovery's answer for a session or visit that exists; ``sites`` if the caller has them for its application and instant."""
    ue, application = ue_facts(known, session.ue, now, cell), known.applications.get(session.app)
    if ue is None or application is None:
        return None
    return decide(
        ue, application, site_facts(known, session.app, now) if sites is None else sites, session.site
    )


# --- sessions ----------------------------------------------------------------------------------------------------------------


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
    ue = ue_facts(known, event.ue, now)
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


def close(known: Knowledge, event: AskedClose) -> list[Effect]:
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


# --- moves -------------------------------------------------------------------------------------------------------------------


def order_for(known: Knowledge, session: Session, target: SiteId, cause: str, now: Nanoseconds) -> MoveOrder:
    application = known.applications[session.app]
    return MoveOrder(
        move=move_id(known.state.next_move),
        session=session.session,
        key=session.key,
        ue=session.ue,
        app=session.app,
        schema=application.schema,
        source=session.site,
        target=target,
        epoch=session.top_epoch + 1,
        generation=session.top_generation + 1,
        deadline=now + int(application.mobility.deadline_ms * MS),
        cause=cause,
    )


def silent(known: Knowledge, ue: UeId, now: Nanoseconds) -> bool:
    """Has this UE's client not been heard lately?"""
    view = known.access.ues.get(ue)
    return view is None or now - view.heard_at > SILENT_AFTER


def _access(known: Knowledge, ue: UeId) -> str:
    """The kind of the cell that it was last seen in."""
    view = known.access.ues.get(ue)
    return view.sighting.kind if view is not None else ""


def _limit(known: Knowledge, session: Session) -> int:
    return known.applications[session.app].mobility.max_concurrent_moves_per_site


def consider(
    known: Knowledge,
    session: Session,
    now: Nanoseconds,
    cause: str,
    cell: CellId | None = None,
    sites: Sequence[SiteFacts] | None = None,
) -> list[Effect]:
    """Stay or Move for one session: at most one proposal."""
    if session.state != "serving" or session.move is not None:
        return []
    if now - session.aborted_at < retry_after(session.aborts):
        return []
    drained = health(known.state.sites[session.site], known.sites.get(session.site), now) == "draining"
    must_leave = drained or (session.app, session.site) in known.leaving
    held = known.state.hold_moves or known.settings.policy == "stay"
    if not must_leave and (held or silent(known, session.ue, now)):
        return []
    decision = decision_for(known, session, now, cell, sites)
    if decision is None or decision.decision != "move" or decision.best is None:
        return []
    busy, limit = known.state.moves_at(), _limit(known, session)
    if objection(
        decision.best, session.site, session.came_from, session.moved_at, busy, limit, now, must_leave
    ):
        return []
    waits = enabling.held_back(known, session, decision.best, now, must_leave)
    if waits is not None:
        return waits
    cause = "drain" if must_leave else cause
    order = order_for(known, session, decision.best, cause, now)
    hold = cause == "predicted" or (cause == "core" and cell is not None)
    return [
        Propose(
            MovePlanned(
                order,
                round(decision.gain_ms, 3),
                decision.because,
                must_leave,
                hold,
                _access(known, session.ue),
            )
        )
    ]


def cell_changed(known: Knowledge, event: CellChanged, now: Nanoseconds) -> list[Effect]:
    """The UE is in its new cell: a move that waited for that goes on, or was wrong; else its sessions are considered."""
    effects: list[Effect] = []
    for session in known.state.sessions.values():
        if session.ue != event.ue:
            continue
        move = known.state.moves.get(session.move) if session.move is not None else None
        if move is None:
            effects += consider(known, session, now, "handover")
        elif move.hold:
            effects += _held_move(known, session, move, now)
    return [*effects, *visits.cell_changed(known, event, now)]


def _held_move(known: Knowledge, session: Session, move: Move, now: Nanoseconds) -> list[Effect]:
    decision = decision_for(known, session, now)
    if decision is not None and decision.decision == "move" and decision.best == move.order.target:
        return [Propose(HandoverDone(move.id, _access(known, session.ue)))]
    return [Propose(MoveExpired(move.id, "the handover went elsewhere"))]


def handover_predicted(known: Knowledge, event: HandoverPredicted, now: Nanoseconds) -> list[Effect]:
    """A measurement report names the next cell: warm its best site before the radio gap."""
    effects: list[Effect] = []
    for session in known.state.sessions.values():
        if session.ue == event.ue:
            effects += consider(known, session, now, "predicted", event.cell)
    return effects


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
        busy, limit = known.state.moves_at(), _limit(known, session)
        why = objection(event.to, session.site, None, 0, busy, limit, now, ordered=True)
    if why:
        return [Reply(event.request, 409, {"code": "CONFLICT", "message": why})]
    waits = enabling.held_back(known, session, event.to, now, must_leave=False)
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
                order, round(gain, 3), "somebody wants it there", True, False, _access(known, session.ue)
            )
        ),
    ]


def drain(known: Knowledge, event: AskedDrain, now: Nanoseconds) -> list[Effect]:
    site = known.state.sites.get(event.site)
    if site is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no site {event.site}"})]
    here = [
        s for s in known.state.sessions.values() if s.site == event.site and s.state in ("serving", "opening")
    ]
    limit = max((_limit(known, s) for s in here), default=1)
    deadline_ms = max((known.applications[s.app].mobility.deadline_ms for s in here), default=0.0)
    mark = "ready" if event.undo else "draining"
    until_ms = (now - known.settings.started_at) / MS + deadline_ms * -(-len(here) // limit)
    within_ms = round(deadline_ms * -(-len(here) // limit))
    visiting = sum(visit.site == event.site for visit in known.state.visits.values())
    body = {
        "site": event.site,
        "sessions": len(here),
        "visits": visiting,
        "deadline_ms": round(until_ms),
        "within_ms": within_ms,
    }
    return [Reply(event.request, 202, body), Propose(SiteMarked(event.site, mark, "asked by hand"))]


def hold(known: Knowledge, event: AskedHold) -> list[Effect]:
    """Stop or allow moves that nobody ordered."""
    effects: list[Effect] = [Reply(event.request, 200, {"hold_moves": event.hold})]
    return effects if known.state.hold_moves == event.hold else [*effects, Propose(MovesHeld(event.hold))]


# --- time --------------------------------------------------------------------------------------------------------------------


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Some sessions at each call, all of them about twice a second: figures change without a handover too.

    At most one proposal a call: the next sees what it changed.
    """
    names = tuple(known.state.sessions)
    facts: dict[AppId, list[SiteFacts]] = {}
    for _ in range(min(len(names), SWEEP_AT_ONCE + len(names) // 10)):
        known.swept = (known.swept + 1) % len(names)
        session = known.state.sessions[names[known.swept]]
        if session.app not in facts:
            facts[session.app] = site_facts(known, session.app, now)
        found = consider(known, session, now, "rebalance", sites=facts[session.app])
        if found:
            return found
    return []


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
            gone = since > SILENT_AFTER and silent(known, one.order.ue, now)
            if session is None or session.state == "closing" or gone:
                effects.append(Propose(MoveWaived(one.id, "its player left")))
    return effects


def leases(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """A site not heard for ``LOST_AFTER`` is lost."""
    effects: list[Effect] = []
    for name, site in known.state.sites.items():
        view = known.sites.setdefault(name, SiteView(heard_at=now))  # after a restart the lease begins anew
        if site.marked != "lost" and now - view.heard_at > LOST_AFTER:
            effects.append(Propose(SiteMarked(name, "lost", f"not heard for {LOST_AFTER // SECOND} s")))
    return effects
