"""The report's ``by_access``: moves and round trips by the kind of access that the UE was on (nr, nsa, lte, wifi).

A move counts for the access that the control plane saw when it was planned, or when the handover that it waited for was done; an
input for the access that the UE was attached to when it was sent. ``steering`` says how a move's packets were led: ``core`` by
Traffic Influence, ``client`` by redirecting the client.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from fedge.report.roundtrips import Floats, RoundTrips, spread
from fedge.report.timeline import Visit
from fedge.report.traces import Records, by_ue
from fedge.wire.records import ACCESS_KINDS


def by_access(
    attached: Records,
    rows: list[dict[str, Any]],
    trips: dict[int, RoundTrips],
    visits: dict[int, list[Visit]],
) -> dict[str, Any]:
    """``attached``: IN_CELL records; ``rows``: the report's ``move_windows``. Kinds that nobody was on are left out."""
    rtts, network = _by_kind(by_ue(attached), trips, visits)
    found: dict[str, Any] = {}
    for kind in ACCESS_KINDS:
        moved = [row for row in rows if row["access"] == kind]
        if not moved and not len(rtts[kind]):
            continue
        found[kind] = {
            "moves": len(moved),
            "steering": dict(Counter(row["steering"] for row in moved)),
            "interruption_ms": {
                name: spread([row[f"{name}_ms"] for row in moved], n=True, most=True)
                for name in ("platform", "combined")
            },
            "rtt_ms": spread(rtts[kind], n=True),
            "network_rtt_ms": spread(network[kind]),
        }
    return found


def _by_kind(
    attached: dict[int, Records], trips: dict[int, RoundTrips], visits: dict[int, list[Visit]]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Round trips and network round trips of all acknowledged inputs."""
    parts: dict[str, list[tuple[Floats, Floats]]] = {kind: [] for kind in ACCESS_KINDS}
    for key, trip in trips.items():
        cells = attached.get(visits[key][0].ue) if visits[key] else None
        if cells is None or not len(trip.sent_ns):
            continue
        at = np.maximum(np.searchsorted(cells["t_ns"], trip.sent_ns, side="right") - 1, 0)
        for number, kind in enumerate(ACCESS_KINDS):
            on = cells["b"][at] == number
            parts[kind].append((trip.rtt_ms[on], trip.network_rtt_ms[on]))
    none = np.zeros(0)
    rtts = {kind: np.concatenate([none, *(rtt for rtt, _ in found)]) for kind, found in parts.items()}
    network = {kind: np.concatenate([none, *(rtt for _, rtt in found)]) for kind, found in parts.items()}
    return rtts, network
