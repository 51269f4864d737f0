"""UEs at applications without the SDK: which site has what each opens anew, and what the gateways are told of it.

Such an application has no state that Fedge could move, so there is no move: a visit is *led* elsewhere. Its client is told the
new site's own address when it asks (`api/admin/visits.py`), and the gateways that it may still use lead its datagrams and its new
connections to the new site's door. A TCP connection that is open keeps its instance. Neighbours: `sessions.py` and `ue_move.py`,
the same for applications with sessions; `core/discovery` decides for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fedge.core.control import leaving, tenancy
from fedge.core.control.effects import Effect, Propose, Reply, Story, ToSite
from fedge.core.control.events import (
    AskedAttach,
    AskedClose,
    AskedMove,
    VisitBegan,
    VisitEnded,
    VisitLed,
)
from fedge.core.control.facts import site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Visit
from fedge.core.discovery import SiteFacts, decide
from fedge.core.federation import health
from fedge.core.messages import CellChanged, LeadPlain, SiteReport
from fedge.core.mobility import objection
from fedge.core.model import SECOND, Address, AppId, CellId, Nanoseconds, SessionId, SessionKey, SiteId, UeId

UNHEARD_AFTER = 60 * SECOND
"""A visit of which neither its client nor a gateway says anything for so long has ended."""
SWEEP_AT_ONCE = 3
NO_KEY = SessionKey(0)
"""Of a visit whose client never attached, and was told none."""


def visit_id(app: AppId, ue: UeId) -> SessionId:
    return SessionId(f"{app}.{ue}")


def without_sdk(known: Knowledge, app: AppId) -> bool:
    """TCP is never the SDK's. Of UDP it is known once instances run and none of them has spoken its contract."""
    application = known.applications.get(app)
    if application is None or application.schema:
        return False
    if application.protocol == "TCP":
        return True
    kinds = {one.plain for view in known.sites.values() for one in view.instances if one.app == app}
    return kinds == {True}


# --- where clients connect ---------------------------------------------------------------------------------------------------


def own_address(known: Knowledge, app: AppId, site: SiteId) -> str:
    """The site's own address for the application: plain IP routing leads there from any access."""
    told = known.settings.site_services.get(site)
    at = told or known.state.sites[site].gateway
    host, _, shared = at.rpartition(":")
    application = known.applications[app]
    _, port = application.ports[0]
    carried = application.protocol == "TCP" or not told or port in known.settings.udp_ports
    return f"{host}:{port if carried else shared}"


def place_of(known: Knowledge, visit: Visit) -> dict[str, Any]:
    """What its client is told: where to connect, and the number that rises when that changes."""
    return {
        "session": visit.session,
        "key": f"{visit.key:016x}",
        "site": visit.site,
        "service": own_address(known, visit.app, visit.site),
        "protocol": known.applications[visit.app].protocol,
        "generation": visit.generation,
        "because": visit.because,
    }


# --- what is asked -----------------------------------------------------------------------------------------------------------


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
        return led or [Reply(event.request, 200, {**place_of(known, visit), "fresh": False})]
    if why := tenancy.no_session_left(known, event.app):
        return [Reply(event.request, 429, {"code": "QUOTA_EXCEEDED", "message": why})]
    ue = ue_facts(known, event.ue, now)
    if ue is None:
        said = f"no device {event.ue} is on the network"
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": said})]
    decision = decide(ue, application, site_facts(known, event.app, now), visit.site if visit else None)
    if decision.best is None:
        return [Reply(event.request, 503, {"code": "NO_SITE", "message": decision.because})]
    known.visited_at[name] = now
    began = VisitBegan(event.request, name, event.key, event.app, event.ue, decision.best, decision.because)
    return [Propose(began)]


def move(known: Knowledge, visit: Visit, event: AskedMove, now: Nanoseconds) -> list[Effect]:
    """A person wants it led to a site."""
    why = ""
    if event.to not in known.state.sites:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no site {event.to}"})]
    facts = next(one for one in site_facts(known, visit.app, now) if one.site == event.to)
    if event.to == visit.site:
        why = f"it is served at {event.to} already"
    elif facts.state != "ready":
        why = f"{event.to} is {facts.state}"
    elif facts.barred:
        why = f"{event.to}: {facts.barred}"
    elif not facts.ready_instances:
        why = f"no instance of {visit.app} is ready at {event.to}"
    if why:
        return [Reply(event.request, 409, {"code": "CONFLICT", "message": why})]
    said = {"session": visit.session, "from": visit.site, "to": event.to}
    led = VisitLed(visit.session, event.to, "ordered", "somebody wants it there")
    return [Reply(event.request, 202, said), Propose(led)]


def close(visit: Visit, event: AskedClose) -> list[Effect]:
    return [
        Reply(event.request, 202, {"session": visit.session}),
        Propose(VisitEnded(visit.session, "its client left")),
    ]


# --- what is decided ---------------------------------------------------------------------------------------------------------


def began(known: Knowledge, event: VisitBegan, now: Nanoseconds) -> list[Effect]:
    if event.app not in known.applications:
        return [_gone(event.request, event.app)] if event.request else []
    visit = known.state.visits.get(event.session)
    fresh = visit is None
    if visit is None:
        visit = Visit(event.session, event.key, event.app, event.ue, event.site, event.because)
        known.state.visits[event.session] = visit
    elif visit.key == NO_KEY:
        visit.key = event.key
    return [Reply(event.request, 200, {**place_of(known, visit), "fresh": fresh})] if event.request else []


def led(known: Knowledge, event: VisitLed, now: Nanoseconds) -> list[Effect]:
    visit = known.state.visits.get(event.session)
    if visit is None or visit.app not in known.applications:
        return [_gone(event.request, event.session)] if event.request else []
    effects: list[Effect] = []
    if event.site != visit.site:
        before, visit.site = visit.site, event.site
        visit.left = tuple(site for site in dict.fromkeys((*visit.left, before)) if site != event.site)
        visit.because, visit.moved_at = event.because, now
        visit.generation += 1
        facts = {"session": visit.session, "site": visit.site, "from": before, "cause": event.cause}
        said = f"{visit.session} → {visit.site}, what it opens anew ({event.cause}): {event.because}"
        effects.append(Story(said, now, facts))
    if event.request:
        effects.append(Reply(event.request, 200, {**place_of(known, visit), "fresh": False}))
    return effects


def _gone(request: int, what: str) -> Reply:
    return Reply(request, 503, {"code": "CLOSING", "message": f"{what} has just ended; ask again"})


def ended(known: Knowledge, event: VisitEnded) -> None:
    known.state.visits.pop(event.session, None)
    known.visited_at.pop(event.session, None)


# --- where each should be ----------------------------------------------------------------------------------------------------


def consider(
    known: Knowledge,
    visit: Visit,
    now: Nanoseconds,
    cause: str,
    cell: CellId | None = None,
    sites: Sequence[SiteFacts] | None = None,
    request: int = 0,
) -> list[Effect]:
    """Stay or be led elsewhere: at most one proposal. As for a session, without what only a copy of its state needs."""
    application = known.applications.get(visit.app)
    if application is None:
        return [Propose(VisitEnded(visit.session, "its application was deleted"))]
    site = known.state.sites.get(visit.site)
    state = health(site, known.sites.get(visit.site), now) if site is not None else "lost"
    must_leave = state in ("draining", "lost") or bool(leaving.barred(known, visit.app, visit.site))
    held = known.state.hold_moves or known.settings.policy == "stay"
    ue = ue_facts(known, visit.ue, now, cell)
    if ue is None or (held and not must_leave):
        return []
    sites = site_facts(known, visit.app, now) if sites is None else sites
    decision = decide(ue, application, sites, visit.site)
    if decision.decision != "move" or decision.best is None:
        return []
    came_from = visit.left[-1] if visit.left else None
    if objection(decision.best, visit.site, came_from, visit.moved_at, {}, 1, now, must_leave):
        return []
    cause = {"draining": "drain", "lost": "site lost"}.get(state, cause)
    return [Propose(VisitLed(visit.session, decision.best, cause, decision.because, request))]


def cell_changed(known: Knowledge, event: CellChanged, now: Nanoseconds) -> list[Effect]:
    here = [visit for visit in known.state.visits.values() if visit.ue == event.ue]
    return [effect for visit in here for effect in consider(known, visit, now, "handover")]


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Some visits at each call, all of them about twice a second; at most one proposal, for the next sees what it changed."""
    names = tuple(known.state.visits)
    facts: dict[AppId, list[SiteFacts]] = {}
    for _ in range(min(len(names), SWEEP_AT_ONCE + len(names) // 10)):
        known.visits_swept = (known.visits_swept + 1) % len(names)
        visit = known.state.visits[names[known.visits_swept]]
        if now - known.visited_at.setdefault(visit.session, now) > UNHEARD_AFTER:
            return [Propose(VisitEnded(visit.session, f"not heard for {UNHEARD_AFTER // SECOND} s"))]
        if visit.app not in facts:
            facts[visit.app] = site_facts(known, visit.app, now)
        found = consider(known, visit, now, "rebalance", sites=facts[visit.app])
        if found:
            return found
    return []


def heard(known: Knowledge, event: SiteReport, now: Nanoseconds) -> list[Effect]:
    """A gateway names whom it has something open of. Who never attached has a visit from now on, where its traffic came."""
    effects: list[Effect] = []
    for app, report in event.plain.items():
        for host in report.hosts:
            ue = known.ue_at.get(host)
            if ue is None or app not in known.applications:
                continue
            name = visit_id(app, ue)
            known.visited_at[name] = now
            if name not in known.state.visits and not tenancy.no_session_left(known, app):
                why = f"its traffic came to {event.site}"
                effects.append(Propose(VisitBegan(0, name, NO_KEY, app, ue, event.site, why)))
    return effects


# --- what gateways are told --------------------------------------------------------------------------------------------------


def tell(known: Knowledge) -> list[Effect]:
    """To every gateway that may have UEs of such an application, where they go, if that is not what it was told last."""
    effects: list[Effect] = []
    for (site, app), order in _orders(known):
        if known.led.get((site, app)) != order:
            known.led[site, app] = order
            effects.append(ToSite(site, order))
    return effects


def _orders(known: Knowledge) -> Iterator[tuple[tuple[SiteId, AppId], LeadPlain]]:
    wanted: dict[tuple[SiteId, AppId], dict[str, Address]] = {}
    for visit in known.state.visits.values():
        host, door = known.settings.ue_addresses.get(visit.ue), _door(known, visit.app, visit.site)
        for site in visit.left:
            ues = wanted.setdefault((site, visit.app), {})
            if host is not None and door:
                ues[host] = door
    for app in known.applications:
        if without_sdk(known, app):
            for site in known.state.placed.get(app, {}):
                wanted.setdefault((site, app), {})
    for site, app in known.led:
        wanted.setdefault((site, app), {})
    for (site, app), ues in wanted.items():
        if site not in known.state.sites or known.state.sites[site].marked == "lost":
            continue
        there = app in known.applications and (ues or site in known.state.placed.get(app, {}))
        rules = known.traffic_rules(app) if there else ()
        yield (site, app), LeadPlain(app, rules, _elsewhere(known, app, site) if there else Address(""), ues)


def _door(known: Knowledge, app: AppId, site: SiteId) -> Address:
    """Where another gateway leads UEs to the instances at ``site``; empty while there is nothing to lead them to."""
    view = known.sites.get(site)
    report = view.plain.get(app) if view is not None else None
    marked = known.state.sites[site].marked if site in known.state.sites else "lost"
    return report.door if report is not None and marked != "lost" else Address("")


def _elsewhere(known: Knowledge, app: AppId, site: SiteId) -> Address:
    """The door for UEs of whom nothing is known, of the emptiest site that may have them; empty: they stay."""

    def takes(one: SiteId) -> bool:
        view = known.sites.get(one)
        ready = view is not None and any(i.app == app and i.state == "ready" for i in view.instances)
        return ready and known.state.sites[one].marked == "ready" and not leaving.barred(known, app, one)

    if takes(site):
        return Address("")
    others = [one for one in known.state.sites if one != site and takes(one) and _door(known, app, one)]
    visits: dict[SiteId, int] = {}
    for visit in known.state.visits.values():
        if visit.app == app:
            visits[visit.site] = visits.get(visit.site, 0) + 1
    best = min(others, key=lambda one: (visits.get(one, 0), one), default=None)
    return _door(known, app, best) if best is not None else Address("")
