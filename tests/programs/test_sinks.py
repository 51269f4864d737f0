"""Events to sinks over real HTTPS: to whom the platform's CA, or the one that the operator names, has given a certificate."""

from __future__ import annotations

import asyncio
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fedge.adapters.notifications import Notifications
from fedge.api.camara.sinks import cloud_event
from fedge.api.camara.telling import STRUCTURED
from fedge.programs.sinks import sink_endpoint, sink_trust
from fedge.runtime.tls import Authority

EVENT = cloud_event("1", "/sessions/1", "org.example.v1.changed", 1.0, {"sessionId": "1"})


class HttpsSink:
    """A client's sink on loopback; ``heard``: each request, head and body."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(one[16:]) for one in lines if one.startswith(b"content-length: "))
        self.heard.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def served(certificate: Path, key: Path) -> AsyncIterator[HttpsSink]:
    sink = HttpsSink()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, ssl=context)
    sink.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/sink"
    async with server:
        yield sink


def delivered(
    trust: ssl.SSLContext, certificate: Path, key: Path, token: str = ""
) -> tuple[HttpsSink, Notifications]:
    async def run() -> tuple[HttpsSink, Notifications]:
        sender = Notifications(retry_after_s=(0.0,), trust=trust)
        async with served(certificate, key) as sink:
            headers = STRUCTURED | ({"authorization": f"Bearer {token}"} if token else {})
            assert sender.post("studio", sink.url, EVENT, headers)
            while not sender.counts:
                await asyncio.sleep(0.005)
            await sender.close()
            return sink, sender

    return asyncio.run(run())


def test_a_sink_with_the_certificate_that_the_endpoints_file_names_is_told(tmp_path: Path) -> None:
    trust, named = sink_trust(tmp_path), sink_endpoint(tmp_path)
    sink, sender = delivered(trust, Path(named["sink_certificate"]), Path(named["sink_key"]), "abc.def")
    [request] = sink.heard
    assert sender.counts == {"sent": 1}
    assert request.endswith(EVENT)
    assert b"content-type: application/cloudevents+json\r\n" in request.lower()
    assert b"authorization: bearer abc.def\r\n" in request.lower()


def test_a_clients_own_ca_is_trusted_where_the_operator_names_it_and_not_else(tmp_path: Path) -> None:
    studio = Authority(tmp_path / "studio", "A studio")
    certificate, key = studio.sign("server", "sink", hosts=("127.0.0.1",))
    sink, sender = delivered(sink_trust(tmp_path / "one", studio.crt), certificate, key)
    assert (len(sink.heard), sender.counts) == (1, {"sent": 1})
    sink, sender = delivered(sink_trust(tmp_path / "other"), certificate, key)
    assert (sink.heard, sender.counts) == ([], {"failed": 1})


def test_a_certificate_for_another_host_is_not_taken(tmp_path: Path) -> None:
    studio = Authority(tmp_path / "studio", "A studio")
    certificate, key = studio.sign("server", "sink", hosts=("127.0.0.2",))
    sink, sender = delivered(sink_trust(tmp_path, studio.crt), certificate, key)
    assert (sink.heard, sender.counts) == ([], {"failed": 1})


def test_the_bundle_is_the_same_after_a_restart_and_keys_are_secret(tmp_path: Path) -> None:
    sink_trust(tmp_path)
    named = sink_endpoint(tmp_path)
    before = Path(named["ca"]).read_bytes()
    sink_trust(tmp_path)
    assert Path(named["ca"]).read_bytes() == before
    assert stat.S_IMODE(Path(named["sink_key"]).stat().st_mode) == 0o600


def test_a_file_without_a_ca_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate\n")
    with pytest.raises(SystemExit, match="--sink-ca"):
        sink_trust(tmp_path, wrong)
