"""The peer's certificate in the scope, over real TLS sockets, for HTTP and websockets, whichever protocol uvicorn has."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from cryptography import x509
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Event, Request, TextMessage

from fedge.runtime.client_certificates import client_certificate, show_client_certificates
from fedge.runtime.tls import Authority

HOST = "127.0.0.1"


def name_of(scope: Any) -> str:
    shown = client_certificate(scope)
    return x509.load_pem_x509_certificate(shown.encode()).subject.rfc4514_string() if shown else "nobody"


async def who(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the name in the client's certificate."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": name_of(scope)})
        await send({"type": "websocket.close"})
    elif scope["type"] == "http":
        told = scope["extensions"]["tls"]
        assert told["server_cert"].startswith("-----BEGIN CERTIFICATE-----")
        assert told["tls_version"] in (0x0303, 0x0304)
        assert told["cipher_suite"] > 0
        assert told["client_cert_error"] is None
        assert (told["client_cert_name"] or "nobody") == name_of(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name_of(scope).encode()})


@contextlib.asynccontextmanager
async def served(folder: Path, http: str = "auto") -> AsyncIterator[int]:
    """The port where ``who`` is served; client certificates are asked for, and may be left out."""
    own = Authority(folder / "own", "ours")
    crt, key = own.sign("server", "server", hosts=(HOST,))
    config = uvicorn.Config(
        who, host=HOST, port=0, http=http, lifespan="off", log_level="critical",  # type: ignore[arg-type]
        ssl_certfile=crt, ssl_keyfile=key, ssl_ca_certs=str(own.crt), ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )  # fmt: skip
    show_client_certificates(config)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await serving


def client_of(folder: Path, shown: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "own" / "ca.crt")
    if shown is not None:
        context.load_cert_chain(*shown)
    return context


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_a_request_says_whose_certificate_it_came_with(tmp_path: Path, http: str) -> None:
    if http == "httptools":
        pytest.importorskip("httptools", reason="uvicorn's other HTTP protocol is not installed")

    async def run() -> list[str]:
        async with served(tmp_path, http) as port:
            own = Authority(tmp_path / "own", "ours")
            said = []
            for shown in (None, own.sign("alice", "alice"), own.sign("bob", "bob")):
                async with httpx2.AsyncClient(verify=client_of(tmp_path, shown), trust_env=False) as client:
                    for _ in range(2):  # the second one on the same connection
                        said.append((await client.get(f"https://{HOST}:{port}/")).text)
            return said

    assert asyncio.run(run()) == ["nobody"] * 2 + ["CN=alice"] * 2 + ["CN=bob"] * 2


def test_a_foreign_certificate_ends_the_handshake(tmp_path: Path) -> None:
    async def run() -> None:
        async with served(tmp_path) as port:
            foreign = Authority(tmp_path / "foreign", "ours").sign("alice", "alice")
            async with httpx2.AsyncClient(verify=client_of(tmp_path, foreign), trust_env=False) as client:
                with pytest.raises(httpx2.TransportError):
                    await client.get(f"https://{HOST}:{port}/")

    asyncio.run(run())


def test_a_websocket_says_it_too(tmp_path: Path) -> None:
    async def run() -> str:
        async with served(tmp_path) as port:
            shown = Authority(tmp_path / "own", "ours").sign("alice", "alice")
            reader, writer = await asyncio.open_connection(HOST, port, ssl=client_of(tmp_path, shown))
            connection = WSConnection(ConnectionType.CLIENT)
            writer.write(connection.send(Request(host=f"{HOST}:{port}", target="/")))
            seen: list[Event] = []
            while not any(isinstance(event, TextMessage) for event in seen):
                connection.receive_data(await reader.read(4096) or None)
                seen += connection.events()
            writer.close()
            assert isinstance(seen[0], AcceptConnection)
            return "".join(event.data for event in seen if isinstance(event, TextMessage))

    assert asyncio.run(run()) == "CN=alice"
