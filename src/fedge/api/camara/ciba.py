"""OpenID CIBA Core 1.0 in poll mode: a client asks a subscriber on its own device, and comes back for the answer.

Requests under way survive a restart of the control plane; how often one was polled is forgotten with it. Neighbours: `asking.py`
asks, `oauth.py` is the HTTP of it.
"""

from __future__ import annotations

import re

from fedge.api.camara.asking import EXPIRES_S, Questions
from fedge.api.camara.scopes import AskedScopes
from fedge.core.location import Asking
from fedge.core.model import SECOND, Nanoseconds, UeId
from fedge.wire.oauth import OAuthError

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
LONGEST_S = 300
INTERVAL_S = 1
BY_SUBSCRIBER = "its subscriber (CIBA)"
_TEL = re.compile(r"tel:[+ ]([1-9][0-9]{4,14})")  # a form's + means a space: many clients forget to escape it
_IPPORT = re.compile(r"ipport:([0-9.]{7,15}):([0-9]{1,5})")


class Ciba:
    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._polled: dict[str, Nanoseconds] = {}

    async def ask(self, client: str, scopes: AskedScopes, hint: str, seconds: str) -> dict[str, object]:
        """The answer of the backchannel authentication endpoint. Raises ``OAuthError``."""
        expires, ue = _expiry(seconds), self._hinted(hint)
        secret, _ = await self._questions.begin(client, scopes, ue, expires)
        return {"auth_req_id": secret, "expires_in": expires, "interval": INTERVAL_S}

    async def poll(self, client: str, secret: str) -> tuple[Asking, str]:
        """(the request that its subscriber has granted, the consent's id); it is answered once. Raises ``OAuthError``."""
        one, now = self._questions.named(secret), self._questions.centre.now()
        if one is None or one.client != client or one.back is not None:
            raise OAuthError(400, "invalid_grant", "no such auth_req_id, or it is used up")
        if now >= one.until:
            await self._questions.end(one)
            raise OAuthError(400, "expired_token", "the subscriber has not answered in time")
        said = self._questions.said(one)
        if said == "silent":
            error = "slow_down" if self._early(one, now) else "authorization_pending"
            raise OAuthError(400, error, "the subscriber has not answered yet")
        if said == "no":
            await self._questions.end(one)
            raise OAuthError(400, "access_denied", "the subscriber says no, or there is none")
        return one, await self._questions.consent(one, BY_SUBSCRIBER)

    def _early(self, one: Asking, now: Nanoseconds) -> bool:
        asked = self._questions.centre.plane.state.askings.asked
        self._polled = {id: at for id, at in self._polled.items() if id in asked}
        early = now - self._polled.get(one.id, -INTERVAL_S * SECOND) < INTERVAL_S * SECOND
        self._polled[one.id] = now
        return early

    def _hinted(self, hint: str) -> UeId | None:
        subscribers = self._questions.subscribers
        if found := _TEL.fullmatch(hint):
            return subscribers.by_phone_number(f"+{found[1]}")
        if found := _IPPORT.fullmatch(hint):
            return subscribers.by_ipv4(found[1])
        raise OAuthError(400, "invalid_request", "login_hint: tel:+NUMBER or ipport:ADDRESS:PORT is wanted")


def _expiry(seconds: str) -> int:
    if not seconds:
        return EXPIRES_S
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 6 and int(seconds)):
        raise OAuthError(400, "invalid_request", "requested_expiry: a positive number of seconds is wanted")
    return min(int(seconds), LONGEST_S)
