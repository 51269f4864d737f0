"""The body of a request: no more of it than agreed, and JSON. Every API reads through `json_body` and refuses in its own form."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

MOST_BODY_BYTES = 4 << 20


class BadBody(Exception):
    """``status``: 413 or 400; ``str`` says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def json_body(request: Request, most: int = MOST_BODY_BYTES) -> Any:
    """What the body says. Counted as it comes: one that is sent in chunks does not say its length. Raises ``BadBody``."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BadBody(413, f"at most {most} bytes")
    try:
        return msgspec.json.decode(bytes(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadBody(400, f"the body is no JSON: {error}") from None
