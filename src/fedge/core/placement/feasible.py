"""Which sites could run an application at all: each refusal with its rule and its reason.

The rules are Karmada's filters (scheduler/framework/plugins: clusteraffinity, tainttoleration) and the
site's own state and room. A site that already runs the application keeps it under NoSchedule and without
room for more, and loses it under NoExecute.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedge.core.applications.application import Application, Template
from fedge.core.model import SiteId
from fedge.core.placement.facts import Refusal, SiteFacts, Taint
from fedge.core.placement.policy import Policy, Toleration

WHY_NOT_READY = {
    "joining": "it is still joining",
    "suspect": "its agent has not been heard for a while",
    "lost": "it is lost",
    "draining": "it is being drained",
    "left": "it left the federation",
}


def room_for(template: Template, site: SiteFacts) -> int | None:
    """How many more replicas fit, by CPU, memory and the number of instances; None: no bound is known."""
    bounds = [
        max(0, free // asked)
        for free, asked in (
            (site.free_cpu_millis, template.cpu_millis),
            (site.free_memory_bytes, template.memory_bytes),
            (site.free_instances, 1),
        )
        if free is not None and asked > 0
    ]
    return min(bounds, default=None)


def tolerated(taint: Taint, tolerations: Sequence[Toleration]) -> bool:
    """Kubernetes' rule: key (none: all), operator and effect (none: all) must match."""
    return any(
        each.effect in ("", taint.effect)
        and (
            (each.key == taint.key and (each.operator == "Exists" or each.value == taint.value))
            or (each.key == "" and each.operator == "Exists")
        )
        for each in tolerations
    )


def refusal(application: Application, policy: Policy, site: SiteFacts) -> Refusal | None:
    """Why the site cannot run even one replica (Duplicated: one whole copy); None where it can."""
    template = application.template
    if site.barred is not None:
        return site.barred
    if site.state != "ready" and not (site.state == "suspect" and site.replicas):
        return Refusal("state", WHY_NOT_READY.get(site.state, f"it is {site.state}"))
    if objection := policy.affinity.objection(site.site, site.labels):
        return Refusal("affinity", objection)
    for taint in site.taints:
        barring = taint.effect == "NoExecute" or (taint.effect == "NoSchedule" and not site.replicas)
        if barring and not tolerated(taint, policy.tolerations):
            name = f"{taint.key}={taint.value}" if taint.value else taint.key
            return Refusal(
                "taint", f"it has the taint {name}:{taint.effect}, which the policy does not tolerate"
            )
    if policy.division == "static" and not policy.weight(site.site, site.labels):
        return Refusal("weight", "no entry of the policy's staticWeightList is meant for it")
    room = room_for(template, site)
    if site.replicas or room is None:
        return None
    if room == 0 and application.replicas:
        return Refusal("capacity", _shortage(template, site))
    if policy.division == "duplicated" and room < application.replicas:
        return Refusal("capacity", f"it has room for {room} of the {application.replicas} replicas of a copy")
    return None


def _shortage(template: Template, site: SiteFacts) -> str:
    if site.free_instances is not None and site.free_instances < 1:
        return "it has no place for another instance"
    if site.free_cpu_millis is not None and site.free_cpu_millis < template.cpu_millis:
        return f"{site.free_cpu_millis}m of CPU free; a replica asks for {template.cpu_millis}m"
    return f"{site.free_memory_bytes} bytes of memory free; a replica asks for {template.memory_bytes}"


def feasible_sites(
    application: Application, policy: Policy, sites: Sequence[SiteFacts]
) -> tuple[list[SiteFacts], dict[SiteId, Refusal]]:
    """The sites that can run a replica, and why each of the others cannot."""
    able, refused = [], {}
    for site in sites:
        why = refusal(application, policy, site)
        if why is None:
            able.append(site)
        else:
            refused[site.site] = why
    return able, refused
