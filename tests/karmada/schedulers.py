"""Scheduler processes of ours, for tests that start, stop and kill them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


class Schedulers:
    """``lease_s``: how soon a silent leader is replaced."""

    def __init__(self, kubeconfig: Path, folder: Path, lease_s: float = 3.0) -> None:
        self._kubeconfig, self._folder, self._lease_s = kubeconfig, folder, lease_s
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, identity: str = "", figures: str = "") -> subprocess.Popen[bytes]:
        number = len(list(self._folder.glob("scheduler-*.log")))
        with (self._folder / f"scheduler-{number}.log").open("wb") as out:
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "fedge.programs.scheduler", "--kubeconfig", str(self._kubeconfig),
                    "--lease-duration", str(self._lease_s), "--identity", identity or f"test-{number}",
                    "--figures", figures,
                ],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.running.append(process)
        return process

    def stop(self, hard: bool = False) -> None:
        """All of them."""
        for process in self.running:
            process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
        for process in self.running:
            process.wait(20)
        self.running.clear()

    def logs(self) -> str:
        return "\n".join(file.read_text() for file in sorted(self._folder.glob("scheduler-*.log")))
