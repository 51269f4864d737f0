"""Stay or move: for one session, as figures change, and for all of them, a few at a time.

Everything here only proposes; what is proposed is journaled and then told in `ue_move.py`. Neighbours: `ordering.py`, moves that
a person wants; `endings.py`, moves that are late; `core/discovery`, which ranks the sites.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedge.core.control import letting_go, visits
from fedge.core.control.effects import Effect, Propose
from fedge.core.control.events.moves import (
    HandoverDone,
    MoveExpired,
    MovePlanned,
)
from fedge.core.control.facts import kind_of, silent, site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session, Visit
from fedge.core.control.ue_move import move_id
from fedge.core.discovery import Decision, SiteFacts, decide
from fedge.core.federation import health
from fedge.core.messages import CellChanged, HandoverPredicted, MoveOrder
from fedge.core.mobility import Move, objection, retry_after
from fedge.core.model import MS, AppId, CellId, Nanoseconds, SiteId

SWEEP_AT_ONCE = 3


def decision_for(
    known: Knowledge,
    session: Session | Visit,
    now: Nanoseconds,
    cell: CellId | None = None,
    sites: Sequence[SiteFacts] | None = None,
) -> Decision | None:
    """Discovery's answer for a session or visit that exists; ``sites`` if the caller has them for its application and instant."""
    ue, application = ue_facts(known, session.ue, session.app, now, cell), known.applications.get(session.app)
    if ue is None or application is None:
        return None
    return decide(
        ue, application, site_facts(known, session.app, now) if sites is None else sites, session.site
    )


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


def moves_at_once(known: Knowledge, session: Session) -> int:
    """So many moves a site may take part in, as the session's application says."""
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
    if not must_leave and (held or silent(known, session.ue, session.key, now)):
        return []
    decision = decision_for(known, session, now, cell, sites)
    if decision is None or decision.decision != "move" or decision.best is None:
        return []
    busy, limit = known.state.moves_at(), moves_at_once(known, session)
    if objection(
        decision.best, session.site, session.came_from, session.moved_at, busy, limit, now, must_leave
    ):
        return []
    waits = letting_go.held_back(known, session, decision.best, now, must_leave)
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
                kind_of(known, session.ue),
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
        return [Propose(HandoverDone(move.id, kind_of(known, session.ue)))]
    return [Propose(MoveExpired(move.id, "the handover went elsewhere"))]


def handover_predicted(known: Knowledge, event: HandoverPredicted, now: Nanoseconds) -> list[Effect]:
    """A measurement report names the next cell: warm its best site before the radio gap."""
    effects: list[Effect] = []
    for session in known.state.sessions.values():
        if session.ue == event.ue:
            effects += consider(known, session, now, "predicted", event.cell)
    return effects


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
