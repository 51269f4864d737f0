"""Placement: which sites run how many replicas of an application. Deterministic; growth never takes a replica from a site.

feasible → rank → divide, and a reason for every site left out. Differences from Karmada's stock scheduler,
on purpose: static weights stop at a site's room; a Duplicated copy that cannot be whole at a new site is
refused there; replicas that sites hold already stay on growth even where the policy's weights changed
meanwhile (they are divided anew once the total is unchanged).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from fedge.core.applications.application import Application
from fedge.core.model import SiteId
from fedge.core.placement.divide import Seats, covering, few, fewer, smallest_count, webster, without
from fedge.core.placement.facts import Demand, Placement, Refusal, SiteFacts
from fedge.core.placement.feasible import feasible_sites, room_for
from fedge.core.placement.policy import Policy
from fedge.core.placement.rank import ranked


class _Question(Struct, frozen=True):
    """A placement as ``divide.py`` sees it: sites in order of preference, most and present replicas of each."""

    total: int
    order: list[SiteId]
    caps: dict[SiteId, int]
    held: Seats
    weights: dict[SiteId, int]
    least: int
    most: int
    steady: bool
    """at an unchanged total what is held stays; not so under static weights, which the policy may have changed"""


def place(
    application: Application, policy: Policy | None, sites: Sequence[SiteFacts], demand: Demand | None = None
) -> Placement:
    """Sites and replicas for ``application`` under ``policy``; None: nothing selects it, so it runs nowhere."""
    if policy is None:
        return Placement({}, {}, application.replicas, "no PropagationPolicy selects it")
    able, refused = feasible_sites(application, policy, sites)
    if none := _nowhere(application, policy, len(able), refused):
        return _as_it_is(application, able, refused, none)
    order = ranked(able, application.latency, demand or {})
    question = _question(application, policy, [site for site, _ in order])
    chosen = {
        "duplicated": _duplicated,
        "aggregated": _aggregated,
        "static": _weighted,
        "dynamic": _weighted,
    }[policy.division](question)
    chosen = {site: has for site, has in chosen.items() if has}
    refused |= _left_out(question, policy, chosen)
    wanted = application.replicas * (max(1, len(chosen)) if policy.division == "duplicated" else 1)
    unplaced = max(0, wanted - sum(chosen.values()))
    return Placement(chosen, refused, unplaced, _because(application, policy, chosen, unplaced))


def _as_it_is(
    application: Application, able: Sequence[SiteFacts], refused: dict[SiteId, Refusal], none: str
) -> Placement:
    """Nothing new can be placed: what runs at feasible sites is no worse for that, and stays (as in Karmada)."""
    total = application.replicas
    kept = {site.site: min(site.replicas, total) for site in able if site.replicas and total}
    out = {site.site: Refusal("spread", f"feasible, but {none}") for site in able if site.site not in kept}
    return Placement(kept, refused | out, max(0, total - sum(kept.values())), none)


def _question(application: Application, policy: Policy, order: list[SiteFacts]) -> _Question:
    total = application.replicas
    caps: dict[SiteId, int] = {}
    for site in order:
        room = room_for(application.template, site)
        caps[site.site] = max(total, site.replicas) if room is None else site.replicas + room
    if policy.division == "static":
        weights = {site.site: policy.weight(site.site, site.labels) for site in order}
    else:
        weights = {site: min(cap, total) for site, cap in caps.items()}
    return _Question(
        total=total,
        order=[site.site for site in order],
        caps=caps,
        held={site.site: site.replicas for site in order if site.replicas},
        weights=weights,
        least=policy.min_sites,
        most=min(policy.max_sites or len(order), len(order)),
        steady=policy.division != "static",
    )


def _holders(question: _Question) -> list[SiteId]:
    """Sites that hold replicas now, most first, as many as the policy allows."""
    holding = [site for site in question.order if site in question.held]
    return sorted(holding, key=lambda site: -question.held[site])[: question.most]


def _kept(question: _Question) -> Seats:
    """What the sites may keep to start from; nothing where a total that did not grow is spread too thinly."""
    held = {site: question.held[site] for site in _holders(question)}
    anew = len(held) < question.least and sum(held.values()) >= question.total
    return {} if anew else held


def _duplicated(question: _Question) -> Seats:
    """A whole copy at each of the most wanted sites; a site that has replicas and no room for more keeps
    those.
    """
    total, caps = question.total, question.caps
    holders = _holders(question)
    others = [site for site in question.order if site not in question.held]
    chosen = [*holders, *others][: question.most]
    return {site: min(total, caps[site]) for site in chosen}


def _aggregated(question: _Question) -> Seats:
    held = _kept(question)
    holders = list(held)
    excess = sum(held.values()) - question.total
    if excess > 0:
        return fewer(excess, [site for site in question.order if site in held], held, question.least)
    count = min(question.most, max(question.least, smallest_count(question.total, question.caps, holders)))
    order = covering(count, question.total, question.order, question.caps, holders)
    return few(question.total, order, question.caps, held, question.least)


def _weighted(question: _Question) -> Seats:
    held = _kept(question)
    holders = list(held)
    excess = sum(held.values()) - question.total
    order = covering(question.most, question.total, question.order, question.caps, holders)
    if excess > 0:
        return without(excess, order, question.weights, {site: held.get(site, 0) for site in order})
    start = held if excess < 0 or question.steady else {}
    seats = _one_each(question, order, start)
    return webster(question.total, order, question.weights, question.caps, seats, prefer=held)


def _one_each(question: _Question, order: Sequence[SiteId], held: Mapping[SiteId, int]) -> Seats:
    """``held``, and a first replica at as many other sites as the policy's minGroups still asks for."""
    seats = dict(held)
    by_weight = sorted(order, key=lambda site: -question.weights[site])
    by_weight.sort(key=lambda site: site not in question.held)
    for site in by_weight:
        if len(seats) >= question.least or sum(seats.values()) >= question.total:
            break
        seats.setdefault(site, 1)
    return seats


def _left_out(question: _Question, policy: Policy, chosen: Seats) -> dict[SiteId, Refusal]:
    """Why feasible sites were not chosen."""
    left = [site for site in question.order if site not in chosen]
    reasons: dict[SiteId, Refusal] = {}
    for site in left:
        if policy.max_sites is not None and len(chosen) >= policy.max_sites:
            reasons[site] = Refusal(
                "spread", f"the policy allows {policy.max_sites} sites; better ones were taken"
            )
        else:
            reasons[site] = Refusal("spread", "feasible, but no replica was left for it")
    return reasons


def _nowhere(application: Application, policy: Policy, able: int, refused: Mapping[SiteId, Refusal]) -> str:
    """Why nothing can be placed at all; empty where something can."""
    total, least = application.replicas, policy.min_sites
    if total == 0:
        return "it asks for no replicas"
    if able < least:
        rules = sorted({why.rule for why in refused.values()})
        counted = ", ".join(
            f"{sum(why.rule == rule for why in refused.values())} by {rule}" for rule in rules
        )
        known = able + len(refused)
        return f"{able} of {known} sites can run it and {least} must" + (
            f"; refused: {counted}" if rules else ""
        )
    if policy.division != "duplicated" and total < least:
        return f"{total} replicas cannot be spread over the {least} sites that the policy asks for"
    return ""


def _because(application: Application, policy: Policy, chosen: Seats, unplaced: int) -> str:
    how = {
        "duplicated": f"a copy of {application.replicas} at each of {len(chosen)} sites",
        "aggregated": f"{sum(chosen.values())} replicas at {len(chosen)} sites, as few as hold them",
        "static": f"{sum(chosen.values())} replicas at {len(chosen)} sites by weight",
        "dynamic": f"{sum(chosen.values())} replicas at {len(chosen)} sites by the room they have",
    }[policy.division]
    return f"{how} ({policy.name or 'policy'})" + (f"; {unplaced} found no room" if unplaced else "")
