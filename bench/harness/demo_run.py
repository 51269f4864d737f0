"""One run of ``fedge demo`` as a benchmark sees it: a subprocess with its own home; its API while it runs, its report after."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is no business of a proxy


class DemoFailed(RuntimeError):
    """The demo did not start, or ended without a report. Carries the end of its output."""


class DemoRun:
    """A demo that is running. ``run_dir`` and the API are there once ``wait_until_played`` has returned."""

    def __init__(self, home: Path, options: list[str]) -> None:
        self.home = home
        self.port = _free_port()
        self.report_file = home / "report.json"
        self.output_file = home / "output.txt"
        words = [sys.executable, "-m", "fedge.cli.main", "demo", "--headless", "--port", str(self.port)]
        words += ["--report", str(self.report_file), *options]
        environment = os.environ | {"FEDGE_HOME": str(home)}
        with self.output_file.open("wb") as out:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
            )

    @property
    def run_dir(self) -> Path:
        found = sorted(self.home.rglob("config.json"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise DemoFailed("no run directory yet\n" + self.last_words())
        return found[-1].parent

    @property
    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run_dir / "config.json").read_text())
        return found

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Raises ``urllib.error.HTTPError`` for a refusal."""
        return self._ask("POST", path, body)

    def wait_until_played(self, sessions: int) -> None:
        """Returns once so many sessions are listed; raises ``DemoFailed`` after a minute."""
        give_up = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < give_up and self.running:
            try:
                if len(listed(self.get("/api/v1/sessions"))) >= sessions:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.5)
        why = (
            f"after {READY_WITHIN_S:.0f} s"
            if self.running
            else f"and the demo ended with {self.process.returncode}"
        )
        raise DemoFailed(f"fewer than {sessions} sessions {why}\n" + self.last_words())

    def report(self) -> dict[str, Any]:
        """Wait for the end of the run. Raises ``DemoFailed`` if it left no report."""
        self.process.wait()
        try:
            found: dict[str, Any] = json.loads(self.report_file.read_text())
        except (OSError, ValueError) as error:
            raise DemoFailed(
                f"no report ({error}); exit status {self.process.returncode}\n" + self.last_words()
            ) from None
        return found

    def stop(self) -> None:
        if self.running:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def last_words(self) -> str:
        return "\n".join(self.output_file.read_text(errors="replace").splitlines()[-20:])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        token = next(iter(self.home.rglob("token")), None)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token.read_text().strip()}")
        with _DIRECT.open(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def demo(*options: object) -> Iterator[DemoRun]:
    """A demo with these options, stopped and its files removed at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="fedge-bench-") as home:
        run = DemoRun(Path(home), [str(option) for option in options])
        try:
            yield run
        finally:
            run.stop()


def command(main: Callable[[], int]) -> int:
    """A benchmark's exit status; a demo that would not run is told in words."""
    try:
        return main()
    except DemoFailed as failed:
        print(failed, file=sys.stderr)
        return 1


def listed(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list answer, bare or under ``items`` or the like."""
    if isinstance(answer, dict):
        answer = next((value for value in answer.values() if isinstance(value, list)), [])
    return [row for row in answer if isinstance(row, dict)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def median_and_range(values: list[float], digits: int = 2) -> str:
    """``"3.20 (2.90–4.10)"``."""
    ordered = sorted(values)
    if not ordered:
        return "–"
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return f"{middle:.{digits}f} ({ordered[0]:.{digits}f}–{ordered[-1]:.{digits}f})"


def finish(figures: dict[str, Any], out: Path | None, passed: bool) -> int:
    """Write the JSON and answer the exit status."""
    text = json.dumps(figures | {"passed": passed}, indent=1)
    if out is not None:
        out.write_text(text + "\n")
    else:
        print(text)
    print("PASSED" if passed else "NOT PASSED")
    return 0 if passed else 1


HTTPError = urllib.error.HTTPError
