"""What the operator's log says of those who were refused."""

from __future__ import annotations

import asyncio
from typing import Any

from fedge.simulation.core5g.audit import BURST, Audited


def play(statuses: list[int]) -> list[dict[str, Any]]:
    """The facts that are noted when requests are answered with these."""
    noted: list[dict[str, Any]] = []
    answers = iter(statuses)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": next(answers), "headers": []})
        await send({"type": "http.response.body", "body": b"secret"})

    async def run() -> None:
        one = Audited(app, lambda event, **facts: noted.append({"event": event} | facts), lambda: 0.0)
        tls = {"client_cert_name": "CN=invoker-1"}
        scope = {
            "type": "http", "method": "PUT", "path": "/\n" * 500, "client": ("127.0.0.9", 1), "extensions": {"tls": tls},
            "headers": [(b"authorization", b"Bearer secret")],
        }  # fmt: skip
        for _ in statuses:
            await one(scope, None, nothing)

    async def nothing(message: Any) -> None:
        pass

    asyncio.run(run())
    return noted


def test_a_refusal_is_noted_and_nothing_else() -> None:
    noted = play([200, 404, 401, 500, 403])
    assert [one["status"] for one in noted] == [401, 403]
    assert noted[0] == {
        "event": "refused", "status": 401, "method": "PUT", "path": "/%0A" * 64, "by": "127.0.0.9",
        "certificate": "CN=invoker-1", "left_out": 0,
    }  # fmt: skip


def test_the_log_is_bounded() -> None:
    assert len(play([401] * int(BURST + 50))) == int(BURST)


def test_a_handshake_that_tls_refused_is_noted_beside_them() -> None:
    noted: list[dict[str, Any]] = []
    one = Audited(None, lambda event, **facts: noted.append({"event": event} | facts), lambda: 0.0)
    for _ in range(int(BURST) + 5):
        one.handshake("certificate has expired")
    assert noted[0] == {"event": "handshake refused", "why": "certificate has expired", "left_out": 0}
    assert len(noted) == int(BURST)
