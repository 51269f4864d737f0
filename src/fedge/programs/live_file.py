"""A file of the run folder by which a program is told something while it runs: the core network's faults, the cells' load."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import structlog

Said = TypeVar("Said")
log = structlog.get_logger("live-file")


class LiveFile(Generic[Said]):
    """JSON of type ``kind``. No file, or one that cannot be understood (which is logged), means ``nothing``."""

    def __init__(self, path: Path, kind: Any, nothing: Said) -> None:
        self._path, self._kind, self._nothing = path, kind, nothing
        self._seen: int | None = None

    def news(self) -> Said | None:
        """What it says, where it changed since the last call."""
        try:
            written: int | None = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            written = None
        if written == self._seen:
            return None
        self._seen = written
        if written is None:
            return self._nothing
        try:
            found: Said = msgspec.json.decode(self._path.read_bytes(), type=self._kind)
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("the file says nothing: it cannot be read", file=self._path.name, error=str(error))
            return self._nothing
        return found
