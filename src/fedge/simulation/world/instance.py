"""An instance of the simulated world: the SDK's real ``Instance`` over a simulated disk, run as ``fedge_sdk.server`` runs it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from fedge.core.model import MS
from fedge.simulation.world.node import REDIAL, Node
from fedge.simulation.world.ports import Surroundings
from fedge.simulation.world.store import Crashed, Disk, Fuse, MemoryStore
from fedge.wire import codec
from fedge_sdk import Memory
from fedge_sdk.instance import Instance, Reply

STATE_BYTES = 4 * 4096
_HEAD = struct.Struct("!II")


class Ledger:
    """A small game: every input and every tick leaves a mark in the memory, so that none can be lost or come twice unseen."""

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def open(self, memory: Memory, session: str) -> None:
        memory.write(16, session.encode())

    def tick(self, memory: Memory, tick: int, inputs: Sequence[bytes]) -> bytes:
        total = int.from_bytes(memory.read(0, 8), "big")
        for data in inputs:
            total = (total * 31 + int.from_bytes(data, "big") + 1) % (1 << 64)
            memory.write(64 + total % (memory.size - 128), data)
        head = struct.pack("!QI", total, tick)
        memory.write(0, head)
        return head


class InstanceNode(Node):
    """One instance process: restarted by its agent's machine, from its site's disk."""

    def __init__(self, world: Surroundings, site: str, schema: str, disk: Disk) -> None:
        super().__init__(world, f"{site}/i")
        self.site, self.schema, self.disk = site, schema, disk
        self.fuse = Fuse()
        self.instance: Instance | None = None

    def started(self) -> None:
        self.fuse.left = -1
        game, capacity = Ledger(self.schema), self.world.plan.capacity
        self.instance = Instance(
            game, "ledger", f"{self.site}-1", capacity, STATE_BYTES, MemoryStore(self.disk, self.fuse)
        )
        self._guarded(lambda: self.instance_.recover(self.world.now))
        self.after(0, self._turn)
        self.after(self.world.rng.randrange(REDIAL), self._redial)

    @property
    def instance_(self) -> Instance:
        assert self.instance is not None
        return self.instance

    def crashed(self) -> None:
        self.instance = None
        self.world.sites[self.site].instance_is_down()

    def _redial(self) -> None:
        self.net.redial(self.name)
        self.after(REDIAL, self._redial)

    def greet(self, other: str) -> None:
        self._say([(self.instance_.hello("127.0.0.1:1"), b"")])

    def hear(self, source: str, data: bytes) -> None:
        for header, body in codec.take_from_instance(bytearray(data)):
            self._take(header, body)

    def _take(self, header: dict[str, Any], body: bytes) -> None:
        replies: list[Reply] = []
        if self._guarded(lambda: replies.extend(self.instance_.handle(header, body, self.world.now))):
            self._say(replies)
            self._turn_again()

    def packet(self, packet: bytes) -> None:
        replies: list[Reply] = []
        if self.alive and self._guarded(
            lambda: replies.extend(self.instance_.packet(packet, self.world.now))
        ):
            self._say(replies)

    def _turn_again(self) -> None:
        due = self.instance_.next_due() if self.alive else None
        if due is not None:
            self.after(max(0, due - self.world.now), self._run)

    def _run(self) -> None:
        """Ticks that are due. Several turns may be armed at once; one that finds nothing due does nothing."""
        due = self.instance_.next_due()
        if due is None or due > self.world.now:
            return
        frames: list[bytes] = []
        replies: list[Reply] = []

        def run() -> None:
            found = self.instance_.run_due(self.world.now)
            frames.extend(found[0])
            replies.extend(found[1])

        if self._guarded(run):
            gateway = self.world.sites[self.site]
            for frame in frames:
                self.world.at(self.world.now + 50_000, gateway, None, gateway.downlink, (frame,))
            self._say(replies)
            self._turn_again()

    def _turn(self) -> None:
        """A look at the clock now and then, as the program's select does."""
        self._run()
        self.after(50 * MS, self._turn)

    def _guarded(self, act: Callable[[], object]) -> bool:
        """False if the process died in it."""
        try:
            act()
        except Crashed:
            self.world.kill(self.name, 200 * MS)
        return self.alive

    def _say(self, replies: Sequence[Reply]) -> None:
        for header, body in replies:
            if self.alive:
                head = json.dumps(header, separators=(",", ":")).encode()
                data = _HEAD.pack(len(head), len(body)) + head + body
                key = header.get("key") or header.get("answer", {}).get("key", 0)
                self.net.say(self.name, self.site, header["type"], data, key)
