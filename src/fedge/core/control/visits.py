"""UEs at applications without the SDK: which site has what each opens anew, and what the gateways are told of it.

Such an application has no state that Fedge could move, so there is no move: a visit is *led* elsewhere. Its client is told the
new site's own address when it asks (`api/admin/visits.py`), and the gateways that it may still use lead its datagrams and its new
connections to the new site's door. A TCP connection that is open keeps its instance. Neighbours: `sessions.py` and `ue_move.py`,
the same for applications with sessions; `core/discovery` decides for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from fedge.core.applications.application import namespace_of_app
from fedge.core.control import leaving, tenancy
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply, Story, ToSite
from fedge.core.control.events.moves import AskedMove
from fedge.core.control.events.sessions import AskedAttach, AskedClose
from fedge.core.control.events.visits import VisitBegan, VisitEnded, VisitLed
from fedge.core.control.facts import site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Visit
from fedge.core.discovery import SiteFacts, decide
from fedge.core.federation import SiteView, health
from fedge.core.messages import CellChanged, LeadPlain, SiteReport
from fedge.core.mobility import objection
from fedge.core.model import SECOND, Address, AppId, CellId, Nanoseconds, SessionId, SessionKey, SiteId, UeId

UNHEARD_AFTER = 60 * SECOND
"""A visit of which neither its client nor a gateway says anything for so long has ended."""
SWEEP_AT_ONCE, LED_AT_ONCE = 3, 16
INSTANCE_GONE_AFTER = 3 * SECOND
"""A site without a ready instance for so long has nobody: an instance that ends is started again within that."""
NO_KEY = SessionKey(0)
"""Of a visit whose client never attached, and was told none."""


def visit_id(app: AppId, ue: UeId) -> SessionId:
    return SessionId(f"{app}.{ue}")


def without_sdk(known: Knowledge, app: AppId) -> bool:
    """TCP is never the SDK's. Of UDP it is known once instances are ready and none has spoken its contract."""
    application = known.applications.get(app)
    if application is None or application.schema:
        return False
    return application.protocol == "TCP" or _kinds(known, app) == {True}


def _kinds(known: Knowledge, app: AppId) -> set[bool]:
    """Are its ready instances plain?"""
    instances = (one for view in known.sites.values() for one in view.instances)
    return {one.plain for one in instances if one.app == app and one.state == "ready"}


# --- where clients connect ---------------------------------------------------------------------------------------------------


def own_address(known: Knowledge, app: AppId, site: SiteId) -> str:
    """The site's own address for the application: plain IP routing leads there from any access. Without a Service: none."""
    if not known.applications[app].ports:
        return ""
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
        if led and isinstance(led[0], Propose) and isinstance(led[0].event, VisitEnded):
            return [*led, _gone(event.request, visit.session)]
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
        known.visits_changed = True
        facts = {"session": visit.session, "site": visit.site, "from": before, "cause": event.cause}
        said = f"{visit.session} → {visit.site}, what it opens anew ({event.cause}): {event.because}"
        effects.append(Story(said, now, facts))
    if event.request:
        effects.append(Reply(event.request, 200, {**place_of(known, visit), "fresh": False}))
    return effects


def _gone(request: int, what: str) -> Reply:
    return Reply(request, 503, {"code": "CLOSING", "message": f"{what} has just ended; ask again"})


def ended(known: Knowledge, event: VisitEnded, now: Nanoseconds) -> None:
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
    if application is None or not application.ports:
        return [Propose(VisitEnded(visit.session, "its application or Service was deleted"))]
    if application.schema or False in _kinds(known, visit.app):
        return [Propose(VisitEnded(visit.session, "its application has sessions of the SDK now"))]
    leave = _must_leave(known, visit, now)
    held = known.state.hold_moves or known.settings.policy == "stay"
    ue = ue_facts(known, visit.ue, now, cell)
    if ue is None or (held and not leave):
        return []
    sites = site_facts(known, visit.app, now) if sites is None else sites
    decision = decide(ue, application, sites, None if leave == "no instance" else visit.site)
    if decision.decision != "move" or decision.best is None:
        return []
    came_from = visit.left[-1] if visit.left else None
    if objection(decision.best, visit.site, came_from, visit.moved_at, {}, 1, now, bool(leave)):
        return []
    return [Propose(VisitLed(visit.session, decision.best, leave or cause, decision.because, request))]


def _must_leave(known: Knowledge, visit: Visit, now: Nanoseconds) -> str:
    """Why it cannot stay, whatever it gains; empty: it can."""
    site = known.state.sites.get(visit.site)
    state = health(site, known.sites.get(visit.site), now) if site is not None else "lost"
    if state in ("draining", "lost"):
        return "drain" if state == "draining" else "site lost"
    if leaving.barred(known, visit.app, visit.site):
        return "placement ended"
    gone = now - known.without_instance.get((visit.app, visit.site), now)
    return "no instance" if gone > INSTANCE_GONE_AFTER else ""


def cell_changed(known: Knowledge, event: CellChanged, now: Nanoseconds) -> list[Effect]:
    here = [visit for visit in known.state.visits.values() if visit.ue == event.ue]
    return [effect for visit in here for effect in consider(known, visit, now, "handover")]


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """Some visits at each call, all of them about twice a second. Who is led counts at the new site for those looked at next."""
    names = tuple(known.state.visits)
    facts: dict[AppId, list[SiteFacts]] = {}
    effects: list[Effect] = []
    for _ in range(min(len(names), SWEEP_AT_ONCE + len(names) // 10)):
        known.visits_swept = (known.visits_swept + 1) % len(names)
        visit = known.state.visits[names[known.visits_swept]]
        if now - known.visited_at.setdefault(visit.session, now) > UNHEARD_AFTER:
            why = f"not heard for {UNHEARD_AFTER // SECOND} s"
            effects.append(Propose(VisitEnded(visit.session, why)))
            continue
        if visit.app not in facts:
            facts[visit.app] = site_facts(known, visit.app, now)
        for effect in consider(known, visit, now, "rebalance", sites=facts[visit.app]):
            effects.append(effect)
            if isinstance(effect, Propose) and isinstance(effect.event, VisitLed):
                facts[visit.app] = _with_one_more(facts[visit.app], effect.event.site)
        if len(effects) >= LED_AT_ONCE:
            break
    return effects


def _with_one_more(sites: Sequence[SiteFacts], site: SiteId) -> list[SiteFacts]:
    return [replace(one, sessions=one.sessions + 1) if one.site == site else one for one in sites]


def heard(known: Knowledge, event: SiteReport, now: Nanoseconds) -> list[Effect]:
    """A gateway names whom it has something open of. Who never attached has a visit from now on, where its traffic came."""
    ready = {one.app for one in event.instances if one.plain and one.state == "ready"}
    for app in event.plain:
        if app in ready:
            known.without_instance.pop((app, event.site), None)
        else:
            known.without_instance.setdefault((app, event.site), now)
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
            if full or name in known.state.visits:
                continue
            full = bool(tenancy.no_session_left(known, app, beginning[namespace]))
            if not full:
                beginning[namespace] += 1
                why = f"its traffic came to {event.site}"
                effects.append(Propose(VisitBegan(0, name, NO_KEY, app, ue, event.site, why)))
    return effects


# --- what gateways are told --------------------------------------------------------------------------------------------------


def offered(view: SiteView) -> tuple[frozenset[AppId], dict[AppId, Address]]:
    """Which applications a site has ready instances of, and its doors: gateways are told anew when that changes."""
    ready = frozenset(one.app for one in view.instances if one.plain and one.state == "ready")
    return ready, {app: report.door for app, report in view.plain.items()}


def forgotten(known: Knowledge, site: SiteId) -> None:
    """A gateway that is new, or may be, knows nothing of what it was told."""
    known.led = {told: order for told, order in known.led.items() if told[0] != site}
    known.visits_changed = True


def tell(known: Knowledge) -> list[Effect]:
    """To every gateway that may have UEs of such an application, where they go, if that is not what it was told last."""
    if not known.visits_changed:
        return []
    known.visits_changed = False
    effects: list[Effect] = []
    for (site, app), order in _orders(known):
        if known.led.get((site, app)) != order:
            known.led[site, app] = order
            effects.append(ToSite(site, order))
    return effects


def _orders(known: Knowledge) -> Iterator[tuple[tuple[SiteId, AppId], LeadPlain]]:
    """Where a door is wanted that has not been heard of (yet, or for the moment), what was told last holds on."""
    wanted: dict[tuple[SiteId, AppId], dict[str, Address]] = {}
    unknown: set[tuple[SiteId, AppId]] = set()
    for visit in known.state.visits.values():
        host, door = known.settings.ue_addresses.get(visit.ue), _door(known, visit.app, visit.site)
        for site in visit.left:
            ues = wanted.setdefault((site, visit.app), {})
            if host is not None and door:
                ues[host] = door
            elif host is not None:
                unknown.add((site, visit.app))
    for app in known.applications:
        if without_sdk(known, app):
            for site in known.state.placed.get(app, {}):
                wanted.setdefault((site, app), {})
    for site, app in known.led:
        wanted.setdefault((site, app), {})
    for (site, app), ues in wanted.items():
        if site not in known.state.sites or known.state.sites[site].marked == "lost":
            continue
        if app not in known.applications or not (ues or site in known.state.placed.get(app, {})):
            yield (site, app), LeadPlain(app)
            continue
        elsewhere = _elsewhere(known, app, site)
        if elsewhere is not None and (site, app) not in unknown:
            yield (site, app), LeadPlain(app, known.traffic_rules(app), elsewhere, ues)


def _door(known: Knowledge, app: AppId, site: SiteId) -> Address:
    """Where another gateway leads UEs to the instances at ``site``; empty while there is nothing to lead them to."""
    view = known.sites.get(site)
    report = view.plain.get(app) if view is not None else None
    marked = known.state.sites[site].marked if site in known.state.sites else "lost"
    return report.door if report is not None and marked != "lost" else Address("")


def _elsewhere(known: Knowledge, app: AppId, site: SiteId) -> Address | None:
    """The door for UEs of whom nothing is known, of the emptiest site that may have them; empty: they stay. None: no such
    site's door has been heard of.
    """

    def takes(one: SiteId) -> bool:
        view = known.sites.get(one)
        ready = view is not None and any(i.app == app and i.state == "ready" for i in view.instances)
        return ready and known.state.sites[one].marked == "ready" and not leaving.barred(known, app, one)

    others = [one for one in known.state.sites if one != site and takes(one)]
    if takes(site) or not others:
        return Address("")
    visits = Counter(visit.site for visit in known.state.visits.values() if visit.app == app)
    able = [one for one in others if _door(known, app, one)]
    return _door(known, app, min(able, key=lambda one: (visits[one], one))) if able else None


DECIDES = table(on(VisitBegan, began), on(VisitLed, led), on(VisitEnded, ended))
