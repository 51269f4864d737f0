"""Sites: each says that it is here and what it holds, reports how it is, is drained by order, and is lost when it is silent.

Neighbours: `reconcile.py` holds what a site has against the journal; `losses.py` has what is lost with one.
"""

from __future__ import annotations

from fedge.core.control import reconcile, visits
from fedge.core.control.deciding import moves_at_once
from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose, Reply, ToSite
from fedge.core.control.events.sites import AskedDrain, SiteMarked
from fedge.core.control.knowledge import Knowledge
from fedge.core.federation import LOST_AFTER, SiteView
from fedge.core.messages import AskInventory, SiteHello, SiteReport
from fedge.core.model import MS, SECOND, Nanoseconds

SPARE_CLIENTS = 64
"""So many clients whose sessions have ended are kept before they are forgotten."""


def hello(known: Knowledge, event: SiteHello, now: Nanoseconds) -> list[Effect]:
    view = known.sites.setdefault(event.site, SiteView())
    view.heard_at, view.instances = now, event.instances
    visits.forgotten(known, event.site)
    return reconcile.site_hello(known.state, known.per_site, event, now)


def reported(known: Knowledge, event: SiteReport, now: Nanoseconds) -> list[Effect]:
    view = known.sites.setdefault(event.site, SiteView())
    before = visits.offered(view)
    view.heard_at, view.load, view.sessions = now, event.load, event.sessions
    view.instances, view.gateway = event.instances, event.gateway
    view.driver, view.plain = event.driver, event.plain
    for client in event.clients:
        known.access.client(client.key).heard(client)
    if len(known.access.clients) > 2 * len(known.state.sessions) + SPARE_CLIENTS:
        here = {session.key for session in known.state.sessions.values()}
        known.access.clients = {key: one for key, one in known.access.clients.items() if key in here}
    site = known.state.sites.get(event.site)
    if site is not None and site.marked == "lost":
        return [
            Propose(SiteMarked(event.site, "ready", "it is heard again")),
            ToSite(event.site, AskInventory()),
        ]
    known.visits_changed |= visits.offered(view) != before
    # before anybody is told to connect there: its gateway would lead the first ones to where it led them without an instance
    return [*visits.tell(known), *visits.heard(known, event, now)]


def drain(known: Knowledge, event: AskedDrain, now: Nanoseconds) -> list[Effect]:
    site = known.state.sites.get(event.site)
    if site is None:
        return [Reply(event.request, 404, {"code": "NOT_FOUND", "message": f"no site {event.site}"})]
    here = [
        s for s in known.state.sessions.values() if s.site == event.site and s.state in ("serving", "opening")
    ]
    limit = max((moves_at_once(known, s) for s in here), default=1)
    deadline_ms = max((known.applications[s.app].mobility.deadline_ms for s in here), default=0.0)
    mark = "ready" if event.undo else "draining"
    until_ms = (now - known.settings.started_at) / MS + deadline_ms * -(-len(here) // limit)
    within_ms = round(deadline_ms * -(-len(here) // limit))
    visiting = sum(visit.site == event.site for visit in known.state.visits.values())
    body = {
        "site": event.site,
        "sessions": len(here),
        "visits": visiting,
        "deadline_ms": round(until_ms),
        "within_ms": within_ms,
    }
    return [Reply(event.request, 202, body), Propose(SiteMarked(event.site, mark, "asked by hand"))]


def leases(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """A site not heard for ``LOST_AFTER`` is lost."""
    effects: list[Effect] = []
    for name, site in known.state.sites.items():
        view = known.sites.setdefault(name, SiteView(heard_at=now))  # after a restart the lease begins anew
        if site.marked != "lost" and now - view.heard_at > LOST_AFTER:
            effects.append(Propose(SiteMarked(name, "lost", f"not heard for {LOST_AFTER // SECOND} s")))
    return effects


DECIDES = table(on(SiteHello, hello))
HEARS = table(on(SiteReport, reported))
ANSWERS = table(on(AskedDrain, drain))
