"""The embedded engine's sites as the scheduler's question: the same decision as on Karmada, and a reason for every site left out.

Sites that may take nothing (not ready, tainted NoExecute, barred elsewhere) are left out before; where Karmada has
controllers for that (cluster lifecycle, taint manager), the embedded engine has this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fedge.core.applications.application import Application, Template
from fedge.core.model import SiteId
from fedge.core.placement.decide import decide
from fedge.core.placement.estimate import allocatable
from fedge.core.placement.facts import Placement, Refusal, SiteFacts
from fedge.core.placement.filters import bars, refusals
from fedge.core.placement.fleet import Fleet
from fedge.core.placement.mend import mend
from fedge.core.placement.policy import Policy
from fedge.core.placement.question import Cluster, Decision, Question, Wanted
from fedge.core.placement.spread import divided
from fedge.core.placement.stock_policy import StockPlacement
from fedge.core.placement.wish import border_of

DEPLOYMENT = ("apps/v1", "Deployment")
UNBOUNDED = 2**50
"""more than any site has, and little enough to add up over all sites"""
WHY_NOT_READY = {
    "joining": "it is still joining",
    "suspect": "its agent has not been heard for a while",
    "lost": "it is lost",
    "draining": "it is being drained",
    "left": "it left the federation",
}


def place(
    application: Application,
    policy: Policy | None,
    sites: Sequence[SiteFacts],
    wanted: Wanted | None = None,
    may_move: bool = True,
) -> Placement:
    """Sites and replicas for ``application`` under ``policy`` (None: nothing selects it, so it runs nowhere).

    ``wanted``: its objective, with where the players are; None where it has none, or nobody is known.
    """
    if policy is None:
        return Placement({}, {}, application.replicas, "no PropagationPolicy selects it")
    if application.replicas == 0:
        none = "it asks for no replicas"
        return Placement({}, {site.site: Refusal("spread", none) for site in sites}, 0, none)
    refused = {site.site: why for site in sites if (why := _barred(site, policy)) is not None}
    able = [site for site in sites if site.site not in refused]
    fleet, question = (
        Fleet(_cluster(site) for site in able),
        _question(application, policy, able, wanted, may_move),
    )
    refused |= {SiteId(name): why for name, why in refusals(fleet, question).items()}
    decision = decide(question, fleet)
    chosen = _chosen(question, decision, refused)
    refused |= _left_out(fleet, question, policy, chosen, refused)
    copies = 1 if divided(policy.placement) else max(1, len(chosen))
    unplaced = max(0, application.replicas * copies - sum(chosen.values()))
    because = _because(application, policy, chosen, unplaced, decision.within)
    if decision.failure:
        because = _why_not(decision, len(sites), refused)
    off = mend(question, fleet, decision)
    return Placement(chosen, refused, unplaced, because, decision.within, off.sentence if off else "")


def _barred(site: SiteFacts, policy: Policy) -> Refusal | None:
    """What other parts than the scheduler see to on Karmada."""
    if site.barred is not None:
        return site.barred
    if site.state != "ready" and not (site.state == "suspect" and site.replicas):
        return Refusal("state", WHY_NOT_READY.get(site.state, f"it is {site.state}"))
    for taint in site.taints:
        if taint.effect == "NoExecute" and bars(taint, policy.placement.cluster_tolerations):
            return Refusal(
                "taint", f"it has the taint {taint.key}:NoExecute, which the policy does not tolerate"
            )
    return None


def _cluster(site: SiteFacts) -> Cluster:
    free = {
        "cpu": site.free_cpu_millis,
        "memory": site.free_memory_bytes,
        "pods": site.free_instances,
    }
    return Cluster(
        name=site.site,
        labels=site.labels,
        region=site.region,
        taints=site.taints,
        serves=frozenset({DEPLOYMENT}),
        free={kind: UNBOUNDED if amount is None else amount for kind, amount in free.items()},
    )


def _question(
    application: Application,
    policy: Policy,
    sites: Sequence[SiteFacts],
    wanted: Wanted | None,
    may_move: bool,
) -> Question:
    held = sorted((site.site, site.replicas) for site in sites if site.replicas)
    return Question(
        uid=application.app,
        api_version=DEPLOYMENT[0],
        kind=DEPLOYMENT[1],
        replicas=application.replicas,
        requests=_requests(application.template),
        placement=_bounded(policy.placement, len(sites)),
        clusters=dict(held),
        allowed=policy.allowed,
        wanted=wanted,
        may_move=may_move,
        border=border_of(application.border) if application.border is not None else None,
        overloaded=frozenset(site.site for site in sites if site.overloaded),
    )


def _bounded(placement: StockPlacement, sites: int) -> StockPlacement:
    """A spread without ``maxGroups`` may use every site. (The stock scheduler takes the 0 as a bound and chooses none.)"""
    spreads = tuple(
        each if each.max_groups else msgspec.structs.replace(each, max_groups=max(sites, each.min_groups))
        for each in placement.spread_constraints
    )
    return msgspec.structs.replace(placement, spread_constraints=spreads)


def _requests(template: Template) -> dict[str, int]:
    return {"cpu": template.cpu_millis, "memory": template.memory_bytes}


def _chosen(question: Question, decision: Decision, refused: Mapping[SiteId, Refusal]) -> dict[SiteId, int]:
    """Where nothing better can be placed, what runs at feasible sites is no worse for that and stays, as in Karmada."""
    clusters = decision.clusters
    if clusters is None:
        clusters = {name: min(has, question.replicas) for name, has in question.clusters.items()}
    return {SiteId(name): has for name, has in clusters.items() if has and name not in refused}


def _left_out(
    fleet: Fleet,
    question: Question,
    policy: Policy,
    chosen: Mapping[SiteId, int],
    refused: Mapping[SiteId, Refusal],
) -> dict[SiteId, Refusal]:
    """Why sites that passed every filter were not chosen."""
    room = allocatable(fleet, question)
    listed = _weighted(policy)
    reasons: dict[SiteId, Refusal] = {}
    for number, name in enumerate(fleet.names):
        if name in chosen or name in refused:
            continue
        if question.requests is not None and room[number] < 1:
            reasons[SiteId(name)] = Refusal("capacity", "it has no room for another replica")
        elif listed is not None and name not in listed:
            reasons[SiteId(name)] = Refusal(
                "weight", "no entry of the policy's staticWeightList gave it a share"
            )
        else:
            reasons[SiteId(name)] = Refusal("spread", "feasible, but no replica was left for it")
    return reasons


def _weighted(policy: Policy) -> frozenset[str] | None:
    """The sites that a static weight list names, where it has names only; None: that does not tell."""
    scheduling = policy.placement.replica_scheduling
    preference_ = scheduling.weight_preference if scheduling is not None else None
    if policy.division != "static" or preference_ is None or not preference_.static_weight_list:
        return None
    targets = [each.target_cluster for each in preference_.static_weight_list]
    if any(not each.cluster_names or each.label_selector or each.field_selector for each in targets):
        return None
    return frozenset(name for each in targets for name in each.cluster_names if name not in each.exclude)


def _why_not(decision: Decision, sites: int, refused: Mapping[SiteId, Refusal]) -> str:
    filtered = [why.rule for why in refused.values() if why.rule != "spread"]
    counted = ", ".join(f"{filtered.count(rule)} by {rule}" for rule in sorted(set(filtered)))
    able = sites - len(filtered)
    said = decision.message if decision.failure != "NoClusterFit" else f"{able} of {sites} sites can run it"
    return said + (f"; refused: {counted}" if counted else "")


def _because(
    application: Application,
    policy: Policy,
    chosen: Mapping[SiteId, int],
    unplaced: int,
    within: float | None,
) -> str:
    placed = sum(chosen.values())
    served = within is not None
    how = {
        "duplicated": f"a copy of {application.replicas} at each of {len(chosen)} sites",
        "aggregated": f"{placed} replicas at {len(chosen)} sites, as few as {'serve the players' if served else 'hold them'}",
        "static": f"{placed} replicas at {len(chosen)} sites by weight",
        "dynamic": f"{placed} replicas at {len(chosen)} sites by {'their players' if served else 'the room they have'}",
    }[policy.division]
    told = f"{how} ({policy.name or 'policy'})"
    if within is not None and application.latency is not None:
        told += f"; {within:.0%} of the players within {application.latency.objective_ms:g} ms"
    return told + (f"; {unplaced} found no room" if unplaced else "")
