"""A fake platform: serves the dashboard's files and a fake city in the dashboard's contract, with the standard library only.

Purpose: develop and test the page without the platform. Run it: `python tests/browser/fake_platform.py --port 8099`.
Neighbours: `fake_world.py` (the picture), `test_dashboard.py`. Source: the dashboard's data contract, RFC 7396.
"""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fake_world import FakeWorld, Json

DASHBOARD = Path(__file__).resolve().parents[2] / "src" / "fedge" / "dashboard" / "static"
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
TOKEN = "fake-token"
STEP_S = 0.1


def merge_diff(old: Json, new: Json) -> Json:
    """The RFC 7396 patch that turns `old` into `new`; a null value and an absent key are the same to the page."""
    patch: Json = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := merge_diff(before, value):
                patch[key] = inner
        elif value != before:
            patch[key] = value
    return patch


class FakePlatform:
    """The fake city behind HTTP on a loopback port; `stop` and `start` again to play a lost platform."""

    def __init__(self, world: FakeWorld | None = None, port: int = 0) -> None:
        self.world = world or FakeWorld(started_at_s=time.time())
        self.lock = threading.Lock()
        self.port = port
        self.starting = False
        self.closed = False
        """Reads need the token, as they do where there are tenants."""
        self.running = False
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> FakePlatform:
        """Begins to serve; the first start picks a free port and later ones keep it."""
        platform = self

        class Request(FakeRequest):
            fake = platform

        self.running = True
        self._server = _Server(("127.0.0.1", self.port), Request)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        threading.Thread(target=self._tick, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stops serving and closes every stream; the world stands still."""
        self.running = False
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _tick(self) -> None:
        server = self._server
        while self.running and self._server is server:
            time.sleep(STEP_S)
            with self.lock:
                self.world.step(STEP_S * 1000)

    def picture(self) -> Json:
        with self.lock:
            return self.world.picture()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class FakeRequest(BaseHTTPRequestHandler):
    """One request to the fake."""

    fake: FakePlatform
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the tests read the page, not this log."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/" or path.startswith("/static/"):
            return self._file("index.html" if path == "/" else path.removeprefix("/static/"))
        if self.fake.closed and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._error(401, "UNAUTHENTICATED", "this call needs a token")
        if self.fake.starting:
            return self._error(503, "starting", "the control plane is replaying its journal")
        if path == "/api/v1/view":
            return self._json(200, self.fake.picture())
        if path == "/api/v1/view/stream":
            return self._stream()
        if path.startswith("/api/v1/explain/"):
            with self.fake.lock:
                answer = self.fake.world.explain(path.rsplit("/", 1)[1])
            return self._json(200, answer) if answer else self._error(404, "no-session", "no such session")
        if path.startswith("/api/v1/devices/"):
            with self.fake.lock:
                device = self.fake.world.device(path.rsplit("/", 1)[1])
            return self._json(200, device) if device else self._error(404, "NOT_FOUND", "no such device")
        if path.startswith("/api/v1/sites/"):
            view, site = self.fake.picture(), path.rsplit("/", 1)[1]
            if site in view["sites"]:
                here = [u["session"] for u in view["ues"].values() if u["site"] == site]
                return self._json(200, view["sites"][site] | {"sessions_list": here})
        self._error(404, "not-found", f"nothing at {path}")

    def do_POST(self) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[:3] != ["api", "v1", "sites"] or parts[-1] != "drain" or len(parts) != 5:
            return self._error(404, "not-found", f"nothing at {self.path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._error(401, "bad-token", "this token is not the run's token")
        with self.fake.lock:
            sessions = self.fake.world.drain(parts[3])
            self._json(202, {"sessions": sessions, "deadline_ms": self.fake.world.at_ms + 60_000})

    def _file(self, name: str) -> None:
        path = (DASHBOARD / name).resolve()
        if not path.is_relative_to(DASHBOARD) or not path.is_file():
            return self._error(404, "not-found", name)
        kind = (
            "text/javascript"
            if path.suffix == ".js"
            else mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        )
        self._answer(200, kind, path.read_bytes())

    def _json(self, status: int, body: Json) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _error(self, status: int, code: str, message: str) -> None:
        self._json(status, {"code": code, "message": message})

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")  # a kept-alive connection would outlive `stop`
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for event in self._events():
                self.wfile.write(event)
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def _events(self) -> Iterator[bytes]:
        server = self.server
        sent = self.fake.picture()
        yield f"event: view\ndata: {json.dumps(sent)}\n\n".encode()
        while self.fake.running and self.fake._server is server:
            time.sleep(STEP_S)
            now = self.fake.picture()
            if patch := merge_diff(sent, now):
                yield f"event: patch\ndata: {json.dumps(patch)}\n\n".encode()
            sent = now


def main() -> None:
    options = argparse.ArgumentParser(
        description="A fake platform for the Fedge dashboard; every figure is invented."
    )
    options.add_argument("--port", type=int, default=8099)
    options.add_argument("--players", type=int, default=24)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--move-every-ms", type=float, default=2500.0)
    args = options.parse_args()
    world = FakeWorld(args.players, args.seed, args.move_every_ms, started_at_s=time.time())
    platform = FakePlatform(world, args.port).start()
    print(f"fake platform at {platform.url} (token for draining: {TOKEN}); Ctrl-C ends it")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        platform.stop()


if __name__ == "__main__":
    main()
