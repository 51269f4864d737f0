"""Instances as processes of the site: started from a deployment's command, watched, restarted, and found again.

A container's ``command`` and ``args`` run as they are; its limits become rlimits and its image is only recorded. Instances
outlive their agent: a pid file with the process's start time lets the next agent take them up instead of starting doubles.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from fedge.core.messages import RunInstances
from fedge.core.model import SECOND, InstanceId, Nanoseconds

BACKOFF = (0, SECOND // 5, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND)
HEALTHY_AFTER = 10 * SECOND


def started_at(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot (proc(5), field 22), or None if there is none alive."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


class InstanceProcess:
    """One instance that shall run; ``poll`` keeps it so."""

    def __init__(self, name: InstanceId, template: RunInstances, env: dict[str, str], site_dir: Path) -> None:
        self.name, self.template = name, template
        self._env = env
        self._record = site_dir / "instances" / f"{name}.json"
        self._output = site_dir / "instances" / f"{name}.out"
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self._child: subprocess.Popen[bytes] | None = None
        self.pid = 0
        self._birth = 0
        self._failures = 0
        self._start_after: Nanoseconds = 0
        self._since: Nanoseconds = 0
        self.ending = False
        """it is not started again"""
        self._take_up()

    def _take_up(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            record = json.loads(self._record.read_text())
            if started_at(record["pid"]) == record["birth"]:
                self.pid, self._birth = record["pid"], record["birth"]

    def alive(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        return self.pid > 0 and started_at(self.pid) == self._birth

    def poll(self, now: Nanoseconds) -> str | None:
        """Start it if it is not alive and its back-off is over. Returns why it went down, the moment that is noticed."""
        if self.alive():
            if now - self._since > HEALTHY_AFTER:
                self._failures = 0
            return None
        reason = None
        if self.pid:
            reason = f"process {self.pid} ended"
            self.pid = 0
            self._start_after = now + BACKOFF[min(self._failures, len(BACKOFF) - 1)]
            self._failures += 1
        if now >= self._start_after and not self.ending:
            try:
                self._start(now)
            except OSError as error:
                self._start_after = now + BACKOFF[-1]
                return f"cannot start {self.template.command[0]!r}: {error}"
        return reason

    def _start(self, now: Nanoseconds) -> None:
        command = list(self.template.command)
        if command[0] in ("python", "python3"):
            command[0] = sys.executable
        limit = self.template.memory_limit_bytes

        def limits() -> None:
            os.setpgid(0, 0)  # what is signalled to the agent's group, or typed at a terminal, is not for it
            if limit:
                # address space is what rlimits can bound; a Python process maps more than it uses
                resource.setrlimit(resource.RLIMIT_AS, (max(limit, 1 << 30), max(limit, 1 << 30)))

        environment = {**os.environ, **self.template.env, **self._env}
        lifeline = int(environment.get("FEDGE_LIFELINE", "-1"))
        with self._output.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.template.env.get("PWD") or None,
                preexec_fn=limits,
                pass_fds=[lifeline] if lifeline >= 0 else [],
            )
        self.pid, self._since = self._child.pid, now
        self._birth = started_at(self.pid) or 0
        self._record.write_text(json.dumps({"pid": self.pid, "birth": self._birth, "command": command}))

    def stop(self, hard: bool = False) -> None:
        """SIGTERM, or SIGKILL when ``hard``."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL if hard else signal.SIGTERM)

    def forget(self) -> None:
        self._record.unlink(missing_ok=True)
