"""The whole picture as one JSON object: what the dashboard draws, and ``curl`` reads at ``/api/v1/view``.

Dictionaries by id throughout, so that changes travel as JSON merge patches (RFC 7396). Times are ms since the run's start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fedge.api.admin.operator_state import Look, brief
from fedge.api.admin.quality_view import quality_of, quality_row
from fedge.api.admin.view_figures import figures, hops, interruptions, silence_ms
from fedge.core.control import Knowledge
from fedge.core.control.facts import site_facts
from fedge.core.control.state import Session, Visit
from fedge.core.federation import Site, health
from fedge.core.mobility import Move
from fedge.core.model import MS, SiteId

SHOWN_MOVES = 200


class Facts:
    """What the core does not know and the picture needs: the map's names and places, the run's settings, the round trip
    between two sites in ms, how Fedge stands with the 5G operator, and what steering by the 5G core counts."""

    def __init__(
        self,
        places: dict[SiteId, tuple[str, float, float]],
        run: dict[str, Any],
        between_ms: Callable[[SiteId, SiteId], float],
        operator: Look = lambda: None,
        steering: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self.places, self.run, self.between_ms = places, run, between_ms
        self.operator, self.steering = operator, steering


def view(plane: Knowledge, facts: Facts, now: int) -> dict[str, Any]:
    """Everything, now."""
    started = plane.settings.started_at
    moves = list(plane.state.moves.values())[-SHOWN_MOVES:]
    return {
        "run": facts.run,
        "operator": brief(facts.operator()),
        "at_ms": round((now - started) / MS, 1),
        "area": {"width_m": plane.access.width_m, "height_m": plane.access.height_m},
        "sites": {name: site_view(plane, facts, site, now) for name, site in plane.state.sites.items()},
        "cells": _cells(plane, now),
        "ues": _ues(plane, now),
        "links": _links(plane, facts),
        "moves": {move.id: move_view(plane, move, started) for move in moves},
        "figures": figures(plane, moves),
        "hops": hops(plane),
        "interruptions": interruptions(plane, moves),
    }


def site_view(plane: Knowledge, facts: Facts, site: Site, now: int) -> dict[str, Any]:
    seen = plane.sites.get(site.site)
    name, x_m, y_m = facts.places.get(site.site, (site.site, 0.0, 0.0))
    here = [session for session in plane.state.sessions.values() if session.site == site.site]
    under_way = list(plane.state.under_way())
    instances = seen.instances if seen is not None else ()
    return {
        "name": name,
        "x_m": x_m,
        "y_m": y_m,
        "state": health(site, seen, now),
        "sessions": sum(session.state in ("serving", "opening", "closing") for session in here),
        "visits": sum(visit.site == site.site for visit in plane.state.visits.values()),
        "forwarding": seen.driver if seen is not None else "",
        "capacity": sum(one.capacity for one in instances if one.state == "ready"),
        "load": round(seen.load, 3) if seen is not None else 0.0,
        "load_age_ms": round((now - seen.heard_at) / MS / 100) * 100 if seen is not None else None,
        "instances": {
            one.instance: {"state": one.state, "sessions": one.sessions, "restarts": one.restarts}
            for one in instances
        },
        "moves_in": sum(move.order.target == site.site for move in under_way),
        "moves_out": sum(move.order.source == site.site for move in under_way),
        "lost_at_ms": round((site.lost_at - plane.settings.started_at) / MS) if site.lost_at else None,
        "restarted_elsewhere": plane.state.restarted_from.get(site.site, 0),
        "lost_sessions": sum(session.state == "lost" for session in here),
    }


def _cells(plane: Knowledge, now: int) -> dict[str, Any]:
    """``used``: share of its capacity, of the fuller way; ``queue_ms``: what packets wait there. None where that is not told."""
    found: dict[str, Any] = {}
    for name, cell in plane.access.cells.items():
        load = plane.access.load(name, now)
        found[name] = {
            "kind": cell.kind,
            "x_m": cell.x_m,
            "y_m": cell.y_m,
            "radius_m": cell.radius_m,
            "site": cell.site,
            "used": round(max(load.used_up, load.used_down), 2) if load is not None else None,
            "queue_ms": round(load.queue_ms) if load is not None and load.queue_ms is not None else None,
        }
    return found


def _ues(plane: Knowledge, now: int) -> dict[str, Any]:
    by_ue: dict[str, Session | Visit] = {visit.ue: visit for visit in plane.state.visits.values()}
    by_ue |= {session.ue: session for session in plane.state.sessions.values()}
    found: dict[str, Any] = {}
    for name, seen in plane.access.ues.items():
        session = by_ue.get(name)
        quality = quality_of(plane, name)
        at = seen.sighting
        found[name] = {
            "x_m": None if seen.hidden else round(at.x_m, 1),
            "y_m": None if seen.hidden else round(at.y_m, 1),
            "cell": None if seen.hidden else at.cell,
            "kind": at.kind,
            "signal_dbm": round(at.signal_dbm),
            "site": session.site if session is not None and not _lost(session) else None,
            "rtt_ms": round(seen.rtt_ms, 1) if seen.rtt_ms and session is not None else None,
            "state": _ue_state(plane, session),
            "reachable": None if seen.hidden else not seen.lost_at,
            "handover_gap_ms": _handover_gap_ms(plane, session),
            "session": session.session if session is not None else None,
            "quality": quality_row(plane, quality, now) if quality is not None else None,
        }
    return found


def _handover_gap_ms(plane: Knowledge, session: Session | Visit | None) -> float | None:
    client = plane.access.clients.get(session.key) if isinstance(session, Session) else None
    return round(client.gap_ms, 1) if client is not None and client.gap_ms is not None else None


def _lost(session: Session | Visit) -> bool:
    return isinstance(session, Session) and session.state == "lost"


def _ue_state(plane: Knowledge, session: Session | Visit | None) -> str:
    """Of a visit no more is known than where it is led."""
    if isinstance(session, Visit):
        return "serving"
    if session is None or session.state == "closing":
        return "away"
    if session.state in ("lost", "opening"):
        return "blocked"
    move = plane.state.moves.get(session.move) if session.move is not None else None
    if move is not None and move.state == "FROZEN":
        return "blocked"
    return "moving" if move is not None else "serving"


def _links(plane: Knowledge, facts: Facts) -> dict[str, Any]:
    names = sorted(plane.state.sites)
    if len(names) > 24:
        return {}
    return {
        f"{a}--{b}": {"a": a, "b": b, "rtt_ms": facts.between_ms(a, b), "path": "direct", "loss": 0.0}
        for n, a in enumerate(names)
        for b in names[n + 1 :]
    }


def move_view(plane: Knowledge, move: Move, started: int) -> dict[str, Any]:
    outcome = {"RELEASED": "released", "ABORTED": "aborted"}.get(move.state)
    silent_ms = silence_ms(plane, move)
    warmed = None
    if move.handover_at and "WARMING" in move.steps:
        warmed = round((move.handover_at - move.steps["WARMING"]) / MS, 1)
    return {
        "session": move.order.session,
        "from": move.order.source,
        "to": move.order.target,
        "cause": move.order.cause,
        "state": move.state,
        "outcome": outcome or ("overdue" if move.overdue else None),
        "reason": move.reason,
        "gain_ms": round(move.gain_ms, 1),
        "warmed_before_ms": warmed,
        "steps": {state: round((at - started) / MS, 2) for state, at in move.steps.items()},
        "silent_ms": round(silent_ms, 1) if silent_ms is not None else None,
        "bytes_total": move.bytes_total,
        "bytes_after_trigger": move.bytes_after_trigger,
    }


def merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The RFC 7396 merge patch that turns ``old`` into ``new``; None deletes a key."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = merge_patch(before, value)
            if inner:
                patch[key] = inner
        elif before != value or key not in old:
            patch[key] = value
    return patch


def site_detail(plane: Knowledge, facts: Facts, site: Site, now: int) -> dict[str, Any]:
    """A site with its sessions and with how it stands towards each application."""
    held = (plane.state.sessions, plane.state.visits)
    sessions = sorted(name for some in held for name, one in some.items() if one.site == site.site)
    apps = {
        app: next(f for f in site_facts(plane, app, now) if f.site == site.site).sessions
        for app in plane.applications
    }
    seen = plane.sites.get(site.site)
    gateway = seen.gateway if seen is not None else {}
    more = {"sessions_list": sessions, "placed": dict(site.placed), "applications": apps, "gateway": gateway}
    return {**site_view(plane, facts, site, now), **more}
