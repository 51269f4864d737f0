"""Fedge as an API invoker of a CAPIF core function (3GPP TS 29.222 Rel-17, TS 33.122): onboarded, discovering, with tokens.

Its name and certificate are ``capif_enrolment``'s, replaced well before they expire; ``capif_core`` makes the calls. ``run``
keeps it enrolled, and the APIs discovered and secured; ``capif_door`` is how one of them is entered.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from pathlib import Path

import httpx2
import structlog

from fedge.adapters.core5g.capif_core import Refused
from fedge.adapters.core5g.capif_enrolment import Enrolled, replaced_at
from fedge.adapters.core5g.capif_kept import Invoker, Kept
from fedge.adapters.core5g.capif_words import ApiAt, Completion, Revocation, found, notified
from fedge.adapters.core5g.door import FAULTS
from fedge.adapters.core5g.token import NoToken, Token
from fedge.core.model import SECOND
from fedge.core.patience import Backoff
from fedge.runtime.core_account import Capif

LOOKED_EVERY_S, MISSING_EVERY_S = 300.0, 10.0
"""Discovered again: now and then, and sooner while something is missing."""
UNKNOWN = (401, 403, 404)
"""So a core function may say that it does not know whose certificate that is: taken back, offboarded, or its registry is lost."""
log = structlog.get_logger("capif")


class ApiInvoker:
    """``names``: the APIs that are wanted. ``destination``: where notifications of the core function are taken.

    ``root``: the folder to which the account's files are relative; ``aef_ca``: who signed the exposing functions' certificates.
    ``http``: connections to those.
    """

    def __init__(
        self,
        account: Capif,
        root: Path,
        kept: Kept,
        aef_ca: Path,
        destination: str,
        names: tuple[str, ...],
    ) -> None:
        self._names = names
        self.enrolled = Enrolled(account, root, kept, aef_ca, destination)
        self._core, self.http = self.enrolled.core, self.enrolled.http
        self.why = "" if self.invoker is not None else "not onboarded yet"
        self._revoked: dict[str, tuple[str, float]] = {}
        """By name: the cause, and until when it is not asked for again (monotonic seconds)."""
        self._secured: frozenset[str] = frozenset()
        self._onboard_at = 0.0
        """Not onboarded anew before that (monotonic seconds) where a certificate was never good for anything."""
        self._discovered_at = 0.0
        self._tokens: dict[str, Token] = {}
        self._stir = asyncio.Event()
        self.settled = False
        """What there is and what is missing was looked at, and is what the core function says."""

    @property
    def invoker(self) -> Invoker | None:
        """Who Fedge is there; None: nobody yet."""
        return self.enrolled.invoker

    # --- for the APIs ------------------------------------------------------------------------------------------------------

    def at(self, name: str) -> ApiAt | None:
        return self.invoker.apis.get(name) if self.invoker is not None else None

    def missing(self, name: str) -> str:
        """Why this API cannot be entered; empty: it can."""
        if self.invoker is None:
            return f"CAPIF: {self.why}"
        if name in self._revoked:
            return f"CAPIF: {name}: revoked, {self._revoked[name][0]}"
        if name not in self.invoker.apis:
            return f"CAPIF has no API {name}" if self._discovered_at else "CAPIF: not discovered yet"
        return "" if name in self._secured else f"CAPIF: {self.why or 'no security context yet'}"

    def token(self, name: str) -> Token:
        if name not in self._tokens:
            self._tokens[name] = Token(lambda: self._ask_token(name))
        return self._tokens[name]

    def again(self) -> None:
        """Something was not accepted: look at it now."""
        self._secured, self._discovered_at, self.settled = frozenset(), 0.0, False
        self._stir.set()

    # --- notifications -----------------------------------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Of the core function. Raises ``words.Invalid``."""
        heard = notified(body)
        if isinstance(heard, Completion):
            self.enrolled.completed(heard)
        invoker = self.invoker
        if isinstance(heard, Revocation) and invoker is not None and heard.api_invoker_id == invoker.id:
            self._revoke(invoker, heard)

    def _revoke(self, invoker: Invoker, heard: Revocation) -> None:
        for name, one in invoker.apis.items():
            if one.api in heard.api_ids and heard.aef_id in ("", one.aef):
                self._revoked[name] = heard.cause, time.monotonic() + LOOKED_EVERY_S
                self._secured -= {name}
                self._tokens.pop(name, None)
                log.warning("the operator has revoked an API", api=name, cause=heard.cause)

    # --- the course of it --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        patience = Backoff()
        try:
            while True:
                self._stir.clear()
                before = self.why
                try:
                    await self.ready()
                    patience, wait_s = Backoff(), self._until_next_s()
                except (Refused, *FAULTS) as error:
                    self.settled = False
                    self.why = (
                        f"{type(error).__name__}: {error}" if not isinstance(error, Refused) else str(error)
                    )
                    patience = patience.failed(0, random.random())
                    wait_s = max(patience.until / SECOND, 0.2)
                if self.why != before:
                    log.info(
                        "CAPIF", state=self.why or "ready", invoker=self.invoker.id if self.invoker else ""
                    )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stir.wait(), wait_s)
        finally:
            await self.close()

    async def close(self) -> None:
        await self.enrolled.close()

    async def ready(self) -> Invoker:
        """Onboarded, its certificate young enough, everything that is there discovered and secured. Raises what went wrong."""
        refused = None
        if self.invoker is None or time.time() >= self.invoker.until_s:
            await self._onboard()
        elif time.time() >= replaced_at(self.invoker):
            refused = await self._not_replaced(self.invoker)
        assert self.invoker is not None
        try:
            found = await self._found(self.invoker)
        except Refused as refusal:
            if refusal.status in UNKNOWN and time.monotonic() >= self._onboard_at:
                self._forget()  # the certificate is not good any more: as if there were none
            raise
        self._onboard_at = 0.0
        if refused is not None:
            raise refused
        return found

    async def _not_replaced(self, invoker: Invoker) -> Refused | None:
        """Why there is no other certificate; whether this one is still good for anything, discovery tells next."""
        try:
            await self._replace(invoker)
        except Refused as refusal:
            self._discovered_at = 0.0
            return refusal
        return None

    async def _found(self, invoker: Invoker) -> Invoker:
        if time.monotonic() >= self._discover_at():
            invoker = await self._discover(invoker)
        self._revoked = {name: one for name, one in self._revoked.items() if one[1] > time.monotonic()}
        wanted = frozenset(invoker.apis) - frozenset(self._revoked)
        if wanted - self._secured:
            await self._core.secure(invoker.id, [invoker.apis[name] for name in sorted(wanted)])
            self._secured = wanted
            for token in self._tokens.values():
                token.refused()
        self.why, self.settled = "", True
        return invoker

    def _discover_at(self) -> float:
        if not self._discovered_at:
            return 0.0
        complete = self.invoker is not None and set(self.invoker.apis) >= set(self._names)
        return self._discovered_at + (LOOKED_EVERY_S if complete else MISSING_EVERY_S)

    def _until_next_s(self) -> float:
        assert self.invoker is not None
        replacing_s = replaced_at(self.invoker) - time.time()
        return max(0.2, min(replacing_s, self._discover_at() - time.monotonic()))

    # --- calls of the core function ----------------------------------------------------------------------------------------

    async def _onboard(self) -> None:
        self._forget()
        invoker = await self.enrolled.onboard()
        self._tokens.clear()
        self._onboard_at = time.monotonic() + LOOKED_EVERY_S
        log.info("onboarded", invoker=invoker.id)

    async def _replace(self, invoker: Invoker) -> None:
        await self.enrolled.replace(invoker)
        self._tokens.clear()  # they are bound to the certificate: those of the earlier one are of no use
        log.info("the certificate is replaced", invoker=invoker.id)

    async def _discover(self, invoker: Invoker) -> Invoker:
        apis = found(await self._core.discover(invoker.id), self._names, invoker.apis)
        self._discovered_at = time.monotonic()
        for name in self._names:
            if apis.get(name) != invoker.apis.get(name):
                self._revoked.pop(name, None)
                self._tokens.pop(name, None)
                self._secured -= {name}
                log.info("discovered", api=name, url=apis[name].url if name in apis else "")
        return self.enrolled.discovered(invoker, apis)

    async def _ask_token(self, name: str) -> httpx2.Response:
        invoker, api = self.invoker, self.at(name)
        why = self.missing(name)
        if invoker is None or api is None or why:
            raise NoToken(why)
        answer = await self._core.token(invoker.id, invoker.secret, api)
        if answer.status_code in (400, 401, 403, 404):
            self.again()
        return answer

    def _forget(self) -> None:
        self.enrolled.forget()
        self._secured, self._discovered_at, self.settled = frozenset(), 0.0, False
        self._revoked.clear()
        self._tokens.clear()
