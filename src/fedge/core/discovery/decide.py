"""The serving site for one UE: feasible, then ranked by the one objective, with hysteresis and a reason for every refusal.

The objective is placement's (`core/placement/objective.py`), for one player: within the latency objective first, then a site that
is not crowded, then the shorter expected round trip. A session only moves where it gets faster by more than the hysteresis
and stands no worse; so neither a crowd nor a round trip about the objective's bound makes it wander. What packets wait in a
full cell is in the round trip that is told, and decides nothing: no site is nearer to a cell's queue than another.

Pure and fast (it is asked for every UE several times a second): one pass over the sites and one sort.
`core/mobility` turns a decision into a move; attaching takes ``best``. The terms are explained in
`load.py`, the JSON form in `explain.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from fedge.core.applications.application import Application
from fedge.core.discovery.facts import SiteFacts, UeFacts
from fedge.core.discovery.load import FRESH_MS, discounted_load, load_term_ms, usual_load, weight_of_age
from fedge.core.model import SiteId
from fedge.core.placement.objective import Standing, standing

WORTH_TELLING_MS = 5.0
"""Operators tell delays in whole milliseconds, and radios differ by some."""
WHY_NOT_READY = {
    "joining": "the site is still joining",
    "suspect": "the site's agent has not been heard for a while",
    "lost": "the site is lost",
    "draining": "the site is being drained",
    "left": "the site left the federation",
}


class Ranked(Struct, frozen=True):
    """One site in the ranking. ``rank`` counts feasible sites from 1 and is 0 for a refused one.

    ``refused_by``: state, affinity, schema, instance, capacity or path; empty where feasible.
    ``backhaul_ms`` and ``expected_rtt_ms`` are None where no path is known.
    """

    site: SiteId
    rank: int
    feasible: bool
    expected_rtt_ms: float | None
    radio_ms: float
    backhaul_ms: float | None
    load_ms: float
    refused_by: str = ""
    reason: str = ""
    stands: Standing = Standing(False, False)
    """outside the application's objective if the cell had no queue, crowded; both false where it is refused"""
    queue_ms: float = 0.0
    within: bool = False
    """the expected round trip, with the cell's queue, is within the objective; where there is none, any is"""


class Decision(Struct, frozen=True):
    """``move``: to ``best`` (without a serving site: open there). ``stay``. ``none``: no site can serve.

    ``best``: where it moves, else the first of the ranking.

    ``gain_ms``: expected round trip of the serving site less that of ``best``, discounted by the age of the
    UE's figures.
    """

    serving: SiteId | None
    best: SiteId | None
    decision: Literal["stay", "move", "none"]
    gain_ms: float
    hysteresis_ms: float
    because: str
    sites: tuple[Ranked, ...]


def refusal(ue: UeFacts, application: Application, site: SiteFacts, serving: bool) -> tuple[str, str]:
    """(rule, reason) why the site cannot serve this UE; two empty strings where it can.

    The serving site needs no further place, and while it is suspect the session stays: only its own agent
    could let go of it.
    """
    if site.state != "ready" and not (serving and site.state == "suspect"):
        return "state", WHY_NOT_READY.get(site.state, f"the site is {site.state}")
    if site.barred:
        return "affinity", site.barred
    if site.ready_instances < 1 and not serving:
        return "instance", f"no instance of {application.app} is ready"
    if site.schema and application.schema and site.schema != application.schema:
        return (
            "schema",
            f"its instances run the state schema {site.schema}, the session has {application.schema}",
        )
    if site.sessions >= site.capacity and not serving:
        return "capacity", f"all {site.capacity} places are taken"
    if site.site not in ue.path_rtt_ms:
        return "path", f"no path from {ue.cell or 'its cell'} is known"
    return "", ""


def ranking(
    ue: UeFacts, application: Application, sites: Sequence[SiteFacts], serving: SiteId | None
) -> tuple[Ranked, ...]:
    """All sites: the feasible ones best first, then the refused ones by name. Ties go to the serving site,
    then by name.
    """
    usual = usual_load(sites)
    radio_ms, queue_ms = ue.radio_rtt_ms, ue.queue_ms
    objective_ms = application.latency.objective_ms if application.latency is not None else None
    able: list[tuple[Standing, float, bool, SiteId, float, float]] = []
    refused: list[Ranked] = []
    for site in sites:
        name = site.site
        rule, reason = refusal(ue, application, site, name == serving)
        load_ms = load_term_ms(discounted_load(site, usual))
        backhaul_ms = ue.path_rtt_ms.get(name)
        if not rule and backhaul_ms is not None:
            expected_ms = radio_ms + backhaul_ms + load_ms
            players = site.sessions + (name != serving)
            stands = standing(expected_ms, objective_ms, players, site.capacity)
            able.append((stands, expected_ms, name != serving, name, backhaul_ms, load_ms))
        else:
            expected = None if backhaul_ms is None else radio_ms + queue_ms + backhaul_ms + load_ms
            terms = expected, radio_ms, backhaul_ms, load_ms
            refused.append(Ranked(name, 0, False, *terms, rule, reason, queue_ms=queue_ms))
    able.sort()
    first = []
    for rank, (stands, expected_ms, _, name, backhaul_ms, load_ms) in enumerate(able, start=1):
        told_ms = expected_ms + queue_ms
        within = objective_ms is None or told_ms <= objective_ms
        terms = told_ms, radio_ms, backhaul_ms, load_ms
        first.append(Ranked(name, rank, True, *terms, stands=stands, queue_ms=queue_ms, within=within))
    return (*first, *sorted(refused, key=lambda each: each.site))


def decide(
    ue: UeFacts, application: Application, sites: Sequence[SiteFacts], serving: SiteId | None
) -> Decision:
    """Where this UE's session of ``application`` should be served from, and why.

    The serving site is kept unless another is better by more than the application's ``hysteresis_ms``, or
    it must let go.
    """
    ranked = ranking(ue, application, sites, serving)
    hysteresis_ms = application.mobility.hysteresis_ms
    now = next((each for each in ranked if each.site == serving), None) if serving is not None else None
    worth = weight_of_age(ue.age_ms)
    best = _best(ranked, now, hysteresis_ms, worth)
    gain_ms = _gain_ms(now, best, worth) if best is not None else 0.0
    verdict, because = _verdict(application, ranked, best, now, serving, gain_ms)
    because += _doubts(ue, worth, sites, best, now) + _queue(ue, application, now or best)
    return Decision(serving, best.site if best else None, verdict, gain_ms, hysteresis_ms, because, ranked)


def _gain_ms(now: Ranked | None, site: Ranked, worth: float) -> float:
    """To the last bit the same however long the cell's queue is."""
    if now is None or now.backhaul_ms is None or site.backhaul_ms is None:
        return 0.0
    serves_ms = now.radio_ms + now.backhaul_ms + now.load_ms
    return (serves_ms - (site.radio_ms + site.backhaul_ms + site.load_ms)) * worth


def _best(ranked: Sequence[Ranked], now: Ranked | None, hysteresis_ms: float, worth: float) -> Ranked | None:
    """The first that is worth a move and stands no worse than the serving site; else the first of all."""
    able = [each for each in ranked if each.feasible]
    if now is not None and now.feasible:
        for each in able:
            if each.stands <= now.stands and _gain_ms(now, each, worth) > hysteresis_ms:
                return each
    return able[0] if able else None


def _verdict(
    application: Application,
    ranked: Sequence[Ranked],
    best: Ranked | None,
    now: Ranked | None,
    serving: SiteId | None,
    gain_ms: float,
) -> tuple[Literal["stay", "move", "none"], str]:
    mobility = application.mobility
    if best is None:
        return "none", _nowhere(ranked)
    if serving is None:
        return "move", f"{best.site} is the best of {_count(ranked)}: {_ms(best)}"
    if now is None:
        return (
            "move",
            f"{serving} is no site that is known; {best.site} is the best of {_count(ranked)}: {_ms(best)}",
        )
    if not now.feasible:
        return (
            "move",
            f"{serving} must let go: {now.reason}; {best.site} is the best of the others: {_ms(best)}",
        )
    if best.site == serving:
        return "stay", f"{serving} is the best of {_count(ranked)}: {_ms(best)}"
    if gain_ms <= 0:
        return (
            "stay",
            f"{serving} serves at {_ms(now)}; {best.site} is less crowded, but not faster: {_ms(best)}",
        )
    if mobility.mode == "stay":
        return "stay", f"{best.site} would be {gain_ms:.1f} ms faster, but sessions of {application.app} stay"
    if gain_ms > mobility.hysteresis_ms:
        return (
            "move",
            f"{best.site} is expected {gain_ms:.1f} ms faster than {serving}: {_ms(best)} against {_ms(now)}",
        )
    return "stay", (
        f"{serving} serves at {_ms(now)}; {best.site} would be {gain_ms:.1f} ms faster, "
        f"not more than the hysteresis of {mobility.hysteresis_ms:g} ms"
    )


def _ms(site: Ranked) -> str:
    return "an unknown round trip" if site.expected_rtt_ms is None else f"{site.expected_rtt_ms:.1f} ms"


def _count(ranked: Sequence[Ranked]) -> str:
    feasible = sum(1 for each in ranked if each.feasible)
    return f"{feasible} sites" if feasible > 1 else "the only site that can serve"


def _nowhere(ranked: Sequence[Ranked]) -> str:
    if not ranked:
        return "no site has joined"
    rules = Counter(each.refused_by for each in ranked)
    return "no site can serve: " + ", ".join(
        f"{count} refused by {rule}" for rule, count in sorted(rules.items())
    )


def _doubts(
    ue: UeFacts, worth: float, sites: Sequence[SiteFacts], best: Ranked | None, now: Ranked | None
) -> str:
    """What is said about stale figures; only of the UE and of the sites that the sentence names."""
    doubts = ""
    if ue.age_ms > FRESH_MS:
        doubts += f"; {ue.ue} was last seen {ue.age_ms / 1000:.1f} s ago, so the gain counts for {worth:.0%}"
    for each in (best, now) if best != now else (best,):
        site = next((site for site in sites if each is not None and site.site == each.site), None)
        if site is not None and site.load_age_ms > FRESH_MS:
            weight = weight_of_age(site.load_age_ms)
            doubts += f"; the load of {site.site} is {site.load_age_ms / 1000:.1f} s old and counts for {weight:.0%}"
    return doubts


def _queue(ue: UeFacts, application: Application, site: Ranked | None) -> str:
    """What no site can help against."""
    if ue.queue_ms < WORTH_TELLING_MS or site is None or site.expected_rtt_ms is None:
        return ""
    told = f"; {ue.queue_ms:.0f} ms of it are the queue of its cell, which is the same for every site"
    if not site.within and not site.stands.outside:
        told += (
            "; without it the objective would be met, and a quality of service (QoD) goes before that queue"
        )
    return told
