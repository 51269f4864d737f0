"""A run's folder under ``$FEDGE_HOME/runs``: one for each run, the last ten kept, and ``current`` points to the one that plays.

`runtime/run.py` is how the programs of the run read it.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from fedge.adapters.embedded.processes import started_at

PID = "supervisor.pid"
"""Its number, and when it was started."""


class AlreadyRunning(OSError):
    """Another platform uses this FEDGE_HOME."""


class Watcher(NamedTuple):
    """The process that watches over a run. ``birth``: in clock ticks since boot, so a number that the system gave to another
    program since is not taken for it.
    """

    pid: int
    birth: int

    @property
    def lives(self) -> bool:
        return started_at(self.pid) == self.birth


def watcher_of(folder: Path) -> Watcher | None:
    """Whoever watches over this run, if it lives."""
    try:
        found = Watcher(*map(int, (folder / PID).read_text().split()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.lives else None


def new_folder(home: Path) -> Path:
    """Raises ``AlreadyRunning``."""
    current = home / "current"
    if watcher_of(current) is not None:
        raise AlreadyRunning(
            f"a platform runs here already ({current.resolve()}); end it with `fedge down`, or set FEDGE_HOME to another folder"
        )
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = home / "runs" / f"{stamp}-{os.getpid()}"
    n = 0
    while folder.exists():
        n += 1
        folder = home / "runs" / f"{stamp}-{os.getpid()}.{n}"
    folder.mkdir(parents=True)
    for old in sorted((home / "runs").iterdir())[:-10]:
        if not (old / PID).exists():
            shutil.rmtree(old, ignore_errors=True)
    return folder


def taken_over(home: Path, folder: Path) -> None:
    """From now on this run is the one that plays."""
    (folder / PID).write_text(f"{os.getpid()} {started_at(os.getpid())}")
    fresh = home / f".current-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder)
    fresh.replace(home / "current")


def left(home: Path, folder: Path) -> None:
    (folder / PID).unlink(missing_ok=True)
    current = home / "current"
    if current.is_symlink() and current.resolve() == folder.resolve():
        current.unlink()


def write_secret(file: Path, text: str) -> None:
    """For its owner's eyes only. Raises ``FileExistsError``."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as secret:
        secret.write(text)
