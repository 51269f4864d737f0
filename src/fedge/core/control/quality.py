"""Quality sessions in the control plane: what a client may have, and how what was decided (journaled) is kept.

Neighbours: `core/quality` has the rules, `quality_flows.py` asks the operator and hears it, `quality_by_policy.py` has the
platform's own sessions, `api/camara/quality_on_demand.py` the words of CAMARA.
"""

from __future__ import annotations

from msgspec.structs import replace

from fedge.core.control import quality_flows
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply, Story, ToOperator, ToSink
from fedge.core.control.events.quality import (
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
from fedge.core.control.facts import kind_of
from fedge.core.control.knowledge import Knowledge
from fedge.core.messages import ReleaseQuality
from fedge.core.model import Nanoseconds, UeId
from fedge.core.quality import (
    ENDS,
    Profile,
    QualitySession,
    conflicting,
    ended,
    extended,
    next_state,
    profile_of,
    started,
    status_of,
    suits,
)

MOST_OF_AN_OWNER = 1000
"""So many quality sessions are kept for one client; a QoSPolicy's do not count."""
MOST_OF_ALL = 10_000
"""And so many for all clients."""


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
    if not suits(kind_of(known, one.flow.ue)):
        said = "the device is on an access where no quality of service is served"
        return [_no(event.request, 422, "SERVICE_NOT_APPLICABLE", said)]
    if known.quality_watch.asked_by(one.owner) >= MOST_OF_AN_OWNER:
        said = f"{MOST_OF_AN_OWNER} sessions are kept for a client; delete some"
        return [_no(event.request, 429, "QUOTA_EXCEEDED", said)]
    if known.quality_watch.asked_in_all() >= MOST_OF_ALL:
        said = "as many sessions are kept for all clients as will be; ask again later"
        return [_no(event.request, 429, "QUOTA_EXCEEDED", said)]
    of_owner = [other for other in known.qualities_of(one.flow.ue) if other.owner == one.owner]
    if (other := conflicting(one.flow, of_owner)) is not None:
        return [_no(event.request, 409, "CONFLICT", f"the flow is that of {_named(other)} already")]
    made = replace(one, reference=profile.reference, asked_at=now)
    return [Propose(QualityOpened(made)), Reply(event.request, 201, {"id": one.id})]


def _named(one: QualitySession) -> str:
    whose = f"the QoSPolicy's session {one.id}" if one.session is not None else f"session {one.id}"
    return f"{whose} ({one.status})"


def asked_extension(known: Knowledge, event: AskedQualityExtension, now: Nanoseconds) -> list[Effect]:
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


def asked_end(known: Knowledge, event: AskedQualityEnd, now: Nanoseconds) -> list[Effect]:
    one = owned(known, event.id, event.owner, event.ue)
    if one is None:
        return [_no(event.request, 404, "NOT_FOUND", "there is no such session")]
    end = QualityEnded(one.id, "DELETE_REQUESTED", "its client asked for it")
    return [Propose(end), Reply(event.request, 204, {})]


def asked_mark(known: Knowledge, event: AskedProfileMark, now: Nanoseconds) -> list[Effect]:
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
    _keep(known, one)
    if one.session is not None:
        kept.next_own += 1
    return quality_flows.ask(known, [one], now)


def begun(known: Knowledge, event: QualityStarted, now: Nanoseconds) -> list[Effect]:
    one = known.state.quality.sessions.get(event.id)
    if one is None or next_state(one.status, "granted") is None:
        return []
    one = _keep(known, started(one, now))
    return [_story(one, f"is served as {one.profile}", now), *_told(one)]


def lengthened(known: Knowledge, event: QualityExtended, now: Nanoseconds) -> list[Effect]:
    one = known.state.quality.sessions.get(event.id)
    if one is None or next_state(one.status, "extended") is None:
        return []
    one = _keep(known, replace(one, seconds=event.seconds))
    return quality_flows.ask(known, [one], now)


def over(known: Knowledge, event: QualityEnded, now: Nanoseconds) -> list[Effect]:
    """It ends. What its client, or Fedge, has ended is not kept; the rest is, to be read."""
    kept = known.state.quality
    one = kept.sessions.get(event.id)
    if one is None or next_state(one.status, ENDS[event.info]) is None:
        return []
    deleted = event.info == "DELETE_REQUESTED"
    effects: list[Effect] = []
    if one.live:
        _unsay(known, one)
        last = _keep(known, ended(one, event.info, event.reason, now))
        kept.ended[event.info] = kept.ended.get(event.info, 0) + 1
        effects = [
            ToOperator(ReleaseQuality(one.id)),
            _story(last, f"has no quality any more: {event.reason}", now),
        ]
        if one.status == "AVAILABLE" or not deleted:
            effects += _told(last)
    if deleted:
        _forget(known, one)
    return effects


def dropped(known: Knowledge, event: QualityDropped, now: Nanoseconds) -> None:
    one = known.state.quality.sessions.get(event.id)
    if one is not None:
        _forget(known, one)


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
        _forget(known, one)
    return effects


def marked(known: Knowledge, event: ProfileMarked, now: Nanoseconds) -> None:
    known.state.quality.marks[event.profile] = event.status


def _keep(known: Knowledge, one: QualitySession) -> QualitySession:
    known.state.quality.sessions[one.id] = one
    known.quality_watch.put(one)
    return one


def _forget(known: Knowledge, one: QualitySession) -> None:
    del known.state.quality.sessions[one.id]
    known.quality_watch.drop(one)
    _unsay(known, one)


def _unsay(known: Knowledge, one: QualitySession) -> None:
    """The operator is asked for nothing, so nothing that it said holds."""
    known.quality_said.pop(one.id, None)
    known.quality_watch.trouble.pop(one.id, None)
    known.unfulfilled.discard(one.id)


def _told(one: QualitySession) -> list[Effect]:
    if one.sink is None:
        return []
    facts = {"id": one.id, "status": one.status, "info": one.info}
    return [ToSink(one.owner, one.sink, "quality", facts)]


def _story(one: QualitySession, says: str, now: Nanoseconds) -> Story:
    facts = {"quality": one.id, "ue": one.flow.ue, "profile": one.profile, "status": one.status}
    return Story(f"{one.flow.ue}'s flow to {one.flow.server} {says}", now, facts)


DECIDES = table(
    on(QualityOpened, opened),
    on(QualityStarted, begun),
    on(QualityExtended, lengthened),
    on(QualityEnded, over),
    on(QualityDropped, dropped),
    on(ProfileMarked, marked),
)
ANSWERS = table(
    on(AskedQuality, asked),
    on(AskedQualityExtension, asked_extension),
    on(AskedQualityEnd, asked_end),
    on(AskedProfileMark, asked_mark),
)
