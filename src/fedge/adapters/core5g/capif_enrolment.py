"""Fedge's name and certificate at a CAPIF core function: asked for with a fresh key, kept, and shown (3GPP TS 29.222, 8.4).

Onboarded once, with a credential that the operator gave; from then on by the certificate that was issued for Fedge's key. CAPIF
has no operation that renews one, so it is replaced: the invoker's details are updated with another key. What must outlive the
process is on disk (``capif_kept``); ``capif_core`` makes the calls; when each is made is ``capif``'s to say.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx2
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from fedge.adapters.core5g.capif_core import CoreFunction
from fedge.adapters.core5g.capif_kept import Invoker, Kept
from fedge.adapters.core5g.capif_words import ApiAt, Completion, Enrolment
from fedge.adapters.core5g.door import Http
from fedge.runtime.core_account import Capif

REPLACED_AT = 0.5
"""A certificate is replaced once that share of its time is over: half of it is left for an operator that does not answer."""
COMPLETED_WITHIN_S = 30.0
"""How long the word on a request is waited for that was only accepted (202)."""


class Enrolled:
    """``invoker``: who Fedge is there; None: nobody yet. ``core``: calls of the core function; ``http``: of exposing functions.

    ``root``: the folder to which the account's files are relative; ``aef_ca``: who signed the exposing functions' certificates.
    ``destination``: where notifications of the core function are taken.
    """

    def __init__(self, account: Capif, root: Path, kept: Kept, aef_ca: Path, destination: str) -> None:
        self._account, self._kept = account, kept
        self._ca, self._aef_ca = root / account.ca, aef_ca
        self.invoker = kept.read()
        to_core, self.http = (Http(trust) for trust in self._trust())
        self.core = CoreFunction(to_core, account.url, destination)
        self._completed: asyncio.Future[Completion] | None = None

    async def onboard(self) -> Invoker:
        """Raises ``Refused``, ``door.FAULTS``; so does ``replace``."""
        key, public = self._kept.fresh_key()
        return await self._enrolled(key, await self.core.onboard(public, self._account.onboarding), None)

    async def replace(self, invoker: Invoker) -> Invoker:
        """Another certificate under the same name."""
        key, public = self._kept.fresh_key()
        return await self._enrolled(key, await self.core.replace(invoker.id, public), invoker)

    def completed(self, heard: Completion) -> None:
        """The word on a request that was only accepted."""
        if self._completed is not None and not self._completed.done():
            self._completed.set_result(heard)

    def discovered(self, invoker: Invoker, apis: dict[str, ApiAt]) -> Invoker:
        self.invoker = msgspec.structs.replace(invoker, apis=apis)
        self._kept.note(self.invoker)
        return self.invoker

    def forget(self) -> None:
        """The certificate is not good any more: as if there were none."""
        self.invoker = None
        self._kept.forget()

    async def close(self) -> None:
        await self.core.http.close()
        await self.http.close()

    async def _enrolled(
        self, key: ec.EllipticCurvePrivateKey, answer: httpx2.Response, before: Invoker | None
    ) -> Invoker:
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
        return self.invoker

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

    def _show(self) -> None:
        """Connections from now on show the certificate."""
        for http, trust in zip((self.core.http, self.http), self._trust(), strict=True):
            http.change(trust)

    def _trust(self) -> list[ssl.SSLContext]:
        """For the core function, and for the exposing functions: who they may be, and the certificate where there is one."""
        contexts = [ssl.create_default_context(cafile=ca) for ca in (self._ca, self._aef_ca)]
        for context in contexts if self.invoker is not None else ():
            self._kept.show(context)
        return contexts


def replaced_at(invoker: Invoker) -> float:
    """When its certificate is to be replaced, Unix seconds."""
    return invoker.from_s + REPLACED_AT * (invoker.until_s - invoker.from_s)
