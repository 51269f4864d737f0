"""What the centre is asked and what it decides, beside the messages of agents and access network.

``Asked…`` are requests: they are not journaled, and lead to at most one proposal. A *decided* event is journaled before it
changes anything; replaying the decided events gives the same state and the same effects (invariant 6).
"""

from __future__ import annotations

from typing import Any

from fedge.core.control.outbox import Outcome
from fedge.core.enablement.resources import AnyResource
from fedge.core.location import Asking, Code, Consent, Fence
from fedge.core.location.fences import Ending
from fedge.core.messages import (
    DnsRule,
    Message,
    MoveAborted,
    MoveActivated,
    MoveFrozen,
    MoveOrder,
    RouteActivated,
    RouteInstalled,
    SessionClosed,
    SessionDiscarded,
    SessionLost,
    SessionOpened,
    SessionRefused,
    SiteHello,
    SourceReleased,
    TargetRefused,
    TargetWarmed,
    TrafficRule,
    UplinkSeen,
)
from fedge.core.model import AppId, AppInstanceId, MoveId, Nanoseconds, SessionId, SessionKey, SiteId, UeId
from fedge.core.quality import ProfileStatus, QualitySession
from fedge.core.quality.session import End

RequestId = int


class AskedAttach(Message, frozen=True):
    """``key``: random, used if a session is to be opened."""

    request: RequestId
    app: AppId
    ue: UeId
    key: SessionKey


class AskedClose(Message, frozen=True):
    request: RequestId
    session: SessionId


class AskedMove(Message, frozen=True):
    request: RequestId
    session: SessionId
    to: SiteId


class AskedDrain(Message, frozen=True):
    request: RequestId
    site: SiteId
    undo: bool = False


class AskedHold(Message, frozen=True):
    request: RequestId
    hold: bool


class AskedApply(Message, frozen=True):
    """Objects that were read and found valid; ``deleted`` names (kind, namespace, name)."""

    request: RequestId
    objects: tuple[dict[str, Any], ...]
    deleted: tuple[tuple[str, str, str], ...] = ()


class AskedResource(Message, frozen=True):
    """Keep this, or put it in place of the one with its id; ``if_match``: only if that one has this fingerprint."""

    request: RequestId
    resource: AnyResource
    replaces: bool = False
    if_match: str = ""


class AskedWithdrawal(Message, frozen=True):
    request: RequestId
    id: str


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


class AskedToken(Message, frozen=True):
    """``digest``: SHA-256 of the new token, in hexadecimal; empty: the tenant's tokens end. ``players``: it may only attach.

    ``redirect_uris`` None: those that the token before it had.
    """

    request: RequestId
    tenant: str
    digest: str = ""
    players: bool = False
    redirect_uris: tuple[str, ...] | None = None


class AskedConsent(Message, frozen=True):
    """Without an id: that is given here. ``asking``: it is a subscriber's yes to that, which ends with it."""

    request: RequestId
    consent: Consent
    asking: str = ""


class AskedAsking(Message, frozen=True):
    request: RequestId
    asking: Asking


class AskedAskingEnd(Message, frozen=True):
    request: RequestId
    id: str


class AskedCode(Message, frozen=True):
    request: RequestId
    code: Code


class AskedRedemption(Message, frozen=True):
    """``token``: the id of the access token that is given for the code, which lives until ``until``."""

    request: RequestId
    id: str
    client: str
    redirect_uri: str
    challenge: str
    token: str
    until: Nanoseconds


class AskedWithdrawnConsent(Message, frozen=True):
    request: RequestId
    id: str


class AskedTokenEnd(Message, frozen=True):
    """Revoke the client's access token with this id, which would have ended at ``until``."""

    request: RequestId
    client: str
    token: str
    until: Nanoseconds


class AskedPlace(Message, frozen=True):
    """Where is this UE? ``max_age_s`` None: any age will do; 0: as of now."""

    request: RequestId
    ue: UeId
    max_age_s: float | None = None


class AskedFence(Message, frozen=True):
    """``fence``: under an id that the asker drew."""

    request: RequestId
    fence: Fence


class AskedFenceEnd(Message, frozen=True):
    request: RequestId
    id: str


class AskedQuality(Message, frozen=True):
    """``session``: as its client wants it, under an id that the asker drew; the operator's reference is not in it yet."""

    request: RequestId
    session: QualitySession


class AskedQualityExtension(Message, frozen=True):
    """``owner``: whose client asks. ``ue``: the subject of its token, if that has one."""

    request: RequestId
    id: str
    owner: str
    additional_s: int
    ue: UeId | None = None


class AskedQualityEnd(Message, frozen=True):
    request: RequestId
    id: str
    owner: str
    ue: UeId | None = None


class AskedProfileMark(Message, frozen=True):
    request: RequestId
    profile: str
    status: ProfileStatus


class SessionPlaced(Message, frozen=True):
    session: SessionId
    key: SessionKey
    app: AppId
    ue: UeId
    site: SiteId
    because: str


class ClientAttached(Message, frozen=True):
    """A client found its session: what it says counts from now on as a life of its own, if it has no memory of another."""

    request: RequestId
    session: SessionId


class SessionClosing(Message, frozen=True):
    session: SessionId


class MovePlanned(Message, frozen=True):
    order: MoveOrder
    gain_ms: float
    reason: str
    ordered: bool = False
    hold: bool = False
    access: str = ""


class HandoverDone(Message, frozen=True):
    """The handover that the move was held for has happened; the UE is on ``access`` now."""

    move: MoveId
    access: str = ""


class MoveExpired(Message, frozen=True):
    """Not yet begun, and not to be begun."""

    move: MoveId
    reason: str


class MoveOverdue(Message, frozen=True):
    move: MoveId


class EpochRaised(Message, frozen=True):
    """The client refuses ``epoch``, and its source is released: the copy goes on under the next number."""

    session: SessionId
    epoch: int


class MoveWaived(Message, frozen=True):
    """Its client left, or came back without its memory: nothing will confirm the move any more, and nothing needs to."""

    move: MoveId
    reason: str


class MovesHeld(Message, frozen=True):
    """No move is begun unless a person or a drain orders it."""

    hold: bool


class SiteMarked(Message, frozen=True):
    """``mark``: ready, draining or lost."""

    site: SiteId
    mark: str
    reason: str = ""


class ObjectsChanged(Message, frozen=True):
    """Accepted manifests: what is stored from now on, and what is gone."""

    objects: tuple[dict[str, Any], ...]
    deleted: tuple[tuple[str, str, str], ...] = ()


class TokenIssued(Message, frozen=True):
    """It ends the tenant's token of the same kind."""

    tenant: str
    digest: str
    players: bool = False
    redirect_uris: tuple[str, ...] = ()


class TokensRevoked(Message, frozen=True):
    tenant: str


class ConsentGiven(Message, frozen=True):
    """New, or in place of the one with its id."""

    consent: Consent


class ConsentWithdrawn(Message, frozen=True):
    id: str


class AccessTokenEnded(Message, frozen=True):
    """Not to be accepted any more; forgotten once it would have ended by itself."""

    client: str
    token: str
    until: Nanoseconds


class SubscriberAsked(Message, frozen=True):
    asking: Asking


class AskingEnded(Message, frozen=True):
    """It was answered, or will not be."""

    id: str


class CodeGiven(Message, frozen=True):
    code: Code


class CodeUsed(Message, frozen=True):
    id: str
    token: str
    until: Nanoseconds


class FenceMade(Message, frozen=True):
    fence: Fence


class FenceCrossed(Message, frozen=True):
    """The fence's device is inside its area, or outside; before it was on the other side, or it was not known."""

    id: str
    inside: bool


class FenceEnded(Message, frozen=True):
    id: str
    reason: Ending
    because: str = ""


class SinkAnswered(Message, frozen=True):
    """The event of this ``number`` in a ``line`` of the outbox has come to an end."""

    line: str
    number: int
    outcome: Outcome


class Placed(Message, frozen=True):
    """Which sites run how many instances of an application."""

    app: AppId
    replicas: dict[SiteId, int]
    because: str


class ResourceKept(Message, frozen=True):
    """What an application instance told is kept, new or in place of the one with its id."""

    resource: AnyResource


class ResourceGone(Message, frozen=True):
    id: str
    because: str


class MobilityAsked(Message, frozen=True):
    """A session could go to ``target``, and waits for its application's word."""

    session: SessionId
    target: SiteId


class QualityOpened(Message, frozen=True):
    session: QualitySession


class QualityStarted(Message, frozen=True):
    """The operator serves it."""

    id: str


class QualityExtended(Message, frozen=True):
    """``seconds``: how long in all."""

    id: str
    seconds: int


class QualityEnded(Message, frozen=True):
    """``info``: CAMARA's statusInfo. What was deleted is gone, the rest is kept for a while."""

    id: str
    info: End
    reason: str


class QualityDropped(Message, frozen=True):
    """It has been kept long enough."""

    id: str


class ProfileMarked(Message, frozen=True):
    """A QoS profile is not for new sessions any more, or is again (ACTIVE)."""

    profile: str
    status: ProfileStatus


class VisitBegan(Message, frozen=True):
    """A UE comes to an application without the SDK. ``request`` 0: nobody asked, a gateway heard it."""

    request: RequestId
    session: SessionId
    key: SessionKey
    app: AppId
    ue: UeId
    site: SiteId
    because: str


class VisitLed(Message, frozen=True):
    """From now on ``site`` has what the UE opens anew. ``cause``: as of a move. ``request`` 0: nobody asked."""

    session: SessionId
    site: SiteId
    cause: str
    because: str
    request: RequestId = 0


class VisitEnded(Message, frozen=True):
    session: SessionId
    because: str


DECIDED = (
    SessionPlaced,
    ClientAttached,
    SessionClosing,
    MovePlanned,
    HandoverDone,
    MoveExpired,
    MoveOverdue,
    MoveWaived,
    EpochRaised,
    MovesHeld,
    SiteMarked,
    ObjectsChanged,
    TokenIssued,
    TokensRevoked,
    ConsentGiven,
    ConsentWithdrawn,
    AccessTokenEnded,
    SubscriberAsked,
    AskingEnded,
    CodeGiven,
    CodeUsed,
    FenceMade,
    FenceCrossed,
    FenceEnded,
    SinkAnswered,
    Placed,
    ResourceKept,
    ResourceGone,
    RuleUpdated,
    MobilityAsked,
    QualityOpened,
    QualityStarted,
    QualityExtended,
    QualityEnded,
    QualityDropped,
    ProfileMarked,
    VisitBegan,
    VisitLed,
    VisitEnded,
    SiteHello,
    SessionOpened,
    SessionRefused,
    SessionClosed,
    SessionDiscarded,
    SessionLost,
    TargetWarmed,
    TargetRefused,
    RouteInstalled,
    RouteActivated,
    MoveFrozen,
    MoveActivated,
    MoveAborted,
    UplinkSeen,
    SourceReleased,
)
"""The events that may change placement, move, route, epoch or who may ask: these are journaled."""
