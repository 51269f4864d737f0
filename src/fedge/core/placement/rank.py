"""What the application's QoS says of each site, as the cost that `Question.preference` takes.

The share of players within their objective comes first, then the round trip.

The same objective is meant for discovery and mobility too, one player at a time. Populations without a
known round trip to a site count as outside the objective. Without demand every population that the site
knows counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from msgspec import Struct

from fedge.core.applications.qos import Latency
from fedge.core.placement.facts import Demand, SiteFacts


class Score(Struct, frozen=True):
    """``within``: share of the demand expected within the objective, 0 to 1; ``mean_rtt_ms`` over the
    demand that is known.
    """

    within: float
    mean_rtt_ms: float
    unwanted: bool
    """it has a PreferNoSchedule taint"""


def score(site: SiteFacts, latency: Latency | None, demand: Demand) -> Score:
    weights = demand or dict.fromkeys(site.rtt_ms, 1.0)
    total = fsum(weights.values())
    known = [(site.rtt_ms[name], weight) for name, weight in weights.items() if name in site.rtt_ms]
    reached = fsum(weight for _, weight in known)
    bound = latency.objective_ms if latency else float("inf")
    return Score(
        within=fsum(weight for rtt_ms, weight in known if rtt_ms <= bound) / total if total else 1.0,
        mean_rtt_ms=fsum(rtt_ms * weight for rtt_ms, weight in known) / reached if reached else 0.0,
        unwanted=any(taint.effect == "PreferNoSchedule" for taint in site.taints),
    )


def preference(
    sites: Sequence[SiteFacts], latency: Latency | None, demand: Demand
) -> dict[str, float] | None:
    """A cost for each site, least is best: unwanted taints, then players outside the objective, then the round trip.

    None where nothing is known that tells the sites apart.
    """
    if not any(site.rtt_ms or site.taints for site in sites):
        return None
    scores = {site.site: score(site, latency, demand) for site in sites}
    return {
        name: its.unwanted * 1e12 + round(1 - its.within, 9) * 1e9 + round(its.mean_rtt_ms, 6)
        for name, its in scores.items()
    }
