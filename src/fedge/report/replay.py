"""Runs every session again from its logs and compares it with what was recorded on the way.

A game is deterministic in its inputs, so the image of the opened copy and the logged ticks of the surviving line must give the
digest, the hash chain and the place (tick, stable_seq) of every record: HANDED_OVER, ACTIVATED, RESUMED and recoveries. After a
mismatch the next copy's own image is taken up, so that one fault is counted once.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fedge.report.findings import Finding
from fedge.report.session_logs import Segment, SessionLog
from fedge_sdk.game import Game
from fedge_sdk.memory import Memory
from fedge_sdk.store import TickRecord
from fedge_sdk.wire import extend_chain

GameOf = Callable[[str], Game | None]
"""The game of an application, by the application's name; None where its code is not at hand."""

_COMPARED = ("handed_over", "activated", "resumed", "recovered")


def load_game(place: str) -> Game:
    """``"examples/arena/arena.py:Arena"`` → an instance of that class. Raises ``OSError`` or ``AttributeError``."""
    file, _, name = place.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no game at {place}")
    spec = importlib.util.spec_from_file_location(f"replayed_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # a game may lie in several files
    try:
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    game: Game = getattr(module, name)()
    return game


def replay(log: SessionLog, game: Game) -> tuple[int, list[Finding]]:
    """(ticks that were run again, mismatches) of one session."""
    run = _Replay(log, game)
    return run.ticks_run, run.findings


class _Replay:
    """The session as it is rebuilt. ``memory`` is None while it is unknown: after a mismatch, until the next image."""

    def __init__(self, log: SessionLog, game: Game) -> None:
        self.log, self.game = log, game
        self.findings: list[Finding] = []
        self.ticks_run = 0
        self.memory: Memory | None = None
        self.tick = self.stable_seq = 0
        self.chain = b""
        for segment in log.line:
            if segment.first_of_copy:
                self._enter(segment)
            self._run(segment)

    def _enter(self, segment: Segment) -> None:
        """A copy begins: it must begin where history is, with the state that history gives."""
        if self.memory is not None and not segment.opened:
            self._compare(segment, segment.meta, "its image")
        if self.memory is None or segment.opened:
            self.memory = self._image_of(segment)
            self.tick, self.stable_seq = (
                int(segment.meta.get("tick", 0)),
                int(segment.meta.get("stable_seq", 0)),
            )
            self.chain = bytes.fromhex(str(segment.meta.get("chain", "")))

    def _image_of(self, segment: Segment) -> Memory | None:
        try:
            image = (segment.folder / "image").read_bytes()
            memory = Memory(len(image), image)
        except (OSError, ValueError) as error:
            self._complain("image", segment, f"{segment.site}: {type(error).__name__}")
            return None
        if segment.meta.get("digest") and memory.digest() != segment.meta["digest"]:
            self._complain(
                "image",
                segment,
                f"{segment.site}: digest {memory.digest()}, recorded {segment.meta['digest']}",
            )
        return memory

    def _run(self, segment: Segment) -> None:
        for record in self._history(segment):
            if self.memory is None:
                return
            if not isinstance(record, TickRecord):
                if record.get("event") in _COMPARED:
                    self._compare(segment, record, str(record["event"]).upper())
                continue
            try:
                self.game.tick(self.memory, record.tick, list(record.inputs))
            except Exception as error:  # whatever a game may raise: that it does is the finding
                self._complain(
                    "replay_failed", segment, f"tick {record.tick}: {type(error).__name__}: {error}"
                )
                self.memory = None
                return
            chain = self.chain
            for n, data in enumerate(record.inputs):
                chain = extend_chain(chain, record.first_seq + n, data)
            self.chain = chain
            if record.inputs:
                self.stable_seq = record.first_seq + len(record.inputs) - 1
            self.tick = record.tick
            self.ticks_run += 1

    @staticmethod
    def _history(segment: Segment) -> Iterator[TickRecord | dict[str, Any]]:
        """Its records up to its hand-over: what it ticked behind that is no history."""
        for record in segment.records:
            yield record
            if record is segment.handed_over:
                return

    def _compare(self, segment: Segment, said: dict[str, Any], what: str) -> None:
        assert self.memory is not None
        here = (self.tick, self.stable_seq)
        there = (int(said.get("tick", self.tick)), int(said.get("stable_seq", self.stable_seq)))
        if here != there:
            self._complain("place", segment, f"{what} says tick and input {there}, the log is at {here}")
            self.memory = None
            return
        if said.get("chain") and said["chain"] != self.chain.hex():
            self._complain("chain", segment, f"{what} says {said['chain']}, the log gives {self.chain.hex()}")
        digest = said.get("digest")
        if digest and digest != self.memory.digest():
            self._complain(
                "state_digest", segment, f"{what} says {digest}, the log gives {self.memory.digest()}"
            )
            self.memory = None

    def _complain(self, check: str, segment: Segment, evidence: str) -> None:
        where = f"{segment.site}/{segment.folder.name}: {evidence}"
        self.findings.append(
            Finding(check, self.log.key, epochs=(segment.epoch,), ticks=(self.tick,), evidence=where)
        )
