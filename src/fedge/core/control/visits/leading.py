"""Where each visit should be: it is led elsewhere by order, by a handover, or as figures change.

What is decided here holds for what its client opens anew; `telling.py` tells the gateways. Neighbour: `control/deciding.py`, the
same for sessions.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from fedge.core.control import leaving
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply, Story
from fedge.core.control.events.moves import AskedMove
from fedge.core.control.events.visits import VisitEnded, VisitLed
from fedge.core.control.facts import site_facts, ue_facts
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Visit
from fedge.core.control.visits.left import UNHEARD_AFTER, unused
from fedge.core.control.visits.place import gone, kinds, place_of
from fedge.core.discovery import SiteFacts, decide
from fedge.core.federation import health
from fedge.core.messages import CellChanged
from fedge.core.mobility import objection
from fedge.core.model import SECOND, AppId, CellId, Nanoseconds, SiteId

SWEEP_AT_ONCE, PROPOSED_AT_ONCE = 3, 16
INSTANCE_GONE_AFTER = 3 * SECOND
"""A site without a ready instance for so long has nobody: an instance that ends is started again within that."""


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


def led(known: Knowledge, event: VisitLed, now: Nanoseconds) -> list[Effect]:
    visit = known.state.visits.get(event.session)
    if visit is None or visit.app not in known.applications:
        return [gone(event.request, event.session)] if event.request else []
    effects: list[Effect] = []
    if event.site != visit.site:
        before, visit.site = visit.site, event.site
        visit.left = (*(site for site in visit.left if site != event.site), before)
        visit.came_from = before
        known.used_at.get(visit.session, {}).pop(event.site, None)
        visit.because, visit.moved_at = event.because, now
        visit.generation += 1
        known.visits_changed = True
        facts = {"session": visit.session, "site": visit.site, "from": before, "cause": event.cause}
        said = f"{visit.session} → {visit.site}, what it opens anew ({event.cause}): {event.because}"
        effects.append(Story(said, now, facts))
    if event.request:
        effects.append(Reply(event.request, 200, {**place_of(known, visit), "fresh": False}))
    return effects


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
    if application.schema or False in kinds(known, visit.app):
        return [Propose(VisitEnded(visit.session, "its application has sessions of the SDK now"))]
    leave = _must_leave(known, visit, now)
    held = known.state.hold_moves or known.settings.policy == "stay"
    ue = ue_facts(known, visit.ue, visit.app, now, cell)
    if ue is None or (held and not leave):
        return []
    sites = site_facts(known, visit.app, now) if sites is None else sites
    decision = decide(ue, application, sites, None if leave == "no instance" else visit.site)
    if decision.decision != "move" or decision.best is None:
        return []
    if objection(decision.best, visit.site, visit.came_from, visit.moved_at, {}, 1, now, bool(leave)):
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
        effects += unused(known, visit, now)
        if visit.app not in facts:
            facts[visit.app] = site_facts(known, visit.app, now)
        for effect in consider(known, visit, now, "rebalance", sites=facts[visit.app]):
            effects.append(effect)
            if isinstance(effect, Propose) and isinstance(effect.event, VisitLed):
                facts[visit.app] = _with_one_more(facts[visit.app], effect.event.site)
        if len(effects) >= PROPOSED_AT_ONCE:
            break
    return effects


def _with_one_more(sites: Sequence[SiteFacts], site: SiteId) -> list[SiteFacts]:
    return [replace(one, sessions=one.sessions + 1) if one.site == site else one for one in sites]


DECIDES = table(on(VisitLed, led))
