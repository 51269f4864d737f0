"""What a run left behind, as arrays: ``config.json``, ``fleet.bin``, ``access.bin``, ``moves.jsonl``, ``gateway.jsonl``.

Reading only; ``session_logs.py`` reads the instances' own logs. A torn last record or line (its writer was killed) is left out,
a missing file is an empty one: the report of a broken run is the one that matters most. Formats: ``fedge.wire.records``; the
rest is JSON. All instants are monotonic nanoseconds of one machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedge.wire.records import RECORD

Records = NDArray[np.void]
Ints = NDArray[np.int64]

_ON_DISK = np.dtype(
    [("kind", ">u1"), ("flags", ">u1"), ("ue", ">u2")]
    + [(name, ">u4") for name in "abcd"]
    + [("t_ns", ">u8")]
)
_IN_MEMORY = np.dtype(
    [("kind", np.uint8), ("flags", np.uint8), ("ue", np.int64)]
    + [(name, np.int64) for name in "abcd"]
    + [("t_ns", np.int64)]
)
NO_RECORDS: Records = np.zeros(0, dtype=_IN_MEMORY)
assert _ON_DISK.itemsize == RECORD.size


@dataclass(frozen=True)
class Traces:
    """``fleet`` and ``access`` have the fields kind, flags, ue, a, b, c, d, t_ns; each in the order of its time."""

    config: dict[str, Any]
    fleet: Records
    access: Records
    moves: list[dict[str, Any]]
    routes: list[dict[str, Any]]

    @property
    def end_ns(self) -> int:
        """The last instant at which a player was watching: where no one was, the last at the radio."""
        for records in (self.fleet, self.access):
            if len(records):
                return int(records["t_ns"][-1])
        return 0


def read_traces(run_dir: Path) -> Traces:
    """Read everything but the session logs of ``run_dir``."""
    config_file = run_dir / "config.json"
    config = json.loads(config_file.read_text()) if config_file.exists() else {}
    routes = [
        {"site": path.parent.name, **line}
        for path in sorted(run_dir.glob("sites/*/gateway.jsonl"))
        for line in read_lines(path)
    ]
    return Traces(
        config=config,
        fleet=read_records(run_dir / "fleet.bin"),
        access=read_records(run_dir / "access.bin"),
        moves=list(read_lines(run_dir / "moves.jsonl")),
        routes=routes,
    )


def read_records(path: Path) -> Records:
    """The records of one file in the order of their time (several writers may share a file's clock, not its order)."""
    data = path.read_bytes() if path.exists() else b""
    whole = len(data) - len(data) % RECORD.size
    records: Records = np.frombuffer(data[:whole], dtype=_ON_DISK).astype(_IN_MEMORY)
    order = np.argsort(records["t_ns"], kind="stable")
    return records[order]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, one a line."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def of_kind(records: Records, kind: int) -> Records:
    chosen: Records = records[records["kind"] == kind]
    return chosen


def by_ue(records: Records) -> dict[int, Records]:
    """One array a UE, each still in the order of its time."""
    if not len(records):
        return {}
    order = np.argsort(records["ue"], kind="stable")
    grouped = records[order]
    ues, starts = np.unique(grouped["ue"], return_index=True)
    ends = np.append(starts[1:], len(grouped))
    return {int(ue): grouped[start:end] for ue, start, end in zip(ues, starts, ends, strict=True)}


def ue_index(name: str) -> int:
    """``"player-7"`` is UE 6; -1 for a name that is none of the fleet's."""
    head, _, number = name.rpartition("-")
    return int(number) - 1 if head == "player" and number.isdigit() else -1


def session_key(value: Any) -> int:
    """A key as a number, however it was written (number, or hexadecimal digits). -1 for none."""
    if isinstance(value, int):
        return value
    try:
        return int(str(value), 16)
    except ValueError:
        return -1
