"""Hand-made runs: writes a run directory as the programs would, a player and a tick at a time, and lets a test spoil it.

``Run`` has the clock and the files; a ``Writer`` is one session copy that speaks. A correct run is ``open``, ``play``,
``hand_over`` (gives the next writer), ``play``. Whatever a protocol must never do, a test does with the same verbs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fedge.wire import records
from fedge_sdk import wire
from fedge_sdk.memory import Memory
from fedge_sdk.store import encode_note, encode_tick

MS = 1_000_000
TICK_NS = 1_000_000_000 // 60
STATE_BYTES = 3 * 4096


class Tally:
    """A game that counts: enough to notice any input that is missing, doubled or out of order."""

    schema = "tally/1"

    def open(self, memory: Memory, session: str) -> None:
        memory.write(0, bytes(8))

    def tick(self, memory: Memory, tick: int, inputs: Sequence[bytes]) -> bytes:
        total = int.from_bytes(memory.read(0, 8), "big")
        for data in inputs:
            total = (total * 31 + int.from_bytes(data, "big") + tick) % (1 << 64)
        memory.write(0, total.to_bytes(8, "big"))
        return b""


def tally(app: str) -> Tally | None:
    return Tally() if app == "tally" else None


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000_000
        self.moves: list[dict[str, Any]] = []
        self._fleet: list[bytes] = []
        self._access: list[bytes] = []

    def fleet(self, kind: int, ue: int, t_ns: int, *figures: int, flags: int = 0) -> None:
        self._fleet.append(records.pack(kind, ue, t_ns, *figures, flags=flags))

    def access(self, kind: int, ue: int, t_ns: int, *figures: int, flags: int = 0) -> None:
        self._access.append(records.pack(kind, ue, t_ns, *figures, flags=flags))

    def attach(self, ue: int = 0, floor: int = 0) -> None:
        self.fleet(records.ATTACHED, ue, self.now, floor, 1)
        self.now += 20 * MS

    def leave(self, ue: int = 0) -> None:
        self.fleet(records.LEFT, ue, self.now)

    def state(
        self, name: str, state: str, writer: Writer, target: str, t_ns: int | None = None, **more: Any
    ) -> None:
        line = {
            "move": name,
            "session": f"session-{writer.key}",
            "key": f"{writer.key:016x}",
            "ue": f"player-{writer.ue + 1}",
        }
        line |= {"from": writer.site, "to": target, "cause": "handover", "state": state, "gain_ms": 3.0}
        self.moves.append(line | {"t_ns": self.now if t_ns is None else t_ns} | more)

    def done(self, **config: Any) -> Path:
        """Everything on disk; returns the run directory."""
        self.folder.mkdir(parents=True, exist_ok=True)
        common = {
            "engine": "embedded",
            "seed": 7,
            "duration_s": 10.0,
            "sites": 2,
            "players": 1,
            "policy": "follow",
        }
        (self.folder / "config.json").write_text(json.dumps(common | {"time_scale": 1.0} | config))
        (self.folder / "fleet.bin").write_bytes(b"".join(self._fleet))
        (self.folder / "access.bin").write_bytes(b"".join(self._access))
        (self.folder / "moves.jsonl").write_text("".join(json.dumps(line) + "\n" for line in self.moves))
        return self.folder

    def open(self, site: str = "north", epoch: int = 1, key: int = 0xA1, ue: int = 0) -> Writer:
        memory = Memory(STATE_BYTES)
        Tally().open(memory, f"session-{key}")
        writer = Writer(self, site, key, ue, epoch, memory)
        writer.begin("opened")
        return writer


class Writer:
    """One session copy and where it stands. The clock of its run moves a tick with every ``play``."""

    def __init__(self, run: Run, site: str, key: int, ue: int, epoch: int, memory: Memory) -> None:
        self.run, self.site, self.key, self.ue, self.epoch, self.memory = run, site, key, ue, epoch, memory
        self.tick = self.stable_seq = 0
        self.chain = wire.CHAIN_START
        self.folder = run.folder / "sites" / site / "sessions" / f"{key:016x}.{epoch}"

    def begin(self, origin: str, **meta: Any) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "image").write_bytes(bytes(self.memory.view()))
        about = {
            "session": f"session-{self.key}",
            "key": self.key,
            "ue": f"player-{self.ue + 1}",
            "app": "tally",
        }
        about |= {
            "schema": "tally/1",
            "epoch": self.epoch,
            "origin": origin,
            "tick": self.tick,
            "digest": self.memory.digest(),
        }
        about |= {"stable_seq": self.stable_seq, "chain": self.chain.hex(), "state_bytes": STATE_BYTES}
        (self.folder / "meta.json").write_text(json.dumps(about | meta))
        self.note("activated" if origin == "restored" else origin)

    def append(self, record: bytes) -> None:
        with (self.folder / "log").open("ab") as log:
            log.write(record)

    def note(self, event: str, **more: Any) -> None:
        said = {"event": event, "epoch": self.epoch, "tick": self.tick, "stable_seq": self.stable_seq}
        said |= {"chain": self.chain.hex(), "digest": self.memory.digest(), "t_ns": self.run.now}
        self.append(encode_note(said | more))

    def play(self, ticks: int, inputs: int = 1, heard: bool = True, flags: int = records.ACCEPTED) -> None:
        """So many ticks with ``inputs`` inputs each, sent 8 ms before; heard 2 ms later at the radio and 5 ms at the client."""
        for _ in range(ticks):
            run = self.run
            first = self.stable_seq + 1
            datas = [bytes(((first + n) % 251,)) for n in range(inputs)]
            self.append(encode_tick(self.tick + 1, run.now, first, datas))
            self.tick += 1
            Tally().tick(self.memory, self.tick, datas)
            for n, data in enumerate(datas):
                self.chain = wire.extend_chain(self.chain, first + n, data)
                run.fleet(records.SENT, self.ue, run.now - 8 * MS, first + n)
            self.stable_seq += inputs
            if heard:
                self.heard(flags=flags)
            run.now += TICK_NS

    def heard(
        self, tick: int | None = None, stable_seq: int | None = None, flags: int = records.ACCEPTED
    ) -> None:
        """A frame of this copy reaches the radio and the client."""
        figures = (
            self.epoch,
            self.tick if tick is None else tick,
            self.stable_seq if stable_seq is None else stable_seq,
        )
        self.run.access(records.DOWN, self.ue, self.run.now + 2 * MS, *figures)
        self.run.fleet(records.GOT, self.ue, self.run.now + 5 * MS, *figures, 4000, flags=flags)

    def stop(self, epoch: int) -> None:
        """HANDED_OVER(epoch) on record."""
        self.note("handed_over", order={"epoch": epoch})

    def copied(self, site: str, epoch: int, **meta: Any) -> Writer:
        """The copy that ``site`` makes of it, activated as ``epoch``."""
        heir = Writer(
            self.run, site, self.key, self.ue, epoch, Memory(STATE_BYTES, bytes(self.memory.view()))
        )
        heir.tick, heir.stable_seq, heir.chain = self.tick, self.stable_seq, self.chain
        heir.begin("restored", **meta)
        heir.answer("ACTIVATED")
        return heir

    def answer(self, verdict: str, site: str | None = None) -> None:
        folder = self.run.folder / "sites" / (site or self.site) / "answers"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.key:016x}.{self.epoch}").write_text(
            json.dumps({"epoch": self.epoch, "verdict": verdict})
        )

    def hand_over(
        self, site: str, epoch: int, name: str = "move-1", pause_ns: int = 0, **more: Any
    ) -> Writer:
        """A whole move as it should be; ``pause_ns`` is how much later than due the target's first tick comes."""
        run = self.run
        frozen = run.now - TICK_NS + 3 * MS
        run.state(name, "PLANNED", self, site, frozen - 200 * MS, **more)
        self.stop(epoch)
        run.state(name, "FROZEN", self, site, frozen, **more)
        run.now += pause_ns
        heir = self.copied(site, epoch)
        activated = frozen + pause_ns + 2 * MS
        run.state(
            name,
            "ACTIVATED",
            self,
            site,
            activated,
            bytes_total=STATE_BYTES,
            bytes_after_trigger=4096,
            **more,
        )
        run.state(name, "RELEASED", self, site, activated + 300 * MS, **more)
        return heir

    def resume(self, epoch: int) -> None:
        self.epoch = epoch
        self.note("resumed")
