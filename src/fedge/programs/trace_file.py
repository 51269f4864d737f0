"""Where the binary records of a run end up: ``access.bin`` and ``fleet.bin``."""

from __future__ import annotations

import os
from pathlib import Path

from fedge.wire.records import RECORD, Trace


class TraceFile:
    """A file that a trace is emptied into. A record torn by a kill is cut off before more are added."""

    def __init__(self, path: Path, trace: Trace) -> None:
        self._trace = trace
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(self._file).st_size
        os.ftruncate(self._file, size - size % RECORD.size)

    def flush(self) -> None:
        """Write what was added since the last time."""
        rest = memoryview(self._trace.take())
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def close(self) -> None:
        self.flush()
        os.close(self._file)
