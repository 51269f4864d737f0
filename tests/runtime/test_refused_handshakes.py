"""Of a handshake that is refused the server hears why, over real TLS sockets; of one that succeeds, or just ends, nothing."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from fedge.runtime.refused_handshakes import hear_refused_handshakes
from fedge.runtime.tls import Authority

HOST = "127.0.0.1"
Adapt = Callable[[ssl.SSLContext, Path], None]


def foreign(context: ssl.SSLContext, folder: Path) -> None:
    context.load_cert_chain(*Authority(folder / "foreign", "others").sign("alice", "alice"))


def own(context: ssl.SSLContext, folder: Path) -> None:
    context.load_cert_chain(*Authority(folder / "own", "ours").sign("alice", "alice"))


def old(context: ssl.SSLContext, folder: Path) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2


async def connected(folder: Path, adapt: Adapt | None) -> list[str]:
    """What is heard of a connection, and of another that says nothing. ``adapt`` None: it says something that is no TLS."""
    heard: list[str] = []
    authority = Authority(folder / "own", "ours")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.crt))
    context.load_cert_chain(*authority.sign("server", "server", hosts=(HOST,)))
    context.verify_mode, context.minimum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3
    hear_refused_handshakes(context, heard.append)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"served")
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        client = None
        if adapt is not None:
            client = ssl.create_default_context(cafile=str(authority.crt))
            adapt(client, folder)
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port, ssl=client)
            if client is None:
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
            if await reader.read() == b"served":
                heard.append("served")
            writer.close()
        _, silent = await asyncio.open_connection(HOST, port)
        silent.close()
        await silent.wait_closed()
    return heard


@pytest.mark.parametrize(
    ("adapt", "why"),
    [
        (own, "served"),
        (foreign, "signed certificate"),
        (lambda context, folder: None, "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
        (old, "UNSUPPORTED_PROTOCOL"),
        (None, "HTTP_REQUEST"),
    ],
    ids=["own", "foreign", "none", "old", "plain"],
)
def test_why_a_handshake_was_refused(tmp_path: Path, adapt: Adapt | None, why: str) -> None:
    [heard] = asyncio.run(connected(tmp_path, adapt))
    assert why in heard
