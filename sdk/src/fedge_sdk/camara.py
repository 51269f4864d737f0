"""How a studio's server calls the platform's CAMARA APIs: one JSON request, devices and sinks as those APIs name them.

Blocking, standard library only. ``network.py`` asks for quality by it, ``location.py`` for places.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request
from uuid import uuid4

from fedge_sdk.attach import NotYet, Refused, opener, reason_of, wait_of

TIMEOUT_S = 15.0
FIRST_WAIT_S = 0.1


class Sink(NamedTuple):
    """Where events are wanted: an https address. ``token``: what it takes them with, till ``expires`` (RFC 3339)."""

    url: str
    token: str = ""
    expires: str = ""


class Calls:
    """``api``: the platform's base address. ``token``: the studio's, or an access token. Raises ``Refused``, or ``NotYet``."""

    def __init__(self, api: str, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._api, self._token, self._timeout_s = api.rstrip("/"), token, timeout_s

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._api + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("x-correlator", str(uuid4()))
        return self._sent(request)

    def form(self, path: str, fields: dict[str, str]) -> Any:
        """An OAuth2 endpoint, which takes a form and knows the client by it."""
        return self._sent(Request(self._api + path, data=urlencode(fields).encode(), method="POST"))

    def _sent(self, request: Request) -> Any:
        try:
            with opener(self._api).open(request, timeout=self._timeout_s) as answer:
                content = answer.read()
        except HTTPError as error:
            code, message = _reason(error.read(), error.reason)
            if error.code in (429, 502, 503, 504):
                raise NotYet(code, message, wait_of(error.headers.get("Retry-After"))) from None
            raise Refused(error.code, code, message) from None
        except (URLError, OSError) as error:
            raise NotYet("UNREACHABLE", str(error), FIRST_WAIT_S) from None
        return json.loads(content) if content else None


def _reason(content: bytes, otherwise: str) -> tuple[str, str]:
    """Of CAMARA's form of an error, or of OAuth2's."""
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    if isinstance(said, dict) and isinstance(said.get("error"), str):
        return said["error"], str(said.get("error_description", ""))
    return reason_of(content, otherwise)


def device_of(named: str) -> dict[str, Any]:
    """CAMARA's device object, in a body: of a phone number, an address, or a public address and port; empty: by the token."""
    if not named:
        return {}
    if named.startswith("+"):
        return {"device": {"phoneNumber": named}}
    host, _, port = named.partition(":")
    address = {"publicAddress": host, **({"publicPort": int(port)} if port else {"privateAddress": host})}
    return {"device": {"ipv4Address": address}}


def sink_of(sink: Sink) -> dict[str, Any]:
    """A sink and its credential, in a body."""
    if not sink.token:
        return {"sink": sink.url}
    credential = {
        "credentialType": "ACCESSTOKEN",
        "accessToken": sink.token,
        "accessTokenType": "bearer",
        "accessTokenExpiresUtc": sink.expires,
    }
    return {"sink": sink.url, "sinkCredential": credential}
