"""The body of a request: whole, no more of it than agreed, and JSON. Whatever serves HTTP, Fedge's programs and the simulated
operator's, reads through here and refuses in its own form.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

MOST_BODY_BYTES = 4 << 20


class BadBody(Exception):
    """``status``: 413 or 400; ``str`` says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def body_of(request: Request, most: int) -> bytes:
    """Counted as it comes: one that is sent in chunks does not say its length. Raises ``BadBody``."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise BadBody(413, f"at most {most} bytes")
    except ClientDisconnect:  # nobody hears the refusal; without it the log would have a fault of ours
        raise BadBody(400, "the body ended before its length") from None
    return bytes(body)


async def json_body(request: Request, most: int = MOST_BODY_BYTES) -> Any:
    """What the body says. Raises ``BadBody``."""
    body = await body_of(request, most)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadBody(400, f"the body is no JSON: {error}") from None
