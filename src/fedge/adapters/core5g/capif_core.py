"""Calls of a CAPIF core function by an API invoker (3GPP TS 29.222, 8.1, 8.4, 8.5). Nothing is tried twice here."""

from __future__ import annotations

import httpx2
import msgspec

from fedge.adapters.core5g import capif_words as said
from fedge.adapters.core5g.capif_words import ApiAt, Discovered
from fedge.adapters.core5g.door import JSON, Http
from fedge.adapters.core5g.words import problem


class Refused(Exception):
    """The core function says no: ``str`` says why. ``status``: of HTTP."""

    def __init__(self, what: str, answer: httpx2.Response) -> None:
        found = problem(answer.content)
        why = found.detail or found.title or answer.text[:200]
        super().__init__(f"{what}: {answer.status_code} {found.cause} {why}".strip())
        self.status = answer.status_code


class CoreFunction:
    """``url``: the root beneath which its APIs are. ``destination``: where its notifications are taken.

    Each call raises ``Refused``, or ``door.FAULTS`` where there is no answer that can be read.
    """

    def __init__(self, http: Http, url: str, destination: str) -> None:
        self.http, self._url, self._destination = http, url.rstrip("/"), destination

    async def onboard(self, public_key: str, credential: str) -> httpx2.Response:
        """201 with what is assigned; 202: that comes by a notification."""
        header = {"authorization": f"Bearer {credential}"}
        body = said.enrolment(public_key, self._destination)
        return await self._call("onboarding", "POST", said.INVOKERS, body, header)

    async def replace(self, invoker: str, public_key: str) -> httpx2.Response:
        """Another key, and so another certificate."""
        body = said.enrolment(public_key, self._destination, invoker)
        return await self._call("replacing the certificate", "PUT", f"{said.INVOKERS}/{invoker}", body)

    async def discover(self, invoker: str) -> Discovered:
        answer = await self._call("discovery", "GET", f"{said.DISCOVERY}?api-invoker-id={invoker}")
        return msgspec.json.decode(answer.content, type=Discovered)

    async def secure(self, invoker: str, apis: list[ApiAt]) -> None:
        """The security context: by which method these APIs are invoked. One that is there is updated."""
        where, body = f"{said.TRUSTED}/{invoker}", said.security(apis, self._destination)
        try:
            await self._call("security context", "PUT", where, body)
        except Refused as refusal:
            if refusal.status not in (403, 409):
                raise
            await self._call("security context", "POST", f"{where}/update", body)

    async def token(self, invoker: str, secret: str, api: ApiAt) -> httpx2.Response:
        """The token endpoint's answer, whatever it is."""
        form = said.token_request(invoker, secret, api)
        return await self.http.client().post(f"{self._url}{said.SECURITIES}/{invoker}/token", data=form)

    async def _call(
        self, what: str, method: str, where: str, body: object = None, header: dict[str, str] | None = None
    ) -> httpx2.Response:
        told = {"accept": "application/json, application/problem+json", **(header or {})}
        content = None
        if body is not None:
            told["content-type"], content = JSON, msgspec.json.encode(body)
        answer = await self.http.client().request(method, self._url + where, content=content, headers=told)
        if not answer.is_success:
            raise Refused(what, answer)
        return answer
