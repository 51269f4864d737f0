"""Where the players are and how busy sites are, as placement is told: settled, so that noise moves nothing.

`placing.py` decides by it on the embedded engine; on Karmada `api/admin/collections.py` hands the same to the scheduler.
"""

from __future__ import annotations

from statistics import fmean

from fedge.core.control.knowledge import Knowledge
from fedge.core.discovery import SiteFacts
from fedge.core.discovery.load import discounted_load, usual_load
from fedge.core.model import MS, SECOND, Nanoseconds, SiteId
from fedge.core.placement import CellDemand, Picture, settled

SEEN_WITHIN = 10 * SECOND
"""A player who was not seen for longer is nowhere."""
OVERLOADED = 0.9
"""share of its time that a site's busiest instance spends on ticks"""


def seen(known: Knowledge, now: Nanoseconds) -> Picture:
    """Every cell with the players who are in it now; round trips to the ms, with the radio's mean of the cell or else of all."""
    radio_ms: dict[str, list[float]] = {}
    for view in known.access.ues.values():
        if now - view.seen_at <= SEEN_WITHIN:
            radio_ms.setdefault(view.sighting.cell, []).append(view.sighting.radio_rtt_ms)
    usual_ms = fmean(each for cell in radio_ms.values() for each in cell) if radio_ms else 0.0
    cells = []
    for name, cell in sorted(known.access.cells.items()):
        here = radio_ms.get(name, [])
        first_ms = fmean(here) if here else usual_ms
        rtt_ms = {str(site): float(round(first_ms + path_ms)) for site, path_ms in cell.path_rtt_ms.items()}
        cells.append(CellDemand(name, cell.site, float(len(here)), rtt_ms))
    return Picture(tuple(cells))


def picture(known: Knowledge, now: Nanoseconds) -> Picture:
    """What placement decides by at ``now``."""
    chosen = settled(known.picture, known.pictured_at, seen(known, now), now)
    if chosen is not known.picture:
        known.picture, known.pictured_at = chosen, now
    return chosen


def overloaded(known: Knowledge, now: Nanoseconds) -> frozenset[SiteId]:
    """Sites that are to take nothing new. A figure counts less the older it is (`core/discovery/load.py`)."""
    facts = [
        SiteFacts(
            site,
            ready_instances=len(view.instances),
            load=view.load,
            load_age_ms=(now - view.heard_at) / MS,
        )
        for site, view in known.sites.items()
    ]
    usual = usual_load(facts)
    return frozenset(each.site for each in facts if discounted_load(each, usual) >= OVERLOADED)
