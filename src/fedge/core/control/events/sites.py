"""A site is drained, ready again, or lost."""

from __future__ import annotations

from fedge.core.control.events.request import RequestId
from fedge.core.messages import Message
from fedge.core.model import SiteId


class AskedDrain(Message, frozen=True):
    request: RequestId
    site: SiteId
    undo: bool = False


class SiteMarked(Message, frozen=True):
    """``mark``: ready, draining or lost."""

    site: SiteId
    mark: str
    reason: str = ""
