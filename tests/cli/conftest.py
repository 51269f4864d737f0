"""A platform that answers what a test tells it to, and a home in which the command line finds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fedge.cli.main import main


class FakePlatform:
    """``answers``: by (method, path), a body, or (status, body), or a list that is given out one by one."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str, Any, str]] = []

    def reply(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        self.asked.append((method, path, body, token))
        answer = self.answers.get(
            (method, path), (404, {"code": "NOT_FOUND", "message": f"there is no {path}"})
        )
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer if isinstance(answer, tuple) else (200, answer)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty $FEDGE_HOME."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("FEDGE_HOME", str(path))
    monkeypatch.delenv("ENGINE", raising=False)
    return path


@pytest.fixture
def run_dir(home: Path) -> Path:
    """The run directory of a platform that seems to run."""
    run = home / "runs" / "1"
    run.mkdir(parents=True)
    (home / "current").symlink_to(run)
    (run / "token").write_text("secret\n")
    return run


@pytest.fixture
def platform(run_dir: Path) -> Iterator[FakePlatform]:
    fake = FakePlatform()

    class Asked(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            token = self.headers.get("Authorization", "")
            status, answer = fake.reply(self.command, self.path, body, token)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api/v1"
    (run_dir / "endpoints.json").write_text(
        json.dumps({"apis": {"fedge-admin": {"url": url, "token": "secret"}}})
    )
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def fedge(home: Path) -> Callable[..., Result]:
    """Runs one command line."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), prog_name="fedge")

    return run
