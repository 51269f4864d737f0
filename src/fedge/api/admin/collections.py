"""What runs, as tables, and where a deployment stands and why. Read by ``fedge get`` and ``fedge explain``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from fedge.api.admin.quality_view import in_words, quality_of, quality_row
from fedge.api.admin.view import Facts, move_view, site_view
from fedge.core.applications import Application
from fedge.core.control import Knowledge, demand, leaving, placing, visits
from fedge.core.control.facts import expected_rtt_ms, outside_objective
from fedge.core.model import MS, AppId, SiteId
from fedge.core.placement import explanation as placement_explanation

Rows = dict[str, dict[str, Any]]


def sites(plane: Knowledge, facts: Facts, now: int) -> Rows:
    rows = {}
    for name, site in plane.state.sites.items():
        seen = site_view(plane, facts, site, now)
        rows[name] = {"site": name, "gateway": site.gateway, **seen, "instances": len(seen["instances"])}
    return {str(name): row for name, row in rows.items()}


def sessions(plane: Knowledge, facts: Facts, now: int) -> Rows:
    """And visits, of applications without the SDK: they have a place to connect to (``service``) and no epoch."""
    rows: Rows = {
        name: {
            "session": name,
            "ue": one.ue,
            "app": one.app,
            "state": one.state,
            "site": one.site,
            "epoch": one.epoch,
            "generation": one.generation,
            "move": one.move,
            "quality": in_words(quality_of(plane, one.ue), plane),
            "expected_rtt_ms": _rounded(expected_rtt_ms(plane, one, now)),
            "outside_objective": outside_objective(plane, one, now),
            "because": one.because,
        }
        for name, one in plane.state.sessions.items()
    }
    for name, visit in plane.state.visits.items():
        place = visits.place_of(plane, visit) if visit.app in plane.applications else {}
        row = {"ue": visit.ue, "app": visit.app, "state": "visiting", **place, "left": list(visit.left)}
        rows[str(name)] = {key: value for key, value in row.items() if key != "key"}
    return rows


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)


def moves(plane: Knowledge, facts: Facts, now: int) -> Rows:
    started = plane.settings.started_at
    return {name: {"move": name, **move_view(plane, one, started)} for name, one in plane.state.moves.items()}


def instances(plane: Knowledge, facts: Facts, now: int) -> Rows:
    rows: Rows = {}
    for site, seen in plane.sites.items():
        for one in seen.instances:
            rows[f"{site}/{one.instance}"] = {
                "instance": f"{site}/{one.instance}",
                "app_instance": f"{site}.{one.instance}",
                "app": one.app,
                "site": site,
                "state": one.state,
                "sessions": one.sessions,
                "capacity": one.capacity,
                "restarts": one.restarts,
                "reason": one.reason,
            }
    return rows


def quality(plane: Knowledge, facts: Facts, now: int) -> Rows:
    return {name: quality_row(plane, one, now) for name, one in plane.state.quality.sessions.items()}


def steering(plane: Knowledge, facts: Facts, now: int) -> Rows:
    """What the 5G core said about paths and was told, since the control plane started, and the paths by state, now."""
    return {what: {"steering": what, "count": count} for what, count in sorted(facts.steering().items())}


COLLECTIONS: dict[str, Callable[[Knowledge, Facts, int], Rows]] = {
    "sites": sites,
    "sessions": sessions,
    "moves": moves,
    "instances": instances,
    "quality": quality,
    "steering": steering,
}
OPERATORS = ("steering",)
"""Counted over all tenants."""


def figures(plane: Knowledge, now: int) -> dict[str, Any]:
    """What the scheduler on Karmada is told: sessions that a copy still holds, by member cluster and application (one on its way
    counts at both ends until its move has ended), and the cells, with the players there and round trips by cluster.
    """
    held = _held(plane, now)
    clusters, busy = [], demand.overloaded(plane, now)
    for name in plane.state.sites:
        applications = [
            {"namespace": one.namespace, "name": one.name, "sessions": held[name, app]}
            for app, one in plane.applications.items()
        ]
        cluster = plane.settings.clusters.get(name, str(name))
        view = plane.sites.get(name)
        clusters.append(
            {
                "cluster": cluster,
                "site": name,
                "load": view.load if view is not None else None,
                "load_age_ms": round((now - view.heard_at) / MS) if view is not None else None,
                "overloaded": name in busy,
                "applications": applications,
            }
        )
    return {"clusters": clusters, "cells": _cells(plane, now)}


def _held(plane: Knowledge, now: int) -> Counter[tuple[SiteId, AppId]]:
    """Without the SDK: its visits, or whoever is still connected, where that is more."""
    held = Counter((visit.site, visit.app) for visit in plane.state.visits.values())
    for app, replicas in plane.state.placed.items():
        for site in replicas:
            held[site, app] = max(held[site, app], leaving.connections_at(plane, app, site, now))
    for session in plane.state.sessions.values():
        if session.state != "lost":
            move = plane.state.moves.get(session.move) if session.move is not None else None
            ends = {move.order.source, move.order.target} if move is not None else set()
            held.update((site, session.app) for site in {session.site} | ends)
    return held


def _cells(plane: Knowledge, now: int) -> list[dict[str, Any]]:
    """The picture that placement decides by, in the names of member clusters."""

    def cluster(site: str) -> str:
        return plane.settings.clusters.get(SiteId(site), site)

    return [
        {
            "cell": cell.cell,
            "nearest": cluster(cell.nearest),
            "players": cell.players,
            "rtt_ms": {cluster(site): value_ms for site, value_ms in cell.rtt_ms.items()},
        }
        for cell in demand.picture(plane, now).cells
    ]


def placement(known: Knowledge, application: Application, now: int) -> dict[str, Any]:
    """Why an application runs where it runs."""
    return placement_explanation(application, placing.placement_of(known, application, now))
