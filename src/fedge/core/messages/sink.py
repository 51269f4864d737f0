"""Where a client of the northbound APIs wants its events: an https address, and the bearer token that it takes them with.

And who sends them → control plane: what of them could not be sent yet.
"""

from __future__ import annotations

import re

from msgspec import Struct

from fedge.core.messages.order import Message

_ORIGIN = re.compile(r"[^:/?#]+://[^/?#]*")


class Sink(Struct, frozen=True):
    """``expires_s``: when the token does, in seconds since 1970 (UTC); from then on nothing is sent. 0: there is no token."""

    url: str
    token: str = ""
    expires_s: float = 0.0

    @property
    def origin(self) -> str:
        """Scheme, host and port, as far as the URL says them."""
        found = _ORIGIN.match(self.url)
        return found[0].lower() if found is not None else ""


class SinkPostponed(Message, frozen=True):
    """There was no room to send the event of this ``number`` in the outbox: it has not ended, and is sent later."""

    number: int
