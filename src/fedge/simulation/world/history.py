"""One session's history: what its clients heard, and its line put together from the logs of all sites' disks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fedge.simulation.world.store import Disk, Folder
from fedge_sdk import Game, Memory, wire
from fedge_sdk.store import TickRecord, read_log


class Told:
    """What the clients of one session key heard and said, over all their lives."""

    def __init__(self) -> None:
        self.writer: dict[int, str] = {}
        self.ticks: dict[int, tuple[int, bytes]] = {}
        self.acked: dict[int, bytes] = {}
        self.top: dict[int, int] = {}
        self.pushed: dict[int, set[bytes]] = {}
        self.fenced: set[int] = set()


@dataclass
class Line:
    """``chains[n]`` commits to the first ``n`` inputs. ``ticks``: (tick, its inputs), in order from 1."""

    session: str
    state_bytes: int
    inputs: list[bytes] = field(default_factory=list)
    chains: list[bytes] = field(default_factory=lambda: [wire.CHAIN_START])
    ticks: list[tuple[int, tuple[bytes, ...]]] = field(default_factory=list)


def line_of(disks: Mapping[str, Disk], site: str, key: int, folder: Folder) -> Line | str:
    """The history that ends in a copy; a sentence where the logs contradict it."""
    meta = json.loads(folder.meta or "{}")
    if meta.get("origin") == "opened":
        line = Line(meta["session"], meta["state_bytes"])
    else:
        order = meta["order"]
        source = _handed_over(disks[order["source"]], key, order["epoch"])
        if source is None:
            return f"{site} has epoch {order['epoch']} from {order['source']}, whose logs know nothing of it"
        before = line_of(disks, order["source"], key, source)
        if isinstance(before, str):
            return before
        line = _cut(before, meta["tick"], meta["stable_seq"])
        if line.chains[-1].hex() != meta["chain"]:
            return f"{site} began epoch {order['epoch']} with another chain than {order['source']} ended with"
    for record in read_log(bytes(folder.log)):
        if isinstance(record, TickRecord):
            if record.first_seq != len(line.inputs) + 1 or record.tick != len(line.ticks) + 1:
                have = f"tick {len(line.ticks)} and input {len(line.inputs)}"
                return f"{site} logged tick {record.tick} from input {record.first_seq} behind {have}"
            line.ticks.append((record.tick, record.inputs))
            for data in record.inputs:
                line.chains.append(wire.extend_chain(line.chains[-1], len(line.inputs) + 1, data))
                line.inputs.append(data)
    return line


def _handed_over(disk: Disk, key: int, epoch: int) -> Folder | None:
    for folder in disk.all_folders():
        if folder.key == key:
            for note in folder.notes():
                if note["event"] == "handed_over" and note["order"]["epoch"] == epoch:
                    return folder
    return None


def _cut(line: Line, tick: int, stable_seq: int) -> Line:
    """What a copy handed over: it may have gone on later, had the target refused."""
    return Line(
        line.session,
        line.state_bytes,
        line.inputs[:stable_seq],
        line.chains[: stable_seq + 1],
        line.ticks[:tick],
    )


def replayed(line: Line, game: Game) -> tuple[str, int]:
    """(digest, last tick) of the line played again from nothing."""
    memory = Memory(line.state_bytes)
    game.open(memory, line.session)
    for tick, inputs in line.ticks:
        game.tick(memory, tick, inputs)
    return memory.digest(), len(line.ticks)


def copies_of(
    disks: Mapping[str, Disk], answers: Mapping[tuple[str, int, int], str], told: Mapping[int, Told]
) -> Iterator[list[str]]:
    """For every copy that ever was: what its log shows to be against invariant 4."""
    for name, disk in disks.items():
        for folder in disk.all_folders():
            if folder.meta is not None:
                yield _misdeeds(name, folder, json.loads(folder.meta), answers, told)


def _misdeeds(
    site: str,
    folder: Folder,
    meta: dict[str, Any],
    answers: Mapping[tuple[str, int, int], str],
    told: Mapping[int, Told],
) -> list[str]:
    key, found = folder.key, []
    stopped: dict[str, Any] | None = None
    answer = json.loads(answers.get((site, key, folder.epoch), "{}"))
    for record in read_log(bytes(folder.log)):
        if isinstance(record, TickRecord):
            if stopped is not None:
                found.append(f"{site} ran tick {record.tick} of {key:x} after it had handed over")
            if meta["origin"] == "restored" and (
                answer.get("verdict") != "ACTIVATED" or record.t_ns < answer["at"]
            ):
                found.append(f"{site} ran tick {record.tick} of {key:x} without a recorded ACTIVATED")
        elif record["event"] == "handed_over":
            stopped = record["order"]
        elif record["event"] == "resumed" and stopped is not None:
            verdict = json.loads(answers.get((stopped["target"], key, stopped["epoch"]), "{}")).get("verdict")
            promised = key in told and stopped["epoch"] in told[key].fenced
            if verdict != "REFUSED" and not promised:
                found.append(
                    f"{site} went on with {key:x} though {stopped['target']} answered {verdict} and no client refused"
                )
            stopped = None
    return found[:3]
