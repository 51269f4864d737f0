"""A fake, moving city for developing and testing the dashboard. Nothing here is the platform; every figure is invented.

Purpose: a picture in exactly the contract of `GET /api/v1/view` that moves: players walk, sessions move through all states.
Neighbours: `fake_platform.py` serves it; `test_dashboard.py` steers it. Source: the dashboard's data contract.
"""

from __future__ import annotations

import copy
import math
import random
from typing import Any

Json = dict[str, Any]
SITE_NAMES = ("Carlton", "Docklands", "Fitzroy", "Southbank")
SITE_PLACES = ((420.0, 300.0), (330.0, 880.0), (1210.0, 290.0), (1150.0, 900.0))
STATES = ("PLANNED", "WARMING", "COPYING", "FROZEN", "ACTIVATED", "STEERED", "CONFIRMED", "RELEASED")
TICK_MS = 16.67
WIDTH_M, HEIGHT_M = 1600.0, 1200.0


class FakeWorld:
    """Players that walk between waypoints in a city of four sites; `step` moves the clock, `view` is the picture."""

    def __init__(
        self, players: int = 24, seed: int = 7, move_every_ms: float = 2500.0, started_at_s: float = 0.0
    ) -> None:
        self.rng = random.Random(seed)
        self.at_ms = 0.0
        self.move_every_ms = move_every_ms
        self.next_move_ms = max(1500.0, move_every_ms / 2)
        self.move_count = 0
        self.plans: dict[str, list[tuple[str, float]]] = {}
        self.goals: dict[str, tuple[float, float, float]] = {}
        self.second = -1
        self.hold: str | None = None
        sites = {
            name.lower(): {
                "name": name,
                "x_m": x,
                "y_m": y,
                "state": "ready",
                "sessions": 0,
                "capacity": max(64, players // 2),
                "load": 0.0,
                "load_age_ms": 120.0,
                "visits": 0,
                "forwarding": "userspace",
                "instances": {"arena-1": {"state": "ready", "sessions": 0}},
                "moves_in": 0,
                "moves_out": 0,
                "lost_at_ms": None,
                "restarted_elsewhere": 0,
            }
            for name, (x, y) in zip(SITE_NAMES, SITE_PLACES, strict=True)
        }
        self.view: Json = {
            "run": {
                "engine": "embedded",
                "seed": seed,
                "time_scale": 3.0,
                "policy": "follow",
                "version": "0.1.0",
                "started_at_s": started_at_s,
                "simulated": ["radio", "player movement", "backhaul delay"],
            },
            "at_ms": 0.0,
            "area": {"width_m": WIDTH_M, "height_m": HEIGHT_M},
            "sites": sites,
            "cells": self._cells(sites),
            "ues": {},
            "links": {},
            "moves": {},
            "hops": {},
            "figures": {
                "players": players,
                "within_objective": 1.0,
                "objective_ms": 30.0,
                "rtt_p50_ms": 14.0,
                "rtt_p99_ms": 26.0,
                "interruption_p99_ms": None,
                "inputs_acknowledged": 0,
                "inputs_lost": 0,
                "sessions_lost": 0,
                "moves_released": 0,
                "moves_aborted": 0,
            },
            "interruptions": {"bin_ms": 2, "counts": [0] * 16, "tick_ms": TICK_MS},
        }
        names = sorted(sites)
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                path = "direct" if (a, b) != ("carlton", "southbank") else "relay"
                self.view["links"][f"{a}--{b}"] = {"a": a, "b": b, "rtt_ms": 5.0, "path": path, "loss": 0.0}
        for n in range(players):
            self._join(f"player-{n}")
        self._count()

    def _cells(self, sites: Json) -> Json:
        cells: Json = {}
        for n in range(32):
            kind = ("nr", "nr", "lte", "wifi")[n % 4]
            radius = {"nr": 190.0, "lte": 330.0, "wifi": 60.0}[kind] * self.rng.uniform(0.85, 1.15)
            column, row = n % 8, n // 8
            x = (column + 0.5 + self.rng.uniform(-0.35, 0.35)) * WIDTH_M / 8
            y = (row + 0.5 + self.rng.uniform(-0.35, 0.35)) * HEIGHT_M / 4
            cells[f"{kind}-{n}"] = {
                "kind": kind,
                "x_m": round(x, 1),
                "y_m": round(y, 1),
                "radius_m": round(radius, 1),
                "site": _nearest(sites, x, y),
                "used": 0.12,
                "queue_ms": 0,
            }
        return cells

    def _join(self, player: str) -> None:
        x, y = self.rng.uniform(60, WIDTH_M - 60), self.rng.uniform(60, HEIGHT_M - 60)
        self.goals[player] = (x, y, 0.0)
        self.view["ues"][player] = {
            "x_m": x,
            "y_m": y,
            "cell": None,
            "kind": "nr",
            "signal_dbm": -80.0,
            "site": _nearest(self.view["sites"], x, y),
            "rtt_ms": 14.0,
            "state": "serving",
            "session": player,
            "quality": None,
        }
        self._attach(self.view["ues"][player])

    def step(self, elapsed_ms: float) -> None:
        """Moves everything on by `elapsed_ms`."""
        self.at_ms += elapsed_ms
        self.view["at_ms"] = round(self.at_ms, 1)
        for player, ue in self.view["ues"].items():
            self._walk(player, ue, elapsed_ms / 1000)
        if self.at_ms >= self.next_move_ms:
            self.next_move_ms = self.at_ms + self.rng.uniform(0.4, 1.6) * self.move_every_ms
            self._follow_someone()
        for move_id in list(self.plans):
            self._advance(move_id)
        self._count()
        if int(self.at_ms / 1000) != self.second:
            self.second = int(self.at_ms / 1000)
            self._measure()

    def _walk(self, player: str, ue: Json, dt_s: float) -> None:
        x, y, speed = self.goals[player]
        dx, dy = x - ue["x_m"], y - ue["y_m"]
        left = math.hypot(dx, dy)
        if left < 6:
            self.goals[player] = (
                self.rng.uniform(60, WIDTH_M - 60),
                self.rng.uniform(60, HEIGHT_M - 60),
                self.rng.uniform(8, 26),
            )
            return
        ue["x_m"] = round(ue["x_m"] + dx / left * min(left, speed * dt_s), 2)
        ue["y_m"] = round(ue["y_m"] + dy / left * min(left, speed * dt_s), 2)
        self._attach(ue)
        site = self.view["sites"].get(ue["site"] or "")
        if site:
            far = math.hypot(site["x_m"] - ue["x_m"], site["y_m"] - ue["y_m"])
            radio = {"nr": 8.0, "lte": 15.0, "wifi": 6.0}[ue["kind"]]
            ue["rtt_ms"] = round(radio + far / 130 + self.rng.gauss(0, 0.25), 1)

    def _attach(self, ue: Json) -> None:
        def strength(cell: Json) -> float:
            metres = max(8.0, math.hypot(cell["x_m"] - ue["x_m"], cell["y_m"] - ue["y_m"]))
            inside = 0.0 if metres < cell["radius_m"] else -12.0
            return {"nr": -44.0, "lte": -50.0, "wifi": -43.0}[cell["kind"]] - 19 * math.log10(metres) + inside

        best = max(self.view["cells"], key=lambda name: strength(self.view["cells"][name]))
        ue["cell"], ue["kind"] = best, self.view["cells"][best]["kind"]
        ue["signal_dbm"] = round(strength(self.view["cells"][best]), 1)

    def _follow_someone(self) -> None:
        def gain(ue: Json) -> float:
            here = self.view["sites"][ue["site"]]
            there = self.view["sites"][_nearest(self.view["sites"], ue["x_m"], ue["y_m"])]
            return math.hypot(here["x_m"] - ue["x_m"], here["y_m"] - ue["y_m"]) - math.hypot(
                there["x_m"] - ue["x_m"], there["y_m"] - ue["y_m"]
            )

        able = {p: gain(u) for p, u in self.view["ues"].items() if u["state"] == "serving" and u["site"]}
        if not able:
            return
        player = max(able, key=lambda p: able[p])
        ue = self.view["ues"][player]
        if able[player] > 40:
            self.move(
                player,
                _nearest(self.view["sites"], ue["x_m"], ue["y_m"]),
                self.rng.choice(["handover", "predicted", "predicted"]),
                f"{able[player] / 130:.1f} ms nearer",
            )
        else:
            others = [s for s, v in self.view["sites"].items() if v["state"] == "ready" and s != ue["site"]]
            if others:
                self.move(
                    self.rng.choice(list(able)),
                    self.rng.choice(others),
                    "rebalance",
                    "load 0.42 against 0.18",
                    abort=self.rng.random() < 0.3,
                )

    def move(
        self,
        player: str,
        to: str,
        cause: str = "ordered",
        reason: str = "ordered by a person",
        abort: bool = False,
    ) -> str | None:
        """Starts a move and returns its id; None when the player is there already."""
        ue = self.view["ues"][player]
        if ue["site"] == to or ue["site"] is None:
            return None
        self.move_count += 1
        move_id = f"m-{self.move_count}"
        silent = max(1.4, self.rng.lognormvariate(1.35, 0.5))
        lengths = (
            1.1,
            self.rng.uniform(60, 190),
            self.rng.uniform(45, 130),
            silent,
            1.2,
            self.rng.uniform(12, 40),
            3.0,
        )
        at, plan = self.at_ms, [("PLANNED", self.at_ms)]
        for state, length in zip(STATES[1:], lengths, strict=True):
            at += length
            plan.append((state, at))
        if abort:
            plan = [*plan[:3], ("ABORTED", plan[3][1])]
        self.plans[move_id] = plan
        self.view["moves"][move_id] = {
            "session": player,
            "from": ue["site"],
            "to": to,
            "cause": cause,
            "state": "PLANNED",
            "outcome": None,
            "reason": f"{to} {reason}" if "nearer" in reason else reason,
            "warmed_before_ms": round(self.rng.uniform(40, 240), 1) if cause == "predicted" else None,
            "steps": {},
            "silent_ms": None,
            "bytes_total": 1_100_000,
            "bytes_after_trigger": 0,
        }
        while len(self.view["moves"]) > 200:
            del self.view["moves"][next(iter(self.view["moves"]))]
        ue["state"] = "moving"
        return move_id

    def _advance(self, move_id: str) -> None:
        move = self.view["moves"].get(move_id)
        plan = self.plans[move_id]
        if move is None:
            del self.plans[move_id]
            return
        ue = self.view["ues"].get(move["session"])
        while plan and plan[0][1] <= self.at_ms and plan[0][0] != self.hold:
            state, at = plan.pop(0)
            move["state"] = state
            if state != "ABORTED":
                move["steps"][state] = round(at, 1)
            if state == "ACTIVATED":
                move["silent_ms"] = round(at - move["steps"]["FROZEN"], 1)
                move["bytes_after_trigger"] = self.rng.randrange(18_000, 64_000)
                counts = self.view["interruptions"]["counts"]
                counts[min(len(counts) - 1, int(move["silent_ms"] / 2))] += 1
                if ue:
                    ue["site"] = move["to"]
                self.view["sites"][move["from"]]["moves_out"] += 1
                self.view["sites"][move["to"]]["moves_in"] += 1
        if not plan:
            del self.plans[move_id]
            move["outcome"] = "aborted" if move["state"] == "ABORTED" else "released"
            self.view["figures"][f"moves_{move['outcome']}"] += 1
            if ue:
                ue["state"] = "serving"

    def lose_site(self, site: str) -> None:
        """The site vanishes; its sessions restart at the nearest other site."""
        lost = self.view["sites"][site]
        lost["state"], lost["lost_at_ms"] = "lost", round(self.at_ms, 1)
        lost["instances"]["arena-1"]["state"] = "failed"
        for ue in self.view["ues"].values():
            if ue["site"] == site:
                ue["site"], ue["state"] = _nearest(self.view["sites"], ue["x_m"], ue["y_m"]), "serving"
                lost["restarted_elsewhere"] += 1
                self.view["figures"]["sessions_lost"] += 1

    def keep_quality(self, player: str, kept: bool | None = True, by: str = "studio") -> None:
        """A quality session for the player's flow; ``kept`` None: asked for and not served yet."""
        self.view["ues"][player]["quality"] = {
            "quality": f"q-{player}",
            "ue": player,
            "server": "127.1.1.1/32",
            "carried": None,
            "profile": "QOS_E",
            "status": "REQUESTED" if kept is None else "AVAILABLE",
            "info": None,
            "kept": kept,
            "left_s": None if kept is None else 540,
            "by": by,
            "reason": "",
        }

    def fill_cell(self, cell: str, queue_ms: int) -> None:
        """Other people's traffic fills a cell."""
        self.view["cells"][cell] |= {"used": 1.0, "queue_ms": queue_ms}

    def drain(self, site: str) -> int:
        """Marks a site draining and moves its sessions away; returns how many."""
        self.view["sites"][site]["state"] = "draining"
        here = [p for p, u in self.view["ues"].items() if u["site"] == site]
        for player in here:
            ue = self.view["ues"][player]
            self.move(
                player, _nearest(self.view["sites"], ue["x_m"], ue["y_m"]), "drain", f"{site} is draining"
            )
        return len(here)

    def _count(self) -> None:
        for name, site in self.view["sites"].items():
            here = sum(1 for u in self.view["ues"].values() if u["site"] == name)
            site["sessions"] = 0 if site["state"] == "lost" else here
            site["load"] = round(min(1.0, 0.04 + here / max(24, len(self.view["ues"])) * 1.1), 3)
            site["load_age_ms"] = round(self.at_ms % 500, 0)
            site["instances"]["arena-1"]["sessions"] = site["sessions"]

    def _measure(self) -> None:
        rtts = sorted(u["rtt_ms"] for u in self.view["ues"].values() if u["rtt_ms"] is not None)
        figures = self.view["figures"]
        figures["players"] = len(rtts)
        if not rtts:
            return
        figures["rtt_p50_ms"], figures["rtt_p99_ms"] = rtts[len(rtts) // 2], rtts[int(len(rtts) * 0.99)]
        figures["within_objective"] = round(sum(r <= figures["objective_ms"] for r in rtts) / len(rtts), 4)
        figures["inputs_acknowledged"] += 8 * len(rtts)
        silent = sorted(m["silent_ms"] for m in self.view["moves"].values() if m["silent_ms"] is not None)
        figures["interruption_p99_ms"] = silent[int(len(silent) * 0.99)] if silent else None
        gauss = self.rng.gauss
        self.view["hops"][str(self.second)] = {
            "radio": round(7.1 + 1.2 * math.sin(self.second / 9) + gauss(0, 0.3), 2),
            "gateway": round(0.4 + abs(gauss(0, 0.08)), 2),
            "backhaul": round(1.9 + 0.5 * math.sin(self.second / 14) + gauss(0, 0.1), 2),
            "server": round(8.3 + gauss(0, 0.2), 2),
        }
        for old in [k for k in self.view["hops"] if int(k) < self.second - 119]:
            del self.view["hops"][old]

    def device(self, ue: str) -> Json | None:
        """Where it is and who may know, in the contract of `GET /api/v1/devices/{ue}`: player-7 consents, nobody else does."""
        if ue not in self.view["ues"]:
            return None
        place = {"latitude": 45.00812, "longitude": -29.98731, "radius_m": 50.0, "age_s": 0.4}
        scopes, left_s = ["location-retrieval:read"], 20 * 86400.0
        consent = {"id": "consent-3", "client": "studio", "device": ue, "scopes": scopes, "purpose": "",
                   "by": "its subscriber (CIBA)", "left_s": left_s}  # fmt: skip
        consents = [consent] if ue == "player-7" else []
        return {"device": ue, "identifiers": {}, "place": place, "consents": consents}

    def explain(self, session: str) -> Json | None:
        """The ranking of sites for a session, in the contract of `GET /api/v1/explain/{session}`."""
        ue = self.view["ues"].get(session)
        if ue is None:
            return None
        good: list[Json] = []
        refused: list[Json] = []
        for name, site in self.view["sites"].items():
            if site["state"] != "ready" or name == "southbank":
                rule = "capacity" if site["state"] == "ready" else "state"
                reason = "64 of 64 sessions" if rule == "capacity" else f"the site is {site['state']}"
                if name != ue["site"]:
                    refused.append(
                        {"site": name, "rank": None, "feasible": False, "refused_by": rule, "reason": reason}
                    )
                    continue
            far = math.hypot(site["x_m"] - ue["x_m"], site["y_m"] - ue["y_m"])
            terms = {
                "radio": 8.0 if ue["kind"] == "nr" else 14.0,
                "backhaul": round(far / 130, 2),
                "load": round(site["load"] * 8, 2),
            }
            good.append(
                {
                    "site": name,
                    "feasible": True,
                    "expected_rtt_ms": round(sum(terms.values()), 2),
                    "terms_ms": terms,
                    "refused_by": None,
                }
            )
        good.sort(key=lambda s: s["expected_rtt_ms"])
        for rank, site in enumerate(good, start=1):
            site["rank"] = rank
        here = next((s["expected_rtt_ms"] for s in good if s["site"] == ue["site"]), math.inf)
        gain = here - good[0]["expected_rtt_ms"] if good else 0.0
        better = f"{good[0]['site']} answers {gain:.1f} ms sooner, more than the hysteresis." if good else ""
        return {
            "session": session,
            "at_ms": self.view["at_ms"],
            "serving": ue["site"],
            "decision": "move" if gain > 1.0 else "stay",
            "hysteresis_ms": 1.0,
            "because": better if gain > 1.0 else "no other site answers sooner by more than the hysteresis.",
            "sites": good + refused,
        }

    def picture(self) -> Json:
        """A copy of the view."""
        return copy.deepcopy(self.view)


def _nearest(sites: Json, x: float, y: float) -> str:
    ready = {n: s for n, s in sites.items() if s["state"] == "ready"} or sites
    return min(ready, key=lambda n: (ready[n]["x_m"] - x) ** 2 + (ready[n]["y_m"] - y) ** 2)
