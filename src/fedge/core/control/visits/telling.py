"""What gateways are told: to which site's door each UE goes that they may have something of, and where strangers go.

All of it once, and then what changes. Neighbours: `left.py` says which gateways, `dataplane/away.py` does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fedge.core.control import leaving
from fedge.core.control.effects import Effect, ToSite
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.visits.place import without_sdk
from fedge.core.federation import SiteView
from fedge.core.messages import LeadPlain
from fedge.core.model import Address, AppId, SiteId


def offered(view: SiteView) -> tuple[frozenset[AppId], dict[AppId, Address]]:
    """Which applications a site has ready instances of, and its doors: gateways are told anew when that changes."""
    ready = frozenset(one.app for one in view.instances if one.plain and one.state == "ready")
    return ready, {app: report.door for app, report in view.plain.items()}


def forgotten(known: Knowledge, site: SiteId) -> None:
    """A gateway that is new, or may be, knows nothing of what it was told."""
    known.led = {told: order for told, order in known.led.items() if told[0] != site}
    known.visits_changed = True


def holds(known: Knowledge, site: SiteId, app: AppId) -> None:
    """A gateway has this application, which has no place there, and was told nothing of it: what it was told once may be old."""
    if (site, app) not in known.led and site not in known.state.placed.get(app, {}):
        known.led[site, app] = None
        known.visits_changed = True


def tell(known: Knowledge) -> list[Effect]:
    """To every gateway that may have UEs of such an application, where they go, if that is not what it was told last."""
    if not known.visits_changed:
        return []
    known.visits_changed = False
    effects: list[Effect] = []
    for (site, app), order in _orders(known):
        before = known.led.get((site, app))
        if before != order:
            known.led[site, app] = order
            effects.append(ToSite(site, order if before is None else order.since(before)))
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
