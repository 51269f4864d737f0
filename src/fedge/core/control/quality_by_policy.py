"""The platform's own quality sessions: one for each session of an application whose QoSPolicy asks for a profile.

It begins when the session serves, is prolonged as long as the session lives, and ends with it, or when the policy does not ask
any more. It counts as the application's tenant's, which sees it, and cannot end it but by the policy.
"""

from __future__ import annotations

from fedge.core.applications import Application
from fedge.core.control.effects import Effect, Propose
from fedge.core.control.events.quality import QualityDropped, QualityEnded, QualityExtended, QualityOpened
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Session
from fedge.core.model import SECOND, Nanoseconds
from fedge.core.quality import (
    Flow,
    QualitySession,
    conflicting,
    expires_at,
    profile_of,
    status_of,
    suits,
)

AT_A_TIME_S = 600
"""Asked for at first, and added when half of it is left: so long the operator would serve a session of a Fedge that is gone."""
AFTER_A_REFUSAL = 10 * SECOND


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    kept = known.state.quality
    own = {one.session: one for one in kept.sessions.values() if one.session is not None}
    effects = [effect for one in own.values() for effect in _kept_going(known, one, now)]
    number = kept.next_own
    for session in known.state.sessions.values():
        if session.session in own or session.state != "serving":
            continue
        application = known.applications.get(session.app)
        made = (
            _made(known, session, application, f"policy-{number}", now) if application is not None else None
        )
        if made is not None:
            effects.append(Propose(QualityOpened(made)))
            number += 1
    return effects


def _kept_going(known: Knowledge, one: QualitySession, now: Nanoseconds) -> list[Effect]:
    session = known.state.sessions.get(one.session) if one.session is not None else None
    application = known.applications.get(session.app) if session is not None else None
    wished = (
        application.quality.profile if application is not None and application.quality is not None else ""
    )
    gone = session is None or session.state in ("closing", "lost") or session.ue != one.flow.ue
    if gone or wished != one.profile:
        why = "its session has ended" if gone else "the QoSPolicy does not ask for it any more"
        return [Propose(QualityEnded(one.id, "DELETE_REQUESTED", why))]
    if not one.live:
        return [Propose(QualityDropped(one.id))] if now - one.ended_at >= AFTER_A_REFUSAL else []
    left_s = (expires_at(one) - now) / SECOND
    if one.status == "AVAILABLE" and left_s < AT_A_TIME_S / 2:
        return [Propose(QualityExtended(one.id, one.seconds + AT_A_TIME_S))]
    return []


def _made(
    known: Knowledge, session: Session, application: Application, name: str, now: Nanoseconds
) -> QualitySession | None:
    """None where nothing is asked for, or nothing can be had now."""
    wish, view = application.quality, known.access.ues.get(session.ue)
    if wish is None or view is None or not suits(view.sighting.kind):
        return None
    profile = profile_of(wish.profile, known.references)
    if profile is None or status_of(profile, known.references, known.state.quality.marks) != "ACTIVE":
        return None
    host, _, port = known.service_of(session.app).rpartition(":")
    if not host:
        return None
    ports = {int(port), *(number for _, number in application.ports)}
    flow = Flow(session.ue, host, tuple((one, one) for one in sorted(ports)))
    owner = application.namespace if application.namespace in known.tenants else ""
    of_owner = [one for one in known.qualities_of(session.ue) if one.owner == owner]
    if conflicting(flow, of_owner) is not None:
        return None
    return QualitySession(
        name, owner, flow, profile.name, profile.reference, AT_A_TIME_S, asked_at=now, session=session.session
    )
