"""A placement as the JSON that ``GET /api/v1/explain/deployment/{name}`` answers and ``fedge explain``
prints.
"""

from __future__ import annotations

from typing import Any

from fedge.core.applications.application import Application
from fedge.core.placement.facts import Placement


def explanation(application: Application, placement: Placement) -> dict[str, Any]:
    """Every site, the chosen ones first: with how many replicas, or refused by which rule and why."""
    chosen = [
        {"site": site, "feasible": True, "replicas": replicas, "refused_by": "", "reason": ""}
        for site, replicas in sorted(placement.chosen.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    refused = [
        {
            "site": site,
            "feasible": why.rule == "spread",
            "replicas": 0,
            "refused_by": why.rule,
            "reason": why.reason,
        }
        for site, why in sorted(placement.refused.items())
    ]
    return {
        "deployment": application.name,
        "application": application.app,
        "replicas": application.replicas,
        "placed": sum(placement.chosen.values()),
        "unplaced": placement.unplaced,
        "because": placement.because,
        "objective": _objective(application, placement),
        "mend": placement.mend,
        "sites": [*chosen, *refused],
    }


def _objective(application: Application, placement: Placement) -> dict[str, Any] | None:
    """None: there is none. ``within`` is null where no players are known."""
    if application.latency is None:
        return None
    return {
        "ms": application.latency.objective_ms,
        "percentile": application.latency.percentile,
        "within": None if placement.within is None else round(placement.within, 4),
    }
