"""A run's own certificates: verified by their authority alone, keys for nobody else's eyes, made once."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from fedge.runtime.core_account import CoreAccount, read_account, write_account
from fedge.runtime.tls import Authority


async def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        writer.close()
    finally:
        listening.close()


def test_both_sides_verify_each_other(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours", "ours")
    server, client = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    for context, file, hosts in ((server, "server", ("127.0.0.1", "nef.example")), (client, "client", ())):
        context.load_verify_locations(authority.crt)
        context.load_cert_chain(*authority.sign(file, file, hosts=hosts))
        context.verify_mode = ssl.CERT_REQUIRED
    asyncio.run(handshake(server, client, "127.0.0.1"))
    asyncio.run(handshake(server, client, "nef.example"))
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(handshake(server, client, "127.0.0.2"))
    stranger = ssl.create_default_context(cafile=Authority(tmp_path / "theirs", "theirs").crt)
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(handshake(server, stranger, "127.0.0.1"))


def test_keys_are_secret_and_made_once(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    crt, key = authority.sign("one", "one")
    assert [path.stat().st_mode & 0o777 for path in (authority.key, key)] == [0o600, 0o600]
    before = [path.read_bytes() for path in (authority.crt, crt, key)]
    assert Authority(tmp_path, "ours").sign("one", "one") == (crt, key)
    assert [path.read_bytes() for path in (authority.crt, crt, key)] == before


def test_the_account_is_a_file(tmp_path: Path) -> None:
    account = CoreAccount(
        "https://n/v1", "https://n/token", "af", "id", "secret", "ca", "https://r", "crt", "key"
    )
    write_account(tmp_path, account)
    assert read_account(tmp_path) == account
    assert (tmp_path / "core5g.json").stat().st_mode & 0o777 == 0o600
