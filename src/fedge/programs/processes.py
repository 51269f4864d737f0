"""A run's programs as processes: started, started again when one dies, killed on demand, and ended with whatever they left.

Nothing outlives the supervisor: programs and instances hold the read end of a pipe whose write end only it has, and orphans
(instances whose agent was killed) become its children.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from fedge.core.model import SECOND

RESTART_AFTER_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
FAREWELL_S = 4.0


@dataclass
class Program:
    """One program that shall run."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    start_after: float = 0.0
    ends_by_itself: bool = False
    started: float = field(default=0.0)
    held: bool = False
    """Once dead it stays so."""
    struck: bool = False
    """It was killed from here."""
    prompt: bool = False
    """The others of the run let it go first (`YIELDS`)."""


YIELDS = 5
"""The niceness of all that is not ``prompt``: an emulation that waits for a core adds to a delay that is not the network's."""


class Processes:
    """The programs of the run in ``folder``, by name. ``say_to``: where it is told that one died."""

    def __init__(self, folder: Path, say_to: TextIO, test_switches: Sequence[str]) -> None:
        self.folder = folder
        self.programs: dict[str, Program] = {}
        self.started_ns = 0
        self.killed: list[tuple[float, str]] = []
        """When a program was found killed by somebody else (seconds of the run), and which."""
        self._say_to, self._test_switches = say_to, test_switches
        self._lifeline_read, self._lifeline = os.pipe()
        self._env: dict[str, str] = {}

    def run_s(self) -> float:
        """Seconds since the run began: the clock of the story, of people's movement and of a scenario's events."""
        return (time.monotonic_ns() - self.started_ns) / SECOND

    def say(self, line: str) -> None:
        print(line, file=self._say_to, flush=True)

    def add(
        self, name: str, module: str, *arguments: str, ends_by_itself: bool = False, prompt: bool = False
    ) -> Program:
        command = [sys.executable, "-m", module, *arguments]
        program = Program(name, command, ends_by_itself=ends_by_itself, prompt=prompt)
        self.programs[name] = program
        self._start(program)
        return program

    def _start(self, program: Program) -> None:
        out = (self.folder / "logs" / f"{program.name}.out").open("ab")
        program.process = subprocess.Popen(
            program.command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            pass_fds=[self._lifeline_read],
            process_group=0,  # in this session: where each has its own, Linux weighs sessions, and no niceness counts
        )
        if not program.prompt:
            os.setpriority(os.PRIO_PROCESS, program.process.pid, YIELDS)
        program.started = time.monotonic()
        out.close()
        (self.folder / "pids").mkdir(exist_ok=True)
        (self.folder / "pids" / program.name).write_text(str(program.process.pid))

    def keep_up(self) -> None:
        """Restart what died. A program that ends by itself may end with 0."""
        now = time.monotonic()
        for program in self.programs.values():
            process = program.process
            if process is not None and process.poll() is not None:
                program.process = None
                if program.ends_by_itself and process.returncode == 0:
                    continue
                if now - program.started > 10:
                    program.restarts = 0
                program.start_after = now + RESTART_AFTER_S[min(program.restarts, len(RESTART_AFTER_S) - 1)]
                program.restarts += 1
                if process.returncode == -signal.SIGKILL and not program.struck:
                    self.killed.append((self.run_s(), program.name))
                program.struck = False
                again = "" if program.held else "; starting it again"
                self.say(f"{program.name} died ({_exit_words(process.returncode)}){again}")
            if (
                program.process is None
                and program.start_after
                and now >= program.start_after
                and not self._kept_down(program)
            ):
                program.start_after = 0.0
                self._start(program)

    def _kept_down(self, program: Program) -> bool:
        """With the test switch ``failpoints``: a file ``down.<program>`` there keeps a dead program dead."""
        return program.held or (
            "failpoints" in self._test_switches
            and (self.folder / "failpoints" / f"down.{program.name}").exists()
        )

    def kill(self, name: str) -> None:
        """SIGKILL, if it runs."""
        program = self.programs[name]
        if program.process is not None and program.process.poll() is None:
            program.struck = True
            program.process.kill()

    def hold(self, name: str, held: bool) -> None:
        """Whether it stays dead once it is."""
        self.programs[name].held = held

    def end_programs(self, first: str) -> None:
        """Terminate them all, ``first`` before the others, and then what is left of them."""
        for name in sorted(self.programs, key=lambda n: n != first):
            process = self.programs[name].process
            if process is not None and process.poll() is None:
                process.terminate()
                if name == first:
                    _wait(process, 3.0)
        for program in self.programs.values():
            if program.process is not None:
                _wait(program.process, FAREWELL_S)
        os.close(self._lifeline)
        _end_orphans()
        os.close(self._lifeline_read)

    def end(self, name: str) -> None:
        """Terminate one, if it runs, and wait."""
        program = self.programs.get(name)
        if program is not None and program.process is not None and program.process.poll() is None:
            program.process.terminate()
            _wait(program.process, FAREWELL_S)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _children() -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def _end_orphans() -> None:
    """Instances that outlived their agent are children of ours now."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        give_up = time.monotonic() + 2.0
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)
        while _children() and time.monotonic() < give_up:
            time.sleep(0.02)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _exit_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"
