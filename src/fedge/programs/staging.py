"""Carries out a scenario's events at their times, and writes down what happened: ``scenario.yaml`` of the run folder.

Everything is done by what is there anyway: the admin API, SIGKILL, the supervisor's keeping of programs, the file that cuts a
wire (`runtime/failpoints.py`), the files of the core network's faults and of the cells' load. Called from the supervisor's loop;
nothing here waits.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from urllib.error import HTTPError

import msgspec
from msgspec.structs import replace

from fedge.adapters.embedded.processes import started_at
from fedge.programs.happenings import seen
from fedge.programs.supervisor import Supervisor
from fedge.simulation.background import FILE as LOAD_FILE
from fedge.simulation.background import Load, added
from fedge.simulation.scenario_events import (
    Congest,
    CoreFaults,
    Cut,
    Drain,
    End,
    Event,
    Kill,
    Mend,
    Move,
    Start,
    Stop,
    Undrain,
    happened,
    one_by_one,
    plain,
)
from fedge.simulation.scenario_text import text_of

FILE = "scenario.yaml"
PATIENCE_S = 10.0
"""So long an order is said again that nobody answers, because the control plane is just being started again."""
LATE_S = 1.0
"""What was carried out later than this is written down with the time at which it was."""
HEAD = """What this run was given, and what happened in it at which second. `fedge demo --scenario` plays it again: the same
city, ways, radio and radio handovers, and the same events. Not the same: when each process gets to run, and so the moves
that the platform decides."""


class Staging:
    """``step`` in the run's loop; ``ended`` once an event ended it; ``write`` at the end."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._waiting = one_by_one(supervisor.scenario.events)
        self._loads: tuple[Load, ...] = ()
        self._carried_out: list[Event] = []
        self.ended = False

    def step(self) -> None:
        """Carry out what is due."""
        now_s = self._supervisor.run_s()
        while self._waiting and self._waiting[0].at_s <= now_s and not self.ended:
            event = self._waiting[0]
            try:
                refusal = self._carry_out(event)
            except OSError as error:
                if now_s < event.at_s + PATIENCE_S:
                    return  # and those behind it wait too: they may build on it
                refusal = str(error)
            del self._waiting[0]
            if refusal:
                self._tell(f"{event}: not carried out: {refusal}", event)
            else:
                late = now_s > event.at_s + LATE_S
                self._carried_out.append(replace(event, at_s=round(now_s, 3)) if late else event)
                self._tell(str(event), event)

    def write(self, by_hand: bool = False) -> None:
        """What was given and what happened. ``by_hand``: somebody ended the run now."""
        supervisor = self._supervisor
        events = happened(
            self._carried_out, seen(supervisor.folder, supervisor.started_ns, supervisor.killed)
        )
        if by_hand:
            events.append(End(at_s=round(supervisor.run_s(), 3)))
        self._write(tuple(events))

    def write_plan(self) -> None:
        """What was given, and what shall happen: there even if the run is not brought to its end."""
        self._write(self._supervisor.scenario.events)

    def _write(self, events: tuple[Event, ...]) -> None:
        draft = self._supervisor.folder / f".{FILE}.draft"
        draft.write_text(text_of(replace(self._supervisor.scenario, events=events), HEAD))
        draft.replace(self._supervisor.folder / FILE)

    def _tell(self, sentence: str, event: Event) -> None:
        line = {
            "at_s": round(self._supervisor.run_s(), 3),
            "says": f"scenario: {sentence}",
            "event": plain(event),
        }
        with (self._supervisor.folder / "story.log").open("a") as story:
            story.write(json.dumps(line) + "\n")

    # --- one event -----------------------------------------------------------------------------------------------------------

    def _carry_out(self, event: Event) -> str:
        """Why it could not be; empty if it was. Raises ``OSError`` where it may be tried again."""
        match event:
            case Kill():
                self._kill(event)
            case Stop():
                self._hold(event, True)
                self._kill(event)
            case Start():
                self._hold(event, False)
            case Cut(between=(one, other)):
                for name in (f"cut.{one}--{other}", f"cut.{other}--{one}"):
                    (self._supervisor.folder / "failpoints" / name).touch()
            case Mend(between=(one, other)):
                for name in (f"cut.{one}--{other}", f"cut.{other}--{one}"):
                    (self._supervisor.folder / "failpoints" / name).unlink(missing_ok=True)
            case Drain(site=site):
                return self._ask(f"/api/v1/sites/{site}/drain", {})
            case Undrain(site=site):
                return self._ask(f"/api/v1/sites/{site}/undrain", {})
            case Move(session=session, to=to):
                return self._ask(f"/api/v1/sessions/{session}/move", {"to": to})
            case CoreFaults(faults=faults):
                self._put("core5g-faults.json", faults)
            case Congest(load=load, cell=cell, site=site):
                self._loads = added(self._loads, Load(load, cell, site))
                self._put(LOAD_FILE, self._loads)
            case End():
                self.ended = True
        return ""

    def _put(self, name: str, said: object) -> None:
        """Whole or not at all: a program looks at it meanwhile."""
        draft = self._supervisor.folder / f".{name}.draft"
        draft.write_bytes(msgspec.json.encode(said))
        draft.replace(self._supervisor.folder / name)

    def _ask(self, path: str, body: dict[str, str]) -> str:
        try:
            self._supervisor.api.ask("POST", path, body)
        except HTTPError as error:
            if error.code >= 500:
                raise
            with contextlib.suppress(ValueError, KeyError):
                return str(json.loads(error.read())["message"])
            return f"status {error.code}"
        return ""

    def _programs(self, event: Kill | Stop | Start) -> list[str]:
        names = [event.program] if event.program else [f"agent-{event.site}", f"upf-{event.site}"]
        return [name for name in names if name in self._supervisor.programs]

    def _hold(self, event: Stop | Start, held: bool) -> None:
        for name in self._programs(event):
            self._supervisor.hold(name, held)

    def _kill(self, event: Kill | Stop) -> None:
        """Programs first: an agent that saw its instances die would start them again."""
        for name in self._programs(event):
            self._supervisor.kill(name)
        sites = self._supervisor.folder / "sites"
        site, _, instance = event.program.partition("/")
        if instance:
            _kill_instance(sites / site / "instances" / f"{instance}.json")
        elif event.site:
            for record in sorted((sites / event.site / "instances").glob("*.json")):
                _kill_instance(record)


def _kill_instance(record: Path) -> None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        told = json.loads(record.read_text())
        if started_at(told["pid"]) == told["birth"]:
            os.kill(told["pid"], signal.SIGKILL)
