"""Asking a subscriber on its own device, whichever flow a client uses: who answers, and the consent that a yes leaves behind.

Everything but who answers is the control plane's, and journaled: a restart ends no question. A number that nobody has is answered
like a subscriber who says no: who exists is not to be learnt here. Neighbours: `ciba.py` and `code_flow.py` ask;
`core/control/asking.py` decides.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Literal, Protocol

from fedge.api.admin.callers import digest_of
from fedge.api.camara.device import Subscribers
from fedge.api.camara.platform import Centre
from fedge.api.camara.scopes import AskedScopes
from fedge.core.control.events.asking import AskedAsking, AskedAskingEnd
from fedge.core.control.events.location import AskedConsent
from fedge.core.location import Asking, Back, Consent
from fedge.core.model import SECOND, UeId
from fedge.wire.oauth import OAuthError

EXPIRES_S = 120
CONSENT_FOR_S = 30 * 24 * 3600

Answer = Literal["yes", "no", "silent"]


class ConsentScreen(Protocol):
    """What the subscriber of a device says to a client that asks for these scopes."""

    def answer(self, client: str, ue: UeId, scopes: frozenset[str], waited_s: float) -> Answer: ...


class Questions:
    """``screen`` None: nobody can be asked here; the operator records consents. ``draw``: a secret that names a question."""

    def __init__(
        self,
        centre: Centre,
        subscribers: Subscribers,
        screen: ConsentScreen | None,
        draw: Callable[[], str],
    ) -> None:
        self.centre, self.subscribers, self.draw = centre, subscribers, draw
        self._screen = screen

    async def begin(
        self, client: str, scopes: AskedScopes, ue: UeId | None, seconds: int, back: Back | None = None
    ) -> tuple[str, Asking]:
        """(the secret that names the question, the question). Raises ``OAuthError``."""
        if self._screen is None:
            said = "no subscriber can be asked here: the operator records consents"
            raise OAuthError(400, "unauthorized_client", said)
        if not scopes.openid:
            raise OAuthError(400, "invalid_scope", "openid is missing from the scope")
        if not scopes.scopes:
            raise OAuthError(400, "invalid_scope", "name the scopes that the subscriber is asked for")
        secret, now = self.draw(), self.centre.now()
        until = now + seconds * SECOND
        one = Asking(digest_of(secret), client, scopes.scopes, scopes.purpose, ue, now, until, back)
        status, body = await self.centre.ask(lambda n: AskedAsking(n, one))
        if status != 201:
            raise OAuthError(status, "temporarily_unavailable", str(body["message"]), self._room_in_s(client))
        return secret, one

    def named(self, secret: str) -> Asking | None:
        """The question that this secret names, as long as it is open."""
        return self.centre.plane.state.askings.asked.get(digest_of(secret))

    def said(self, one: Asking) -> Answer:
        """Nobody answers as slowly as a subscriber who says no."""
        if self._screen is None:
            return "no"
        waited_s = (self.centre.now() - one.began_at) / SECOND
        said = self._screen.answer(one.client, one.ue or UeId(""), one.scopes, waited_s)
        return "no" if said == "yes" and one.ue is None else said

    async def end(self, one: Asking) -> None:
        await self.centre.ask(lambda n: AskedAskingEnd(n, one.id))

    async def consent(self, one: Asking, by: str) -> str:
        """Record the subscriber's yes, which ends the question; the id of the consent. Raises ``OAuthError``."""
        assert one.ue is not None, "nobody has said yes"
        now = self.centre.now()
        until = now + CONSENT_FOR_S * SECOND
        consent = Consent(one.client, one.ue, one.scopes, one.purpose, until, now, by)
        status, body = await self.centre.ask(lambda n: AskedConsent(n, consent, one.id))
        if status == 404:
            raise OAuthError(400, "invalid_grant", str(body["message"]))
        if status != 201:
            raise OAuthError(503, "temporarily_unavailable", str(body.get("message", "")))
        return str(body["id"])

    def _room_in_s(self, client: str) -> int:
        now, asked = self.centre.now(), self.centre.plane.state.askings.asked.values()
        own = [one.counts_until for one in asked if one.client == client and one.counts_until > now]
        return ceil((min(own) - now) / SECOND) if own else 1
