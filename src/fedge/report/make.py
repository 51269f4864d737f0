"""The report of one run: reads its directory, measures, checks, and names the figures as the first issue binds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fedge.report.access_kinds import by_access
from fedge.report.integrity import Integrity, check_run
from fedge.report.interruptions import Watched, interruptions
from fedge.report.moves import MoveStory, move_counts, read_moves
from fedge.report.predictions import predictions
from fedge.report.replay import GameOf, load_game
from fedge.report.roundtrips import SLOW_FRAME_MS, RoundTrips, round_trips, slot_medians, spread
from fedge.report.session_logs import read_session_logs
from fedge.report.timeline import NO_LINE, LineTicks, Visit, by_session, during, find_visits, line_ticks
from fedge.report.traces import NO_RECORDS, Records, Traces, by_ue, of_kind, read_traces
from fedge.report.windows import first_entries, new_ticks
from fedge.wire.records import (
    ACCEPTED,
    ADDED,
    ATTACHED,
    DOWN,
    GOT,
    HANDOVER,
    HOPS,
    IN_CELL,
    RELAY,
    SENT,
    WENT_UP,
)
from fedge_sdk.game import Game

Report = dict[str, Any]

_CONFIGURED = (
    "engine",
    "seed",
    "duration_s",
    "sites",
    "players",
    "policy",
    "time_scale",
    "state_bytes",
    "backhaul_rtt_ms",
)


def arena_only(app: str) -> Game | None:
    """The games that a checkout brings along: the arena, from ``examples/``."""
    place = Path(__file__).parents[3] / "examples" / "arena" / "arena.py"
    return load_game(f"{place}:Arena") if app == "arena" and place.is_file() else None


def make_report(run_dir: Path, game_of: GameOf = arena_only) -> Report:
    """Everything that can be said of the run in ``run_dir`` after it ended. Definitions: ``README.md`` beside this module."""
    traces, logs = read_traces(run_dir), read_session_logs(run_dir)
    lines = {key: line_ticks(log) for key, log in logs.items()}
    visits = by_session(find_visits(traces.fleet, logs, traces.end_ns))
    sent, accepted, down = _by_session(traces, visits)
    games: dict[str, Game | None] = {}

    def cached(app: str) -> Game | None:
        if app not in games:
            games[app] = game_of(app)
        return games[app]

    checked = check_run(logs, lines, accepted, visits, traces.routes, cached)
    stories = read_moves(traces.moves)
    trips = {
        key: round_trips(sent.get(key, NO_RECORDS), accepted.get(key, NO_RECORDS), lines.get(key, NO_LINE))
        for key in visits
    }
    watched = {key: _watched(key, accepted, down, lines, visits) for key in visits}
    rng = np.random.default_rng(int(traces.config.get("seed") or 0))
    gaps = interruptions(stories, watched, of_kind(traces.access, HANDOVER), traces.end_ns, rng)
    return {
        **{name: traces.config.get(name) for name in _CONFIGURED},
        "watched_s": _watched_s(traces),
        "sessions": len(logs),
        "moves": move_counts(stories),
        "predictions": predictions(stories),
        **gaps,
        "by_access": by_access(of_kind(traces.access, IN_CELL), gaps["move_windows"], trips, visits),
        **_round_trip_figures(trips),
        **_path_figures(traces.access),
        "inputs": _inputs(trips, visits, checked),
        "state_hash_mismatches": checked.state_hash_mismatches,
        "two_writer_violations": checked.two_writer_violations,
        "bytes_moved": _bytes(stories),
        "handovers": len(of_kind(traces.access, HANDOVER)),
        "tick_rate_hz": _tick_rates(lines),
        "integrity": checked.as_json(),
        "findings": checked.evidence(logs),
        "rtt_by_player_and_second_ms": _by_player_and_second(traces, trips, visits),
    }


def _watched_s(traces: Traces) -> float:
    """From the first record of the players to the last."""
    return round((traces.end_ns - int(traces.fleet["t_ns"][0])) / 1e9, 3) if len(traces.fleet) else 0.0


def _by_session(traces: Traces, visits: dict[int, list[Visit]]) -> tuple[dict[int, Records], ...]:
    """SENT, accepted GOT and DOWN records by session key."""
    got = of_kind(traces.fleet, GOT)
    streams = [of_kind(traces.fleet, SENT), got[(got["flags"] & ACCEPTED) > 0], of_kind(traces.access, DOWN)]
    found: tuple[dict[int, Records], ...] = ({}, {}, {})
    for records, by_key in zip(streams, found, strict=True):
        grouped = by_ue(records)
        for key, stays in visits.items():
            if (
                key < 0
            ):  # players that no session log tells of are kept apart from each other by nothing: one pseudo-session
                parts = [during(grouped[v.ue], [v]) for v in stays if v.ue in grouped]
                by_key[key] = np.concatenate(parts) if parts else records[:0]
            elif stays[0].ue in grouped:
                by_key[key] = during(grouped[stays[0].ue], stays)
    return found


def _watched(
    key: int,
    accepted: dict[int, Records],
    down: dict[int, Records],
    lines: dict[int, LineTicks],
    visits: dict[int, list[Visit]],
) -> Watched:
    line = lines.get(key, NO_LINE)
    at_radio, at_client = down.get(key, NO_RECORDS), accepted.get(key, NO_RECORDS)
    return Watched(
        visits=visits[key],
        line=line,
        radio=new_ticks(at_radio, line.epochs),
        entered=first_entries(at_radio, line.epochs),
        client=new_ticks(at_client, line.epochs),
    )


def _round_trip_figures(trips: dict[int, RoundTrips]) -> dict[str, Any]:
    def all_of(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        parts = [getattr(trip, name) for trip in trips.values()]
        return np.concatenate(parts) if parts else np.zeros(0)

    frames = all_of("frame_rtt_ms")
    slow = int((frames > SLOW_FRAME_MS).sum())
    return {
        "rtt_ms": spread(all_of("rtt_ms")),
        "network_rtt_ms": spread(all_of("network_rtt_ms")),
        "frames_over_50ms": slow,
        "frames_acknowledging": len(frames),
    }


def _path_figures(access: Records) -> dict[str, Any]:
    hops, relay, added = (of_kind(access, kind) for kind in (HOPS, RELAY, ADDED))
    names = dict(zip(("radio", "backhaul", "gateway", "server"), "abcd", strict=True))
    up = added["flags"] == WENT_UP
    return {
        "rtt_by_hop_ms": {name: spread(hops[column] / 1e3) for name, column in names.items()},
        "relay_error_ms": spread(relay["a"] / 1e3, p95=False),
        "relay_added_ms": {
            way: spread(added["a"][chosen] / 1e3, n=True, most=True)
            for way, chosen in (("up", up), ("down", ~up))
        },
    }


def _inputs(
    trips: dict[int, RoundTrips], visits: dict[int, list[Visit]], checked: Integrity
) -> dict[str, int]:
    sent, acknowledged = (
        sum(getattr(trip, name) for trip in trips.values()) for name in ("sent", "acknowledged")
    )
    gone = [key for key, stays in visits.items() if stays[-1].left]
    return {
        "sent": sent,
        "acknowledged": acknowledged,
        "late": sum(trip.late for trip in trips.values()),
        "lost": sent - acknowledged,
        "lost_by_players_who_left": sum(trips[key].sent - trips[key].acknowledged for key in gone),
        "acknowledged_then_lost": checked.acknowledged_then_lost,
    }


def _bytes(stories: list[MoveStory]) -> dict[str, int]:
    return {
        "total": sum(story.bytes_total for story in stories),
        "after_trigger": sum(story.bytes_after_trigger for story in stories),
    }


def _tick_rates(lines: dict[int, LineTicks]) -> dict[str, float]:
    """Ticks a second of each session's surviving line, first to last tick: the slowest, and the median."""
    rates = [
        (len(line.tick) - 1) * 1e9 / int(line.t_ns[-1] - line.t_ns[0])
        for line in lines.values()
        if len(line.tick) > 60 and line.t_ns[-1] > line.t_ns[0]
    ]
    if not rates:
        return {"n": 0, "min": 0.0, "p50": 0.0}
    return {"n": len(rates), "min": round(min(rates), 3), "p50": round(float(np.median(rates)), 3)}


def _by_player_and_second(
    traces: Traces, trips: dict[int, RoundTrips], visits: dict[int, list[Visit]]
) -> dict[str, dict[str, float]]:
    """Median round trip of each player in each second of the run. People and radio are functions of the time since its start, so
    the same second of two runs with one seed finds the same player at the same place."""
    attached = of_kind(traces.fleet, ATTACHED)
    first = int(attached["t_ns"][0]) if len(attached) else 0
    begun_ns = int(traces.config.get("started_ns") or first)
    table: dict[str, dict[str, float]] = {}
    for key, trip in trips.items():
        if key >= 0:
            slots = slot_medians(trip, begun_ns)
            player = table.setdefault(f"player-{visits[key][0].ue + 1}", {})
            player.update({str(slot): rtt for slot, rtt in slots.items()})
    return table
