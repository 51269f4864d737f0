"""What is known of every site as far as one application is concerned, and of one UE, put together from the views."""

from __future__ import annotations

from fedge.core.control import leaving
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session
from fedge.core.discovery import SiteFacts, UeFacts
from fedge.core.discovery.load import load_term_ms
from fedge.core.federation import health
from fedge.core.messages import Cell
from fedge.core.model import MS, SECOND, AppId, CellId, Nanoseconds, SessionKey, SiteId, UeId
from fedge.core.quality import Flow, overlap

SILENT_AFTER = 3 * SECOND
"""A client whose packets have not been seen for so long is taken for gone: nothing moves for it, nothing waits for it."""


def site_facts(known: Knowledge, app: str, now: Nanoseconds) -> list[SiteFacts]:
    """Every site, as far as ``app`` is concerned."""
    promised: dict[SiteId, int] = {}
    for session in known.state.sessions.values():
        if session.app == app and session.state != "lost":
            promised[session.site] = promised.get(session.site, 0) + 1
    for visit in known.state.visits.values():
        if visit.app == app:
            promised[visit.site] = promised.get(visit.site, 0) + 1
    for move in known.state.under_way():
        if move.state in ("PLANNED", "WARMING", "COPYING", "FROZEN"):
            promised[move.order.target] = promised.get(move.order.target, 0) + 1
    facts = []
    for name, site in known.state.sites.items():
        view = known.sites.get(name)
        ready = [i for i in view.instances if i.app == app and i.state == "ready"] if view is not None else []
        facts.append(
            SiteFacts(
                name,
                state=health(site, view, now),
                ready_instances=len(ready),
                sessions=promised.get(name, 0),
                capacity=sum(i.capacity for i in ready),
                load=view.load if view is not None else 0.0,
                load_age_ms=(now - view.heard_at) / MS if view is not None else 1e9,
                schema=ready[0].schema if ready else "",
                barred=leaving.barred(known, AppId(app), name),
            )
        )
    return facts


def ue_facts(
    known: Knowledge, ue: UeId, app: AppId, now: Nanoseconds, cell: CellId | None = None
) -> UeFacts | None:
    """What is known of a UE that plays ``app``, at ``cell`` if that is where it is going. None if it was never seen."""
    view = known.access.ues.get(ue)
    if view is None:
        return None
    at: Cell | None = known.access.cells.get(cell if cell is not None else view.sighting.cell)
    paths = at.path_rtt_ms if at is not None else {}
    kind = at.kind if at is not None else view.sighting.kind
    age_ms = max(0.0, (now - view.seen_at) / MS)
    where = at.cell if at is not None else view.sighting.cell
    queue_ms = 0.0 if goes_before(known, ue, app) else known.access.queue_ms(where, now)
    return UeFacts(ue, where, kind, view.sighting.radio_rtt_ms, paths, age_ms, queue_ms)


def expected_rtt_ms(known: Knowledge, session: Session, now: Nanoseconds) -> float | None:
    """Of a session where it is served now, by the terms of ``core/discovery``; None where its UE or its path is not known."""
    ue, site = ue_facts(known, session.ue, session.app, now), known.sites.get(session.site)
    if ue is None or site is None or session.site not in ue.path_rtt_ms:
        return None
    path_ms = ue.path_rtt_ms[session.site] + load_term_ms(site.load)
    return ue.radio_rtt_ms + ue.queue_ms + path_ms


def outside_objective(known: Knowledge, session: Session, now: Nanoseconds) -> bool | None:
    """Is that more than its QoSPolicy wants? None: it wants nothing, or nothing is known."""
    application = known.applications.get(session.app)
    wanted = application.latency if application is not None else None
    expected_ms = expected_rtt_ms(known, session, now) if wanted is not None else None
    return None if wanted is None or expected_ms is None else expected_ms > wanted.objective_ms


def goes_before(known: Knowledge, ue: UeId, app: AppId) -> bool:
    """Is a quality of this UE's for its packets to ``app``, served, and kept: do they go before the rest of its cell?"""
    host, _, port = known.service_of(app).rpartition(":")
    if not host:
        return False
    packets = Flow(ue, host, ((int(port), int(port)),))
    kept = (
        one for one in known.qualities_of(ue) if one.status == "AVAILABLE" and one.id not in known.unfulfilled
    )
    return any(overlap(one.flow, packets) for one in kept)


def silent(known: Knowledge, ue: UeId, key: SessionKey, now: Nanoseconds) -> bool:
    """Has no gateway heard this session's client lately, or has the network lost its UE since it did?"""
    view, client = known.access.ues.get(ue), known.access.clients.get(key)
    if view is None or client is None or now - client.heard_at > SILENT_AFTER:
        return True
    return view.lost_at > client.heard_at


def kind_of(known: Knowledge, ue: UeId) -> str:
    """Of the access that the UE is on; empty while it is not known."""
    view = known.access.ues.get(ue)
    return view.sighting.kind if view is not None else ""
