"""Quality on demand: a session is asked for, served, prolonged, ended and forgotten; a profile is marked."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message
from fedge.core.model import UeId
from fedge.core.quality import ProfileStatus, QualitySession
from fedge.core.quality.session import End


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
