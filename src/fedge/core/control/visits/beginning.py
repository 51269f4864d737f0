"""A visit begins, when its client asks or a gateway hears it, and ends.

Neighbours: `leading.py` has where it is led between the two, `place.py` what its client is told.
"""

from __future__ import annotations

from collections import Counter

from fedge.core.applications.application import namespace_of_app
from fedge.core.control import tenancy
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply
from fedge.core.control.events.sessions import AskedAttach, AskedClose
from fedge.core.control.events.visits import VisitBegan, VisitEnded
from fedge.core.control.facts import site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Visit
from fedge.core.control.visits.leading import consider
from fedge.core.control.visits.left import seen
from fedge.core.control.visits.place import NO_KEY, gone, place_of, visit_id
from fedge.core.control.visits.telling import holds
from fedge.core.discovery import decide
from fedge.core.messages import SiteReport
from fedge.core.model import Nanoseconds


def attach(known: Knowledge, event: AskedAttach, now: Nanoseconds) -> list[Effect]:
    """A client wants to know where to connect, for the first time or again."""
    application = known.applications[event.app]
    if not application.ports:
        said = f"{event.app} has no Service: no traffic goes to it"
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": said})]
    name = visit_id(event.app, event.ue)
    visit = known.state.visits.get(name)
    if visit is not None and visit.key != NO_KEY:
        known.visited_at[name] = now
        led = consider(known, visit, now, "attach", request=event.request)
        if led and isinstance(led[0], Propose) and isinstance(led[0].event, VisitEnded):
            return [*led, gone(event.request, visit.session)]
        return led or [Reply(event.request, 200, {**place_of(known, visit), "fresh": False})]
    if why := tenancy.no_session_left(known, event.app):
        return [Reply(event.request, 429, {"code": "QUOTA_EXCEEDED", "message": why})]
    ue = ue_facts(known, event.ue, event.app, now)
    if ue is None:
        said = f"no device {event.ue} is on the network"
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": said})]
    decision = decide(ue, application, site_facts(known, event.app, now), visit.site if visit else None)
    if decision.best is None:
        return [Reply(event.request, 503, {"code": "NO_SITE", "message": decision.because})]
    known.visited_at[name] = now
    began = VisitBegan(event.request, name, event.key, event.app, event.ue, decision.best, decision.because)
    return [Propose(began)]


def close(visit: Visit, event: AskedClose) -> list[Effect]:
    return [
        Reply(event.request, 202, {"session": visit.session}),
        Propose(VisitEnded(visit.session, "its client left")),
    ]


def heard(known: Knowledge, event: SiteReport, now: Nanoseconds) -> list[Effect]:
    """A gateway names whom it has something open of. Who never attached has a visit from now on, where its traffic came."""
    ready = {one.app for one in event.instances if one.plain and one.state == "ready"}
    for app in event.plain:
        if app in ready:
            known.without_instance.pop((app, event.site), None)
        else:
            known.without_instance.setdefault((app, event.site), now)
        holds(known, event.site, app)
    effects: list[Effect] = []
    beginning: Counter[str] = Counter()
    for app, report in event.plain.items():
        full = app not in known.applications
        for host in report.hosts:
            ue = known.ue_at.get(host)
            if ue is None or app not in known.applications:
                continue
            name, namespace = visit_id(app, ue), namespace_of_app(app)
            known.visited_at[name] = now
            if name in known.state.visits:
                effects += seen(known, known.state.visits[name], event.site, now)
                continue
            if full:
                continue
            full = bool(tenancy.no_session_left(known, app, beginning[namespace]))
            if not full:
                beginning[namespace] += 1
                why = f"its traffic came to {event.site}"
                effects.append(Propose(VisitBegan(0, name, NO_KEY, app, ue, event.site, why)))
    return effects


def began(known: Knowledge, event: VisitBegan, now: Nanoseconds) -> list[Effect]:
    if event.app not in known.applications:
        return [gone(event.request, event.app)] if event.request else []
    visit = known.state.visits.get(event.session)
    fresh = visit is None
    if visit is None:
        visit = Visit(event.session, event.key, event.app, event.ue, event.site, event.because)
        known.state.visits[event.session] = visit
    elif visit.key == NO_KEY:
        visit.key = event.key
    return [Reply(event.request, 200, {**place_of(known, visit), "fresh": fresh})] if event.request else []


def ended(known: Knowledge, event: VisitEnded, now: Nanoseconds) -> None:
    known.state.visits.pop(event.session, None)
    known.visited_at.pop(event.session, None)
    known.used_at.pop(event.session, None)


DECIDES = table(on(VisitBegan, began), on(VisitEnded, ended))
