"""What application instances ask of the platform (ETSI GS MEC 011, MEC 021): to keep what they say, to change a rule, to wait."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.enablement.resources import AnyResource
from fedge.core.messages import DnsRule, Message, TrafficRule
from fedge.core.model import AppId, AppInstanceId, SessionId, SiteId


class AskedResource(Message, frozen=True):
    """Keep this, or put it in place of the one with its id; ``if_match``: only if that one has this fingerprint."""

    request: RequestId
    resource: AnyResource
    replaces: bool = False
    if_match: str = ""


class AskedWithdrawal(Message, frozen=True):
    request: RequestId
    id: str


class ResourceKept(Message, frozen=True):
    """What an application instance told is kept, new or in place of the one with its id."""

    resource: AnyResource


class ResourceGone(Message, frozen=True):
    id: str
    because: str


class RuleUpdated(Message, frozen=True):
    """The rule of this id of an application is another: one of ``traffic`` and ``dns``."""

    app: AppId
    traffic: TrafficRule | None = None
    dns: DnsRule | None = None


class AskedRule(Message, frozen=True):
    request: RequestId
    updated: RuleUpdated
    if_match: str = ""


class AskedHeartbeat(Message, frozen=True):
    request: RequestId
    service: str


class AskedConfirmation(Message, frozen=True):
    """The instance has been told that it will end, and may."""

    request: RequestId
    instance: AppInstanceId


class MobilityAsked(Message, frozen=True):
    """A session could go to ``target``, and waits for its application's word."""

    session: SessionId
    target: SiteId
