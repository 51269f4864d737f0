"""The sites that a visit was led away from: their gateways lead its UE on, as long as they have something of it.

A gateway names whom it has something open of (`SiteReport`). One that has had nothing of a UE for a while need not lead it any
more, and leads it again once the UE is heard there: so what gateways are told does not grow with all that ever was. Both are
decided events: a control plane that is new tells the gateways the same. Source: ADR 0016.
"""

from __future__ import annotations

from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Propose
from fedge.core.control.events.visits import VisitCleared, VisitStrayed
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import Visit
from fedge.core.federation import health
from fedge.core.model import SECOND, Nanoseconds, SiteId

UNHEARD_AFTER = 60 * SECOND
"""Of whom nothing is heard for so long has gone: from one gateway, which need not lead it; from all, and its visit ends."""


def seen(known: Knowledge, visit: Visit, site: SiteId, now: Nanoseconds) -> list[Effect]:
    """A gateway has something open of this visit's UE."""
    if site in visit.left:
        known.used_at.setdefault(visit.session, {})[site] = now
    elif site != visit.site and site in known.state.sites:
        return [Propose(VisitStrayed(visit.session, site))]
    return []


def unused(known: Knowledge, visit: Visit, now: Nanoseconds) -> list[Effect]:
    """Gateways that have named it for so long no more. Of one that is not heard itself it is not known: its time begins anew."""
    if not visit.left:
        return []
    used = known.used_at.setdefault(visit.session, {})
    effects: list[Effect] = []
    for site in visit.left:
        if health(known.state.sites[site], known.sites.get(site), now) in ("suspect", "lost"):
            used[site] = now
        elif now - used.setdefault(site, now) > UNHEARD_AFTER:
            effects.append(Propose(VisitCleared(visit.session, site)))
    return effects


def strayed(known: Knowledge, event: VisitStrayed, now: Nanoseconds) -> None:
    visit = known.state.visits.get(event.session)
    if visit is not None and event.site not in (visit.site, *visit.left):
        visit.left = (*visit.left, event.site)
        known.visits_changed = True


def cleared(known: Knowledge, event: VisitCleared, now: Nanoseconds) -> None:
    visit = known.state.visits.get(event.session)
    if visit is not None:
        visit.left = tuple(site for site in visit.left if site != event.site)
        known.used_at.get(event.session, {}).pop(event.site, None)
        known.visits_changed = True


DECIDES = table(on(VisitStrayed, strayed), on(VisitCleared, cleared))
