"""A studio's sink on loopback, over HTTPS: what it was told, and when it came."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Told(NamedTuple):
    """``at_ns``: monotonic, of the request's arrival. ``authorization``: the header, empty without one."""

    at_ns: int
    event: dict[str, Any]
    authorization: str


class HttpsSink:
    """While ``answers`` is cleared it hears what it is told, and says nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.answers = threading.Event()
        self.answers.set()
        self.told: list[Told] = []
        self._new = threading.Condition()

    def events(self) -> list[dict[str, Any]]:
        """What it was told, each event once: at least once is promised."""
        return list({told.event["id"]: told.event for told in self.told}.values())

    def take(self, told: Told) -> None:
        with self._new:
            self.told.append(told)
            self._new.notify_all()

    def wait_for(self, session: str, status: str, within_s: float) -> int:
        """When it was told that the quality session has this status (ns). Raises ``TimeoutError``."""
        give_up = time.monotonic() + within_s
        with self._new:
            while True:
                for told in self.told:
                    data = told.event.get("data", {})
                    if (data.get("sessionId"), data.get("qosStatus")) == (session, status):
                        return told.at_ns
                left_s = give_up - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError(f"{session}: not told {status} within {within_s:.0f} s")
                self._new.wait(left_s)


@contextmanager
def https_sink(certificate: Path, key: Path) -> Iterator[HttpsSink]:
    """Served until the end of the block."""
    sink = HttpsSink()

    class Taking(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            at_ns = time.monotonic_ns()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sink.take(Told(at_ns, json.loads(body), self.headers.get("Authorization", "")))
            sink.answers.wait()
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    sink.url = f"https://127.0.0.1:{server.server_port}/events"
    try:
        yield sink
    finally:
        sink.answers.set()
        server.shutdown()
        server.server_close()
