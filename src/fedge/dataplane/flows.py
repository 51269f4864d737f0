"""A gateway's flow table: where each session's uplink goes, which frames may leave, what is held and what is forwarded.

Pure: packets in, (destination, packet) out. Generations only rise and a lower epoch is never let through again (invariants 1
and 2). An old gateway forwards a packet once and only to a higher generation, so packets cannot circle.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from dataclasses import dataclass, field

from fedge.core.transfer import ClearFlow, SetFlow
from fedge.core.transfer.effects import Flow
from fedge_sdk import wire

HELD_PACKETS = 256
REMEMBERED = 4096
"""Of so many sessions that are no longer here the last generation and epoch are known: an old copy cannot bring them back."""
_HOP_GENERATION = struct.Struct("!BBQI")

INSTANCE, PEER, NOBODY = "instance", "peer", "nobody"
Delivery = tuple[str, str, bytes]
"""(INSTANCE or PEER, its name, the packet)"""


@dataclass(slots=True)
class Entry:
    """One session here; ``held`` keeps the newest ``HELD_PACKETS`` packets while there is no writer to give them to."""

    flow: Flow
    generation: int
    epoch: int
    instance: str
    peer: str
    held: deque[bytes] = field(default_factory=deque)
    direct_generation: int = 0


class FlowTable:
    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.cleared: dict[int, tuple[int, int]] = {}
        self.counts: Counter[str] = Counter()

    def set(self, effect: SetFlow) -> list[Delivery]:
        """Install or change a flow; answers the packets that were held for it. An older one changes nothing."""
        entry = self.entries.get(effect.key)
        generation, epoch = (
            (entry.generation, entry.epoch) if entry is not None else self.cleared.get(effect.key, (0, 0))
        )
        if effect.generation < generation or effect.epoch < epoch:
            self.counts["stale_flow"] += 1
            return []
        if entry is None:
            entry = Entry(effect.flow, effect.generation, effect.epoch, "", "")
            self.entries[effect.key] = entry
        entry.flow, entry.generation, entry.epoch = effect.flow, effect.generation, effect.epoch
        entry.instance, entry.peer = effect.instance or entry.instance, effect.peer or ""
        if entry.flow in (Flow.HOLD, Flow.EARLY):
            return []
        held, entry.held = entry.held, deque()
        deliveries: list[Delivery] = []
        for packet in held:
            deliveries += self._route(entry, packet)
        return deliveries

    def clear(self, effect: ClearFlow) -> None:
        """Forget a session, but not how far it had come, unless a later epoch of it is here."""
        entry = self.entries.get(effect.key)
        if entry is not None and entry.epoch <= effect.epoch:
            self.counts["held_dropped"] += len(entry.held)
            del self.entries[effect.key]
            self.cleared[effect.key] = (entry.generation, entry.epoch)
            if len(self.cleared) > REMEMBERED:
                del self.cleared[next(iter(self.cleared))]

    def uplink(self, packet: bytes) -> tuple[list[Delivery], int]:
        """Where a packet from the user plane or a peer goes; and the generation, when first heard directly from a believer."""
        try:
            kind, hop, key, generation = _HOP_GENERATION.unpack_from(packet)
        except struct.error:
            kind = 0
        if kind != wire.UP:
            self.counts["malformed"] += 1
            return [], 0
        entry = self.entries.get(key)
        if entry is None:
            self.counts["no_flow"] += 1
            return [], 0
        if (
            hop == 0
            and generation >= entry.generation
            and generation > entry.direct_generation
            and entry.flow is Flow.LOCAL
        ):
            if (
                wire.accepted_epoch(packet) < entry.epoch
            ):  # it arrives here, but its client does not yet believe us
                return self._route(entry, packet), 0
            entry.direct_generation = generation
            return self._route(entry, packet), generation
        return self._route(entry, packet), 0

    def _route(self, entry: Entry, packet: bytes) -> list[Delivery]:
        if entry.flow is Flow.LOCAL:
            return [(INSTANCE, entry.instance, packet)]
        if entry.flow is Flow.FORWARD:
            kind, hop, key, generation = _HOP_GENERATION.unpack_from(packet)
            if hop or generation >= entry.generation:
                self.counts["not_forwarded"] += 1
                return []
            self.counts["forwarded"] += 1
            head = _HOP_GENERATION.pack(kind, 1, key, entry.generation)
            return [(PEER, entry.peer, head + packet[_HOP_GENERATION.size :])]
        if len(entry.held) >= HELD_PACKETS:
            entry.held.popleft()
            self.counts["overflow"] += 1
        entry.held.append(packet)
        self.counts["held"] += 1
        return [(INSTANCE, entry.instance, packet)] if entry.flow is Flow.HOLD else []

    def downlink(self, packet: bytes) -> bool:
        """May this packet of an instance here go to the client?"""
        if len(packet) < wire.ENVELOPE_BYTES + wire.FENCE_BYTES or packet[0] != wire.DOWN:
            self.counts["malformed"] += 1
            return False
        entry = self.entries.get(int.from_bytes(packet[2:10], "big"))
        if entry is None:
            self.counts["no_flow_down"] += 1
            return False
        epoch = wire.frame_epoch(packet)
        if epoch and epoch < entry.epoch:
            self.counts["stale_epoch"] += 1
            return False
        return True
