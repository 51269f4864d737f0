"""Signed tokens: compact JWTs (RFC 7519) with HMAC-SHA-256 (RFC 7515). Pure: the caller holds expiry against its own clock.

Whoever issues tokens reads them with the same key: the simulated core's exposure functions, and the control plane's authorization
of CAMARA APIs. The header is fixed, so that no token can choose another algorithm.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TypeVar

import msgspec
from msgspec import Struct

Claims = TypeVar("Claims", bound=Struct)
_HEADER = b'{"alg":"HS256","typ":"JWT"}'


def signed(claims: Struct, key: bytes) -> str:
    """``key``: at least 32 random bytes."""
    head = f"{encoded(_HEADER)}.{encoded(msgspec.json.encode(claims))}"
    return f"{head}.{encoded(_mac(head, key))}"


def read(token: str, key: bytes, shape: type[Claims]) -> Claims | None:
    """What a token says that was signed with ``key`` and has claims of this shape; None of any other text."""
    head, _, mac = token.rpartition(".")
    try:
        if not hmac.compare_digest(decoded(mac), _mac(head, key)):
            return None
        return msgspec.json.decode(decoded(head.partition(".")[2]), type=shape)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return None


def _mac(head: str, key: bytes) -> bytes:
    return hmac.digest(key, head.encode(), hashlib.sha256)


def encoded(data: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises ``ValueError``."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
