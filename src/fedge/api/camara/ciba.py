"""Asking a subscriber on its own device: OpenID CIBA Core 1.0 in poll mode, and the consent that a yes leaves behind.

Pure but for what it remembers: requests under way are in memory, so a restart of the control plane ends them (``invalid_grant``).
A number that nobody has is answered like a subscriber who says no: who exists is not to be learnt here. Neighbours: `oauth.py`
is the HTTP of it; who answers for the subscriber is the port ``ConsentScreen``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil
from typing import Literal, Protocol

from msgspec import Struct

from fedge.api.camara.device import Subscribers
from fedge.api.camara.scopes import AskedScopes
from fedge.core.model import UeId
from fedge.wire.oauth import OAuthError

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
EXPIRES_S = 120
LONGEST_S = 300
INTERVAL_S = 1
MOST_OF_A_CLIENT, MOST_WAITING = 100, 1000
_TEL = re.compile(r"tel:[+ ]([1-9][0-9]{4,14})")  # a form's + means a space: many clients forget to escape it
_IPPORT = re.compile(r"ipport:([0-9.]{7,15}):([0-9]{1,5})")

Answer = Literal["yes", "no", "silent"]


class ConsentScreen(Protocol):
    """What the subscriber of a device says to a client that asks for these scopes."""

    def answer(self, client: str, ue: UeId, scopes: frozenset[str], waited_s: float) -> Answer: ...


class Asked(Struct):
    """``ue`` None: nobody has that number."""

    client: str
    scopes: AskedScopes
    ue: UeId | None
    began_s: float
    until_s: float
    polled_s: float = 0.0


class Ciba:
    """``screen`` None: nobody can be asked here; consents are recorded by the operator."""

    def __init__(
        self, subscribers: Subscribers, screen: ConsentScreen | None, draw_id: Callable[[], str]
    ) -> None:
        self._subscribers, self._screen, self._draw_id = subscribers, screen, draw_id
        self._asked: dict[str, Asked] = {}

    def ask(
        self, client: str, scopes: AskedScopes, hint: str, seconds: str, now_s: float
    ) -> dict[str, object]:
        """The answer of the backchannel authentication endpoint. Raises ``OAuthError``."""
        if self._screen is None:
            raise OAuthError(
                400, "unauthorized_client", "no subscriber can be asked here: the operator records consents"
            )
        self._asked = {id: one for id, one in self._asked.items() if one.until_s + LONGEST_S > now_s}
        if not scopes.openid:
            raise OAuthError(400, "invalid_scope", "openid is missing from the scope")
        own = [one.until_s for one in self._asked.values() if one.client == client]
        if len(own) >= MOST_OF_A_CLIENT:
            said = f"{MOST_OF_A_CLIENT} subscribers are being asked for this client already"
            raise OAuthError(429, "temporarily_unavailable", said, ceil(min(own) + LONGEST_S - now_s))
        if len(self._asked) >= MOST_WAITING:
            raise OAuthError(503, "temporarily_unavailable", "too many subscribers are being asked")
        expires = _expiry(seconds)
        ue, id = self._hinted(hint), self._draw_id()
        self._asked[id] = Asked(client, scopes, ue, now_s, now_s + expires)
        return {"auth_req_id": id, "expires_in": expires, "interval": INTERVAL_S}

    def poll(self, client: str, id: str, now_s: float) -> Asked:
        """The request that its subscriber has granted; it is answered once. Raises ``OAuthError``."""
        asked = self._asked.get(id)
        if asked is None or asked.client != client:
            raise OAuthError(400, "invalid_grant", "no such auth_req_id, or it is used up")
        if now_s >= asked.until_s:
            del self._asked[id]
            raise OAuthError(400, "expired_token", "the subscriber has not answered in time")
        said = self._said(asked, now_s)
        if said == "silent":
            early = now_s - asked.polled_s < INTERVAL_S
            asked.polled_s = now_s
            error = "slow_down" if early else "authorization_pending"
            raise OAuthError(400, error, "the subscriber has not answered yet")
        del self._asked[id]
        if said == "no":
            raise OAuthError(400, "access_denied", "the subscriber says no, or there is none")
        return asked

    def _said(self, asked: Asked, now_s: float) -> Answer:
        """Nobody answers as slowly as a subscriber who says no."""
        waited_s, scopes = now_s - asked.began_s, asked.scopes.scopes
        assert self._screen is not None
        said = self._screen.answer(asked.client, asked.ue or UeId(""), scopes, waited_s)
        return "no" if said == "yes" and asked.ue is None else said

    def _hinted(self, hint: str) -> UeId | None:
        if found := _TEL.fullmatch(hint):
            return self._subscribers.by_phone_number(f"+{found[1]}")
        if found := _IPPORT.fullmatch(hint):
            return self._subscribers.by_ipv4(found[1])
        raise OAuthError(400, "invalid_request", "login_hint: tel:+NUMBER or ipport:ADDRESS:PORT is wanted")


def _expiry(seconds: str) -> int:
    if not seconds:
        return EXPIRES_S
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 6 and int(seconds)):
        raise OAuthError(400, "invalid_request", "requested_expiry: a positive number of seconds is wanted")
    return min(int(seconds), LONGEST_S)
