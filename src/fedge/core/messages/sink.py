"""Where a client of the northbound APIs wants its events: an https address, and the bearer token that it takes them with."""

from __future__ import annotations

from msgspec import Struct


class Sink(Struct, frozen=True):
    """``expires_s``: when the token does, in seconds since 1970 (UTC); from then on nothing is sent. 0: there is no token."""

    url: str
    token: str = ""
    expires_s: float = 0.0
