"""Quality sessions and the operator: what it is asked for each, what it says, and what time and moves change of that.

What it says are figures; what follows from them is proposed. Neighbours: `quality.py` decides, `core/quality/watch.py` knows
which must be looked at, `core/quality/flow.py` which addresses a UE's packets may carry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from msgspec.structs import replace

from fedge.core.applications.application import namespace_of_app
from fedge.core.control.apart import Faulty, apart, raised
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, ToOperator
from fedge.core.control.events.moves import MovePlanned
from fedge.core.control.events.quality import QualityDropped, QualityEnded, QualityStarted
from fedge.core.control.events.sessions import SessionPlaced
from fedge.core.control.facts import kind_of
from fedge.core.control.knowledge import Knowledge, QualitySaid
from fedge.core.control.state import Session
from fedge.core.messages import (
    CellChanged,
    Message,
    QualityForgotten,
    QualityGranted,
    QualityKept,
    QualityLost,
    QualityRefused,
    QualityTold,
    ReleaseQuality,
    RequestQuality,
)
from fedge.core.model import SECOND, Address, MoveId, Nanoseconds, SessionId, UeId
from fedge.core.quality import (
    MARGIN_S,
    PATIENCE,
    QualitySession,
    Trouble,
    Way,
    carried,
    expires_at,
    next_state,
)
from fedge.core.steering.redirect import STEERED

# --- what it says --------------------------------------------------------------------------------------------------------------


def heard(
    known: Knowledge, event: QualityGranted | QualityRefused | QualityLost | QualityKept, now: Nanoseconds
) -> list[Effect]:
    """The operator's word about a flow."""
    one = known.state.quality.sessions.get(event.flow)
    if one is None or not one.live:
        return [ToOperator(ReleaseQuality(event.flow))] if isinstance(event, QualityGranted) else []
    match event:
        case QualityGranted():
            _troubled(known, one, None)
            waited = next_state(one.status, "granted") is not None
            return [Propose(QualityStarted(one.id))] if waited else []
        case QualityRefused(final=False):
            before = known.quality_watch.trouble.get(one.id)
            since = before.since if before is not None else now
            _troubled(known, one, Trouble(event.reason, since, now))
            return []
        case QualityKept():
            (known.unfulfilled.discard if event.fulfilled else known.unfulfilled.add)(one.id)
            return []
        case _:
            return [Propose(QualityEnded(one.id, "NETWORK_TERMINATED", event.reason))]


def _troubled(known: Knowledge, one: QualitySession, trouble: Trouble | None) -> None:
    if trouble is not None:
        known.quality_watch.trouble[one.id] = trouble
    else:
        known.quality_watch.trouble.pop(one.id, None)
    known.quality_watch.put(one)


def told_again(known: Knowledge, event: QualityForgotten, now: Nanoseconds) -> list[Effect]:
    """The gateway knows nothing: everything that is wanted, and that this was all."""
    known.quality_said.clear()
    return [*ask(known, tuple(known.state.quality.sessions.values()), now), ToOperator(QualityTold())]


# --- what it is asked ----------------------------------------------------------------------------------------------------------


def ask(
    known: Knowledge, ones: Sequence[QualitySession], now: Nanoseconds, faulty: Faulty = raised
) -> list[Effect]:
    """Ask for those that live, unless the operator was asked for just that before. Looks through all sessions once."""
    ones = [one for one in ones if one.live]
    if not ones:
        return []
    of_ue: dict[UeId, list[Session]] = {one.flow.ue: [] for one in ones}
    for session in known.state.sessions.values():
        if session.ue in of_ue:
            of_ue[session.ue].append(session)
    return apart(ones, lambda one: _ask(known, one, of_ue[one.flow.ue], now), _named, faulty)


def _ask(
    known: Knowledge, one: QualitySession, sessions: Iterable[Session], now: Nanoseconds
) -> list[Effect]:
    ways, before = tuple(_ways(known, one, sessions)), known.quality_said.get(one.id)
    if before is not None and (before.ways, before.seconds) == (ways, one.seconds):
        return []
    flow, servers = one.flow, carried(one.flow.server, ways)
    known.quality_said[one.id] = QualitySaid(ways, servers, one.seconds)
    if before is not None and (before.servers, before.seconds) == (servers, one.seconds):
        return []
    left_s = one.seconds if not one.started_at else ceil((expires_at(one) - now) / SECOND)
    request = RequestQuality(
        one.id,
        flow.ue,
        servers[0],
        one.reference,
        max(1, left_s) + MARGIN_S,
        server_ports=flow.server_ports,
        device_ports=flow.device_ports,
        further_servers=servers[1:],
        served=one.status == "AVAILABLE",
    )
    return [ToOperator(request)]


def _ways(known: Knowledge, one: QualitySession, sessions: Iterable[Session]) -> Iterator[Way]:
    """Of those of the UE's ``sessions`` that the owner may know of."""
    for session in sessions:
        stable = known.service_of(session.app)
        own = one.session in (None, session.session) and one.owner in ("", namespace_of_app(session.app))
        if stable and own and session.state != "lost":
            yield Way(Address(stable), Address(session.service), _coming(known, session))


def _coming(known: Knowledge, session: Session) -> Address:
    """Where a move would redirect the client to; empty if it goes to no other site, or the core network leads its packets."""
    move = known.state.moves.get(session.move) if session.move is not None else None
    if move is None or not (session.redirected or kind_of(known, session.ue) not in STEERED):
        return Address("")
    return known.settings.site_services.get(move.order.target, Address(""))


# --- what changes --------------------------------------------------------------------------------------------------------------


def stir(known: Knowledge, event: Message) -> None:
    """An event about a UE, its session or its move may change where its client sends. To be called before it is handled.

    What changes in another way, with a site that is lost or a report of where everybody is, `Watch.stir_next` finds.
    """
    match event:
        case MovePlanned():
            known.quality_watch.stir(event.order.ue)
        case CellChanged() | SessionPlaced():
            known.quality_watch.stir(event.ue)
        case _:
            named, move = getattr(event, "session", None), getattr(event, "move", None)
            if isinstance(named, str) and named in known.state.sessions:
                known.quality_watch.stir(known.state.sessions[SessionId(named)].ue)
            if isinstance(move, str) and move in known.state.moves:
                known.quality_watch.stir(known.state.moves[MoveId(move)].order.ue)


def sweep(known: Knowledge, now: Nanoseconds, faulty: Faulty = raised) -> list[Effect]:
    """What is over, what the operator keeps silent about, and what it must be asked afresh since a client sends elsewhere."""
    kept, watch = known.state.quality.sessions, known.quality_watch
    due = [kept[name] for name in watch.due(now) if name in kept]
    for one in due:
        watch.put(one)  # it stays due until something has become of it
    proposed = apart(due, lambda one: _looked_at(known, one, now), _named, faulty)
    stirred, watch.stirred = watch.stirred, {}
    asked = ask(known, [one for ue in stirred for one in known.qualities_of(ue)], now, faulty)
    return [*asked, *proposed]  # the operator must not be asked for what it was told, just before, to release


def _looked_at(known: Knowledge, one: QualitySession, now: Nanoseconds) -> list[Effect]:
    """Its instant has come (``due_at``): why?"""
    trouble = known.quality_watch.trouble.get(one.id)
    if not one.live:
        return [Propose(QualityDropped(one.id))]
    if one.status == "AVAILABLE" and now >= expires_at(one):
        return [Propose(QualityEnded(one.id, "DURATION_EXPIRED", "its duration has expired"))]
    if trouble is None:
        said = f"the operator has not answered within {PATIENCE // SECOND} s"
        return [Propose(QualityEnded(one.id, "NETWORK_TERMINATED", said))]
    if now - trouble.since >= PATIENCE:
        return [Propose(QualityEnded(one.id, "NETWORK_TERMINATED", trouble.reason))]
    known.quality_said.pop(one.id, None)
    known.quality_watch.stir(one.flow.ue)
    _troubled(known, one, replace(trouble, at=now))
    return []


def _named(one: QualitySession) -> str:
    return f"quality session {one.id}"


HEARS = table(
    on(QualityGranted, heard),
    on(QualityRefused, heard),
    on(QualityLost, heard),
    on(QualityKept, heard),
    on(QualityForgotten, told_again),
)
