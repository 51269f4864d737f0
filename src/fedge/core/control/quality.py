"""Quality sessions in the control plane: what a client may have, what the operator is asked for it, and when it ends.

Asked → decided (journaled) → asked of the operator and told to the client's sink. What the operator answers are figures; what
follows from them is proposed. Neighbours: `core/quality` has the rules, `quality_by_policy.py` the platform's own sessions,
`api/camara/quality_on_demand.py` the words of CAMARA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from msgspec.structs import replace

from fedge.core.applications.application import namespace_of_app
from fedge.core.control.effects import Effect, Propose, Reply, Story, ToOperator, ToSink
from fedge.core.control.events import (
    AskedProfileMark,
    AskedQuality,
    AskedQualityEnd,
    AskedQualityExtension,
    ProfileMarked,
    QualityDropped,
    QualityEnded,
    QualityExtended,
    QualityOpened,
    QualityStarted,
)
from fedge.core.control.knowledge import Knowledge, QualitySaid, Trouble
from fedge.core.control.state import Session
from fedge.core.messages import (
    QualityForgotten,
    QualityGranted,
    QualityKept,
    QualityLost,
    QualityRefused,
    QualityTold,
    ReleaseQuality,
    RequestQuality,
)
from fedge.core.model import SECOND, Address, Nanoseconds, UeId
from fedge.core.quality import (
    ENDS,
    KEPT_FOR,
    MARGIN_S,
    Profile,
    QualitySession,
    Way,
    carried,
    conflicting,
    ended,
    expires_at,
    extended,
    next_state,
    profile_of,
    started,
    status_of,
    suits,
)
from fedge.core.steering.redirect import STEERED

MOST_OF_AN_OWNER = 1000
"""So many quality sessions are kept for one client; a QoSPolicy's do not count."""
ASK_AGAIN = 2 * SECOND
PATIENCE = 20 * SECOND
"""So long the operator is asked again that has no answer or no room now; then the network has ended the session."""


ByUe = Mapping[UeId, Sequence[Session]]
"""Game sessions that are not lost."""


# --- questions ---------------------------------------------------------------------------------------------------------------


def asked(known: Knowledge, event: AskedQuality, now: Nanoseconds) -> list[Effect]:
    """May this session be? ``event.session`` has no reference yet."""
    one, kept = event.session, known.state.quality
    profile = profile_of(one.profile, known.references)
    if profile is None:
        return [_no(event.request, 400, "INVALID_ARGUMENT", f"there is no QoS profile {one.profile}")]
    if (status := status_of(profile, known.references, kept.marks)) != "ACTIVE":
        said = f"the QoS profile {one.profile} is {status}"
        return [_no(event.request, 422, "QOS_PROFILE_NOT_APPLICABLE", said)]
    if not profile.shortest_s <= one.seconds <= profile.longest_s:
        said = f"{one.profile} is served for {profile.shortest_s} to {profile.longest_s} s"
        return [_no(event.request, 400, "DURATION_OUT_OF_RANGE", said)]
    if not suits(_kind(known, one.flow.ue)):
        said = "the device is on an access where no quality of service is served"
        return [_no(event.request, 422, "SERVICE_NOT_APPLICABLE", said)]
    of_owner = [other for other in kept.sessions.values() if other.owner == one.owner]
    if sum(other.session is None for other in of_owner) >= MOST_OF_AN_OWNER:
        said = f"{MOST_OF_AN_OWNER} sessions are kept for a client; delete some"
        return [_no(event.request, 429, "QUOTA_EXCEEDED", said)]
    if (other := conflicting(one.flow, of_owner)) is not None:
        return [_no(event.request, 409, "CONFLICT", f"the flow is that of {_named(other)} already")]
    made = replace(one, reference=profile.reference, asked_at=now)
    return [Propose(QualityOpened(made)), Reply(event.request, 201, {"id": one.id})]


def _named(one: QualitySession) -> str:
    whose = f"the QoSPolicy's session {one.id}" if one.session is not None else f"session {one.id}"
    return f"{whose} ({one.status})"


def _kind(known: Knowledge, ue: UeId) -> str:
    view = known.access.ues.get(ue)
    return view.sighting.kind if view is not None else ""


def asked_extension(known: Knowledge, event: AskedQualityExtension) -> list[Effect]:
    one = owned(known, event.id, event.owner, event.ue)
    if one is None:
        return [_no(event.request, 404, "NOT_FOUND", "there is no such session")]
    if next_state(one.status, "extended") is None:
        said = f"the session is {one.status}; only an AVAILABLE one can be extended"
        return [_no(event.request, 409, "SESSION_EXTENSION_NOT_ALLOWED", said)]
    profile = profile_of(one.profile, known.references)
    longest_s = profile.longest_s if profile is not None else Profile("", "").longest_s
    seconds = extended(one, event.additional_s, longest_s).seconds
    return [Propose(QualityExtended(one.id, seconds)), Reply(event.request, 200, {"id": one.id})]


def asked_end(known: Knowledge, event: AskedQualityEnd) -> list[Effect]:
    one = owned(known, event.id, event.owner, event.ue)
    if one is None:
        return [_no(event.request, 404, "NOT_FOUND", "there is no such session")]
    end = QualityEnded(one.id, "DELETE_REQUESTED", "its client asked for it")
    return [Propose(end), Reply(event.request, 204, {})]


def asked_mark(known: Knowledge, event: AskedProfileMark) -> list[Effect]:
    if profile_of(event.profile, known.references) is None:
        return [_no(event.request, 404, "NOT_FOUND", f"there is no QoS profile {event.profile}")]
    reply = Reply(event.request, 200, {"profile": event.profile, "status": event.status})
    return [Propose(ProfileMarked(event.profile, event.status)), reply]


def owned(known: Knowledge, name: str, owner: str, ue: UeId | None) -> QualitySession | None:
    """The session of this name, if this client asked for it (and, with a three-legged token, if it is the ``ue``'s)."""
    one = known.state.quality.sessions.get(name)
    if one is None or one.owner != owner or one.session is not None or ue not in (None, one.flow.ue):
        return None
    return one


def _no(request: int, status: int, code: str, message: str) -> Reply:
    return Reply(request, status, {"code": code, "message": message})


# --- decided -----------------------------------------------------------------------------------------------------------------


def opened(known: Knowledge, event: QualityOpened, now: Nanoseconds) -> list[Effect]:
    kept, one = known.state.quality, event.session
    kept.sessions[one.id] = one
    if one.session is not None:
        kept.next_own += 1
    return _ask(known, one, _by_ue(known), now)


def begun(known: Knowledge, event: QualityStarted, now: Nanoseconds) -> list[Effect]:
    one = known.state.quality.sessions.get(event.id)
    if one is None or next_state(one.status, "granted") is None:
        return []
    one = known.state.quality.sessions[one.id] = started(one, now)
    return [_story(one, f"is served as {one.profile}", now), *_told(one, now)]


def lengthened(known: Knowledge, event: QualityExtended, now: Nanoseconds) -> list[Effect]:
    one = known.state.quality.sessions.get(event.id)
    if one is None or next_state(one.status, "extended") is None:
        return []
    one = known.state.quality.sessions[one.id] = replace(one, seconds=event.seconds)
    return _ask(known, one, _by_ue(known), now)


def over(known: Knowledge, event: QualityEnded, now: Nanoseconds) -> list[Effect]:
    """It ends. What its client, or Fedge, has ended is not kept; the rest is, to be read."""
    kept = known.state.quality
    one = kept.sessions.get(event.id)
    if one is None or next_state(one.status, ENDS[event.info]) is None:
        return []
    deleted = event.info == "DELETE_REQUESTED"
    effects: list[Effect] = []
    if one.live:
        last = ended(one, event.info, event.reason, now)
        kept.sessions[one.id] = last
        kept.ended[event.info] = kept.ended.get(event.info, 0) + 1
        effects = [
            ToOperator(ReleaseQuality(one.id)),
            _story(last, f"has no quality any more: {event.reason}", now),
        ]
        if one.status == "AVAILABLE" or not deleted:
            effects += _told(last, now)
    if deleted:
        del kept.sessions[one.id]
    _forget(known, one.id)
    return effects


def dropped(known: Knowledge, event: QualityDropped) -> None:
    known.state.quality.sessions.pop(event.id, None)


def client_gone(known: Knowledge, owner: str, now: Nanoseconds) -> list[Effect]:
    """Its client is no more, and a later one of that name is somebody else. Its sinks are told nothing.

    A QoSPolicy that is still there asks anew, for whoever has its namespace then.
    """
    kept, effects = known.state.quality, list[Effect]()
    for one in [one for one in kept.sessions.values() if one.owner == owner]:
        if one.live:
            said = "its client's tenant was deleted"
            kept.ended["DELETE_REQUESTED"] = kept.ended.get("DELETE_REQUESTED", 0) + 1
            last = ended(one, "DELETE_REQUESTED", said, now)
            effects += [
                ToOperator(ReleaseQuality(one.id)),
                _story(last, f"has no quality any more: {said}", now),
            ]
        del kept.sessions[one.id]
        _forget(known, one.id)
    return effects


def marked(known: Knowledge, event: ProfileMarked) -> None:
    known.state.quality.marks[event.profile] = event.status


def _told(one: QualitySession, now: Nanoseconds) -> list[Effect]:
    if one.sink is None:
        return []
    facts = {"id": one.id, "status": one.status, "info": one.info, "at": now}
    return [ToSink(one.owner, one.sink, "quality", facts)]


def _story(one: QualitySession, says: str, now: Nanoseconds) -> Story:
    facts = {"quality": one.id, "ue": one.flow.ue, "profile": one.profile, "status": one.status}
    return Story(f"{one.flow.ue}'s flow to {one.flow.server} {says}", now, facts)


# --- the operator --------------------------------------------------------------------------------------------------------------


def heard(
    known: Knowledge, event: QualityGranted | QualityRefused | QualityLost | QualityKept, now: Nanoseconds
) -> list[Effect]:
    """The operator's word about a flow."""
    one = known.state.quality.sessions.get(event.flow)
    if one is None or not one.live:
        return [ToOperator(ReleaseQuality(event.flow))] if isinstance(event, QualityGranted) else []
    match event:
        case QualityGranted():
            known.quality_trouble.pop(one.id, None)
            waited = next_state(one.status, "granted") is not None
            return [Propose(QualityStarted(one.id))] if waited else []
        case QualityRefused(final=False):
            trouble = known.quality_trouble.get(one.id)
            since = trouble.since if trouble is not None else now
            known.quality_trouble[one.id] = Trouble(event.reason, since, now)
            return []
        case QualityKept():
            (known.unfulfilled.discard if event.fulfilled else known.unfulfilled.add)(one.id)
            return []
        case _:
            return [Propose(QualityEnded(one.id, "NETWORK_TERMINATED", event.reason))]


def told_again(known: Knowledge, event: QualityForgotten, now: Nanoseconds) -> list[Effect]:
    """The gateway knows nothing: everything that is wanted, and that this was all."""
    known.quality_said.clear()
    sessions = _by_ue(known)
    kept = known.state.quality.sessions.values()
    return [
        *(effect for one in kept for effect in _ask(known, one, sessions, now)),
        ToOperator(QualityTold()),
    ]


def _ask(known: Knowledge, one: QualitySession, sessions: ByUe, now: Nanoseconds) -> list[Effect]:
    """Ask for it, unless the operator was asked for just that before."""
    if not one.live:
        return []
    ways, before = tuple(_ways(known, one, sessions.get(one.flow.ue, ()))), known.quality_said.get(one.id)
    if before is not None and (before.ways, before.seconds) == (ways, one.seconds):
        return []
    servers = carried(one.flow.server, ways)
    said = known.quality_said[one.id] = QualitySaid(ways, servers, one.seconds)
    if before is not None and (before.servers, before.seconds) == (said.servers, said.seconds):
        return []
    left_s = one.seconds if not one.started_at else ceil((expires_at(one) - now) / SECOND)
    request = RequestQuality(
        one.id,
        one.flow.ue,
        servers[0],
        one.reference,
        max(1, left_s) + MARGIN_S,
        server_ports=one.flow.server_ports,
        device_ports=one.flow.device_ports,
        further_servers=servers[1:],
    )
    return [ToOperator(request)]


def _by_ue(known: Knowledge) -> ByUe:
    found: dict[UeId, list[Session]] = {}
    for session in known.state.sessions.values():
        if session.state != "lost":
            found.setdefault(session.ue, []).append(session)
    return found


def _ways(known: Knowledge, one: QualitySession, sessions: Sequence[Session]) -> Iterator[Way]:
    """Of those of the UE's ``sessions`` that the owner may know of."""
    for session in sessions:
        stable = known.service_of(session.app)
        own = one.session in (None, session.session) and one.owner in ("", namespace_of_app(session.app))
        if stable and own:
            yield Way(Address(stable), Address(session.service), _coming(known, session))


def _coming(known: Knowledge, session: Session) -> Address:
    """Where a move would redirect the client to; empty if it goes to no other site, or the core network leads its packets."""
    move = known.state.moves.get(session.move) if session.move is not None else None
    if move is None or not (session.redirected or _kind(known, session.ue) not in STEERED):
        return Address("")
    return known.settings.site_services.get(move.order.target, Address(""))


# --- time --------------------------------------------------------------------------------------------------------------------


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """What is over, what the operator keeps silent about, and what it must be asked afresh since a client sends elsewhere."""
    effects: list[Effect] = []
    sessions = _by_ue(known) if known.state.quality.sessions else {}
    for one in known.state.quality.sessions.values():
        if one.live:
            effects += _looked_at(known, one, sessions, now)
        elif now - one.ended_at >= KEPT_FOR and one.session is None:
            effects.append(Propose(QualityDropped(one.id)))
    return effects


def _looked_at(known: Knowledge, one: QualitySession, sessions: ByUe, now: Nanoseconds) -> list[Effect]:
    if one.status == "AVAILABLE" and now >= expires_at(one):
        return [Propose(QualityEnded(one.id, "DURATION_EXPIRED", "its duration has expired"))]
    trouble = known.quality_trouble.get(one.id)
    if trouble is not None and now - trouble.since >= PATIENCE:
        return [Propose(QualityEnded(one.id, "NETWORK_TERMINATED", trouble.reason))]
    if one.status == "REQUESTED" and trouble is None and now - one.asked_at >= PATIENCE:
        said = f"the operator has not answered within {PATIENCE // SECOND} s"
        return [Propose(QualityEnded(one.id, "NETWORK_TERMINATED", said))]
    if trouble is not None and now - trouble.at >= ASK_AGAIN:
        known.quality_trouble[one.id] = replace(trouble, at=now)
        known.quality_said.pop(one.id, None)
    return _ask(known, one, sessions, now)


def _forget(known: Knowledge, name: str) -> None:
    known.quality_said.pop(name, None)
    known.quality_trouble.pop(name, None)
    known.unfulfilled.discard(name)
