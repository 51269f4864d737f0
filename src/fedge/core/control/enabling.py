"""What application instances ask of the platform: to keep what they say, and to change their rules.

Neighbours: `core/enablement` has the shapes, `notices.py` tells the subscribers, `instances.py` knows who asks, `letting_go.py`
what they say of moves, `farewells.py` waits for what is to end.
ETSI GS MEC 011 and MEC 021; `api/mec` translates.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from fedge.core.applications.application import namespace_of_app
from fedge.core.control import notices, reconcile
from fedge.core.control.dispatch import on, on_state, table
from fedge.core.control.effects import Effect, Propose, Reply, Story
from fedge.core.control.events.resources import (
    AskedHeartbeat,
    AskedResource,
    AskedRule,
    AskedWithdrawal,
    ResourceGone,
    ResourceKept,
    RuleUpdated,
)
from fedge.core.control.instances import is_foreign, is_there, ready, running
from fedge.core.control.knowledge import Knowledge
from fedge.core.control.state import State
from fedge.core.enablement import EdgeService, Enablement, fingerprint
from fedge.core.federation import LOST_AFTER
from fedge.core.messages import DnsRule, TrafficRule
from fedge.core.model import SECOND, AppInstanceId, Nanoseconds

HEARTBEATS_MISSED = 2


# --- questions ---------------------------------------------------------------------------------------------------------------


def resource(known: Knowledge, event: AskedResource, now: Nanoseconds) -> list[Effect]:
    """Keep a new resource (it has no id yet, or is the registration of an instance), or replace one."""
    kept, given = known.state.enablement, event.resource
    if event.replaces:
        before = kept.resources.get(given.id)
        if type(before) is not type(given):
            return [_no(event.request, 404, f"no {given.id}")]
        if refusal := _mismatch(event.request, before, event.if_match):
            return [refusal]
        return [Reply(event.request, 200, {"id": given.id}), Propose(ResourceKept(given))]
    if kept.full(given):
        return [_no(event.request, 403, "as many of these are kept as Fedge keeps; delete some")]
    foreign = is_foreign(given)
    if given.owner and not foreign and not is_there(known, given.owner):
        return [_no(event.request, 404, f"no application instance {given.owner}")]
    if given.id in kept.resources:
        return [_no(event.request, 403, f"{given.id} is registered already")]
    name = given.id or kept.fresh_id(given)
    made = replace(given, id=name, owner=AppInstanceId(name) if foreign else given.owner)
    return [Reply(event.request, 201, {"id": name}), Propose(ResourceKept(made))]


def withdrawal(known: Knowledge, event: AskedWithdrawal, now: Nanoseconds) -> list[Effect]:
    if event.id not in known.state.enablement.resources:
        return [_no(event.request, 404, f"no {event.id}")]
    return [Reply(event.request, 204, {}), Propose(ResourceGone(event.id, "asked for"))]


def heartbeat(known: Knowledge, event: AskedHeartbeat, now: Nanoseconds) -> list[Effect]:
    """A service lives. One that was suspended for its silence is active again."""
    service = known.state.enablement.resources.get(event.service)
    if not isinstance(service, EdgeService) or not service.liveness_s:
        return [_no(event.request, 404, f"no service {event.service} that says whether it lives")]
    known.heartbeats[service.id] = now
    reply = Reply(event.request, 200, {"id": service.id})
    if service.state != "SUSPENDED":
        return [reply]
    return [reply, Propose(ResourceKept(replace(service, state="ACTIVE")))]


def rule(known: Knowledge, event: AskedRule, now: Nanoseconds) -> list[Effect]:
    """Change a rule of an application. It comes from the manifest, so it must be there."""
    before = _rule_before(known, event.updated)
    if before is None:
        return [_no(event.request, 404, f"no such rule of {event.updated.app}")]
    if refusal := _mismatch(event.request, before, event.if_match):
        return [refusal]
    return [Reply(event.request, 200, {}), Propose(event.updated)]


def _rule_before(known: Knowledge, event: RuleUpdated) -> TrafficRule | DnsRule | None:
    if event.traffic is not None:
        wanted = event.traffic.traffic_rule_id
        return next((one for one in known.traffic_rules(event.app) if one.traffic_rule_id == wanted), None)
    named = event.dns.dns_rule_id if event.dns is not None else ""
    return next((one for one in known.dns_rules(event.app) if one.dns_rule_id == named), None)


def _mismatch(request: int, before: Struct | None, if_match: str) -> Reply | None:
    if if_match and before is not None and if_match != fingerprint(before):
        return _no(request, 412, "it has changed since it was read: its ETag is another")
    return None


def _no(request: int, status: int, detail: str) -> Reply:
    return Reply(request, status, {"detail": detail})


# --- decided -----------------------------------------------------------------------------------------------------------------


def kept(state: State, event: ResourceKept, now: Nanoseconds) -> list[Effect]:
    held = state.enablement
    before = held.resources.get(event.resource.id)
    held.keep(event.resource)
    if before is None:
        held.next_id += 1
    return notices.of_service(held, before, event.resource)


def gone(state: State, event: ResourceGone, now: Nanoseconds) -> list[Effect]:
    """A resource is withdrawn; with the registration of somebody else's instance goes all that is that instance's."""
    held = state.enablement
    first = held.resources.get(event.id)
    names = {event.id}
    if is_foreign(first):
        names |= {one.id for one in held.resources.values() if one.owner == event.id}
    return _dropped(state, names)


def tenant_gone(state: State, namespace: str) -> list[Effect]:
    """A later tenant of the same name is somebody else."""
    held = state.enablement
    for rules in (held.traffic_rules, held.dns_rules):
        for app in [app for app in rules if namespace_of_app(app) == namespace]:
            del rules[app]
    return _dropped(
        state, {one.id for one in state.enablement.resources.values() if one.namespace == namespace}
    )


def _dropped(state: State, names: Iterable[str]) -> list[Effect]:
    held = state.enablement
    withdrawn = [held.drop(name) for name in sorted(names)]
    return [effect for one in withdrawn for effect in notices.of_service(held, one, None)]


def rule_updated(known: Knowledge, event: RuleUpdated, now: Nanoseconds) -> list[Effect]:
    """The rule is the application's, at every site: its sessions move, and the rule with them."""
    held, changed = known.state.enablement, event.traffic
    if event.dns is not None:
        held.dns_rules.setdefault(event.app, {})[event.dns.dns_rule_id] = event.dns
    if changed is None:
        return []
    held.traffic_rules.setdefault(event.app, {})[changed.traffic_rule_id] = changed
    known.read_objects()
    sentence = f"the rule {changed.traffic_rule_id} of {event.app} is {changed.state}: {changed.action}"
    told = Story(sentence, now, {"app": event.app, "rule": changed.traffic_rule_id})
    sites = [site for site in known.state.sites.values() if event.app in site.placed]
    return [
        *(order for site in sites for order in reconcile.run_orders(site, known.per_site)),
        told,
    ]


# --- time --------------------------------------------------------------------------------------------------------------------


def sweep(known: Knowledge, now: Nanoseconds) -> list[Effect]:
    """What has expired, has not been heard, or belongs to an instance that is gone."""
    held = known.state.enablement
    effects = [*notices.of_expiry(known, now), *notices.of_neighbours(known, ready(known))]
    silent = _silent_owners(known, held, now)
    for one in tuple(held.resources.values()):
        if one.expires_at and now >= one.expires_at:
            effects.append(Propose(ResourceGone(one.id, "it expired")))
        elif one.owner in silent:
            effects.append(Propose(ResourceGone(one.id, f"{one.owner} is gone")))
        elif isinstance(one, EdgeService) and one.liveness_s and one.state == "ACTIVE":
            heard = known.heartbeats.setdefault(one.id, now)
            if now - heard > HEARTBEATS_MISSED * one.liveness_s * SECOND:
                effects.append(Propose(ResourceKept(replace(one, state="SUSPENDED"))))
    for name in [name for name in known.heartbeats if name not in held.resources]:
        del known.heartbeats[name]
    return effects


def _silent_owners(known: Knowledge, held: Enablement, now: Nanoseconds) -> set[AppInstanceId]:
    """Owners whose instance has been nowhere for so long as a site may be unheard: a restarted one is back before."""
    owners = {one.owner for one in held.resources.values() if one.owner}
    there = {name for name, _ in running(known)}
    absent = {one for one in owners if one not in there and not is_foreign(held.resources.get(one))}
    known.absent = {one: known.absent.get(one, now) for one in absent}
    return {one for one, since in known.absent.items() if now - since > LOST_AFTER}


DECIDES = table(
    on_state(ResourceKept, kept),
    on_state(ResourceGone, gone),
    on(RuleUpdated, rule_updated),
)
ANSWERS = table(
    on(AskedResource, resource),
    on(AskedWithdrawal, withdrawal),
    on(AskedRule, rule),
    on(AskedHeartbeat, heartbeat),
)
