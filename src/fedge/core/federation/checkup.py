"""What a Karmada lacks for Fedge, and what will then not happen: rules over plain facts, pure.

Source of each rule: `docs/karmada.md`; Karmada's failover documentation (taints, flags).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

AgentState = Literal["absent", "not told", "refused", "waiting", "ready"]


class MemberFacts(Struct, frozen=True):
    """A member cluster as Karmada shows it."""

    name: str
    ready: bool = False
    reports_resources: bool = False
    serves_deployments: bool = False
    site: str = ""
    """its label fedge.dev/site"""
    agent: AgentState = "absent"
    """the site's agent there: not applied; no override says its cluster; not accepted; not Ready; Ready"""


class KarmadaFacts(Struct, frozen=True):
    """``missing_rights``: verb and resource that the asking user lacks. ``lease_age_s`` None: nobody holds the lease."""

    version: str = ""
    kinds: frozenset[str] = frozenset()
    """plural.group of each kind that is served"""
    members: tuple[MemberFacts, ...] = ()
    agent_policy: bool = False
    """the ClusterPropagationPolicy that takes agents to the members"""
    federation_file: bool = False
    shut_ports: tuple[tuple[str, int], ...] = ()
    """Games without the SDK by TCP whose port the agents' Service for players has not: (namespace/Service, port)."""
    no_execute_policies: int = 0
    webhooks: int = 0
    missing_rights: tuple[str, ...] = ()
    leader: str = ""
    lease_age_s: float | None = None
    lease_duration_s: float = 15.0
    unscheduled: tuple[str, ...] = ()
    """bindings of ours that nobody has scheduled"""


class Finding(Struct, frozen=True):
    """``consequence``: what will not happen. ``remedy``: what to do about it."""

    what: str
    state: Literal["ok", "warning", "missing", "unknown"]
    consequence: str = ""
    remedy: str = ""


NEEDED = {
    "resourcebindings.work.karmada.io": "nothing can be scheduled: this is no Karmada API server",
    "propagationpolicies.policy.karmada.io": "nothing can be propagated: this is no Karmada API server",
    "clusters.cluster.karmada.io": "no cluster can be seen: Karmada's aggregated API server does not answer",
    "qospolicies.fedge.dev": "QoSPolicies cannot be stored: no session will follow its player",
    "tenants.fedge.dev": "Tenants cannot be stored: nothing is published, and no namespace keeps to its sites",
}


def checkup(facts: KarmadaFacts) -> list[Finding]:
    """Every finding, in the order in which one would mend them."""
    return [
        *_kinds(facts),
        *_members(facts),
        *_scheduler(facts),
        *_agents(facts),
        *_failover(facts),
        *_rights(facts),
    ]


def healthy(findings: list[Finding]) -> bool:
    """Nothing is missing; warnings and what cannot be seen are no failure."""
    return all(each.state != "missing" for each in findings)


def _kinds(facts: KarmadaFacts) -> Iterator[Finding]:
    yield Finding(f"API server answers, version {facts.version or 'not told'}", "ok")
    for kind, consequence in NEEDED.items():
        if kind in facts.kinds:
            yield Finding(kind, "ok")
        else:
            ours = kind.endswith("fedge.dev")
            remedy = (
                "kubectl apply -f deploy/karmada/karmada/" if ours else "look at Karmada's own installation"
            )
            yield Finding(kind, "missing", consequence, remedy)
    if facts.webhooks:
        yield Finding(f"{facts.webhooks} webhook configurations", "ok")
    else:
        yield Finding(
            "no webhook configuration",
            "warning",
            "policies get no defaults and no checks",
            "install karmada-webhook",
        )


def _members(facts: KarmadaFacts) -> Iterator[Finding]:
    if not facts.members:
        yield Finding("no member cluster", "missing", "nothing can run anywhere", "karmadactl join NAME")
    for each in facts.members:
        if not each.ready:
            yield Finding(
                f"{each.name} is not Ready",
                "warning",
                "nothing new is placed there",
                f"kubectl describe cluster {each.name}",
            )
        elif not each.serves_deployments:
            yield Finding(
                f"{each.name} does not report apps/v1 Deployment",
                "warning",
                "no Deployment is placed there",
                "wait for its status",
            )
        elif not each.reports_resources:
            yield Finding(
                f"{each.name} reports no resources",
                "warning",
                "replicas cannot be divided by its room",
                "wait for its status",
            )
        else:
            yield Finding(f"{each.name} is Ready", "ok")
        if not each.site:
            remedy = f"kubectl label cluster {each.name} fedge.dev/site=SITE"
            yield Finding(
                f"{each.name} has no label fedge.dev/site", "warning", "no session is served there", remedy
            )


def _scheduler(facts: KarmadaFacts) -> Iterator[Finding]:
    if facts.lease_age_s is None:
        yield Finding(
            "nobody holds the lease fedge-scheduler",
            "missing",
            "bindings of Fedge are not scheduled",
            "kubectl apply -f deploy/karmada/host/",
        )
    elif facts.lease_age_s > facts.lease_duration_s:
        said = f"the lease fedge-scheduler was last renewed {facts.lease_age_s:.0f} s ago by {facts.leader}"
        yield Finding(said, "missing", "bindings of Fedge are not scheduled", "look at the scheduler's log")
    else:
        yield Finding(f"{facts.leader} schedules, renewed {facts.lease_age_s:.0f} s ago", "ok")
    if facts.unscheduled:
        named = ", ".join(facts.unscheduled[:5])
        yield Finding(
            f"{len(facts.unscheduled)} bindings are not scheduled: {named}",
            "warning",
            "they run nowhere new",
            "fedge explain deployment/NAME",
        )


_AGENT = {
    "absent": ("has no agent", "look at the binding fedge-agent-deployment in fedge-system"),
    "not told": (
        "has an agent that is not told its cluster",
        "add a rule to the ClusterOverridePolicy fedge-agent",
    ),
    "refused": ("does not accept the agent", "kubectl describe work -A | grep -B5 fedge-agent"),
    "waiting": (
        "has an agent that is not Ready",
        "kubectl -n fedge-system describe pod -l app=fedge-agent, there",
    ),
}


def _agents(facts: KarmadaFacts) -> Iterator[Finding]:
    """The sites' agents where kubelets run the Pods; on the test bench its nodes are the agents."""
    nothing_served = "no game is reached on clusters whose Pods kubelets run"
    if not facts.agent_policy:
        remedy = "kubectl apply -f deploy/karmada/members/"
        yield Finding("no ClusterPropagationPolicy fedge-agent", "warning", nothing_served, remedy)
        return
    yield Finding("the ClusterPropagationPolicy fedge-agent takes agents to the members", "ok")
    if not facts.federation_file:
        yield Finding(
            "no ConfigMap fedge-federation in fedge-system",
            "warning",
            "agents do not start: " + nothing_served,
            "kubectl -n fedge-system create configmap fedge-federation --from-file=federation.yaml, labelled as README.md says",
        )
    for each in facts.members:
        if each.agent == "ready":
            yield Finding(f"{each.name} has an agent that is Ready", "ok")
        else:
            what, remedy = _AGENT[each.agent]
            yield Finding(
                f"{each.name} {what}",
                "warning",
                f"no game is reached, no session moves at {each.name}",
                remedy,
            )
    for game, port in facts.shut_ports:
        yield Finding(
            f"the Service fedge-agent-outside has no TCP port {port}, where {game} is played",
            "warning",
            "its players do not get through the members' load balancers",
            "add the port to that Service in deploy/karmada/members/agent.yaml, and apply it",
        )


def _failover(facts: KarmadaFacts) -> Iterator[Finding]:
    if facts.no_execute_policies:
        yield Finding("a ClusterTaintPolicy evicts from clusters that fail", "ok")
    else:
        remedy = "kubectl apply -f deploy/karmada/karmada/cluster-taint-policy.yaml"
        yield Finding(
            "no ClusterTaintPolicy with NoExecute",
            "warning",
            "a cluster that is lost keeps its replicas: no failover",
            remedy,
        )
    flags = "--feature-gates=Failover=true --enable-no-execute-taint-eviction=true"
    yield Finding(
        "the controller manager's flags cannot be seen from here",
        "unknown",
        "without them nothing fails over",
        f"check {flags}",
    )


def _rights(facts: KarmadaFacts) -> Iterator[Finding]:
    for each in facts.missing_rights:
        yield Finding(
            f"you may not {each}",
            "missing",
            "a scheduler with these rights cannot work",
            "kubectl apply -f deploy/karmada/karmada/scheduler-rights.yaml",
        )
    if not facts.missing_rights:
        yield Finding("your rights suffice for a scheduler", "ok")
