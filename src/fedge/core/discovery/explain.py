"""A decision as the JSON that ``GET /api/v1/explain/{session}`` answers and ``fedge explain`` prints."""

from __future__ import annotations

from typing import Any

from fedge.core.discovery.decide import Decision, Ranked
from fedge.core.model import SessionId


def explanation(decision: Decision, session: SessionId, at_ms: float) -> dict[str, Any]:
    """All times in ms, to the microsecond. ``rank`` is null for a refused site; unknown figures are null."""
    return {
        "session": session,
        "at_ms": at_ms,
        "serving": decision.serving,
        "best": decision.best,
        "decision": decision.decision,
        "gain_ms": round(decision.gain_ms, 3),
        "because": decision.because,
        "hysteresis_ms": decision.hysteresis_ms,
        "sites": [_site(each) for each in decision.sites],
    }


def _site(each: Ranked) -> dict[str, Any]:
    return {
        "site": each.site,
        "rank": each.rank or None,
        "feasible": each.feasible,
        "expected_rtt_ms": _figure(each.expected_rtt_ms),
        "terms_ms": {
            "radio": _figure(each.radio_ms),
            "cell_queue": _figure(each.queue_ms),
            "backhaul": _figure(each.backhaul_ms),
            "load": _figure(each.load_ms),
        },
        "within_objective": each.within if each.feasible else None,
        "crowded": each.stands.crowded,
        "refused_by": each.refused_by,
        "reason": each.reason,
    }


def _figure(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms, 3)
