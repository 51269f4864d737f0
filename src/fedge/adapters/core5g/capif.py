"""Fedge as an API invoker of a CAPIF core function (3GPP TS 29.222 Rel-17, TS 33.122): onboarded, discovering, with tokens.

Onboarded once, with a credential that the operator gave; from then on by the certificate that was issued for Fedge's key. It is
replaced well before it expires: CAPIF has no operation that renews one, so the invoker's details are updated with another key.
Everything that must outlive the process is on disk (``capif_kept``); ``capif_core`` makes the calls. ``run`` keeps all of it so;
``door`` is how an API that was discovered is entered.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from pathlib import Path

import httpx2
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from fedge.adapters.core5g.capif_core import CoreFunction, Refused
from fedge.adapters.core5g.capif_kept import Invoker, Kept
from fedge.adapters.core5g.capif_words import ApiAt, Completion, Enrolment, Revocation, found, notified
from fedge.adapters.core5g.door import FAULTS, Http
from fedge.adapters.core5g.token import NoToken, Token
from fedge.core.model import SECOND
from fedge.core.patience import Backoff
from fedge.runtime.core_account import Capif

REPLACED_AT = 0.5
"""A certificate is replaced once that share of its time is over: half of it is left for an operator that does not answer."""
LOOKED_EVERY_S, MISSING_EVERY_S = 300.0, 10.0
"""Discovered again: now and then, and sooner while something is missing."""
UNKNOWN = (401, 403, 404)
"""So a core function may say that it does not know whose certificate that is: taken back, offboarded, or its registry is lost."""
COMPLETED_WITHIN_S = 30.0
"""How long the word on a request is waited for that was only accepted (202)."""
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
        self._account, self._kept, self._names = account, kept, names
        self._ca, self._aef_ca = root / account.ca, aef_ca
        self.invoker = kept.read()
        to_core, self.http = (Http(trust) for trust in self._trust())
        self._core = CoreFunction(to_core, account.url, destination)
        self.why = "" if self.invoker is not None else "not onboarded yet"
        self._revoked: dict[str, tuple[str, float]] = {}
        """By name: the cause, and until when it is not asked for again (monotonic seconds)."""
        self._secured: frozenset[str] = frozenset()
        self._onboard_at = 0.0
        """Not onboarded anew before that (monotonic seconds) where a certificate was never good for anything."""
        self._discovered_at = 0.0
        self._tokens: dict[str, Token] = {}
        self._stir = asyncio.Event()
        self._completed: asyncio.Future[Completion] | None = None
        self.settled = False
        """What there is and what is missing was looked at, and is what the core function says."""

    # --- for the APIs ------------------------------------------------------------------------------------------------------

    def door(self, name: str) -> CapifDoor:
        return CapifDoor(self, name)

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
        if isinstance(heard, Completion) and self._completed is not None and not self._completed.done():
            self._completed.set_result(heard)
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
        await self._core.http.close()
        await self.http.close()

    async def ready(self) -> Invoker:
        """Onboarded, its certificate young enough, everything that is there discovered and secured. Raises what went wrong."""
        refused = None
        if self.invoker is None or time.time() >= self.invoker.until_s:
            await self._onboard()
        elif time.time() >= self._replace_at(self.invoker):
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

    def _replace_at(self, invoker: Invoker) -> float:
        return invoker.from_s + REPLACED_AT * (invoker.until_s - invoker.from_s)

    def _discover_at(self) -> float:
        if not self._discovered_at:
            return 0.0
        complete = self.invoker is not None and set(self.invoker.apis) >= set(self._names)
        return self._discovered_at + (LOOKED_EVERY_S if complete else MISSING_EVERY_S)

    def _until_next_s(self) -> float:
        assert self.invoker is not None
        replacing_s = self._replace_at(self.invoker) - time.time()
        return max(0.2, min(replacing_s, self._discover_at() - time.monotonic()))

    # --- calls of the core function ----------------------------------------------------------------------------------------

    async def _onboard(self) -> None:
        self._forget()
        key, public = self._kept.fresh_key()
        await self._enrolled(key, await self._core.onboard(public, self._account.onboarding), None)
        assert self.invoker is not None
        self._onboard_at = time.monotonic() + LOOKED_EVERY_S
        log.info("onboarded", invoker=self.invoker.id)

    async def _replace(self, invoker: Invoker) -> None:
        key, public = self._kept.fresh_key()
        await self._enrolled(key, await self._core.replace(invoker.id, public), invoker)
        log.info("the certificate is replaced", invoker=invoker.id)

    async def _enrolled(
        self, key: ec.EllipticCurvePrivateKey, answer: httpx2.Response, before: Invoker | None
    ) -> None:
        said = msgspec.json.decode(answer.content, type=Enrolment) if answer.content else Enrolment()
        if answer.status_code == 202:
            said = await self._completion()
        told = said.onboarding_information
        id = said.api_invoker_id or (before.id if before is not None else "")
        if not id or not told.api_invoker_certificate:
            raise ValueError("the core function has not told an apiInvokerId and a certificate")
        secret = told.onboarding_secret or (before.secret if before is not None else "")
        apis = before.apis if before is not None else {}
        self.invoker = self._kept.keep(id, secret, told.api_invoker_certificate, key, apis)
        self._show()

    async def _completion(self) -> Enrolment:
        self._completed = asyncio.get_running_loop().create_future()
        try:
            heard = await asyncio.wait_for(self._completed, COMPLETED_WITHIN_S)
        except TimeoutError:
            raise ValueError("the core function has accepted the request, and told no result of it") from None
        finally:
            self._completed = None
        if not heard.result:
            raise ValueError("the core function has not completed it")
        return heard.api_invoker_enrolment_details

    async def _discover(self, invoker: Invoker) -> Invoker:
        apis = found(await self._core.discover(invoker.id), self._names, invoker.apis)
        self._discovered_at = time.monotonic()
        for name in self._names:
            if apis.get(name) != invoker.apis.get(name):
                self._revoked.pop(name, None)
                self._tokens.pop(name, None)
                self._secured -= {name}
                log.info("discovered", api=name, url=apis[name].url if name in apis else "")
        self.invoker = msgspec.structs.replace(invoker, apis=apis)
        self._kept.note(self.invoker)
        return self.invoker

    async def _ask_token(self, name: str) -> httpx2.Response:
        invoker, api = self.invoker, self.at(name)
        why = self.missing(name)
        if invoker is None or api is None or why:
            raise NoToken(why)
        answer = await self._core.token(invoker.id, invoker.secret, api)
        if answer.status_code in (400, 401, 403, 404):
            self.again()
        return answer

    # --- the certificate ---------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Connections from now on show the certificate. Tokens are bound to it: those of the earlier one are of no use."""
        for http, trust in zip((self._core.http, self.http), self._trust(), strict=True):
            http.change(trust)
        self._tokens.clear()

    def _trust(self) -> list[ssl.SSLContext]:
        """For the core function, and for the exposing functions: who they may be, and the certificate where there is one."""
        contexts = [ssl.create_default_context(cafile=ca) for ca in (self._ca, self._aef_ca)]
        for context in contexts if self.invoker is not None else ():
            self._kept.show(context)
        return contexts

    def _forget(self) -> None:
        self.invoker = None
        self._kept.forget()
        self._secured, self._discovered_at, self.settled = frozenset(), 0.0, False
        self._revoked.clear()
        self._tokens.clear()


class CapifDoor:
    """An API as CAPIF opens it."""

    def __init__(self, invoker: ApiInvoker, name: str) -> None:
        self._invoker, self._name = invoker, name

    @property
    def here(self) -> str:
        at = self._invoker.at(self._name)
        return at.url if at is not None else ""

    async def url(self) -> str:
        why = self._invoker.missing(self._name)
        if why:
            raise NoToken(why)
        return self.here

    async def header(self) -> dict[str, str]:
        return await self._invoker.token(self._name).header()

    def refused(self) -> None:
        self._invoker.token(self._name).refused()
