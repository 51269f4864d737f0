"""An instance that is to end may say its farewell: who subscribed is told, and has a few seconds to confirm (MEC 011, 5.2.3).

Neighbours: `placing.py` asks which copies stay a little longer; `leaving.py` has waited for their sessions before.
"""

from __future__ import annotations

from fedge.core.control.dispatch import on, table
from fedge.core.control.effects import Effect, Notify, Reply
from fedge.core.control.events.resources import AskedConfirmation
from fedge.core.control.instances import running
from fedge.core.control.knowledge import Knowledge
from fedge.core.enablement import Farewell
from fedge.core.model import SECOND, AppId, Nanoseconds, SiteId

GRACE_S = 5


def stay(
    known: Knowledge, app: AppId, wanted: dict[SiteId, int], now: Nanoseconds
) -> tuple[dict[SiteId, int], list[Effect]]:
    """(sites that keep their copies a little longer, what their instances are told)."""
    keeps: dict[SiteId, int] = {}
    effects: list[Effect] = []
    placed = known.state.placed.get(app, {})
    for key in [
        key for key in known.farewells if key[0] == app and (key[1] in wanted or key[1] not in placed)
    ]:
        del known.farewells[key]
    for site, replicas in placed.items():
        if site in wanted or known.state.sites[site].marked == "lost":
            continue
        farewell = known.farewells.get((app, site))
        if farewell is None:
            told = _told(known, app, site)
            effects += told
            ending = {one.subscription.owner for one in told if isinstance(one, Notify)}
            farewell = known.farewells[app, site] = Farewell(now + GRACE_S * SECOND, ending)
        if farewell.unconfirmed and now < farewell.deadline:
            keeps[site] = replicas
    return keeps, effects


def _told(known: Knowledge, app: AppId, site: SiteId) -> list[Effect]:
    here = {name for name, one in running(known) if one.site == site and one.status.app == app}
    return [
        Notify(one, "termination", {"within_s": GRACE_S})
        for one in known.state.enablement.subscriptions("termination")
        if one.owner in here
    ]


def confirmed(known: Knowledge, event: AskedConfirmation, now: Nanoseconds) -> list[Effect]:
    """The instance may end."""
    for farewell in known.farewells.values():
        if event.instance in farewell.unconfirmed:
            farewell.unconfirmed.discard(event.instance)
            return [Reply(event.request, 204, {})]
    return [Reply(event.request, 403, {"detail": f"{event.instance} was not told that it will end"})]


ANSWERS = table(on(AskedConfirmation, confirmed))
