"""Where a client wants its events, and their form: CloudEvents 1.0 in structured JSON, by HTTPS, with the client's own token.

``sink_of`` reads ``sink`` and ``sinkCredential`` of a request; `telling.py` sends. Source: CAMARA Commonalities 0.6
(notifications, ``INVALID_SINK``, ``INVALID_CREDENTIAL``, ``INVALID_TOKEN``), CloudEvents 1.0.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from fedge.api.camara.errors import CamaraError
from fedge.core.messages import Sink
from fedge.ports import Notifier

MOST_TOKEN_CHARACTERS = 8192
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""RFC 6750, 2.1: what can stand in an Authorization header."""


class SinkCredential(Struct, frozen=True, rename="camel"):
    """Read loosely: what is wrong with it has codes of its own."""

    credential_type: Literal["PLAIN", "ACCESSTOKEN", "REFRESHTOKEN"]
    access_token: str | None = None
    access_token_expires_utc: datetime | None = None
    access_token_type: str | None = None


def sink_of(
    url: str | None, credential: SinkCredential | None, notifier: Notifier, unix_s: float
) -> Sink | None:
    """Where events are wanted; None if nowhere. ``unix_s``: now. Raises ``CamaraError`` 400."""
    if url is None:
        if credential is not None:
            raise CamaraError(400, "INVALID_SINK", "there is a sinkCredential, and no sink that it is for")
        return None
    if not url.startswith("https://"):
        raise CamaraError(400, "INVALID_SINK", "sink: an https URI is wanted")
    if why := notifier.objection(url):
        raise CamaraError(400, "INVALID_SINK", f"sink: {why}")
    if credential is None:
        return Sink(url)
    if credential.credential_type != "ACCESSTOKEN":
        raise CamaraError(400, "INVALID_CREDENTIAL", "sinkCredential: only an access token is supported")
    if credential.access_token_type is None or credential.access_token_type.lower() != "bearer":
        raise CamaraError(400, "INVALID_TOKEN", "sinkCredential: only a bearer token is supported")
    token, expires = credential.access_token, credential.access_token_expires_utc
    if token is None or len(token) > MOST_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        raise CamaraError(
            400, "INVALID_TOKEN", "sinkCredential.accessToken: a bearer token (RFC 6750, 2.1) is wanted"
        )
    if expires is None or expires.tzinfo is None:
        raise CamaraError(
            400, "INVALID_TOKEN", "sinkCredential.accessTokenExpiresUtc: a time with its time zone is wanted"
        )
    if expires.timestamp() <= unix_s:
        raise CamaraError(400, "INVALID_TOKEN", "sinkCredential: the access token has expired")
    return Sink(url, token, expires.timestamp())


def cloud_event(name: str, source: str, type: str, at_s: float, data: Mapping[str, Any]) -> bytes:
    """``name``: unique in the ``source``, the same if the same event is sent again. ``at_s``: since 1970."""
    return msgspec.json.encode(
        {
            "id": name,
            "source": source,
            "type": type,
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "time": rfc3339(at_s),
            "data": data,
        }
    )


def rfc3339(unix_s: float) -> str:
    """In UTC, with milliseconds."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
