"""What CPU each program of a demo uses, user and system, from ``/proc/PID/stat`` (proc(5)). Linux only."""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS_A_S = os.sysconf("SC_CLK_TCK")


def of_process(pid: int, proc: Path = Path("/proc")) -> tuple[int, float] | None:
    """(parent, seconds) of a process; None: it is gone."""
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS_A_S


def by_program(run_dir: Path, proc: Path = Path("/proc")) -> tuple[dict[str, int], dict[str, float]]:
    """Processes and seconds of each program of the run. ``upf-market`` and ``upf-harbour`` are two of ``upf``; whatever an agent
    has started is an ``instance``.
    """
    names = {}
    for file in (run_dir / "pids").iterdir():
        pid = file.read_text().split()[:1]
        if pid:
            program = file.name.partition("-")[0]
            names[int(pid[0])] = program if program in ("upf", "agent") else file.name
    agents = {pid for pid, program in names.items() if program == "agent"}
    processes: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            found = of_process(int(folder.name), proc)
            if found is None:
                continue
            parent, used = found
            name = "instance" if parent in agents else names.get(int(folder.name))
            if name is not None:
                processes[name] = processes.get(name, 0) + 1
                seconds[name] = seconds.get(name, 0.0) + used
    return processes, seconds


class CpuWatch:
    """``look`` now and then while the run lasts; ``shares`` covers the time between the first look and the last."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._first = self._last = (time.monotonic(), *by_program(run_dir))

    def look(self) -> None:
        seen = (time.monotonic(), *by_program(self._run_dir))
        if seen[1] == self._first[1]:  # nothing has started or ended: the sums can be compared
            self._last = seen

    def shares(self) -> dict[str, tuple[int, float]]:
        """(processes, what each of them takes of a core) by program."""
        (began, processes, before), (ended, _, after) = self._first, self._last
        lasted = max(ended - began, 1e-9)
        return {
            name: (count, (after[name] - before[name]) / count / lasted)
            for name, count in sorted(processes.items())
        }
