"""A run's folder under ``$FEDGE_HOME/runs``: one for each run, the last ten kept, and ``current`` points to the one that plays.

`runtime/run.py` is how the programs of the run read it.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

PID = "supervisor.pid"


class AlreadyRunning(OSError):
    """Another platform uses this FEDGE_HOME."""


def new_folder(home: Path) -> Path:
    """Raises ``AlreadyRunning``."""
    running = _running(home)
    if running is not None:
        raise AlreadyRunning(
            f"a platform runs here already ({running}); end it with `fedge down`, or set FEDGE_HOME to another folder"
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


def _running(home: Path) -> Path | None:
    """The run directory of the platform that uses ``home`` now, if there is one alive."""
    current = home / "current"
    try:
        os.kill(int((current / PID).read_text()), 0)
    except (OSError, ValueError):
        return None
    return current.resolve()


def taken_over(home: Path, folder: Path) -> None:
    """From now on this run is the one that plays."""
    (folder / PID).write_text(str(os.getpid()))
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
