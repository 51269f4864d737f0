"""A QoSPolicy as placement's question has it: whose round trips count, from what is known of the cells, and where data may be.

`demand.py` settles the figures; both engines ask here, so that a policy means the same on both.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedge.core.applications.objects import LabelSelector
from fedge.core.applications.qos import Border, Latency, Standby
from fedge.core.placement.demand import Picture
from fedge.core.placement.question import Wanted
from fedge.core.placement.stock_policy import ClusterAffinity, FieldRequirement, FieldSelector


def border_of(border: Border) -> ClusterAffinity:
    """A border as the affinity that clusters have to match."""
    fields = None
    if border.regions:
        inside = FieldRequirement(key="region", operator="In", values=border.regions)
        fields = FieldSelector(match_expressions=(inside,))
    return ClusterAffinity(
        cluster_names=border.clusters,
        label_selector=border.label_selector or LabelSelector(),
        field_selector=fields,
    )


def wanted_of(
    latency: Latency | None, standby: Standby | None, picture: Picture, regions: Mapping[str, str]
) -> Wanted | None:
    """None: no objective, or nobody is known whom it could be meant for. ``regions``: of each cluster.

    A region's players are spread over its cells (those whose nearest cluster is in it) as its players are now; evenly where
    there are none.
    """
    if latency is None:
        return None
    players: dict[str, float] = {}
    if latency.population is None or latency.population.live_demand:
        players = {cell.cell: cell.players for cell in picture.cells if cell.players}
    else:
        for each in latency.population.regions:
            cells = [cell for cell in picture.cells if regions.get(cell.nearest, "") == each.region]
            there = sum(cell.players for cell in cells)
            for cell in cells:
                players[cell.cell] = each.weight * (cell.players / there if there else 1 / len(cells))
    rtt_ms: dict[str, dict[str, float]] = {}
    for cell in picture.cells:
        if players.get(cell.cell):
            for cluster, value_ms in cell.rtt_ms.items():
                rtt_ms.setdefault(cluster, {})[cell.cell] = value_ms
    if not rtt_ms:
        return None
    return Wanted(
        objective_ms=latency.objective_ms,
        percentile=latency.percentile,
        players={name: weight for name, weight in players.items() if weight},
        rtt_ms=rtt_ms,
        standby_sites=standby.min_sites if standby is not None else 0,
    )
