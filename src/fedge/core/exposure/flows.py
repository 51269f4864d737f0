"""Quality of flows: what the control plane asked for, and what it has been told of it.

One subscription each. It is granted when the network says so (SUCCESSFUL_RESOURCES_ALLOCATION), never by silence: the resource
of an AsSessionWithQoS subscription does not tell whether it is served (TS 29.122, 5.14.2.1.2 has no such attribute). So where
that one word does not come, the resource is deleted and created again, once: of a new one the outcome is told anew
(5.14.3.2.3.4). Only of what it has said so already, and was told nothing else since, no second word comes, and its list is
enough: after a restart of Fedge's, say. Every request is answered within ``ANSWERED_WITHIN``, by a refusal where nothing else
can be said.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from fedge.core.exposure.calls import Create, Effect, FlowQuality, Replace, Tell
from fedge.core.exposure.desk import Desk
from fedge.core.exposure.subscription import Subscription
from fedge.core.messages import QualityGranted, QualityKept, QualityLost, QualityRefused, RequestQuality
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.core.patience import Backoff

ANSWERED_WITHIN = 8 * SECOND
QUIET_FOR = 2 * SECOND
TOLD_WITHIN = 3 * SECOND
"""Then the network's word is taken for lost. It has as long again, and more, for the one about the new resource."""
INSTALLED = "SUCCESSFUL_RESOURCES_ALLOCATION"
NOT_INSTALLED = "FAILED_RESOURCES_ALLOCATION"
OVER = ("SESSION_TERMINATION", "RELEASE_OF_BEARER")
KEPT = {
    "QOS_GUARANTEED": True,
    "RECOVERY_OF_BEARER": True,
    "QOS_NOT_GUARANTEED": False,
    "LOSS_OF_BEARER": False,
}


class Flow(Struct):
    """``granted``: what is asked for now is served. ``told``: the control plane was last told that it is.

    ``due``: to be answered by then. ``kept``: the network's last word on its guaranteed rate; None: said in an earlier life.
    ``installed``: what it has said that it serves, and was told nothing else since; None: nothing. ``anew``: for want of a word
    it was asked for anew already.
    """

    flow: str
    due: Nanoseconds
    granted: bool = False
    told: bool = False
    kept: bool | None = True
    installed: FlowQuality | None = None
    anew: bool = False


def first(event: RequestQuality, now: Nanoseconds) -> Flow:
    if not event.served:
        return Flow(event.flow, now + ANSWERED_WITHIN)
    return Flow(event.flow, now + ANSWERED_WITHIN, kept=None, installed=asks_of(event))


def asks_of(event: RequestQuality) -> FlowQuality:
    return FlowQuality(
        event.ue,
        event.app_server,
        event.reference,
        event.server_ports,
        event.device_ports,
        event.protocol,
        event.further_servers,
    )


def asked(flow: Flow, sub: Subscription, event: RequestQuality, now: Nanoseconds) -> list[Tell]:
    """Again, or with other words."""
    sub.until = now + event.seconds * SECOND
    if sub.wanted and sub.asks == asks_of(event):
        return granted(flow) if flow.granted else []
    sub.wanted, sub.asks = True, asks_of(event)
    sub.backoff, sub.refusal = Backoff(), ""
    flow.granted, flow.anew, flow.due = False, False, now + ANSWERED_WITHIN
    return []


def said(flow: Flow, calls: Iterable[Effect]) -> None:
    """Is the operator told something else than what it has given its word on?"""
    for call in calls:
        if isinstance(call, Create) or (isinstance(call, Replace) and call.asks != flow.installed):
            flow.installed = None


def notified(flow: Flow, sub: Subscription, event: str) -> list[Tell]:
    if event == INSTALLED:
        assert isinstance(sub.asks, FlowQuality)
        flow.installed = sub.asks
        return granted(flow, begins=not flow.granted)
    if event == NOT_INSTALLED:
        return ended(flow, sub, f"{event}: the network has no room for it")
    if event in OVER:
        return ended(flow, sub, event)
    if event in KEPT and flow.told and flow.kept != KEPT[event]:
        return [_kept(flow, KEPT[event])]
    return []


def granted(flow: Flow, begins: bool = False) -> list[Tell]:
    """``begins``: the network serves it from now on, at its rate. Else its rate is kept, or not, as it was: who asks again may
    have forgotten that it is not.
    """
    flow.granted = flow.told = True
    told = Tell(QualityGranted(flow.flow))
    if begins and not flow.kept:
        return [told, _kept(flow, True)]
    return [told, _kept(flow, False)] if flow.kept is False else [told]


def _kept(flow: Flow, kept: bool) -> Tell:
    flow.kept = kept
    return Tell(QualityKept(flow.flow, kept))


def ended(flow: Flow, sub: Subscription, reason: str, final: bool = False) -> list[Tell]:
    """Not served, or not any more; what the operator may still hold of it is deleted."""
    sub.wanted = False
    if flow.told:
        return [Tell(QualityLost(flow.flow, reason))]
    return [Tell(QualityRefused(flow.flow, reason, final))]


def left(flow: Flow, sub: Subscription, ue: UeId) -> list[Tell]:
    """This UE has left the network."""
    if not (sub.wanted and flow.told and isinstance(sub.asks, FlowQuality) and sub.asks.ue == ue):
        return []
    return ended(flow, sub, "the device has left the network")


def due(flow: Flow, sub: Subscription, desk: Desk, now: Nanoseconds) -> list[Tell]:
    """What time itself decides."""
    if not sub.wanted or flow.granted:
        return []
    if sub.refusal:
        return ended(flow, sub, sub.refusal, final=True)
    if not desk.there and desk.settled:
        return ended(flow, sub, desk.why)
    known = sub.state == "HELD" and sub.agreed == sub.asks == flow.installed
    if known and now - sub.changed_at > QUIET_FOR:
        if desk.listed_at > sub.changed_at + QUIET_FOR:
            return granted(flow)
        desk.stale = True
    elif not (known or flow.anew) and _unheard_of(sub, now):
        flow.anew = sub.anew = True
    if now > flow.due:
        return ended(flow, sub, desk.unavailable() or "the network has not said in time that it serves it")
    return []


def _unheard_of(sub: Subscription, now: Nanoseconds) -> bool:
    """The operator has agreed to just what is asked for, and the network has not said in time what became of it."""
    return sub.state == "HELD" and sub.agreed == sub.asks and now - sub.changed_at > TOLD_WITHIN


def looks(flow: Flow, sub: Subscription) -> tuple[Nanoseconds, ...]:
    """The instants at which time alone may bring ``due`` something to say."""
    if flow.granted:
        return ()
    return flow.due + 1, sub.changed_at + QUIET_FOR + 1, sub.changed_at + TOLD_WITHIN + 1


def lost(flow: Flow, now: Nanoseconds) -> None:
    """The operator has it no more and is asked again; nothing is told if it gives it back in time."""
    flow.installed = None
    if flow.granted:
        flow.granted, flow.anew, flow.due = False, False, now + ANSWERED_WITHIN
