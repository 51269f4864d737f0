"""Who consents to be located, where somebody is, and who crosses a fence."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.location import Consent, Fence
from fedge.core.location.fences import Ending
from fedge.core.messages import Message
from fedge.core.model import UeId


class AskedConsent(Message, frozen=True):
    """Without an id: that is given here. ``asking``: it is a subscriber's yes to that, which ends with it."""

    request: RequestId
    consent: Consent
    asking: str = ""


class AskedWithdrawnConsent(Message, frozen=True):
    request: RequestId
    id: str


class ConsentGiven(Message, frozen=True):
    """New, or in place of the one with its id."""

    consent: Consent


class ConsentWithdrawn(Message, frozen=True):
    id: str


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
