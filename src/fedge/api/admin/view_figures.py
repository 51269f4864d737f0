"""The picture's numbers: the four figures, round trips by hop, interruptions. What each means: ``docs/report.md``.

``moves``: those in the picture, the newest last. Neighbour: ``view``, which puts them together.
"""

from __future__ import annotations

from typing import Any

from fedge.core.control import Knowledge
from fedge.core.mobility import Move

BIN_MS = 2
BINS = 30
TICK_MS = 1000 / 60


def silence_ms(plane: Knowledge, move: Move) -> float | None:
    """How long its player's stream of ticks stood still around a move: ``interruption_ms.platform`` of the report, measured live.

    None while it is being measured, and for a move that its player never saw.
    """
    gap_ms = plane.silent_ms.get((move.order.ue, move.order.epoch))
    wrote = move.state in ("ACTIVATED", "STEERED", "CONFIRMED", "RELEASED")
    return max(0.0, gap_ms - TICK_MS) if wrote and gap_ms is not None else None


def _interrupted_ms(plane: Knowledge, moves: list[Move]) -> list[float]:
    return sorted(ms for ms in (silence_ms(plane, move) for move in moves) if ms is not None)


def figures(plane: Knowledge, moves: list[Move]) -> dict[str, Any]:
    playing = [s for s in plane.state.sessions.values() if s.state in ("serving", "opening")]
    rtts = sorted(
        plane.access.ues[s.ue].rtt_ms
        for s in playing
        if s.ue in plane.access.ues and plane.access.ues[s.ue].rtt_ms
    )
    objective = next(
        (a.latency.objective_ms for a in plane.applications.values() if a.latency is not None), None
    )
    silent = _interrupted_ms(plane, moves)
    acknowledged = sum(ue.acknowledged for ue in plane.access.ues.values())
    lost = sum(ue.lost_before + ue.lost for ue in plane.access.ues.values())
    return {
        "players": len(playing),
        "objective_ms": objective,
        "within_objective": round(sum(r <= objective for r in rtts) / len(rtts), 3)
        if rtts and objective
        else None,
        "rtt_p50_ms": round(_share(rtts, 0.5), 1) if rtts else None,
        "rtt_p99_ms": round(_share(rtts, 0.99), 1) if rtts else None,
        "interruption_p99_ms": round(_share(silent, 0.99), 1) if silent else None,
        "inputs_acknowledged": acknowledged,
        "inputs_lost": lost if acknowledged else None,
        "sessions_lost": plane.state.lost_sessions,
        "moves_released": sum(move.state == "RELEASED" for move in moves),
        "moves_aborted": sum(move.state == "ABORTED" for move in moves),
    }


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def hops(plane: Knowledge) -> dict[str, Any]:
    return {
        str(second): {
            "radio": round(hop.radio_ms, 2),
            "backhaul": round(hop.backhaul_ms, 2),
            "gateway": round(hop.gateway_ms, 2),
            "server": round(hop.server_ms, 2),
        }
        for second, hop in plane.access.hops.items()
    }


def interruptions(plane: Knowledge, moves: list[Move]) -> dict[str, Any]:
    counts = [0] * BINS
    for silent_ms in _interrupted_ms(plane, moves):
        counts[min(BINS - 1, int(silent_ms / BIN_MS))] += 1
    return {"bin_ms": BIN_MS, "counts": counts, "tick_ms": round(TICK_MS, 2)}
