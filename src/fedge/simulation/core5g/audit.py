"""Who was refused, in the operator's log: each answer 401 and 403 of its servers, by whom and for what; no secret, no body.

So is each handshake that TLS refuses, though not whose it was (`runtime/refused_handshakes.py`). Bounded: beyond ``LIMITS`` lines
are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fedge.core.pace import Limits, Pace

BURST = 200.0
LIMITS = Limits(per_second=20.0, burst=BURST)
LONGEST = 256
_ASKED = {"http": "http.response.start", "websocket": "websocket.http.response.start"}


class Audited:
    """An ASGI application around another. ``note(event, **facts)``: the log. ``now_s()``: seconds, of any clock."""

    def __init__(self, app: Any, note: Callable[..., object], now_s: Callable[[], float]) -> None:
        self._app, self._note, self._now_s = app, note, now_s
        self._pace, self._left_out = Pace(LIMITS), 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == _ASKED.get(scope["type"]) and message["status"] in (401, 403):
                self._refused(scope, message["status"])
            await send(message)

        await self._app(scope, receive, noting)

    def handshake(self, why: str) -> None:
        """TLS refused one: ``why`` in OpenSSL's words."""
        self._write("handshake refused", why=why[:LONGEST])

    def _refused(self, scope: dict[str, Any], status: int) -> None:
        tls = scope.get("extensions", {}).get("tls", {})
        self._write(
            "refused",
            status=status,
            method=scope.get("method", "GET"),
            path=quote(scope["path"])[:LONGEST],  # no line of its own
            by=(scope.get("client") or ("",))[0],
            certificate=tls.get("client_cert_name") or "none",
        )

    def _write(self, event: str, **facts: Any) -> None:
        if self._pace.wait(event, self._now_s()) is not None:
            self._left_out += 1
            return
        self._note(event, **facts, left_out=self._left_out)
        self._left_out = 0
