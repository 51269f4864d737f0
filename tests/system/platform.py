"""A running platform as a test sees it: a subprocess of the command line, its HTTP API, its process ids and its traces.

Nothing here is timed: a fact is polled for until it is there, with far more patience than it should need.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from fedge.wire.records import ACCEPTED, GOT, RECORD, Record, read_records

PATIENCE_S = 60.0
POLL_S = 0.05
ENDED = ("RELEASED", "ABORTED")
_OPEN = build_opener(ProxyHandler({}))
Fact = TypeVar("Fact")


def until(what: str, fact: Callable[[], Fact], patience_s: float = PATIENCE_S) -> Fact:
    """Poll until ``fact()`` is true; its value. The API may be away meanwhile: programs are being killed."""
    give_up = time.monotonic() + patience_s
    last: object = None
    while time.monotonic() < give_up:
        try:
            last = fact()
        except (URLError, OSError, ValueError) as error:
            last = error
        else:
            if last:
                return last  # type: ignore[return-value]
        time.sleep(POLL_S)
    raise AssertionError(f"{what}: not within {patience_s:.0f} s; last seen: {last!r}")


def cli(*words: str) -> list[str]:
    return [sys.executable, "-m", "fedge.cli.main", *words]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDGE_")}
    return {**kept, "FEDGE_HOME": str(home), **more}


def processes_of(folder: Path) -> list[int]:
    """Every live process that was started for the run in ``folder``: its environment says so."""
    mark = f"FEDGE_RUN_DIR={folder}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0") and _state(place) != "Z":
                found.append(int(place.name))
    return found


def _state(place: Path) -> str:
    return (place / "stat").read_text().rpartition(")")[2].split()[0]


class Platform:
    """``fedge demo`` or ``fedge up`` on a home of its own. ``stop`` ends it and says what its exit status was."""

    def __init__(self, home: Path, *words: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.output = home / "output"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                cli(*words),
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.run = self._started()
        self.failpoints = self.run / "failpoints"
        self._read_to = 0

    def _started(self) -> Path:
        def found() -> Path | None:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}: {self.output.read_text()}")
            current = self.home / "current"
            return current.resolve() if (current / "endpoints.json").exists() else None

        run = until("the platform's endpoints", found)
        assert run is not None
        return run

    # --- its API -----------------------------------------------------------------------------------------------------------

    @property
    def api(self) -> str:
        return str(json.loads((self.run / "endpoints.json").read_text())["apis"]["fedge-admin"]["url"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One call; raises ``HTTPError`` where it is refused and ``URLError`` where nobody answers."""
        request = Request(f"{self.api}/api/v1/{path}", method=method)
        request.add_header("Authorization", f"Bearer {(self.run / 'token').read_text().strip()}")
        data = None if body is None else json.dumps(body).encode()
        with _OPEN.open(request, data=data, timeout=15) as answer:
            return json.loads(answer.read())

    def items(self, kind: str) -> dict[str, dict[str, Any]]:
        """A live collection by name."""
        singular = kind[:-1]
        return {row[singular]: row for row in self.ask("GET", kind)["items"]}

    def config(self) -> dict[str, Any]:
        """What the run was told."""
        told: dict[str, Any] = json.loads((self.run / "config.json").read_text())
        return told

    def sites(self) -> list[str]:
        return sorted(self.items("sites"))

    def serving(self) -> dict[str, str]:
        """Session → the site that serves it."""
        return {
            name: row["site"] for name, row in self.items("sessions").items() if row["state"] == "serving"
        }

    def told(self, move: str) -> dict[str, Any]:
        """The facts of a move's latest step, from the run's ``moves.jsonl``."""
        lines = [json.loads(line) for line in (self.run / "moves.jsonl").read_text().splitlines()]
        return dict([line for line in lines if line["move"] == move][-1])

    def order_move(self, session: str, to: str) -> str:
        """Order a move until the platform takes the order; the move's id."""

        def ordered() -> str | None:
            try:
                return str(self.ask("POST", f"sessions/{session}/move", {"to": to})["move"])
            except HTTPError as error:
                if error.code in (409, 503):
                    return None
                raise

        move = until(f"a move of {session} to {to}", ordered)
        assert move is not None
        return move

    def move_state(self, move: str) -> str:
        return str(self.items("moves")[move]["state"])

    def moved(self, move: str) -> str:
        """Wait for the end of a move: RELEASED or ABORTED."""
        return until(f"the end of {move}", lambda: (s := self.move_state(move)) in ENDED and s)  # type: ignore[return-value]

    # --- its processes -----------------------------------------------------------------------------------------------------

    def pid(self, program: str) -> int:
        """Of a program (``control-plane``) or of an instance (``harbour/arena-1``)."""
        site, _, instance = program.partition("/")
        if instance:
            return int(
                json.loads((self.run / "sites" / site / "instances" / f"{instance}.json").read_text())["pid"]
            )
        return int((self.run / "pids" / program).read_text())

    def kill(self, program: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid(program), signal.SIGKILL)

    def programs(self) -> list[str]:
        """Everything that a test may kill."""
        instances = [
            f"{path.parent.parent.name}/{path.stem}" for path in self.run.glob("sites/*/instances/*.json")
        ]
        return sorted([path.name for path in (self.run / "pids").iterdir()] + instances)

    def whole(self) -> bool:
        """Does every site answer with a ready instance, and no move hang?"""
        sites = self.items("sites")
        ready = {row["site"] for row in self.items("instances").values() if row["state"] == "ready"}
        return all(row["state"] == "ready" for row in sites.values()) and ready == set(sites)

    def stop(self) -> int:
        """As Ctrl-C does. No process of the run is left; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            left = processes_of(self.run)
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert not left, f"left running: {left}"
        return status

    def report(self) -> dict[str, Any]:
        """What ``fedge demo`` reported at its end."""
        told: dict[str, Any] = json.loads((self.run / "report.json").read_text())
        return told

    # --- failpoints --------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def move_held_at(self, state: str, session: str, to: str) -> Iterator[str]:
        """Order a move and wait until it is held in ``state``; let go of it at the end. The move's id.

        A site that has just lost its instance may refuse: then the move is ordered again.
        """
        point, reached = self.failpoints / state, self.failpoints / f"{state}.reached"
        reached.unlink(missing_ok=True)
        point.touch()
        try:
            move = self.order_move(session, to)

            def held() -> bool:
                nonlocal move
                if not reached.exists() and self.move_state(move) in ENDED:
                    move = self.order_move(session, to)
                return reached.exists()

            until(f"a move of {session} held at {state}", held)
            yield move
        finally:
            point.unlink()
            reached.unlink(missing_ok=True)

    @contextlib.contextmanager
    def switch(self, name: str) -> Iterator[None]:
        """A file among the failpoints: ``cut.<from>--<to>`` or ``down.<program>``."""
        (self.failpoints / name).touch()
        try:
            yield
        finally:
            (self.failpoints / name).unlink()

    # --- what players see --------------------------------------------------------------------------------------------------

    def frames(self, ue: str, since_ns: int = 0) -> list[Record]:
        """The frames that a player believed since then, as far as its trace is written."""
        index = int(ue.rpartition("-")[2]) - 1
        data = (self.run / "fleet.bin").read_bytes()
        tail = data[-(len(data) // RECORD.size * RECORD.size) :][-40_000 * RECORD.size :]
        return [
            r
            for r in read_records(tail)
            if r.kind == GOT and r.ue == index and r.flags & ACCEPTED and r.t_ns > since_ns
        ]

    def plays_on(self, ue: str) -> None:
        """From now on the player believes frames whose ticks rise."""
        since = time.monotonic_ns()

        def rising() -> bool:
            ticks = [(r.a, r.b) for r in self.frames(ue, since)]
            return len(ticks) >= 5 and ticks[-1] > ticks[0]

        until(f"{ue} plays on", rising)

    def story(self) -> list[Mapping[str, Any]]:
        return [json.loads(line) for line in (self.run / "story.log").read_text().splitlines()]
